"""Why texts are given their labels, collected text by text."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy

from spacy_trend.reports import Reasons
from tests.support.classifiers import trained
from tests.support.pictures import made_doc
from tests.support.reports import MAILS, Direct, a_doc, reasons_for


def test_a_wrong_label_leads_the_true_one() -> None:
    wrong = reasons_for(MAILS).texts[0]
    assert (wrong.text, wrong.label, wrong.predicted, wrong.is_right) == (
        "free meeting",
        "ham",
        "spam",
        False,
    )
    assert (wrong.attribution.label, wrong.attribution.against) == ("spam", "ham")
    np.testing.assert_allclose(wrong.attribution.parts, [3, -2], atol=1e-9)
    assert wrong.attribution.score == pytest.approx(1)


def test_a_wrong_label_leads_the_true_one_and_not_the_runner_up() -> None:
    text = reasons_for([([("a", 1, 2, 3)], "x")], "x", "y", "z").texts[0]
    assert (text.attribution.label, text.attribution.against) == ("z", "x")


def test_a_right_label_leads_the_runner_up() -> None:
    text = reasons_for([([("a", 1, 2, 3)], "z")], "x", "y", "z").texts[0]
    assert (text.attribution.label, text.attribution.against) == ("z", "y")


def test_a_label_that_the_classifier_does_not_know_is_wrong() -> None:
    reasons = reasons_for([([("a", 1, 2)], "new")])
    text = reasons.texts[0]
    assert (text.is_right, text.predicted, text.attribution.against) == (False, "spam", "ham")
    assert reasons.why_not is None


def test_what_was_predicted_may_be_given() -> None:
    reasons = Reasons(Direct("ham", "spam"))
    reasons.add(a_doc(("a", 1, 1)), "ham", "spam")
    assert reasons.texts[0].predicted == "spam"
    assert reasons.texts[0].attribution.score == pytest.approx(0)


def test_docs_are_kept_if_they_are_to_be_drawn() -> None:
    assert [text.doc is not None for text in reasons_for(MAILS).texts] == [True, False, False, True, True]


def test_are_plain_data() -> None:
    data = reasons_for(MAILS).texts[0].to_dict()
    assert data == {
        "text": "free meeting",
        "label": "ham",
        "predicted": "spam",
        "against": "ham",
        "margin": pytest.approx(1),
        "bias": pytest.approx(0),
        "words": [
            {"i": 0, "text": "free", "part": pytest.approx(3)},
            {"i": 1, "text": "meeting", "part": pytest.approx(-2)},
        ],
    }


def test_words_begin_where_they_stand_in_the_text() -> None:
    for text in reasons_for(MAILS).texts:
        for start, word in zip(text.starts.tolist(), text.attribution.texts, strict=True):
            assert text.text[start:].startswith(word)


class TestThereAreNone:
    def test_of_a_pipeline_without_a_classifier_on_the_vector(self) -> None:
        reasons = Reasons(spacy.blank("en"))
        assert reasons.why_not is not None
        assert "The pipeline has 0 components that read the trend vector" in reasons.why_not
        reasons.add(a_doc(("a", 1, 2)), "ham")
        assert (reasons.texts, reasons.labels) == ([], [])

    def test_if_the_vectors_of_words_were_not_kept(self, tiny_encoder: Path) -> None:
        nlp = trained(tiny_encoder, token_vectors=False)
        reasons = Reasons(nlp)
        assert reasons.why_not is None
        reasons.add(nlp("I want an apple."), "fruit")
        assert reasons.why_not is not None
        assert "token_vectors=False" in reasons.why_not

    def test_of_any_text_if_one_has_none(self) -> None:
        reasons = reasons_for(MAILS)
        reasons.add(made_doc(), "ham")
        assert reasons.texts == []
        assert reasons.why_not is not None
        reasons.add(a_doc(("a", 1, 2)), "ham")
        assert reasons.texts == []

    def test_if_another_component_predicted(self) -> None:
        reasons = Reasons(Direct("ham", "spam"))
        reasons.add(a_doc(("a", 1, 2)), "ham", "other")
        assert reasons.why_not is not None
        assert "label='other', which the classifier does not know" in reasons.why_not


@pytest.mark.parametrize("textcat", ["textcat", "textcat_multilabel"])
def test_of_a_trained_pipeline_agree_with_what_it_says(tiny_encoder: Path, textcat: Any) -> None:
    nlp = trained(tiny_encoder, steps=10, textcat=textcat)
    reasons = Reasons(nlp)
    for text in ("I want an apple.", "They built a house.", "She sold it."):
        doc = nlp(text)
        said = max(doc.cats, key=lambda label: doc.cats[label])
        reasons.add(doc, "fruit")
        assert reasons.texts[-1].predicted == said
        np.testing.assert_array_equal(reasons.texts[-1].vector, doc._.trend_vector)
        assert abs(reasons.texts[-1].attribution.delta) < 1e-4
    assert reasons.labels == ["fruit", "house"]


def test_of_a_text_without_tokens_are_the_bias_alone(tiny_encoder: Path) -> None:
    nlp = trained(tiny_encoder)
    reasons = Reasons(nlp)
    # spaCy gives such a text no scores.
    reasons.add(nlp(""), "fruit", "fruit")
    (text,) = reasons.texts
    assert (text.text, text.attribution.texts, text.leads.shape) == ("", (), (0, 2))
    assert text.attribution.score == pytest.approx(text.attribution.bias)
