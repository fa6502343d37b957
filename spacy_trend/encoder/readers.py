"""The readers of an encoder: who asks, and whether they still do.

Requests are held beside the shims, and readers weakly, so that neither copies nor pickles of a shim carry
them. Whether a reader asks is found anew in each pass, from the pipelines that it was attached in.
"""

from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary, finalize, ref

from spacy import Language

from .requests import Request

#: By shim, its readers by key.
_READERS: WeakKeyDictionary[Any, dict[str, "ref[Reader]"]] = WeakKeyDictionary()
#: The attribute of a pipeline that tells the readers of its copies where they are.
_LINK = "_trend_vector_link"


class Reader:
    """Somebody who reads an encoder; a component of a pipeline has it as `encoder`.

    Args:
        key: the unique name of what it is given.
        asked: what it asks of the encoder.
    """

    def __init__(self, key: str, asked: Request) -> None:
        self.key = key
        self.asked = asked
        self._pipelines: tuple[ref[Language], ...] = ()
        self._was_in_pipeline = False

    @property
    def pipelines(self) -> list[Language]:
        """The pipelines that it was attached in and that still exist."""
        found = [pipeline() for pipeline in self._pipelines]
        return [nlp for nlp in found if nlp is not None]

    def join(self, nlp: Language) -> None:
        """Let a pipeline say from now on whether this reader asks.

        Args:
            nlp: the pipeline; its component may be added later.
        """
        if all(known is not nlp for known in self.pipelines):
            self._pipelines = (*self._pipelines, ref(nlp))
        if _LINK not in vars(nlp):
            setattr(nlp, _LINK, PipelineLink(nlp))

    def is_asking(self) -> bool:
        """Return whether its component is enabled in a pipeline, or was never in one and runs by hand."""
        pipelines = self.pipelines
        places = [(nlp, name) for nlp in pipelines for name, reader in _readers_in(nlp) if reader is self]
        if places:
            self._was_in_pipeline = True
            return any(name not in nlp.disabled for nlp, name in places)
        return not (self._was_in_pipeline and pipelines)


class PipelineLink:
    """A pipeline's part in copying and pickling its readers: those of the copy learn which pipeline it is.

    Args:
        nlp: the pipeline, which has this object as an attribute.
    """

    def __init__(self, nlp: Language) -> None:
        self._nlp = ref(nlp)

    def __getstate__(self) -> dict[str, Any]:
        nlp = self._nlp()
        return {"nlp": nlp, "readers": [] if nlp is None else [reader for _, reader in _readers_in(nlp)]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        nlp: Language = state["nlp"]
        self._nlp = ref(nlp)
        for reader in state["readers"]:
            reader._pipelines = (*reader._pipelines, self._nlp)


def add_reader(shim: Any, reader: Reader) -> None:
    """Have a shim answer a reader, for as long as there are both.

    Args:
        shim: the shim around the encoder.
        reader: the reader.
    """
    readers = _READERS.setdefault(shim, {})
    readers[reader.key] = ref(reader)
    finalize(reader, readers.pop, reader.key, None).atexit = False


def is_read_by(shim: Any, reader: Reader) -> bool:
    """Return whether a shim answers a reader when it asks.

    Args:
        shim: any shim.
        reader: the reader.
    """
    return reader.key in _READERS.get(shim, {})


def requests_of(shim: Any) -> dict[str, Request]:
    """Return what is asked of a shim's encoder now, by the keys of those who ask.

    Args:
        shim: the shim.
    """
    # A list first: readers come and go in other threads.
    readers = [reader() for reader in list(_READERS.get(shim, {}).values())]
    return {reader.key: reader.asked for reader in readers if reader is not None and reader.is_asking()}


def _readers_in(nlp: Language) -> Iterator[tuple[str, Reader]]:
    """Yield the readers of a pipeline's components, disabled ones included, and the components' names."""
    for name, pipe in nlp.components:
        reader = getattr(pipe, "__dict__", {}).get("encoder")
        if isinstance(reader, Reader):
            yield name, reader
