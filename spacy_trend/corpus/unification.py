"""Types of columns that differ between files, and one type for all of them, as `pyarrow.dataset` finds it."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from ..messages import shorten, shorten_text


def unified(before: pa.Schema, schema: pa.Schema, place: str) -> pa.Schema:
    """Return a schema that holds the values of both.

    Args:
        before: the first.
        schema: the second.
        place: the place of the second in the input, for the message.

    Raises:
        ValueError: if a column has types that do not go together.
    """
    fields = {field.name: field for field in before}
    for field in schema:
        known = fields.get(field.name)
        fields[field.name] = field if known is None else _together(known, field, place)
    # What one of them lacks is null there.
    both = set(before.names) & set(schema.names) if before.names else set(schema.names)
    return pa.schema([field if name in both else field.with_nullable(True) for name, field in fields.items()])


def with_wide_indices(schema: pa.Schema) -> pa.Schema:
    """Return a schema whose dictionaries may grow: those of several row groups and files become one."""
    return pa.schema([field.with_type(_rebuilt(field.type, _with_wide_index)) for field in schema])


def cast_column(column: Any, field: pa.Field, name: str) -> Any:
    """Convert a column of a file to the type that the whole input has, without a loss.

    Args:
        column: an array, or a chunked one.
        field: of the whole input.
        name: of the file, for the message.

    Returns:
        The column; as it is if it has the type already.

    Raises:
        ValueError: if a value does not fit.
    """
    if column.type == field.type:
        return column
    try:
        return column.cast(field.type)
    except pa.ArrowException as error:
        raise ValueError(
            f"{name}: the column {shorten(field.name)} holds {shorten_text(str(column.type))}, and with the "
            f"other files {shorten_text(str(field.type))} ({shorten_text(str(error), 200)}). Expected "
            "values that fit both: convert the column, or leave it out."
        ) from error


def holds_texts(found: pa.DataType) -> bool:
    """Return whether a type is one of texts."""
    plain = _plain(found)
    return bool(pa.types.is_string(plain) or pa.types.is_large_string(plain))


def is_list(found: pa.DataType) -> bool:
    """Return whether a type is one of lists."""
    tests = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(test(found) for test in tests)


def with_values(found: pa.DataType, field: pa.Field) -> pa.DataType:
    """Return a type of lists with other values in them.

    Args:
        found: one for which `is_list` is true.
        field: of the values.

    Returns:
        The type.
    """
    if pa.types.is_fixed_size_list(found):
        return pa.list_(field, found.list_size)
    return pa.large_list(field) if pa.types.is_large_list(found) else pa.list_(field)


def _together(known: pa.Field, field: pa.Field, place: str) -> pa.Field:
    why = " and ".join(shorten_text(str(one.type), 90) for one in (known, field))
    # Types of other layouts are tried as they are first: two dictionaries stay one.
    for change in (None, _plain):
        pair = [
            one if change is None else one.with_type(_rebuilt(one.type, change)) for one in (known, field)
        ]
        try:
            both = pa.unify_schemas([pa.schema([one]) for one in pair], promote_options="permissive").field(0)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            why = str(error)
            continue
        if _is_kept(known.type, both.type) and _is_kept(field.type, both.type):
            return both
    raise ValueError(
        f"{place}: the column {shorten(field.name)} has values of another type than before "
        f"({shorten_text(why, 200)}). Expected one type in a column: convert them to one, or leave the "
        "column out."
    )


def _rebuilt(found: pa.DataType, change: Callable[[pa.DataType], pa.DataType]) -> pa.DataType:
    """Return a type with a change made to it, or to all types in it."""

    def within(field: pa.Field) -> pa.Field:
        return field.with_type(_rebuilt(field.type, change))

    if pa.types.is_struct(found):
        return pa.struct([within(field) for field in found])
    if pa.types.is_map(found):
        return pa.map_(within(found.key_field), within(found.item_field), keys_sorted=found.keys_sorted)
    return with_values(found, within(found.value_field)) if is_list(found) else change(found)


def _plain(found: pa.DataType) -> pa.DataType:
    """Return the type of the same values in the usual layout."""
    if pa.types.is_dictionary(found):
        return _plain(found.value_type)
    if pa.types.is_string_view(found):
        return pa.string()
    return pa.binary() if pa.types.is_binary_view(found) else found


def _with_wide_index(found: pa.DataType) -> pa.DataType:
    if not pa.types.is_dictionary(found) or found.index_type.bit_width >= 32:
        return found
    return pa.dictionary(pa.int32(), found.value_type, found.ordered)


def _is_kept(found: pa.DataType, both: pa.DataType) -> bool:
    """Return whether texts stay texts, and decimals decimals, everywhere in a type that becomes another."""
    if found.equals(both):
        return True
    if pa.types.is_dictionary(found):
        return _is_kept(found.value_type, both)
    if pa.types.is_dictionary(both):
        return _is_kept(found, both.value_type)
    if pa.types.is_struct(found):
        places = {field.name: both.get_field_index(field.name) for field in found}
        return all(
            places[field.name] >= 0 and _is_kept(field.type, both.field(places[field.name]).type)
            for field in found
        )
    if pa.types.is_map(found):
        return _is_kept(found.key_type, both.key_type) and _is_kept(found.item_type, both.item_type)
    if is_list(found):
        return _is_kept(found.value_type, both.value_type)
    if holds_texts(found):
        return holds_texts(both)
    return bool(pa.types.is_decimal(both)) or not pa.types.is_decimal(found)
