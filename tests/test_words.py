from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from spacy.attrs import IDS
from spacy.tokens import Doc
from spacy.vocab import Vocab
from spacy_transformers.data_classes import TransformerData, WordpieceBatch
from spacy_transformers.pipeline_component import install_extensions as install_trf_data
from thinc.types import Ragged
from transformers.file_utils import ModelOutput

from spacy_trend.alignment.annotations import sentence_lengths
from spacy_trend.alignment.trf_data import drop_observed
from spacy_trend.alignment.words import align_words
from spacy_trend.encoder.requests import AttentionRequest

FIRST_HEADS = AttentionRequest("heads", (0,))
WIDTH = 2
ROWS = 3


@dataclass
class FakeSource:
    key: str = "observed"
    request: AttentionRequest = FIRST_HEADS
    width: int = WIDTH
    row_count: int = ROWS
    max_length: int | None = None

    def has_wordpiece(self, text: str) -> bool:
        return True


def make_doc(words: Sequence[str], alignment: Sequence[Sequence[int]], output: dict[str, Any]) -> Doc:
    """A doc whose tokens are aligned to positions in the flattened `(windows, wordpieces)`."""
    install_trf_data()
    doc = Doc(Vocab(lex_attr_getters=LEX_ATTRS), words=list(words))
    flat = np.array([piece for pieces in alignment for piece in pieces], dtype="i")
    lengths = np.array([len(pieces) for pieces in alignment], dtype="i")
    windows, wordpieces = next(iter(output.values())).shape[:2]
    doc._.trf_data = TransformerData(
        wordpieces=WordpieceBatch(
            strings=[[""] * wordpieces] * windows,
            input_ids=np.zeros((windows, wordpieces), dtype="i"),
            attention_mask=np.ones((windows, wordpieces), dtype="f"),
            lengths=[wordpieces] * windows,
            token_type_ids=None,
        ),
        model_output=ModelOutput(output),
        align=Ragged(flat, lengths),
    )
    return doc


LEX_ATTRS = {IDS["IS_PUNCT"]: lambda text: text in {".", "-"}, IDS["IS_SPACE"]: lambda text: text == " "}


def numbered(windows: int, wordpieces: int, width: int, start: float = 0.0) -> Any:
    size = windows * wordpieces * width
    return (np.arange(size, dtype="f") + start).reshape(windows, wordpieces, width)


def observed_output(windows: int, wordpieces: int) -> dict[str, Any]:
    """Wordpiece p (flattened) has contextual [2p, 2p+1], static 100 more, attention [3p, 3p+1, 3p+2]."""
    return {
        "last_hidden_state": numbered(windows, wordpieces, WIDTH),
        "observed": [
            numbered(windows, wordpieces, WIDTH, start=100.0),
            numbered(windows, wordpieces, ROWS),
        ],
    }


def test_embeddings_are_means_and_attention_sums_over_wordpieces() -> None:
    doc = make_doc(["a", "b"], [[1], [2, 3]], observed_output(1, 5))
    words = align_words([doc], FakeSource())
    assert words.tokens.tolist() == [0, 1]
    assert words.contextual.tolist() == [[2, 3], [5, 6]]
    assert words.static.tolist() == [[102, 103], [105, 106]]
    assert words.attention.tolist() == [[3, 6 + 9], [4, 7 + 10], [5, 8 + 11]]


def test_windows_that_overlap_are_averaged() -> None:
    doc = make_doc(["a", "b"], [[1], [2, 3, 5, 6]], observed_output(2, 4))
    words = align_words([doc], FakeSource())
    assert words.contextual[1].tolist() == [np.mean([4, 6, 10, 12]), np.mean([5, 7, 11, 13])]
    assert words.attention[0].tolist() == [3, (6 + 9 + 15 + 18) / 2]


def test_a_word_in_two_windows_with_unequal_parts_counts_windows_not_wordpieces() -> None:
    doc = make_doc(["a"], [[2, 3, 5]], observed_output(2, 4))
    words = align_words([doc], FakeSource())
    assert words.attention[:, 0].tolist() == [(6 + 9 + 15) / 2, (7 + 10 + 16) / 2, (8 + 11 + 17) / 2]


def test_neighbouring_words_of_different_windows_do_not_share_a_window() -> None:
    doc = make_doc(["a", "b", "c"], [[3], [5], [6]], observed_output(2, 4))
    words = align_words([doc], FakeSource())
    assert words.attention[0].tolist() == [9, 15, 18]


def test_punctuation_space_and_tokens_without_wordpieces_are_not_words() -> None:
    doc = make_doc(["a", "-", " ", "b", "c"], [[1], [2], [3], [], [4]], observed_output(1, 6))
    words = align_words([doc], FakeSource())
    assert words.tokens.tolist() == [0, 4]
    assert words.attention[0].tolist() == [3, 12]


def test_two_tokens_may_share_a_wordpiece() -> None:
    doc = make_doc(["ca", "nt"], [[1], [1]], observed_output(1, 3))
    words = align_words([doc], FakeSource())
    assert words.contextual.tolist() == [[2, 3], [2, 3]]


@pytest.mark.parametrize("words", [[], [".", "-"]])
def test_a_doc_without_words_has_arrays_of_the_right_shape(words: list[str]) -> None:
    doc = make_doc(words, [[1] for _ in words], observed_output(1, 3))
    if not words:
        doc._.trf_data = TransformerData.empty()
    aligned = align_words([doc], FakeSource())
    assert aligned.tokens.shape == (0,)
    assert aligned.static.shape == aligned.contextual.shape == (0, WIDTH)
    assert aligned.attention.shape == (ROWS, 0)


def test_half_precision_becomes_float32_before_it_is_summed() -> None:
    output = observed_output(1, 5)
    output["last_hidden_state"] = np.full((1, 5, WIDTH), 60000, dtype="float16")
    words = align_words([make_doc(["a"], [[1, 2]], output)], FakeSource())
    assert words.contextual.dtype == np.float32
    assert words.contextual.tolist() == [[60000, 60000]]


@pytest.mark.parametrize(("rows", "expected"), [("heads", [[3.0], [11.0]]), ("layers", [[7.0]])])
def test_stored_attention_matrices_are_used_where_nothing_was_observed(rows: str, expected: Any) -> None:
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
    words = align_words([doc], FakeSource(request=request, row_count=len(expected)))
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
        drop_observed(doc, "observed")
        assert list(doc._.trf_data.model_output) == ["last_hidden_state"]
    assert doc._.trf_data.model_output.last_hidden_state is before


def test_words_of_several_docs_stand_one_after_another() -> None:
    one = make_doc(["a", "b"], [[1], [2, 3]], observed_output(1, 5))
    two = make_doc(["."], [[1]], observed_output(1, 3))
    three = make_doc(["c", "-", "d"], [[2, 3], [1], [4, 9]], observed_output(2, 6))
    docs = [one, two, three]
    words = align_words(docs, FakeSource())
    assert words.lengths.tolist() == [2, 0, 2]
    assert words.tokens.tolist() == [0, 1, 0, 2]
    for field in ("static", "contextual"):
        alone = [getattr(align_words([doc], FakeSource()), field) for doc in docs]
        np.testing.assert_array_equal(getattr(words, field), np.concatenate(alone))
    alone = [align_words([doc], FakeSource()).attention for doc in docs]
    np.testing.assert_array_equal(words.attention, np.concatenate(alone, axis=1))


@pytest.mark.parametrize("source", [FakeSource(width=5), FakeSource(row_count=1)])
def test_a_doc_of_another_encoder_is_refused(source: FakeSource) -> None:
    doc = make_doc(["a"], [[1]], observed_output(1, 3))
    with pytest.raises(
        ValueError, match=r"by another encoder: got embeddings of width 2 and 3 rows .*expected"
    ):
        align_words([doc], source)


def test_sentence_lengths_count_words_not_tokens() -> None:
    doc = Doc(Vocab(), words=list("ab.cd."), sent_starts=[True, False, False, True, False, True])
    assert sentence_lengths(doc, np.array([0, 1, 3])).tolist() == [2, 1, 0]


def test_sentence_lengths_need_sentence_boundaries() -> None:
    with pytest.raises(
        ValueError, match=r"needs sentence boundaries, but the doc 'a b ' has none.*sentencizer"
    ):
        sentence_lengths(Doc(Vocab(), words=["a", "b"]), np.array([0, 1]))
