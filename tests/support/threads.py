"""How many threads compute."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """With more, small matrices take many times as long: the threads wait for one another."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield
