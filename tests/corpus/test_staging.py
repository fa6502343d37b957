"""Files of another engine, taken over."""

from pathlib import Path

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")
import pyarrow as pa
import pyarrow.parquet as pq

from spacy_trend.corpus.folder import OutputFolder
from spacy_trend.corpus.shards import MADE, ShardWriter
from tests.support.corpora import table_of


def test_another_engine_s_files_are_taken_over_if_shards_are_whole(tmp_path: Path) -> None:
    rows = [pa.table({"row": pa.array(rows, pa.int64())}) for rows in ([0, 1, 2], [3, 5], [6, 7, 8])]
    writer = ShardWriter(OutputFolder(tmp_path), 3, {"shard_rows": 3})
    writer.stage(enumerate(rows))
    (tmp_path / MADE).mkdir()
    # Shard 0 in two files, of which one was written twice; of shard 1 a row is missing; shard 2 is cut short.
    for number, made in enumerate([[0, 1], [0, 1, 2, 3]]):
        pq.write_table(pa.table({"row": pa.array(made, pa.int64())}), tmp_path / MADE / f"{number}.parquet")
    (tmp_path / MADE / "2.parquet").write_bytes(b"PAR1")
    assert list(writer.take_over()) == [3]
    assert [path.name for path in tmp_path.glob("part-*")] == ["part-000000.parquet"]
    assert table_of(tmp_path)["row"].to_pylist() == [0, 1, 2]
    pq.write_table(pa.table({"row": pa.array([5], pa.int64())}), tmp_path / MADE / "3.parquet")
    assert list(writer.take_over()) == [2]
    assert table_of(tmp_path)["row"].to_pylist() == [0, 1, 2, 3, 5]
    writer.clear_staging()
    assert {path.name for path in tmp_path.iterdir()} == {"part-000000.parquet", "part-000001.parquet"}
