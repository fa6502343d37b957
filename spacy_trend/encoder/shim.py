"""Base of the observing shims."""

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from operator import methodcaller
from typing import Any, TypeVar

import torch

from .attention import AttentionObserver, observers, take_off
from .bfloat16 import bfloat16_copy, bfloat16_obstacle
from .notes import lock_of, note, put_back
from .readers import requests_of
from .requests import EncoderSize, Request, Requests

Result = TypeVar("Result")


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

    def run_encoder(self, requests: Requests, run: Callable[[Any], Result]) -> Result:
        """Run the encoder in evaluation mode, or its bfloat16 copy, while other threads wait.

        Args:
            requests: what is asked of the pass.
            run: calls the encoder that it is given.

        Returns:
            what `run` returns.
        """
        encoder = self._model
        # Plain blocks: an interrupt inside a generator or an ExitStack would leave the lock held.
        with lock_of(encoder):
            # What an interrupt of the last pass left.
            put_back(encoder)
            take_off(observer for observer in observers() if observer.is_over)
            gradients, autocast = torch.is_grad_enabled(), torch.is_autocast_enabled("cuda")
            try:
                note(encoder, "observers", partial(_end_others, observers()), in_thread=True)
                with torch.no_grad():
                    if self._can_use_bfloat16(requests):
                        copy = bfloat16_copy(encoder)
                        put_back(copy)
                        return run(copy)
                    note(encoder, "evaluation mode", methodcaller("train"))
                    encoder.eval()
                    # Not torch.autocast, which an interrupt leaves with weights in its cache that get stale.
                    torch.set_autocast_enabled("cuda", self._mixed_precision)
                    return run(encoder)
            finally:
                # Gradients, too: an interrupt inside torch.no_grad leaves them off.
                torch.set_grad_enabled(gradients)
                torch.set_autocast_enabled("cuda", autocast)
                torch.clear_autocast_cache()
                put_back(encoder)

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


def _end_others(kept: Sequence[AttentionObserver], encoder: Any) -> None:
    """End all observers of this thread but those that were active before the pass."""
    take_off(observer for observer in observers() if all(observer is not other for other in kept))
