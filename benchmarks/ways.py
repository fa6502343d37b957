"""The ways to a sentence vector that are compared: functions that take texts, made by name."""

from collections.abc import Callable, Iterator

import numpy as np
import spacy
import torch
from sentence_transformers import SentenceTransformer
from spacy import Language
from transformers import AutoModel, AutoTokenizer

from spacy_trend import bundled_encoder, from_encoder
from spacy_trend.encoder.buckets import run_cost
from spacy_trend.encoder.packed_pass import TIMES_A_BUCKET
from spacy_trend.encoder.packs import Pack, PackedAttention, packs_of

Way = Callable[[list[str]], object]
STOCK, PEAK = "stock", "peak"
#: The size of the bundled encoder.
LAYERS, WIDTH, INTERMEDIATE_WIDTH = 6, 384, 1536
#: Two matrices of so many rows and columns are multiplied so often, for the machine's own limit.
SIDE, PRODUCTS = 2048, 8
PRODUCT = PRODUCTS * 2 * SIDE**3


def transformer_pipeline(transformer_config: dict[str, bool] | None = None) -> Language:
    """Return the pipeline that `from_encoder` makes, without the trend vector."""
    nlp = spacy.blank("en")
    model = {"name": bundled_encoder(), "transformer_config": transformer_config or {}}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.initialize()
    return nlp


def asked_pipeline() -> Language:
    """One whose vectors come from hidden states and attention matrices that the encoder returned."""
    nlp = transformer_pipeline({"output_hidden_states": True, "output_attentions": True})
    stock_shims = [list(node.shims) for node in nlp.get_pipe("transformer").model.walk()]
    nlp.add_pipe("trend_vector")
    for node, shims in zip(nlp.get_pipe("transformer").model.walk(), stock_shims, strict=True):
        node.shims[:] = shims
    return nlp


def through(nlp: Language) -> Way:
    """Run texts through a pipeline."""
    return lambda texts: sum(1 for _ in nlp.pipe(texts))


def article_script() -> Way:
    """Return the article's steps, with wordpieces for words as there."""
    tokenizer = AutoTokenizer.from_pretrained(bundled_encoder())
    model = AutoModel.from_pretrained(
        bundled_encoder(), output_hidden_states=True, output_attentions=True, attn_implementation="eager"
    ).eval()

    def vector(text: str) -> object:
        with torch.no_grad():
            output = model(**tokenizer(text, return_tensors="pt", truncation=True, max_length=512))
        rows = np.array([head.numpy().sum(axis=0)[1:-1] for head in output.attentions[0][0]])
        leaders = rows.argmax(axis=1)
        focus = leaders[-1]
        followers = np.delete(rows[leaders == focus], focus, axis=1).argmax(axis=1)
        related = np.bincount(followers).argmax()
        pair = [focus + 1, related + 1 + (related >= focus)]
        with np.errstate(invalid="ignore", divide="ignore"):
            trends = np.log(
                output.hidden_states[-1][0][pair].numpy() / output.hidden_states[0][0][pair].numpy()
            )
        return np.where(np.isnan(trends), 0, trends).sum(axis=0)

    return lambda texts: [vector(text) for text in texts]


def encode() -> Way:
    """`sentence_transformers` on the same checkpoint, which by itself would cut texts at 256 wordpieces."""
    model = SentenceTransformer(bundled_encoder())
    model.max_seq_length = 512
    return lambda texts: model.encode(texts, show_progress_bar=False)


def encode_windows() -> Way:
    """Likewise, of the windows that the pipeline reads: as much text, cut and overlapping in the same way."""
    model = SentenceTransformer(bundled_encoder())
    nlp = transformer_pipeline()
    return lambda texts: model.encode(window_texts(texts, nlp), show_progress_bar=False)


def packed_passes() -> Way:
    """Return a way that makes the forward passes alone: over windows that stand in packs, without padding."""
    nlp = transformer_pipeline()
    encoder = nlp.get_pipe("transformer").model.transformer.eval()
    prepared: dict[tuple[str, ...], list[tuple[Pack, int, dict[str, torch.Tensor]]]] = {}

    def run(texts: list[str]) -> None:
        if tuple(texts) not in prepared:
            prepared[tuple(texts)] = list(packs(texts, nlp))
        with torch.no_grad():
            for pack, length, inputs in prepared[tuple(texts)]:
                with PackedAttention((), pack, length):
                    encoder(**inputs)

    return run


def packs(texts: list[str], nlp: Language) -> Iterator[tuple[Pack, int, dict[str, torch.Tensor]]]:
    """Yield packs of the windows of texts, the wordpieces of the longest, and the inputs of the encoder."""
    ids = wordpieces_of(texts, nlp)
    lengths = np.array([len(window) for window in ids])
    longest = int(lengths.max())
    padded = torch.nn.utils.rnn.pad_sequence([torch.tensor(window) for window in ids], batch_first=True)
    cost = run_cost(WIDTH, INTERMEDIATE_WIDTH, torch.device("cpu"), torch.float32)
    for pack in packs_of(lengths, longest, TIMES_A_BUCKET * cost.most, torch.device("cpu")):
        of_pack = padded.reshape(-1)[pack.places][None]
        inputs = {"input_ids": of_pack, "position_ids": pack.positions[None]}
        yield pack, longest, {**inputs, "token_type_ids": torch.zeros_like(of_pack)}


def window_texts(texts: list[str], nlp: Language) -> list[str]:
    """Return the texts of the windows that the pipeline's transformer reads."""
    get_spans = nlp.get_pipe("transformer").model.attrs["get_spans"]
    return [span.text for spans in get_spans(list(nlp.tokenizer.pipe(texts))) for span in spans]


def wordpieces_of(texts: list[str], nlp: Language) -> list[list[int]]:
    """Return the wordpieces of each of these windows."""
    tokenizer = nlp.get_pipe("transformer").model.tokenizer
    found: list[list[int]] = tokenizer(window_texts(texts, nlp), truncation=True, max_length=512)["input_ids"]
    return found


def operations(texts: list[str], nlp: Language) -> int:
    """Count the operations of the linear layers on the wordpieces of texts: what an encoder must do."""
    wordpieces = sum(map(len, wordpieces_of(texts, nlp)))
    return wordpieces * LAYERS * 2 * (4 * WIDTH**2 + 2 * WIDTH * INTERMEDIATE_WIDTH)


def product() -> Way:
    """Return a way that multiplies two large matrices, whatever the texts: `PRODUCT` operations."""
    factors = [torch.randn(SIDE, SIDE) for _ in range(2)]
    return lambda _: [torch.mm(*factors) for _ in range(PRODUCTS)]


def observed(**settings: object) -> Way:
    """Return the pipeline with the trend vector, with settings."""
    return through(from_encoder(config=settings))


WAYS: dict[str, Callable[[], Way]] = {
    STOCK: lambda: through(transformer_pipeline()),
    "trend_vector": observed,
    "without word vectors": lambda: observed(token_vectors=False),
    "bfloat16": lambda: observed(precision="bfloat16"),
    "related_pair": lambda: observed(preset="related_pair"),
    "classifier": lambda: observed(preset="classifier"),
    "encode": encode,
    "encode windows": encode_windows,
    "stride = window": lambda: through(from_encoder(stride=128, window=128)),
    "asked": lambda: through(asked_pipeline()),
    "article": article_script,
    "packed limit": packed_passes,
    PEAK: product,
}
