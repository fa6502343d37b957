import copy
import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn
from transformers import (
    AlbertConfig,
    AlbertModel,
    AutoModel,
    DistilBertConfig,
    DistilBertModel,
    ElectraConfig,
    ElectraModel,
)
from transformers.modeling_outputs import BaseModelOutput

from spacy_trend.encoder.attention import AttentionObserver
from spacy_trend.encoder.embedding_output import EmbeddingObserver

VOCABULARY, LAYERS, WIDTH = 60, 2, 32
SMALL: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "initializer_range": 0.5,
}


class Pass(NamedTuple):
    """An observed forward pass: its embedding output, and how it was come by."""

    static: Tensor
    asked: bool
    output: Any
    attention_calls: int


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.fixture(params=["bert", "albert", "electra", "distilbert"])
def encoder(request: pytest.FixtureRequest, tiny_encoder: Path) -> nn.Module:
    """A random encoder that nobody has observed; ALBERT and ELECTRA project what they embed."""
    makers: dict[str, Callable[[], nn.Module]] = {
        "bert": lambda: AutoModel.from_pretrained(tiny_encoder),
        "albert": lambda: AlbertModel(AlbertConfig(**SMALL, embedding_size=16)),
        "electra": lambda: ElectraModel(ElectraConfig(**SMALL, embedding_size=16)),
        "distilbert": lambda: DistilBertModel(
            DistilBertConfig(vocab_size=VOCABULARY, dim=WIDTH, n_layers=LAYERS, n_heads=4, hidden_dim=64)
        ),
    }
    return makers[request.param]().eval()


def texts(windows: int, wordpieces: int) -> dict[str, Tensor]:
    """Random wordpieces, the last two of the first window padding."""
    mask = torch.ones(windows, wordpieces, dtype=torch.long)
    mask[0, -2:] = 0
    return {"input_ids": torch.randint(1, VOCABULARY, (windows, wordpieces)), "attention_mask": mask}


def observe(encoder: nn.Module, inputs: dict[str, Tensor]) -> Pass:
    """Run an encoder once, as the package does."""
    attention = AttentionObserver((), inputs["attention_mask"])
    embedding = EmbeddingObserver(encoder, attention_began=lambda: attention.calls > 0)
    asked = embedding.needs_hidden_states
    with torch.no_grad(), embedding.watching(), attention:
        output = encoder(**inputs, output_hidden_states=asked)
    static = embedding.learn(output.hidden_states) if embedding.output is None else embedding.output
    return Pass(static, asked, output, attention.calls)


def embedding_output(encoder: nn.Module, inputs: dict[str, Tensor]) -> Tensor:
    """What an encoder says its embedding output is, when nobody observes it."""
    with torch.no_grad():
        first: Tensor = encoder(**inputs, output_hidden_states=True).hidden_states[0]
    return first


def watched_modules(encoder: nn.Module) -> list[nn.Module]:
    return [module for module in encoder.modules() if module._forward_pre_hooks]


class Output(NamedTuple):
    hidden_states: tuple[Tensor, ...] | None


class FakeEncoder(nn.Module):
    """One layer of attention without weights. A subclass says which modules are given what."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.eval()

    def forward(self, input_ids: Tensor, attention_mask: Tensor, output_hidden_states: bool) -> Output:
        static = self.embed(input_ids)
        contextual = self.attend(static)
        return Output((static, contextual) if output_hidden_states else None)

    def embed(self, input_ids: Tensor) -> Tensor:
        output: Tensor = self.words(input_ids)
        return output

    def attend(self, static: Tensor) -> Tensor:
        return (static @ static.transpose(-1, -2))[:, None].softmax(-1)[:, 0] @ static


class FunctionalEncoder(FakeEncoder):
    """Gives its embedding output to no module, only what it makes of it."""

    def attend(self, static: Tensor) -> Tensor:
        return super().attend(self.norm(static + 1))


class LateEncoder(FakeEncoder):
    """Gives its embedding output to a module after the attention, like a residual connection."""

    def attend(self, static: Tensor) -> Tensor:
        contextual = super().attend(static)
        return contextual + self.norm(static)


class Block(nn.Module):
    def forward(self, scale: float, *, states: Tensor) -> Tensor:
        return states * scale


class KeywordEncoder(FakeEncoder):
    """Gives its embedding output to a module by keyword, twice, the second time doubled."""

    def __init__(self) -> None:
        super().__init__()
        self.block = Block()

    def attend(self, static: Tensor) -> Tensor:
        return super().attend(self.block(3.0, states=self.block(2.0, states=static)))


class TestEncoders:
    def test_first_pass_asks_for_hidden_states(self, encoder: nn.Module) -> None:
        inputs = texts(2, 7)
        first = observe(encoder, inputs)
        assert first.asked
        assert first.attention_calls == LAYERS
        assert first.static is first.output.hidden_states[0]
        assert torch.equal(first.static, embedding_output(encoder, inputs))

    def test_later_passes_give_the_same_without_asking(self, encoder: nn.Module) -> None:
        observe(encoder, texts(2, 7))
        for shape in [(3, 9), (1, 4), (2, 7)]:
            inputs = texts(*shape)
            later = observe(encoder, inputs)
            assert not later.asked
            assert later.output.hidden_states is None
            assert later.static.shape == (*shape, WIDTH)
            assert torch.equal(later.static, embedding_output(encoder, inputs))

    def test_first_pass_watches_all_modules_and_later_ones_a_single_one(self, encoder: nn.Module) -> None:
        first = EmbeddingObserver(encoder, attention_began=lambda: False)
        with first.watching():
            assert watched_modules(encoder) == list(encoder.modules())[1:]
        observe(encoder, texts(2, 7))
        later = EmbeddingObserver(encoder, attention_began=lambda: False)
        with later.watching():
            assert len(watched_modules(encoder)) == 1

    def test_no_hook_stays(self, encoder: nn.Module) -> None:
        for _ in range(2):
            observe(encoder, texts(2, 7))
            assert watched_modules(encoder) == []

    def test_no_hook_stays_if_the_forward_pass_raises(self, encoder: nn.Module) -> None:
        broken = texts(2, 7)
        broken["input_ids"] += VOCABULARY**3
        for asked in (True, False):
            assert EmbeddingObserver(encoder, attention_began=lambda: False).needs_hidden_states is asked
            with pytest.raises(IndexError):
                observe(encoder, broken)
            assert watched_modules(encoder) == []
            observe(encoder, texts(2, 7))

    def test_a_failed_first_pass_teaches_nothing(self, encoder: nn.Module) -> None:
        broken = texts(2, 7)
        broken["input_ids"] += VOCABULARY**3
        with pytest.raises(IndexError):
            observe(encoder, broken)
        assert observe(encoder, texts(2, 7)).asked

    def test_results_are_those_of_the_unobserved_encoder(self, encoder: nn.Module) -> None:
        inputs = texts(2, 7)
        with torch.no_grad():
            unobserved = encoder(**inputs).last_hidden_state
        for _ in range(2):
            assert torch.equal(observe(encoder, inputs).output.last_hidden_state, unobserved)

    def test_a_copy_learns_by_itself(self, encoder: nn.Module) -> None:
        observe(encoder, texts(2, 7))
        twin = copy.deepcopy(encoder)
        assert observe(twin, texts(2, 7)).asked
        inputs = texts(3, 5)
        assert torch.equal(observe(twin, inputs).static, embedding_output(twin, inputs))
        assert not observe(encoder, inputs).asked


class SharedEncoder(nn.Module):
    """Uses one module for two tensors, of which the second is the embedding output."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, WIDTH)
        self.places = nn.Embedding(VOCABULARY, WIDTH)
        self.dropout = nn.Dropout(0.1)

    def forward(self, input_ids: Tensor, output_hidden_states: bool = False, **_: Any) -> Any:
        words = self.dropout(self.words(input_ids))
        embedded = self.dropout(words + self.places(torch.arange(input_ids.shape[1])))
        return BaseModelOutput(embedded * 2, hidden_states=(embedded,) if output_hidden_states else None)


class TestFakeEncoders:
    def test_an_encoder_that_feeds_no_module_is_asked_every_time(self) -> None:
        encoder = FunctionalEncoder()
        for shape in [(2, 7), (3, 5), (2, 7)]:
            inputs = texts(*shape)
            observed = observe(encoder, inputs)
            assert observed.asked
            assert torch.equal(observed.static, embedding_output(encoder, inputs))
            assert watched_modules(encoder) == []

    def test_a_module_fed_after_the_first_attention_call_is_not_noted(self) -> None:
        encoder = LateEncoder()
        observe(encoder, texts(2, 7))
        assert observe(encoder, texts(2, 7)).asked

    def test_a_keyword_argument_is_learned_and_the_first_call_counts(self) -> None:
        encoder = KeywordEncoder()
        assert observe(encoder, texts(2, 7)).asked
        inputs = texts(3, 5)
        later = observe(encoder, inputs)
        assert not later.asked
        assert torch.equal(later.static, embedding_output(encoder, inputs))

    def test_what_was_learned_does_not_keep_an_encoder_alive(self) -> None:
        encoder = KeywordEncoder()
        observe(encoder, texts(2, 7))
        alive = weakref.ref(encoder)
        del encoder
        gc.collect()
        assert alive() is None

    def test_an_observer_that_learned_keeps_no_tensor_alive(self) -> None:
        encoder = KeywordEncoder()
        embedding = EmbeddingObserver(encoder, attention_began=lambda: False)
        with torch.no_grad(), embedding.watching():
            hidden_states = encoder(**texts(2, 7), output_hidden_states=True).hidden_states
        embedding.learn(hidden_states)
        static = weakref.ref(hidden_states[0])
        del hidden_states
        gc.collect()
        assert static() is None

    def test_a_module_that_is_called_before_with_another_tensor_is_not_learned(self) -> None:
        encoder = SharedEncoder().eval()
        observe(encoder, texts(2, 7))
        inputs = texts(3, 5)
        assert torch.equal(observe(encoder, inputs).static, embedding_output(encoder, inputs))

    def test_a_place_that_is_not_passed_any_more_is_forgotten(self, tiny_encoder: Path) -> None:
        encoder = AutoModel.from_pretrained(tiny_encoder).eval()
        observe(encoder, texts(2, 7))
        encoder.embeddings.dropout = nn.Dropout(0.1).eval()
        inputs = texts(2, 7)
        attention = AttentionObserver((), inputs["attention_mask"])
        embedding = EmbeddingObserver(encoder, attention_began=lambda: attention.calls > 0)
        with torch.no_grad(), embedding.watching(), attention:
            encoder(**inputs)
        assert embedding.output is None
        embedding.forget()
        assert observe(encoder, inputs).asked
        assert not observe(encoder, inputs).asked


def test_threads_do_not_see_each_others_embeddings(tiny_encoder: Path) -> None:
    encoder = AutoModel.from_pretrained(tiny_encoder).eval()
    ids = torch.arange(1000, 1012).reshape(2, 6)
    observer = EmbeddingObserver(encoder, attention_began=lambda: False)
    observer.learn(encoder(ids, output_hidden_states=True).hidden_states)
    with torch.no_grad():
        with observer.watching():
            hidden_states = encoder(ids, output_hidden_states=True).hidden_states
        observer.learn(hidden_states)
        later = EmbeddingObserver(encoder, attention_began=lambda: False)
        with later.watching():
            other = Thread(target=encoder, args=(ids + 1,))
            other.start()
            other.join()
            assert later.output is None
            encoder(ids)
    assert later.output is not None
    assert torch.equal(later.output, hidden_states[0])
