"""Encoders in bfloat16: devices made for it, a copy that follows the weights, outputs back in float32."""

from collections.abc import Iterator
from copy import deepcopy
from itertools import chain
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

#: The state of an encoder's weights; it changes whenever they do.
WeightsState = tuple[tuple[int, int, int], ...]
Output = TypeVar("Output", bound=dict[str, Any])
_COPIES: WeakKeyDictionary[nn.Module, tuple[WeightsState, nn.Module]] = WeakKeyDictionary()


def bfloat16_obstacle(device: torch.device) -> str | None:
    """Return why bfloat16 would not pay on a device; None if the device is made for it."""
    if device.type == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return None
        return "the GPU has no bfloat16 units"
    if device.type == "cpu":
        if not hasattr(torch.cpu, "get_capabilities"):
            return f"torch {torch.__version__} does not tell what the processor can do"
        capabilities = torch.cpu.get_capabilities()
        if capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"):
            return None
        return "the processor has no instructions for bfloat16 that are known to pay (AMX or AVX-512)"
    return f"it is not known to pay on devices of type '{device.type}'"


def bfloat16_time(device: torch.device, width: int, intermediate_width: int) -> float:
    """Measure, in 0.1 s, the time of a matrix product of 128 wordpieces in bfloat16.

    Args:
        device: where to measure.
        width: the width of the encoder's embeddings.
        intermediate_width: the width of its widest activation.

    Returns:
        the time as a share of that in float32.
    """
    # Imported late, because it takes long.
    from torch.utils.benchmark import Timer

    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        factors = {
            "wordpieces": torch.rand(128, width, device=device, dtype=dtype),
            "weights": torch.rand(width, intermediate_width, device=device, dtype=dtype),
        }
        timer = Timer("wordpieces @ weights", globals=factors, num_threads=torch.get_num_threads())
        seconds[dtype] = timer.blocked_autorange(min_run_time=0.05).median
    return seconds[torch.bfloat16] / seconds[torch.float32]


def bfloat16_copy(encoder: nn.Module) -> nn.Module:
    """Get the copy of an encoder with weights in bfloat16, made once and renewed when the weights change.

    Args:
        encoder: the encoder.

    Returns:
        a module in evaluation mode, on the device of the encoder.
    """
    state = _weights_state(encoder)
    known, copy = _COPIES.get(encoder, (None, None))
    if copy is None:
        copy = deepcopy(encoder).to(torch.bfloat16).requires_grad_(False).eval()
    elif state != known:
        copy.to(next(encoder.parameters()).device).load_state_dict(encoder.state_dict())
    _COPIES[encoder] = state, copy
    return copy


def as_float32(output: Output) -> Output:
    """Convert the tensors of an output, and its tuples of tensors, to float32 in place.

    Args:
        output: tensors, or tuples of tensors, by name.

    Returns:
        the same output.
    """
    for name, value in output.items():
        if isinstance(value, Tensor):
            output[name] = value.float()
        elif all(isinstance(part, Tensor) for part in value):
            output[name] = tuple(part.float() for part in value)
    return output


def _weights_state(encoder: nn.Module) -> WeightsState:
    return tuple(_state(tensor) for tensor in _weights(encoder))


def _weights(encoder: nn.Module) -> Iterator[Tensor]:
    return chain(encoder.parameters(), encoder.buffers())


def _state(tensor: Tensor) -> tuple[int, int, int]:
    # The gradient's version too: thinc's optimizers write through numpy, which torch does not count, but then
    # set the gradient to zero.
    return tensor.data_ptr(), tensor._version, -1 if tensor.grad is None else tensor.grad._version
