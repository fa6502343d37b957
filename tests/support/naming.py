"""Which transformer a pipeline's trend vector reads, and how it is called."""

from pathlib import Path

import pytest
import spacy
from spacy import Language

#: Which components are disabled while one is renamed.
DISABLED = pytest.mark.parametrize(
    "disabled", [[], ["trend_vector"], ["transformer"], ["transformer", "trend_vector"]], ids="-".join
)


def saved(nlp: Language, path: Path) -> Language:
    nlp.to_disk(path / "saved")
    return spacy.load(path / "saved")


def read_by(nlp: Language) -> str:
    """The name of the transformer that the trend vector of a pipeline reads."""
    read = nlp.get_pipe("trend_vector").encoder.transformer
    (name,) = [name for name, pipe in nlp.components if pipe is read]
    return name


def assert_reads(nlp: Language, name: str) -> None:
    """The pipeline, its component, its config and the doctor agree."""
    assert read_by(nlp) == name
    assert nlp.get_pipe_config("trend_vector")["transformer"] == name
    assert nlp.config["components"]["trend_vector"]["transformer"] == name
    assert nlp.get_pipe("trend_vector").transformer == name
