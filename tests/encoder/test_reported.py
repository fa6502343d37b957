"""Whether an encoder is refused depends on what it computes, not on which text came first."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from thinc.types import ArgsKwargs
from torch import Tensor, nn

from spacy_trend.encoder.notes import has_notes
from spacy_trend.encoder.reported import LEAST, MOST, check_reported, check_shares, refuse_again

CAP = 3.0


class Capped(nn.Module):
    """A layer of one head, in which wordpieces draw attention by number; only eager attention caps it."""

    device = torch.device("cpu")
    dtype = torch.float32

    def __init__(self) -> None:
        super().__init__()
        sizes = {"num_hidden_layers": 1, "num_attention_heads": 1, "hidden_size": 1}
        about = {"name_or_path": "mine", "model_type": "own", "_attn_implementation": "sdpa"}
        self.config = SimpleNamespace(**sizes, **about)
        self.scale = 1.0
        self.reports = True
        self.calls = 0

    def forward(self, input_ids: Tensor, attention_mask: Tensor, output_attentions: bool = False) -> Any:
        self.calls += 1
        key = input_ids[:, None, :, None].float()
        query = torch.ones_like(key)
        if self.config._attn_implementation == "eager":
            shares = F.softmax((query @ key.mT * self.scale).clamp(max=CAP), dim=-1)
            return {"attentions": (shares,)} if output_attentions and self.reports else {}
        F.scaled_dot_product_attention(query, key, key, scale=self.scale)
        return {}


def window(*pieces: int) -> ArgsKwargs:
    ids = torch.tensor([pieces])
    return ArgsKwargs((), {"input_ids": ids, "attention_mask": torch.ones_like(ids)})


HARMLESS, HARMFUL = window(1, 2, 3), window(1, 9)
# Twice e^9 / (e^1 + e^9), less twice e^3 / (e^1 + e^3).
MESSAGE = r"Capped \(mine\)' is not what it reports itself: in layer 0 .* differs by 0\.24\..*eager"


def test_a_difference_that_only_a_later_text_shows_is_refused_from_then_on() -> None:
    encoder = Capped()
    check_reported(encoder, HARMLESS)
    refuse_again(encoder)
    with pytest.raises(ValueError, match=MESSAGE) as first:
        check_reported(encoder, HARMFUL)
    with pytest.raises(ValueError, match=MESSAGE) as again:
        refuse_again(encoder)
    assert str(first.value) == str(again.value)
    # Another encoder is not concerned.
    refuse_again(Capped())


def test_two_wordpieces_are_compared_and_one_is_not() -> None:
    encoder = Capped()
    check_reported(encoder, window(9))
    assert encoder.calls == 0
    assert LEAST == 2
    with pytest.raises(ValueError, match=MESSAGE):
        check_reported(encoder, HARMFUL)


@pytest.mark.parametrize("length", [2, 5, MOST - 1, MOST, 3 * MOST])
def test_an_encoder_is_compared_until_so_many_wordpieces_were_alike(length: int) -> None:
    encoder = Capped()
    passes = -(-MOST // length)
    for _ in range(passes + 3):
        check_reported(encoder, window(*[1] * length))
    # The one that reports, and the one that is observed.
    assert encoder.calls == 2 * passes


def test_an_encoder_that_reports_nothing_is_asked_once() -> None:
    encoder = Capped()
    encoder.reports = False
    for _ in range(3):
        check_reported(encoder, HARMFUL)
    assert encoder.calls == 1


def test_nan_is_neither_a_difference_nor_a_comparison() -> None:
    encoder = Capped()
    encoder.scale = float("nan")
    for _ in range(3):
        check_reported(encoder, window(*[1] * MOST))
    refuse_again(encoder)
    encoder.scale = 1.0
    with pytest.raises(ValueError, match=MESSAGE):
        check_reported(encoder, HARMFUL)


def test_another_way_to_compute_attention_is_compared_anew() -> None:
    encoder = Capped()
    with pytest.raises(ValueError, match=MESSAGE):
        check_reported(encoder, HARMFUL)
    encoder.config._attn_implementation = "eager"
    refuse_again(encoder)
    check_reported(encoder, window(*[9] * MOST))
    encoder.config._attn_implementation = "sdpa"
    with pytest.raises(ValueError, match=MESSAGE):
        check_reported(encoder, HARMFUL)


def test_after_a_comparison_attention_is_computed_as_before() -> None:
    encoder = Capped()
    check_reported(encoder, HARMLESS)
    assert encoder.config._attn_implementation == "sdpa"
    assert not has_notes(encoder)


def test_reported_attention_that_is_none_is_refused_in_any_pass_and_from_then_on() -> None:
    encoder, both = Capped(), torch.ones(1, 2)
    shares = torch.tensor([[[[0.25, 0.75], [0.5, 0.5]]]])
    check_shares(encoder, [shares], both)
    broken = shares.clone()
    broken[0, 0, 1] = torch.nan
    check_shares(encoder, [broken], torch.tensor([[1.0, 0.0]]))
    refuse_again(encoder)
    for scores in (shares * 3, shares - torch.tensor([1.0, -1.0])):
        with pytest.raises(ValueError, match=r"'Capped \(mine\)' reports is none: in layer 1 .*expected 1"):
            check_shares(encoder, [shares, scores], both)
        with pytest.raises(ValueError, match=r"'Capped \(mine\)' reports is none: in layer 1 .*expected 1"):
            refuse_again(encoder)
