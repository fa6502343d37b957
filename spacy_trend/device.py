"""What a forward pass costs on the device that an encoder runs on."""

import torch

from .buckets import RunCost

#: More wordpieces than any batch has.
NEVER_TOO_MANY = 2**40


def run_cost(width: int, inner: int, device: torch.device, dtype: torch.dtype) -> RunCost:
    """What a forward pass of an encoder costs, beside its wordpieces, on the device it is on.

    width, inner: the width of its embeddings, and of its widest activation.
    dtype: of its weights.

    On a CPU, measured with all-MiniLM-L6-v2 (6 layers, width 384) on two cores: a call costs as much as 54
    wordpieces, 2 * 10^8 operations a layer, and in half precision, where operations are faster, as 10^9; a
    wordpiece costs least where the widest activation is at most 4 MB a thread, and 15% more at 12 MB. On a
    GPU, not measured: launching the kernels of a layer takes as long as 5 * 10^9 operations, and a device is
    filled when each multiprocessor has a tile of 128 by 128 of every matrix product.
    """
    operations = 4 * width * (2 * width + inner)
    if device.type == "cpu":
        is_half = dtype.itemsize == 2
        most = max(1, torch.get_num_threads() * 2**22 // (dtype.itemsize * inner))
        return RunCost(call=(10**9 if is_half else 2 * 10**8) // operations, least=1, most=most)
    if device.type == "cuda":
        processors = torch.cuda.get_device_properties(device).multi_processor_count
        least = processors * 128 * 128 // width
        return RunCost(call=5 * 10**9 // operations, least=least, most=NEVER_TOO_MANY)
    return RunCost(call=0, least=NEVER_TOO_MANY, most=NEVER_TOO_MANY)
