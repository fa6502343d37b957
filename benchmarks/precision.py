"""What bfloat16 does to the words that are chosen and to the vectors, against float32."""

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from report import machine, markdown_table, write_section
from texts import made_texts, public_texts

from spacy_trend import from_encoder
from spacy_trend.encoder.bfloat16 import bfloat16_obstacle


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    """Return the cosine of two vectors."""
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


def main(
    data: Annotated[Path | None, typer.Option(help="Folder of the public data, see texts.py")] = None,
) -> None:
    """Measure, print the table and write it to benchmarks/RESULTS.md."""
    obstacle = bfloat16_obstacle(torch.device("cpu"))
    if obstacle is not None:
        raise SystemExit(f"bfloat16 is not measured: {obstacle}.")
    texts = {"short mixed": made_texts("short mixed")}
    if data is None or not data.exists():
        print(f"No public data at {data}: only texts made here are measured.")
    else:
        texts.update(public_texts(data))
    exact, rough = from_encoder(), from_encoder(config={"precision": "bfloat16"})
    rows = []
    for kind, of_kind in texts.items():
        pairs, cosines, errors = [], [], []
        for one, other in zip(exact.pipe(of_kind), rough.pipe(of_kind), strict=True):
            words = [(doc._.trend_focus.i, getattr(doc._.trend_related, "i", None)) for doc in (one, other)]
            pairs.append(words[0] == words[1])
            cosines.append(cosine(one._.trend_vector, other._.trend_vector))
            last, near = (doc._.trf_data.model_output.last_hidden_state for doc in (one, other))
            errors.append(float(np.linalg.norm(last - near) / np.linalg.norm(last)))
        same = np.array(cosines)[np.array(pairs)]
        rows.append(
            [
                f"{len(of_kind)} {kind}",
                f"{100 * np.mean(errors):.2f} %",
                f"{100 * np.mean(pairs):.1f} %",
                f"{np.median(same):.4f}",
                f"{np.quantile(same, 0.05):.4f}",
            ]
        )
    header = ["texts", "error of the last layer", "same pair", "cosine, same pair: median", "5% quantile"]
    body = f"{machine()} Default settings; bfloat16 against float32.\n\n{markdown_table(header, rows)}"
    write_section("Precision", body)


if __name__ == "__main__":
    typer.run(main)
