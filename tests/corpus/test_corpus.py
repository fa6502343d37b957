"""Corpora: what is written, what is refused, and that nothing is lost when a run is killed."""

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")

import pyarrow as pa
import pyarrow.parquet as pq

from spacy_trend import from_encoder
from tests.support.corpora import TEXTS, embed, table_of, vectors_of


class TestOutput:
    def test_has_the_input_s_columns_and_what_a_pipeline_says_of_each_text(
        self, source: Path, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        summary = embed(source, tmp_path / "out", tiny_encoder, preset="classifier")
        assert (summary.rows, summary.errors, summary.done_before, summary.shards) == (30, 0, 0, 5)
        table = table_of(tmp_path / "out")
        assert table.column_names == [
            *("row", "id", "text", "score"),
            *("trend_vector", "trend_focus", "trend_related", "trend_truncated"),
        ]
        assert table["row"].to_pylist() == table["id"].to_pylist() == list(range(30))
        assert table["score"].type == pa.float64()
        assert table["trend_vector"].type == pa.list_(pa.float32(), 32)
        docs = list(from_encoder(tiny_encoder, config={"preset": "classifier"}).pipe(TEXTS))
        np.testing.assert_allclose(vectors_of(table), [doc._.trend_vector for doc in docs], atol=1e-5)
        for doc, focus in zip(docs, table["trend_focus"].to_pylist(), strict=True):
            expected = doc._.trend_focus
            assert (focus is None) == (expected is None)
            if focus is not None:
                assert doc.text[focus["start"] : focus["end"]] == focus["text"] == expected.text

    def test_says_what_it_was_made_with(self, source: Path, tmp_path: Path, tiny_encoder: Path) -> None:
        embed(source, tmp_path / "out", tiny_encoder, preset="classifier")
        metadata = pq.read_schema(tmp_path / "out" / "part-000000.parquet").metadata[b"spacy_trend"]
        manifest = json.loads(metadata)
        assert manifest == json.loads(
            pq.read_schema(tmp_path / "out" / ".spacy_trend" / "manifest.parquet").metadata[b"spacy_trend"]
        )
        assert manifest["settings"]["preset"] == "classifier"
        assert manifest["input"]["rows"] == 30
        assert "BertModel" in manifest["encoder"]
        assert set(manifest["versions"]) >= {"spacy", "torch", "spacy-trend"}

    @pytest.mark.parametrize("name", ["a.jsonl.gz", "a.csv", "a.tsv", "a.txt", "a.parquet", "folder"])
    def test_is_the_same_whatever_the_texts_were_in(
        self, name: str, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        texts = [text for text in TEXTS if text]
        path = tmp_path / name
        if name == "a.jsonl.gz":
            path.write_bytes(gzip.compress("".join(json.dumps({"text": t}) + "\n" for t in texts).encode()))
        elif name == "a.parquet":
            pq.write_table(pa.table({"text": texts}), path)
        elif name == "folder":
            path.mkdir()
            (path / "1.txt").write_text("\n".join(texts[:9]), encoding="utf8")
            (path / "2.csv").write_text("\n".join(["text", *texts[9:]]), encoding="utf8")
        else:
            path.write_text("\n".join(([] if name == "a.txt" else ["text"]) + texts), encoding="utf8")
        embed(path, tmp_path / "out", tiny_encoder)
        assert table_of(tmp_path / "out")["text"].to_pylist() == texts


class TestErrors:
    @pytest.fixture
    def broken(self, tmp_path: Path) -> Path:
        path = tmp_path / "broken.jsonl"
        lines = ['{"text": "One"}', "no", '{"other": "Two"}', '{"text": 3}', '{"text": "Four"}']
        path.write_text("\n".join(lines) + "\n", encoding="utf8")
        return path

    def test_errors_are_named_before_any_work(self, broken: Path, tmp_path: Path, tiny_encoder: Path) -> None:
        with pytest.raises(ValueError, match=r"broken\.jsonl, line 2: is not JSON .*--on-error skip"):
            embed(broken, tmp_path / "out", tiny_encoder)
        assert not list((tmp_path / "out").glob("part-*"))

    def test_errors_are_skipped_on_demand(self, broken: Path, tmp_path: Path, tiny_encoder: Path) -> None:
        summary = embed(broken, tmp_path / "out", tiny_encoder, on_error="skip")
        assert (summary.rows, summary.errors) == (5, 3)
        assert table_of(tmp_path / "out")["row"].to_pylist() == [0, 4]
        assert summary.errors_file == tmp_path / ".out.errors.jsonl"
        lines = summary.errors_file.read_text().splitlines()
        errors = [json.loads(line) for line in lines]
        assert [error["row"] for error in errors] == [1, 2, 3]

    @pytest.mark.parametrize(
        "changed", [{"preset": "classifier"}, {"shard_rows": 8}, {"text_field": "id_text"}, {"input": "more"}]
    )
    def test_other_settings_in_the_same_folder_are_refused(
        self, changed: dict[str, Any], source: Path, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        embed(source, tmp_path / "out", tiny_encoder)
        if changed.pop("input", None):
            source.write_text(source.read_text() + '{"text": "more"}\n')
        if "text_field" in changed:
            source.write_text(source.read_text().replace('"text"', '"id_text"'))
        with pytest.raises(ValueError, match="was begun with something else") as refused:
            embed(source, tmp_path / "out", tiny_encoder, **changed)
        # Digests say nothing to a reader.
        assert not re.search("[0-9a-f]{64}", str(refused.value))
        again = embed(source, tmp_path / "out", tiny_encoder, overwrite=True, **changed)
        assert again.done_before == 0

    def test_two_runs_at_a_time_are_refused(self, source: Path, tmp_path: Path, tiny_encoder: Path) -> None:
        from spacy_trend.corpus.folder import OutputFolder

        with OutputFolder(tmp_path / "out").lock(), pytest.raises(ValueError, match="Another run is at work"):
            embed(source, tmp_path / "out", tiny_encoder)

    def test_a_missing_extra_and_settings_out_of_range_are_named(
        self, monkeypatch: pytest.MonkeyPatch, source: Path, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        with pytest.raises(ValueError, match=r"processes=0\. Expected 1 or more"):
            embed(source, tmp_path / "out", tiny_encoder, processes=0)
        with pytest.raises(ValueError, match="on_error='ignore' is unknown"):
            embed(source, tmp_path / "out", tiny_encoder, on_error="ignore")
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        with pytest.raises(ImportError, match=r"'pyarrow' is not installed.*spacy-trend\[corpus\]"):
            embed(source, tmp_path / "out", tiny_encoder)

    def test_columns_that_are_added_are_refused(
        self, source: Path, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        embed(source, tmp_path / "out", tiny_encoder)
        with pytest.raises(ValueError, match=r"has the columns \['row', 'trend_vector'.*which are added"):
            embed(tmp_path / "out" / "part-000000.parquet", tmp_path / "again", tiny_encoder)

    def test_an_input_that_is_not_there_or_of_no_known_format_is_refused(
        self, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        with pytest.raises(FileNotFoundError, match="There is no file or folder"):
            embed(tmp_path / "none", tmp_path / "out", tiny_encoder)
        (tmp_path / "a.xlsx").touch()
        with pytest.raises(
            ValueError, match=r"no file of a known format outside of the output folder. Expected names"
        ):
            embed(tmp_path / "a.xlsx", tmp_path / "out", tiny_encoder)
        (tmp_path / "a.txt").touch()
        with pytest.raises(ValueError, match="There is no text in"):
            embed(tmp_path / "a.txt", tmp_path / "out", tiny_encoder)

    def test_a_disk_that_is_full_is_named_and_shards_stay(
        self, monkeypatch: pytest.MonkeyPatch, source: Path, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        write = pq.write_table
        calls: list[Any] = []

        def full(table: pa.Table, file: Any, **settings: Any) -> None:
            calls.append(file)
            # The first is the manifest.
            if len(calls) == 4:
                raise OSError(28, "No space left on device")
            write(table, file, **settings)

        monkeypatch.setattr(pq, "write_table", full)
        with pytest.raises(OSError, match=r"could not be written .*No space left.* All shards that are"):
            embed(source, tmp_path / "out", tiny_encoder)
        assert len(list((tmp_path / "out").glob("part-*"))) == 2
        assert embed(source, tmp_path / "out", tiny_encoder).done_before == 14

    def test_columns_of_several_types_are_refused(self, tmp_path: Path, tiny_encoder: Path) -> None:
        path = tmp_path / "texts.jsonl"
        path.write_text('{"text": "a", "x": 1}\n{"text": "b", "x": "y"}\n')
        with pytest.raises(
            ValueError, match=r"texts\.jsonl, line 2, or soon after it: the column 'x' has values"
        ):
            embed(path, tmp_path / "out", tiny_encoder)


@pytest.mark.slow
def test_the_command_reads_the_standard_input(tmp_path: Path, tiny_encoder: Path) -> None:
    command = [sys.executable, "-m", "spacy", "trend", "embed", "-", str(tmp_path), "-e", str(tiny_encoder)]
    lines = "".join(json.dumps({"text": text}) + "\n" for text in TEXTS)
    run = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    assert "30 rows in 1 files" in " ".join(run.stdout.split())
    assert table_of(tmp_path)["text"].to_pylist() == TEXTS
    assert not (tmp_path / ".spacy_trend" / ".input.jsonl").exists()
    again = subprocess.run(command, input="no\n", capture_output=True, text=True)
    assert again.returncode == 1
    assert "the standard input, line 1: is not JSON" in " ".join(again.stdout.split())
    assert not (tmp_path / ".spacy_trend" / ".input.jsonl").exists()


def test_a_run_that_is_refused_leaves_the_errors_of_the_one_before(
    tmp_path: Path, tiny_encoder: Path
) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text('{"text": "One"}\n{"text": 2}\n')
    embed(path, tmp_path / "out", tiny_encoder, on_error="skip")
    before = (tmp_path / ".out.errors.jsonl").read_text()
    with pytest.raises(ValueError, match="Nothing was embedded"):
        embed(path, tmp_path / "out", tiny_encoder)
    path.write_text('{"text": "One"}\n{"text": "Two"}\n{"text": 3}\n')
    with pytest.raises(ValueError, match="was begun with something else"):
        embed(path, tmp_path / "out", tiny_encoder, on_error="skip")
    assert (tmp_path / ".out.errors.jsonl").read_text() == before
