"""What an embedder does to the process it works in."""

import os
import subprocess
import sys

import pytest
import spacy
import torch

from spacy_trend.embedder import SHAPES_KEPT, Embedder, PipelineChoice

SETTING = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
#: Each text twice, in a pass of its own each time: more shapes than are kept in between.
TWICE = """
import pyarrow as pa
from spacy_trend.embedder import Embedder, PipelineChoice

texts = ["so " * words for words in range(1, 21)]
embedder = Embedder(PipelineChoice(), batch_size=1)
for again in range(2):
    print("round", again, flush=True)
    embedder(pa.table({"text": texts}))
"""


def test_few_shapes_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    # So that it is taken away again.
    monkeypatch.setenv(SETTING, "")
    monkeypatch.delenv(SETTING)
    Embedder(PipelineChoice())
    assert os.environ[SETTING] == str(SHAPES_KEPT)


def test_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, "100")
    Embedder(PipelineChoice())
    assert os.environ[SETTING] == "100"


def test_a_gpu_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(gpu_id: int) -> None:
        raise ValueError("Cannot use GPU, CuPy is not installed")

    monkeypatch.setattr(spacy, "require_gpu", refuse)
    message = "The GPU 3 cannot be used: .*CuPy is not installed.*pip install cupy-cuda12x.*on the CPU"
    with pytest.raises(ValueError, match=message):
        Embedder(PipelineChoice(gpu_id=3))


@pytest.mark.slow
@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch computes without oneDNN here")
@pytest.mark.parametrize(("kept", "again"), [(None, True), ("1024", False)])
@pytest.mark.thorough
def test_shapes_are_forgotten(kept: str | None, again: bool) -> None:
    """oneDNN itself tells what it had to prepare: in the second round all of it again, or nothing."""
    environment = {name: value for name, value in os.environ.items() if name != SETTING}
    if kept is not None:
        environment[SETTING] = kept
    environment["ONEDNN_VERBOSE"] = "profile_create"
    command = [sys.executable, "-W", "ignore", "-c", TWICE]
    told = subprocess.run(command, check=True, env=environment, capture_output=True, text=True).stdout
    assert "create:cache_miss" in told.split("round 1")[0]
    assert ("create:cache_miss" in told.split("round 1")[1]) is again
