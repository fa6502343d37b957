"""The command `search`: what it prints, and what it refuses."""

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click import unstyle

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")
pytest.importorskip("duckdb")
from spacy_trend import attribution
from spacy_trend.attribution.interface import SimilarityAttribution
from spacy_trend.cli.search import as_table, reasons
from spacy_trend.corpus.hits import Focus, Hit, Hits
from tests.support.commands import run_command, said
from tests.support.corpora import embed

run = partial(run_command, "search")
TEXTS = ["I want an apple.", "...", "An \x1b[31mapple\u202e", "She sold it."]
WHY = SimilarityAttribution(
    words=np.array([0, 1]),
    texts=("an", "apple"),
    other_words=np.array([0, 2]),
    other_texts=("The", "pe\x1bar"),
    parts=np.array([[0.125, -0.25], [0.0, 0.5]]),
    score=0.375,
)


def hit(row: int, text: str | None = "A text", **settings: Any) -> Hit:
    focus = settings.pop("focus", Focus("text", 2, 6))
    return Hit(settings.pop("score", 0.5), "part-000000.parquet", row, text, focus, {}, **settings)


def found(*hits: Hit, **counts: int) -> Hits:
    missing = dict.fromkeys(("rows", "without_words", "not_finite", "missing_files"), 0)
    return Hits(hits, **{**missing, **counts})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    """A folder that `embed` wrote; a test may not change it."""
    folder = tmp_path_factory.mktemp("corpus")
    rows = [{"text": text, "note": {"at": n, "value": float("nan")}} for n, text in enumerate(TEXTS)]
    (folder / "in.jsonl").write_text("".join(json.dumps({**row, "note": None}) + "\n" for row in rows))
    embed(folder / "in.jsonl", folder / "out", tiny_encoder, preset="similarity")
    return folder / "out"


def test_the_table_has_a_line_for_each_hit() -> None:
    hits = found(hit(12, score=0.9876), hit(3, None, focus=None, score=-0.25))
    assert [line.rstrip() for line in as_table(hits, 80).split("\n")] == [
        "",
        "     score   row   focus   text",
        "-   ------   ---   -----   ------",
        "1    0.988    12   text    A text",
        "2   -0.250     3   -       -",
        "",
    ]


def test_the_table_is_no_wider_than_the_terminal_and_a_hit_has_one_line() -> None:
    hits = found(*(hit(row, "many words\nin lines " * 50, focus=Focus("f" * 99, 0, 99)) for row in range(3)))
    for width in (80, 120):
        lines = as_table(hits, width).strip("\n").split("\n")
        assert len(lines) == 5
        assert max(map(len, lines)) <= width
        assert all(line.rstrip().endswith("…") for line in lines[2:])
    assert max(map(len, as_table(hits, 1).split("\n"))) <= 65


def test_reasons_are_the_words_and_pairs_with_most_of_either_sign() -> None:
    assert reasons(WHY, 120) == [
        "   query  apple +0.500, an -0.125",
        "   text   pe\\x1bar +0.250, The +0.125",
        "   pairs  apple ~ pe\\x1bar +0.500, an ~ pe\\x1bar -0.250, an ~ The +0.125, apple ~ The +0.000",
    ]


def test_reasons_are_broken_between_words_into_lines_no_wider_than_the_terminal() -> None:
    assert reasons(WHY, 40) == [
        "   query  apple +0.500, an -0.125",
        "   text   pe\\x1bar +0.250, The +0.125",
        "   pairs  apple ~ pe\\x1bar +0.500,",
        "          an ~ pe\\x1bar -0.250,",
        "          an ~ The +0.125,",
        "          apple ~ The +0.000",
    ]


def test_reasons_say_how_many_are_not_shown() -> None:
    many = SimilarityAttribution(
        np.arange(8), tuple("abcdefgh"), np.arange(1), ("x",), np.arange(8.0)[::-1, None], 28.0
    )
    query, text, pairs = reasons(many, 120)
    assert query == "   query  a +7.000, b +6.000, c +5.000, d +4.000, e +3.000, and 3 more"
    assert text == "   text   x +28.000"
    assert pairs.startswith("   pairs  a ~ x +7.000, b ~ x +6.000,")
    assert pairs.endswith(", and 3 more")


def test_the_command_prints_a_table_and_obeys_nothing_in_a_text(folder: Path, tiny_encoder: Path) -> None:
    result = run(folder, "An apple", "--k", "3", "--encoder", tiny_encoder)
    assert result.exit_code == 0
    lines = unstyle(result.stdout).strip("\n").split("\n")
    assert [line.split()[0] for line in lines[2:5]] == ["1", "2", "3"]
    assert "An \\x1b[31mapple\\u202e" in result.stdout
    assert not re.search("[\x1b\u202e]", unstyle(result.stdout))
    assert "1 of 4 texts have no words, and so no vector to compare" in said(result)


def test_the_command_says_which_files_and_numbers_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    hits = found(hit(1), rows=9, not_finite=2, missing_files=3)
    monkeypatch.setattr("spacy_trend.cli.search.search", lambda *args, **settings: hits)
    printed = said(run("folder", "query"))
    assert "2 of 9 texts have NaN or infinite numbers: they were left out" in printed
    assert "3 files of the corpus are not there yet: run embed again to finish it" in printed
    assert "no words" not in printed


def test_the_command_hands_on_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []

    def search(*args: Any, **settings: Any) -> Hits:
        given.append((*args, settings))
        return found()

    monkeypatch.setattr("spacy_trend.cli.search.search", search)
    options = ["-m", "model", "-e", "encoder", "-l", "de", "--preset", "article", "--text-field", "title"]
    options += ["--window", "64", "--stride", "32"]
    for why in ([], ["--why"]):
        assert run("folder", "a query", "-k", "7", *options, *why).exit_code == 0
    settings = {"model": "model", "encoder": "encoder", "lang": "de", "preset": "article"}
    settings |= {"window": 64, "stride": 32}
    assert given == [
        (Path("folder"), "a query", 7, {**settings, "text_field": "title", "why": why})
        for why in (False, True)
    ]


def test_why_shows_the_reasons_of_each_hit(
    folder: Path, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attribution, "attribute_similarity", lambda query, hit: WHY)
    result = run(folder, "An apple", "--why", "--encoder", tiny_encoder)
    assert result.stdout.count("\n".join(reasons(WHY, 80))) == 3
    assert "3. " in result.stdout
    assert not re.search("[\x1b\u202e]", unstyle(result.stdout))
    (line,) = run(folder, "An apple", "--why", "--json", "--encoder", tiny_encoder).stdout.splitlines()
    assert [one["why"] for one in json.loads(line)["hits"]] == [WHY.to_dict()] * 3


def test_json_has_everything_on_one_line(folder: Path, tiny_encoder: Path) -> None:
    (line,) = run(folder, "An apple", "--json", "--encoder", tiny_encoder).stdout.splitlines()
    printed = json.loads(line)
    assert {name: value for name, value in printed.items() if name != "hits"} == {
        "query": "An apple",
        "rows": 4,
        "without_words": 1,
        "not_finite": 0,
        "missing_files": 0,
    }
    assert sorted(one["row"] for one in printed["hits"]) == [0, 2, 3]
    assert {one["text"] for one in printed["hits"]} == {TEXTS[0], TEXTS[2], TEXTS[3]}
    assert printed["hits"][0]["why"] is None


def test_json_has_null_for_numbers_and_texts_for_values_that_it_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    odd = hit(1)._replace(columns={"a": float("nan"), "b": [b"x", (1, True)], "c": {"d": float("inf")}})
    monkeypatch.setattr("spacy_trend.cli.search.search", lambda *args, **settings: found(odd))
    printed = json.loads(run("folder", "query", "--json").stdout)
    assert printed["hits"][0]["columns"] == {"a": None, "b": ["b'x'", [1, True]], "c": {"d": None}}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["no\x1bfolder", "query"], "There is no folder .*no\\\\x1bfolder"),
        ([".", "query", "--k", "0"], r"Got k=0\. Expected 1 or more"),
        ([".", " "], "Got the query ' '. Expected a text"),
    ],
)
def test_what_cannot_be_searched_is_said(args: list[str], message: str) -> None:
    result = run(*args)
    assert result.exit_code == 1
    assert "The folder could not be searched" in said(result)
    assert re.search(message, said(result))
