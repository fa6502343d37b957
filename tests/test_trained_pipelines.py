"""Trained pipelines with parser, tagger and NER, which get an encoder and a trend vector."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language
from spacy.tokens import Doc

from spacy_trend import add_to, from_encoder
from spacy_trend.doctor import examine
from tests.support.commands import run_command, said
from tests.support.findings import about, mend, wrong
from tests.support.scripts import SPAWN, run_on
from tests.support.trained import ENGLISH, FRENCH, Trained, english_or_skip, name_or_skip, trained_or_skip
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
    return add_to(english_or_skip(), encoder, **config)


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


#: Texts with entities, elisions and several sentences, by language.
TEXTS_OF = {
    ENGLISH: TEXTS,
    FRENCH: [
        "Elle a vendu la vieille maison de Berlin à un jeune couple. L'aîné n'en voulait pas, n'est-ce pas ?",
        "Quand Apple a racheté la jeune pousse en mars, personne ne l'a remarqué chez Google.",
        "",
    ],
}


@pytest.fixture(params=[ENGLISH, FRENCH], ids=["English", "French"])
def language(request: pytest.FixtureRequest) -> Trained:
    found: Trained = request.param
    name_or_skip(found)
    return found


def weights_of(nlp: Language, names: list[str]) -> dict[str, bytes]:
    """What each component has learned, and the tokenizer."""
    parts = {name: nlp.get_pipe(name) for name in names}
    stored = {name: part.to_bytes() for name, part in parts.items() if hasattr(part, "to_bytes")}
    return {**stored, "tokenizer": nlp.tokenizer.to_bytes()}


class TestAddTo:
    def test_leaves_what_was_trained_as_it_was(self, language: Trained, tiny_encoder: Path) -> None:
        nlp = trained_or_skip(language)
        texts, names = TEXTS_OF[language], nlp.component_names
        weights, enabled = weights_of(nlp, names), nlp.pipe_names
        expected = [annotations(doc) for doc in nlp.pipe(texts)]
        add_to(nlp, tiny_encoder, preset="classifier")
        assert nlp.pipe_names == ["transformer", *enabled, "trend_vector"]
        docs = list(nlp.pipe(texts))
        assert [annotations(doc) for doc in docs] == expected
        assert weights_of(nlp, names) == weights
        assert any(entities for _, entities, _ in expected)
        assert [doc._.trend_vector.any() for doc in docs] == [bool(text) for text in texts]
        for doc in docs:
            # Each word of the pipeline's own tokenizer has wordpieces.
            words = {token.i for token in doc if not (token.is_punct or token.is_space)}
            assert {word.i for word in doc._.trend_words} == words

    def test_is_saved_loaded_and_pickled(self, language: Trained, tiny_encoder: Path, tmp_path: Path) -> None:
        nlp = add_to(trained_or_skip(language), tiny_encoder, preset="classifier")
        nlp.to_disk(tmp_path / "pipeline")
        texts = TEXTS_OF[language]
        for again in spacy.load(tmp_path / "pipeline"), pickle.loads(pickle.dumps(nlp)):
            for doc, expected in zip(again.pipe(texts), nlp.pipe(texts), strict=True):
                assert annotations(doc) == annotations(expected)
                assert_same_values(doc, expected, 2e-5)

    @pytest.mark.thorough
    def test_goes_to_other_processes(self, language: Trained, tiny_encoder: Path, tmp_path: Path) -> None:
        add_to(trained_or_skip(language), tiny_encoder, preset="classifier").to_disk(tmp_path / "pipeline")
        assert run_on(SPAWN, tmp_path / "pipeline", tmp_path).stdout == "12 equal\n"

    def test_is_what_errors_and_the_doctor_advise(self, language: Trained) -> None:
        result = run_command("explain", TEXTS_OF[language][0], "--model", name_or_skip(language))
        assert result.exit_code == 1
        assert "spacy_trend.add_to(nlp)" in said(result)
        assert "initialize" not in said(result)
        nlp = trained_or_skip(language)
        with pytest.raises(ValueError, match=r"spacy_trend\.add_to\(nlp\)"):
            nlp.add_pipe("trend_vector")
        fix = str(about("transformer", examine(nlp)).fix)
        assert fix.startswith("import spacy_trend; spacy_trend.add_to(nlp")
        assert "initialize" not in fix

    def test_as_the_doctor_advises_it_mends_a_pipeline(self) -> None:
        nlp = english_or_skip()
        mend(about("transformer", examine(nlp)).fix, nlp)
        assert wrong(examine(nlp)) == []
        assert nlp(TEXTS[0])._.trend_vector.shape == (384,)
