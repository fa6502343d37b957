"""What search finds: hits with their texts and the other columns, read from the files that hold them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np
import pyarrow as pa

from ..messages import name_some, shorten_text, without_controls
from .finished import ROW, VECTOR, Finished
from .nearest import Nearest
from .seals import BrokenFileError, open_sealed

if TYPE_CHECKING:
    from ..attribution.interface import SimilarityAttribution

#: How many rows of a file to read at a time.
CHUNK = 10_000


class Focus(NamedTuple):
    """The focus of a hit.

    Attributes:
        text: the word.
        start: the position of its first character in the text that was embedded.
        end: the position behind its last.
    """

    text: str
    start: int
    end: int


class Hit(NamedTuple):
    """A text that is near to a query.

    Attributes:
        score: the cosine of the two vectors, -1 to 1.
        file: the name of the file that holds the text, in the folder.
        row: the text's position in the input of `embed`.
        text: the text, or what the column holds that is shown in its place; None if it is empty there.
        focus: the text's most important word, or None.
        columns: what the other columns hold, but for the vector.
        why: the score in parts, words of the query by words of the text, if that was asked for.
    """

    score: float
    file: str
    row: int
    text: str | None
    focus: Focus | None
    columns: dict[str, Any]
    why: "SimilarityAttribution | None" = None

    def to_dict(self) -> dict[str, Any]:
        """Return the hit as a dictionary; `why` as `SimilarityAttribution.to_dict` returns it, or None."""
        return {
            **self._asdict(),
            "focus": self.focus and self.focus._asdict(),
            "why": self.why and self.why.to_dict(),
        }


@dataclass(frozen=True)
class Hits(Sequence[Hit]):
    """The hits of a query, the best first, and what was not compared.

    Attributes:
        hits: the hits; of equal scores, the first of the input comes first.
        rows: how many texts were read.
        without_words: how many of these have no cosine because their vector is all zeros, as of texts without
            words.
        not_finite: how many have none because their vector has NaN or infinite numbers.
        missing_files: how many files of the folder `embed` has still to write.
    """

    hits: tuple[Hit, ...]
    rows: int
    without_words: int
    not_finite: int
    missing_files: int

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Hit, ...]: ...
    def __getitem__(self, index: int | slice) -> Hit | tuple[Hit, ...]:
        return self.hits[index]

    def __len__(self) -> int:
        return len(self.hits)

    def with_reasons(self, reasons: "Iterable[SimilarityAttribution]") -> "Hits":
        """Return the hits with their scores split.

        Args:
            reasons: one for each hit.
        """
        hits = [hit._replace(why=why) for hit, why in zip(self.hits, reasons, strict=True)]
        return replace(self, hits=tuple(hits))

    def to_dict(self) -> dict[str, Any]:
        """Return the hits and the counts as a dictionary."""
        counts = ("rows", "without_words", "not_finite", "missing_files")
        hits = [hit.to_dict() for hit in self.hits]
        return {"hits": hits, **{name: getattr(self, name) for name in counts}}


def read_hits(finished: Finished, found: Nearest, text_field: str) -> Hits:
    """Read what the files hold of the rows that were found.

    Args:
        finished: the shards.
        found: the rows.
        text_field: the column to show as the text.

    Returns:
        The hits.

    Raises:
        ValueError: if a file is not as it was written.
    """
    wanted: dict[Path, list[int]] = {}
    for row in found.rows:
        wanted.setdefault(finished.path_of(row), []).append(row)
    values: dict[int, dict[str, Any]] = {}
    for path, rows in wanted.items():
        values |= {row[ROW]: row for row in _read_rows(path, rows)}
    if absent := set(found.rows) - set(values):
        raise ValueError(
            f"{without_controls(finished.folder.path)} holds rows in other files than they belong to: "
            f"{name_some(sorted(absent))}. Expected files as embed wrote them: run embed again, which makes "
            "others anew."
        )
    hits = [
        _as_hit(values[row], score, finished.path_of(row).name, text_field)
        for row, score in zip(found.rows, found.scores, strict=True)
    ]
    return Hits(tuple(hits), found.read, found.zero, found.not_finite, finished.missing)


def _as_hit(values: dict[str, Any], score: float, file: str, text_field: str) -> Hit:
    others = dict(values)
    row, focus = others.pop(ROW), others.pop("trend_focus")
    text = others.pop(text_field, None)
    return Hit(score, file, row, text, focus and Focus(**focus), others)


def _read_rows(path: Path, rows: list[int]) -> Iterator[dict[str, Any]]:
    try:
        with open_sealed(path, prove=False) as file:
            # Of the vectors, too: DuckDB compares no checksums, and a damaged number may have made a hit.
            for batch in file.iter_batches(CHUNK):
                names = [name for name in batch.schema.names if name != VECTOR]
                places = np.flatnonzero(np.isin(batch.column(ROW).to_numpy(), rows))
                for place in places.tolist():
                    yield {name: _value(batch.column(name).slice(place, 1)) for name in names}
    except (BrokenFileError, OSError, pa.ArrowException) as error:
        raise ValueError(
            f"{without_controls(path)} cannot be read ({shorten_text(str(error), 200)}). Expected a complete "
            "file as embed wrote it: run embed again, which makes broken ones anew."
        ) from error


def _value(column: pa.Array) -> Any:
    try:
        return column[0].as_py()
    except (ValueError, OverflowError):
        # Not all that Parquet holds is a value of Python: bytes that are no UTF-8, times of nanoseconds.
        return str(column)
