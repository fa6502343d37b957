"""Values of settings, checked and explained: choices, layers, seeds.

A **layer number** in a setting counts an encoder's layers from 0, or from -1 backwards; a fraction between 0
and 1 is a part of the way up: 0.5 is layer 3 of 6 and layer 6 of 12.

Where several layers are averaged, "upper_half" stands for the layer half of the way up and all above it: 3, 4
and 5 of 6.
"""

from collections.abc import Sequence
from numbers import Integral

#: Layer numbers, or None for all layers.
Layers = tuple[int | float, ...] | None
#: The layers from half of the way up, in place of layer numbers.
UPPER_HALF = "upper_half"


def check_choice(owner: str, setting: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse an unknown value of a setting.

    Args:
        owner: whose setting it is, for the message.
        setting: its name.
        value: what was given.
        choices: the known values.

    Raises:
        ValueError: if the value is not among the choices.
    """
    if value not in choices:
        expected = " or ".join(repr(choice) for choice in choices)
        raise ValueError(f"{owner}: {setting}={value!r} is unknown. Expected {expected}.")


def check_layer(owner: str, layer: int | float) -> None:
    """Refuse a layer fraction outside (0, 1).

    Args:
        owner: whose setting it is, for the message.
        layer: a layer number, see above.

    Raises:
        ValueError: for a number that is neither whole nor between 0 and 1.
    """
    if isinstance(layer, float) and not (layer.is_integer() or 0 < layer < 1):
        raise ValueError(
            f"{owner}: layer={layer!r} is out of range. Expected a whole number, which counts layers from 0, "
            "or a fraction between 0 and 1, a part of the way up: change it in the config."
        )


def check_averaged(owner: str, setting: str, layers: Sequence[int | float] | str) -> Layers | str:
    """Return the layers to average as a setting gives them, checked.

    Args:
        owner: whose setting it is, for the message.
        setting: its name.
        layers: layer numbers, see above, or "upper_half".

    Raises:
        ValueError: for another text, no layer, a value twice, or a number that is neither whole nor between 0
            and 1.
    """
    if layers == UPPER_HALF:
        return UPPER_HALF
    numbers = () if isinstance(layers, str) else tuple(layers)
    is_given = all(isinstance(layer, int | float) and not isinstance(layer, bool) for layer in numbers)
    if not numbers or not is_given or len(set(numbers)) < len(numbers):
        raise ValueError(
            f"{owner}: {setting}={layers!r} names no layers. Expected a list of different layer numbers, "
            f"such as [-1] for the last layer, or {UPPER_HALF!r}: change it in the config."
        )
    for layer in numbers:
        check_layer(owner, layer)
    return numbers


def layer_numbers(wanted: Layers | str, layers: int, encoder: str, setting: str = "select") -> list[int]:
    """Return the layers that a setting names, counted from 0.

    Args:
        wanted: layer numbers or "upper_half", see above; None for all layers.
        layers: how many layers the encoder has.
        encoder: its name, for the message.
        setting: the name of the setting, likewise.

    Raises:
        ValueError: for a layer that the encoder does not have.
    """
    if wanted is None:
        return list(range(layers))
    if isinstance(wanted, str):
        return list(range(layers // 2, layers))
    # Without the small addend, 0.58 of 50 would be 28: floating-point numbers are not exact.
    numbers = [int(layer * layers + 1e-9) if 0 < layer < 1 else int(layer) for layer in wanted]
    for layer in numbers:
        if not -layers <= layer < layers:
            raise ValueError(
                f"layer={layer} is out of range: the encoder '{encoder}' has {layers} layers. Expected "
                f"a number from 0 to {layers - 1}, or from -{layers} to -1 counted from the last. "
                f"Change the layer in the setting '{setting}'."
            )
    return [layer % layers for layer in numbers]


def check_seed(seed: int) -> None:
    """Refuse a seed that a library would refuse later.

    Args:
        seed: of a random generator.

    Raises:
        ValueError: for a seed that is no whole number, or outside 0 to 2**32 - 1.
    """
    if not isinstance(seed, Integral):
        raise ValueError(f"seed={seed!r:.40} is no whole number. Expected one from 0 to 2**32 - 1.")
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed={seed} is out of range. Expected a number from 0 to 2**32 - 1.")
