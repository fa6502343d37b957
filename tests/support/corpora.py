"""Texts to embed, and what was written of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")
import pyarrow as pa
import pyarrow.parquet as pq

from spacy_trend.corpus import embed_corpus
from spacy_trend.corpus.run import Summary

TEXTS = ["I want an apple.", "She sold the old house.", "...", "", "Grüße aus Köln", "The end"] * 5


def embed(source: Path | str, output: Path, encoder: Path, **settings: Any) -> Summary:
    return embed_corpus(
        source, output, encoder=str(encoder), shard_rows=settings.pop("shard_rows", 7), **settings
    )


def table_of(output: Path) -> pa.Table:
    return pa.concat_tables([pq.read_table(path) for path in sorted(output.glob("part-*.parquet"))])


def files_in(folder: Path) -> set[str]:
    """The files of a folder, at any depth, by their paths in it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def vectors_of(table: pa.Table) -> Any:
    return np.stack(table["trend_vector"].to_numpy())
