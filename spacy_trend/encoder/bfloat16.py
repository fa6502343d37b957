"""An encoder in bfloat16: whether a device is made for it, and a copy that follows the weights (torch)."""

from collections.abc import Iterator
from copy import deepcopy
from itertools import chain
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

#: State of an encoder's weights: it changes when they do.
WeightsState = tuple[tuple[int, int, int], ...]


_COPIES: WeakKeyDictionary[nn.Module, tuple[WeightsState, nn.Module]] = WeakKeyDictionary()


def bfloat16_copy(encoder: nn.Module) -> nn.Module:
    """A copy of an encoder with weights in bfloat16, made once and renewed whenever the weights changed.

    RETURNS: a module in evaluation mode, on the device of the encoder.
    """
    state = _weights_state(encoder)
    known, copy = _COPIES.get(encoder, (None, None))
    if copy is None:
        copy = deepcopy(encoder).to(torch.bfloat16).requires_grad_(False).eval()
    elif state != known:
        copy.to(next(encoder.parameters()).device).load_state_dict(encoder.state_dict())
    _COPIES[encoder] = state, copy
    return copy


def bfloat16_obstacle(device: torch.device) -> str | None:
    """Why bfloat16 would not pay on a device; None where the device is made for it."""
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
    """How long a matrix product takes in bfloat16, as a share of its time in float32; measured in 0.1 s.

    width, intermediate_width: of the encoder's embeddings, and of its widest activation: 128 wordpieces are
        multiplied.
    """
    # Here, because it is slow to import.
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


def _weights_state(encoder: nn.Module) -> WeightsState:
    return tuple(_state(tensor) for tensor in _weights(encoder))


def _weights(encoder: nn.Module) -> Iterator[Tensor]:
    return chain(encoder.parameters(), encoder.buffers())


def _state(tensor: Tensor) -> tuple[int, int, int]:
    # The gradient's too: thinc's optimizers write through numpy, which torch counts nowhere, but then set the
    # gradient to zero.
    return tensor.data_ptr(), tensor._version, -1 if tensor.grad is None else tensor.grad._version
