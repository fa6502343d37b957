"""Texts or docs in the containers that users of scikit-learn have: lists, arrays, columns, tables."""

from collections.abc import Mapping
from typing import Any

from spacy.tokens import Doc

from .messages import name_some, shorten

EXPECTED = "expected a list of texts or docs, or a table with one column of them."


def as_items(X: Any) -> list[Any]:  # noqa: N803 - scikit-learn's
    """Return texts or docs as a list, whatever they stand in.

    Args:
        X: a list, a generator, an array, a Series, or a table with one column.

    Raises:
        ValueError: for anything else, with the position of what is neither text nor doc.
    """
    if isinstance(X, (str, bytes, Doc)):
        single = f"string {X[:40]!r}" if isinstance(X, str) else f"{type(X).__name__} {shorten(X, 40)}"
        raise ValueError(f"TrendVectorizer: got the single {single}, {EXPECTED}")
    # The rows of a set have no order, an array without dimensions has no rows, Arrow's tables no iterator.
    has_rows = _offers(X, "__iter__") or _offers(X, "to_pylist")
    has_rows = has_rows and getattr(X, "shape", None) != ()
    if not has_rows or isinstance(X, (Mapping, set, frozenset)):
        raise ValueError(f"TrendVectorizer: got a {type(X)}, {EXPECTED}")
    column = _only_column(X)
    # The items of Arrow's arrays are of Arrow's types.
    values = column.to_pylist() if _offers(column, "to_pylist") else column
    # numpy's strings are a type of their own, which spaCy's string store does not expect.
    items = [str(value) if isinstance(value, str) else value for value in values]
    wrong = [n for n, item in enumerate(items) if not isinstance(item, (str, Doc))]
    if wrong:
        raise ValueError(_wrong_item(items, wrong, X.index if _offers(X, "index") else None))
    return items


def _offers(X: Any, name: str) -> bool:  # noqa: N803 - scikit-learn's
    """Return whether the type of X has an attribute: tables answer to the names of their columns, too."""
    return hasattr(type(X), name)


def _only_column(X: Any) -> Any:  # noqa: N803 - scikit-learn's
    """Return the column of a table that has one, and anything else as it is."""
    shape: tuple[int, ...] = getattr(X, "shape", ())
    if len(shape) != 2:
        return X
    if shape[1] != 1:
        offered = [name for name in ("column_names", "columns") if _offers(X, name)]
        names = getattr(X, offered[0]) if offered else range(shape[1])
        raise ValueError(
            f"TrendVectorizer: got a table with {shape[1]} columns, {name_some(names)}. Expected one, of "
            "texts or docs: choose it, for example with scikit-learn's ColumnTransformer."
        )
    if _offers(X, "column"):
        return X.column(0)
    return X.iloc[:, 0] if _offers(X, "iloc") else X[:, 0]


def _wrong_item(items: list[Any], wrong: list[int], index: Any) -> str:
    first = wrong[0]
    # pandas' index; the `index` of a list is a method.
    is_index = hasattr(index, "tolist")
    label = f", in the index {shorten(index[first : first + 1].tolist()[0])}" if is_index else ""
    others = f" So do {len(wrong) - 1:,} others." if len(wrong) > 1 else ""
    return (
        f"TrendVectorizer: got {shorten(items[first])} among the texts, expected str or Doc. It stands at "
        f"position {first} of {len(items):,}, counted from 0{label}. Fill or remove it.{others}"
    )
