"""What is read of the transformer's output, and outputs that are refused."""

from typing import Any

import numpy as np
import pytest

from spacy_trend.alignment.trf_data import drop_observed
from spacy_trend.alignment.words import align_words
from spacy_trend.encoder.requests import AttentionRequest
from tests.support.aligned_docs import KEY, SIZE, WIDTH, FakeSource, make_doc, numbered, observed_output


@pytest.mark.parametrize(("rows", "expected"), [("heads", [[3.0], [11.0]]), ("layers", [[7.0]])])
def test_stored_attention_matrices_are_used_if_nothing_was_observed(rows: str, expected: Any) -> None:
    # Two heads; wordpiece 2 is padding: what it gives (100) must not count.
    attention = np.array(
        [[[[0, 1, 0], [0, 2, 0], [0, 100, 0]], [[0, 5, 0], [0, 6, 0], [0, 100, 0]]]], dtype="f"
    )
    output = {
        "last_hidden_state": numbered(1, 3, WIDTH),
        "hidden_states": [numbered(1, 3, WIDTH, start=100.0), numbered(1, 3, WIDTH)],
        "attentions": [attention],
    }
    doc = make_doc(["a"], [[1]], output)
    doc._.trf_data.wordpieces.attention_mask[0, 2] = 0
    request = AttentionRequest(rows, (0,) if rows == "heads" else None)
    words = align_words([doc], FakeSource(request=request, size=SIZE._replace(heads=2)))
    assert words.attention.tolist() == expected
    assert words.static.tolist() == [[102, 103]]


def test_stored_attention_matrices_without_the_layer_are_refused() -> None:
    output = {
        "last_hidden_state": numbered(1, 3, 2),
        "hidden_states": [1],
        "attentions": [np.ones((1, 1, 3, 3))],
    }
    doc = make_doc(["a"], [[1]], output)
    with pytest.raises(ValueError, match=r"layer=4 is out of range.*has 1 layers"):
        align_words([doc], FakeSource(request=AttentionRequest("heads", (4,))))


def test_a_doc_the_transformer_did_not_run_on_is_refused() -> None:
    doc = make_doc(["a"], [[1]], observed_output(1, 3))
    doc._.trf_data = None
    with pytest.raises(
        ValueError, match=r"'a ' has no transformer output: got doc\._\.trf_data = None.*enable"
    ):
        align_words([doc], FakeSource())


def test_a_doc_that_was_not_observed_is_refused() -> None:
    doc = make_doc(["a"], [[1]], {"last_hidden_state": numbered(1, 3, WIDTH)})
    with pytest.raises(
        ValueError, match=r"not observed: .*\['last_hidden_state'\].*spacy_trend\.observe\(nlp\)"
    ):
        align_words([doc], FakeSource())


def test_tokens_merged_after_the_transformer_are_refused() -> None:
    doc = make_doc(["a", "b", "c"], [[1], [2], [3]], observed_output(1, 5))
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[0:2])
    with pytest.raises(
        ValueError, match=r"covers 3 tokens, but the doc 'a b c ' has 2.*before the transformer"
    ):
        align_words([doc], FakeSource())


def test_transformer_output_of_another_kind_is_refused() -> None:
    doc = make_doc(["a"], [[1]], observed_output(1, 3))
    doc._.trf_data = [1, 2]
    with pytest.raises(ValueError, match=r"of type <class 'list'>.*TransformerData of spacy-transformers"):
        align_words([doc], FakeSource())


def test_drop_observed_leaves_the_stock_fields_and_may_be_called_twice() -> None:
    doc = make_doc(["a"], [[1]], observed_output(1, 3))
    before = doc._.trf_data.model_output["last_hidden_state"]
    for _ in range(2):
        drop_observed(doc, KEY)
        assert list(doc._.trf_data.model_output) == ["last_hidden_state"]
    assert doc._.trf_data.model_output.last_hidden_state is before


@pytest.mark.parametrize(
    "source", [FakeSource(size=SIZE._replace(width=5)), FakeSource(size=SIZE._replace(heads=1))]
)
def test_a_doc_of_another_encoder_is_refused(source: FakeSource) -> None:
    doc = make_doc(["a"], [[1]], observed_output(1, 3))
    with pytest.raises(
        ValueError, match=r"by another encoder: got embeddings of width 2 and 3 rows .*expected"
    ):
        align_words([doc], source)
