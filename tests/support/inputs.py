"""Inputs of a corpus, scanned and read as engines are given them, without an encoder."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")
import pyarrow as pa
import pyarrow.parquet as pq

from spacy_trend.corpus.folder import OutputFolder
from spacy_trend.corpus.input import InputScan, Source, input_files, read_shards, scan_input

NAMES = ["One", "Two"]


def is_able(do: Callable[[], Any]) -> bool:
    """Whether this version of pyarrow, of which old ones are allowed, can do something."""
    try:
        do()
    except (pa.ArrowNotImplementedError, pa.ArrowTypeError):
        return False
    return True


VIEWS = pa.table({"x": pa.array(["a", None], pa.string_view())})
HAS_VIEWS = is_able(lambda: pq.write_table(VIEWS, pa.BufferOutputStream()))
needs_views = pytest.mark.skipif(not HAS_VIEWS, reason="this pyarrow does not write string_view")


def save(path: Path, **columns: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {"text": NAMES, **columns}
    pq.write_table(pa.table(columns), path)
    return path


def save_lines(path: Path, *values: Any) -> Path:
    """Write JSON lines of a text and a value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({"text": "One", "x": value}) + "\n" for value in values))
    return path


def scanned(source: Path) -> InputScan:
    """Scan an input of which no row has an error."""

    def refuse(number: int, row: Any) -> None:
        raise AssertionError(row)

    return scan_input(input_files(Source(source), OutputFolder(source.parent / "out")), "text", refuse)


def read(source: Path, shard_rows: int = 3) -> pa.Table:
    """Return what engines are given of an input."""
    scan = scanned(source)
    wanted = set(range(-(-scan.rows // shard_rows)))
    return pa.concat_tables([table for _, table in read_shards(scan, shard_rows, wanted)])
