"""Corpora on Ray: the rows of the local engine, also when a worker is killed."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")

from spacy_trend.corpus import embed_corpus
from tests.support.corpora import TEXTS, files_in, table_of, vectors_of

SCRIPT = """
import sys
from spacy_trend.corpus import embed_corpus

if __name__ == "__main__":
    engine, source, output, encoder, *address = sys.argv[1:]
    settings = {"engine": engine, "address": address[0] if address else None, "processes": 2}
    settings |= {"preset": "classifier", "shard_rows": 20, "on_error": "skip"}
    summary = embed_corpus(source, output, encoder=encoder, **settings)
    print(summary.rows, summary.shards)
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ray") / "texts.jsonl"
    path.write_text("".join(json.dumps({"n": n, "text": text}) + "\n" for n, text in enumerate(TEXTS * 10)))
    return path


@pytest.fixture(scope="module")
def local(source: Path, tiny_encoder: Path) -> Path:
    """The output of the local engine."""
    output = source.parent / "local"
    embed_corpus(source, output, encoder=str(tiny_encoder), preset="classifier", shard_rows=20)
    return output


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-c", SCRIPT, *map(str, arguments)]


def check_same(output: Path, local: Path) -> None:
    made, expected = table_of(output), table_of(local)
    assert made.drop_columns("trend_vector").equals(expected.drop_columns("trend_vector"))
    np.testing.assert_allclose(vectors_of(made), vectors_of(expected), atol=1e-4)
    assert files_in(output) == files_in(local)


def workers_of(pid: int) -> list[int]:
    """The actors of the Ray that a process has started: those of its descendants that embed."""
    shown = subprocess.run(["ps", "-e", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
    processes = [line.split(maxsplit=2) for line in shown.stdout.splitlines()]
    family = {pid}
    for _ in range(4):
        family |= {int(process[0]) for process in processes if int(process[1]) in family}
    return [int(child) for child, _, *title in processes if int(child) in family and "Embedder" in str(title)]


def session_of(leader: int) -> list[int]:
    """The processes of a session that have not ended."""
    shown = subprocess.run(["ps", "-e", "-o", "pid=,sid=,stat="], capture_output=True, text=True, check=True)
    processes = [line.split() for line in shown.stdout.splitlines()]
    return [int(pid) for pid, session, state in processes if int(session) == leader and "Z" not in state]


def listening(processes: list[int]) -> list[str]:
    """The addresses and ports on which processes listen."""
    if shutil.which("ss") is None:
        pytest.skip("needs ss")
    shown = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True)
    found = [(line.split()[3], re.findall(r"pid=(\d+)", line)) for line in shown.stdout.splitlines()]
    return [address for address, pids in found if {*map(int, pids)} & {*processes}]


@pytest.mark.slow
class TestRayOnThisMachine:
    def test_has_the_rows_of_the_local_engine(
        self, source: Path, local: Path, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        pytest.importorskip("ray")
        run = subprocess.run(
            command("ray", source, tmp_path / "out", tiny_encoder), check=True, capture_output=True, text=True
        )
        assert run.stdout.split()[-2:] == ["300", "15"]
        check_same(tmp_path / "out", local)

    @pytest.mark.thorough
    def test_has_the_rows_of_the_local_engine_if_all_of_a_shard_have_errors(
        self, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        pytest.importorskip("ray")
        path = tmp_path / "texts.jsonl"
        lines = [{"text": text} for text in TEXTS[:20]] + [{"text": None}] * 25
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        # Of the second shard five rows are left out, of the third all.
        for engine in ("local", "ray"):
            subprocess.run(command(engine, path, tmp_path / engine, tiny_encoder), check=True)
        assert len(list((tmp_path / "ray").glob("part-*.parquet"))) == 3
        check_same(tmp_path / "ray", tmp_path / "local")

    @pytest.mark.thorough
    def test_has_the_rows_of_the_local_engine_when_a_worker_is_killed(
        self, source: Path, local: Path, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        pytest.importorskip("ray")
        run = subprocess.Popen(command("ray", source, tmp_path / "out", tiny_encoder))
        deadline = time.monotonic() + 300
        while not (workers := workers_of(run.pid)) and run.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.kill(workers[0], signal.SIGKILL)
        assert run.wait(400) == 0
        check_same(tmp_path / "out", local)

    @pytest.mark.thorough
    def test_goes_on_where_it_was_killed(
        self, source: Path, local: Path, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        pytest.importorskip("ray")
        run = subprocess.Popen(command("ray", source, tmp_path / "out", tiny_encoder), start_new_session=True)
        deadline = time.monotonic() + 300
        while not list((tmp_path / "out").glob("part-*.parquet")) and run.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        # With another engine, which goes on after the shards that Ray's actors have written.
        subprocess.run(command("local", source, tmp_path / "out", tiny_encoder), check=True)
        check_same(tmp_path / "out", local)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.thorough)])
def test_ray_listens_on_this_machine_alone_and_ends_with_its_run(
    number: signal.Signals, source: Path, tmp_path: Path, tiny_encoder: Path
) -> None:
    pytest.importorskip("ray")
    source = Path(shutil.copy(source, tmp_path))
    source.write_text(source.read_text() * 60)
    run = subprocess.Popen(command("ray", source, tmp_path / "out", tiny_encoder), start_new_session=True)
    deadline = time.monotonic() + 300
    while not list((tmp_path / "out").glob("part-*.parquet")) and run.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    addresses = listening(session_of(run.pid))
    run.send_signal(number)
    assert run.wait(120) == 128 + number
    # What the system has not yet taken away.
    time.sleep(1)
    assert session_of(run.pid) == []
    assert addresses
    assert all(address.startswith(("127.", "[::1]", "[::ffff:127.")) for address in addresses), addresses


def test_an_address_needs_the_engine(source: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"Got the address 'auto' .* but the engine 'local'\. Expected --eng"
    ):
        embed_corpus(source, tmp_path / "out", address="auto")


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, source: Path, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ImportError, match=r"'ray' is not installed.*spacy-trend\[ray\]"):
        embed_corpus(source, tmp_path / "out", engine="ray")


def test_an_engine_that_is_unknown_is_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"engine='spark' is unknown\. Expected 'local' or 'ray'"):
        embed_corpus(source, tmp_path / "out", engine="spark")


@pytest.mark.slow
@pytest.mark.thorough
def test_a_cluster_is_reached_by_its_address(
    monkeypatch: pytest.MonkeyPatch, source: Path, local: Path, tmp_path: Path, tiny_encoder: Path
) -> None:
    pytest.importorskip("ray")
    # Of the cluster, which asks for a token else.
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    ray = str(Path(sys.executable).parent / "ray")
    address = "127.0.0.1:64379"
    settings = ["--head", "--block", "--port=64379", "--num-cpus=4", "--disable-usage-stats"]
    start = [ray, "start", *settings, "--include-dashboard=false"]
    with subprocess.Popen(start, stdout=subprocess.PIPE, text=True) as cluster:
        assert cluster.stdout is not None
        try:
            assert any("Ray runtime started" in line for line in cluster.stdout)
            on_cluster = command("ray", source, "out", os.path.relpath(tiny_encoder, tmp_path), address)
            # From another folder than the cluster's: paths are not relative there.
            subprocess.run(on_cluster, check=True, timeout=400, cwd=tmp_path)
            # The cluster goes on.
            assert cluster.poll() is None
        finally:
            cluster.terminate()
    check_same(tmp_path / "out", local)
