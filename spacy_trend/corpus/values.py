"""Values of rows, noted by the columns they stand in: what the types that are found must hold, or refuse."""

from typing import Any

import pyarrow as pa

from .unification import is_list, with_values

#: Fractions (float64) hold every whole number up to here exactly.
LARGEST_WHOLE = 2**53
#: int64 holds whole numbers below this one.
TOO_LARGE = 2**63
#: The names of a column and of the fields of objects in it that lead to a value.
_Path = tuple[str, ...]


class Values:
    """Where values stand for the first time that pyarrow would convert to a type it finds, or cannot hold."""

    def __init__(self) -> None:
        self._truths: dict[_Path, str] = {}
        self._large: dict[_Path, str] = {}
        self._too_large: dict[_Path, str] = {}
        self._negative: dict[_Path, str] = {}

    def note(self, value: Any, place: str, path: _Path = ()) -> None:
        """Note a value, and all values in it.

        Args:
            value: of a row, or the row itself.
            place: of the row.
            path: of the value.
        """
        if isinstance(value, dict):
            for name, part in value.items():
                self.note(part, place, (*path, name))
        elif isinstance(value, list):
            for part in value:
                self.note(part, place, path)
        elif isinstance(value, bool):
            self._truths.setdefault(path, place)
        elif isinstance(value, int):
            self._note_number(value, place, path)

    def fitted(self, schema: pa.Schema) -> pa.Schema:
        """Return a schema that holds the values.

        Args:
            schema: as pyarrow finds it, with numbers beyond int64 as `within_int64` has them.

        Returns:
            The schema, with uint64 for numbers that need it.

        Raises:
            ValueError: if no type holds all values of a column, or of a field of objects in it.
        """
        everything = pa.struct(schema)
        for path, place in self._truths.items():
            if not pa.types.is_boolean(_type_at(everything, path)):
                raise ValueError(_refusal(place, path, "true or false, and something else elsewhere"))
        for path, place in self._large.items():
            if pa.types.is_floating(_type_at(everything, path)):
                what = "a whole number beyond 2**53, and fractions elsewhere"
                raise ValueError(_refusal(place, path, what))
        for path, place in self._too_large.items():
            if not pa.types.is_integer(_type_at(everything, path)):
                continue
            if path in self._negative:
                what = f"a whole number from 2**63 on, and one below zero at {self._negative[path]}"
                raise ValueError(_refusal(place, path, what))
            everything = _with_uint64(everything, path)
        return pa.schema(list(everything))

    def _note_number(self, value: int, place: str, path: _Path) -> None:
        if value < 0:
            self._negative.setdefault(path, place)
        if abs(value) > LARGEST_WHOLE:
            self._large.setdefault(path, place)
        if value >= TOO_LARGE:
            self._too_large.setdefault(path, place)


def within_int64(value: Any) -> Any:
    """Return a value of the same type whose whole numbers fit int64: pyarrow finds no type for others."""
    if isinstance(value, dict):
        return {name: within_int64(part) for name, part in value.items()}
    if isinstance(value, list):
        return [within_int64(part) for part in value]
    return 0 if isinstance(value, int) and value >= TOO_LARGE else value


def _refusal(place: str, path: _Path, what: str) -> str:
    return (
        f"{place}: the field {'.'.join(path)!r} holds {what}. Expected one type that holds all of them: make "
        "them texts, or leave the field out."
    )


def _type_at(found: pa.DataType, path: _Path) -> pa.DataType:
    if is_list(found):
        return _type_at(found.value_type, path)
    return _type_at(found.field(path[0]).type, path[1:]) if path else found


def _with_uint64(found: pa.DataType, path: _Path) -> pa.DataType:
    if is_list(found):
        return with_values(found, found.value_field.with_type(_with_uint64(found.value_type, path)))
    if not path:
        return pa.uint64()
    return pa.struct(
        [
            field.with_type(_with_uint64(field.type, path[1:])) if field.name == path[0] else field
            for field in found
        ]
    )
