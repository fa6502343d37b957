"""Whether a GPU gives what the CPU gives: the last layer, attention, vectors and the chosen words.

The same texts go through the same pipeline on both devices. Numbers are compared as a share of the greatest;
words by how many texts have the same pair.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import spacy
from spacy import Language
from spacy.tokens import Doc, DocBin
from thinc.api import to_numpy

from spacy_trend import PRESETS, bundled_encoder

#: The most that float32 may differ; a GPU may multiply with fewer digits.
TOLERANCE = 5e-3
#: In half precision: of the last layer.
HALF_TOLERANCE = 0.1


class Kept(NamedTuple):
    """What is compared of a doc.

    Attributes:
        last: the transformer's last layer, `(windows, wordpieces, width)` or `(wordpieces, width)`.
        attention: `(tokens, rows)`, attention received.
        vector: `(width,)`.
        pair: the positions of focus and related word.
    """

    last: np.ndarray
    attention: np.ndarray
    vector: np.ndarray
    pair: tuple[int | None, int | None]


class Difference(NamedTuple):
    """How two devices differ.

    Attributes:
        name: of the pipeline.
        last: the greatest difference of the last layer, as a share of its greatest number.
        attention: likewise of attention.
        cosine: the median cosine of the vectors of texts with the same pair.
        pairs: the share of texts with the same pair.
        is_right: whether that is within the bounds.
    """

    name: str
    last: float
    attention: float
    cosine: float
    pairs: float
    is_right: bool


def hugging_face(config: dict[str, Any], **model: Any) -> Language:
    """Return a pipeline around the bundled encoder."""
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": bundled_encoder(), **model}})
    return _finished(nlp, config)


def curated(config: dict[str, Any]) -> Language:
    """Return a pipeline around the bundled encoder as spacy-curated-transformers runs it."""
    nlp, kind = spacy.blank("en"), "spacy-curated-transformers."
    size = {"hidden_width": 384, "intermediate_width": 1536, "num_attention_heads": 12}
    model = {
        "@architectures": f"{kind}BertTransformer.v1",
        "piece_encoder": {"@architectures": f"{kind}BertWordpieceEncoder.v1"},
        "with_spans": {"@architectures": f"{kind}WithStridedSpans.v1"},
        "vocab_size": 30522,
        "num_hidden_layers": 6,
        **size,
    }
    nlp.add_pipe("curated_transformer", name="transformer", config={"model": model})
    nlp.config["initialize"]["components"]["transformer"] = {
        f"{part}_loader": {"@model_loaders": f"{kind}HF{loader}Loader.v1", "name": bundled_encoder()}
        for part, loader in (("encoder", "TransformerEncoder"), ("piecer", "PieceEncoder"))
    }
    return _finished(nlp, config)


def _finished(nlp: Language, config: dict[str, Any]) -> Language:
    nlp.add_pipe("trend_vector", config=config)
    nlp.initialize()
    return nlp


def kept(nlp: Language, texts: list[str]) -> Iterator[Kept]:
    """Yield what is compared of each text."""
    for doc in nlp.pipe(texts):
        data = doc._.trf_data
        last = data.all_outputs[-1].dataXd if hasattr(data, "all_outputs") else data.model_output[0]
        attention = np.stack([token._.trend_attention for token in doc])
        pair = doc._.trend_focus, doc._.trend_related
        places = tuple(None if word is None else word.i for word in pair)
        yield Kept(to_numpy(last), attention, doc._.trend_vector, (places[0], places[1]))


def compared(name: str, one: list[Kept], other: list[Kept], last: float, pairs: float) -> Difference:
    """Compare texts that ran on two devices.

    Args:
        name: of the pipeline.
        one: what was kept on one.
        other: what was kept on the other.
        last: by how much the last layer may differ.
        pairs: how many of the pairs must be the same, as a share.

    Returns:
        how they differ.
    """
    same = [a.pair == b.pair for a, b in zip(one, other, strict=True)]
    cosines = [
        float(a.vector @ b.vector / max(np.linalg.norm(a.vector) * np.linalg.norm(b.vector), 1e-9))
        for a, b, is_same in zip(one, other, same, strict=True)
        if is_same and a.vector.any()
    ]
    off = [share([a.last for a in one], [b.last for b in other])]
    off.append(share([a.attention for a in one], [b.attention for b in other]))
    cosine, agree = float(np.median(cosines)), float(np.mean(same))
    return Difference(name, *off, cosine, agree, off[0] <= last and agree >= pairs and cosine > 0.98)


def share(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    """Return the greatest difference of arrays, as a share of the greatest number."""
    most = max(float(np.abs(array).max()) for array in one)
    return max(float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True)) / most


def is_stored(nlp: Language, texts: list[str]) -> bool:
    """Return whether docs that are stored and read again, on the CPU, have the same vectors."""
    docs = list(nlp.pipe(texts))
    for doc in docs:
        doc._.trf_data = None
    stored = DocBin(store_user_data=True, docs=docs).to_bytes()
    again: list[Doc] = list(DocBin().from_bytes(stored).get_docs(nlp.vocab))
    return all((a._.trend_vector == b._.trend_vector).all() for a, b in zip(docs, again, strict=True))


def differences(texts: list[str], use: Callable[[str], object]) -> Iterator[Difference]:
    """Compare a device with the CPU: all presets, mixed precision, bfloat16, curated.

    Args:
        texts: to compare with.
        use: makes everything that is made from now on be on a device: "cpu" or "gpu".

    Yields:
        how each pipeline's results differ.
    """
    makers: dict[str, Callable[[], Language]] = {
        preset: lambda preset=preset: hugging_face({"preset": preset})  # type: ignore[misc]
        for preset in PRESETS
    }
    makers["curated"] = lambda: curated({})
    makers["curated, related_pair"] = lambda: curated({"preset": "related_pair"})
    wanted: dict[str, list[Kept]] = {}
    for name, make in makers.items():
        use("cpu")
        wanted[name] = list(kept(make(), texts))
        use("gpu")
        yield compared(name, wanted[name], list(kept(make(), texts)), TOLERANCE, 0.98)
    use("gpu")
    bfloat16 = list(kept(hugging_face({"precision": "bfloat16"}), texts))
    yield compared("bfloat16", wanted["article"], bfloat16, HALF_TOLERANCE, 0.8)
    mixed = list(kept(hugging_face({}, mixed_precision=True), texts))
    yield compared("mixed precision", wanted["article"], mixed, HALF_TOLERANCE, 0.8)
