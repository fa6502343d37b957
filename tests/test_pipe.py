"""Ways through `nlp.pipe`."""

from collections.abc import Iterator

import numpy as np
import pytest
from spacy import Language
from spacy.tokens import Doc

from tests.support.odd_texts import check_invariants, check_same

TEXT = "I want an apple. She sold the old house!"
TEXTS = [TEXT, "", "Stop!", "...", "You need two pears.", " "]


def test_contexts_come_with_their_docs(steady: Language) -> None:
    contexts = [{"number": number} for number in range(len(TEXTS))]
    pairs = list(steady.pipe(zip(TEXTS, contexts, strict=True), as_tuples=True, batch_size=4))
    assert [context for _, context in pairs] == contexts
    for text, (doc, _) in zip(TEXTS, pairs, strict=True):
        check_same(doc, steady(text))


def test_docs_and_texts_may_come_in_turn(steady: Language) -> None:
    given = [text if number % 2 else steady.make_doc(text) for number, text in enumerate(TEXTS)]
    docs = list(steady.pipe(given))
    assert all(doc is it for doc, it in zip(docs, given, strict=True) if isinstance(it, Doc))
    for text, doc in zip(TEXTS, docs, strict=True):
        check_same(doc, steady(text))


def test_a_doc_may_go_through_the_pipeline_again(steady: Language) -> None:
    doc = steady(TEXT)
    once = doc._.trend_vector.copy()
    np.testing.assert_allclose(steady(doc)._.trend_vector, once, atol=1e-5)
    other = steady.make_doc(TEXT)
    for each in steady.pipe([doc, other, doc], batch_size=1):
        np.testing.assert_allclose(each._.trend_vector, once, atol=1e-5)


def test_a_doc_that_stands_twice_in_one_batch_is_refused(steady: Language) -> None:
    doc = steady.make_doc(TEXT)
    with pytest.raises(ValueError, match="the same doc"):
        list(steady.pipe([doc, steady.make_doc("Stop!"), doc]))


def test_a_generator_without_end_is_read_as_far_as_needed(steady: Language) -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield TEXTS[taken % len(TEXTS)]

    stream = steady.pipe(endless(), batch_size=4)
    docs = [next(stream) for _ in range(10)]
    assert taken <= 20
    for number, doc in enumerate(docs, start=1):
        check_same(doc, steady(TEXTS[number % len(TEXTS)]))


def test_docs_of_a_memory_zone_have_the_same_vectors(steady: Language) -> None:
    expected = [steady(text)._.trend_vector.copy() for text in TEXTS]
    for _ in range(2):
        with steady.memory_zone():
            docs = list(steady.pipe([*TEXTS, "Zwieback unheardofbefore"]))
            vectors = [doc._.trend_vector.copy() for doc in docs]
            assert str(docs[0]._.trend_focus) in TEXT
            check_invariants(docs[-1], 32)
        for vector, other in zip(vectors[:-1], expected, strict=True):
            np.testing.assert_allclose(vector, other, atol=1e-5)
