"""Tables of data frames, of pandas, polars, Arrow or datasets: whatever gives columns by their names.

None of these packages is imported: what a table is called does not count, but what it can do.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from ..text_files import Row


class Frame(Protocol):
    """A table that gives a column by its name."""

    def __getitem__(self, column: Any, /) -> Any: ...


def is_frame(source: Any) -> bool:
    """Return whether something is a table that gives columns by their names.

    Args:
        source: anything.
    """
    if isinstance(source, Mapping):
        return True
    kind = type(source)
    return hasattr(kind, "__getitem__") and any(hasattr(kind, name) for name in ("columns", "column_names"))


def frame_rows(frame: Any, name: str, columns: Sequence[str]) -> Iterator[Row]:
    """Read the rows of a table.

    Args:
        frame: for which `is_frame` is true.
        name: what messages call it.
        columns: to read.

    Yields:
        The rows, counted from 0; their values are dictionaries by column. If a column is missing, the names
        of all others are in them.

    Raises:
        ValueError: if there are two columns of a name, or columns of different lengths.
    """
    names = _names(frame)
    wanted = [column for column in dict.fromkeys(columns) if column in names]
    twice = [column for column in wanted if names.count(column) > 1]
    if twice:
        raise ValueError(
            f"{name}: two columns have the same name: got {twice[0]!r} more than once. Rename one, or "
            "drop it."
        )
    others = dict.fromkeys(names) if len(wanted) < len(set(columns)) else {}
    values = [_values(frame[column]) for column in wanted]
    lengths = {len(column) for column in values}
    if len(lengths) > 1:
        raise ValueError(
            f"{name}: got columns of {sorted(lengths)} values. Expected as many texts as labels: check the "
            "table."
        )
    for number in range(lengths.pop() if lengths else min(1, len(names))):
        found = zip(wanted, (column[number] for column in values), strict=True)
        yield Row({**others, **dict(found)}, f"{name}, row {number}")


def _names(frame: Any) -> list[Any]:
    if isinstance(frame, Mapping):
        return list(frame)
    # Of Arrow's tables, `columns` are the columns themselves.
    return list(frame.column_names if hasattr(type(frame), "column_names") else frame.columns)


def _values(column: Any) -> list[Any]:
    # The items of Arrow's columns are of Arrow's types.
    return list(column.to_pylist() if hasattr(type(column), "to_pylist") else column)
