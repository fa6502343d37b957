"""The article's method with Hugging Face alone, as the article does it: what the package is compared with.

One window goes through the encoder at a time, without padding and with all its attention matrices and hidden
states, and plain loops do the rest. Nothing of `spacy_trend` is used here, nor the transformer component's
alignment: wordpieces are found again by the characters they stand for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from spacy.tokens import Doc, Span, Token
from transformers import AutoModel, AutoTokenizer

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Reading:
    """What the encoder makes of the words of a doc.

    tokens: the words' positions among the doc's tokens.
    static, contextual: `(words, width)`.
    received: `(layers, heads, words)`, attention received.
    """

    tokens: list[int]
    static: Floats
    contextual: Floats
    received: Floats

    def among(self, start: int, end: int) -> list[int]:
        """The words that stand at the doc's tokens from `start` to before `end`."""
        return [word for word, token in enumerate(self.tokens) if start <= token < end]


@dataclass(frozen=True)
class Summary:
    """What the article says about a text.

    pair: the words whose trends are summed, none, one or two.
    focus, related: their positions among the doc's tokens, -1 for none.
    vector: `(width,)`, the sum.
    """

    pair: list[int]
    focus: int
    related: int
    vector: Floats


@dataclass(frozen=True)
class _Window:
    """One window, read.

    pieces: the wordpieces of each of its tokens that has some, by the token's position in the doc.
    static, contextual: `(wordpieces, width)`.
    received: `(layers, heads, wordpieces)`.
    """

    pieces: dict[int, list[int]]
    static: Floats
    contextual: Floats
    received: Floats


class Article:
    """An encoder that is read as in the article."""

    def __init__(self, encoder: str) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(encoder, use_fast=True)
        self.model = AutoModel.from_pretrained(
            encoder, attn_implementation="eager", output_attentions=True, output_hidden_states=True
        )
        self.model.eval()

    def read(self, doc: Doc, windows: Iterable[Span]) -> Reading:
        """Read a doc window by window; a word that stands in several windows gets the mean of them."""
        read = [self._read_window(window) for window in windows if len(window) > 0]
        tokens, static, contextual, received = [], [], [], []
        for token in doc:
            places = [window for window in read if token.i in window.pieces]
            if not places or not may_be_word(token):
                continue
            tokens.append(token.i)
            static.append(np.mean([w.static[p] for w in places for p in w.pieces[token.i]], axis=0))
            contextual.append(np.mean([w.contextual[p] for w in places for p in w.pieces[token.i]], axis=0))
            sums = [w.received[:, :, w.pieces[token.i]].sum(axis=-1) for w in places]
            received.append(np.mean(sums, axis=0))
        config = self.model.config
        return Reading(
            tokens,
            np.array(static, dtype=np.float32).reshape(-1, config.hidden_size),
            np.array(contextual, dtype=np.float32).reshape(-1, config.hidden_size),
            np.array(received, dtype=np.float32)
            .reshape(-1, config.num_hidden_layers, config.num_attention_heads)
            .transpose(1, 2, 0),
        )

    def _read_window(self, window: Span) -> _Window:
        encoding = self.tokenizer(window.text, return_offsets_mapping=True, return_tensors="pt")
        offsets = encoding.pop("offset_mapping")[0].tolist()
        longest = self.model.config.max_position_embeddings
        if len(offsets) > longest:
            raise ValueError(f"The window has {len(offsets)} wordpieces, but {longest} are the most.")
        with torch.no_grad():
            output = self.model(**encoding)
        received = [[head.numpy().sum(axis=0) for head in layer[0]] for layer in output.attentions]
        return _Window(
            pieces_of_tokens(window, offsets),
            output.hidden_states[0][0].numpy(),
            output.hidden_states[-1][0].numpy(),
            np.array(received),
        )


def rows_of_heads(reading: Reading, layer: int = 0) -> Floats:
    """What the article's code reads: a row for each head of one layer, `(heads, words)`."""
    return np.array(list(reading.received[layer]))


def rows_of_layers(reading: Reading) -> Floats:
    """What the article's prose says: a row for each layer, the mean of its heads, `(layers, words)`."""
    return np.array([np.mean(layer, axis=0) for layer in reading.received])


def trends(reading: Reading) -> Floats:
    """The trends of the words, `(words, width)`; 0 where the logarithm is undefined."""
    with np.errstate(divide="ignore", invalid="ignore"):
        changes = np.log(reading.contextual / reading.static)
    changes = np.where(np.isnan(changes), 0, changes)
    # The article meets no exact zero: the logarithm would be infinite there.
    return np.where((reading.static == 0) | (reading.contextual == 0), 0, changes).astype(np.float32)


def lead(rows: Floats, focus: str = "last") -> tuple[int, int]:
    """The focus and the related word among at least one word, as columns of `rows`; -1 for none.

    rows: `(rows, words)`.
    focus: "last": the leader of the last row; "most": the leader of most rows.
    """
    leaders = [int(np.argmax(row)) for row in rows]
    leader = leaders[-1] if focus == "last" else int(np.argmax(np.bincount(leaders)))
    if rows.shape[1] == 1:
        return leader, -1
    followers = [int(np.argmax(np.delete(row, leader))) for row in rows if int(np.argmax(row)) == leader]
    follower = int(np.argmax(np.bincount(followers)))
    # Deleting the focus has moved the columns behind it one to the left.
    return leader, follower + 1 if follower >= leader else follower


def summarize(
    reading: Reading, rows: Floats, words: Sequence[int] | None = None, focus: str = "last"
) -> Summary:
    """The article's summary of a text, or of some of its words.

    rows: `(rows, words)`, of all words.
    words: the words to choose among, as `Reading.among` gives them; None for all.
    """
    words = range(len(reading.tokens)) if words is None else words
    pair = [words[word] for word in lead(rows[:, words], focus) if word >= 0] if words else []
    changes = trends(reading)
    vector = np.zeros(changes.shape[1], dtype=np.float32)
    for word in pair:
        vector = vector + changes[word]
    focus_token, related_token = ([reading.tokens[word] for word in pair] + [-1, -1])[:2]
    return Summary(pair, focus_token, related_token, vector)


def may_be_word(token: Token) -> bool:
    return not token.is_punct and not token.is_space


def pieces_of_tokens(window: Span, offsets: Sequence[Sequence[int]]) -> dict[int, list[int]]:
    pieces: dict[int, list[int]] = {}
    for token in window:
        start = token.idx - window.start_char
        end = start + len(token.text)
        for piece, (piece_start, piece_end) in enumerate(offsets):
            # Special tokens stand for no characters, from 0 to 0.
            if piece_start < piece_end and piece_start < end and start < piece_end:
                pieces.setdefault(token.i, []).append(piece)
    return pieces
