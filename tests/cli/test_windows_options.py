"""The options `--window` and `--stride` of commands."""

from pathlib import Path

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")
pytest.importorskip("duckdb")
from spacy_trend import from_encoder
from spacy_trend.corpus import search
from tests.support.commands import run_command, said
from tests.support.corpora import embed, table_of

WORDS = "one two three four five six seven eight nine ten"
HALVES = ["--window", "5", "--stride", "5"]


def test_explain_reads_the_text_in_such_windows(tiny_encoder: Path) -> None:
    shown = [
        run_command("explain", WORDS, "--encoder", tiny_encoder, "--json", *options).stdout
        for options in ([], ["--window", "128", "--stride", "96"], HALVES)
    ]
    assert shown[0] == shown[1] != shown[2]


@pytest.mark.parametrize("command", ["explain", "embed", "search"])
def test_windows_for_a_model_are_refused(command: str, tiny_encoder: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text(WORDS)
    embed(tmp_path / "in.txt", tmp_path / "out", tiny_encoder)
    args = {"explain": [WORDS], "embed": [tmp_path / "in.txt", tmp_path / "new"]}
    result = run_command(command, *args.get(command, [tmp_path / "out", WORDS]), "-m", "a_name", *HALVES)
    assert result.exit_code == 1
    assert "Got window=5 and stride=5 for the model 'a_name'" in said(result)


def test_a_folder_is_of_its_windows_alone(tiny_encoder: Path, tmp_path: Path) -> None:
    texts, out, windows = tmp_path / "in.txt", tmp_path / "out", {"window": 5, "stride": 5}
    texts.write_text(WORDS)
    args = ("embed", texts, out, "--encoder", tiny_encoder, "--shard-rows", "7")
    assert run_command(*args, *HALVES).exit_code == 0
    vector = from_encoder(tiny_encoder, **windows)(WORDS)._.trend_vector
    assert table_of(out)["trend_vector"].to_pylist() == [pytest.approx(vector.tolist(), abs=1e-5)]
    refused = said(run_command(*args))
    assert "was begun with something else: another pipeline; windows size: 5 before, 128 now" in refused
    assert "windows stride: 5 before, 96 now" in refused
    assert search(out, WORDS, encoder=str(tiny_encoder), **windows)[0].score == pytest.approx(1)
    with pytest.raises(ValueError, match=r"another pipeline: windows size: 5 before, 128 now.*--window and"):
        search(out, WORDS, encoder=str(tiny_encoder))
