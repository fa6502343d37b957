"""Shards that are kept are proven: others are embedded again, or refused by name."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")
import pyarrow as pa
import pyarrow.parquet as pq

from spacy_trend.corpus.seals import BrokenFileError, open_sealed, write_sealed
from tests.support.commands import run_command, said
from tests.support.corpora import embed, table_of

FIRST, SECOND = "part-000000.parquet", "part-000001.parquet"


@pytest.fixture(scope="module")
def input_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("proof") / "texts.jsonl"
    path.write_text("".join(json.dumps({"text": f"The dog {n} runs."}) + "\n" for n in range(9)))
    return path


@pytest.fixture(scope="module")
def whole(input_file: Path, tiny_encoder: Path) -> Path:
    """Three shards; not to be changed by a test."""
    embed(input_file, input_file.parent / "whole", tiny_encoder, shard_rows=3)
    return input_file.parent / "whole"


@pytest.fixture
def out(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "out"))


@pytest.fixture(scope="module")
def other_preset(input_file: Path, tiny_encoder: Path) -> Path:
    folder = input_file.parent / "other"
    embed(input_file, folder, tiny_encoder, shard_rows=3, preset="classifier")
    return folder


def flip_a_bit(out: Path) -> None:
    random = Random(0)
    content = bytearray((out / SECOND).read_bytes())
    content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    (out / SECOND).write_bytes(content)


def copy_another_shard(out: Path) -> None:
    shutil.copy(out / FIRST, out / SECOND)


def write_the_same_rows_otherwise(out: Path) -> None:
    # Whole for any reader, with the metadata of a shard.
    table = pq.read_table(out / SECOND)
    text = pa.array(["Another text."] * 3)
    pq.write_table(table.set_column(1, table.schema.field("text"), text), out / SECOND)


def make_unreadable(out: Path) -> None:
    (out / SECOND).write_bytes(b"")


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (flip_a_bit, "differs from what was written"),
        (copy_another_shard, "holds other rows than the 3 expected between 3 and 5"),
        (write_the_same_rows_otherwise, "is no complete file of ours"),
        (make_unreadable, "is no complete file of ours"),
    ],
)
def test_a_shard_that_is_broken_is_embedded_again_and_named(
    spoil: Callable[[Path], None], what: str, input_file: Path, whole: Path, out: Path, tiny_encoder: Path
) -> None:
    spoil(out)
    summary = embed(input_file, out, tiny_encoder, shard_rows=3)
    assert summary.broken == [f"{SECOND} {what}"]
    assert summary.done_before == 6
    assert table_of(out).equals(table_of(whole))


def test_a_shard_of_another_preset_is_embedded_again(
    input_file: Path, whole: Path, other_preset: Path, out: Path, tiny_encoder: Path
) -> None:
    shutil.copy(other_preset / SECOND, out / SECOND)
    summary = embed(input_file, out, tiny_encoder, shard_rows=3)
    assert summary.broken == [f"{SECOND} was made with something else (pipeline, settings)"]
    assert table_of(out).equals(table_of(whole))


def test_shards_that_changed_places_are_embedded_again(
    input_file: Path, whole: Path, out: Path, tiny_encoder: Path
) -> None:
    (out / FIRST).rename(out / "aside")
    (out / SECOND).rename(out / FIRST)
    (out / "aside").rename(out / SECOND)
    assert len(embed(input_file, out, tiny_encoder, shard_rows=3).broken) == 2
    assert table_of(out).equals(table_of(whole))


def test_the_command_names_what_was_embedded_again(input_file: Path, out: Path, tiny_encoder: Path) -> None:
    flip_a_bit(out)
    result = run_command("embed", input_file, out, "--encoder", tiny_encoder, "--shard-rows", "3")
    assert "1 files of earlier runs were embedded again" in said(result)
    assert f"{SECOND} differs from what was written" in said(result)


@pytest.mark.parametrize(
    "name",
    [
        *("part-000003.parquet", "part-1.parquet", "part-000001 (copy).parquet", "more/part-000000.parquet"),
        *("PART-000001.PARQUET", "label=spam/a.parquet", "aside.bak"),
    ],
)
@pytest.mark.parametrize("overwrite", [False, True])
def test_surplus_files_are_refused_by_name(
    name: str, overwrite: bool, input_file: Path, out: Path, tiny_encoder: Path
) -> None:
    (out / name).parent.mkdir(exist_ok=True)
    shutil.copy(out / SECOND, out / name)
    with pytest.raises(ValueError, match=rf"not of this corpus: {re.escape(name)}\. Expected its 3 shards"):
        embed(input_file, out, tiny_encoder, shard_rows=3, overwrite=overwrite)
    assert (out / name).exists()
    (out / name).unlink()
    assert embed(input_file, out, tiny_encoder, shard_rows=3).done_before == 9


def test_a_folder_in_the_place_of_a_shard_is_refused_by_name(
    input_file: Path, out: Path, tiny_encoder: Path
) -> None:
    (out / SECOND).unlink()
    (out / SECOND).mkdir()
    with pytest.raises(ValueError, match=rf"not of this corpus: {SECOND}\. Expected"):
        embed(input_file, out, tiny_encoder, shard_rows=3)


def test_parquet_files_of_somebody_else_are_refused_before_the_first_run(
    input_file: Path, tmp_path: Path, tiny_encoder: Path
) -> None:
    pq.write_table(pa.table({"x": [1]}), tmp_path / FIRST)
    for overwrite in (False, True):
        with pytest.raises(ValueError, match=f"{FIRST}. Expected none before the first run"):
            embed(input_file, tmp_path, tiny_encoder, shard_rows=3, overwrite=overwrite)
    assert {path.name for path in tmp_path.iterdir()} == {FIRST}


def test_overwrite_makes_all_again(
    input_file: Path, whole: Path, other_preset: Path, tmp_path: Path, tiny_encoder: Path
) -> None:
    out = Path(shutil.copytree(other_preset, tmp_path / "out"))
    assert embed(input_file, out, tiny_encoder, shard_rows=3, overwrite=True).done_before == 0
    assert table_of(out).equals(table_of(whole))


class TestSealedFile:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        write_sealed(pa.table({"x": list(range(50)), "y": ["a", "b"] * 25}), tmp_path / "a.parquet")
        return tmp_path / "a.parquet"

    def test_is_read_by_all_readers(self, path: Path) -> None:
        expected = {"x": list(range(50)), "y": ["a", "b"] * 25}
        assert pq.read_table(path, page_checksum_verification=True).to_pydict() == expected
        with open_sealed(path) as file:
            assert file.read().to_pydict() == expected

    def test_shows_each_bit_that_differs(self, path: Path) -> None:
        content = path.read_bytes()
        for place in range(len(content)):
            flipped = bytearray(content)
            flipped[place] ^= 1 << place % 8
            path.write_bytes(flipped)
            with pytest.raises(BrokenFileError):
                open_sealed(path)

    def test_shows_each_cut(self, path: Path) -> None:
        content = path.read_bytes()
        for size in range(len(content)):
            path.write_bytes(content[:size])
            with pytest.raises(BrokenFileError):
                open_sealed(path)

    def test_has_page_checksums(self, path: Path) -> None:
        column = pq.read_metadata(path).row_group(0).column(0)
        start = column.dictionary_page_offset or column.data_page_offset
        spoilt = bytearray(path.read_bytes())
        # The last byte of the column's last page.
        spoilt[start + column.total_compressed_size - 1] ^= 1
        path.write_bytes(spoilt)
        with pytest.raises((OSError, pa.ArrowException)):
            pq.read_table(path, page_checksum_verification=True)

    def test_replaces_a_link_and_not_what_it_points_to(self, tmp_path: Path) -> None:
        (tmp_path / "precious").write_text("mine")
        (tmp_path / "link").symlink_to(tmp_path / "precious")
        write_sealed(pa.table({"x": [1]}), tmp_path / "link")
        assert (tmp_path / "precious").read_text() == "mine"
        assert not (tmp_path / "link").is_symlink()
