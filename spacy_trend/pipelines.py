"""Pipelines: opened, or made around an encoder, and given a trend vector."""

import os
import re
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import RLock
from typing import Any

import spacy
from spacy import Language

from .bundled import ENCODER_LANGUAGES, MULTILINGUAL_ENCODER, bundled_encoder
from .component.room import before_readers, check_needs_encoder, free_name
from .component.trend_vector import trend_components
from .messages import without_controls
from .progress import LOGGER
from .windows import windows_config

#: The name of an encoder on the hub, "name" or "owner/name"; in neither part may be "--" or "..".
_HUB_NAME = re.compile(r"(?!.*(?:--|\.\.))(?:[\w-][\w.-]*/)?[\w-](?:[\w.-]*[\w-])?")

#: Held while a pipeline is loaded, because transformers makes encoders under settings of the whole process:
#: of two that are loaded at once, one may be left without weights ("Cannot copy out of meta tensor").
_LOADING = RLock()


def _renew_lock() -> None:
    """Make a lock that is free: the thread that held the old one does not exist in a forked child."""
    # A lock cannot be renewed in place.
    global _LOADING
    _LOADING = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def from_encoder(
    encoder: str | Path | None = None,
    *,
    lang: str = "en",
    config: dict[str, Any] | None = None,
    window: int | None = None,
    stride: int | None = None,
) -> Language:
    """Return a pipeline of a tokenizer, a Hugging Face encoder and the trend vector, ready to use.

    Args:
        encoder: a model's name on the hub, or the path of its folder; None for the bundled one.
        lang: the code of the language whose tokenizer and punctuation flags are used.
        config: settings of `trend_vector`.
        window: how many tokens the encoder sees at once; None for 128. Longer texts are cut into windows.
        stride: how many tokens after the start of a window the next one starts, at most `window`; None for
            three quarters of it, so that windows overlap. If it equals `window`, they do not.

    Raises:
        ImportError: if the bundled encoder is not installed.
        OSError: if there is no such model; FileNotFoundError for a path without a folder.
        ValueError: if a setting has an unknown value, or a file of the encoder's tokenizer is missing.
    """
    return with_trend_vector(transformer_pipeline(encoder, lang=lang, window=window, stride=stride), config)


def transformer_pipeline(
    encoder: str | Path | None = None,
    *,
    lang: str = "en",
    window: int | None = None,
    stride: int | None = None,
) -> Language:
    """Return a pipeline of a tokenizer and a Hugging Face encoder: see `from_encoder`.

    Args:
        encoder: as for `from_encoder`.
        lang: likewise.
        window: likewise.
        stride: likewise.

    Raises:
        FileNotFoundError: for a path without a folder; other errors as `from_encoder`.
        TypeError: if the encoder's own code raises one.
        ValueError: if a file of the encoder's tokenizer is missing, or there are no such windows.
    """
    windows = windows_config(window, stride)
    nlp = spacy.blank(lang)
    name = _encoder_name(encoder)
    with _LOADING:
        nlp.add_pipe("transformer", config={"model": {"name": name, **windows}})
        _load_weights(nlp.initialize, name)
    return nlp


def add_to(
    nlp: Language,
    encoder: str | Path | None = None,
    *,
    window: int | None = None,
    stride: int | None = None,
    **settings: Any,
) -> Language:
    """Give a pipeline that has no transformer an encoder and a trend vector, and return it.

    What is in the pipeline stays as it is: only the encoder's weights are loaded, nothing is initialized or
    trained again. The encoder reads the words of the pipeline's own tokenizer. It comes first, or after the
    last component that merges or splits tokens; the trend vector comes last. If the name `transformer` or
    `trend_vector` is taken by a component of another kind, the new one gets a number.

    Args:
        nlp: the pipeline, which is changed; if anything fails, it is as before.
        encoder: a model's name on the hub, or the path of its folder; None for the bundled one, which is made
            for English.
        window: as for `from_encoder`.
        stride: likewise.
        **settings: settings of `trend_vector`, such as `preset="classifier"`.

    Returns:
        the same pipeline.

    Raises:
        ImportError: if the bundled encoder is not installed.
        OSError: if there is no such model; FileNotFoundError for a path without a folder.
        TypeError: if the encoder's own code raises one.
        ValueError: if the pipeline has a transformer or a trend vector, or a component that was trained with
            one; if a setting is unknown, or there are no such windows; if the folder is no encoder's, or
            lacks a file of its tokenizer.
    """
    # Here, because transformers takes seconds to import.
    from .encoder.transformer import load_encoder

    check_needs_encoder(nlp)
    windows = windows_config(window, stride)
    name = _encoder_name(encoder)
    if encoder is None and nlp.lang not in ENCODER_LANGUAGES:
        warnings.warn(
            f"The bundled encoder is made for English, but the pipeline's language is {nlp.lang!r}: expect "
            "poor vectors. Name an encoder for it, or a multilingual one: spacy_trend.add_to(nlp, "
            f"encoder={MULTILINGUAL_ENCODER!r}).",
            stacklevel=2,
        )
    with _LOADING, ExitStack() as undo:
        transformer = free_name(nlp, "transformer")
        config = {"model": {"name": name, **windows}}
        pipe = nlp.add_pipe("transformer", name=transformer, config=config, **before_readers(nlp))
        undo.callback(nlp.remove_pipe, transformer)
        _load_weights(lambda: load_encoder(pipe, nlp), name)
        nlp.add_pipe("trend_vector", name=free_name(nlp, "trend_vector"), config=settings)
        undo.pop_all()
    return nlp


def open_pipeline(
    model: Language | str | Path | None,
    encoder: str | Path | None,
    lang: str,
    *,
    window: int | None = None,
    stride: int | None = None,
) -> Language:
    """Return a pipeline: the one given, a saved one, or one of a tokenizer and an encoder.

    Args:
        model: a pipeline, or the name or path of one; None for one around an encoder.
        encoder: as for `from_encoder`.
        lang: likewise.
        window: likewise, without a model.
        stride: likewise.

    Raises:
        ValueError: if both model and encoder are named, or windows for a model; other errors as
            `from_encoder`.
    """
    if model and encoder:
        raise ValueError(
            f"Got the model {model!r} and the encoder {encoder!r}: they exclude each other. Give one of them."
        )
    given = {"window": window, "stride": stride}
    if model and (wanted := [f"{name}={value}" for name, value in given.items() if value is not None]):
        raise ValueError(
            f"Got {' and '.join(wanted)} for the model {model!r}, whose config says how it cuts texts. "
            "Expected window and stride for an encoder alone: leave them out, or change 'get_spans' in the "
            "config of the model's transformer."
        )
    if isinstance(model, Language):
        return model
    # Said before: transformers alone takes seconds to import.
    LOGGER.info("Loading %s ...", without_controls(model or encoder or "the bundled encoder"))
    with _LOADING:
        return spacy.load(model) if model else transformer_pipeline(encoder, lang=lang, **given)


def load_pipeline(
    model: str | None,
    encoder: str | None,
    lang: str,
    preset: str | None,
    *,
    token_vectors: bool = False,
    window: int | None = None,
    stride: int | None = None,
) -> Language:
    """Return a pipeline with a trend vector.

    Args:
        model: as for `open_pipeline`.
        encoder: likewise.
        lang: likewise.
        preset: for the trend vector, if the pipeline has none; None for the default.
        token_vectors: whether it keeps the vectors of words, one that was there before, too; False to leave
            that one as it is.
        window: as for `open_pipeline`.
        stride: likewise.

    Raises:
        ValueError: as `open_pipeline` and `with_trend_vector`.
    """
    nlp = open_pipeline(model, encoder, lang, window=window, stride=stride)
    with_trend_vector(nlp, None if preset is None else {"preset": preset}, token_vectors=token_vectors)
    for _, component in trend_components(nlp) if token_vectors else ():
        component.token_vectors = True
    return nlp


def with_trend_vector(
    nlp: Language, config: dict[str, Any] | None = None, *, token_vectors: bool = True
) -> Language:
    """Give a pipeline a trend vector unless it has one.

    Args:
        nlp: the pipeline, which is changed.
        config: settings of the trend vector that is added; None for the default ones.
        token_vectors: whether that one keeps the vectors of words, unless the settings say so.

    Returns:
        the pipeline.

    Raises:
        ValueError: if there is no transformer, or a trend vector that has settings of its own beside these.
    """
    present = trend_components(nlp)
    if not present:
        nlp.add_pipe("trend_vector", config={"token_vectors": token_vectors, **(config or {})})
    elif config is not None:
        name = present[-1][0]
        raise ValueError(
            f"Got the settings {config!r}, but the pipeline has the trend vector {name!r} with settings of "
            "its own. Leave yours out (in a command, --preset), or take the trend vector out of the "
            f"pipeline: nlp.remove_pipe({name!r})."
        )
    return nlp


def _encoder_name(encoder: str | Path | None) -> str:
    """Return what spacy-transformers calls an encoder; refuse what is no folder and can be no name."""
    name = bundled_encoder() if encoder is None else str(encoder)
    # Of what can be no name on the hub, transformers says only that.
    is_folder = bool(name) and Path(name).is_dir()
    if not is_folder and not _HUB_NAME.fullmatch(name):
        raise FileNotFoundError(
            f"There is no folder {name!r}. Expected a folder with an encoder's config.json and weights, or "
            "the name of an encoder on huggingface.co, such as 'owner/name'."
        )
    return name


def _load_weights(load: Callable[[], object], encoder: str) -> None:
    """Load an encoder; say what its tokenizer lacks if that is why it cannot be loaded."""
    try:
        load()
    except TypeError as error:
        # Here, because transformers takes seconds to import.
        from .encoder.transformer import missing_vocabulary

        missing = missing_vocabulary(encoder)
        if missing is None:
            raise
        raise ValueError(missing) from error
