"""A trial run over the first rows of a corpus."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")
import pyarrow as pa

from spacy_trend.corpus import embed_corpus
from spacy_trend.corpus.blocks import Block, limited
from spacy_trend.corpus.folder import OutputFolder
from spacy_trend.corpus.input import Source, input_files, read_shards, scan_input
from spacy_trend.text_files import Row
from tests.support.corpora import embed, table_of
from tests.support.inputs import save

TEXTS = [f"text {number}" for number in range(7)]


def rows_of(source: Path, limit: int, shard_rows: int = 3) -> tuple[list[str], list[int], int]:
    """The texts that engines are given of the first rows, their positions, and how many files were read."""

    def refuse(number: int, row: Any) -> None:
        raise AssertionError(row)

    files = input_files(Source(source), OutputFolder(source.parent / "out"))
    scan = scan_input(files, "text", refuse, limit=limit)
    wanted = set(range(-(-scan.rows // shard_rows)))
    tables = list(read_shards(scan, shard_rows, wanted))
    assert [number for number, _ in tables] == sorted(wanted)
    table = pa.concat_tables([table for _, table in tables])
    return table["text"].to_pylist(), table["row"].to_pylist(), len(scan.files)


@pytest.fixture(params=[".parquet", ".txt"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder of two files with 4 and 3 texts."""
    (tmp_path / "in").mkdir()
    for name, texts in ("a", TEXTS[:4]), ("b", TEXTS[4:]):
        path = tmp_path / "in" / f"{name}{request.param}"
        if request.param == ".parquet":
            save(path, text=texts)
        else:
            path.write_text("\n".join(texts))
    return tmp_path / "in"


@pytest.mark.parametrize(
    ("limit", "files"), [(1, 1), (2, 1), (3, 1), (4, 1), (5, 2), (6, 2), (7, 2), (8, 2), (100, 2)]
)
@pytest.mark.parametrize("shard_rows", [1, 3, 10])
def test_the_first_rows_alone_are_read(folder: Path, limit: int, files: int, shard_rows: int) -> None:
    texts = TEXTS[:limit]
    assert rows_of(folder, limit, shard_rows) == (texts, list(range(len(texts))), files)


def test_what_comes_after_the_last_row_may_be_wrong(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "text 0"}\n{"text": "text 1"}\n{"text": 3}\nno JSON\n')
    assert rows_of(path, 2) == (TEXTS[:2], [0, 1], 1)


def blocks() -> Iterator[Block]:
    rows = [Row({"text": text}, "here") for text in TEXTS]
    yield Block(4, {1: Row(None, "here", "wrong")}, [rows[0], *rows[2:4]])
    yield Block(3, {}, rows[4:])
    raise AssertionError("is never asked for")


@pytest.mark.parametrize(
    ("limit", "errors", "good"), [(1, [], 1), (2, [1], 1), (3, [1], 2), (4, [1], 3), (5, [1], 4), (7, [1], 6)]
)
def test_rows_with_errors_count(limit: int, errors: list[int], good: int) -> None:
    kept = list(limited(blocks(), limit))
    assert sum(block.size for block in kept) == limit
    assert [number for block in kept for number in block.errors] == errors
    assert sum(len(block.good) for block in kept) == good


def test_a_trial_writes_the_first_rows_and_is_not_taken_for_the_whole(
    source: Path, tmp_path: Path, tiny_encoder: Path
) -> None:
    summary = embed(source, tmp_path / "out", tiny_encoder, limit=9)
    assert (summary.rows, summary.shards) == (9, 2)
    assert table_of(tmp_path / "out")["row"].to_pylist() == list(range(9))
    with pytest.raises(ValueError, match=r"was begun with something else: input rows: 9 before, 30 now"):
        embed(source, tmp_path / "out", tiny_encoder)


def test_a_trial_is_of_one_row_at_least(source: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"Got limit=0\. Expected 1 or more"):
        embed_corpus(source, tmp_path / "out", limit=0)


def test_a_table_without_a_header_is_embedded_by_numbers(tmp_path: Path, tiny_encoder: Path) -> None:
    (tmp_path / "a.csv").write_text("x;One apple\ny;Two pears\n")
    settings = {"delimiter": ";", "header": False, "text_field": "2"}
    embed(tmp_path / "a.csv", tmp_path / "out", tiny_encoder, **settings)
    assert table_of(tmp_path / "out")["1"].to_pylist() == ["x", "y"]
    with pytest.raises(ValueError, match=r"the field '2' is missing: got \['x', 'One apple'\]"):
        embed(tmp_path / "a.csv", tmp_path / "out", tiny_encoder, **{**settings, "header": True})
