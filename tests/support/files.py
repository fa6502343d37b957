"""Files of texts, written and read back."""

from pathlib import Path

from spacy_trend.text_files import Dialect, Row, read_rows


def rows_of(
    path: Path, content: str | bytes, encoding: str = "utf-8", delimiter: str | None = None
) -> list[Row]:
    """Write a file, in UTF-8 if its content is text, and read its rows."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf8"))
    return list(read_rows(path, Dialect(encoding, delimiter)))
