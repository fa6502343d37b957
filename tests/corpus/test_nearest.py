"""The rows nearest to a vector, found among vectors that are known."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("duckdb")
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from spacy_trend.corpus.nearest import nearest

QUERY = np.array([2, 0, 0], dtype=np.float32)
#: Cosines with the query that are known without computing.
KNOWN = [([1, 1, 0], 0.5**0.5), ([-3, 0, 0], -1.0), ([5, 0, 0], 1.0), ([0, 1, 1], 0.0)]


def write(path: Path, vectors: Any, first: int = 0, **columns: Any) -> Path:
    """Write vectors as a file of `embed` has them."""
    array = np.asarray(vectors, dtype=np.float32)
    numbers = pa.FixedSizeListArray.from_arrays(pa.array(array.reshape(-1)), array.shape[1])
    rows = pa.array(range(first, first + len(array)), type=pa.int64())
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"row": rows, **columns, "trend_vector": numbers}), path)
    return path


def test_rows_come_in_the_order_of_their_cosines(tmp_path: Path) -> None:
    vectors = [vector for vector, _ in KNOWN]
    found = nearest([write(tmp_path / "a.parquet", vectors)], (0, 1), QUERY, 3)
    assert found.rows == [2, 0, 3]
    np.testing.assert_allclose(found.scores, [1, 0.5**0.5, 0], atol=1e-12)
    assert (found.read, found.zero, found.not_finite) == (4, 0, 0)


def test_all_files_are_read_and_equal_scores_come_in_the_order_of_the_rows(tmp_path: Path) -> None:
    vectors = [[1, 0, 0], [0, 1, 0], [1, 0, 0]]
    files = [write(tmp_path / f"{first}.parquet", vectors, first) for first in (6, 0, 3)]
    assert nearest(files, (0, 1), QUERY, 9).rows == [0, 2, 3, 5, 6, 8, 1, 4, 7]
    assert nearest(files, (0, 1), QUERY, 2).rows == [0, 2]


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_vectors_without_a_cosine_are_counted_and_found_by_none(odd: float, tmp_path: Path) -> None:
    vectors = [[0, 0, 0], [1, odd, 0], [-1, 0, 0], [odd, 0, 0], [-0.0, 0, 0], [0, 0, odd]]
    found = nearest([write(tmp_path / "a.parquet", vectors)], (0, 1), QUERY, 6)
    assert (found.rows, found.scores) == ([2], [-1.0])
    assert (found.read, found.zero, found.not_finite) == (6, 2, 3)


def test_none_is_found_if_no_vector_has_a_cosine(tmp_path: Path) -> None:
    found = nearest([write(tmp_path / "a.parquet", [[0, 0, 0]])], (0, 1), QUERY, 1)
    assert (found.rows, found.scores, found.zero) == ([], [], 1)


@pytest.mark.parametrize("size", [1e-38, 1e-30, 1e30, 3e38])
def test_the_length_of_a_vector_changes_nothing(size: float, tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", np.array([[3, 4, 0], [4, 3, 0]]) * (size / 4))
    for query in (QUERY, QUERY * np.float32(size / 2)):
        found = nearest([path], (0, 1), query, 2)
        assert found.rows == [1, 0]
        np.testing.assert_allclose(found.scores, [0.8, 0.6], rtol=1e-6)


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 50))
def test_the_answer_is_that_of_numpy(
    tmp_path_factory: pytest.TempPathFactory, seed: int, rows: int, k: int
) -> None:
    generator = np.random.default_rng(seed)
    vectors = generator.standard_normal((rows, 16)).astype(np.float32)
    query = generator.standard_normal(16).astype(np.float32)
    # As odd as the trends of the dead dimensions of some encoders.
    vectors[:, 3] *= 1000
    path = write(tmp_path_factory.mktemp("random") / "a.parquet", vectors)
    found = nearest([path], (0, 1), query, k)
    cosines = vectors.astype(float) @ query / np.linalg.norm(vectors.astype(float), axis=1)
    cosines /= np.linalg.norm(query.astype(float))
    best = np.argsort(-cosines, kind="stable")[:k]
    np.testing.assert_allclose(found.scores, cosines[best], atol=1e-6)
    np.testing.assert_allclose(cosines[found.rows], cosines[best], atol=1e-6)


@pytest.mark.parametrize("folder", ["a[1]b", "a*", "what?", "row=7", "it's", "a{b,c}", "Grüße"])
def test_names_of_folders_mean_nothing_else(folder: str, tmp_path: Path) -> None:
    write(tmp_path / "a1b" / "a.parquet", [[9, 9, 9]])
    path = write(tmp_path / folder / "a.parquet", [[1, 0, 0]], 4)
    assert nearest([path], (0, 1), QUERY, 5).rows == [4]


def test_columns_whose_names_differ_in_case_alone_are_told_apart(tmp_path: Path) -> None:
    odd = {"Row": [8], "Trend_Vector": [[0.0, 1.0, 0.0]], 'a"b': [1], "filename": ["x"], "position": [3]}
    path = write(tmp_path / "a.parquet", [[1, 0, 0]], 4, **odd)
    found = nearest([path], (0, 1 + len(odd)), QUERY, 1)
    assert (found.rows, found.scores) == ([4], [1.0])


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(ValueError, match=r"cannot be searched \(.*Expected files as embed .*run embed again"):
        nearest([path], (0, 1), QUERY, 1)
