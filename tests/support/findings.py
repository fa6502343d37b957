"""Findings of the doctor: which is about what, and what it says to do."""

import ast

from spacy import Language

import spacy_trend
from spacy_trend.doctor.findings import Finding


def about(topic: str, findings: list[Finding]) -> Finding:
    (found,) = [finding for finding in findings if finding.about == topic]
    return found


def wrong(findings: list[Finding]) -> list[tuple[str, str]]:
    """What is not ok, as status and topic."""
    assert all((finding.fix is None) == (finding.status == "ok") for finding in findings)
    return [(finding.status, finding.about) for finding in findings if finding.status != "ok"]


def mend(fix: str | None, nlp: Language) -> None:
    """Do what a fix says: calls of methods of `nlp` with plain values, or of functions that take `nlp`."""
    assert fix is not None
    for step in ast.parse(fix).body:
        if isinstance(step, ast.Import):
            assert ast.unparse(step) == "import spacy_trend"
            continue
        assert isinstance(step, ast.Expr)
        assert isinstance(step.value, ast.Call)
        named = {
            keyword.arg: ast.literal_eval(keyword.value) for keyword in step.value.keywords if keyword.arg
        }
        owner, _, function = ast.unparse(step.value.func).partition(".")
        if owner == "spacy_trend":
            assert function in ("add_to", "observe")
            assert [ast.unparse(argument) for argument in step.value.args] == ["nlp"]
            getattr(spacy_trend, function)(nlp, **named)
            continue
        assert owner == "nlp"
        values = [ast.literal_eval(argument) for argument in step.value.args]
        getattr(nlp, function)(*values, **named)
