"""What a forward pass costs on the device that an encoder runs on."""

from typing import Any

import torch

from .buckets import RunCost

#: More wordpieces than any batch has.
NEVER_TOO_MANY = 2**40


def run_cost(encoder: Any) -> RunCost:
    """What a forward pass of an encoder costs, beside its wordpieces, on the device it is on.

    On a CPU, measured with all-MiniLM-L6-v2 (6 layers, width 384) on two cores: a call costs as much as 54
    wordpieces, 2 * 10^8 operations a layer, and in half precision, where operations are faster, as 10^9; a
    wordpiece costs least where the widest activation is at most 4 MB a thread, and 15% more at 12 MB. On a
    GPU, not measured: launching the kernels of a layer takes as long as 5 * 10^9 operations, and a device is
    filled when each multiprocessor has a tile of 128 by 128 of every matrix product.
    """
    width = encoder.config.hidden_size
    inner = getattr(encoder.config, "intermediate_size", 4 * width)
    operations = 4 * width * (2 * width + inner)
    if encoder.device.type == "cpu":
        is_half = encoder.dtype.itemsize == 2
        most = max(1, torch.get_num_threads() * 2**22 // (encoder.dtype.itemsize * inner))
        return RunCost(call=(10**9 if is_half else 2 * 10**8) // operations, least=1, most=most)
    if encoder.device.type == "cuda":
        processors = torch.cuda.get_device_properties(encoder.device).multi_processor_count
        least = processors * 128 * 128 // width
        return RunCost(call=5 * 10**9 // operations, least=least, most=NEVER_TOO_MANY)
    return RunCost(call=0, least=NEVER_TOO_MANY, most=NEVER_TOO_MANY)
