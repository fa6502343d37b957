"""Docs as a transformer leaves them, aligned by hand to numbered wordpieces."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from spacy.attrs import IDS
from spacy.tokens import Doc
from spacy.vocab import Vocab
from spacy_transformers.data_classes import TransformerData, WordpieceBatch
from spacy_transformers.pipeline_component import install_extensions as install_trf_data
from thinc.types import Ragged
from transformers.file_utils import ModelOutput

from spacy_trend.encoder.observed import PREFIX
from spacy_trend.encoder.requests import AttentionRequest, EncoderSize
from spacy_trend.settings import Layers

#: Under which the tensors stand.
KEY = f"{PREFIX}fake"
FIRST_HEADS = AttentionRequest("heads", (0,))
WIDTH = 2
ROWS = 3
#: One layer of as many heads as there are rows.
SIZE = EncoderSize("fake", layers=1, heads=ROWS, width=WIDTH, intermediate_width=4 * WIDTH)


@dataclass
class FakeSource:
    key: str = KEY
    request: AttentionRequest = FIRST_HEADS
    size: EncoderSize = SIZE
    contextual_layers: Layers | str = (-1,)
    max_length: int | None = None

    def has_wordpiece(self, text: str) -> bool:
        return True


def make_doc(words: Sequence[str], alignment: Sequence[Sequence[int]], output: dict[str, Any]) -> Doc:
    """A doc whose tokens are aligned to positions in the flattened `(windows, wordpieces)`."""
    install_trf_data()
    doc = Doc(Vocab(lex_attr_getters=LEX_ATTRS), words=list(words))
    flat = np.array([piece for pieces in alignment for piece in pieces], dtype="i")
    lengths = np.array([len(pieces) for pieces in alignment], dtype="i")
    windows, wordpieces = next(iter(output.values())).shape[:2]
    doc._.trf_data = TransformerData(
        wordpieces=WordpieceBatch(
            strings=[[""] * wordpieces] * windows,
            input_ids=np.zeros((windows, wordpieces), dtype="i"),
            attention_mask=np.ones((windows, wordpieces), dtype="f"),
            lengths=[wordpieces] * windows,
            token_type_ids=None,
        ),
        model_output=ModelOutput(output),
        align=Ragged(flat, lengths),
    )
    return doc


LEX_ATTRS = {IDS["IS_PUNCT"]: lambda text: text in {".", "-"}, IDS["IS_SPACE"]: lambda text: text == " "}


def numbered(windows: int, wordpieces: int, width: int, start: float = 0.0) -> Any:
    size = windows * wordpieces * width
    return (np.arange(size, dtype="f") + start).reshape(windows, wordpieces, width)


def observed_output(windows: int, wordpieces: int) -> dict[str, Any]:
    """Wordpiece p (flattened) has contextual [2p, 2p+1], static 100 more, attention [3p, 3p+1, 3p+2]."""
    return {
        "last_hidden_state": numbered(windows, wordpieces, WIDTH),
        KEY: [
            numbered(windows, wordpieces, WIDTH, start=100.0),
            numbered(windows, wordpieces, ROWS),
        ],
    }
