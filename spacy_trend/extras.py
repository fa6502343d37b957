"""Packages that only some functions need: they come with an extra."""

from importlib.metadata import version
from importlib.util import find_spec


def check_extra(extra: str, *packages: str) -> None:
    """Refuse to go on where packages of an extra are not installed.

    extra: its name.
    packages: by the names they are imported under.
    RAISES: ImportError that names the extra.
    """
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise ImportError(
            f"The packages {missing} are not installed. Expected the extra '{extra}': pip install "
            f'"spacy-trend[{extra}]".'
        )


def versions(*others: str) -> dict[str, str]:
    """The versions of this package and of those that every vector depends on, by name.

    others: packages to add.
    """
    packages = ("spacy-trend", "spacy", "transformers", "torch", "numpy", *others)
    return {package: version(package) for package in packages}
