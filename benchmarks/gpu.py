"""A GPU: whether it gives what the CPU gives; then its times, how often it is waited for, and memory.

Without a GPU, the same runs on the CPU, compared with itself, as far as it can; nothing is written then.
"""

import gc
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Annotated, Any

import spacy
import torch
import typer
from gpu_checks import TOLERANCE, differences, hugging_face, is_stored
from report import RESULTS, machine, markdown_table, write_section
from sentence_transformers import SentenceTransformer
from spacy import Language
from texts import made_texts, trec
from transformers import AutoModel
from ways import transformer_pipeline

from spacy_trend import bundled_encoder
from spacy_trend.encoder.buckets import run_cost

HAS_GPU = torch.cuda.is_available()
#: To see what a call costs beside its wordpieces: calls, wordpieces in a window, and windows of a call.
ROUNDS, LENGTH, CALLS = 10, 32, (1, 4, 16, 32, 64, 128, 256, 512, 1024, 2048)
MEBIBYTE = 2**20


def use(device: str) -> None:
    """Make everything that is made from now on be on a device."""
    if device == "cpu" or not HAS_GPU:
        spacy.require_cpu()
        torch.set_default_device("cpu")
    else:
        spacy.require_gpu()


def wait() -> None:
    """Wait until the device has done everything."""
    if HAS_GPU:
        torch.cuda.synchronize()


def seconds_of(run: Any) -> float:
    """Return how long a call takes, with everything that it left the device to do."""
    # A full collection looks at half a million objects of the loaded packages, takes as long as hundreds of
    # texts, and comes when it comes.
    gc.collect()
    gc.freeze()
    wait()
    start = perf_counter()
    run()
    wait()
    return perf_counter() - start


def checks(texts: list[str]) -> tuple[str, bool]:
    """Return a table of how the device differs from the CPU, and whether all of it is right."""
    found = []
    for difference in differences(texts, use):
        print(difference, flush=True)
        found.append(difference)
    use("gpu")
    stored = is_stored(hugging_face({"preset": "related_pair"}), texts[:50])
    print(f"Stored docs have the same vectors: {stored}", flush=True)
    rows = [
        [d.name, f"{d.last:.1e}", f"{d.attention:.1e}", f"{d.cosine:.5f}", f"{d.pairs:.3f}"] for d in found
    ]
    header = ["pipeline", "last layer", "attention", "cosine of vectors, median", "same pair"]
    return markdown_table(header, rows), stored and all(d.is_right for d in found)


def costs() -> str:
    """Measure the bare encoder on batches of more and more windows, and return the table."""
    device = torch.device("cuda" if HAS_GPU else "cpu")
    encoder: Any = AutoModel.from_pretrained(bundled_encoder()).eval().to(device)
    config = encoder.config
    times = {}
    with torch.no_grad():
        for windows in CALLS if HAS_GPU else CALLS[:4]:
            ids = torch.randint(1000, 30000, (windows, LENGTH), device=device)
            run = partial(_call_often, encoder, ids)
            run()
            times[windows * LENGTH] = seconds_of(run) / ROUNDS
    slope = times[max(times)] / max(times)
    floor = min(times.values())
    cost = run_cost(config.hidden_size, config.intermediate_size, device, torch.float32)
    print(
        f"A call takes at least {floor * 1000:.2f} ms: {floor / slope:.0f} wordpieces of {slope * 1e9:.0f} ns"
    )
    rows = [[str(wordpieces), f"{1000 * time:.3f}"] for wordpieces, time in times.items()]
    least = f"{floor / slope:.0f} wordpieces in a large one, {slope * 1e9:.0f} ns each"
    table = markdown_table(["wordpieces of a call", "ms"], rows)
    return f"A call takes at least as long as {least}. Buckets count with {cost}.\n\n{table}"


def _call_often(encoder: Any, ids: torch.Tensor) -> None:
    for _ in range(ROUNDS):
        encoder(input_ids=ids)


@contextmanager
def counted_waits() -> Iterator[list[int]]:
    """Count how often the device is waited for, in torch and in CuPy."""
    count = [0]
    if not HAS_GPU:
        yield count
        return
    import cupy

    get = cupy.asnumpy

    def asnumpy(*args: Any, **kwargs: Any) -> Any:
        count[0] += 1
        return get(*args, **kwargs)

    torch.cuda.set_sync_debug_mode("warn")
    cupy.asnumpy = asnumpy
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield count
        count[0] += sum("synchroniz" in str(warning.message) for warning in caught)
    finally:
        torch.cuda.set_sync_debug_mode("default")
        cupy.asnumpy = get


def waits(texts: list[str]) -> str:
    """Return a table of how often a batch waits for the device."""
    rows = []
    for name, nlp in pipelines().items():
        list(nlp.pipe(texts))
        with counted_waits() as count:
            list(nlp.pipe(texts, batch_size=len(texts)))
        rows.append([name, str(count[0])])
    return markdown_table(["a batch of 128 questions", "waits"], rows)


def pipelines() -> dict[str, Language]:
    """Return the pipelines to measure, by name."""
    return {
        "stock": transformer_pipeline(),
        "article": hugging_face({}),
        "classifier": hugging_face({"preset": "classifier"}),
        "related_pair": hugging_face({"preset": "related_pair"}),
        "bfloat16": hugging_face({"preset": "classifier", "precision": "bfloat16"}),
    }


def throughput(kinds: dict[str, list[str]], rounds: int) -> str:
    """Return a table of times as shares of the stock pipeline's, all ways in turn."""
    ways: dict[str, Any] = dict(pipelines())
    encode = SentenceTransformer(bundled_encoder(), device="cuda" if HAS_GPU else "cpu")
    encode.max_seq_length = 512
    ways["encode"] = encode
    rows = []
    for kind, texts in kinds.items():
        for batch in (32, 256):
            times: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(rounds + 1):
                for name, way in ways.items():
                    times[name].append(seconds_of(partial(_run, way, texts, batch)))
            ratios = [
                median(own / stock for own, stock in zip(times[name][1:], times["stock"][1:], strict=True))
                for name in ways
            ]
            stock = 1000 * median(times["stock"][1:]) / len(texts)
            rows.append(
                [f"{len(texts)} {kind}, {batch}", *(f"{ratio:.2f}" for ratio in ratios), f"{stock:.3f}"]
            )
            print(dict(zip(ways, ratios, strict=True)), kind, batch, stock, flush=True)
    return markdown_table(["texts, batch", *ways, "stock, ms a text"], rows)


def _run(way: Any, texts: list[str], batch: int) -> None:
    if isinstance(way, Language):
        for _ in way.pipe(texts, batch_size=batch):
            pass
    else:
        way.encode(texts, batch_size=batch, show_progress_bar=False)


def memory(texts: list[str]) -> str:
    """Return how much of the device's memory is held after many docs, of which only the vectors are kept."""
    if not HAS_GPU:
        return "Memory of a device was not measured."
    import cupy

    nlp = hugging_face({"preset": "classifier"})
    held = []
    for part in (texts[: len(texts) // 4], texts):
        kept = [doc._.trend_vector for doc in nlp.pipe(part)]
        gc.collect()
        wait()
        used = torch.cuda.memory_allocated() + cupy.get_default_memory_pool().used_bytes()
        held.append(f"{used / MEBIBYTE:.0f} MiB after {len(kept)} docs")
    peak = torch.cuda.max_memory_allocated() / MEBIBYTE
    return f"Held on the device: {', '.join(held)}; at most {peak:.0f} MiB at a time."


def main(
    data: Annotated[Path | None, typer.Option(help="Folder of the public data, see the README")] = None,
    rounds: Annotated[int, typer.Option(help="How often each way is run")] = 3,
    questions: Annotated[int, typer.Option(help="How many questions")] = 4000,
    paragraphs: Annotated[int, typer.Option(help="How many paragraphs")] = 1000,
    results: Annotated[Path, typer.Option(help="Where to write the section")] = RESULTS,
) -> None:
    """Check, measure, and write it to benchmarks/RESULTS.md; the exit code is 1 if a check fails."""
    short = [text for text, _ in trec(data, "train")] if data else made_texts("short mixed")
    long = made_texts("paragraphs")
    kinds = {"questions": short[:questions], "paragraphs": (long * 10)[:paragraphs]}
    table, is_right = checks(short[:100] + long[:10])
    use("gpu")
    parts = [
        f"{machine()} Against the CPU, {TOLERANCE} allowed; all checks passed: {is_right}.\n\n{table}",
        waits(short[:128]),
        costs(),
        f"Times as a share of stock's, medians of {rounds} rounds:\n\n{throughput(kinds, rounds)}",
        memory(kinds["questions"][:2000]),
    ]
    if HAS_GPU:
        write_section("GPU", "\n\n".join(parts), results)
    else:
        print("No GPU: nothing is written.", *parts, sep="\n\n")
    sys.exit(not is_right)


if __name__ == "__main__":
    typer.run(main)
