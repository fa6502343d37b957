"""Corpora in states that are rare: inputs that change, folders with other things in them, odd values."""

import gzip
import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")

import pyarrow as pa
import pyarrow.parquet as pq

from spacy_trend.corpus import run as corpus_run
from spacy_trend.corpus import shards as corpus_output
from spacy_trend.corpus.folder import STAGED
from tests.support.corpora import embed, files_in, table_of

pytestmark = pytest.mark.slow

ROWS = [{"text": f"The dog {number} runs."} for number in range(6)]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    return path


def after_the_survey(monkeypatch: pytest.MonkeyPatch, path: Path, content: str) -> None:
    """Have an input changed while the encoder is loaded, before its rows are read for the second time."""
    begin = corpus_run._start_or_resume

    def begin_and_change(*arguments: Any) -> Any:
        found = begin(*arguments)
        path.write_text(content, encoding="utf8")
        return found

    monkeypatch.setattr(corpus_run, "_start_or_resume", begin_and_change)


class TestInput:
    def test_in_the_output_folder_is_kept(self, tmp_path: Path, tiny_encoder: Path) -> None:
        path = tmp_path / "part-00000-abc.snappy.parquet"
        pq.write_table(pa.Table.from_pylist(ROWS), path)
        with suppress(ValueError):
            embed(tmp_path, tmp_path, tiny_encoder, overwrite=True)
        assert path.exists()

    @pytest.mark.parametrize("name", ["typo.jsonl", "broken.jsonl"])
    def test_that_is_refused_leaves_the_output_it_would_have_overwritten(
        self, name: str, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        (tmp_path / "broken.jsonl").write_text('{"text": "One"}\nno\n')
        embed(write(tmp_path / "a.jsonl", ROWS), tmp_path / "out", tiny_encoder)
        with pytest.raises((ValueError, FileNotFoundError)):
            embed(tmp_path / name, tmp_path / "out", tiny_encoder, overwrite=True)
        assert table_of(tmp_path / "out").num_rows == 6

    def test_that_is_cut_while_it_is_read_loses_no_row(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        path = write(tmp_path / "a.jsonl", ROWS)
        whole = path.read_text()
        with monkeypatch.context() as patch:
            after_the_survey(patch, path, json.dumps(ROWS[0]) + "\n")
            # Refused, or embedded as it was: both would do.
            with suppress(ValueError):
                embed(path, tmp_path / "out", tiny_encoder, shard_rows=3)
        path.write_text(whole)
        embed(path, tmp_path / "out", tiny_encoder, shard_rows=3)
        assert table_of(tmp_path / "out")["row"].to_pylist() == list(range(6))

    def test_that_is_named_as_the_errors_are_is_kept(self, tmp_path: Path, tiny_encoder: Path) -> None:
        path = write(tmp_path / "errors.jsonl", [*ROWS, {"other": 1}])
        before = path.read_text()
        with suppress(ValueError):
            embed(path, tmp_path, tiny_encoder, on_error="skip")
        assert path.read_text() == before


class TestRunsInOneFolder:
    def test_what_a_killed_run_staged_is_not_taken_over(self, tmp_path: Path, tiny_encoder: Path) -> None:
        path, out = write(tmp_path / "a.jsonl", ROWS), tmp_path / "out"
        embed(path, tmp_path / "article", tiny_encoder, shard_rows=3)
        staged = out / ".spacy_trend" / STAGED
        staged.mkdir(parents=True)
        for shard in (tmp_path / "article").glob("part-*"):
            shutil.copy(shard, staged)
        (staged / "part-000001.parquet").write_bytes(b"PAR1")
        embed(path, out, tiny_encoder, shard_rows=3, preset="classifier")
        assert not staged.exists()
        assert (
            json.loads(pq.read_schema(out / "part-000001.parquet").metadata[b"spacy_trend"])["settings"][
                "preset"
            ]
            == "classifier"
        )

    def test_an_input_that_is_read_in_another_way_is_refused(
        self, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        path, out = write(tmp_path / "a.jsonl", ROWS), tmp_path / "out"
        embed(path, out, tiny_encoder, shard_rows=3)
        (out / "part-000001.parquet").unlink()
        with pytest.raises(ValueError, match="was begun with something else"):
            embed(path.rename(tmp_path / "a.txt"), out, tiny_encoder, shard_rows=3)

    def test_an_output_in_the_input_folder_is_no_input(self, tmp_path: Path, tiny_encoder: Path) -> None:
        write(tmp_path / "a.jsonl", ROWS)
        embed(tmp_path, tmp_path / "out", tiny_encoder, shard_rows=3)
        (tmp_path / "out" / "part-000001.parquet").unlink()
        assert embed(tmp_path, tmp_path / "out", tiny_encoder, shard_rows=3).done_before == 3


class TestRows:
    def test_that_are_too_long_are_skipped(self, tmp_path: Path, tiny_encoder: Path) -> None:
        path = write(tmp_path / "a.jsonl", [*ROWS, {"text": "a " * 500_001}])
        assert embed(path, tmp_path / "out", tiny_encoder, on_error="skip").errors == 1

    @pytest.mark.parametrize("value", [{"x": "\ud800"}, ["\ud800"]])
    def test_that_hold_half_a_surrogate_pair_inside_are_skipped(
        self, value: Any, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        path = write(tmp_path / "a.jsonl", [*ROWS, {"text": "One", "meta": value}])
        assert embed(path, tmp_path / "out", tiny_encoder, on_error="skip").errors == 1

    @pytest.mark.parametrize("name", ["cut.jsonl.gz", "no.jsonl.gz", "bad.parquet"])
    def test_of_a_damaged_file_are_refused_by_its_name(
        self, name: str, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        path = tmp_path / name
        cut = gzip.compress("".join(json.dumps(row) + "\n" for row in ROWS * 99).encode())[:-30]
        path.write_bytes(cut if name.startswith("cut") else b"not what the name says")
        with pytest.raises((ValueError, OSError), match=name):
            embed(path, tmp_path / "out", tiny_encoder)


class TestColumns:
    @pytest.mark.parametrize(
        ("value", "field"), [({}, "meta"), ([{}], "meta"), ({"a": 1, "b": [{"c": {}}]}, "meta.b.c")]
    )
    def test_of_objects_without_fields_are_refused_by_name(
        self, value: Any, field: str, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        path = write(tmp_path / "a.jsonl", [{**row, "meta": value} for row in ROWS])
        with pytest.raises(ValueError, match=f"The field '{field}' holds objects without fields in all rows"):
            embed(path, tmp_path / "out", tiny_encoder)
        # One that has a field tells the type.
        write(path, [{"text": "One", "meta": {"a": 1}}, {"text": "Two", "meta": {}}])
        assert embed(path, tmp_path / "out", tiny_encoder).rows == 2

    @pytest.mark.parametrize("kind", ["jsonl", "parquet"])
    def test_may_hold_large_numbers(self, kind: str, tmp_path: Path, tiny_encoder: Path) -> None:
        hashes = [2**63 + number for number in range(6)]
        path = tmp_path / f"a.{kind}"
        if kind == "jsonl":
            write(path, [{**row, "x": x} for row, x in zip(ROWS, hashes, strict=True)])
        else:
            pq.write_table(pa.table({"text": ["a"] * 6, "x": pa.array(hashes, pa.uint64())}), path)
        embed(path, tmp_path / "out", tiny_encoder)
        assert table_of(tmp_path / "out")["x"].to_pylist() == hashes

    @pytest.mark.parametrize(
        ("large", "fraction", "field"),
        [
            (2**53 + 1, 0.5, "x"),
            (2**63 + 1, 0.5, "x"),
            ([1, 2**53 + 1], [0.5], "x"),
            ({"y": [{"z": 2**60}]}, {"y": [{"z": 0.5}]}, "x.y.z"),
        ],
    )
    def test_of_large_numbers_and_fractions_are_refused_by_name(
        self, large: Any, fraction: Any, field: str, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        rows = [{"text": "One", "x": fraction}, {"text": "Two", "x": large}]
        with pytest.raises(ValueError, match=rf"a\.jsonl, line 2: the field '{field}' holds a whole number"):
            embed(write(tmp_path / "a.jsonl", rows), tmp_path / "out", tiny_encoder)

    def test_of_large_numbers_may_stand_beside_fractions(self, tmp_path: Path, tiny_encoder: Path) -> None:
        rows = [{"text": "One", "x": {"id": 2**60, "score": 0.5}}, {"text": "Two", "x": None}]
        embed(write(tmp_path / "a.jsonl", rows), tmp_path / "out", tiny_encoder)
        assert table_of(tmp_path / "out")["x"].to_pylist() == [rows[0]["x"], None]

    def test_of_texts_are_written_once_for_each_value(self, tmp_path: Path, tiny_encoder: Path) -> None:
        embed(write(tmp_path / "a.jsonl", ROWS), tmp_path / "out", tiny_encoder)
        group = pq.read_metadata(tmp_path / "out" / "part-000000.parquet").row_group(0)
        columns = {column.path_in_schema: column for column in map(group.column, range(group.num_columns))}
        assert "RLE_DICTIONARY" in columns["text"].encodings
        assert "RLE_DICTIONARY" in columns["trend_focus.text"].encodings
        assert "BYTE_STREAM_SPLIT" in columns["trend_vector.list.element"].encodings

    def test_of_parquet_keep_their_types(self, tmp_path: Path, tiny_encoder: Path) -> None:
        schema = pa.schema(
            [
                ("text", pa.string()),
                ("small", pa.int8()),
                ("none", pa.string()),
                ("vector", pa.list_(pa.float32(), 2)),
                ("time", pa.timestamp("ns")),
            ]
        )
        row = {"text": "One", "small": 1, "none": None, "vector": [1.0, 2.0], "time": 1000}
        pq.write_table(pa.Table.from_pylist([row], schema=schema), tmp_path / "a.parquet")
        embed(tmp_path / "a.parquet", tmp_path / "out", tiny_encoder)
        made = table_of(tmp_path / "out").schema
        assert [made.field(name).type for name in schema.names] == schema.types

    def test_of_parquet_may_be_maps(self, tmp_path: Path, tiny_encoder: Path) -> None:
        pairs = pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64()))
        pq.write_table(pa.table({"text": ["One"], "pairs": pairs}), tmp_path / "a.parquet")
        assert embed(tmp_path / "a.parquet", tmp_path / "out", tiny_encoder).rows == 1

    @pytest.mark.parametrize(
        "column", [{"trend_vector.list.element": "x"}, {"trend_vector.list": {"element": "x"}}]
    )
    def test_may_have_the_vectors_path_as_a_name(
        self, column: dict[str, Any], tmp_path: Path, tiny_encoder: Path
    ) -> None:
        path = write(tmp_path / "a.jsonl", [{"text": "One", **column}])
        assert embed(path, tmp_path / "out", tiny_encoder).rows == 1


class TestFolder:
    def test_may_be_one_that_cannot_be_synced(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        class AsOnWindows:
            def __getattr__(self, name: str) -> Any:
                return getattr(real, name)

            def open(self, path: Path, *settings: Any) -> int:
                if Path(path).is_dir():
                    raise PermissionError(13, "Permission denied", str(path))
                return real.open(path, *settings)

        real = corpus_output.os
        monkeypatch.setattr(corpus_output, "os", AsOnWindows())
        path = write(tmp_path / "a.jsonl", ROWS)
        assert embed(path, tmp_path / "out", tiny_encoder).rows == 6

    def test_has_nothing_aside_in_the_end(self, tmp_path: Path, tiny_encoder: Path) -> None:
        embed(write(tmp_path / "a.jsonl", ROWS), tmp_path / "out", tiny_encoder, on_error="skip")
        assert files_in(tmp_path / "out") == {
            "part-000000.parquet",
            ".spacy_trend/lock",
            ".spacy_trend/manifest.parquet",
        }
        # Readers skip files that are empty.
        assert not (tmp_path / "out" / ".spacy_trend" / "lock").stat().st_size

    def test_has_the_errors_of_this_run_alone(self, tmp_path: Path, tiny_encoder: Path) -> None:
        # As --overwrite leaves it where it is killed after the manifest is gone.
        (tmp_path / ".out.errors.jsonl").write_text('{"row": 3}\n')
        embed(write(tmp_path / "a.jsonl", ROWS), tmp_path / "out", tiny_encoder, on_error="skip")
        assert not (tmp_path / ".out.errors.jsonl").exists()

    def test_goes_on_with_a_newer_patch_of_spacy(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        path = write(tmp_path / "a.jsonl", ROWS)
        embed(path, tmp_path / "out", tiny_encoder)
        monkeypatch.setattr("spacy.about.__version__", "3.8.999")
        assert embed(path, tmp_path / "out", tiny_encoder).done_before == 6

    @pytest.mark.parametrize("content", ["nothing", "cut", "fewer rows"])
    def test_has_shards_that_are_broken_made_again(
        self, content: str, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        path, out = write(tmp_path / "a.jsonl", [*ROWS, {"other": 1}]), tmp_path / "out"
        embed(path, out, tiny_encoder, shard_rows=3, on_error="skip")
        whole, broken = table_of(out), out / "part-000001.parquet"
        if content == "fewer rows":
            pq.write_table(pq.read_table(broken)[:2], broken)
        else:
            broken.write_bytes(b"" if content == "nothing" else broken.read_bytes()[:-9])
        assert embed(path, out, tiny_encoder, shard_rows=3, on_error="skip").done_before == 4
        assert table_of(out).equals(whole)

    @pytest.mark.parametrize("content", ["", "PAR1", "no Parquet file at all, but longer"])
    def test_says_that_its_manifest_is_broken(self, content: str, tmp_path: Path, tiny_encoder: Path) -> None:
        path, out = write(tmp_path / "a.jsonl", ROWS), tmp_path / "out"
        manifest = out / ".spacy_trend" / "manifest.parquet"
        manifest.parent.mkdir(parents=True)
        manifest.write_text(content)
        # Without shards there is nothing to lose.
        embed(path, out, tiny_encoder)
        manifest.write_text(content)
        with pytest.raises(ValueError, match=r"manifest\.parquet cannot be read: .*--overwrite"):
            embed(path, out, tiny_encoder)
        assert embed(path, out, tiny_encoder, overwrite=True).done_before == 0

    def test_is_taken_back_if_nothing_is_in_it(self, tmp_path: Path, tiny_encoder: Path) -> None:
        path = write(tmp_path / "a.jsonl", [{"other": 1}])
        for on_error in ("raise", "skip"):
            with pytest.raises(ValueError, match="the field 'text' is missing"):
                embed(path, tmp_path / "out", tiny_encoder, on_error=on_error)
            assert not (tmp_path / "out").exists()
        (tmp_path / "out").mkdir()
        with pytest.raises(ValueError, match="the field 'text' is missing"):
            embed(path, tmp_path / "out", tiny_encoder)
        assert (tmp_path / "out").exists()

    @pytest.mark.parametrize("place", ["file", "file/out"])
    def test_is_refused_if_a_file_is_in_the_way(self, place: str, tmp_path: Path, tiny_encoder: Path) -> None:
        path = write(tmp_path / "a.jsonl", ROWS)
        (tmp_path / "file").touch()
        with pytest.raises(OSError, match=r"Cannot make the folder .*file' is a file\. Expected a folder"):
            embed(path, tmp_path / place, tiny_encoder)

    def test_is_not_begun_with_batches_of_nothing(self, tmp_path: Path, tiny_encoder: Path) -> None:
        with pytest.raises(ValueError, match="batch_size=0"):
            embed(write(tmp_path / "a.jsonl", ROWS), tmp_path / "out", tiny_encoder, batch_size=0)

    def test_names_the_errors_if_all_rows_have_one(self, tmp_path: Path, tiny_encoder: Path) -> None:
        path = write(tmp_path / "a.jsonl", [{"other": 1}] * 3)
        with pytest.raises(ValueError, match="the field 'text' is missing"):
            embed(path, tmp_path / "out", tiny_encoder, on_error="skip")
