"""The list of errors stands beside the output folder, where nothing else is touched, nor without need."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")
from tests.support.corpora import embed, files_in, table_of


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """A function that lets nobody write into a folder; the tests may run as root, who may write anywhere."""

    def close(folder: Path) -> None:
        access = os.access

        def forbid(name: str) -> None:
            function = getattr(os, name)

            def refuse(*paths: Any, **settings: Any) -> Any:
                if any(isinstance(path, (str, Path)) and Path(path).parent == folder for path in paths):
                    raise PermissionError(13, "Permission denied", str(paths[0]))
                return function(*paths, **settings)

            monkeypatch.setattr(os, name, refuse)

        for name in ("unlink", "replace", "rename", "rmdir"):
            forbid(name)
        opened = Path.open

        def refuse_new(path: Path, mode: str = "r", *args: Any, **settings: Any) -> Any:
            if path.parent == folder and not mode.startswith("r"):
                raise PermissionError(13, "Permission denied", str(path))
            return opened(path, mode, *args, **settings)

        monkeypatch.setattr(Path, "open", refuse_new)
        monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != folder and access(path, mode))

    return close


def test_nothing_beside_the_folder_is_touched_without_errors(
    source: Path, tmp_path: Path, tiny_encoder: Path, closed: Callable[[Path], None]
) -> None:
    (tmp_path / "out").mkdir()
    closed(tmp_path)
    for overwrite in (False, True):
        summary = embed(source, tmp_path / "out", tiny_encoder, overwrite=overwrite)
        assert (summary.rows, summary.done_before, summary.errors) == (30, 0, 0)


def test_errors_that_cannot_be_listed_are_refused_before_an_encoder_is_loaded(
    source: Path, tmp_path: Path, closed: Callable[[Path], None]
) -> None:
    (tmp_path / "out").mkdir()
    closed(tmp_path)
    message = (
        r"list of rows with errors, .*\.out\.errors\.jsonl, cannot be written \(permission .*leave --on-er"
    )
    with pytest.raises(PermissionError, match=message):
        embed(source, tmp_path / "out", tmp_path / "no encoder", on_error="skip")
    assert files_in(tmp_path / "out") == set()
    assert not (tmp_path / "out" / ".spacy_trend").exists()


@pytest.mark.parametrize("name", [".out.errors.jsonl", ".out.errors.writing"])
def test_a_folder_in_the_place_of_the_list_of_errors_stays(
    name: str, source: Path, tmp_path: Path, tiny_encoder: Path
) -> None:
    (tmp_path / name / "precious").mkdir(parents=True)
    with pytest.raises(IsADirectoryError, match=rf"cannot be written \(.*{name} is a folder\)\. Expected"):
        embed(source, tmp_path / "out", tmp_path / "no encoder", on_error="skip")
    assert not (tmp_path / "out").exists()
    for overwrite in (False, True):
        assert embed(source, tmp_path / "out", tiny_encoder, overwrite=overwrite).rows == 30
    assert (tmp_path / name / "precious").is_dir()


@pytest.mark.parametrize("length", [239, 242, 255])
def test_a_folder_may_have_a_name_that_is_too_long_for_the_list_of_errors(
    length: int, source: Path, tmp_path: Path, tiny_encoder: Path
) -> None:
    out = tmp_path / ("o" * length)
    if length > 240:
        with pytest.raises(OSError, match=r"cannot be written \(.*File name too long.*name another folder"):
            embed(source, out, tmp_path / "no encoder", on_error="skip")
        assert not out.exists()
    for overwrite in (False, True):
        assert embed(source, out, tiny_encoder, overwrite=overwrite).done_before == 0


@pytest.mark.parametrize("output", ["..", "../", "../../corpus", "inner/..", "../inner/../../corpus"])
def test_a_folder_that_is_named_by_its_place_has_its_list_beside_it(
    output: str, source: Path, tmp_path: Path, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "corpus" / "inner"
    (inner / "inner").mkdir(parents=True)
    monkeypatch.chdir(inner)
    source.write_text(source.read_text() + '{"text": 3}\n')
    summary = embed(source, Path(output), tiny_encoder, on_error="skip")
    out = inner if output == "inner/.." else tmp_path / "corpus"
    assert summary.errors_file == out.parent / f".{out.name}.errors.jsonl"
    assert len(summary.errors_file.read_text().splitlines()) == 1
    assert {path for path in files_in(out) if path.endswith("jsonl")} - {".inner.errors.jsonl"} == set()


def test_a_folder_behind_a_link_is_where_the_system_finds_it(
    source: Path, tmp_path: Path, tiny_encoder: Path
) -> None:
    (tmp_path / "far" / "inner").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "far" / "inner")
    embed(source, tmp_path / "link" / ".." / "out", tiny_encoder)
    assert table_of(tmp_path / "far" / "out").num_rows == 30
    assert not (tmp_path / "out").exists()


def test_a_list_of_errors_that_cannot_be_removed_is_named(
    source: Path, tmp_path: Path, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = tmp_path / ".out.errors.jsonl"
    errors.write_text("{}\n")
    removed = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path == errors:
            raise PermissionError(13, "Permission denied", str(path))
        removed(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    message = (
        r"errors\.jsonl, which an earlier run left, cannot be removed \(Permission denied\)\. Expected none"
    )
    with pytest.raises(OSError, match=message):
        embed(source, tmp_path / "out", tiny_encoder)


def test_a_list_of_errors_that_cannot_be_finished_is_named(
    source: Path, tmp_path: Path, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.write_text(source.read_text() + '{"text": 3}\n')
    moved = os.replace

    def refuse(old: Path, new: Path) -> None:
        if new == tmp_path / ".out.errors.jsonl":
            raise OSError(28, "No space left on device")
        moved(old, new)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        with pytest.raises(
            OSError, match=r"jsonl, cannot be written \(.*No space left on device\)\. Expected"
        ):
            embed(source, tmp_path / "out", tiny_encoder, on_error="skip")
    assert embed(source, tmp_path / "out", tiny_encoder, on_error="skip").errors == 1
    assert not (tmp_path / ".out.errors.writing").exists()
