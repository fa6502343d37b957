"""Shards of texts that are staged for another engine."""

from pathlib import Path

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")
import pyarrow as pa

from spacy_trend.corpus.folder import STAGED, OutputFolder
from spacy_trend.corpus.shards import ShardWriter


@pytest.fixture
def writer(tmp_path: Path) -> ShardWriter:
    (tmp_path / ".spacy_trend").mkdir()
    return ShardWriter(OutputFolder(tmp_path), 3, {})


def test_are_read_as_they_were_staged(writer: ShardWriter) -> None:
    tables = [pa.table({"row": pa.array(rows, pa.int64())}) for rows in ([0, 2], [], [6, 7, 8])]
    assert writer.stage(enumerate(tables)) == [0, 1, 2]
    assert [writer.read_staged(number) for number in range(3)] == tables


def test_that_are_broken_are_named(writer: ShardWriter) -> None:
    writer.stage([(4, pa.table({"row": pa.array([12, 13], pa.int64())}))])
    path = writer.folder.ours / STAGED / "part-000004.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(
        OSError, match=r"part-000004\.parquet is no complete file.*Run the same command again"
    ):
        writer.read_staged(4)
