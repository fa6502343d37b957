"""The attention that an encoder reports itself, with which what was observed is compared once."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from thinc.types import ArgsKwargs
from torch import Tensor

from .attention import AttentionObserver, sums_of_matrices
from .sizes import encoder_size

#: How many wordpieces of a window to compare, at most and at least: of fewer, all attention is alike.
MOST, LEAST = 64, 3
#: By how much sums of attention may differ between two ways to compute them in the first layer; each layer
#: adds as much. A GPU may multiply float32 with fewer digits.
CPU_TOLERANCE, GPU_TOLERANCE, HALF_TOLERANCE = 1e-4, 5e-3, 0.05
#: What an encoder raises that cannot report its attention, or not in an eager pass.
_CANNOT_REPORT = (AttributeError, KeyError, RuntimeError, TypeError, ValueError)


def check_reported(encoder: Any, inputs: ArgsKwargs) -> bool:
    """Compare what can be observed of an encoder with the attention that it reports, if it reports any.

    Both are of a part of one window, so that it costs little.

    Args:
        encoder: the encoder, in evaluation mode.
        inputs: the arguments of a call of it.

    Returns:
        whether they were compared, or cannot be; False if every window is too short to tell.

    Raises:
        ValueError: if they differ.
    """
    part = _part(inputs)
    wordpieces = part.kwargs["attention_mask"].shape[1]
    if wordpieces < LEAST:
        return False
    size = encoder_size(encoder)
    reported = _reported(encoder, part)
    shape = (1, size.heads, wordpieces, wordpieces)
    if len(reported) != size.layers or any(getattr(layer, "shape", None) != shape for layer in reported):
        return True
    observer = AttentionObserver(range(size.layers), part.kwargs["attention_mask"])
    with observer:
        encoder(*part.args, **part.kwargs)
    for layer, matrices in enumerate(reported):
        expected = sums_of_matrices(matrices, observer.queries).received
        difference = float((observer.received[layer] - expected).abs().max())
        tolerance = _tolerance(encoder) * (layer + 1)
        # NaN, of broken weights, is no difference.
        if difference > tolerance * max(1.0, float(expected.abs().max())):
            raise ValueError(
                f"The attention of the encoder '{size.name}' is not what it reports itself: in layer {layer} "
                f"the attention received by a wordpiece differs by {difference:.2g}. Expected the same. Its "
                "fast attention may leave something out, such as a softcap, or it reports scores instead of "
                'attention. Load it with transformer_config = {"attn_implementation": "eager"}, or use an '
                "encoder with standard self-attention."
            )
    return True


def check_shares(name: str, attentions: Sequence[Tensor], queries: Tensor) -> None:
    """Refuse reported attention that is none, such as raw scores: each wordpiece shares out 1.

    Args:
        name: the encoder's name.
        attentions: of each layer `(windows, heads, wordpieces, wordpieces)`.
        queries: `(windows, wordpieces)`, 1 for a wordpiece and 0 for padding.

    Raises:
        ValueError: if what a wordpiece gives is negative somewhere, or its sum is not 1.
    """
    is_query = queries[:, None, :].bool()
    for layer, matrices in enumerate(attentions):
        given = matrices.float().transpose(0, 1)[:, is_query[:, 0]]
        sums = given.sum(dim=-1)
        if bool((given < 0).any()) or bool(((sums - 1).abs() > HALF_TOLERANCE).any()):
            raise ValueError(
                f"The attention that the encoder '{name}' reports is none: in layer {layer} what a wordpiece "
                f"gives adds up to {float(sums.min()):.2g} to {float(sums.max()):.2g}, expected 1. It may "
                "report raw scores. Use an encoder with standard self-attention, such as BERT or RoBERTa."
            )


def _tolerance(encoder: Any) -> float:
    kind = encoder.device.type
    if encoder.dtype.itemsize < 4 or torch.is_autocast_enabled(kind):
        return HALF_TOLERANCE
    return CPU_TOLERANCE if kind == "cpu" else GPU_TOLERANCE


def _part(inputs: ArgsKwargs) -> ArgsKwargs:
    """Return the start of the longest window alone, without padding."""
    mask = inputs.kwargs["attention_mask"]
    window = int(mask.sum(dim=1).argmax())
    positions = mask[window].nonzero()[:MOST, 0]
    taken = {
        name: value[window : window + 1, positions] if isinstance(value, Tensor) else value
        for name, value in inputs.kwargs.items()
    }
    return ArgsKwargs(inputs.args, taken)


def _reported(encoder: Any, inputs: ArgsKwargs) -> Sequence[Any]:
    """Return the attention matrices of an eager pass; none if the encoder cannot report them."""
    with _eager(encoder), _silent():
        try:
            output = encoder(*inputs.args, **inputs.kwargs, output_attentions=True)
        except _CANNOT_REPORT:
            return ()
    attentions = output.get("attentions")
    return attentions if isinstance(attentions, tuple | list) else ()


@contextmanager
def _eager(encoder: torch.nn.Module) -> Iterator[None]:
    """Have the encoder's layers compute attention eagerly, if they ask their config how to."""
    found: list[Any] = [part.config for part in encoder.modules() if hasattr(part, "config")]
    configs = {id(config): config for config in found}
    before = {number: getattr(config, "_attn_implementation", None) for number, config in configs.items()}
    try:
        for config in configs.values():
            config._attn_implementation = "eager"
        yield
    finally:
        for number, config in configs.items():
            config._attn_implementation = before[number]


@contextmanager
def _silent() -> Iterator[None]:
    """Keep to itself that a faster attention reports nothing, which transformers says of every encoder."""
    logger = logging.getLogger("transformers")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
