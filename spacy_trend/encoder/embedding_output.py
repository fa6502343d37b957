"""The embedding layer's output, caught in a running forward pass.

It is `hidden_states[0]` of an encoder, but a pass that is asked for hidden states keeps those of every layer.
So only the first pass is asked: it notes which module is given that very tensor, and later passes watch this
module alone.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import get_ident
from typing import Any
from weakref import WeakKeyDictionary

from torch import Tensor, nn

#: A module, and the position or keyword of its argument that is the embedding output.
Place = tuple[nn.Module, int | str]
#: Where each encoder's embedding output was found.
_PLACES: WeakKeyDictionary[nn.Module, Place] = WeakKeyDictionary()


class EmbeddingObserver:
    """An observer of the embedding output in one forward pass, in the thread that makes it.

    Args:
        encoder: the model that is called.
        attention_began: returns whether the encoder's first attention call is over; only modules called
            before it are given the embedding output.

    Attributes:
        output: `(windows, wordpieces, width)` after the pass. None if the pass was asked for hidden states,
            which `learn` takes, or if it no longer goes through the place that was learned.
    """

    def __init__(self, encoder: nn.Module, attention_began: Callable[[], bool]) -> None:
        self.encoder = encoder
        self.attention_began = attention_began
        self.thread = get_ident()
        self.output: Tensor | None = None
        self._seen: dict[Place, Tensor] = {}

    @property
    def needs_hidden_states(self) -> bool:
        """Whether the pass must be asked for `hidden_states`, to be handed to `learn`."""
        return self.encoder not in _PLACES

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the calls made inside the `with` block."""
        if self.needs_hidden_states:
            modules = [module for module in self.encoder.modules() if module is not self.encoder]
            hook: Callable[..., None] = self._note
        else:
            modules, hook = [_PLACES[self.encoder][0]], self._catch
        with ExitStack() as stack:
            for module in modules:
                # First, so that an interrupt between the two leaves no hook on the module.
                stack.callback(_unhook, module, self)
                module.register_forward_pre_hook(hook, with_kwargs=True)
            yield

    def learn(self, hidden_states: tuple[Tensor, ...]) -> Tensor:
        """Take the output from all hidden states, and remember for the next pass where it stood.

        Args:
            hidden_states: for each layer `(windows, wordpieces, width)`, the embedding output first.

        Returns:
            the embedding output.
        """
        output = hidden_states[0]
        for place, tensor in self._seen.items():
            if tensor.data_ptr() == output.data_ptr() and tensor.shape == output.shape:
                _PLACES[self.encoder] = place
                break
        self._seen.clear()
        return output

    def forget(self) -> None:
        """Forget where the output stood, so that the next pass asks for hidden states again."""
        _PLACES.pop(self.encoder, None)

    def _note(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if get_ident() == self.thread and not self.attention_began():
            for where, value in _arguments(args, kwargs).items():
                # Only the first call: later passes take the first as well.
                if isinstance(value, Tensor):
                    self._seen.setdefault((module, where), value)

    def _catch(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if get_ident() == self.thread and self.output is None:
            _, where = _PLACES[self.encoder]
            self.output = _arguments(args, kwargs).get(where)


def _unhook(module: nn.Module, observer: EmbeddingObserver) -> None:
    """Remove the hooks of an observer from a module."""
    hooks = module._forward_pre_hooks
    for number in [number for number, hook in hooks.items() if getattr(hook, "__self__", None) is observer]:
        hooks.pop(number)
        module._forward_pre_hooks_with_kwargs.pop(number, None)


def _arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[int | str, Any]:
    arguments: dict[int | str, Any] = dict(enumerate(args))
    arguments.update(kwargs)
    return arguments
