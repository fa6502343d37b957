"""Vectors of texts without one of their words."""

from typing import Any, cast

import numpy as np
import pytest
import spacy
from spacy import Language

from spacy_trend import attribute_direction
from spacy_trend.attribution.leaving_out import vectors_without_words

TEXT = "She sold (the old) house. Nobody knew why!"


def test_the_rest_of_a_text_is_encoded_again(steady: Language) -> None:
    doc = steady(TEXT)
    direction = np.arange(len(doc._.trend_vector)) / 10
    found = attribute_direction(doc, direction, 3, method="leave_one_out", nlp=steady)
    assert found.bias == 0
    assert found.score == pytest.approx(doc._.trend_vector @ direction + 3, rel=1e-5)
    rest = steady("She sold (the old) . Nobody knew why!")
    assert [token.text for token in rest] == [token.text for token in doc if token.text != "house"]
    at = found.texts.index("house")
    assert found.parts[at] == pytest.approx(
        found.score - 3 - rest._.trend_vector @ direction, rel=1e-3, abs=1e-3
    )


def test_of_a_span_the_words_that_remain_make_the_vector(steady: Language) -> None:
    doc = steady(TEXT)
    span = doc[3:7]
    vectors = vectors_without_words(steady, span, [3, 4], doc._.trend_vector.size)
    for vector, text in zip(vectors, ("She sold (old) house.", "She sold (the) house."), strict=True):
        rest = steady(f"{text} Nobody knew why!")
        np.testing.assert_allclose(vector, rest[3:6]._.trend_vector, atol=2e-4)


@pytest.mark.parametrize("text", ["Stop", "Stop!"])
def test_of_a_single_word_nothing_is_left(steady: Language, text: str) -> None:
    doc = steady(text)
    found = attribute_direction(doc, np.ones(len(doc._.trend_vector)), method="leave_one_out", nlp=steady)
    np.testing.assert_allclose(found.parts, [found.score])
    span = attribute_direction(doc[0:1], np.ones(len(doc._.trend_vector)), method="leave_one_out", nlp=steady)
    np.testing.assert_allclose(span.parts, [span.score])


def test_a_text_without_words_has_nothing_to_leave_out(steady: Language) -> None:
    doc = steady("?!")
    found = attribute_direction(doc, np.ones(len(doc._.trend_vector)), method="leave_one_out", nlp=steady)
    assert len(found.parts) == 0


def test_components_behind_the_vector_do_not_run(tiny: Language) -> None:
    seen = []

    @Language.component("note_docs_behind")
    def note_docs(doc: Any) -> Any:
        seen.append(doc.text)
        return doc

    tiny.add_pipe("note_docs_behind")
    doc = tiny(TEXT)
    assert len(vectors_without_words(tiny, doc, [0, 1], doc._.trend_vector.size)) == 2
    assert seen == [TEXT]


def test_a_pipeline_without_a_trend_vector_is_refused(steady: Language) -> None:
    doc = steady(TEXT)
    with pytest.raises(ValueError, match=r"has no 'trend_vector': got the components \[\]"):
        vectors_without_words(spacy.blank("en"), doc, [0], doc._.trend_vector.size)


def test_a_pipeline_that_loses_texts_is_refused(tiny: Language) -> None:
    @Language.component("refuse_docs_before")
    def refuse_docs(doc: Any) -> Any:
        raise ValueError("not this one")

    doc = tiny(TEXT)
    tiny.add_pipe("refuse_docs_before", first=True)
    tiny.set_error_handler(lambda name, component, docs, error: None)
    with pytest.raises(ValueError, match=r"gave 0 docs for 2 texts.*error handler"):
        vectors_without_words(tiny, doc, [0, 1], doc._.trend_vector.size)


def test_what_is_no_pipeline_or_another_one_is_refused(steady: Language) -> None:
    doc = steady("I want apples.")
    with pytest.raises(ValueError, match=r"nlp='en' of type str.*spacy.load"):
        vectors_without_words(cast(Any, "en"), doc, [0], 32)
    with pytest.raises(ValueError, match=r"makes vectors of width 32, but that of the doc has 5"):
        vectors_without_words(steady, doc, [0], 5)
