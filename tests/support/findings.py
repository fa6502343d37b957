"""Findings of the doctor: which is about what, and what it says to do."""

from spacy import Language

from spacy_trend.findings import Finding


def about(topic: str, findings: list[Finding]) -> Finding:
    (found,) = [finding for finding in findings if finding.about == topic]
    return found


def wrong(findings: list[Finding]) -> list[tuple[str, str]]:
    """What is not ok, as status and topic."""
    assert all((finding.fix is None) == (finding.status == "ok") for finding in findings)
    return [(finding.status, finding.about) for finding in findings if finding.status != "ok"]


def execute(fix: str | None, nlp: Language) -> None:
    """Do what a fix of Python code says."""
    assert fix is not None
    exec(fix, {"nlp": nlp})
