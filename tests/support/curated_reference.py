"""What a curated encoder says of a text, by plain loops over windows and pieces."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from spacy import Language
from spacy.tokens import Doc

from tests.support.curated import encoder_of, near, run_window
from tests.support.values import of_tokens


def reference(nlp: Language, text: str) -> SimpleNamespace:
    """What a doc's words are by plain loops over windows and pieces, out of the encoder's own module.

    RETURNS: tokens; static and contextual `(words, width)`; attention `(layers, heads, words)`.
    """
    model = nlp.get_pipe("transformer").model
    doc = nlp.make_doc(text)
    (ragged,) = model.get_ref("piece_encoder").predict([doc])
    (spans,) = [node for node in model.walk() if node.name == "with_strided_spans"]
    pieces, rows = ragged.dataXd, [[] for _ in ragged.dataXd]
    start = 0
    while start < len(pieces):
        window = pieces[start : start + spans.attrs["window"]]
        static, contextual, received = run_window(encoder_of(nlp), window)
        for position in range(len(window)):
            rows[start + position].append((static[position], contextual[position], received[:, :, position]))
        start += spans.attrs["stride"]
    found: dict[str, list[Any]] = {"tokens": [], "static": [], "contextual": [], "attention": []}
    first = 1
    for token, length in zip(doc, ragged.lengths[1:-1].tolist(), strict=True):
        of_token = [
            [np.mean(part, axis=0) for part in zip(*rows[at], strict=True)]
            for at in range(first, first + length)
        ]
        first += length
        if length == 0 or token.is_punct or token.is_space:
            continue
        static, contextual, received = zip(*of_token, strict=True)
        found["tokens"].append(token.i)
        found["static"].append(np.mean(static, axis=0))
        found["contextual"].append(np.mean(contextual, axis=0))
        found["attention"].append(np.sum(received, axis=0))
    assert first == len(pieces) - 1
    arrays = {name: np.array(values) for name, values in found.items()}
    arrays["attention"] = np.moveaxis(arrays["attention"], 0, -1) if found["tokens"] else None
    return SimpleNamespace(**arrays, windows=max(map(len, rows)))


def assert_is_the_reference(nlp: Language, doc: Doc, rows: Callable[[Any], Any]) -> SimpleNamespace:
    """Of a pipeline that keeps embeddings side by side.

    rows: the rows of attention out of `(layers, heads, words)`.
    """
    expected = reference(nlp, doc.text)
    vectors, attention = of_tokens(doc, "trend_vector"), of_tokens(doc, "trend_attention")
    others = [token.i for token in doc if token.i not in expected.tokens]
    assert not vectors[others].any()
    assert not attention[others].any()
    if len(expected.tokens) > 0:
        embeddings = np.concatenate([expected.static, expected.contextual], axis=1)
        near(vectors[expected.tokens], embeddings, doc.text)
        near(attention[expected.tokens], rows(expected.attention).T, doc.text)
    assert doc._.trend_truncated == 0
    return expected
