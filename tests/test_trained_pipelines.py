"""A trained pipeline with parser, tagger and NER, into which a transformer is sourced."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language
from spacy.tokens import Doc

from spacy_trend import from_encoder
from tests.support.trained import english_or_skip
from tests.support.values import assert_same_values, pair_of

pytestmark = pytest.mark.slow
TEXTS = [
    "She sold the old house in Berlin to a young couple. They had looked for one for years, hadn't they?",
    "When Apple bought the startup last March, nobody at Google noticed.",
    "Stop!",
    "",
    "The committee, which met twice, rejected the proposal that Mr. Smith's team had prepared.",
]


def with_trend(encoder: Path, **config: Any) -> Language:
    nlp = english_or_skip()
    nlp.add_pipe("transformer", source=from_encoder(encoder), first=True)
    nlp.add_pipe("trend_vector", config=config)
    return nlp


@pytest.fixture(scope="module")
def related(tiny_encoder: Path) -> Language:
    return with_trend(tiny_encoder, preset="related_pair")


def annotations(doc: Doc) -> list[Any]:
    tokens = [(token.text, token.head.i, token.dep_, token.tag_, token.lemma_) for token in doc]
    return [tokens, [(ent.text, ent.label_) for ent in doc.ents], [sent.text for sent in doc.sents]]


def test_the_trained_components_do_what_they_did(related: Language) -> None:
    alone = english_or_skip()
    for doc, expected in zip(related.pipe(TEXTS), alone.pipe(TEXTS), strict=True):
        assert annotations(doc) == annotations(expected)


def test_vectors_are_those_of_the_encoder_alone(related: Language, tiny_encoder: Path) -> None:
    alone = from_encoder(tiny_encoder, config={"preset": "related_pair"})
    for doc, expected in zip(related.pipe(TEXTS), alone.pipe(TEXTS), strict=True):
        assert_same_values(doc, expected, 2e-5)
        assert len([position for position in pair_of(doc) if position >= 0]) == min(2, len(doc._.trend_words))


def test_noun_chunks_entities_and_sentences_have_vectors_and_words_of_their_own(related: Language) -> None:
    doc = related(TEXTS[0])
    spans = [*doc.noun_chunks, *doc.ents, *doc.sents]
    assert {"the old house", "Berlin", "a young couple"} <= {span.text for span in spans}
    for span in spans:
        inside = set(range(span.start, span.end))
        words = [token for token in span if not (token.is_punct or token.is_space)]
        chosen = [position for position in pair_of(span) if position >= 0]
        assert set(chosen) <= inside
        assert len(chosen) == min(2, len(words))
        expected = sum(doc[position]._.trend_vector for position in chosen)
        np.testing.assert_allclose(span._.trend_vector, expected, rtol=1e-5)
        assert {word.i for word in span._.trend_words} == {word.i for word in words}
        importance = [word._.trend_importance for word in span._.trend_words]
        assert importance == sorted(importance, reverse=True)


def test_the_pair_by_the_parser_is_a_root_and_its_child(tiny_encoder: Path) -> None:
    nlp = with_trend(tiny_encoder, select={"@misc": "spacy-trend.dependency_pair.v1"})
    pairs = 0
    for doc in nlp.pipe(TEXTS):
        for sent in doc.sents:
            focus, related = sent._.trend_focus, sent._.trend_related
            if focus is not None:
                assert focus.i == sent.root.i
            if related is not None:
                assert related.head.i == focus.i
                pairs += 1
        roots = {sent.root.i for sent in doc.sents}
        assert doc._.trend_focus is None or doc._.trend_focus.i in roots
    assert pairs >= 4


def test_a_text_by_sentences_is_the_mean_over_the_parsers_sentences(tiny_encoder: Path) -> None:
    nlp = with_trend(tiny_encoder, preset="classifier", level="sentence")
    for doc in nlp.pipe(TEXTS):
        vectors = [sent._.trend_vector for sent in doc.sents if sent._.trend_words]
        expected = np.mean(vectors, axis=0) if vectors else np.zeros(32)
        np.testing.assert_allclose(doc._.trend_vector, expected, atol=2e-5)
        if vectors:
            weighted = sum(token._.trend_weight * token._.trend_vector for token in doc)
            np.testing.assert_allclose(doc._.trend_vector, weighted, atol=2e-5)


def test_it_is_saved_and_loaded_with_what_was_trained(related: Language, tmp_path: Path) -> None:
    related.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    for doc, expected in zip(loaded.pipe(TEXTS), related.pipe(TEXTS), strict=True):
        assert annotations(doc) == annotations(expected)
        # An older transformers reloads with another attention implementation.
        assert_same_values(doc, expected, 2e-5)
