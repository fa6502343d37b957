"""Values of settings, checked and explained: choices, layers, seeds.

A **layer number** in a setting counts an encoder's layers from 0, or from -1 backwards; a fraction between 0
and 1 is a part of the way up: 0.5 is layer 3 of 6 and layer 6 of 12.
"""

#: Layer numbers, or None for all layers.
Layers = tuple[int | float, ...] | None


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


def layer_numbers(wanted: Layers, layers: int, encoder: str) -> list[int]:
    """Return the layers that a setting names, counted from 0.

    Args:
        wanted: layer numbers, see above; None for all layers.
        layers: how many layers the encoder has.
        encoder: its name, for the message.

    Raises:
        ValueError: for a layer that the encoder does not have.
    """
    if wanted is None:
        return list(range(layers))
    # Without the small addend, 0.58 of 50 would be 28: floating-point numbers are not exact.
    numbers = [int(layer * layers + 1e-9) if 0 < layer < 1 else int(layer) for layer in wanted]
    for layer in numbers:
        if not -layers <= layer < layers:
            raise ValueError(
                f"layer={layer} is out of range: the encoder '{encoder}' has {layers} layers. Expected "
                f"a number from 0 to {layers - 1}, or from -{layers} to -1 counted from the last. "
                "Change the layer in the setting 'select'."
            )
    return [layer % layers for layer in numbers]


def check_seed(seed: int) -> None:
    """Refuse a seed that a library would refuse later.

    Args:
        seed: of a random generator.

    Raises:
        ValueError: for a seed outside 0 to 2**32 - 1.
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed={seed} is out of range. Expected a number from 0 to 2**32 - 1.")
