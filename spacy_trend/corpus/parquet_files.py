"""Parquet files of an input, opened in one way, so that no time of theirs is read as another one."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..messages import name_some, shorten_text, without_controls
from ..text_files import is_unicode
from .unification import is_list

#: Units of time in a second.
_PER_SECOND = {"us": 10**6, "ns": 10**9}
_DAY = 24 * 60 * 60
#: Writers that give times before 1970, except midnights, nanoseconds below zero, which readers take for 2**64
#: more (apache/arrow#48246).
_OLD_WRITERS = re.compile(r"parquet-cpp version |parquet-cpp-arrow version (\d|1\d|2[0-2])\.")
#: How many seconds that is, rounded down.
_TOO_LATE = 2**64 // 10**9


def open_parquet(file: Path) -> pq.ParquetFile:
    """Open a Parquet file to read it.

    Times of the type INT96, as older Spark, Hive and Impala write them, take 96 bits. They become
    microseconds if these hold them all, otherwise nanoseconds, which end in 2262.

    Args:
        file: the path.

    Returns:
        The opened file.

    Raises:
        ValueError: if it is not a Parquet file, has a name that Arrow cannot open, or times that no unit
            holds.
    """
    if not is_unicode(str(file)):
        raise ValueError(
            f"The name {str(file)!r} is not UTF-8. Expected one that Arrow, which reads Parquet, can open: "
            "rename the file or its folder."
        )
    try:
        opened = pq.ParquetFile(file)
        columns = map(opened.schema.column, range(len(opened.schema)))
        names = [column.path for column in columns if column.physical_type == "INT96"]
        if not names:
            return opened
        is_old = _OLD_WRITERS.match(opened.metadata.created_by or "") is not None
        opened.close()
        return pq.ParquetFile(file, coerce_int96_timestamp_unit=_unit_of(file, names, is_old))
    except pa.ArrowException as error:
        raise ValueError(
            f"{without_controls(file)} is not a Parquet file ({shorten_text(str(error), 200)}). "
            "Make it again, or leave it out."
        ) from error


def _unit_of(file: Path, names: list[str], is_old: bool) -> str:
    """Return the unit that holds all times of some columns; `is_old` if one of the old writers wrote them."""
    units = dict.fromkeys(_PER_SECOND, True)
    # Seconds hold every day of INT96, and nanoseconds are exact up to a multiple of 2**64.
    for seconds, *others in zip(*(_times(file, names, unit) for unit in ("s", *_PER_SECOND)), strict=True):
        numbers = dict(zip(_PER_SECOND, others, strict=True))
        if is_old:
            in_nanoseconds = numbers["ns"] // _PER_SECOND["ns"]
            is_late = np.abs(seconds - in_nanoseconds - _TOO_LATE) <= 1
            is_late &= (numbers["ns"] < 0) & (seconds % _DAY != 0)
            seconds = np.where(is_late, in_nanoseconds, seconds)
        for unit, in_a_second in _PER_SECOND.items():
            is_exact = numbers[unit] * (_PER_SECOND["ns"] // in_a_second) == numbers["ns"]
            is_exact &= numbers[unit] // in_a_second == seconds
            units[unit] &= bool(is_exact.all())
        if not any(units.values()):
            raise ValueError(
                f"{without_controls(file)} holds times of the type INT96 ({name_some(names)}) that are "
                "finer than microseconds "
                "and others that nanoseconds cannot hold, before 1677 or after 2262. Expected times that one "
                "unit holds: convert the columns, or leave them out."
            )
    return next(unit for unit, is_right in units.items() if is_right)


def _times(file: Path, names: list[str], unit: str) -> Iterator[np.ndarray]:
    """Yield the times of columns as numbers, int64, as they are read in a unit."""
    with pq.ParquetFile(file, coerce_int96_timestamp_unit=unit) as opened:
        for batch in opened.iter_batches(columns=names):
            for leaf in (leaf for column in batch.columns for leaf in _leaves(column)):
                # Other columns may have such a path, too.
                if pa.types.is_timestamp(leaf.type) and leaf.type.unit == unit:
                    yield leaf.view(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)


def _leaves(column: Any) -> Iterator[Any]:
    if pa.types.is_struct(column.type):
        for part in column.flatten():
            yield from _leaves(part)
    elif pa.types.is_map(column.type):
        yield from _leaves(column.keys)
        yield from _leaves(column.items)
    elif is_list(column.type):
        yield from _leaves(column.flatten())
    else:
        yield column
