"""Programs for a Python of their own, and how to run them."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

#: As pytest has it here: see `filterwarnings` in pyproject.toml.
WARNINGS_ARE_ERRORS = [
    *("-W", "error"),
    *("-W", "ignore:`torch.jit.script` is deprecated:DeprecationWarning"),
]
#: What makes `changes.DIFFERENCE` known where the tests are not.
REGISTER_DIFFERENCE = """
import spacy


@spacy.registry.misc("spacy-trend-tests.difference.v1")
def difference():
    return subtract


def subtract(static, contextual):
    return contextual - static
"""
#: Compares docs of two processes with those of one.
SPAWN = (
    REGISTER_DIFFERENCE
    + """

if __name__ == "__main__":
    import multiprocessing
    import sys

    import numpy

    multiprocessing.set_start_method("spawn")
    nlp = spacy.load(sys.argv[1])
    texts = ["I want an apple.", "", "She sold the old house.", "Stop!"] * 3
    here = list(nlp.pipe(texts))
    there = list(nlp.pipe(texts, n_process=2, batch_size=3))
    for one, other in zip(here, there, strict=True):
        numpy.testing.assert_allclose(one._.trend_vector, other._.trend_vector, atol=1e-5)
        assert str(one._.trend_focus) == str(other._.trend_focus)
        numpy.testing.assert_allclose(one[:1]._.trend_vector, other[:1]._.trend_vector, atol=1e-5)
    print(len(there), "equal")
"""
)
#: Keeps the transformer's output where this package is not installed.
WITHOUT = """
import sys
from importlib.metadata import EntryPoints

import catalogue

installed = catalogue.AVAILABLE_ENTRY_POINTS
others = [one for group in installed.groups for one in installed.select(group=group)]
catalogue.AVAILABLE_ENTRY_POINTS = EntryPoints(one for one in others if "spacy_trend" not in one.value)
sys.modules["spacy_trend"] = None

import numpy
import spacy

nlp = spacy.load(sys.argv[1])
numpy.save(sys.argv[2], nlp(sys.argv[3])._.trf_data.model_output.last_hidden_state)
"""


def run_python(*command: Any, **environment: Any) -> None:
    """Run Python in a process of its own, with one thread, as a fork needs it."""
    variables = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    variables.update({name: str(value) for name, value in environment.items()})
    subprocess.run([sys.executable, *map(str, command)], check=True, timeout=300, env=variables)


def run_on(script: str, pipeline: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script, written to a file as processes that are spawned need it, on a saved pipeline."""
    (folder / "script.py").write_text(script)
    command = [sys.executable, folder / "script.py", pipeline]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
