"""The size of an encoder of Hugging Face's transformers, and how long its windows may be."""

import os
from typing import Any

from torch import nn

from .requests import EncoderSize


def encoder_size(encoder: Any) -> EncoderSize:
    """Read the size of an encoder from its config.

    Args:
        encoder: a model of Hugging Face's transformers.

    Returns:
        its size.

    Raises:
        ValueError: if it has no attention heads or no layers, or its config lacks another of these numbers.
    """
    config = encoder.config
    # spacy-transformers loads a saved encoder from a temporary folder, another one each time.
    is_gone = os.path.isabs(config.name_or_path) and not os.path.isdir(config.name_or_path)
    origin = config.model_type if is_gone else config.name_or_path or config.model_type
    name = f"{type(encoder).__name__} ({origin})"
    if getattr(config, "num_attention_heads", None) is None:
        raise ValueError(
            f"The encoder '{name}' has no attention heads: its config has no num_attention_heads. Expected "
            "an encoder with standard self-attention, such as BERT or RoBERTa."
        )
    fields = ("num_hidden_layers", "num_attention_heads", "hidden_size")
    numbers: dict[str, Any] = {field: getattr(config, field, None) for field in fields}
    if not all(isinstance(number, int) for number in numbers.values()):
        raise ValueError(
            f"The size of the encoder '{name}' is not known: its config has {numbers}. Expected a whole "
            "number for each, the same for all layers. Use an encoder with standard self-attention, "
            "such as BERT or RoBERTa."
        )
    if numbers["num_hidden_layers"] < 1:
        raise ValueError(no_layers(name, f"num_hidden_layers={numbers['num_hidden_layers']}"))
    # Some configs have None, or a number for each layer.
    intermediate = getattr(config, "intermediate_size", None)
    layers, heads, width = numbers.values()
    intermediate_width = intermediate if isinstance(intermediate, int) else 4 * width
    return EncoderSize(name, layers, heads, width, intermediate_width)


def no_layers(name: str, got: str) -> str:
    """Return what to say of an encoder without layers.

    Args:
        name: of the encoder.
        got: what it has instead.
    """
    return (
        f"The encoder '{name}' has no layers: got {got}. Expected one layer or more, whose attention can be "
        "observed. Use an encoder with standard self-attention, such as BERT or RoBERTa."
    )


def max_positions(encoder: nn.Module) -> int | None:
    """Return how many wordpieces of a window an encoder has positions for; None for any number.

    With a longer window the encoder fails.
    """
    tables = _position_tables(encoder)
    counts = [table.num_embeddings - _unused(table) for table in tables]
    return min(counts, default=None)


def first_position(encoder: nn.Module) -> int:
    """Return the number of a window's first position."""
    return max(map(_unused, _position_tables(encoder)), default=0)


def _position_tables(encoder: nn.Module) -> list[nn.Embedding]:
    return [
        part
        for name, part in encoder.named_modules()
        if name.endswith("position_embeddings") and isinstance(part, nn.Embedding)
    ]


def _unused(table: nn.Embedding) -> int:
    """Return how many positions stand before the first: RoBERTa and its kin count from behind padding."""
    return 0 if table.padding_idx is None else table.padding_idx + 1
