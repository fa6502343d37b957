"""Base of the observing shims."""

import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import RLock
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn

from .bfloat16 import bfloat16_copy, bfloat16_obstacle
from .readers import requests_of
from .requests import EncoderSize, Request, Requests

#: One lock for each encoder: a forward pass puts it into evaluation mode, so only one may run at a time. The
#: locks are not attributes of the shims, because a lock can be neither copied nor pickled.
_LOCKS: WeakKeyDictionary[nn.Module, Any] = WeakKeyDictionary()
if hasattr(os, "register_at_fork"):
    # The thread that held a lock does not exist in the child, which would wait for it for ever.
    os.register_at_fork(after_in_child=_LOCKS.clear)


class Observing:
    """A mixin for shims that observe their encoder.

    The shim itself has `_model`, the encoder or None, and `_mixed_precision`.

    What is asked of it is no attribute, which copies and pickles would carry: see `readers`.

    Attributes:
        has_warned: whether a warning said that bfloat16 is not used.
    """

    _model: Any
    _mixed_precision: bool
    has_warned: bool

    def take_over_from(self, shim: Any) -> None:
        """Take over the state of the shim that this one replaces."""
        self.__dict__ = {**shim.__dict__, "has_warned": False}

    @property
    def requests(self) -> dict[str, Request]:
        """What is asked now, by the keys of those who ask."""
        return requests_of(self)

    @property
    def has_encoder(self) -> bool:
        """Whether the encoder is loaded; in a pipeline that was not initialized it is not."""
        return self._model is not None

    @property
    def uses_output_attentions(self) -> bool:
        """Whether the encoder is asked for its attention, because an earlier pass could not be observed."""
        return False

    @property
    def size(self) -> EncoderSize:
        """The size of the encoder; raises a ValueError if it is not loaded yet."""
        raise NotImplementedError

    @contextmanager
    def encoder_to_run(self, requests: Requests) -> Iterator[Any]:
        """Lend the encoder in evaluation mode, or its bfloat16 copy, while other threads wait.

        Args:
            requests: what is asked of the pass.

        Yields:
            the encoder to call.
        """
        encoder = self._model
        with ExitStack() as stack:
            stack.enter_context(_LOCKS.setdefault(encoder, RLock()))
            stack.enter_context(torch.no_grad())
            if self._can_use_bfloat16(requests):
                yield bfloat16_copy(encoder)
                return
            # Before it is put into evaluation mode, which an interrupt may cut short.
            stack.callback(encoder.train)
            encoder.eval()
            stack.enter_context(torch.autocast("cuda", enabled=self._mixed_precision))
            yield encoder

    def requests_now(self) -> Requests:
        """Return a snapshot of the requests, for one pass.

        Raises:
            ValueError: if the encoder is not loaded yet.
        """
        return Requests(self.requests, self.size)

    def _can_use_bfloat16(self, requests: Requests) -> bool:
        """Return whether bfloat16 is asked for and pays; warn once if it is asked for and does not."""
        if not any(request.bfloat16 for request in requests.by_key.values()):
            return False
        obstacle = bfloat16_obstacle(next(self._model.parameters()).device)
        if obstacle is not None and not self.has_warned:
            self.has_warned = True
            warnings.warn(
                f"precision='bfloat16' is not used: {obstacle}. The encoder runs in its own precision. Set "
                "precision='model', or use a device made for bfloat16.",
                stacklevel=3,
            )
        return obstacle is None
