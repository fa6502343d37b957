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

Way = Callable[[list[str]], object]
STOCK = "stock"


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


def bare_passes() -> Way:
    """Return a way that makes the forward passes alone: over windows, those of one length together."""
    nlp = transformer_pipeline()
    encoder = nlp.get_pipe("transformer").model.transformer.eval()
    prepared: dict[tuple[str, ...], list[torch.Tensor]] = {}

    def run(texts: list[str]) -> None:
        if tuple(texts) not in prepared:
            prepared[tuple(texts)] = list(batches_of_one_length(texts, nlp))
        with torch.no_grad():
            for ids in prepared[tuple(texts)]:
                encoder(input_ids=ids)

    return run


def batches_of_one_length(texts: list[str], nlp: Language) -> Iterator[torch.Tensor]:
    """Return the wordpieces of the windows of texts, `(windows, wordpieces)` without padding."""
    model = nlp.get_pipe("transformer").model
    get_spans = model.attrs["get_spans"]
    windows = [span.text for spans in get_spans(list(nlp.tokenizer.pipe(texts))) for span in spans]
    by_length: dict[int, list[list[int]]] = {}
    for ids in model.tokenizer(windows, truncation=True, max_length=512)["input_ids"]:
        by_length.setdefault(len(ids), []).append(ids)
    config = model.transformer.config
    cost = run_cost(config.hidden_size, config.intermediate_size, torch.device("cpu"), torch.float32)
    for length, same in sorted(by_length.items()):
        at_a_time = max(1, cost.most // length)
        for start in range(0, len(same), at_a_time):
            yield torch.tensor(same[start : start + at_a_time])


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
    "asked": lambda: through(asked_pipeline()),
    "article": article_script,
    "limit": bare_passes,
}
