from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import spacy
from spacy import Language

from spacy_trend import bundled_encoder
from tests.support.article import Article
from tests.support.mutual_oracle import Make, Oracle
from tests.support.windows import OVERLAPPING, WHOLE_TEXT


@pytest.fixture(scope="module")
def pipeline(make_nlp: Make) -> Make:
    """A function that makes a pipeline of the bundled encoder, each only once."""
    made: dict[str, Language] = {}

    def make(
        config: dict[str, Any],
        get_spans: dict[str, Any] = OVERLAPPING,
        transformer_config: dict[str, Any] | None = None,
    ) -> Language:
        key = repr((config, get_spans, transformer_config))
        if key not in made:
            made[key] = make_nlp(bundled_encoder(), config, get_spans, transformer_config)
        return made[key]

    return make


@pytest.fixture(scope="module")
def article() -> Article:
    return Article(bundled_encoder())


@pytest.fixture(scope="module")
def oracle(article: Article) -> Callable[[str, str], Oracle]:
    """A function from a text and the name of a way to cut windows to the oracle."""
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    ways = {"whole_text": WHOLE_TEXT, "overlapping": OVERLAPPING}

    @cache
    def read(text: str, windows: str) -> Oracle:
        doc = nlp(text)
        get_spans = spacy.registry.resolve({"get_spans": ways[windows]})["get_spans"]
        return Oracle(article, doc, get_spans([doc])[0])

    return read


@pytest.fixture(params=["whole_text", "overlapping"])
def windows(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name
