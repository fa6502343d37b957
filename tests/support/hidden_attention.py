"""Encoders that compute their attention in a way that no observer recognises."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as functional
from torch import Tensor


def hide_softmax(monkeypatch: pytest.MonkeyPatch, is_hidden: Callable[[], bool] = lambda: True) -> None:
    """Have eager attention computed with exponentials, which no observer recognises, where it is so told."""

    def by_exponentials(scores: Tensor, dim: int, dtype: torch.dtype | None = None) -> Tensor:
        if not is_hidden():
            return torch.softmax(scores, dim=dim, dtype=dtype)
        exponentials = (scores - scores.amax(dim=dim, keepdim=True)).exp()
        return exponentials / exponentials.sum(dim=dim, keepdim=True)

    monkeypatch.setattr(functional, "softmax", by_exponentials)


def hide_attention(encoder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a BERT compute its attention with exponentials, which no observer recognises."""

    def attend(self: Any, hidden_states: Any, attention_mask: Any = None, *args: Any, **kwargs: Any) -> Any:
        query, key, value = (
            self.transpose_for_scores(project(hidden_states))
            for project in (self.query, self.key, self.value)
        )
        scores = query @ key.transpose(-1, -2) / self.attention_head_size**0.5
        if attention_mask is not None:
            scores = scores + attention_mask
        weights = (scores - scores.max(-1, keepdim=True).values).exp()
        weights = weights / weights.sum(-1, keepdim=True)
        context = (weights @ value).transpose(1, 2).reshape(hidden_states.shape)
        wants_attention = args[-1] if args else kwargs.get("output_attentions")
        return (context, weights) if wants_attention else (context,)

    for layer in encoder.encoder.layer:
        monkeypatch.setattr(type(layer.attention.self), "forward", attend)
