"""What shims that observe have in common: who asks for what, and the encoder made ready to run (torch)."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn

from .bfloat16 import bfloat16_copy, bfloat16_obstacle
from .requests import EncoderSize, Request, Requests

#: One forward pass of an encoder at a time: it is in evaluation mode for its length only. They stand here, as
#: a lock can be neither copied nor pickled with its shim.
_LOCKS: WeakKeyDictionary[nn.Module, Any] = WeakKeyDictionary()


class Observing:
    """A part of shims: they have a `_model`, the encoder, and `_mixed_precision`.

    requests: by key, what is asked for.
    has_warned: whether it was said that bfloat16 is not used.
    """

    _model: Any
    _mixed_precision: bool
    requests: dict[str, Request]
    has_warned: bool

    def take_over_from(self, shim: Any) -> None:
        """Take over the state of the shim in whose place this one is put."""
        self.__dict__ = {**shim.__dict__, "requests": {}, "has_warned": False}

    @property
    def has_encoder(self) -> bool:
        """Whether the encoder is there; a pipeline that was not initialized has none."""
        return self._model is not None

    @property
    def uses_output_attentions(self) -> bool:
        """Whether the encoder is asked for its attention, as a forward pass did not let it be seen."""
        return False

    @property
    def size(self) -> EncoderSize:
        """What is known of the encoder. RAISES: ValueError where there is none yet."""
        raise NotImplementedError

    @contextmanager
    def encoder_to_run(self, requests: Requests) -> Iterator[Any]:
        """The encoder in evaluation mode, or its bfloat16 copy; other threads wait until the block ends."""
        encoder = self._model
        with _LOCKS.setdefault(encoder, RLock()), torch.no_grad():
            if self._can_use_bfloat16(requests):
                yield bfloat16_copy(encoder)
                return
            encoder.eval()
            try:
                with torch.autocast("cuda", enabled=self._mixed_precision):
                    yield encoder
            finally:
                encoder.train()

    def requests_now(self) -> Requests:
        """A copy of what is asked for, for one pass. RAISES: ValueError where there is no encoder yet."""
        return Requests(dict(self.requests), self.size)

    def _can_use_bfloat16(self, requests: Requests) -> bool:
        """Whether somebody asks for bfloat16 and the device is made for it; says once where it is not."""
        if not any(request.bfloat16 for request in requests.by_key.values()):
            return False
        obstacle = bfloat16_obstacle(next(self._model.parameters()).device)
        if obstacle is not None and not self.has_warned:
            self.has_warned = True
            warnings.warn(
                f"precision='bfloat16' is not used: {obstacle}. The encoder runs as its model is. Set "
                "precision='model', or run on a device made for bfloat16.",
                stacklevel=3,
            )
        return obstacle is None
