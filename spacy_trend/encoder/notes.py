"""Notes of what a pass changes, made before it does, so that it is put back whatever comes between.

A pass puts back in a `finally` what it changed. An interrupt may cut that short, too; then the notes are
still there, and the next pass puts back what they say.
"""

import os
from collections.abc import Callable
from threading import RLock, local
from typing import Any
from weakref import WeakKeyDictionary

#: By the name of what is changed, how to put it back in the thing that has it. Doing so twice does no harm.
Notes = dict[str, Callable[[Any], object]]
#: The locks of encoders, and of whatever else one pass alone may change. They are not attributes, because a
#: lock can be neither copied nor pickled.
_LOCKS: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
#: Beside an encoder, or whatever else is changed.
_NOTES: WeakKeyDictionary[Any, Notes] = WeakKeyDictionary()
if hasattr(os, "register_at_fork"):
    # The thread that held a lock does not exist in the child, which would wait for it for ever.
    os.register_at_fork(after_in_child=_LOCKS.clear)


class _OfThread(local):
    """Notes of what only the thread that changed it can put back."""

    def __init__(self) -> None:
        self.notes: WeakKeyDictionary[Any, Notes] = WeakKeyDictionary()


_OF_THREAD = _OfThread()


def lock_of(thing: Any) -> Any:
    """Return the lock of an encoder or of whatever else is changed.

    Take it with `with lock_of(thing):` alone: between taking it and the block no interrupt can come.

    Args:
        thing: what one thread alone may change at a time.
    """
    return _LOCKS.setdefault(thing, RLock())


def note(thing: Any, what: str, put_back: Callable[[Any], object], in_thread: bool = False) -> None:
    """Note how to put back what is about to be changed, under the lock of the thing.

    Args:
        thing: what has it; weakly held.
        what: its name. What is noted already is not noted again.
        put_back: puts back what is now in the thing that it is given, and holds no reference to it.
        in_thread: whether it belongs to the thread.
    """
    notes = _OF_THREAD.notes if in_thread else _NOTES
    notes.setdefault(thing, {}).setdefault(what, put_back)


def put_back(thing: Any, *what: str) -> None:
    """Put back what was noted, under the lock of the thing.

    Args:
        thing: what was changed.
        what: the names of what to put back; all without any.
    """
    for notes in (_OF_THREAD.notes.get(thing, {}), _NOTES.get(thing, {})):
        for name in what or tuple(notes):
            if name in notes:
                notes[name](thing)
                # Only now: an interrupt between the two lets the next pass do it again.
                del notes[name]


def has_notes(thing: Any) -> bool:
    """Return whether something of a thing is changed, or was left so by an interrupt."""
    return bool(_NOTES.get(thing) or _OF_THREAD.notes.get(thing))
