"""A forward pass over packs, for the encoders that can do it: those whose first packed batch was right."""

from collections.abc import Callable
from inspect import signature
from typing import Any
from weakref import WeakSet

import torch
from thinc.types import ArgsKwargs
from torch import Tensor, nn
from transformers.file_utils import ModelOutput

from ..types import Ints
from .buckets import run_cost, window_lengths
from .calls import as_configured, call, hidden_states, output_of
from .packs import CannotPackError, Pack, packs_of
from .reported import check_reported, refuse_again
from .requests import Requests
from .sizes import first_position

#: Encoders whose first packed batch equalled the same batch in buckets, and those for which it did not.
_PACKED: WeakSet[nn.Module] = WeakSet()
_NOT_PACKED: WeakSet[nn.Module] = WeakSet()
#: By how much the two may differ, as a share of the greatest number; in half precision.
TOLERANCE, HALF_TOLERANCE = 1e-4, 0.05
#: A pack may have so many times the wordpieces of a bucket, measured on a CPU with all-MiniLM-L6-v2: of 1, 2,
#: 4 and any number of times, 4 was fastest on questions, messages and paragraphs together.
TIMES_A_BUCKET = 4
#: What a pack is made of, and what of an output can be put together again.
_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
_OUTPUTS = {"last_hidden_state", "pooler_output", "hidden_states"}


def run_packed(
    encoder: Any, inputs: ArgsKwargs, requests: Requests, in_buckets: Callable[[], ModelOutput]
) -> ModelOutput:
    """Run an encoder over packs if it can, and else in buckets.

    The first batch is run both ways. If the results differ, the encoder is never packed again. Windows of one
    length need no pack.

    Args:
        encoder: the encoder, in evaluation mode.
        inputs: the arguments of its call.
        requests: what is asked of the pass.
        in_buckets: runs the same batch in buckets.

    Returns:
        the output of the whole batch, padding zero, with the fields that the requests add.
    """
    lengths = _lengths(encoder, inputs)
    if lengths is None or lengths.min() == lengths.max():
        return in_buckets()
    try:
        output = _run(encoder, inputs, requests, lengths)
    except CannotPackError:
        _NOT_PACKED.add(encoder)
        return in_buckets()
    if encoder in _PACKED:
        check_reported(encoder, inputs)
        return output
    expected = in_buckets()
    if not _agree(output, expected, HALF_TOLERANCE if encoder.dtype.itemsize == 2 else TOLERANCE):
        _NOT_PACKED.add(encoder)
        return expected
    _PACKED.add(encoder)
    # Not the other one: the same batch gives the same numbers, the first time and later.
    return output


def _lengths(encoder: Any, inputs: ArgsKwargs) -> Ints | None:
    """Return the wordpieces of each window, int64 `(windows,)`; None if the batch cannot be packed."""
    config = encoder.config
    can_pack = (
        encoder not in _NOT_PACKED
        and encoder.device.type == "cpu"
        and getattr(config, "_attn_implementation", None) == "sdpa"
        and not config.output_attentions
        and not getattr(config, "is_decoder", False)
        and not inputs.args
        and {name for name, value in inputs.kwargs.items() if isinstance(value, Tensor)} <= _INPUTS
        and (
            encoder in _PACKED
            or {"position_ids", "token_type_ids"} <= signature(encoder.forward).parameters.keys()
        )
    )
    lengths = window_lengths(inputs.kwargs["attention_mask"]) if can_pack else None
    return None if lengths is None or len(lengths) == 0 or lengths.min() == 0 else lengths


def _run(encoder: Any, inputs: ArgsKwargs, requests: Requests, lengths: Ints) -> ModelOutput:
    refuse_again(encoder)
    mask = inputs.kwargs["attention_mask"]
    windows, longest = mask.shape
    size = requests.size
    cost = run_cost(size.width, size.intermediate_width, encoder.device, encoder.dtype)
    whole: dict[str, Any] = {}
    mutual: dict[str, Tensor] = {}
    kind: type[Any] = ModelOutput
    first = first_position(encoder)
    for pack in packs_of(lengths, longest, TIMES_A_BUCKET * cost.most, mask.device):
        attention = requests.packed_observer(pack, longest)
        packed = ArgsKwargs((), _packed_inputs(inputs.kwargs, pack, first))
        with attention:
            output = call(encoder, packed, output_hidden_states=True)
        static, *layers = hidden_states(encoder, output)
        if attention.calls != size.layers or not set(output) <= _OUTPUTS:
            raise CannotPackError(f"Got {attention.calls} attention calls and the outputs {list(output)}.")
        output = as_configured(output, encoder.config)
        kind = type(output)
        fields = {**output, **requests.answers(static, layers, attention)}
        for name, value in fields.items():
            if name != "pooler_output":
                _put(whole, name, value, pack, windows * longest)
        for name, of_pack in requests.mutual(attention).items():
            mutual.setdefault(name, of_pack.new_zeros(windows, longest, longest))[pack.windows] = of_pack
    laid_out = {name: _laid_out(value, windows, longest) for name, value in whole.items()} | mutual
    if "pooler_output" in output:
        laid_out["pooler_output"] = _pooled(encoder, laid_out["last_hidden_state"])
    return output_of(kind, laid_out)


def _packed_inputs(inputs: dict[str, Any], pack: Pack, first: int) -> dict[str, Any]:
    packed = {
        name: value.reshape(-1)[pack.places][None] if isinstance(value, Tensor) else value
        for name, value in inputs.items()
    }
    packed["position_ids"] = (pack.positions + first)[None]
    if packed.get("token_type_ids") is None:
        # Encoders keep zeros for as many wordpieces as a window may have.
        packed["token_type_ids"] = torch.zeros_like(packed["input_ids"])
    return packed


def _put(whole: dict[str, Any], name: str, value: Any, pack: Pack, places: int) -> None:
    """Put the packed tensor of a field, or each of several, in its place in the flattened batch."""
    parts = (value,) if isinstance(value, Tensor) else value
    if name not in whole:
        empty = tuple(part.new_zeros(places, *part.shape[2:]) for part in parts)
        whole[name] = empty[0] if isinstance(value, Tensor) else empty
    wholes = (whole[name],) if isinstance(value, Tensor) else whole[name]
    for flat, part in zip(wholes, parts, strict=True):
        flat[pack.places] = part[0]


def _laid_out(value: Any, windows: int, longest: int) -> Any:
    """Return flattened tensors as `(windows, wordpieces, width)`."""
    if not isinstance(value, Tensor):
        return tuple(_laid_out(part, windows, longest) for part in value)
    return value.view(windows, longest, *value.shape[1:])


def _pooled(encoder: Any, last: Tensor) -> Tensor | None:
    """Return what an encoder's pooler makes of the first wordpiece of each window."""
    first = last[:, :1].contiguous()
    pooler = getattr(encoder, "pooler", None)
    if isinstance(pooler, nn.Linear):
        # ALBERT's.
        activated: Tensor = encoder.pooler_activation(pooler(first[:, 0]))
        return activated
    if pooler is None:
        raise CannotPackError("Got a pooled output of an encoder without a pooler.")
    pooled: Tensor = pooler(first)
    return pooled


def _agree(output: ModelOutput, expected: ModelOutput, tolerance: float) -> bool:
    return list(output) == list(expected) and all(
        _are_close(output[name], expected[name], tolerance) for name in output
    )


def _are_close(value: Any, expected: Any, tolerance: float) -> bool:
    if not isinstance(value, Tensor):
        return len(value) == len(expected) and all(
            _are_close(*parts, tolerance) for parts in zip(value, expected, strict=True)
        )
    most = float(expected.abs().max()) if expected.numel() else 0.0
    return value.shape == expected.shape and bool(
        (value - expected).abs().max() <= tolerance * max(most, 1e-6)
    )
