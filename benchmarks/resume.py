"""Check that a corpus is complete after `embed_corpus` was killed many times, or its files were spoilt.

A run is killed with SIGKILL and started again, as often as asked, and then left to finish. What it wrote is
compared, row by row, with what an undisturbed run with the same settings wrote. With `--corruptions`, files
are spoilt between runs instead: see `resume_corruption.py`.
"""

import os
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Annotated, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import typer
from report import machine
from resume_corruption import SHARDS, corrupt_often
from scale_runs import run_command, seconds_of, write_texts
from tqdm import tqdm

from spacy_trend.corpus.folder import LOCK, MANIFEST, OURS, STAGED, TEMPORARY

#: What a run may leave in its folder beside the shards.
EXPECTED = {f"{OURS}/{MANIFEST}", f"{OURS}/{LOCK}"}
#: How long to wait for processes to end after a kill, in seconds: those whose parent was killed while they
#: were still importing packages end only when that is done.
PATIENCE = 20.0
#: How often to check whether they have ended, in seconds.
CHECK_INTERVAL = 0.1


class Pace(NamedTuple):
    """How fast runs are.

    Attributes:
        whole: seconds that an undisturbed run takes.
        start: seconds before the first shard and after the last: those of a run with nothing left to do.
        shard: seconds from one shard to the next.
    """

    whole: float
    start: float
    shard: float


def run_to_the_end(command: list[str]) -> float:
    """Return how many seconds a command takes."""
    return seconds_of(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))[0]


class Killed(NamedTuple):
    """A run that was killed.

    Attributes:
        leader: its process, which leads the session of all processes that it started.
        stage: what it was doing.
        survivors: how many of those processes were still running after `PATIENCE`.
    """

    leader: int
    stage: str
    survivors: int


def killed_after(delay: float, command: list[str], output: Path, whole_group: bool) -> Killed | None:
    """Start a command and kill it.

    Args:
        delay: seconds until it is killed.
        command: the command.
        output: the folder that it writes to.
        whole_group: kill all processes of its group; otherwise the others should end by themselves, as when
            the system is short of memory and kills one process.

    Returns:
        The killed run; None if it ended before.

    Raises:
        RuntimeError: if it ended with an error before.
    """
    before = len(list(output.glob(SHARDS)))
    # To a file: a process that survives must not fail because nobody reads its output.
    log = output.with_suffix(".log")
    with log.open("w") as said:
        run = subprocess.Popen(command, start_new_session=True, stdout=said, stderr=said)
    try:
        run.wait(timeout=delay)
    except subprocess.TimeoutExpired:
        if whole_group:
            os.killpg(run.pid, signal.SIGKILL)
        else:
            run.kill()
        run.wait()
        return Killed(run.pid, stage_of(output, before), survivors_of(run.pid))
    if run.returncode:
        raise RuntimeError(f"A run that resumed ended with {run.returncode}:\n{log.read_text()}")
    return None


def stage_of(output: Path, before: int) -> str:
    """Tell what a run was doing from what is in its folder.

    Args:
        output: the folder.
        before: how many shards there were when the run began.

    Returns:
        A few words.
    """
    if any(output.glob(f"{OURS}/*{TEMPORARY}")):
        return "writing a file"
    if any(output.glob(f"{OURS}/{STAGED}/*")):
        return "staging for Ray, or Ray at work"
    return "after shards of its own" if len(list(output.glob(SHARDS))) > before else "before its first shard"


def survivors_of(leader: int) -> int:
    """Return how many processes of a session are still running after `PATIENCE`, or 0 once there are none."""
    latest = time.monotonic() + PATIENCE
    while (left := len(session_of(leader))) and time.monotonic() < latest:
        time.sleep(CHECK_INTERVAL)
    return left


def session_of(leader: int) -> list[int]:
    """Return the running processes of a session (Linux)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session = path.read_text().rsplit(")", 1)[1].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue  # It has ended meanwhile.
        if int(session) == leader and state != "Z":
            found.append(int(path.parent.name))
    return found


def end(leaders: list[int]) -> int:
    """Kill what is left of sessions.

    Args:
        leaders: the processes that lead them.

    Returns:
        How many processes there were.
    """
    left = [process for leader in leaders for process in session_of(leader)]
    for process in left:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue  # It has ended meanwhile.
    return len(left)


def measure_pace(command: list[str], shards: int) -> Pace:
    """Time a run, and another with nothing left to do.

    Args:
        command: of the run.
        shards: how many shards it makes.

    Returns:
        The pace.
    """
    whole = run_to_the_end(command)
    start = run_to_the_end(command)
    return Pace(whole, start, max(0.0, whole - start) / shards)


def latest_kill(pace: Pace, engine: str, processes: int) -> float:
    """Return the last moment to kill a run at, in seconds from its start; all before it are equally likely.

    It is the time to load (twice that for several processes, three times for Ray) and to make two shards in
    each process. So runs make progress, and each has something left to do.
    """
    # Processes load after their parent has; Ray and its actors one after the other.
    loads = 3 if engine == "ray" else min(processes, 2)
    return min(pace.whole, loads * pace.start + 2 * processes * pace.shard)


def differences(whole: Path, other: Path, tolerance: float) -> list[str]:
    """Compare two folders of vectors.

    Args:
        whole: the folder of the undisturbed run.
        other: the folder to compare with it.
        tolerance: how far numbers of vectors may differ.

    Returns:
        A line for each difference; empty if there are none.
    """
    names, others = ({path.name for path in folder.glob(SHARDS)} for folder in (whole, other))
    found = [f"{name} is in one of the two only" for name in sorted(names ^ others)]
    left = {path.relative_to(other).as_posix() for path in other.rglob("*") if path.is_file()}
    left -= others | EXPECTED
    found += [f"{name} was left in the folder" for name in sorted(left)]
    if len({(folder / OURS / MANIFEST).read_bytes() for folder in (whole, other)}) > 1:
        found.append(f"{MANIFEST} differs")
    largest, expected_row = 0.0, 0
    for name in tqdm(sorted(names & others), desc="Comparing", disable=None):
        undisturbed, table = pq.read_table(whole / name), pq.read_table(other / name)
        rows = list(range(expected_row, expected_row + undisturbed.num_rows))
        expected_row += undisturbed.num_rows
        if table["row"].to_pylist() != rows:
            found.append(f"{name}: the rows are not {rows[0]} to {rows[-1]}, each once and in order")
            continue
        if not table.schema.equals(undisturbed.schema, check_metadata=True):
            found.append(f"{name}: the schemas or their metadata differ")
        columns = [column for column in undisturbed.column_names if column != "trend_vector"]
        found += [
            f"{name}: the column {column!r} differs" for column in differing(undisturbed, table, columns)
        ]
        largest = max(largest, distance(undisturbed, table))
    print(f"Compared {expected_row:,} rows in {len(names & others)} files; largest difference {largest:g}")
    if not largest <= tolerance:
        found.append(f"vectors differ by up to {largest:g}, more than {tolerance:g}")
    return found


def differing(table: pa.Table, other: pa.Table, columns: list[str]) -> list[str]:
    """Return those of the columns that differ between two tables."""
    return [
        column for column in columns if column not in other.column_names or table[column] != other[column]
    ]


def distance(table: pa.Table, other: pa.Table) -> float:
    """Get the largest difference between numbers of the vectors of two tables with the same number of rows.

    Args:
        table: the one.
        other: the other.

    Returns:
        The difference; 0 if the vectors are the same to the last bit, infinite if one holds NaN or infinity.
    """
    one, two = (np.stack(part["trend_vector"].to_numpy()) for part in (table, other))
    if one.tobytes() == two.tobytes():
        return 0.0
    apart = float(np.abs(one.astype(np.float64) - two).max())
    return apart if np.isfinite(apart) else float("inf")


def kill_often(command: list[str], output: Path, delays: list[float], whole_group: bool) -> list[Killed]:
    """Kill a run after each of the delays, unless it ends before; then let it finish.

    Args:
        command: of the run.
        output: the folder that it writes to.
        delays: seconds from each start to the kill.
        whole_group: as for `killed_after`.

    Returns:
        The killed runs.
    """
    killed: list[Killed] = []
    try:
        for delay in tqdm(delays, desc="Killing", disable=None):
            one = killed_after(delay, command, output, whole_group)
            if one is None:
                break
            killed.append(one)
        run_to_the_end(command)
    finally:
        left = end([one.leader for one in killed])
    stages = Counter(one.stage for one in killed)
    print(f"Killed {len(killed)} times: " + ", ".join(f"{n} {stage}" for stage, n in stages.items()))
    survivors = sum(one.survivors for one in killed)
    print(f"Processes still running {PATIENCE:g} s after the kill: {survivors}; after all runs: {left}")
    return killed


def main(
    rows: Annotated[int, typer.Option(help="How many texts")] = 20_000,
    kills: Annotated[int, typer.Option(help="How many times to kill the run")] = 20,
    engine: Annotated[str, typer.Option(help="local or ray")] = "local",
    processes: Annotated[int, typer.Option(help="How many processes embed")] = 1,
    shard_rows: Annotated[int, typer.Option(help="Rows of a file")] = 500,
    seed: Annotated[int, typer.Option(help="For the texts and the moments of the kills")] = 0,
    tolerance: Annotated[float, typer.Option(help="How far numbers of vectors may differ")] = 0.0,
    parent_alone: Annotated[
        bool, typer.Option("--parent-alone", help="Do not kill the processes that the run started")
    ] = False,
    corruptions: Annotated[int, typer.Option(help="How many times to spoil files instead of killing")] = 0,
    encoder: Annotated[
        str | None, typer.Option(help="For runs over spoilt files; None for the bundled")
    ] = None,
) -> None:
    """Kill runs, compare the rows and print the differences; the exit code is 1 if there are any."""
    print(machine())
    random = Random(seed)
    with TemporaryDirectory(prefix="resume-") as folder:
        if corruptions:
            found = corrupt_often(Path(folder), corruptions, encoder, random)
            print("\n".join(found) or "No row was wrong.")
            raise typer.Exit(bool(found))
        source = write_texts(Path(folder) / "texts.jsonl", rows, seed)
        whole, output = Path(folder) / "whole", Path(folder) / "killed"
        settings = {"engine": engine, "processes": processes, "shard_rows": shard_rows}
        pace = measure_pace(run_command(source, whole, **settings), -(-rows // shard_rows))
        print(
            f"Undisturbed {pace.whole:.1f} s, of which start and end {pace.start:.1f} s, a shard "
            f"{pace.shard:.2f} s"
        )
        latest = latest_kill(pace, engine, processes)
        delays = [random.uniform(0, latest) for _ in range(kills)]
        killed = kill_often(run_command(source, output, **settings), output, delays, not parent_alone)
        found = differences(whole, output, tolerance)
    if engine == "local" and (survivors := sum(one.survivors for one in killed)):
        found.append(f"{survivors} processes did not end by themselves after their run was killed")
    if len(killed) < kills:
        found.append(f"only {len(killed)} of {kills} kills before the end: use more --rows")
    print("\n".join(found) or "Nothing differs: every row once, every column the same.")
    raise typer.Exit(bool(found))


if __name__ == "__main__":
    typer.run(main)
