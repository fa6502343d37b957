"""The rows whose vectors are nearest to one, found by DuckDB in one reading of the files.

It keeps the best rows of what it has read, so memory does not grow with the corpus. Numbers are added up in
float64, where the squares of float32 numbers neither overflow nor vanish. DuckDB's own functions for the
cosine do not say what is not defined: versions differ between NaN, which they sort above all numbers, and -1.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np

from ..messages import shorten_text
from ..types import Floats

#: The columns are called by their place: DuckDB knows no upper and lower case, and so renames some.
_QUERY = """
SELECT
    count(*),
    count(*) FILTER (WHERE square = 0),
    count(*) FILTER (WHERE NOT isfinite(square)),
    max({{'score': least(greatest(product / sqrt(square), -1), 1), 'place': -position}}, $k)
        FILTER (WHERE square > 0 AND isfinite(square))
FROM (
    SELECT
        position,
        list_inner_product(vector, $query::DOUBLE[]) AS product,
        list_inner_product(vector, vector) AS square
    FROM (
        SELECT {row} AS position, {vector}::DOUBLE[] AS vector
        FROM read_parquet($files, hive_partitioning = false)
    )
)
"""
#: As many rows as DuckDB keeps in such a query, and one more.
TOO_MANY = 1_000_000
#: Only what is named is read, and nothing is fetched from elsewhere.
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}


class Nearest(NamedTuple):
    """The rows nearest to a vector.

    Attributes:
        rows: their positions in the input, the nearest first; of equals, the first of the input.
        scores: their cosines, -1 to 1.
        read: how many rows were read.
        zero: how many of these have a vector of zeros, which has no cosine.
        not_finite: how many have numbers that are not finite, which have none either.
    """

    rows: list[int]
    scores: list[float]
    read: int
    zero: int
    not_finite: int


def nearest(files: Sequence[Path], columns: tuple[int, int], query: Floats, k: int) -> Nearest:
    """Find the rows whose vectors have the greatest cosines with another vector.

    Args:
        files: the Parquet files, all of one schema.
        columns: the places among their columns of `row` and of the vectors.
        query: float32 `(width,)`, finite and not all zeros.
        k: how many rows to find at most, below `TOO_MANY`.

    Returns:
        The rows.

    Raises:
        ValueError: if a file is not as it was written.
    """
    direction = query.astype(np.float64)
    direction /= np.linalg.norm(direction)
    # A name is a pattern to DuckDB.
    names = ["".join(f"[{c}]" if c in "*?[" else c for c in str(path)) for path in files]
    try:
        with duckdb.connect(config=_SETTINGS) as connection:
            columns_of_all = connection.execute(
                "SELECT * FROM read_parquet($files, hive_partitioning = false) LIMIT 0", {"files": names[:1]}
            ).description
            row, vector = (_quoted(columns_of_all[place][0]) for place in columns)
            values = {"files": names, "query": direction.tolist(), "k": k}
            answer = connection.execute(_QUERY.format(row=row, vector=vector), values).fetchone()
    except duckdb.Error as error:
        raise ValueError(
            f"The files of {files[0].parent} cannot be searched ({shorten_text(str(error), 300)}). Expected "
            "files as embed wrote them: run embed again, which makes broken ones anew."
        ) from error
    read, zero, not_finite, best = answer or (0, 0, 0, None)
    best = best or []
    return Nearest([-one["place"] for one in best], [one["score"] for one in best], read, zero, not_finite)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
