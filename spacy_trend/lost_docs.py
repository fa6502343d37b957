"""Docs that a pipeline lost: rows of a table would then belong to other texts."""


def check_every_doc(given: int, expected: int, by: str = "The pipeline") -> None:
    """Refuse to go on if docs were lost on their way.

    Args:
        given: how many docs there are.
        expected: how many there should be.
        by: what gave them, for the message.

    Raises:
        ValueError: if the two numbers differ.
    """
    if given != expected:
        raise ValueError(
            f"{by} gave {given} docs for {expected} texts. Expected one for each: take out the error handler "
            "that drops docs."
        )
