import json
from pathlib import Path

import pytest

from tests.support.corpora import TEXTS


@pytest.fixture
def source(tmp_path: Path) -> Path:
    rows = [{"id": n, "text": text, "score": None if n < 7 else n / 2} for n, text in enumerate(TEXTS)]
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    return path
