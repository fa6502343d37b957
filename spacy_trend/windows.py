"""How a text is cut into the windows that an encoder sees at once."""

from typing import Any

#: How many tokens a window has, and after how many the next one starts, if nothing is said: those of
#: spacy-transformers. If only the window is given, the stride is the same share of it.
WINDOW, STRIDE = 128, 96


def windows_config(window: int | None, stride: int | None) -> dict[str, Any]:
    """Return what the config of a transformer's model says of windows.

    Args:
        window: how many tokens the encoder sees at once; None for what spacy-transformers has.
        stride: after how many tokens the next window starts; None for three quarters of the window.

    Returns:
        the block `get_spans`; nothing if neither is given.

    Raises:
        ValueError: for windows that are none, or would leave tokens out.
    """
    if window is None and stride is None:
        return {}
    for name, number in (("window", window), ("stride", stride)):
        if number is not None and (not isinstance(number, int) or number < 1):
            raise ValueError(
                f"Got {name}={number!r}. Expected a whole number of tokens, 1 or more: change it, or leave "
                "it out."
            )
    size = WINDOW if window is None else window
    step = max(1, size * STRIDE // WINDOW) if stride is None else stride
    if step > size:
        of_whom = " of spacy-transformers" if window is None else ""
        raise ValueError(
            f"Got stride={step}, more than the window{of_whom} has tokens, {size}: those between two windows "
            f"would be left out. Expected at most {size}: lower the stride, or raise the window."
        )
    getter = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": size, "stride": step}
    return {"get_spans": getter}
