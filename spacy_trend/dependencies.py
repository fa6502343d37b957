"""The packages this one needs: optional ones, which come with an extra, and installed versions."""

from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec

from packaging.requirements import Requirement

#: What each extra is for. The extras for developing this package are left out.
EXTRAS = {
    "demo": "the bundled encoder",
    "curated": "transformers of spacy-curated-transformers, as in en_core_web_trf",
    "compare": "the commands compare, split and evaluate",
    "sklearn": "TrendVectorizer, for scikit-learn",
    "corpus": "the command embed, and Parquet files of texts",
    "search": "the command search",
    "ray": "embed --engine ray",
    "project": "the spaCy project",
}


def check_extra(extra: str, *packages: str) -> None:
    """Refuse to continue if a package of an extra is not installed.

    Args:
        extra: the extra's name.
        packages: the names under which its packages are imported.

    Raises:
        ImportError: if one is missing; the message names the extra.
    """
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        *others, last = map(repr, missing)
        listed = f"packages {', '.join(others)} and {last} are" if others else f"package {last} is"
        raise ImportError(
            f"The {listed} not installed. Expected the extra '{extra}': pip install \"spacy-trend[{extra}]\"."
        )


def check_compare_extra() -> None:
    """Refuse to continue without the packages that fit, score and plot classifiers.

    Raises:
        ImportError: as `check_extra`.
    """
    check_extra("compare", "sklearn", "scipy", "matplotlib")


def versions(*others: str) -> dict[str, str]:
    """Return the versions of this package and of those that every vector depends on, by package name.

    Args:
        others: further packages to include.
    """
    packages = ("spacy-trend", "spacy", "transformers", "torch", "numpy", *others)
    return {package: version(package) for package in packages}


def unmet_requirements(extra: str | None = None) -> list[str]:
    """List the requirements that are not installed, or installed in another version.

    Args:
        extra: the extra whose requirements to check; None for those of the package itself.

    Returns:
        requirements in pip's syntax, such as "torch>=2.4".
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
