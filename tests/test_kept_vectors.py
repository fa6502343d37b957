"""Vectors in a folder: what is read is what was written, whatever happened to the files."""

import os
import pickle
import stat
from pathlib import Path

import numpy as np
import pytest

from spacy_trend.kept_vectors import KeptVectors

VECTOR = np.array([0.5, -0.0, np.nan, np.inf, 1e-45], dtype=np.float32)
TEXT = "Stop"


@pytest.fixture
def kept(tmp_path: Path) -> KeptVectors:
    made = KeptVectors(tmp_path, "a pipeline", 5)
    made.write(TEXT, VECTOR)
    return made


@pytest.fixture
def file(kept: KeptVectors) -> Path:
    """Of the text."""
    (path,) = kept.folder.iterdir()
    return path


def test_are_read_as_they_were_written(kept: KeptVectors) -> None:
    read = kept.read(TEXT)
    assert read is not None
    assert (read.dtype, read.tobytes()) == (np.float32, VECTOR.tobytes())
    read[0] = 7.0


def test_are_plain_arrays(file: Path) -> None:
    assert file.suffix == ".npy"
    np.testing.assert_array_equal(np.load(file, allow_pickle=False), VECTOR)


@pytest.mark.parametrize("text", ["stop", "Stop ", "", "Stop\0", "\0Stop", "Sto\udc80"])
def test_are_each_texts_own(kept: KeptVectors, text: str) -> None:
    assert kept.read(text) is None
    kept.write(text, VECTOR[::-1])
    np.testing.assert_array_equal(kept.read(text), VECTOR[::-1])
    np.testing.assert_array_equal(kept.read(TEXT), VECTOR)


def test_are_each_pipelines_own(kept: KeptVectors) -> None:
    assert KeptVectors(kept.folder, "another", 5).read(TEXT) is None
    assert KeptVectors(kept.folder, "a pipeline\0St", 5).read("op") is None


def test_have_the_width_that_is_expected(kept: KeptVectors) -> None:
    for width in 1, 4, 6:
        assert KeptVectors(kept.folder, "a pipeline", width).read(TEXT) is None


def test_are_missing_if_any_bit_of_the_file_is_another(kept: KeptVectors, file: Path) -> None:
    content = file.read_bytes()
    for bit in range(8 * len(content)):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        file.write_bytes(changed)
        assert kept.read(TEXT) is None
    file.write_bytes(content)
    assert kept.read(TEXT) is not None


def test_are_missing_if_the_file_has_another_length(kept: KeptVectors, file: Path) -> None:
    content = file.read_bytes()
    for changed in *(content[:length] for length in range(len(content))), content + b"\0", content * 2:
        file.write_bytes(changed)
        assert kept.read(TEXT) is None


def test_are_missing_if_the_file_is_another_texts(kept: KeptVectors, file: Path) -> None:
    kept.write("Go", VECTOR)
    (other,) = set(kept.folder.iterdir()) - {file}
    other.replace(file)
    assert kept.read(TEXT) is None


def test_are_missing_if_the_file_is_foreign(kept: KeptVectors, file: Path) -> None:
    np.save(file, VECTOR)
    assert kept.read(TEXT) is None
    np.save(file, VECTOR.astype(np.float64))
    assert kept.read(TEXT) is None
    file.write_bytes(pickle.dumps(VECTOR))
    assert kept.read(TEXT) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_are_not_waited_for_at_a_named_pipe(kept: KeptVectors, file: Path) -> None:
    file.unlink()
    os.mkfifo(file)
    assert kept.read(TEXT) is None
    kept.write(TEXT, VECTOR)
    assert kept.read(TEXT) is not None


def test_replace_what_is_broken(kept: KeptVectors, file: Path) -> None:
    file.write_bytes(b"no")
    kept.write(TEXT, VECTOR)
    assert kept.read(TEXT) is not None


def test_are_not_written_through_a_link(
    kept: KeptVectors, file: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    target = tmp_path_factory.mktemp("elsewhere") / "precious"
    target.write_text("precious")
    file.unlink()
    file.symlink_to(target)
    assert kept.read(TEXT) is None
    kept.write(TEXT, VECTOR)
    assert target.read_text() == "precious"
    assert not file.is_symlink()
    assert kept.read(TEXT) is not None


def test_are_written_whole_or_not_at_all(
    kept: KeptVectors, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*paths: Path) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(OSError, match="No space left"):
        kept.write(TEXT, VECTOR[::-1])
    np.testing.assert_array_equal(kept.read(TEXT), VECTOR)
    assert list(kept.folder.iterdir()) == [file]


def test_are_not_written_into_the_place_of_a_folder(kept: KeptVectors, file: Path) -> None:
    file.unlink()
    file.mkdir()
    (file / "precious").touch()
    assert kept.read(TEXT) is None
    message = rf"cannot be kept in {file} \(Is a directory\)\. Expected .* move away what is in its place"
    with pytest.raises(OSError, match=message):
        kept.write(TEXT, VECTOR)
    assert sorted(kept.folder.rglob("*")) == [file, file / "precious"]


@pytest.mark.parametrize("is_file", [False, True])
def test_are_not_written_without_their_folder(tmp_path: Path, is_file: bool) -> None:
    if is_file:
        (tmp_path / "folder").touch()
    with pytest.raises(OSError, match=r"cannot be kept in .*\.npy \(.+\)\. Expected .* name another folder"):
        KeptVectors(tmp_path / "folder", "a pipeline", 5).write(TEXT, VECTOR)


def test_may_be_read_by_whom_the_user_lets_read(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        KeptVectors(tmp_path, "a pipeline", 5).write(TEXT, VECTOR)
    finally:
        os.umask(before)
    (path,) = tmp_path.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
