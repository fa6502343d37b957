"""Which layers and rows of attention are asked for."""

import pytest
import torch
from torch import Tensor

from spacy_trend.encoder.requests import AttentionRequest, EncoderSize
from spacy_trend.method.mutual_pairs import mutual_pair
from spacy_trend.method.selections import attended_words

SIZE = EncoderSize("BertModel (bert)", layers=6, heads=12, width=384, intermediate_width=1536)
WINDOWS, HEADS, LENGTH = 3, 4, 7


@pytest.mark.parametrize("layer", [0.0, 1.0, 3.0, -1.0, -6.0])
def test_a_whole_number_may_be_written_as_a_fraction(layer: float) -> None:
    for select in attended_words(layer), mutual_pair([layer]):
        request = AttentionRequest(select.rows, (layer,), (layer,))
        assert request.row_layers(SIZE) == request.mutual_layer_numbers(SIZE) == [layer % 6]


@pytest.mark.parametrize(
    ("fraction", "layers", "number"),
    [(0.5, 6, 3), (0.34, 6, 2), (0.34, 12, 4), (0.34, 2, 0), (0.99, 6, 5), (0.01, 12, 0), (0.5, 1, 0)],
)
def test_a_fraction_is_a_part_of_the_way_up(fraction: float, layers: int, number: int) -> None:
    request = AttentionRequest("layers", (fraction,), (fraction, -1))
    size = SIZE._replace(layers=layers)
    assert request.row_layers(size) == [number]
    assert request.mutual_layer_numbers(size) == [number, layers - 1]


@pytest.mark.parametrize("layers", [1, 2, 3, 6, 12, 24, 32, 48])
def test_a_part_of_the_way_that_is_a_layers_own_is_that_layer(layers: int) -> None:
    for layer in range(1, layers):
        request = AttentionRequest("layers", (layer / layers,))
        assert request.row_layers(SIZE._replace(layers=layers)) == [layer]


def test_all_layers_are_none() -> None:
    size = SIZE._replace(layers=3)
    assert AttentionRequest("layers", (0,), None).mutual_layer_numbers(size) == [0, 1, 2]
    assert AttentionRequest("layers", (0,)).mutual_layer_numbers(size) == []


@pytest.mark.parametrize("layer", [6, -7])
def test_a_mutual_layer_that_the_encoder_lacks_is_refused(layer: int) -> None:
    with pytest.raises(ValueError, match=rf"layer={layer} is out of range: the encoder 'mine' has 6 layers"):
        AttentionRequest("layers", (0,), (0, layer)).mutual_layer_numbers(SIZE._replace(name="mine"))


class TestAttentionRequest:
    @pytest.mark.parametrize(
        ("layers", "numbers"),
        [
            (None, [0, 1, 2, 3, 4, 5]),
            ((0,), [0]),
            ((5,), [5]),
            ((-1,), [5]),
            ((-6,), [0]),
            ((4, -5, 2), [4, 1, 2]),
        ],
    )
    def test_numbers_layers_from_the_first(self, layers: tuple[int, ...] | None, numbers: list[int]) -> None:
        assert AttentionRequest("heads", layers).row_layers(SIZE) == numbers

    @pytest.mark.parametrize("layers", [(6,), (-7,), (0, 6), (0, -7, 1)])
    def test_raises_for_a_layer_that_the_encoder_lacks(self, layers: tuple[int, ...]) -> None:
        request = AttentionRequest("heads", layers)
        missing = next(layer for layer in layers if not -6 <= layer < 6)
        with pytest.raises(ValueError, match=rf"layer={missing} is out of range") as error:
            request.row_layers(SIZE)
        message = str(error.value)
        assert f"the encoder '{SIZE.name}' has 6 layers" in message
        assert "a number from 0 to 5, or from -6 to -1 counted from the last" in message
        assert "Change the layer in the setting 'select'" in message
        with pytest.raises(ValueError, match=rf"layer={missing} is out of range"):
            request.row_count(SIZE)

    @pytest.mark.parametrize(
        ("rows", "layers", "count"),
        [
            ("heads", (0,), 12),
            ("heads", (0, -1), 24),
            ("heads", None, 72),
            ("layers", (2,), 1),
            ("layers", (0, 3), 2),
            ("layers", None, 6),
        ],
    )
    def test_counts_its_rows(self, rows: str, layers: tuple[int, ...] | None, count: int) -> None:
        assert AttentionRequest(rows, layers).row_count(SIZE) == count


def received_by_layer() -> dict[int, Tensor]:
    """Three layers of one window, two heads and three wordpieces."""
    first = torch.tensor([[[1.0, 2, 3], [5, 6, 7]]])
    return {0: first, 1: first * 10, 2: first * 100}


class TestRequestRows:
    @pytest.mark.parametrize(
        ("rows", "layers", "of_first_wordpiece"),
        [
            ("heads", (0,), [1, 5]),
            ("heads", (-1,), [100, 500]),
            ("heads", (2, 0), [100, 500, 1, 5]),
            ("heads", None, [1, 5, 10, 50, 100, 500]),
            ("layers", (1,), [30]),
            ("layers", (-1, 0), [300, 3]),
            ("layers", None, [3, 30, 300]),
        ],
    )
    def test_stand_layer_by_layer_and_head_by_head(
        self, rows: str, layers: tuple[int, ...] | None, of_first_wordpiece: list[int]
    ) -> None:
        result = AttentionRequest(rows, layers).received_rows(SIZE._replace(layers=3), received_by_layer())
        assert result.dtype == torch.float32
        assert result.shape == (1, 3, len(of_first_wordpiece))
        assert result[0, 0].tolist() == of_first_wordpiece

    def test_are_apart_for_windows_and_wordpieces(self) -> None:
        received = torch.randn(WINDOWS, HEADS, LENGTH)
        rows = AttentionRequest("heads", (0,)).received_rows(SIZE._replace(layers=1), {0: received})
        assert rows.is_contiguous()
        assert rows[2, 5, 3] == received[2, 3, 5]
        means = AttentionRequest("layers", (0,)).received_rows(SIZE._replace(layers=1), {0: received})
        assert means.shape == (WINDOWS, LENGTH, 1)
        torch.testing.assert_close(means[2, 5, 0], received[2, :, 5].mean())

    def test_raise_for_a_layer_that_the_encoder_lacks(self) -> None:
        with pytest.raises(ValueError, match="layer=3 is out of range"):
            AttentionRequest("heads", (3,)).received_rows(SIZE._replace(layers=3), received_by_layer())
