"""Ways in which the files of a corpus are spoilt between two runs, drawn at random."""

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
from scale_runs import write_texts

from spacy_trend.corpus import embed_corpus

SHARDS = "part-*.parquet"
#: Few rows, so that a run takes a second; the last shard is shorter than the others.
ROWS, SHARD_ROWS = 47, 10


def flip_bits(output: Path, foreign: Path, random: Random) -> None:
    """Change one to three bits of a file, be it a shard or the manifest."""
    path = random.choice([*output.glob(SHARDS), *output.glob(".spacy_trend/*.parquet")])
    content = bytearray(path.read_bytes())
    for place in random.sample(range(len(content)), random.randint(1, 3)):
        content[place] ^= 1 << random.randrange(8)
    path.write_bytes(content)


def cut(output: Path, foreign: Path, random: Random) -> None:
    """Cut a shard short."""
    path = random.choice(shards_of(output))
    path.write_bytes(path.read_bytes()[: random.randrange(path.stat().st_size)])


def swap(output: Path, foreign: Path, random: Random) -> None:
    """Have two shards change their names."""
    one, two = random.sample(shards_of(output), 2)
    aside = one.rename(output / "aside")
    two.rename(one)
    aside.rename(two)


def copy_over(output: Path, foreign: Path, random: Random) -> None:
    """Put a copy of a shard in the place of another."""
    one, two = random.sample(shards_of(output), 2)
    shutil.copy(one, two)


def rename(output: Path, foreign: Path, random: Random) -> None:
    """Give a shard a name that no shard has, or one that was not there."""
    path = random.choice(shards_of(output))
    path.rename(output / random.choice(["part-000099.parquet", "old.parquet", "part-1.parquet", "aside.bak"]))


def add_surplus(output: Path, foreign: Path, random: Random) -> None:
    """Add a shard of this corpus or another under another name."""
    path = random.choice([*shards_of(output), *shards_of(foreign)])
    folder = output / random.choice([".", "more", "label=spam"])
    folder.mkdir(exist_ok=True)
    shutil.copy(path, folder / f"part-{random.randint(5, 10**7):06d}.parquet")


def put_foreign(output: Path, foreign: Path, random: Random) -> None:
    """Put a shard with another preset's vectors in the place of one."""
    path = random.choice(shards_of(foreign))
    shutil.copy(path, output / path.name)


def write_again(output: Path, foreign: Path, random: Random) -> None:
    """Write a shard as another program would, with one row changed, doubled or missing."""
    path = random.choice(shards_of(output))
    table = pq.read_table(path)
    row = random.randrange(table.num_rows)
    order = list(range(table.num_rows))
    other = random.choice([order[:row] + order[row + 1 :], [*order, row], order[::-1]])
    pq.write_table(table.take(pa.array(other, pa.int64())), path)


KINDS: list[Callable[[Path, Path, Random], None]] = [
    *(flip_bits, flip_bits, cut, swap, copy_over, rename, add_surplus, put_foreign, write_again)
]


def shards_of(folder: Path) -> list[Path]:
    """Return the shards of a folder, in order."""
    return sorted(folder.glob(SHARDS))


def is_same(whole: Path, output: Path) -> bool:
    """Return whether what a reader of the folder gets is the undisturbed run's, to the last bit."""
    tables = [pq.read_table(folder, partitioning=None) for folder in (whole, output)]
    return bool(tables[0].equals(tables[1]))


def corrupt_often(folder: Path, draws: int, encoder: str | None, random: Random) -> list[str]:
    """Spoil a folder of vectors and resume, again and again; print what became of it.

    Args:
        folder: where to work.
        draws: how many times.
        encoder: name or path of the encoder; None for the bundled one.
        random: draws what is spoilt.

    Returns:
        A line for each wrong result.
    """
    source = write_texts(folder / "few.jsonl", ROWS)
    whole, foreign, output = (folder / name for name in ("sound", "foreign", "spoilt"))

    def run(output: Path, **settings: str | bool) -> None:
        embed_corpus(source, output, encoder=encoder, shard_rows=SHARD_ROWS, **settings)  # type: ignore[arg-type]

    run(whole)
    run(foreign, preset="classifier")
    found, ends = [], {"mended": 0, "refused": 0}
    for draw in range(draws):
        shutil.rmtree(output, ignore_errors=True)
        shutil.copytree(whole, output)
        spoil = KINDS[draw % len(KINDS)]
        spoil(output, foreign, random)
        try:
            run(output)
            ends["mended"] += 1
        except ValueError as error:
            # Refused: nothing was taken over. Once the files that it names are gone, the run goes on.
            ends["refused"] += 1
            if "--overwrite" not in str(error) and "move them away" not in str(error):
                found.append(f"draw {draw}, {spoil.__name__}: {error}")
            for path in set(output.rglob("*")) - {output / path.name for path in shards_of(whole)}:
                if path.is_file() and path.parent.name != ".spacy_trend":
                    path.unlink()
            run(output, overwrite="--overwrite" in str(error))
        if not is_same(whole, output):
            found.append(f"draw {draw}, {spoil.__name__}: the rows differ")
    print(f"Spoilt {draws} times: {ends['mended']} mended, {ends['refused']} refused by name")
    return found
