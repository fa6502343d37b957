"""Encoders of all curated families are as in plain loops."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.util import fix_random_seed

pytest.importorskip("spacy_curated_transformers")
import spacy_curated_transformers
from curated_tokenizers import ByteBPEProcessor, SentencePieceProcessor

from tests.support.batches import in_one_batch
from tests.support.changes import SIDE_BY_SIDE
from tests.support.curated import EACH_SELECTION, LONG, SHORT_SPANS, TEXTS, TINY, add_transformer, encoder_of
from tests.support.curated_output import assert_stock_output
from tests.support.curated_reference import assert_is_the_reference
from tests.support.values import of_tokens

pytestmark = pytest.mark.slow

#: Piece encoders that the package's own tests read, too.
TOYS = Path(spacy_curated_transformers.__file__).parent / "tests" / "tokenization"


def set_sentencepiece(piece_encoder: Any) -> None:
    processor = SentencePieceProcessor.from_file(str(TOYS / "toy.model"))
    piece_encoder.get_ref("encoder").attrs["sentencepiece_processor"] = processor


def set_byte_bpe(piece_encoder: Any) -> None:
    files = {"vocab": TOYS / "toy-vocab.json", "merges": TOYS / "toy-merges.txt"}
    piece_encoder.attrs["byte_bpe_processor"] = ByteBPEProcessor.load_from_files(**files)


def set_characters(piece_encoder: Any) -> None:
    characters = (TOYS / "toy-chars.txt").read_text(encoding="utf-8").splitlines()
    piece_encoder.attrs["vocab"] = {character: number for number, character in enumerate(characters)}


SIZE = {**TINY, "num_hidden_layers": 4, "vocab_size": 1100}
FAMILIES = pytest.mark.parametrize(
    ("architecture", "piece_encoder", "set_pieces", "settings"),
    [
        ("RobertaTransformer.v1", "ByteBpeEncoder.v1", set_byte_bpe, SIZE),
        ("XlmrTransformer.v1", "XlmrSentencepieceEncoder.v1", set_sentencepiece, SIZE),
        ("CamembertTransformer.v1", "CamembertSentencepieceEncoder.v1", set_sentencepiece, SIZE),
        ("BertTransformer.v1", "CharEncoder.v1", set_characters, SIZE),
        # Its unknown piece is number 0 in the toy, which a real ALBERT's padding is.
        *(
            (
                "AlbertTransformer.v1",
                "SentencepieceEncoder.v1",
                set_sentencepiece,
                {**SIZE, "embedding_width": width, "num_hidden_groups": groups, "padding_idx": 1050},
            )
            for width, groups in ((16, 1), (16, 2), (32, 4))
        ),
    ],
    ids=["roberta", "xlmr", "camembert", "bert_characters", "albert_1", "albert_2", "albert_4"],
)


@FAMILIES
@EACH_SELECTION
def test_other_encoders_are_as_in_plain_loops(
    architecture: str,
    piece_encoder: str,
    set_pieces: Callable[[Any], None],
    settings: dict[str, Any],
    select: dict[str, Any],
    rows: Callable[[Any], Any],
    all_layers: bool,
) -> None:
    fix_random_seed(0)
    nlp = spacy.blank("en")
    transformer = add_transformer(
        nlp, architecture, piece_encoder, spans=SHORT_SPANS, all_layers=all_layers, **settings
    )
    set_pieces(transformer.model.get_ref("piece_encoder"))
    nlp.initialize()
    # As they are made, all weights are so small that all attention is nearly equal.
    for name, weight in encoder_of(nlp).named_parameters():
        if name.endswith("mha.input.weight"):
            weight.data *= 3
    stock = {text: doc._.trf_data for text, doc in in_one_batch(nlp, TEXTS).items()}
    nlp.add_pipe("trend_vector", config={**SIDE_BY_SIDE, **select})
    docs = in_one_batch(nlp, TEXTS)
    for text in TEXTS:
        assert_is_the_reference(nlp, docs[text], rows)
        assert_stock_output(docs[text]._.trf_data, stock[text], text)
    attention = of_tokens(docs[LONG], "trend_attention")
    assert attention.shape[1] == (4 if select else rows(np.zeros((4, 4, 1))).shape[0])
    assert attention[attention > 0].std() > 0.05
