"""What checks and seals cost: asking who reads, comparing the first pass with its report, sealing records."""

from collections.abc import Callable
from random import Random
from timeit import repeat

import spacy
import typer
from report import machine, markdown_table, write_section
from spacy import Language
from spacy.tokens import Doc
from texts import text_of

from spacy_trend import from_encoder
from spacy_trend.attributes.record import RECORD
from spacy_trend.attributes.stored_record import check, seal
from spacy_trend.encoder import hugging_face
from spacy_trend.encoder.readers import requests_of
from spacy_trend.encoder.transformer import shim_of

WORDS, ROUNDS, TIMES = 60, 7, 20


def fastest(run: Callable[[], object], times: int = TIMES) -> float:
    """Return the seconds that a call takes, the least of several rounds: what else runs only adds to it."""
    return min(repeat(run, number=times, repeat=ROUNDS)) / times


def first_pass(nlp: Language, text: str, compared: bool) -> float:
    """Return the seconds of a pass in which the encoder is compared with its own report, or of another."""
    encoder = shim_of(nlp.get_pipe("transformer"))._model

    def run() -> None:
        # As for an encoder that was never seen.
        hugging_face._COMPARED.discard(encoder)
        if not compared:
            hugging_face._COMPARED.add(encoder)
        nlp(text)

    return fastest(run)


def fields_of(doc: Doc) -> dict[str, object]:
    """Return what is sealed of a doc."""
    record = dict(doc._.get(RECORD))
    return {name: value for name, value in record.items() if name not in ("version", "checksum")}


def main() -> None:
    """Measure each cost, and write the table to `benchmarks/RESULTS.md`."""
    nlp = from_encoder()
    text = text_of(WORDS, Random(0))
    doc = nlp(text)
    shim, fields, stored = shim_of(nlp.get_pipe("transformer")), fields_of(doc), dict(doc._.get(RECORD))
    whole = first_pass(nlp, text, compared=False)
    costs = {
        "asking who reads, at each forward pass": fastest(lambda: requests_of(shim)),
        "comparing an encoder with its own report, once": first_pass(nlp, text, compared=True) - whole,
        "sealing a doc's record": fastest(lambda: seal(fields)),
        "checking a stored record, when it is read first": fastest(lambda: check(stored, text)),
        "reading `Doc._.trend_vector`": fastest(lambda: doc._.trend_vector),
        "reading `Span._.trend_vector` of half the doc": fastest(lambda: doc[: WORDS // 2]._.trend_vector),
    }
    table = [
        [what, f"{1e6 * seconds:,.0f}", f"{100 * seconds / whole:.2f} %"] for what, seconds in costs.items()
    ]
    write_section(
        "Checks and seals",
        f"{machine()} One doc of {WORDS} words, preset `article`; the least of {ROUNDS} rounds. The "
        f"share is of what the whole pipeline takes for that doc, {1000 * whole:.1f} ms.\n\n"
        + markdown_table(["what", "µs", "share"], table),
    )


if __name__ == "__main__":
    spacy.util.fix_random_seed(0)
    typer.run(main)
