"""Families of encoders, each small and random with a tokenizer trained on a few texts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

LAYERS, HEADS, WIDTH, VOCABULARY = 2, 4, 32, 512
#: Of different lengths, some of several windows, some without words, one with a letter that is unknown.
TEXTS = [
    "I want an apple.",
    "She sold the old house in the village because it had become much too large for her and the cats.",
    "",
    "Stop!",
    "  \n ",
    "The unforgettable neighbourhood of Zürich was remarkably quiet, wasn't it?",
    "...",
]


@dataclass(frozen=True)
class Family:
    """One kind of encoder.

    model: the name of its class in transformers; that of its config ends in Config instead of Model.
    tokenizer: the name of its slow tokenizer's class; None where there is only a generic fast one.
    vocabulary: what its tokenizer is made of.
    special: the tokens at the start, for padding, at the end, for what is unknown and for what is masked.
    config: settings beside those that all have.
    """

    model: str
    tokenizer: str | None
    vocabulary: str
    special: tuple[str, str, str, str, str]
    config: dict[str, Any]


BERT_TOKENS = ("[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]")
ROBERTA_TOKENS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
MPNET_TOKENS = ("<s>", "<pad>", "</s>", "[UNK]", "<mask>")
ALBERT_TOKENS = ("[CLS]", "<pad>", "[SEP]", "<unk>", "[MASK]")
DEBERTA: dict[str, Any] = {
    "relative_attention": True,
    "pos_att_type": ["c2p", "p2c"],
    "position_biased_input": False,
    "type_vocab_size": 0,
}
FAMILIES = {
    "bert": Family("BertModel", "BertTokenizer", "wordpiece", BERT_TOKENS, {}),
    "roberta": Family("RobertaModel", "RobertaTokenizer", "bytes", ROBERTA_TOKENS, {}),
    "xlm-roberta": Family("XLMRobertaModel", "XLMRobertaTokenizer", "unigram", ROBERTA_TOKENS, {}),
    "camembert": Family("CamembertModel", "CamembertTokenizer", "unigram", ROBERTA_TOKENS, {}),
    "distilbert": Family(
        "DistilBertModel",
        "DistilBertTokenizer",
        "wordpiece",
        BERT_TOKENS,
        {"dim": WIDTH, "n_layers": LAYERS, "n_heads": HEADS, "hidden_dim": 64},
    ),
    "albert": Family("AlbertModel", "AlbertTokenizer", "unigram", ALBERT_TOKENS, {"embedding_size": 16}),
    "electra": Family("ElectraModel", "ElectraTokenizer", "wordpiece", BERT_TOKENS, {"embedding_size": 16}),
    "mpnet": Family("MPNetModel", "MPNetTokenizer", "wordpiece", MPNET_TOKENS, {}),
    "deberta": Family("DebertaModel", "DebertaTokenizer", "bytes", BERT_TOKENS, DEBERTA),
    "deberta-v2": Family(
        "DebertaV2Model",
        "DebertaV2Tokenizer",
        "unigram",
        BERT_TOKENS,
        {**DEBERTA, "position_buckets": 8, "share_att_key": True, "norm_rel_ebd": "layer_norm"},
    ),
    # The second layer attends to what is near only.
    "modernbert": Family(
        "ModernBertModel",
        None,
        "bytes",
        BERT_TOKENS,
        {"local_attention": 8, "global_attn_every_n_layers": 2, "reference_compile": False},
    ),
}
SIZES: dict[str, Any] = {
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "intermediate_size": 64,
}
COMMON: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "max_position_embeddings": 256,
    # So that layers change a lot, and no two rows of attention are alike.
    "initializer_range": 0.5,
}


def save_tokenizer(family: Family, folder: Path, needs_sentencepiece: bool = False) -> Any:
    """Make a tokenizer and save it in a folder, so that it can be loaded as fast and, but for those of
    SentencePiece, as slow one.
    """
    names = ("cls_token", "pad_token", "sep_token", "unk_token", "mask_token")
    named = dict(zip(names, family.special, strict=True))
    slow, fast = (getattr(transformers, f"{family.tokenizer}{speed}", None) for speed in ("", "Fast"))
    if family.vocabulary == "wordpiece":
        (folder / "vocab.txt").write_text("\n".join(wordpieces(family.special)), encoding="utf8")
        tokenizer = fast(str(folder / "vocab.txt"))
    elif family.vocabulary == "bytes" and family.tokenizer is None:
        backend = enclosed(train_bytes(family.special), family.special)
        tokenizer = transformers.PreTrainedTokenizerFast(
            tokenizer_object=backend, model_input_names=["input_ids", "attention_mask"], **named
        )
    elif family.vocabulary == "bytes":
        train_bytes(family.special).model.save(str(folder))
        tokenizer = fast(str(folder / "vocab.json"), str(folder / "merges.txt"))
    elif needs_sentencepiece:
        vocabulary = folder / slow.vocab_files_names["vocab_file"]
        train_sentencepiece(vocabulary)
        tokenizer = slow(str(vocabulary), **named)
    else:
        # Empty: spacy-transformers opens the file of the slow tokenizer, which the fast one does not read.
        vocabulary = folder / fast.vocab_files_names["vocab_file"]
        vocabulary.touch()
        backend = enclosed(train_unigrams(family.special), family.special)
        tokenizer = fast(tokenizer_object=backend, vocab_file=str(vocabulary), **named)
    tokenizer.save_pretrained(folder)
    return tokenizer


def make_encoder(model: str, config: dict[str, Any]) -> Any:
    """A random encoder, always the same."""
    kind = getattr(transformers, model.removesuffix("Model") + "Config")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return getattr(transformers, model)(kind(**config))


def wordpieces(special: tuple[str, ...]) -> list[str]:
    """A vocabulary of letters and of a few words and endings."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["want", "apple", "she", "sold", "the", "old", "house", "village", "##able", "##ing", "##ly"]
    return [*special, *letters, *(f"##{letter}" for letter in letters), *",.'?!", *words]


def train_bytes(special: tuple[str, ...]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=330,
        special_tokens=list(special),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    return tokenizer


def train_unigrams(special: tuple[str, ...]) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=120, special_tokens=list(special), unk_token=special[3], show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    return tokenizer


def enclosed(tokenizer: Tokenizer, special: tuple[str, ...]) -> Tokenizer:
    """A tokenizer that puts the special tokens around a text."""
    first, _, last, _, mask = special
    tokenizer.add_special_tokens([*special[:4], AddedToken(mask, lstrip=True)])
    ends = [(token, tokenizer.token_to_id(token)) for token in (first, last)]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}", pair=f"{first} $A {last} $B {last}", special_tokens=ends
    )
    return tokenizer


def train_sentencepiece(path: Path) -> None:
    import sentencepiece

    with path.open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(TEXTS),
            model_writer=file,
            vocab_size=100,
            hard_vocab_limit=False,
            minloglevel=2,
        )
