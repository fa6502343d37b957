"""Where commands may write."""

from pathlib import Path

import pytest

from spacy_trend.output_paths import prepare_file


def test_what_may_not_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    prepare_file(tmp_path / "file")
    prepare_file(tmp_path / "folder" / "new")
    # The tests may run as root, who may write anywhere.
    monkeypatch.setattr("spacy_trend.output_paths.os.access", lambda path, mode: False)
    with pytest.raises(PermissionError, match=r"Cannot write the file '.*file': .* Expected a writable file"):
        prepare_file(tmp_path / "file")
    with pytest.raises(PermissionError, match=r"Cannot write into the folder .* Expected a writable"):
        prepare_file(tmp_path / "folder" / "new")
