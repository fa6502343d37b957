from pathlib import Path

import pytest
from spacy import Language

from tests.support.changes import DIFFERENCE
from tests.support.curated import SHORT_SPANS, curated_bert


@pytest.fixture
def curated_tiny(tiny_encoder: Path) -> Language:
    """A fresh pipeline around a curated BERT, whose vectors can be compared between forward passes."""
    return curated_bert(tiny_encoder, DIFFERENCE, spans=SHORT_SPANS)
