"""A run touches what is its own alone, whatever else stands in the folder or beside it."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")
from tests.support.corpora import embed, files_in, table_of

pytestmark = pytest.mark.slow


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder with files of a user that are named as runs may name theirs."""
    out = tmp_path / "out"
    for name in ("errors.jsonl", "draft.writing", "_manifest.json", ".made/a.parquet", ".staged/b", ".lock"):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(name)
    return out


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_a_run_leaves_files_of_others(
    on_error: str, overwrite: bool, source: Path, out: Path, tiny_encoder: Path
) -> None:
    before = files_in(out)
    for _ in range(2):
        embed(source, out, tiny_encoder, on_error=on_error, overwrite=overwrite)
        assert before < files_in(out)
        assert all((out / name).read_text() == name for name in before)


def test_a_run_that_is_refused_leaves_a_folder_as_it_was(
    tmp_path: Path, out: Path, tiny_encoder: Path
) -> None:
    (tmp_path / "bad.jsonl").write_text("no\n")
    before = files_in(out)
    with pytest.raises(ValueError, match="is not JSON"):
        embed(tmp_path / "bad.jsonl", out, tiny_encoder)
    with pytest.raises(FileNotFoundError):
        embed(tmp_path / "none.jsonl", out, tiny_encoder, overwrite=True)
    assert files_in(out) == before
    assert not (out / ".spacy_trend").exists()


@pytest.mark.parametrize("name", [".spacy_trend", ".spacy_trend/lock"])
def test_a_link_in_the_place_of_what_is_ours_is_refused(
    name: str, source: Path, tmp_path: Path, tiny_encoder: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "lock").write_text("mine")
    link = tmp_path / "out" / name
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere if name == ".spacy_trend" else elsewhere / "lock")
    with pytest.raises(ValueError, match=r"is a link to .*Expected a name .*remove the link"):
        embed(source, tmp_path / "out", tiny_encoder)
    assert files_in(elsewhere) == {"lock"}
    assert (elsewhere / "lock").read_text() == "mine"


@pytest.mark.parametrize(
    "name",
    [
        *("out/.spacy_trend/manifest.parquet", "out/.spacy_trend/manifest.writing"),
        *("out/.spacy_trend/errors.writing", "out/.spacy_trend/.input.jsonl", "out/.spacy_trend/staged"),
        *(".out.errors.jsonl", ".out.errors.writing"),
    ],
)
@pytest.mark.parametrize("is_folder", [False, True])
def test_what_a_link_points_to_is_not_written(
    is_folder: bool, name: str, source: Path, tmp_path: Path, tiny_encoder: Path
) -> None:
    source.write_text(source.read_text() + '{"text": 3}\n')
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("mine")
    link = tmp_path / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(elsewhere if is_folder else elsewhere / "file")
    embed(source, tmp_path / "out", tiny_encoder, on_error="skip")
    assert table_of(tmp_path / "out").num_rows == 30
    assert len((tmp_path / ".out.errors.jsonl").read_text().splitlines()) == 1
    assert files_in(elsewhere) == {"file"}
    assert (elsewhere / "file").read_text() == "mine"


def test_a_link_in_the_place_of_a_shard_is_replaced(source: Path, tmp_path: Path, tiny_encoder: Path) -> None:
    embed(source, tmp_path / "out", tiny_encoder)
    whole = table_of(tmp_path / "out")
    (tmp_path / "precious.parquet").write_text("mine")
    shard = tmp_path / "out" / "part-000001.parquet"
    for target in ("precious.parquet", "nothing"):
        shard.unlink()
        shard.symlink_to(tmp_path / target)
        embed(source, tmp_path / "out", tiny_encoder)
        assert table_of(tmp_path / "out").equals(whole)
        assert (tmp_path / "precious.parquet").read_text() == "mine"
        assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("name", ["notes.txt", "more/notes", "\x1bnotes"])
def test_a_file_that_cannot_be_read_is_refused_by_name(
    name: str, source: Path, tmp_path: Path, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    (out / name).parent.mkdir(parents=True)
    (out / name).write_text("mine")
    opened = Path.open

    # The tests may run as root, who may read anything.
    def refuse(path: Path, *args: Any, **settings: Any) -> Any:
        if path == out / name:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args, **settings)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        message = r"notes\S* cannot be read \(Permission denied\), .*Expected files that .*move it away"
        with pytest.raises(OSError, match=message) as raised:
            embed(source, out, tiny_encoder)
        assert str(raised.value).isprintable()
    assert files_in(out) == {name}
    assert (out / name).read_text() == "mine"
    assert embed(source, out, tiny_encoder).rows == 30


def test_a_lock_that_cannot_be_opened_is_named(source: Path, tmp_path: Path, tiny_encoder: Path) -> None:
    lock = tmp_path / "out" / ".spacy_trend" / "lock"
    lock.mkdir(parents=True)
    with pytest.raises(OSError, match=r"lock cannot be opened \(.+\)\. Expected a file .*move it away"):
        embed(source, tmp_path / "out", tiny_encoder)
    assert lock.is_dir()


def test_what_a_killed_run_left_goes(source: Path, tmp_path: Path, tiny_encoder: Path) -> None:
    ours = tmp_path / "out" / ".spacy_trend"
    (ours / "staged").mkdir(parents=True)
    (ours / "odd.writing").mkdir()
    for name in (".input.jsonl", "staged/part-000000.parquet", "errors.writing", "odd.writing/a"):
        (ours / name).write_text("stale")
    embed(source, tmp_path / "out", tiny_encoder)
    assert files_in(ours) == {"lock", "manifest.parquet"}


def test_what_is_ours_is_no_input(source: Path, tmp_path: Path, tiny_encoder: Path) -> None:
    source.write_text(source.read_text() + '{"text": 3}\n')
    # The errors stand beside the output folder, and so in the input's.
    embed(tmp_path, tmp_path / "out", tiny_encoder, on_error="skip")
    assert (tmp_path / ".out.errors.jsonl").exists()
    assert embed(tmp_path, tmp_path / "out", tiny_encoder, on_error="skip").done_before == 31
    with pytest.raises(ValueError, match="name of a file that is written there"):
        embed(tmp_path / ".out.errors.jsonl", tmp_path / "out", tiny_encoder)
