"""Packages that only some functions need: they come with an extra."""

from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec

from packaging.requirements import Requirement

#: What the extras are for, without those for who works on this package.
PURPOSES = {
    "demo": "the bundled encoder",
    "curated": "transformers of spacy-curated-transformers, as in en_core_web_trf",
    "compare": "the commands compare, convert and evaluate",
    "sklearn": "TrendVectorizer, for scikit-learn",
    "corpus": "the command embed",
    "ray": "embed --engine ray",
    "project": "the spaCy project",
}


def check_extra(extra: str, *packages: str) -> None:
    """Refuse to go on where packages of an extra are not installed.

    extra: its name.
    packages: by the names they are imported under.
    RAISES: ImportError that names the extra.
    """
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        *others, last = map(repr, missing)
        listed = f"packages {', '.join(others)} and {last} are" if others else f"package {last} is"
        raise ImportError(
            f"The {listed} not installed. Expected the extra '{extra}': pip install \"spacy-trend[{extra}]\"."
        )


def check_extra_compare() -> None:
    """Refuse to go on without what fits, scores and draws classifiers. RAISES: ImportError."""
    check_extra("compare", "sklearn", "scipy", "matplotlib")


def versions(*others: str) -> dict[str, str]:
    """The versions of this package and of those that every vector depends on, by name.

    others: packages to add.
    """
    packages = ("spacy-trend", "spacy", "transformers", "torch", "numpy", *others)
    return {package: version(package) for package in packages}


def unmet_requirements(extra: str | None = None) -> list[str]:
    """What this package, or an extra of it, requires and is not installed, or in another version.

    RETURNS: as pip takes them, such as "torch>=2.4".
    """
    required = [Requirement(line) for line in requires("spacy-trend") or ()]
    wanted = [requirement for requirement in required if _belongs_to(requirement, extra)]
    return [
        f"{requirement.name}{requirement.specifier}" for requirement in wanted if not _is_met(requirement)
    ]


def _belongs_to(requirement: Requirement, extra: str | None) -> bool:
    marker = requirement.marker
    if marker is None or marker.evaluate({"extra": ""}):
        return extra is None
    return extra is not None and marker.evaluate({"extra": extra})


def _is_met(requirement: Requirement) -> bool:
    try:
        return requirement.specifier.contains(version(requirement.name), prereleases=True)
    except PackageNotFoundError:
        return False
