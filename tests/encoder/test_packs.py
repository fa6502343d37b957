"""Packs: how windows are cut into them, what attention answers, and when an encoder is run over them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from spacy import Language
from torch import Tensor, nn

import spacy_trend
from spacy_trend.encoder import packed_pass
from spacy_trend.encoder.attention import sums_of_queries
from spacy_trend.encoder.buckets import RunCost
from spacy_trend.encoder.packs import CannotPackError, PackedAttention, packs_of
from spacy_trend.encoder.sizes import first_position
from tests.support.arrays import ints

CPU = torch.device("cpu")
TEXTS = [
    "I want an apple.",
    "She sold the old house in Paris. Nobody knew why!",
    "Stop",
    "They eat plums.",
] * 5


@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(1, 40))
def test_every_wordpiece_of_a_batch_stands_in_one_pack(lengths: list[int], most: int) -> None:
    packs = packs_of(np.array(lengths), 9, most, CPU)
    places = torch.cat([pack.places for pack in packs]).tolist()
    expected = [9 * window + position for window, length in enumerate(lengths) for position in range(length)]
    assert sorted(places) == expected
    assert sorted(torch.cat([pack.windows for pack in packs]).tolist()) == list(range(len(lengths)))
    for pack in packs:
        assert (pack.places % 9 == pack.positions).all()
        of_groups = [lengths[window] for window in pack.windows.tolist()]
        assert of_groups == sorted(of_groups)
        for group in pack.groups:
            assert set(of_groups[group.windows]) == {group.length}
        assert sum(group.wordpieces.stop - group.wordpieces.start for group in pack.groups) == len(
            pack.places
        )
        assert len(pack.places) <= most + 2 * max(lengths)


def test_windows_stand_in_the_order_of_their_lengths() -> None:
    (pack,) = packs_of(ints(2, 1, 2), 3, 100, CPU)
    assert pack.windows.tolist() == [1, 0, 2]
    assert pack.places.tolist() == [3, 0, 1, 6, 7]
    assert pack.positions.tolist() == [0, 0, 1, 0, 1]
    assert [(group.windows, group.wordpieces, group.length) for group in pack.groups] == [
        (slice(0, 1), slice(0, 1), 1),
        (slice(1, 3), slice(1, 5), 2),
    ]


def test_positions_are_counted_from_behind_padding() -> None:
    tables = nn.ModuleDict({"position_embeddings": nn.Embedding(9, 2, padding_idx=1)})
    assert first_position(tables) == 2
    assert first_position(nn.ModuleDict({"position_embeddings": nn.Embedding(9, 2)})) == 0


def tensors(wordpieces: int, heads: int = 2, width: int = 3) -> list[Tensor]:
    made = torch.Generator().manual_seed(0)
    return [torch.randn(1, wordpieces, heads, width, generator=made).transpose(1, 2) for _ in range(3)]


@pytest.mark.parametrize("scale", [None, 0.3])
@pytest.mark.parametrize("wanted", [True, False])
def test_attention_stays_within_each_window(wanted: bool, scale: float | None) -> None:
    (pack,) = packs_of(ints(4, 2, 4, 3), 5, 100, CPU)
    query, key, value = tensors(13)
    layers = [0] if wanted else []
    with PackedAttention(layers, pack, 5, layers) as attention:
        output = F.scaled_dot_product_attention(query, key, value, scale=scale)
    assert attention.calls == 1
    start = 0
    for number, window in enumerate(pack.windows.tolist()):
        part = slice(start, start := start + (4, 2, 4, 3)[window])
        of_window = [tensor[:, :, part] for tensor in (query, key, value)]
        expected = F.scaled_dot_product_attention(*of_window, scale=scale)
        torch.testing.assert_close(output[:, :, part], expected, rtol=0, atol=1e-6)
        if wanted:
            length = part.stop - part.start
            sums = sums_of_queries(*of_window[:2], torch.ones(1, length), scale=scale, with_mutual=True)
            torch.testing.assert_close(attention.received[0][:, :, part], sums.received, rtol=0, atol=1e-6)
            mutual = torch.zeros(5, 5)
            assert sums.mutual is not None
            mutual[:length, :length] = sums.mutual[0]
            torch.testing.assert_close(attention.mutual[0][number], mutual, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "arguments", [{"attn_mask": torch.zeros(1, 1, 5, 5)}, {"is_causal": True}], ids=["mask", "causal"]
)
def test_attention_with_a_mask_is_refused(arguments: dict[str, Any]) -> None:
    (pack,) = packs_of(ints(2, 3), 3, 100, CPU)
    with pytest.raises(CannotPackError, match="no mask"), PackedAttention([], pack, 3):
        F.scaled_dot_product_attention(*tensors(5), **arguments)


def test_attention_of_other_wordpieces_is_refused() -> None:
    (pack,) = packs_of(ints(2, 3), 3, 100, CPU)
    expected = r"Got attention of \(1, 2, 4, 3\), expected \(1, 2, 5, 3\)"
    with pytest.raises(CannotPackError, match=expected), PackedAttention([], pack, 3):
        F.scaled_dot_product_attention(*tensors(4))


@pytest.fixture
def packed(tiny: Language) -> Language:
    """A pipeline whose encoder was found to be packable."""
    list(tiny.pipe(TEXTS))
    assert encoder_of(tiny) in packed_pass._PACKED
    return tiny


def encoder_of(nlp: Language) -> Any:
    return nlp.get_pipe("transformer").model.transformer


def calls_of(nlp: Language) -> list[Any]:
    shapes: list[Any] = []
    encoder_of(nlp).register_forward_pre_hook(
        lambda module, args, kwargs: shapes.append(tuple(kwargs["input_ids"].shape)), with_kwargs=True
    )
    return shapes


def test_a_batch_is_run_as_one_window_without_padding(packed: Language) -> None:
    shapes = calls_of(packed)
    docs = list(packed.pipe(TEXTS))
    wordpieces = sum(int(doc._.trf_data.wordpieces.attention_mask.sum()) for doc in docs)
    assert (1, wordpieces) in shapes


@pytest.mark.parametrize("most", [1, 15])
def test_several_packs_give_what_one_gives(
    packed: Language, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = list(packed.pipe(TEXTS))
    monkeypatch.setattr(packed_pass, "run_cost", lambda *about: RunCost(call=0, least=1, most=most))
    shapes = calls_of(packed)
    for one, other in zip(packed.pipe(TEXTS), expected, strict=True):
        for name in ("last_hidden_state", "pooler_output"):
            found, wanted = (doc._.trf_data.model_output[name] for doc in (one, other))
            np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5)
        received = [[token._.trend_attention for token in doc] for doc in (one, other)]
        np.testing.assert_allclose(*received, atol=1e-5)
    assert len(shapes) > 1


def test_an_encoder_that_differs_in_packs_keeps_its_buckets(
    tiny: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = packed_pass.first_position
    monkeypatch.setattr(packed_pass, "first_position", lambda encoder: right(encoder) + 1)
    expected = [doc._.trf_data.model_output.last_hidden_state for doc in tiny.pipe(TEXTS)]
    assert encoder_of(tiny) in packed_pass._NOT_PACKED
    shapes = calls_of(tiny)
    for doc, wanted in zip(tiny.pipe(TEXTS), expected, strict=True):
        np.testing.assert_allclose(doc._.trf_data.model_output.last_hidden_state, wanted, atol=1e-5)
    assert max(windows for windows, _ in shapes) > 1
    assert max(wordpieces for _, wordpieces in shapes) < 20


def test_an_encoder_that_cannot_answer_keeps_its_buckets(
    tiny: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*about: Any, **more: Any) -> Any:
        raise CannotPackError("not this one")

    monkeypatch.setattr(PackedAttention, "_answer", refuse)
    assert len(list(tiny.pipe(TEXTS))) == len(TEXTS)
    assert encoder_of(tiny) in packed_pass._NOT_PACKED


def test_windows_of_one_length_decide_nothing(tiny: Language) -> None:
    list(tiny.pipe(["I want an apple."] * 4))
    encoder = encoder_of(tiny)
    assert encoder not in packed_pass._PACKED
    assert encoder not in packed_pass._NOT_PACKED


@pytest.mark.parametrize(
    "config",
    [
        {"preset": "article"},
        {"preset": "related_pair"},
        {"preset": "classifier_wide"},
        {"precision": "bfloat16"},
    ],
    ids=["article", "related_pair", "classifier_wide", "bfloat16"],
)
def test_a_text_in_a_pack_is_as_alone(
    config: dict[str, Any], make_nlp: Callable[..., Language], tiny_encoder: Any
) -> None:
    nlp = make_nlp(tiny_encoder, {"change": {"@misc": "spacy-trend-tests.difference.v1"}, **config})
    list(nlp.pipe(TEXTS))
    for doc in nlp.pipe(TEXTS[:4] * 3):
        alone = nlp(doc.text)
        tolerance = 0.05 if config.get("precision") == "bfloat16" else 2e-5
        np.testing.assert_allclose(
            spacy_trend.word_vectors(doc), spacy_trend.word_vectors(alone), atol=tolerance
        )
