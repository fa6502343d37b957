"""Where in the input the rows stand that the pipeline cannot embed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow.parquet as pq

from ..text_files import read_rows
from .blocks import InputFile
from .errors import RowError, how_to_skip, publish_errors
from .folder import OutputFolder
from .input import InputScan


@dataclass(frozen=True)
class Places:
    """Names rows of an input by file and line.

    Attributes:
        scan: of the input.
        folder: the output.
    """

    scan: InputScan
    folder: OutputFolder

    def publish(self, left_out: dict[int, str], on_error: str) -> None:
        """List the rows that were left out, or refuse them.

        Args:
            left_out: positions and errors of the rows that the pipeline could not embed.
            on_error: "raise" or "skip".

        Raises:
            ValueError: for the first of these rows if they are not to be skipped.
        """
        if left_out and on_error == "raise":
            raise self._named(RowError(*min(left_out.items())))
        rows = sorted(left_out)
        publish_errors(
            self.folder,
            ((row, place, left_out[row]) for row, place in zip(rows, self._places(rows), strict=True)),
        )

    @contextmanager
    def named(self) -> Iterator[None]:
        """Name the row that cannot be embedded, if there is one, by its place.

        Raises:
            ValueError: in place of a `RowError`.
        """
        try:
            yield
        except RowError as error:
            raise self._named(error) from error

    def _named(self, error: RowError) -> ValueError:
        place = next(self._places([error.row]))
        return ValueError(
            f"{place} (row {error.row} of the input): the pipeline cannot embed the text ({error.error}). "
            f"Files that are complete stay: shorten the text or leave it out. {how_to_skip(self.folder)}"
        )

    def _places(self, rows: list[int]) -> Iterator[str]:
        """Yield the place of each row.

        Args:
            rows: positions in the input, in order.
        """
        wanted = iter(rows)
        row = next(wanted, None)
        start = 0
        for file in self.scan.files:
            count = 0
            for count, place in enumerate(_places_in(file), start=1):
                if row is None:
                    return
                if start + count - 1 == row:
                    yield place
                    row = next(wanted, None)
            start += count


def _places_in(file: InputFile) -> Iterator[str]:
    if file.is_parquet:
        count = pq.read_metadata(file.path).num_rows
        yield from (f"{file.name}, row {number}" for number in range(count))
        return
    yield from (row.place for row in read_rows(file.path, file.dialect, file.name))
