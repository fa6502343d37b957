"""Several trend vectors, and means over positions, out of one forward pass of an encoder."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from spacy import Language
from spacy.tokens import Doc
from spacy.util import minibatch
from thinc.api import to_numpy

from spacy_trend import TrendVector
from spacy_trend.alignment.trf_data import columns_of, read_wordpieces
from spacy_trend.component.presets import find_preset, resolve_preset
from spacy_trend.types import Floats

BATCH = 64
BUNDLED = "all-MiniLM-L6-v2"


class Means(NamedTuple):
    """Means over all positions of a text, special tokens included and padding excluded.

    Attributes:
        first: float32 `(width,)`, the output at the first position of the first window.
        static: float32 `(width,)`, the mean of the embedding output.
        contextual: float32 `(width,)`, the mean of the contextual output that the reader asked for.
    """

    first: Floats
    static: Floats
    contextual: Floats


def encoder_name(encoder: Path | None) -> str:
    """Return what an encoder is called in tables: its folder's name; None is the bundled one."""
    return BUNDLED if encoder is None else encoder.name


def section_title(what: str, encoder: Path | None) -> str:
    """Return the title of a section for one encoder; the bundled one is not named."""
    return what if encoder is None else f"{what}, {encoder.name}"


def reader_of(
    nlp: Language,
    preset: str = "article",
    *,
    select: dict[str, Any] | None = None,
    layers: Sequence[int | float] | str | None = None,
    keep: bool = False,
) -> TrendVector:
    """Return a trend vector that reads a pipeline's transformer and is not in the pipeline.

    Args:
        nlp: the pipeline.
        preset: the name of the preset.
        select: the block of another selection than the preset's.
        layers: other contextual layers than the preset's.
        keep: the vectors of words.
    """
    chosen, change = resolve_preset(preset, select)
    component = TrendVector(
        preset,
        select=chosen,
        change=change,
        contextual_layers=find_preset(preset).contextual_layers if layers is None else layers,
        token_vectors=keep,
    )
    component.attach(nlp)
    return component


def batches(nlp: Language, texts: Iterable[str | Doc]) -> Iterator[list[Doc]]:
    """Run texts or docs through a pipeline's transformer once, and yield them a batch at a time."""
    yield from minibatch(nlp.pipe(texts, batch_size=BATCH), BATCH)


def means(doc: Doc, reader: TrendVector) -> Means:
    """Return the means that a reader can give, before it has read the doc.

    Args:
        doc: one with at least one token.
        reader: what asked for the contextual output.
    """
    encoder: Any = reader.encoder
    wordpieces: Any = read_wordpieces(doc, encoder, columns_of(encoder))
    inside = to_numpy(wordpieces.mask).astype(bool).reshape(-1)
    static, contextual = (to_numpy(tensor)[inside] for tensor in wordpieces.tensors[:2])
    return Means(contextual[0], static.mean(axis=0), contextual.mean(axis=0))


def cosines(one: Floats, other: Floats) -> np.ndarray:
    """Return the cosines of two tables of vectors, row by row; 0 if one of both is zero."""
    one, other = one.astype(np.float64), other.astype(np.float64)
    norms = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    found: np.ndarray = (one * other).sum(axis=-1) / np.where(norms == 0, 1, norms)
    return found


def interval(values: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """Return the 95% interval of a mean, by the percentile bootstrap.

    Args:
        values: float64 `(items,)`.
        seed: of the draws.
    """
    drawn = np.random.default_rng(seed).integers(len(values), size=(2000, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)
