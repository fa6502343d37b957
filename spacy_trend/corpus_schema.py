"""The columns of an input: of Parquet as declared, of other formats as their values have them."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .text_files import Row


def declared_schema(file: Path) -> pa.Schema:
    """The schema of a Parquet file.

    RAISES: ValueError where it is none, or has columns of the same name.
    """
    try:
        schema = pq.read_schema(file)
    except pa.ArrowException as error:
        raise ValueError(f"{file} is no Parquet file ({error}). Make it again, or leave it out.") from error
    if len(set(schema.names)) < len(schema.names):
        raise ValueError(f"{file} has columns of the same name: {schema.names}. Rename or drop them.")
    return schema.remove_metadata()


def schema_of(rows: list[Row]) -> pa.Schema:
    """The types of columns that values of JSON, CSV or plain text have.

    rows: without errors.
    RAISES: ValueError for values of a column that have no type together, or none at all.
    """
    names = dict.fromkeys(name for row in rows for name in row.value)
    return pa.schema([pa.field(name, _type_of(name, rows)) for name in names])


def unified(schemas: list[pa.Schema], schema: pa.Schema, place: str) -> pa.Schema:
    """A schema that holds the values of all.

    place: where the last one is from, for the message.
    RAISES: ValueError where a column has types that do not go together.
    """
    try:
        return pa.unify_schemas([*schemas, schema], promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise ValueError(
            f"{place}, or soon after it: a column has values of another type than before ({error}). Expected "
            "one type in a column: make them one, or leave the column out."
        ) from error


def _type_of(name: str, rows: list[Row]) -> pa.DataType:
    try:
        return pa.array([row.value.get(name) for row in rows]).type
    except (OverflowError, pa.ArrowInvalid, pa.ArrowTypeError):
        found = pa.null()
        for row in rows:
            schema = pa.schema([pa.field(name, found)])
            one = pa.schema([pa.field(name, _type_of_one(row.value.get(name), row.place))])
            found = unified([schema], one, row.place).field(0).type
        return found


def _type_of_one(value: Any, place: str) -> pa.DataType:
    try:
        is_large = isinstance(value, int) and value >= 2**63
        return pa.array([value], pa.uint64() if is_large else None).type
    except (OverflowError, pa.ArrowException) as error:
        raise ValueError(
            f"{place}: {value!r:.80} cannot be a value of a column ({error}). Expected numbers below 2**64, "
            "texts, lists or objects: change it, or leave the column out."
        ) from error
