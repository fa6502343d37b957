"""Processes that embed a corpus: what is said where they are killed or interrupted, and how far they are."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")

import pyarrow as pa

from spacy_trend.corpus import engines as corpus_engines
from spacy_trend.corpus.engines import Task
from spacy_trend.corpus.folder import OutputFolder
from spacy_trend.corpus.shards import ShardWriter
from spacy_trend.embedder import PipelineChoice
from tests.support.processes import group_of


@pytest.fixture
def task() -> Task:
    return Task(PipelineChoice(), "text", None, 3, 2, "local", None)


@pytest.fixture
def writer(tmp_path: Path) -> ShardWriter:
    return ShardWriter(OutputFolder(tmp_path), 3, {})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps({"text": f"The dog {n} runs."}) + "\n" for n in range(4000)))
    return path


def start(source: Path, encoder: Path) -> subprocess.Popen[str]:
    """The command, in two processes of a group of its own; returned once there is a shard."""
    out = source.parent / "out"
    command = [sys.executable, "-m", "spacy", "trend", "embed", str(source), str(out), "-e", str(encoder)]
    run = subprocess.Popen(
        [*command, "--processes", "2", "--shard-rows", "20"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for(run, out)
    return run


def wait_for(run: subprocess.Popen[str], out: Path) -> None:
    deadline = time.monotonic() + 300
    while not list(out.glob("part-*.parquet")) and run.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_process_that_is_killed_is_named(
    monkeypatch: pytest.MonkeyPatch, task: Task, writer: ShardWriter
) -> None:
    def broken(*arguments: Any) -> None:
        raise BrokenProcessPool("A process in the pool was terminated abruptly.")

    monkeypatch.setattr(corpus_engines.ProcessPoolExecutor, "submit", broken)
    with pytest.raises(OSError, match=r"ended before its work was done \(A process .*fewer processes"):
        list(corpus_engines.embed_in_processes(task, writer, [(0, pa.table({"text": ["One"]}))]))


def test_an_actor_that_fails_is_named(
    monkeypatch: pytest.MonkeyPatch, task: Task, writer: ShardWriter
) -> None:
    pytest.importorskip("ray")
    from ray.exceptions import RayTaskError

    from spacy_trend.corpus import ray_engine

    def failing(*arguments: Any) -> None:
        raise RayTaskError("embed", "a long traceback", MemoryError("no more"))

    monkeypatch.setattr(ray_engine, "_start_ray", lambda *arguments: None)
    monkeypatch.setattr(ray_engine, "_embed_shards", failing)
    writer.folder.ours.mkdir()
    table = pa.table({"row": pa.array([0], pa.int64()), "text": ["One"]})
    with pytest.raises(OSError, match=r"could not embed all shards \(MemoryError: no more\)"):
        list(ray_engine.embed_with_ray(task, writer, [(0, table)]))


def test_only_the_cores_of_this_process_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 5, 7}, raising=False)
    assert corpus_engines.cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    assert corpus_engines.cores() == (os.cpu_count() or 1)


@pytest.mark.slow
class TestRun:
    def test_a_run_that_is_interrupted_ends_at_once(self, source: Path, tiny_encoder: Path) -> None:
        with start(source, tiny_encoder) as run:
            os.killpg(run.pid, signal.SIGINT)
            out, err = run.communicate(timeout=120)
            assert run.returncode == 130
            assert "run the same command to resume" in " ".join(out.split())
            assert "Traceback" not in out + err
            assert group_of(run.pid) == []

    def test_a_run_of_which_a_process_is_killed_says_what_to_do(
        self, source: Path, tiny_encoder: Path
    ) -> None:
        with start(source, tiny_encoder) as run:
            workers = [process for process, args in group_of(run.pid) if "spawn_main" in args]
            os.kill(workers[0], signal.SIGKILL)
            out, err = run.communicate(timeout=180)
            assert run.returncode == 1
            assert "run the same command again to go on" in " ".join(out.split())
            assert "Traceback" not in out + err
            assert group_of(run.pid) == []
