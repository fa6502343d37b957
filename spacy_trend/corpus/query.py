"""A query over a folder of vectors: embedded by the pipeline that wrote them, answered, and explained."""

from typing import Any

import numpy as np
from spacy import Language
from spacy.tokens import Doc

from ..component.presets import PRESETS
from ..component.trend_vector import trend_components
from ..embedder import PipelineChoice
from ..lost_docs import check_every_doc
from ..messages import shorten, without_controls
from ..pipelines import open_pipeline, with_trend_vector
from .finished import ROW, VECTOR, Finished, finished_shards, text_column
from .folder import OutputFolder
from .hits import Hits, read_hits
from .manifest import describe_pipeline, difference
from .nearest import TOO_MANY, nearest


def answer(
    folder: OutputFolder, query: str, choice: PipelineChoice, k: int, text_field: str | None, why: bool
) -> Hits:
    """Find the texts nearest to a query; see `search`.

    Args:
        folder: that `embed` wrote.
        query: the text to compare with.
        choice: the pipeline that the folder was embedded with.
        k: how many texts to find at most.
        text_field: the column to show as the text; None for the one that was embedded.
        why: whether to split each score.

    Returns:
        The hits.

    Raises:
        ValueError: as `search`.
    """
    finished = finished_shards(folder)
    shown = text_column(finished, text_field)
    most = min(k, sum(finished.rows.values()))
    if most >= TOO_MANY:
        raise ValueError(f"Got k={k}. Expected less than {TOO_MANY:,}: DuckDB finds no more at once.")
    nlp = pipeline_of(finished, choice)
    if why:
        # After the comparison of the pipelines: embed keeps no vectors of words.
        trend_components(nlp)[-1][1].token_vectors = True
    doc = nlp(query)
    _check_vector(doc)
    places = finished.schema.get_field_index(ROW), finished.schema.get_field_index(VECTOR)
    found = nearest(finished.paths, places, doc._.trend_vector, most)
    hits = read_hits(finished, found, shown)
    return _explained(nlp, doc, hits, shown, text_column(finished, None)) if why else hits


def pipeline_of(finished: Finished, choice: PipelineChoice) -> Language:
    """Open the pipeline that a folder was embedded with, and refuse another one.

    Args:
        finished: the shards.
        choice: the pipeline. Without a preset, a pipeline that lacks a trend vector gets that of the folder.

    Returns:
        The pipeline.

    Raises:
        ValueError: for another pipeline, or as `load_pipeline`.
    """
    nlp = open_pipeline(choice.model, choice.encoder, choice.lang, window=choice.window, stride=choice.stride)
    preset = choice.preset
    if preset is None and not trend_components(nlp):
        # The folder is data: it may choose among our settings, but bring none of its own.
        settings = finished.manifest.get("settings")
        named = settings.get("preset") if isinstance(settings, dict) else None
        preset = named if isinstance(named, str) and named in PRESETS else None
    with_trend_vector(nlp, None if preset is None else {"preset": preset}, token_vectors=False)
    now = describe_pipeline(nlp)
    if finished.manifest["pipeline"] != now["pipeline"]:
        raise ValueError(
            f"{without_controls(finished.folder.path)} was embedded with another pipeline: "
            f"{_differences(finished.manifest, now)}. Expected the one that embed was given, or the vectors "
            "cannot be compared: give the same --model, or --encoder, --lang, --window and --stride, and the "
            "same --preset."
        )
    return nlp


def _differences(before: dict[str, Any], now: dict[str, Any]) -> str:
    keys = [key for key in ("encoder", "windows", "settings", "versions") if before.get(key) != now[key]]
    listed = "; ".join(difference(key, before.get(key), now[key]) for key in keys)
    return listed or "its language, components or weights differ"


def _check_vector(doc: Doc) -> None:
    vector = doc._.trend_vector
    if not np.isfinite(vector).all():
        raise ValueError(
            f"The encoder gave numbers that are not finite for the query {shorten(doc.text)}. Expected "
            "finite ones: ask in other words, or see what python -m spacy trend doctor says of the pipeline."
        )
    if not vector.any():
        raise ValueError(
            f"The query {shorten(doc.text)} has no words that a vector comes from. Expected at least one: "
            "punctuation and spaces are none."
        )


def _explained(nlp: Language, query: Doc, hits: Hits, shown: str, embedded: str) -> Hits:
    """Return hits with each score split, by the texts that were embedded, which others may be shown for."""
    # Here, because embed does without it.
    from ..attribution import attribute_similarity

    texts: list[Any] = [hit.text if shown == embedded else hit.columns[embedded] for hit in hits]
    docs = list(nlp.pipe(texts))
    check_every_doc(len(docs), len(texts))
    parts = [attribute_similarity(query, doc) for doc in docs]
    return hits.with_reasons(parts)
