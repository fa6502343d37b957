"""Runs that were cut short go on, and nothing is lost."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import numpy as np
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")
from tests.support.corpora import embed, table_of, vectors_of
from tests.support.processes import group_of


class TestResumed:
    def test_a_run_redoes_only_what_is_not_there(
        self, source: Path, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        embed(source, tmp_path / "whole", tiny_encoder)
        embed(source, tmp_path / "out", tiny_encoder)
        (tmp_path / "out" / "part-000002.parquet").unlink()
        (tmp_path / "out" / ".spacy_trend" / "part-000003.parquet.7.writing").write_bytes(b"cut")
        before = (tmp_path / "out" / "part-000001.parquet").stat().st_mtime_ns
        summary = embed(source, tmp_path / "out", tiny_encoder)
        assert summary.done_before == 23
        assert (tmp_path / "out" / "part-000001.parquet").stat().st_mtime_ns == before
        assert table_of(tmp_path / "out").equals(table_of(tmp_path / "whole"))
        assert not list((tmp_path / "out").rglob("*.writing"))

    @pytest.mark.slow
    @pytest.mark.thorough
    def test_a_run_that_was_killed_has_every_row_once(
        self, source: Path, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        source.write_text(source.read_text() * 40)
        embed(source, tmp_path / "whole", tiny_encoder, shard_rows=50)
        script = (
            "import sys; from spacy_trend.corpus import embed_corpus; "
            "embed_corpus(sys.argv[1], sys.argv[2], encoder=sys.argv[3], shard_rows=50)"
        )
        command = [sys.executable, "-c", script, str(source), str(tmp_path / "out"), str(tiny_encoder)]
        random = Random(0)
        for _ in range(4):
            run = subprocess.Popen(command)
            deadline = time.monotonic() + 180
            shards = len(list((tmp_path / "out").glob("part-*.parquet")))
            while len(list((tmp_path / "out").glob("part-*.parquet"))) <= shards + random.randint(0, 3):
                if run.poll() is not None or time.monotonic() > deadline:
                    break
                time.sleep(0.005)
            os.kill(run.pid, signal.SIGKILL)
            run.wait()
        subprocess.run(command, check=True)
        assert table_of(tmp_path / "out").equals(table_of(tmp_path / "whole"))


@pytest.mark.slow
def test_processes_end_with_the_run_that_is_killed(source: Path, tmp_path: Path, tiny_encoder: Path) -> None:
    source.write_text(source.read_text() * 40)
    script = (
        "import sys; from spacy_trend.corpus import embed_corpus\n"
        "if __name__ == '__main__':\n"
        "    embed_corpus(sys.argv[1], sys.argv[2], encoder=sys.argv[3], shard_rows=20, processes=2)"
    )
    command = [sys.executable, "-c", script, str(source), str(tmp_path / "out"), str(tiny_encoder)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True) as run:
        deadline = time.monotonic() + 300
        while not list((tmp_path / "out").glob("part-*.parquet")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        run.kill()
        assert run.stderr is not None
        # It ends where the last of the processes that hold it ends.
        run.stderr.read()
        # What has ended writes no more.
        assert group_of(run.pid) == []


@pytest.mark.slow
def test_processes_write_what_one_writes(source: Path, tmp_path: Path, tiny_encoder: Path) -> None:
    embed(source, tmp_path / "one", tiny_encoder)
    embed(source, tmp_path / "two", tiny_encoder, processes=2)
    one, two = table_of(tmp_path / "one"), table_of(tmp_path / "two")
    assert one.drop_columns("trend_vector").equals(two.drop_columns("trend_vector"))
    np.testing.assert_allclose(vectors_of(one), vectors_of(two), atol=1e-3)
