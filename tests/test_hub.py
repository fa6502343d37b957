"""The numbers that the article prints, from the encoder that it reads: bert-base-uncased."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from spacy_trend.encoder.attention import AttentionObserver
from spacy_trend.method.changes import log_ratio
from spacy_trend.method.selections import leading_pair
from tests.support.printed import APPLE_TREND, ATTENTION, LEADERS, PRINTED, VECTOR, WANT_TREND

pytestmark = pytest.mark.hub
Floats = NDArray[np.float32]
ENCODER = "bert-base-uncased"
APPLE, ORANGE, ADVENTURE = "I want an apple.", "I want an orange.", "I want an adventure."
# The words are wordpieces 1 to 4 of [CLS], i, want, an, the object, the full stop, [SEP].
WORDS = slice(1, 5)
WANT, OBJECT = 1, 3
COSINES = {(APPLE, ORANGE): 0.9640, (APPLE, ADVENTURE): 0.4168, (ORANGE, ADVENTURE): 0.3458}


@dataclass(frozen=True)
class Sentence:
    """attention: `(heads, words)`, received in layer 0. trends: `(words, width)`."""

    attention: Floats
    trends: Floats


@pytest.fixture(scope="module")
def sentences() -> dict[str, Sentence]:
    try:
        tokenizer = AutoTokenizer.from_pretrained(ENCODER, local_files_only=True)
        encoder = AutoModel.from_pretrained(ENCODER, local_files_only=True)
    except OSError:
        pytest.skip(f"the weights of {ENCODER} are not in the cache of the Hugging Face hub")
    encoder.eval()
    return {text: read(text, tokenizer, encoder) for text in (APPLE, ORANGE, ADVENTURE)}


def read(text: str, tokenizer: PreTrainedTokenizerBase, encoder: PreTrainedModel) -> Sentence:
    inputs = tokenizer(text, return_tensors="pt")
    want, an, thing = text.lower().rstrip(".").split()[1:]
    wordpieces = tokenizer.convert_ids_to_tokens(inputs["input_ids"][0])
    assert wordpieces == ["[CLS]", "i", want, an, thing, ".", "[SEP]"]
    # The article's `segments_ids`: a lone sentence has the type of a second one.
    inputs["token_type_ids"] = torch.ones_like(inputs["input_ids"])
    observer = AttentionObserver([0], inputs["attention_mask"])
    with torch.no_grad(), observer:
        output = encoder(**inputs, output_hidden_states=True)
    assert observer.calls == encoder.config.num_hidden_layers
    static, contextual = output.hidden_states[0][0, WORDS], output.hidden_states[-1][0, WORDS]
    return Sentence(
        attention=observer.received[0][0, :, WORDS].numpy(),
        trends=log_ratio()(static.numpy(), contextual.numpy()),
    )


def cosine(first: Floats, second: Floats) -> float:
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))


def test_attention_received_is_as_printed(sentences: dict[str, Sentence]) -> None:
    np.testing.assert_allclose(sentences[APPLE].attention, ATTENTION, rtol=0, atol=1e-4)


def test_leaders_are_as_printed(sentences: dict[str, Sentence]) -> None:
    assert sentences[APPLE].attention.argmax(axis=1).tolist() == LEADERS


def test_pair_is_want_and_apple(sentences: dict[str, Sentence]) -> None:
    selection = leading_pair()(sentences[APPLE].attention)
    assert selection.focus.tolist() == [WANT]
    assert selection.related.tolist() == [OBJECT]


def test_trends_are_as_printed(sentences: dict[str, Sentence]) -> None:
    trends = sentences[APPLE].trends[:, PRINTED]
    np.testing.assert_allclose(trends[OBJECT], APPLE_TREND, rtol=1e-3)
    np.testing.assert_allclose(trends[WANT], WANT_TREND, rtol=1e-3)


def test_vector_is_as_printed(sentences: dict[str, Sentence]) -> None:
    selection = leading_pair()(sentences[APPLE].attention)
    vector = selection.weights @ sentences[APPLE].trends
    np.testing.assert_allclose(vector[PRINTED], VECTOR, rtol=1e-3)


def test_cosines_between_trends_of_want_are_as_printed(sentences: dict[str, Sentence]) -> None:
    want = {text: sentence.trends[WANT, PRINTED] for text, sentence in sentences.items()}
    cosines = {pair: cosine(want[pair[0]], want[pair[1]]) for pair in combinations(want, 2)}
    assert cosines == pytest.approx(COSINES, rel=0, abs=1e-3)
