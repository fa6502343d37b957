"""A report: its contents as a page, as lines of JSON, and in a folder."""

from collections.abc import Iterator
from pathlib import Path

from ..output_paths import make_folder, prepare_file
from ..visualize.explanation import as_json_line
from .contents import LINES, Contents
from .page import draw_report

PAGE = "report.html"


class Report(Contents):
    """What a classifier got right and wrong in labelled texts, and why; see `Contents` for its attributes."""

    def to_html(self) -> str:
        """Return the page: complete, without scripts, and nothing that it would have to load."""
        return draw_report(self)

    def to_lines(self) -> Iterator[str]:
        """Yield a line of JSON for each text, as `TextReasons.to_dict`; numbers that are none are null.

        Yields:
            lines, without ends.
        """
        for text in self.texts:
            yield as_json_line(text.to_dict())

    def write(self, folder: Path) -> list[Path]:
        """Write `report.html` and `reasons.jsonl` into a folder.

        Args:
            folder: made if it does not exist.

        Returns:
            the paths.

        Raises:
            OSError: if they cannot be written.
        """
        make_folder(folder)
        page, lines = folder / PAGE, folder / LINES
        for path in (page, lines):
            prepare_file(path)
        # What is no character, such as half of a surrogate pair, cannot be written in UTF-8.
        page.write_text(self.to_html(), encoding="utf8", errors="xmlcharrefreplace")
        with lines.open("w", encoding="utf8") as file:
            file.writelines(f"{line}\n" for line in self.to_lines())
        return [page, lines]
