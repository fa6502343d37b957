import pytest
import torch
from transformers.modeling_outputs import BaseModelOutputWithPoolingAndCrossAttentions

from spacy_trend.encoder.buckets import PADDED_DIMENSIONS, BatchOutput, take_windows, window_lengths
from spacy_trend.encoder.hugging_face import output_of


def test_lengths_are_counted_where_padding_is_at_the_end() -> None:
    mask = torch.tensor([[1, 1, 1], [1, 0, 0], [0, 0, 0]])
    lengths = window_lengths(mask)
    assert lengths is not None
    assert lengths.tolist() == [3, 1, 0]


@pytest.mark.parametrize("window", [[0, 1, 1], [1, 0, 1]])
def test_other_padding_has_no_lengths(window: list[int]) -> None:
    assert window_lengths(torch.tensor([[1.0, 1.0, 1.0], window])) is None


def test_windows_are_taken_and_cut() -> None:
    ids = torch.arange(12).reshape(3, 4)
    taken = take_windows({"input_ids": ids, "return_dict": True}, torch.tensor([2, 0]), 2)
    assert taken["input_ids"].tolist() == [[8, 9], [0, 1]]
    assert taken["return_dict"] is True


def test_outputs_are_laid_back_with_zeros_for_padding() -> None:
    mask = torch.tensor([[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0]])
    laid_back = BatchOutput(mask, {**PADDED_DIMENSIONS, "observed": (1,)})
    for windows, length in (([1], 2), ([2, 0], 3)):
        here = torch.tensor(windows)
        number = (here + 1).float()
        states = number[:, None, None].expand(-1, length, 2)
        output = {
            "last_hidden_state": states,
            "pooler_output": number[:, None].expand(-1, 5),
            "hidden_states": (states * 10, states * 100),
            "attentions": (number[:, None, None, None].expand(-1, 6, length, length),),
            "observed": (states * 2, number[:, None, None].expand(-1, length, 7)),
        }
        laid_back.fill(output, here)
    whole = output_of(BaseModelOutputWithPoolingAndCrossAttentions, laid_back.fields)
    assert list(whole)[:2] == ["last_hidden_state", "pooler_output"]
    by_position = [[1, 1, 0, 0], [2, 2, 0, 0], [3, 3, 3, 0]]
    assert whole.last_hidden_state[..., 1].tolist() == by_position
    assert whole.pooler_output[:, 4].tolist() == [1, 2, 3]
    assert whole.hidden_states[1][..., 0].tolist() == [[value * 100 for value in row] for row in by_position]
    assert whole["observed"][0].shape == (3, 4, 2)
    assert whole["observed"][1][..., 6].tolist() == by_position
    (attention,) = whole.attentions
    assert attention.shape == (3, 6, 4, 4)
    assert attention[0, 0].tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0] * 4, [0] * 4]
    assert attention[2, 5].tolist() == [[3, 3, 3, 0], [3, 3, 3, 0], [3, 3, 3, 0], [0] * 4]
