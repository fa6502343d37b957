"""A pipeline around an encoder: the one in the extra `demo`, or any by name or path."""

from pathlib import Path
from typing import Any

import spacy
from spacy import Language

from .bundled import bundled_encoder
from .component.trend_vector import trend_components


def from_encoder(
    encoder: str | Path | None = None, *, lang: str = "en", config: dict[str, Any] | None = None
) -> Language:
    """A pipeline of a tokenizer, a Hugging Face encoder and the trend vector.

    encoder: a model's name on the hub, or the path of its folder; None for the bundled one.
    lang: the code of the language whose tokenizer and punctuation flags are used.
    config: settings of `trend_vector`.
    RETURNS: the pipeline, ready to use.
    RAISES: ImportError where the bundled encoder is not installed; OSError where there is no such model;
        ValueError where a setting has an unknown value.
    """
    nlp = transformer_pipeline(encoder, lang=lang)
    nlp.add_pipe("trend_vector", config=config or {})
    return nlp


def transformer_pipeline(encoder: str | Path | None = None, *, lang: str = "en") -> Language:
    """A pipeline of a tokenizer and a Hugging Face encoder; see `from_encoder`.

    RAISES: as `from_encoder`; FileNotFoundError for a path where there is no folder.
    """
    nlp = spacy.blank(lang)
    name = bundled_encoder() if encoder is None else str(encoder)
    # A name on the hub is "name" or "owner/name"; transformers says of all else that it is no such name.
    is_path = name.startswith((".", "~")) or Path(name).is_absolute() or name.count("/") > 1
    if is_path and not Path(name).is_dir():
        raise FileNotFoundError(
            f"There is no folder {name!r}. Expected a folder with an encoder's config.json and weights, or "
            "the name of an encoder on huggingface.co, such as 'owner/name'."
        )
    nlp.add_pipe("transformer", config={"model": {"name": name}})
    nlp.initialize()
    return nlp


def open_pipeline(model: str | Path | None, encoder: str | Path | None, lang: str) -> Language:
    """A saved pipeline, or one of a tokenizer and an encoder.

    model: name or path of a pipeline; None for one around an encoder.
    encoder, lang: see `from_encoder`.
    RAISES: as `from_encoder`, and ValueError where both model and encoder are named.
    """
    if model and encoder:
        raise ValueError(
            f"Got the model {model!r} and the encoder {encoder!r}: --model and --encoder exclude each other. "
            "Give one of them."
        )
    return spacy.load(model) if model else transformer_pipeline(encoder, lang=lang)


def load_pipeline(model: str | None, encoder: str | None, lang: str, preset: str | None) -> Language:
    """A pipeline with a trend vector: see `open_pipeline`.

    preset: for the trend vector, where the pipeline has none; None for the default. No vectors of words are
        kept then.
    RAISES: as `open_pipeline`, and ValueError where there is no transformer, or a trend vector that has
        settings of its own beside the preset.
    """
    nlp = open_pipeline(model, encoder, lang)
    present = trend_components(nlp)
    if present and preset is not None:
        name = present[-1][0]
        raise ValueError(
            f"Got the preset {preset!r}, but the pipeline has the trend vector {name!r} with settings of its "
            f"own. Leave --preset out, or take it out of the pipeline: nlp.remove_pipe({name!r})."
        )
    if not present:
        nlp.add_pipe("trend_vector", config={"preset": preset or "article", "token_vectors": False})
    return nlp


def check_every_doc(given: int, expected: int, by: str = "The pipeline") -> None:
    """Refuse to go on where docs were lost on their way.

    by: who gave them, for the message.
    RAISES: ValueError where there are not as many as expected.
    """
    if given != expected:
        raise ValueError(
            f"{by} gave {given} docs for {expected} texts. Expected one for each: take out the error handler "
            "that drops docs."
        )
