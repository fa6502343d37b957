"""What settings may be: layer numbers, choices, seeds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_trend.settings import check_choice, check_layer, check_seed, layer_numbers


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (None, [0, 1, 2, 3, 4, 5]),
        ((), []),
        ((0, 5), [0, 5]),
        ((-1, -6), [5, 0]),
        ((0.5, 0.34, 0.99), [3, 2, 5]),
        ((2.0, -1.0), [2, 5]),
        ((3, 3), [3, 3]),
    ],
)
def test_layers_are_numbered_from_0(wanted: tuple[int | float, ...] | None, numbers: list[int]) -> None:
    assert layer_numbers(wanted, 6, "mine") == numbers


@given(st.integers(1, 100), st.data())
def test_a_fraction_is_the_layer_that_share_of_the_way_up(layers: int, data: st.DataObject) -> None:
    layer = data.draw(st.integers(0, layers - 1))
    assert layer_numbers((layer, layer - layers), layers, "mine") == [layer, layer]
    if layer:
        assert layer_numbers((layer / layers,), layers, "mine") == [layer]


@pytest.mark.parametrize("layer", [6, -7, 60])
def test_a_layer_that_the_encoder_lacks_is_refused(layer: int) -> None:
    with pytest.raises(
        ValueError, match=rf"layer={layer} is out of range: the encoder 'mine' has 6 layers.*Change"
    ):
        layer_numbers((0, layer), 6, "mine")


@pytest.mark.parametrize("layer", [0, -3, 12, 1.0, -1.0, 0.5])
def test_a_layer_number_is_whole_or_a_fraction(layer: int | float) -> None:
    check_layer("owner", layer)


@pytest.mark.parametrize("layer", [1.5, -0.5, float("nan"), float("inf")])
def test_a_layer_fraction_outside_0_to_1_is_refused(layer: float) -> None:
    with pytest.raises(ValueError, match=r"^owner: layer=\S+ is out of range\. Expected a whole number"):
        check_layer("owner", layer)


def test_an_unknown_choice_is_refused_with_those_that_are_known() -> None:
    check_choice("owner", "level", "doc", ("doc", "sentence"))
    with pytest.raises(
        ValueError, match=r"^owner: level='word' is unknown\. Expected 'doc' or 'sentence'\.$"
    ):
        check_choice("owner", "level", "word", ("doc", "sentence"))


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_numpy_would_refuse_is_refused(seed: int) -> None:
    check_seed(0)
    check_seed(2**32 - 1)
    with pytest.raises(ValueError, match=rf"seed={seed} is out of range"):
        check_seed(seed)
