"""Rows on which the pipeline fails: named by their place, or left out and listed; the corpus goes on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")
import pyarrow as pa
import pyarrow.parquet as pq
from spacy import Language
from spacy.tokens import Doc

from spacy_trend.corpus.run import Summary
from spacy_trend.embedder import Embedder, PipelineChoice
from tests.support.corpora import embed, table_of
from tests.support.encoders import save_bert

GOOD, LONG = "The dog runs.", "long " * 100


@pytest.fixture(scope="module")
def short_sighted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder of 64 positions, whose tokenizer gives it more."""
    return save_bert(tmp_path_factory.mktemp("short-sighted"), max_position_embeddings=64)


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """Twelve rows in two files; the rows 4 and 9 are too long."""
    folder = tmp_path / "texts"
    folder.mkdir()
    texts = [LONG if number in {4, 9} else f"{GOOD} {number}" for number in range(12)]
    lines = [json.dumps({"text": text}) + "\n" for text in texts[:5]]
    # A row that no pipeline is given.
    (folder / "1.jsonl").write_text("".join(lines) + "no\n")
    pq.write_table(pa.table({"text": texts[5:]}), folder / "2.parquet")
    return folder


def errors_of(summary: Summary) -> list[tuple[int, str]]:
    lines = summary.errors_file.read_text().splitlines()
    return [(line["row"], line["place"]) for line in map(json.loads, lines)]


def test_are_named_by_their_place_at_every_run(tmp_path: Path, short_sighted: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in [GOOD, GOOD, LONG, GOOD]))
    for done in (0, 1):
        message = r"a\.jsonl, line 3 \(row 2 of the input\): the pipeline cannot embed .*--on-error skip"
        with pytest.raises(ValueError, match=message):
            embed(path, tmp_path / "out", short_sighted, shard_rows=2)
        assert len(list((tmp_path / "out").glob("part-*"))) == 1, done


def test_are_left_out_and_listed_at_resume_too(texts: Path, tmp_path: Path, short_sighted: Path) -> None:
    out = tmp_path / "out"
    expected = [
        (4, f"{texts / '1.jsonl'}, line 5"),
        (5, f"{texts / '1.jsonl'}, line 6"),
        (10, f"{texts / '2.parquet'}, row 4"),
    ]
    first = embed(texts, out, short_sighted, shard_rows=4, on_error="skip")
    assert (first.rows, first.errors, errors_of(first)) == (13, 3, expected)
    whole = table_of(out)
    assert whole["row"].to_pylist() == [0, 1, 2, 3, 6, 7, 8, 9, 11, 12]
    again = embed(texts, out, short_sighted, shard_rows=4, on_error="skip")
    assert (again.done_before, again.errors, errors_of(again), again.broken) == (13, 3, expected, [])
    (out / "part-000001.parquet").unlink()
    third = embed(texts, out, short_sighted, shard_rows=4, on_error="skip")
    assert (third.done_before, errors_of(third)) == (9, expected)
    assert table_of(out).equals(whole)


def test_that_were_left_out_are_refused_by_a_run_that_does_not_skip(
    tmp_path: Path, short_sighted: Path
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in [GOOD, LONG]))
    embed(path, tmp_path / "out", short_sighted, on_error="skip")
    with pytest.raises(ValueError, match=r"a\.jsonl, line 2 \(row 1 of the input\): the pipeline"):
        embed(path, tmp_path / "out", short_sighted)


def test_may_be_all_of_a_shard(tmp_path: Path, short_sighted: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in [LONG, LONG, GOOD]))
    for done in (0, 3):
        summary = embed(path, tmp_path / "out", short_sighted, shard_rows=2, on_error="skip")
        assert (summary.errors, summary.done_before) == (2, done)
    assert table_of(tmp_path / "out")["row"].to_pylist() == [2]


class TestEmbedder:
    """What raises in a component, whatever it is and wherever it stands."""

    @pytest.fixture
    def embedder(self, tiny_encoder: Path) -> Embedder:
        return Embedder(PipelineChoice(encoder=str(tiny_encoder)), batch_size=3)

    @pytest.fixture
    def add(self, embedder: Embedder) -> Callable[[Exception], None]:
        """Adds a component that raises for texts with "bad"."""

        def add(error: Exception) -> None:
            def fail(doc: Doc) -> Doc:
                if "bad" in doc.text:
                    raise error
                return doc

            # What is registered under a name stays, in other tests too.
            name = f"fails with {error!r}"
            Language.component(name, func=fail)
            embedder.nlp.add_pipe(name, last=True)

        return add

    @pytest.mark.parametrize("error", [KeyError("x"), IndexError("y"), RuntimeError("z"), ValueError("v")])
    def test_leaves_bad_rows_out(
        self, error: Exception, embedder: Embedder, add: Callable[[Exception], None]
    ) -> None:
        table = pa.table({"text": ["one", "bad", "two", "three", "four", "bad 2", "bad 3", "five"]})
        expected = embedder(table)
        add(error)
        errors: dict[int, str] = {}
        made = embedder(table, errors.__setitem__)
        assert list(errors) == [1, 5, 6]
        assert all(type(error).__name__ in message or "ValueError" in message for message in errors.values())
        assert made.drop_columns("trend_vector").equals(
            expected.take(pa.array([0, 2, 3, 4, 7])).drop_columns("trend_vector")
        )

    def test_names_a_bad_row_if_it_is_not_told_to_leave_it_out(
        self, embedder: Embedder, add: Callable[[Exception], None]
    ) -> None:
        add(RuntimeError("so bad"))
        with pytest.raises(ValueError, match=r"text of row 2 cannot be embedded \(RuntimeError: so bad\)"):
            embedder(pa.table({"text": ["one", "two", "bad"]}))

    @pytest.mark.parametrize(
        "said", ["\x1b[31mred\x1b[0m " * 100_000, "\x1b]0;title\x07", "\u202e", "\x9b31m"]
    )
    def test_says_in_short_and_harmless_what_a_component_said(
        self, said: str, embedder: Embedder, add: Callable[[Exception], None]
    ) -> None:
        add(RuntimeError(said))
        errors: dict[int, str] = {}
        embedder(pa.table({"text": ["one", "bad"]}), errors.__setitem__)
        assert errors[1].startswith(f"RuntimeError: {repr(said.split()[0])[1:-1]}")
        assert len(errors[1]) <= 500
        assert errors[1].isprintable()

    @pytest.mark.parametrize("error", [MemoryError("no more"), OSError("disk full")])
    def test_does_not_take_the_machine_s_errors_for_the_row_s(
        self, error: Exception, embedder: Embedder, add: Callable[[Exception], None]
    ) -> None:
        add(error)
        errors: dict[int, str] = {}
        with pytest.raises(type(error)):
            embedder(pa.table({"text": ["one", "bad"]}), errors.__setitem__)
        assert errors == {}

    def test_does_not_take_a_broken_pipeline_for_bad_rows(
        self, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*arguments: Any) -> None:
            raise RuntimeError("the device is gone")

        monkeypatch.setattr(embedder.nlp.get_pipe("transformer"), "predict", fail)
        errors: dict[int, str] = {}
        with pytest.raises(RuntimeError, match="the device is gone"):
            embedder(pa.table({"text": ["one", "two"]}), errors.__setitem__)
        assert errors == {}


def test_are_left_out_of_columns_that_pyarrow_cannot_filter(tmp_path: Path, short_sighted: Path) -> None:
    column = pa.array(["a", "b", "c"], pa.string_view())
    try:
        pq.write_table(pa.table({"text": [GOOD, LONG, GOOD], "x": column}), tmp_path / "a.parquet")
    except (pa.ArrowNotImplementedError, pa.ArrowTypeError):
        pytest.skip("this pyarrow does not write string_view")
    summary = embed(tmp_path / "a.parquet", tmp_path / "out", short_sighted, on_error="skip")
    assert errors_of(summary) == [(1, f"{tmp_path / 'a.parquet'}, row 1")]
    assert table_of(tmp_path / "out")["x"].to_pylist() == ["a", "c"]
