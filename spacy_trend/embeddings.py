"""The embedding layer's output, out of a running forward pass (torch).

It is `hidden_states[0]` of an encoder, but asking for hidden states keeps those of every layer. So the first
pass asks for them and notes which module is given that very tensor; later passes watch this module alone.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from torch import Tensor, nn

#: A module, and where in its call the embedding output stands: an argument's position or keyword.
Place = tuple[nn.Module, int | str]

_PLACES: WeakKeyDictionary[nn.Module, Place] = WeakKeyDictionary()


class EmbeddingObserver:
    """Catches the embedding output of one forward pass of an encoder.

    encoder: the model that is called.
    settled: tells, during the pass, whether the encoder's first attention call is over; only modules
        called before are given the embedding output.

    `output` is the tensor `(windows, wordpieces, width)` once the pass is over, or None.
    """

    def __init__(self, encoder: nn.Module, settled: Callable[[], bool]) -> None:
        self.encoder = encoder
        self.settled = settled
        self.output: Tensor | None = None
        self._seen: list[tuple[Place, Tensor]] = []

    @property
    def needs_hidden_states(self) -> bool:
        """Whether the pass must be asked for `hidden_states`, to be handed to `learn`."""
        return self.encoder not in _PLACES

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the calls made inside the `with` block."""
        if self.needs_hidden_states:
            hooks = [
                module.register_forward_pre_hook(self._note, with_kwargs=True)
                for module in self.encoder.modules()
                if module is not self.encoder
            ]
        else:
            module, _ = _PLACES[self.encoder]
            hooks = [module.register_forward_pre_hook(self._catch, with_kwargs=True)]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def learn(self, hidden_states: tuple[Tensor, ...]) -> Tensor:
        """Take the output from all hidden states, and remember where it stood for the next pass.

        hidden_states: of each layer, `(windows, wordpieces, width)`, the embedding output first.
        RETURNS: the embedding output.
        """
        output = hidden_states[0]
        for place, tensor in self._seen:
            if tensor.data_ptr() == output.data_ptr() and tensor.shape == output.shape:
                _PLACES[self.encoder] = place
                break
        self._seen.clear()
        return output

    def _note(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if not self.settled():
            arguments: list[tuple[int | str, Any]] = [*enumerate(args), *kwargs.items()]
            for where, value in arguments:
                if isinstance(value, Tensor):
                    self._seen.append(((module, where), value))

    def _catch(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if self.output is None:
            _, where = _PLACES[self.encoder]
            self.output = args[where] if isinstance(where, int) else kwargs[where]
