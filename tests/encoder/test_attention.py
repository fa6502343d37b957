import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from spacy_trend.encoder import attention as attention_sums
from spacy_trend.encoder.attention import AttentionObserver, sums_of_matrices, sums_of_queries

WINDOWS, HEADS, LENGTH, WIDTH = 3, 4, 7, 5
SHAPE = (WINDOWS, HEADS, LENGTH, WIDTH)
ENCODER = "BertModel (bert)"
SOFTMAXES: dict[str, Callable[[Tensor], Tensor]] = {
    "F.softmax": lambda scores: F.softmax(scores, dim=-1),
    "torch.softmax": lambda scores: torch.softmax(scores, dim=-1),
    "Tensor.softmax": lambda scores: scores.softmax(dim=-1),
    "nn.Softmax": nn.Softmax(dim=-1),
}


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def full_weights(windows: int = WINDOWS, length: int = LENGTH) -> Tensor:
    return torch.ones(windows, length)


def padded_weights(windows: int = WINDOWS, length: int = LENGTH) -> Tensor:
    """Ones, but for the last two wordpieces of the first window, where there are so many."""
    weights = torch.ones(windows, length)
    weights[0, 1:][-2:] = 0
    return weights


def masks(windows: int = WINDOWS, heads: int = HEADS, length: int = LENGTH) -> dict[str, Tensor | None]:
    """Masks as encoders give them, by kind. No query is left without a key."""
    keys = padded_weights(windows, length).bool()[:, None, None, :]
    pairs = torch.rand(windows, 1, length, length) < 0.7
    pairs |= torch.eye(length, dtype=torch.bool)
    least = torch.finfo(torch.float32).min
    return {
        "no mask": None,
        "bool keys": keys,
        "bool pairs": pairs,
        "bool pairs of all windows": pairs[0, 0],
        "float keys": torch.zeros(keys.shape).masked_fill(~keys, least),
        "float pairs": torch.zeros(pairs.shape).masked_fill(~pairs, float("-inf")),
        "float biases of each head": torch.randn(windows, heads, length, length),
    }


def queries_and_keys(shape: tuple[int, ...] = SHAPE) -> tuple[Tensor, Tensor]:
    return torch.randn(shape), torch.randn(shape)


def explicit_attention(
    query: Tensor,
    key: Tensor,
    mask: Tensor | None = None,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """Whole attention matrices in float64, from the formula."""
    length, width = query.shape[2:]
    scores = torch.einsum("whqd,whkd->whqk", query.double(), key.double())
    scores *= width**-0.5 if scale is None else scale
    if is_causal:
        mask = torch.ones(length, length, dtype=torch.bool).tril()
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf")) if mask.dtype == torch.bool else scores + mask
    exponentials = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim=-1, keepdim=True)


def attention_received(*args: Any, **kwargs: Any) -> Tensor:
    return sums_of_queries(*args, **kwargs).received


def column_sums(matrices: Tensor, weights: Tensor) -> Tensor:
    return (matrices * weights[:, None, :, None]).sum(dim=2)


def assert_close(received: Tensor, expected: Tensor, atol: float = 1e-6) -> None:
    assert received.dtype == torch.float32
    torch.testing.assert_close(received.double(), expected, atol=atol, rtol=0)


class SoftmaxSizes(TorchFunctionMode):
    """Notes how many numbers each softmax gives."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        result = func(*args, **(kwargs or {}))
        if func in (F.softmax, torch.softmax, Tensor.softmax):
            self.sizes.append(result.numel())
        return result


class TestAttentionReceived:
    @pytest.mark.parametrize("kind", list(masks()))
    def test_is_the_column_sums_of_the_softmax(self, kind: str) -> None:
        query, key = queries_and_keys()
        mask = masks()[kind]
        expected = column_sums(explicit_attention(query, key, mask), full_weights())
        assert_close(attention_received(query, key, full_weights(), mask), expected)

    def test_lets_causal_queries_look_back_only(self) -> None:
        query, key = queries_and_keys()
        received = attention_received(query, key, full_weights(), is_causal=True)
        matrices = explicit_attention(query, key, is_causal=True)
        assert_close(received, column_sums(matrices, full_weights()))

    @pytest.mark.parametrize("scale", [0.0, 0.125, 1.0, -0.5])
    def test_takes_another_scale(self, scale: float) -> None:
        query, key = queries_and_keys()
        received = attention_received(query, key, full_weights(), scale=scale)
        assert_close(received, column_sums(explicit_attention(query, key, scale=scale), full_weights()))

    def test_a_query_counts_as_much_as_its_weight(self) -> None:
        query, key = queries_and_keys()
        matrices = explicit_attention(query, key)
        weights = torch.zeros(WINDOWS, LENGTH)
        weights[0, 2], weights[0, 5], weights[2, 0] = 1, 1, 0.5
        received = attention_received(query, key, weights)
        assert_close(received[0], matrices[0, :, 2] + matrices[0, :, 5])
        assert_close(received[1], torch.zeros(HEADS, LENGTH, dtype=torch.float64))
        assert_close(received[2], matrices[2, :, 0] / 2)

    def test_padding_changes_nothing(self) -> None:
        query, key = queries_and_keys()
        short = attention_received(query[:, :, :-2], key[:, :, :-2], full_weights(length=LENGTH - 2))
        weights = full_weights()
        weights[:, -2:] = 0
        padded = attention_received(query, key, weights, weights.bool()[:, None, None, :])
        torch.testing.assert_close(padded[..., :-2], short, atol=1e-6, rtol=0)
        assert not padded[..., -2:].any()

    @pytest.mark.parametrize("kind", ["bool", "float"])
    def test_a_padded_query_that_may_attend_to_nothing_changes_nothing(self, kind: str) -> None:
        query, key = queries_and_keys()
        weights = padded_weights()
        keys = weights.bool()
        mask = keys[:, None, None, :] & keys[:, None, :, None]
        if kind == "float":
            mask = torch.zeros(mask.shape).masked_fill(~mask, -torch.inf)
        received = attention_received(query, key, weights, mask)
        expected = attention_received(query, key, weights, keys[:, None, None, :])
        torch.testing.assert_close(received, expected, atol=1e-6, rtol=0)

    # For the shape above: a query, two queries, three heads, two windows at a time, and all at once.
    @pytest.mark.parametrize("chunk", [1, 20, 150, 400, 1000])
    @pytest.mark.parametrize("kind", list(masks()))
    def test_is_the_same_in_chunks(self, chunk: int, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
        query, key = queries_and_keys()
        mask = masks()[kind]
        monkeypatch.setattr(attention_sums, "CPU_SCORES", chunk)
        received = attention_received(query, key, padded_weights(), mask)
        expected = column_sums(explicit_attention(query, key, mask), padded_weights())
        assert_close(received, expected)

    @pytest.mark.parametrize("shape", [(1, 1, 1, 1), (5, 2, 9, 3), (1, 3, 16, 4), (4, 1, 2, 1)])
    @pytest.mark.parametrize("chunk", [1, 7, 64, 200])
    def test_is_the_same_in_chunks_of_other_shapes(
        self, chunk: int, shape: tuple[int, int, int, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        windows, heads, length, _ = shape
        query, key = queries_and_keys(shape)
        weights = padded_weights(windows, length)
        mask = masks(windows, heads, length)["float biases of each head"]
        monkeypatch.setattr(attention_sums, "CPU_SCORES", chunk)
        received = attention_received(query, key, weights, mask)
        assert_close(received, column_sums(explicit_attention(query, key, mask), weights))

    @pytest.mark.parametrize("chunk", [1, 7, 20, 150, 400])
    def test_causal_queries_are_the_same_in_chunks(self, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
        query, key = queries_and_keys()
        monkeypatch.setattr(attention_sums, "CPU_SCORES", chunk)
        received = attention_received(query, key, padded_weights(), is_causal=True)
        matrices = explicit_attention(query, key, is_causal=True)
        assert_close(received, column_sums(matrices, padded_weights()))

    @pytest.mark.parametrize(
        ("chunk", "largest", "chunks"),
        [
            (1, LENGTH, WINDOWS * HEADS * LENGTH),
            (20, 2 * LENGTH, WINDOWS * HEADS * 4),
            (150, 3 * LENGTH**2, WINDOWS * 2),
            (400, 2 * HEADS * LENGTH**2, 2),
            (1000, WINDOWS * HEADS * LENGTH**2, 1),
        ],
    )
    def test_no_more_scores_exist_at_a_time_than_a_chunk_or_one_row(
        self, chunk: int, largest: int, chunks: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(attention_sums, "CPU_SCORES", chunk)
        with SoftmaxSizes() as softmax:
            attention_received(*queries_and_keys(), full_weights())
        assert max(softmax.sizes) == largest
        assert len(softmax.sizes) == chunks

    def test_gives_float32_near_the_reference_for_bfloat16(self) -> None:
        query, key = (tensor.bfloat16() for tensor in queries_and_keys())
        mask = masks()["float keys"]
        assert mask is not None
        received = attention_received(query, key, full_weights(), mask.bfloat16())
        expected = column_sums(explicit_attention(query, key, mask), full_weights())
        assert_close(received, expected, atol=0.05)


class TestAttentionObserver:
    @pytest.mark.parametrize("kind", list(masks()))
    def test_sees_scaled_dot_product_attention(self, kind: str) -> None:
        query, key = queries_and_keys()
        mask = masks()[kind]
        with AttentionObserver([0], padded_weights()) as observer:
            F.scaled_dot_product_attention(query, key, key, attn_mask=mask)
        assert observer.calls == 1
        expected = column_sums(explicit_attention(query, key, mask), padded_weights())
        assert_close(observer.received[0], expected)

    @pytest.mark.parametrize("as_keywords", [True, False])
    def test_sees_a_scale_and_a_causal_call(self, as_keywords: bool) -> None:
        query, key = queries_and_keys()
        with AttentionObserver([0], full_weights()) as observer:
            if as_keywords:
                F.scaled_dot_product_attention(query=query, key=key, value=key, is_causal=True, scale=0.3)
            else:
                F.scaled_dot_product_attention(query, key, key, None, 0.0, True, scale=0.3)
        matrices = explicit_attention(query, key, is_causal=True, scale=0.3)
        assert_close(observer.received[0], column_sums(matrices, full_weights()))

    @pytest.mark.parametrize("softmax", SOFTMAXES.values(), ids=SOFTMAXES)
    def test_sees_a_softmax_over_attention_scores(self, softmax: Callable[[Tensor], Tensor]) -> None:
        scores = torch.randn(WINDOWS, HEADS, LENGTH, LENGTH)
        with AttentionObserver([0], padded_weights()) as observer:
            softmax(scores)
        assert observer.calls == 1
        assert_close(observer.received[0], column_sums(scores.double().softmax(-1), padded_weights()))

    def test_takes_the_mask_of_a_tokenizer(self) -> None:
        scores = torch.randn(WINDOWS, HEADS, LENGTH, LENGTH)
        with AttentionObserver([0], padded_weights().long()) as observer:
            scores.softmax(-1)
        assert_close(observer.received[0], column_sums(scores.double().softmax(-1), padded_weights()))

    def test_gives_float32_for_bfloat16(self) -> None:
        scores = torch.randn(WINDOWS, HEADS, LENGTH, LENGTH).bfloat16()
        with AttentionObserver([0], full_weights()) as observer:
            matrices = scores.softmax(-1)
        assert_close(observer.received[0], column_sums(matrices.double(), full_weights()), atol=1e-5)

    @pytest.mark.parametrize("softmax", SOFTMAXES.values(), ids=SOFTMAXES)
    @pytest.mark.parametrize(
        "shape",
        [
            (WINDOWS, LENGTH, LENGTH),
            (WINDOWS, HEADS, LENGTH, LENGTH + 1),
            (WINDOWS, HEADS, LENGTH + 1, LENGTH),
            (WINDOWS, HEADS, LENGTH + 1, LENGTH + 1),
            (WINDOWS + 1, HEADS, LENGTH, LENGTH),
            (WINDOWS, 1, HEADS, LENGTH, LENGTH),
            (),
        ],
    )
    def test_ignores_a_softmax_of_another_shape(
        self, shape: tuple[int, ...], softmax: Callable[[Tensor], Tensor]
    ) -> None:
        with AttentionObserver([0], full_weights()) as observer:
            softmax(torch.randn(shape))
        assert observer.calls == 0
        assert observer.received == {}

    @pytest.mark.parametrize(
        ("query_shape", "key_shape"),
        [
            ((WINDOWS, HEADS, LENGTH, WIDTH), (WINDOWS, HEADS, LENGTH + 1, WIDTH)),
            ((WINDOWS, HEADS, 1, WIDTH), (WINDOWS, HEADS, LENGTH, WIDTH)),
            ((WINDOWS, HEADS, LENGTH + 1, WIDTH), (WINDOWS, HEADS, LENGTH + 1, WIDTH)),
            ((WINDOWS + 1, HEADS, LENGTH, WIDTH), (WINDOWS + 1, HEADS, LENGTH, WIDTH)),
            ((WINDOWS, HEADS, LENGTH), (WINDOWS, HEADS, LENGTH)),
            ((WINDOWS, LENGTH), (WINDOWS, LENGTH)),
        ],
    )
    def test_ignores_attention_to_or_from_something_else(
        self, query_shape: tuple[int, ...], key_shape: tuple[int, ...]
    ) -> None:
        query, key = torch.randn(query_shape), torch.randn(key_shape)
        with AttentionObserver([0], full_weights()) as observer:
            F.scaled_dot_product_attention(query, key, key)
        assert observer.calls == 0
        assert observer.received == {}

    def test_a_softmax_over_nothing_of_a_padded_query_changes_nothing(self) -> None:
        scores = torch.randn(WINDOWS, HEADS, LENGTH, LENGTH)
        weights = padded_weights()
        expected = sums_of_matrices(scores.softmax(-1), weights).received
        scores = scores.masked_fill((weights == 0)[:, None, :, None], -torch.inf)
        with AttentionObserver([0], weights) as observer:
            assert F.softmax(scores, dim=-1).isnan().any()
        torch.testing.assert_close(observer.received[0], expected, atol=1e-6, rtol=0)

    def test_ignores_other_functions(self) -> None:
        scores = torch.randn(WINDOWS, HEADS, LENGTH, LENGTH)
        with AttentionObserver([0], full_weights()) as observer:
            scores.log_softmax(-1).exp().sigmoid() @ scores
        assert observer.calls == 0

    def test_keeps_only_the_layers_wanted(self) -> None:
        query, key = queries_and_keys()
        scores = torch.randn(WINDOWS, HEADS, LENGTH, LENGTH)
        with AttentionObserver([1, 2, 9], full_weights()) as observer:
            F.scaled_dot_product_attention(key, query, key)
            F.scaled_dot_product_attention(query, key, key)
            scores.softmax(-1)
            F.softmax(scores * 2, dim=-1)
        assert observer.calls == 4
        assert sorted(observer.received) == [1, 2]
        assert_close(observer.received[1], column_sums(explicit_attention(query, key), full_weights()))
        assert_close(observer.received[2], column_sums(scores.double().softmax(-1), full_weights()))

    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
    def test_leaves_the_results_as_they_are(self, dtype: torch.dtype) -> None:
        query, key = (tensor.to(dtype) for tensor in queries_and_keys())
        mask = masks()["bool pairs"]

        def run() -> list[Tensor]:
            scores = query @ key.transpose(-1, -2)
            attended = F.scaled_dot_product_attention(query, key, key, attn_mask=mask)
            return [attended, *(softmax(scores) for softmax in SOFTMAXES.values())]

        unobserved = run()
        with AttentionObserver(range(5), full_weights()) as observer:
            observed = run()
        assert observer.calls == len(observed)
        assert all(torch.equal(*pair) for pair in zip(observed, unobserved, strict=True))

    def test_sees_nothing_outside_its_block(self) -> None:
        scores = torch.randn(WINDOWS, HEADS, LENGTH, LENGTH)
        observer = AttentionObserver([0, 1, 2], full_weights())
        scores.softmax(-1)
        with observer:
            scores.softmax(-1)
        scores.softmax(-1)
        assert observer.calls == 1

    def test_sees_nothing_after_its_block_raised(self) -> None:
        scores = torch.randn(WINDOWS, HEADS, LENGTH, LENGTH)
        observer = AttentionObserver([0, 1, 2], full_weights())

        def attend_and_fail() -> None:
            with observer:
                scores.softmax(-1)
                F.scaled_dot_product_attention(scores, scores[..., :1], scores)

        with pytest.raises(RuntimeError, match="size"):
            attend_and_fail()
        scores.softmax(-1)
        assert observer.calls == 1

    def test_two_threads_do_not_see_each_others_calls(self) -> None:
        both_observe = threading.Barrier(2, timeout=10)
        scores = {calls: torch.randn(WINDOWS, HEADS, LENGTH, LENGTH) for calls in (3, 5)}
        observers: dict[int, AttentionObserver] = {}

        def run(calls: int) -> None:
            with AttentionObserver([calls - 1], full_weights()) as observer:
                both_observe.wait()
                for _ in range(calls):
                    scores[calls].softmax(-1)
                both_observe.wait()
            observers[calls] = observer

        threads = [threading.Thread(target=run, args=(calls,)) for calls in scores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for calls, observer in observers.items():
            assert observer.calls == calls
            expected = column_sums(scores[calls].double().softmax(-1), full_weights())
            assert_close(observer.received[calls - 1], expected)
        assert sorted(observers) == [3, 5]

    @pytest.mark.parametrize("softmax", SOFTMAXES.values(), ids=SOFTMAXES)
    def test_two_observers_see_the_same_call(self, softmax: Callable[[Tensor], Tensor]) -> None:
        scores = torch.randn(WINDOWS, HEADS, LENGTH, LENGTH)
        expected = column_sums(scores.double().softmax(-1), full_weights())
        with AttentionObserver([0, 1], full_weights()) as outer:
            with AttentionObserver([0], full_weights()) as inner:
                softmax(scores)
            softmax(scores)
        assert (outer.calls, inner.calls) == (2, 1)
        assert_close(inner.received[0], expected)
        assert_close(outer.received[0], expected)
        assert_close(outer.received[1], expected)
