"""The output folder is read, as the folder it is, by whatever reads Parquet."""

import json
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from tests.support.corpora import embed, files_in

ROWS = [0, 1, 2, 4, 5]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    """Two shards, and a row that was skipped."""
    path = tmp_path_factory.mktemp("readers") / "texts.jsonl"
    path.write_text("".join(json.dumps({"text": 3 if n == 3 else f"Dog {n}"}) + "\n" for n in range(6)))
    embed(path, path.parent / "out", tiny_encoder, shard_rows=3, on_error="skip")
    return path.parent / "out"


def test_no_file_but_parquet_and_empty_ones_stands_in_it(out: Path) -> None:
    # polars reads hidden folders too; every reader skips empty files.
    others = {name for name in files_in(out) if not name.endswith(".parquet")}
    assert others == {".spacy_trend/lock"}
    assert not (out / ".spacy_trend" / "lock").stat().st_size
    manifest = pq.read_table(out / ".spacy_trend" / "manifest.parquet", partitioning=None)
    assert manifest.num_rows == 0
    assert manifest.schema.equals(pq.read_schema(out / "part-000000.parquet"))


def test_pyarrow(out: Path) -> None:
    assert pq.read_table(out)["row"].to_pylist() == ROWS
    assert ds.dataset(out).to_table()["row"].to_pylist() == ROWS


def test_pandas(out: Path) -> None:
    pandas = pytest.importorskip("pandas")
    assert pandas.read_parquet(out)["row"].tolist() == ROWS


@pytest.mark.parametrize("pattern", ["", "/*.parquet", "/**/*.parquet"])
def test_duckdb(pattern: str, out: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    rows = duckdb.execute('SELECT "row" FROM read_parquet(?) ORDER BY 1', [f"{out}{pattern}"]).fetchall()
    assert [row for (row,) in rows] == ROWS


@pytest.mark.parametrize("pattern", ["", "/**/*.parquet"])
def test_polars(pattern: str, out: Path) -> None:
    polars = pytest.importorskip("polars")
    assert sorted(polars.read_parquet(f"{out}{pattern}")["row"].to_list()) == ROWS


def test_datasets(out: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    made = datasets.load_dataset("parquet", data_dir=str(out), cache_dir=str(tmp_path))
    assert made["train"]["row"][:] == ROWS


def test_lancedb(out: Path, tmp_path: Path) -> None:
    lancedb = pytest.importorskip("lancedb")
    table = lancedb.connect(tmp_path).create_table("vectors", ds.dataset(out))
    assert table.count_rows() == len(ROWS)
