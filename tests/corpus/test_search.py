"""Search in folders that `embed` wrote, or that it did not."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")
pytest.importorskip("duckdb")
import pyarrow as pa
import pyarrow.parquet as pq

from spacy_trend.corpus import embed_corpus, search
from spacy_trend.corpus.finished import finished_shards
from spacy_trend.corpus.folder import OutputFolder
from spacy_trend.corpus.manifest import described, manifest_in
from spacy_trend.corpus.nearest import TOO_MANY, Nearest
from spacy_trend.corpus.query import _check_vector
from spacy_trend.corpus.seals import write_sealed
from spacy_trend.pipelines import load_pipeline
from tests.support.corpora import TEXTS, embed, table_of, vectors_of
from tests.support.encoders import save_bert

QUERY = "She wants the old apple."
#: The place of the vectors' numbers among the columns of a file, those in objects counted.
VECTOR_COLUMN = 4
Search = Callable[..., Any]


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    """A folder that `embed` wrote: 30 texts in five files; a test may not change it."""
    source = tmp_path_factory.mktemp("source") / "texts.jsonl"
    rows = [{"id": n, "text": text, "title": None if n else "First"} for n, text in enumerate(TEXTS)]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    embed(source, source.parent / "out", tiny_encoder, preset="similarity")
    return source.parent / "out"


@pytest.fixture
def folder(embedded: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(embedded, tmp_path / "folder"))


@pytest.fixture
def ask(tiny_encoder: Path) -> Search:
    """A function that searches as the folder was embedded."""

    def ask(folder: Path, query: str = QUERY, k: int = 5, **settings: Any) -> Any:
        return search(folder, query, k, **{"encoder": str(tiny_encoder), **settings})

    return ask


class TestFinds:
    @pytest.mark.parametrize("k", [1, 3, 100])
    def test_what_numpy_finds(self, k: int, embedded: Path, tiny_encoder: Path, ask: Search) -> None:
        table = table_of(embedded)
        vectors = vectors_of(table).astype(float)
        lengths = np.linalg.norm(vectors, axis=1)
        nlp = load_pipeline(None, str(tiny_encoder), "en", "similarity")
        query = nlp(QUERY)._.trend_vector.astype(float)
        cosines = vectors @ query / np.where(lengths > 0, lengths, 1) / np.linalg.norm(query)
        best = [row for row in np.argsort(-cosines, kind="stable") if lengths[row] > 0][:k]
        hits = ask(embedded, k=k)
        np.testing.assert_allclose([hit.score for hit in hits], cosines[best], atol=1e-6)
        np.testing.assert_allclose([cosines[hit.row] for hit in hits], cosines[best], atol=1e-6)
        # "..." and "" have no words.
        assert (len(hits), hits.rows, hits.without_words) == (min(k, 20), 30, 10)
        assert (hits.not_finite, hits.missing_files) == (0, 0)

    def test_a_text_itself_first(self, embedded: Path, ask: Search) -> None:
        for text in ("I want an apple.", "Grüße aus Köln"):
            hits = ask(embedded, text)
            assert [hit.text for hit in hits] == [text] * 5
            assert hits[0].score == pytest.approx(1, abs=1e-6)

    def test_the_file_the_focus_and_what_the_other_columns_hold(self, embedded: Path, ask: Search) -> None:
        rows = table_of(embedded).to_pylist()
        for hit in ask(embedded, k=30):
            row = rows[hit.row]
            assert hit.file == f"part-{hit.row // 7:06d}.parquet"
            assert (hit.text, hit.columns["id"], hit.columns["title"]) == (
                row["text"],
                hit.row,
                None if hit.row else "First",
            )
            assert hit.focus._asdict() == row["trend_focus"]
            assert set(hit.columns) == {"id", "title", "trend_related", "trend_truncated"}
            assert hit.why is None

    def test_hits_as_a_sequence_and_as_plain_data(self, embedded: Path, ask: Search) -> None:
        hits = ask(embedded, k=3)
        assert hits[0] == hits[:2][0] == next(iter(hits))
        data = json.loads(json.dumps(hits.to_dict()))
        assert data["rows"] == 30
        assert [hit["row"] for hit in data["hits"]] == [hit.row for hit in hits]
        assert data["hits"][0]["focus"] == hits[0].focus._asdict()

    def test_another_column_to_show(self, embedded: Path, ask: Search) -> None:
        shown = {hit.row: hit for hit in ask(embedded, k=30, text_field="title")}
        assert (shown[0].text, shown[0].columns["text"]) == ("First", TEXTS[0])
        assert shown[1].text is None

    def test_values_that_python_cannot_hold(self, tmp_path: Path, tiny_encoder: Path, ask: Search) -> None:
        note = pa.Array.from_buffers(pa.string(), 2, pa.array([b"One", b"\xff"], pa.binary()).buffers())
        source = tmp_path / "in.parquet"
        pq.write_table(pa.table({"text": ["An apple", "A house"], "note": note}), source)
        embed(source, tmp_path / "out", tiny_encoder)
        notes = {hit.text: hit.columns["note"] for hit in ask(tmp_path / "out")}
        assert notes["An apple"] == "One"
        assert "\N{REPLACEMENT CHARACTER}" in notes["A house"]


class TestThePipeline:
    def test_has_the_preset_of_the_folder_if_none_is_given(self, embedded: Path, ask: Search) -> None:
        assert ask(embedded).hits == ask(embedded, preset="similarity").hits

    def test_may_be_a_saved_one_with_settings_of_its_own(self, tmp_path: Path, tiny: Any) -> None:
        tiny.to_disk(tmp_path / "model")
        (tmp_path / "in.txt").write_text("An apple\nA house\n")
        embed_corpus(tmp_path / "in.txt", tmp_path / "out", model=str(tmp_path / "model"))
        hits = search(tmp_path / "out", "A house", model=str(tmp_path / "model"))
        assert (hits[0].text, hits[0].score) == ("A house", pytest.approx(1, abs=1e-6))

    def test_is_refused_if_its_settings_differ(self, embedded: Path, ask: Search) -> None:
        with pytest.raises(
            ValueError,
            match=r"with another pipeline: settings preset: 'similarity' before, 'article' now\. Expected .*"
            r"give the same --model",
        ):
            ask(embedded, preset="article")

    def test_is_refused_if_its_encoder_differs(
        self, embedded: Path, tmp_path_factory: pytest.TempPathFactory, ask: Search
    ) -> None:
        other = save_bert(tmp_path_factory.mktemp("other"), seed=1)
        with pytest.raises(ValueError, match=rf"another pipeline: encoder: .* before, .*{other.name}.* now"):
            ask(embedded, encoder=str(other))

    def test_is_refused_if_its_language_differs(self, embedded: Path, ask: Search) -> None:
        with pytest.raises(ValueError, match="pipeline: its language, components or weights differ"):
            ask(embedded, lang="de")

    def test_is_not_chosen_by_settings_that_the_folder_brings(self, folder: Path, ask: Search) -> None:
        forge(folder, settings={"preset": "no preset of ours"})
        with pytest.raises(ValueError, match="settings preset: 'no preset of ours' before, 'article' now"):
            ask(folder)


class TestWhy:
    @pytest.mark.parametrize("text_field", [None, "title"])
    def test_splits_each_score_into_words_of_query_and_text(
        self, text_field: str | None, embedded: Path, ask: Search
    ) -> None:
        for hit in ask(embedded, k=30, why=True, text_field=text_field):
            assert hit.why.texts == ("She", "wants", "the", "old", "apple")
            assert " ".join(hit.why.other_texts) == TEXTS[hit.row].rstrip(".")
            assert hit.why.parts.sum() == pytest.approx(hit.score, abs=1e-5)
            assert hit.to_dict()["why"] == hit.why.to_dict()


def forge(folder: Path, **changed: Any) -> None:
    """Rewrite a folder of `embed` as if it had been made with something else; None leaves a key out."""
    for path in [*folder.glob("part-*"), folder / ".spacy_trend" / "manifest.parquet"]:
        table = pq.read_table(path)
        manifest = {**manifest_in(table.schema), **changed}
        kept = {key: value for key, value in manifest.items() if value is not None}
        write_sealed(table.replace_schema_metadata(described(table.schema, kept).metadata), path)


class TestReads:
    def test_the_files_that_are_there_and_says_how_many_are_not(self, folder: Path, ask: Search) -> None:
        (folder / "part-000001.parquet").unlink()
        hits = ask(folder, k=30)
        assert (hits.missing_files, hits.rows) == (1, 23)
        assert not {hit.row for hit in hits} & set(range(7, 14))

    def test_no_files_of_others(self, folder: Path, ask: Search) -> None:
        expected = ask(folder, k=30)
        for name in ("part-000009.parquet", "a.parquet", ".spacy_trend/part-000001.parquet.1.writing"):
            shutil.copy(folder / "part-000000.parquet", folder / name)
        assert ask(folder, k=30) == expected

    def test_a_folder_by_whatever_name(self, folder: Path, ask: Search) -> None:
        odd = folder.rename(folder.parent / "row=1 [a] *?")
        assert ask(odd / ".." / odd.name, k=30).rows == 30

    def test_nothing_that_it_would_write_to(self, folder: Path, ask: Search) -> None:
        before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
        ask(folder)
        assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


class TestRefuses:
    @pytest.mark.parametrize("k", [0, -3])
    def test_to_find_nothing(self, k: int, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=rf"Got k={k}\. Expected 1 or more"):
            search(tmp_path, QUERY, k)

    def test_to_find_more_than_duckdb_keeps(
        self, embedded: Path, ask: Search, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        finished = finished_shards(OutputFolder(embedded))._replace(rows={0: TOO_MANY})
        monkeypatch.setattr("spacy_trend.corpus.query.finished_shards", lambda folder: finished)
        with pytest.raises(ValueError, match=r"Got k=1000000\. Expected less than 1,000,000"):
            ask(embedded, k=TOO_MANY)

    @pytest.mark.parametrize("query", ["", " \n", "half \ud800"])
    def test_a_query_that_is_no_text(self, query: str, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"Got the query '.*Expected a text"):
            search(tmp_path, query)

    @pytest.mark.parametrize("query", ["...", "? !"])
    def test_a_query_without_words(self, query: str, embedded: Path, ask: Search) -> None:
        with pytest.raises(ValueError, match=r"has no words that a vector comes from\. Expected at least"):
            ask(embedded, query)

    def test_a_query_with_numbers_that_are_not_finite(self) -> None:
        doc: Any = SimpleNamespace(text=QUERY, _=SimpleNamespace(trend_vector=np.array([1, np.nan])))
        with pytest.raises(ValueError, match=r"not finite for the query 'She .*Expected finite ones"):
            _check_vector(doc)

    @pytest.mark.parametrize("name", ["nothing", "id", "row", "trend_vector", "trend_focus"])
    def test_a_text_field_that_holds_no_texts(self, name: str, embedded: Path, ask: Search) -> None:
        with pytest.raises(ValueError, match=rf"has no column '{name}' of texts\. Expected one of \['text'"):
            ask(embedded, text_field=name)

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("no folder")
        for name in ("nothing", "file", "\x1b[31m"):
            with pytest.raises(FileNotFoundError, match=r"There is no folder [^\x1b]*Expected one that"):
                search(tmp_path / name, QUERY)

    def test_a_folder_that_embed_did_not_write(self, tmp_path: Path, embedded: Path) -> None:
        for _ in range(2):
            with pytest.raises(ValueError, match=r"was not written by embed, .*Expected a folder of embed"):
                search(tmp_path, QUERY)
            shutil.copy(embedded / "part-000000.parquet", tmp_path / "other.parquet")

    def test_a_folder_whose_manifest_is_broken(self, folder: Path) -> None:
        (folder / ".spacy_trend" / "manifest.parquet").write_text("no")
        with pytest.raises(ValueError, match=r"manifest\.parquet cannot be read: it is no complete file"):
            search(folder, QUERY)

    def test_a_folder_without_files(self, folder: Path) -> None:
        for path in folder.glob("part-*"):
            path.unlink()
        with pytest.raises(ValueError, match=r"has no vectors: embed has written none of its files yet\."):
            search(folder, QUERY)

    def test_a_folder_whose_texts_were_all_left_out(self, folder: Path) -> None:
        for path in folder.glob("part-*"):
            write_sealed(pq.read_table(path).slice(0, 0), path)
        with pytest.raises(ValueError, match=r"has no vectors: all rows of its files were left out\."):
            search(folder, QUERY)

    @pytest.mark.parametrize("key", ["pipeline", "width", "text_field"])
    def test_a_folder_that_does_not_say_what_it_was_made_with(self, key: str, folder: Path) -> None:
        forge(folder, **{key: None})
        with pytest.raises(ValueError, match=r"do not say which pipeline .*Expected a folder as embed"):
            search(folder, QUERY)

    def test_a_folder_with_vectors_of_another_width(self, folder: Path) -> None:
        forge(folder, width=31)
        with pytest.raises(ValueError, match=r"or lack the columns 'row' and 'trend_vector'\. Expected"):
            search(folder, QUERY)

    def test_a_file_that_is_cut_off(self, folder: Path) -> None:
        path = folder / "part-000002.parquet"
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(ValueError, match=r"part-000002\.parquet is no complete file .*run embed again"):
            search(folder, QUERY)

    def test_a_hit_from_a_damaged_part_of_a_file(self, folder: Path, ask: Search) -> None:
        for path in folder.glob("part-*"):
            column = pq.read_metadata(path).row_group(0).column(VECTOR_COLUMN)
            data = bytearray(path.read_bytes())
            data[column.data_page_offset + column.total_compressed_size - 1] ^= 1
            path.write_bytes(data)
        with pytest.raises(ValueError, match=r"(cannot be read|cannot be searched) .*run embed again"):
            ask(folder)

    def test_a_file_of_another_corpus(self, folder: Path) -> None:
        path = folder / "part-000002.parquet"
        table = pq.read_table(path)
        other = described(table.schema, {**manifest_in(table.schema), "pipeline": "another"})
        write_sealed(table.replace_schema_metadata(other.metadata), path)
        with pytest.raises(ValueError, match=r"000002\.parquet was made with something else \(pipeline\)\."):
            search(folder, QUERY)

    def test_a_file_with_other_columns(self, folder: Path) -> None:
        path = folder / "part-000002.parquet"
        write_sealed(pq.read_table(path).drop_columns("id"), path)
        with pytest.raises(ValueError, match=r"000002\.parquet has other columns than the files before it\."):
            search(folder, QUERY)

    def test_a_file_with_rows_of_another_one(self, folder: Path, ask: Search) -> None:
        shutil.copy(folder / "part-000000.parquet", folder / "part-000002.parquet")
        (folder / "part-000000.parquet").unlink()
        with pytest.raises(ValueError, match=r"part-000000\.parquet cannot be read"):
            ask(folder, k=30)

    def test_rows_that_are_not_in_their_file(
        self, embedded: Path, ask: Search, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = Nearest([0, 99_999, 3], [1.0, 0.5, 0.25], 30, 0, 0)
        monkeypatch.setattr("spacy_trend.corpus.finished.Finished.path_of", lambda self, row: self.paths[0])
        monkeypatch.setattr("spacy_trend.corpus.query.nearest", lambda *args: found)
        with pytest.raises(ValueError, match=r"rows in other files than they belong to: \[99999\]\."):
            ask(embedded)

    def test_to_work_without_its_extra(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("spacy_trend.dependencies.find_spec", lambda name: name != "duckdb" or None)
        with pytest.raises(ImportError, match=r"'duckdb' is not installed\. Expected the extra 'search'"):
            search(tmp_path, QUERY)
