"""Files behind links and in folders that cannot be read, and what is no file: found, or refused by name."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")

import pyarrow.parquet as pq

from spacy_trend.corpus.seals import BrokenFileError, open_sealed
from spacy_trend.corpus.tree import paths_below
from tests.support.corpora import embed, table_of
from tests.support.inputs import read, save, scanned

FIRST, SECOND = "part-000000.parquet", "part-000001.parquet"
needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """A function that makes a folder unreadable, for root too."""
    refused: set[Path] = set()
    real = Path.iterdir

    def iterdir(path: Path) -> Iterator[Path]:
        if path in refused:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    return refused.add


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    """An input and three shards of it; not to be changed by a test."""
    folder = tmp_path_factory.mktemp("tree")
    save(folder / "a.parquet", text=[f"The dog {number} runs." for number in range(9)])
    embed(folder / "a.parquet", folder / "out", tiny_encoder, shard_rows=3)
    return folder


def texts_of(source: Path) -> list[str]:
    texts: list[str] = read(source, 100)["text"].to_pylist()
    return texts


class TestInput:
    @pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
    @pytest.mark.parametrize("link", ["b", "b/c", "label=x", "b.jsonl"])
    def test_is_found_behind_links_to_folders(self, link: str, suffix: str, tmp_path: Path) -> None:
        for name in ("in/a", "elsewhere/a", "elsewhere/deep/a"):
            path = tmp_path / f"{name}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            if suffix == ".parquet":
                save(path, text=[name])
            else:
                path.write_text(f'{{"text": "{name}"}}\n')
        (tmp_path / "in" / link).parent.mkdir(exist_ok=True)
        (tmp_path / "in" / link).symlink_to(tmp_path / "elsewhere")
        assert texts_of(tmp_path / "in") == ["in/a", "elsewhere/a", "elsewhere/deep/a"]

    @pytest.mark.parametrize("target", ["in", "in/b", "in/b/c", "."])
    def test_is_found_once_if_links_lead_back(self, target: str, tmp_path: Path) -> None:
        save(tmp_path / "in" / "b" / "c" / "a.parquet")
        save(tmp_path / "a.parquet")
        (tmp_path / "in" / "b" / "c" / "back").symlink_to(tmp_path / target)
        assert len(texts_of(tmp_path / "in")) == (4 if target == "." else 2)

    def test_behind_hidden_links_is_none(self, tmp_path: Path) -> None:
        save(tmp_path / "in" / "a.parquet")
        save(tmp_path / "elsewhere" / "a.parquet")
        for name in (".b", "_b"):
            (tmp_path / "in" / name).symlink_to(tmp_path / "elsewhere")
        assert len(texts_of(tmp_path / "in")) == 2

    @pytest.mark.parametrize("name", ["b", "b/c"])
    def test_in_a_folder_that_cannot_be_read_is_refused_by_its_name(
        self, name: str, tmp_path: Path, unreadable: Callable[[Path], None]
    ) -> None:
        save(tmp_path / "in" / "a.parquet")
        save(tmp_path / "in" / name / "a.parquet")
        unreadable(tmp_path / "in" / name)
        message = rf"The folder .*in/{name} cannot be read \(Permission denied\)\. Expected .*permissions"
        with pytest.raises(OSError, match=message):
            scanned(tmp_path / "in")

    @pytest.mark.parametrize("name", [".b", "_b", "out"])
    def test_may_stand_beside_folders_that_are_none_and_cannot_be_read(
        self, name: str, tmp_path: Path, unreadable: Callable[[Path], None]
    ) -> None:
        save(tmp_path / "a.parquet")
        (tmp_path / name).mkdir()
        unreadable(tmp_path / name)
        # The output is beside the input's folder, and here also in it.
        (tmp_path / "in").symlink_to(tmp_path)
        assert len(texts_of(tmp_path / "in")) == 2

    @pytest.mark.parametrize("name", ["a.jsonl", "a.parquet", "b/a.csv"])
    @pytest.mark.parametrize("target", ["nothing", "a link to itself"])
    def test_of_links_that_lead_nowhere_is_refused_by_name(
        self, target: str, name: str, tmp_path: Path
    ) -> None:
        save(tmp_path / "in" / "0.parquet")
        link = tmp_path / "in" / name
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(link if target == "a link to itself" else tmp_path / "nothing")
        with pytest.raises(
            OSError, match=rf"in/{re.escape(name)} cannot be read \(.*restore what it points to"
        ):
            scanned(tmp_path / "in")

    @needs_pipes
    @pytest.mark.parametrize("name", ["a.jsonl", "a.parquet", "a.csv.gz"])
    def test_of_pipes_is_refused_by_name(self, name: str, tmp_path: Path) -> None:
        save(tmp_path / "in" / "0.parquet")
        os.mkfifo(tmp_path / "in" / name)
        for source in (tmp_path / "in", tmp_path / "in" / name):
            with pytest.raises(
                ValueError, match=rf"in/{re.escape(name)} is a pipe or a device\. Expected a file"
            ):
                scanned(source)

    @needs_pipes
    def test_may_stand_beside_pipes_that_are_none(self, tmp_path: Path) -> None:
        save(tmp_path / "in" / "a.parquet")
        for name in (".a.jsonl", "a.log"):
            os.mkfifo(tmp_path / "in" / name)
        assert len(texts_of(tmp_path / "in")) == 2


class TestOutput:
    @pytest.fixture
    def out(self, whole: Path, tmp_path: Path) -> Path:
        return Path(shutil.copytree(whole / "out", tmp_path / "out"))

    @pytest.fixture
    def resume(self, whole: Path, out: Path, tiny_encoder: Path) -> Callable[..., Any]:
        def run(**settings: Any) -> Any:
            return embed(whole / "a.parquet", out, tiny_encoder, shard_rows=3, **settings)

        return run

    @pytest.mark.parametrize("overwrite", [False, True])
    @pytest.mark.parametrize("name", ["a.parquet", FIRST, "deep/a.bin"])
    def test_has_no_surplus_behind_links(
        self, name: str, overwrite: bool, whole: Path, out: Path, tmp_path: Path, resume: Callable[..., Any]
    ) -> None:
        other = tmp_path / "other" / name
        other.parent.mkdir(parents=True)
        shutil.copy(whole / "out" / FIRST, other)
        (out / "more").symlink_to(tmp_path / "other")
        with pytest.raises(ValueError, match=rf"not of this corpus: more/{re.escape(name)}\. Expected its 3"):
            resume(overwrite=overwrite)
        assert other.exists()
        assert (out / FIRST).exists()
        (out / "more").unlink()
        assert resume().done_before == 9

    def test_with_a_broken_manifest_has_no_surplus_either(
        self, out: Path, tmp_path: Path, resume: Callable[..., Any]
    ) -> None:
        (out / ".spacy_trend" / "manifest.parquet").write_bytes(b"")
        (tmp_path / "other").mkdir()
        shutil.copy(out / FIRST, tmp_path / "other")
        (out / "more").symlink_to(tmp_path / "other")
        with pytest.raises(
            ValueError, match=rf"not of this corpus: more/{FIRST}\. Expected its shards alone"
        ):
            resume(overwrite=True)
        assert (tmp_path / "other" / FIRST).exists()
        assert (out / SECOND).exists()
        (out / "more").unlink()
        assert resume(overwrite=True).done_before == 0

    def test_may_hold_links_without_parquet_and_back_to_itself(
        self, out: Path, tmp_path: Path, resume: Callable[..., Any]
    ) -> None:
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "notes.txt").write_text("mine")
        (out / "more").symlink_to(tmp_path / "other")
        (out / "back").symlink_to(out)
        assert resume().done_before == 9

    def test_with_a_folder_that_cannot_be_read_is_refused_by_its_name(
        self, out: Path, unreadable: Callable[[Path], None], resume: Callable[..., Any]
    ) -> None:
        (out / "more").mkdir()
        unreadable(out / "more")
        with pytest.raises(OSError, match=r"The folder .*out/more cannot be read"):
            resume()

    @needs_pipes
    def test_has_pipes_in_the_place_of_shards_made_again(
        self, whole: Path, out: Path, resume: Callable[..., Any]
    ) -> None:
        (out / SECOND).unlink()
        os.mkfifo(out / SECOND)
        assert resume().broken == [f"{SECOND} is no file"]
        assert table_of(out).equals(table_of(whole / "out"))

    @needs_pipes
    def test_has_no_pipe_for_a_manifest(self, whole: Path, out: Path, resume: Callable[..., Any]) -> None:
        manifest = out / ".spacy_trend" / "manifest.parquet"
        manifest.unlink()
        os.mkfifo(manifest)
        with pytest.raises(
            ValueError, match=r"manifest\.parquet cannot be read: it is no file\. .*--overwrite"
        ):
            resume()
        assert resume(overwrite=True).done_before == 0
        assert pq.read_table(out).num_rows == 9


@needs_pipes
def test_a_pipe_and_a_folder_are_no_sealed_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(BrokenFileError, match="is no file"):
            open_sealed(path)
    with pytest.raises(FileNotFoundError):
        open_sealed(tmp_path / "nothing")


def test_paths_below_a_folder_are_those_that_are_wanted(tmp_path: Path) -> None:
    for name in ("a/b/c", "a/d", "e/f"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "e" / "link").symlink_to(tmp_path / "a")
    found = paths_below(tmp_path, lambda path: path.name != "b")
    assert {path.relative_to(tmp_path).as_posix() for path in found} == {
        "a",
        "a/d",
        "e",
        "e/f",
        "e/link",
        "e/link/d",
    }
