"""The attention that an encoder reports itself, with which its first passes are compared."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import isnan
from operator import methodcaller
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

import torch
from thinc.types import ArgsKwargs
from torch import Tensor, nn

from .attention import AttentionObserver, sums_of_matrices
from .notes import has_notes, lock_of, note, put_back
from .sizes import encoder_size

#: How many wordpieces to compare of an encoder, at most of a window and in all, and at least of a window: a
#: single wordpiece gives all its attention to itself.
MOST, LEAST = 64, 2
#: By how much sums of attention may differ between two ways to compute them in the first layer; each layer
#: adds as much. A GPU may multiply float32 with fewer digits.
CPU_TOLERANCE, GPU_TOLERANCE, HALF_TOLERANCE = 1e-4, 5e-3, 0.05
#: What an encoder raises that cannot report its attention, or not in an eager pass.
_CANNOT_REPORT = (AttributeError, KeyError, RuntimeError, TypeError, ValueError)


#: The logger that says of every encoder that a faster attention reports nothing.
_LOGGER = logging.getLogger("transformers")
#: The name of a note: how the layers compute attention.
_IMPLEMENTATIONS = "implementations of attention"


@dataclass
class _Verdict:
    """What is known of an encoder that computes its attention in one way.

    Attributes:
        implementation: the way, as its config names it.
        compared: how many wordpieces were compared without a difference.
        refusal: why it was refused; None if it was not.
    """

    implementation: Any
    compared: int = 0
    refusal: str | None = None


_VERDICTS: WeakKeyDictionary[nn.Module, _Verdict] = WeakKeyDictionary()


def refuse_again(encoder: Any) -> None:
    """Refuse an encoder that was refused for another text: its attention is wrong even if that does not show.

    Args:
        encoder: the encoder.

    Raises:
        ValueError: if it was refused, and computes its attention as it did then.
    """
    refusal = _verdict(encoder).refusal
    if refusal is not None:
        raise ValueError(refusal)


def check_reported(encoder: Any, inputs: ArgsKwargs) -> None:
    """Compare what can be observed of an encoder with the attention that it reports, if it reports any.

    Both are of a part of one window, so that it costs little; after `MOST` wordpieces in all it is trusted.

    Args:
        encoder: the encoder, in evaluation mode.
        inputs: the arguments of a call of it.

    Raises:
        ValueError: if they differ.
    """
    verdict = _verdict(encoder)
    if verdict.compared < MOST:
        verdict.compared += _compare(encoder, _part(inputs))


def check_shares(encoder: Any, attentions: Sequence[Tensor], queries: Tensor) -> None:
    """Refuse reported attention that is none, such as raw scores: each wordpiece shares out 1.

    Args:
        encoder: the encoder.
        attentions: of each layer `(windows, heads, wordpieces, wordpieces)`.
        queries: `(windows, wordpieces)`, 1 for a wordpiece and 0 for padding.

    Raises:
        ValueError: if what a wordpiece gives is negative somewhere, or its sum is not 1.
    """
    is_query = queries.bool()
    for layer, matrices in enumerate(attentions):
        given = matrices.float().transpose(0, 1)[:, is_query]
        sums = given.sum(dim=-1)
        if bool((given < 0).any()) or bool(((sums - 1).abs() > HALF_TOLERANCE).any()):
            _refuse(
                encoder,
                f"The attention that the encoder '{encoder_size(encoder).name}' reports is none: in layer "
                f"{layer} what a wordpiece gives adds up to {float(sums.min()):.2g} to "
                f"{float(sums.max()):.2g}, expected 1. It may report raw scores. Use an encoder with "
                "standard self-attention, such as BERT or RoBERTa.",
            )


def put_back_level() -> None:
    """Put the level of transformers' logger back, if an interrupt left it changed."""
    if has_notes(_LOGGER):
        with lock_of(_LOGGER):
            put_back(_LOGGER)


def _verdict(encoder: Any) -> _Verdict:
    implementation = getattr(encoder.config, "_attn_implementation", None)
    verdict = _VERDICTS.get(encoder)
    if verdict is None or verdict.implementation != implementation:
        verdict = _VERDICTS[encoder] = _Verdict(implementation)
    return verdict


def _refuse(encoder: Any, message: str) -> NoReturn:
    _verdict(encoder).refusal = message
    raise ValueError(message)


def _compare(encoder: Any, part: ArgsKwargs) -> int:
    """Compare a part of one window.

    Returns:
        how many wordpieces were compared; `MOST` if the encoder reports nothing to compare with.
    """
    wordpieces: int = part.kwargs["attention_mask"].shape[1]
    if wordpieces < LEAST:
        return 0
    size = encoder_size(encoder)
    reported = _reported(encoder, part)
    shape = (1, size.heads, wordpieces, wordpieces)
    if len(reported) != size.layers or any(getattr(layer, "shape", None) != shape for layer in reported):
        return MOST
    observer = AttentionObserver(range(size.layers), part.kwargs["attention_mask"])
    with observer:
        encoder(*part.args, **part.kwargs)
    compared = wordpieces
    for layer, matrices in enumerate(reported):
        expected = sums_of_matrices(matrices, observer.queries).received
        difference = float((observer.received[layer] - expected).abs().max())
        tolerance = _tolerance(encoder) * (layer + 1)
        if difference > tolerance * max(1.0, float(expected.abs().max())):
            _refuse(
                encoder,
                f"The attention of the encoder '{size.name}' is not what it reports itself: in layer {layer} "
                f"the attention received by a wordpiece differs by {difference:.2g}. Expected the same. Its "
                "fast attention may leave something out, such as a softcap, or it reports scores instead of "
                'attention. Load it with transformer_config = {"attn_implementation": "eager"}, or use an '
                "encoder with standard self-attention.",
            )
        # NaN, of broken weights, is no difference, but says nothing either.
        compared = 0 if isnan(difference) else compared
    return compared


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
    # The logger is everybody's: with two comparisons at once, one would put back what the other changed.
    with lock_of(_LOGGER):
        try:
            _be_silent()
            _be_eager(encoder)
            output = encoder(*inputs.args, **inputs.kwargs, output_attentions=True)
        except _CANNOT_REPORT:
            return ()
        finally:
            put_back(_LOGGER)
            put_back(encoder, _IMPLEMENTATIONS)
    attentions = output.get("attentions")
    return attentions if isinstance(attentions, tuple | list) else ()


def _be_eager(encoder: nn.Module) -> None:
    """Have the encoder's layers compute attention eagerly, if they ask their config how to."""
    found: list[Any] = [part.config for part in encoder.modules() if hasattr(part, "config")]
    configs = {id(config): config for config in found}.values()
    before = [(config, getattr(config, "_attn_implementation", None)) for config in configs]
    note(encoder, _IMPLEMENTATIONS, partial(_put_back_implementations, before))
    for config, _ in before:
        config._attn_implementation = "eager"


def _put_back_implementations(before: list[tuple[Any, Any]], encoder: nn.Module) -> None:
    for config, implementation in before:
        config._attn_implementation = implementation


def _be_silent() -> None:
    """Keep to itself that a faster attention reports nothing, which transformers says of every encoder."""
    note(_LOGGER, "level", methodcaller("setLevel", _LOGGER.level))
    _LOGGER.setLevel(logging.ERROR)
