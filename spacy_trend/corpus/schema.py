"""The columns of an input: as Parquet files declare them, or as the values of other formats show them."""

from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from ..messages import name_some, shorten, shorten_text, without_controls
from ..text_files import Row
from .parquet_files import open_parquet
from .partitions import Partition
from .unification import is_list, unified, with_wide_indices
from .values import Values, within_int64

#: The names of a column and of the fields of objects in it that lead to a value.
_Path = tuple[str, ...]


class Columns:
    """The columns of an input, found in one part of it after another."""

    def __init__(self) -> None:
        self._schema = pa.schema([])
        self._values = Values()

    def declare(self, file: Path, partition: Partition) -> None:
        """Add the columns of a Parquet file.

        Args:
            file: the path.
            partition: the columns that the names of its folders give.

        Raises:
            ValueError: as `declared_schema` and `unified`; if the file has a column of its partition.
        """
        schema = declared_schema(file)
        for name, value in partition.items():
            if name in schema.names:
                raise ValueError(
                    f"{without_controls(file)} has the column {shorten(name)}, which the name of its folder "
                    "gives, too. Rename or drop one of them."
                )
            schema = schema.append(pa.field(name, pa.scalar(value).type))
        self._schema = unified(self._schema, with_wide_indices(schema), without_controls(file))

    def find(self, rows: list[Row]) -> None:
        """Add the columns of rows.

        Args:
            rows: at least one, none with an error.

        Raises:
            ValueError: as `schema_of` and `unified`.
        """
        self._schema = unified(self._schema, schema_of(rows), f"{rows[0].place}, or soon after it")
        for row in rows:
            self._values.note(row.value, row.place)

    def schema(self) -> pa.Schema:
        """Return the columns of all parts.

        Raises:
            ValueError: for a column that Parquet cannot hold, or that cannot hold all its values.
        """
        for field in self._schema:
            if empty := _empty_object(field.type, (field.name,)):
                raise ValueError(
                    f"The field {shorten('.'.join(empty))} holds objects without fields in all rows, which "
                    "Parquet cannot hold. Leave it out, or put null in their place."
                )
        return self._values.fitted(self._schema)


def declared_schema(file: Path) -> pa.Schema:
    """Read the schema of a Parquet file, without its metadata.

    Args:
        file: the path.

    Returns:
        The schema.

    Raises:
        ValueError: as `open_parquet`, or if it has columns of the same name.
    """
    with open_parquet(file) as opened:
        schema = opened.schema_arrow
    if len(set(schema.names)) < len(schema.names):
        twice = name_some(name for name, count in Counter(schema.names).items() if count > 1)
        raise ValueError(
            f"{without_controls(file)} has columns of the same name: {twice}. Rename or drop them."
        )
    return schema.remove_metadata()


def schema_of(rows: list[Row]) -> pa.Schema:
    """Find the columns, and their types, of values of JSON, CSV or plain text.

    Args:
        rows: none with an error.

    Returns:
        The schema.

    Raises:
        ValueError: if no type holds all values of a column.
    """
    names = dict.fromkeys(name for row in rows for name in row.value)
    return pa.schema([pa.field(name, _type_of(name, rows)) for name in names])


def _type_of(name: str, rows: list[Row]) -> pa.DataType:
    values = [row.value.get(name) for row in rows]
    with suppress(OverflowError, pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array(values).type
    with suppress(pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([within_int64(value) for value in values]).type
    found = pa.null()
    for row in rows:
        schema = pa.schema([pa.field(name, found)])
        one = pa.schema([pa.field(name, _type_of_one(row.value.get(name), row.place))])
        found = unified(schema, one, f"{row.place}, or soon after it").field(0).type
    return found


def _type_of_one(value: Any, place: str) -> pa.DataType:
    try:
        return pa.array([within_int64(value)]).type
    except pa.ArrowException as error:
        raise ValueError(
            f"{place}: {shorten(value, 80)} cannot be a value of a column ({shorten_text(str(error), 200)}). "
            "Expected a number, a text, an object or a list of one type: change it, or leave the column out."
        ) from error


def _empty_object(found: pa.DataType, path: _Path) -> _Path | None:
    """Return the path of an object without fields in a type; None if there is none."""
    if is_list(found):
        return _empty_object(found.value_type, path)
    if not pa.types.is_struct(found):
        return None
    if not found.num_fields:
        return path
    parts = (_empty_object(field.type, (*path, field.name)) for field in found)
    return next(filter(None, parts), None)
