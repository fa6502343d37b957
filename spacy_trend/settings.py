"""Values of settings: which are known, and what they are called."""


def check_choice(owner: str, setting: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a value that a setting does not know.

    owner: whose setting it is, for the message.
    RAISES: ValueError where the value is not among the choices.
    """
    if value not in choices:
        expected = " or ".join(repr(choice) for choice in choices)
        raise ValueError(f"{owner}: {setting}={value!r} is unknown. Expected {expected}.")


def check_layer(owner: str, layer: int | float) -> None:
    """Refuse a fraction that is no part of the way up.

    owner: whose setting it is, for the message.
    RAISES: ValueError for a number that is neither whole nor between 0 and 1.
    """
    if isinstance(layer, float) and not (layer.is_integer() or 0 < layer < 1):
        raise ValueError(
            f"{owner}: layer={layer!r} is out of range. Expected a whole number, which counts layers from 0, "
            "or a fraction between 0 and 1, a part of the way up: change it in the config."
        )


def check_seed(seed: int) -> None:
    """Refuse a seed that a library would refuse later. RAISES: ValueError."""
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed={seed} is out of range. Expected a number from 0 to 2**32 - 1.")
