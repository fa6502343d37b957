"""Where commands may write."""

from pathlib import Path

import pytest

from spacy_trend.destinations import make_room


def test_what_may_not_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    make_room(tmp_path / "file")
    make_room(tmp_path / "folder" / "new")
    # The tests may run as root, who may write anywhere.
    monkeypatch.setattr("spacy_trend.destinations.os.access", lambda path, mode: False)
    with pytest.raises(PermissionError, match=r"file' cannot be written: .* Expected a file that you may"):
        make_room(tmp_path / "file")
    with pytest.raises(PermissionError, match=r"folder' cannot be written into: .* Expected a folder that"):
        make_room(tmp_path / "folder" / "new")
