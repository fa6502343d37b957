"""How long texts take with the trend vector, against the same pipeline without it and other ways.

All ways run in turn on the same texts, in one process, several rounds; each number is the median over rounds
of a way's time divided by the stock pipeline's in the same round.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Annotated

import numpy as np
import spacy
import torch
import typer
from report import machine, markdown_table, write_section
from sentence_transformers import SentenceTransformer
from spacy import Language
from texts import made_texts, public_texts
from tqdm import tqdm
from transformers import AutoModel, AutoTokenizer

from spacy_trend import bundled_encoder, from_encoder
from spacy_trend.device import bfloat16_obstacle, run_cost

Way = Callable[[list[str]], object]

STOCK = "stock"
KINDS = ("short mixed", "single length", "paragraphs", "long documents")
LEGEND = """
- stock: the pipeline without `trend_vector`; its time in milliseconds a text is in the last column.
- trend_vector: the default settings; and without word vectors, and in bfloat16.
- asked: stock with `output_hidden_states` and `output_attentions`, and the same vector from these.
- article: the article's script, Hugging Face alone, one text at a time, cut at 512 wordpieces.
- encode: `sentence_transformers` on the same checkpoint, cut at 256 wordpieces.
- limit: the bare forward pass over the same windows, those of equal length together, without padding.
"""


def transformer_pipeline(transformer_config: dict[str, bool] | None = None) -> Language:
    """The pipeline that `from_encoder` makes, without the trend vector."""
    nlp = spacy.blank("en")
    model = {"name": bundled_encoder(), "transformer_config": transformer_config or {}}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.initialize()
    return nlp


def asked_pipeline() -> Language:
    """One whose vectors come from hidden states and attention matrices that the encoder returned."""
    nlp = transformer_pipeline({"output_hidden_states": True, "output_attentions": True})
    stock_shims = [list(node.shims) for node in nlp.get_pipe("transformer").model.walk()]
    nlp.add_pipe("trend_vector")
    for node, shims in zip(nlp.get_pipe("transformer").model.walk(), stock_shims, strict=True):
        node.shims[:] = shims
    return nlp


def through(nlp: Language) -> Way:
    """Run texts through a pipeline."""
    return lambda texts: sum(1 for _ in nlp.pipe(texts))


def article_script() -> Way:
    """The article's steps, with wordpieces for words as there."""
    tokenizer = AutoTokenizer.from_pretrained(bundled_encoder())
    model = AutoModel.from_pretrained(
        bundled_encoder(), output_hidden_states=True, output_attentions=True, attn_implementation="eager"
    ).eval()

    def vector(text: str) -> object:
        with torch.no_grad():
            output = model(**tokenizer(text, return_tensors="pt", truncation=True, max_length=512))
        rows = np.array([head.numpy().sum(axis=0)[1:-1] for head in output.attentions[0][0]])
        leaders = rows.argmax(axis=1)
        focus = leaders[-1]
        followers = np.delete(rows[leaders == focus], focus, axis=1).argmax(axis=1)
        related = np.bincount(followers).argmax()
        pair = [focus + 1, related + 1 + (related >= focus)]
        with np.errstate(invalid="ignore", divide="ignore"):
            trends = np.log(
                output.hidden_states[-1][0][pair].numpy() / output.hidden_states[0][0][pair].numpy()
            )
        return np.where(np.isnan(trends), 0, trends).sum(axis=0)

    return lambda texts: [vector(text) for text in texts]


def bare_passes(texts: list[str], nlp: Language) -> Callable[[], None]:
    """The forward passes over the windows of texts, those of one length together; nothing else."""
    transformer = nlp.get_pipe("transformer")
    tokenizer, encoder = transformer.model.tokenizer, transformer.model.transformer
    get_spans = transformer.model.attrs["get_spans"]
    windows = [span.text for spans in get_spans(list(nlp.tokenizer.pipe(texts))) for span in spans]
    by_length: dict[int, list[list[int]]] = {}
    for ids in tokenizer(windows, truncation=True, max_length=512)["input_ids"]:
        by_length.setdefault(len(ids), []).append(ids)
    most = run_cost(encoder).most

    def batches() -> Iterator[torch.Tensor]:
        for length, same in sorted(by_length.items()):
            at_a_time = max(1, most // length)
            for start in range(0, len(same), at_a_time):
                yield torch.tensor(same[start : start + at_a_time])

    def run() -> None:
        encoder.eval()
        with torch.no_grad():
            for ids in batches():
                encoder(input_ids=ids)

    return run


def ways() -> dict[str, Way]:
    """All ways but the limit, which depends on the texts."""
    found: dict[str, Way] = {
        STOCK: through(transformer_pipeline()),
        "trend_vector": through(from_encoder()),
        "without word vectors": through(from_encoder(config={"token_vectors": False})),
    }
    if bfloat16_obstacle(torch.device("cpu")) is None:
        found["bfloat16"] = through(from_encoder(config={"precision": "bfloat16"}))
    encode = SentenceTransformer(bundled_encoder()).encode
    found["encode"] = lambda texts: encode(texts, show_progress_bar=False)
    found["asked"] = through(asked_pipeline())
    found["article"] = article_script()
    return found


def measure(texts: list[str], found: dict[str, Way], rounds: int) -> dict[str, list[float]]:
    """Seconds that each way takes, a number for each round."""
    bare = bare_passes(texts, transformer_pipeline())
    runs: dict[str, Callable[[], object]] = {
        name: (lambda way=way: way(texts)) for name, way in found.items()
    }
    runs["limit"] = bare
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for name, run in tqdm([pair for _ in range(rounds + 1) for pair in runs.items()], leave=False):
        start = perf_counter()
        run()
        seconds[name].append(perf_counter() - start)
    # The first round warms up.
    return {name: times[1:] for name, times in seconds.items()}


def main(
    data: Annotated[Path | None, typer.Option(help="Folder of the public data, see the README")] = None,
    rounds: Annotated[int, typer.Option(help="How often each way is run")] = 7,
) -> None:
    """Measure, print the table and write it to benchmarks/RESULTS.md."""
    texts = {kind: made_texts(kind) for kind in KINDS}
    if data is None or not data.exists():
        print(f"No public data at {data}: only texts made here are measured.")
    else:
        texts.update(public_texts(data))
    found = ways()
    names = [*list(found)[1:], "limit"]
    rows = []
    for kind, of_kind in texts.items():
        seconds = measure(of_kind, found, rounds)
        ratios = [
            median(own / stock for own, stock in zip(seconds[name], seconds[STOCK], strict=True))
            for name in names
        ]
        milliseconds = 1000 * median(seconds[STOCK]) / len(of_kind)
        rows.append([f"{len(of_kind)} {kind}", *(f"{ratio:.2f}" for ratio in ratios), f"{milliseconds:.2f}"])
    table = markdown_table(["texts", *names, "stock, ms"], rows)
    write_section("Time", f"{machine()} Medians of {rounds} rounds, stock = 1.\n\n{table}\n{LEGEND}")


if __name__ == "__main__":
    typer.run(main)
