"""Small encoders in folders."""

from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, BertConfig, BertModel

from spacy_trend import bundled_encoder

TINY_SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
}


def save_bert(folder: Path, seed: int = 0, **settings: Any) -> Path:
    """Save a random BERT of 2 layers, 4 heads and width 32, with the bundled encoder's tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(bundled_encoder())
    config = {"vocab_size": len(tokenizer), "initializer_range": 0.5, **TINY_SIZES, **settings}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        BertModel(BertConfig(**config)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
