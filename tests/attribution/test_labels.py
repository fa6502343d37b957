"""The scores of all labels in parts at once: as those of one margin after the other."""

from pathlib import Path

import numpy as np
import pytest

from spacy_trend import attribute_prediction
from spacy_trend.attribution import attribute_labels
from spacy_trend.attribution.margins import scores_of
from tests.support.classifiers import trained
from tests.support.reports import Direct, a_doc

DOC = a_doc(("a", 1, 2, 3), ("b", 0, -4, 1))


def test_the_parts_of_all_labels_add_up_to_their_scores() -> None:
    found = attribute_labels(scores_of(Direct("x", "y", "z")), DOC)
    np.testing.assert_allclose(found.parts, [[1, 2, 3], [0, -4, 1]], atol=1e-9)
    np.testing.assert_allclose(found.parts.sum(axis=0) + found.biases, found.scores, atol=1e-9)
    assert (found.texts, found.predicted) == (("a", "b"), "z")


def test_a_label_leads_the_mean_of_the_others() -> None:
    found = attribute_labels(scores_of(Direct("x", "y", "z")), DOC).leads()
    np.testing.assert_allclose(found, [[-1.5, 0, 1.5], [1.5, -4.5, 3]], atol=1e-9)


def test_one_label_leads_none() -> None:
    found = attribute_labels(scores_of(Direct("x")), a_doc(("a", 1), ("b", 2)))
    np.testing.assert_allclose(found.leads(), [[1], [2]], atol=1e-9)


@pytest.mark.parametrize("textcat", ["textcat", "textcat_multilabel"])
@pytest.mark.parametrize("pair", [(None, None), ("house", "fruit"), ("house", None)])
def test_a_margin_is_that_of_attribute_prediction(
    tiny_encoder: Path, textcat: str, pair: tuple[str | None, str | None]
) -> None:
    nlp = trained(tiny_encoder, textcat=textcat, model={"hidden_width": 8})
    doc = nlp("She sold an apple.")
    found = attribute_labels(scores_of(nlp), doc)
    margin, expected = found.margin(*pair), attribute_prediction(nlp, doc, *pair)
    np.testing.assert_allclose(margin.parts, expected.parts, atol=1e-9)
    assert margin.score == pytest.approx(expected.score)
    assert margin.bias == pytest.approx(expected.bias)
    assert (margin.label, margin.against) == (expected.label, expected.against)
    if textcat == "textcat_multilabel":
        # Labels that do not exclude each other lead nothing.
        np.testing.assert_array_equal(found.leads(), found.parts)
