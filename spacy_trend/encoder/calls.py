"""Calls of an encoder of Hugging Face's transformers, and what they return."""

from dataclasses import fields, is_dataclass
from typing import Any

from thinc.types import ArgsKwargs
from torch import Tensor
from transformers.file_utils import ModelOutput

from .sizes import encoder_size


def output_of(kind: type[Any], values: dict[str, Any]) -> ModelOutput:
    """Make a model output.

    Args:
        kind: the class of the output.
        values: its fields by name; those that the class does not define stand after the others.

    Returns:
        the output.
    """
    own = {field.name for field in fields(kind)} if is_dataclass(kind) else set()
    output: ModelOutput = kind(**{name: value for name, value in values.items() if name in own})
    for name, value in values.items():
        output[name] = value
    return output


def call(encoder: Any, inputs: ArgsKwargs, **more: bool) -> Any:
    """Call an encoder.

    Args:
        encoder: the encoder.
        inputs: the arguments.
        **more: what else is asked of it, such as `output_hidden_states`.

    Returns:
        its output.

    Raises:
        ValueError: if it does not take what is asked.
    """
    try:
        return encoder(*inputs.args, **{**inputs.kwargs, **more})
    except TypeError as error:
        asked = ", ".join(f"{name}=True" for name in more)
        raise ValueError(
            f"The encoder '{encoder_size(encoder).name}' could not be observed: called with {asked}, it "
            f"raised a TypeError, {str(error)!r}. Expected an encoder whose forward takes these, as those of "
            "transformers do. Have it take them, or use an encoder with standard self-attention."
        ) from error


def hidden_states(encoder: Any, output: ModelOutput) -> tuple[Tensor, ...]:
    """Return the embedding output and the layers' outputs, which a pass was asked for.

    Args:
        encoder: the encoder.
        output: of the pass.

    Returns:
        tensors `(windows, wordpieces, width)`.

    Raises:
        ValueError: if the output does not hold them.
    """
    size = encoder_size(encoder)
    states = output.get("hidden_states")
    last = output.get("last_hidden_state")
    got = [tuple(state.shape) for state in states or ()]
    if states is None or len(got) != size.layers + 1 or (last is not None and got[0] != tuple(last.shape)):
        raise ValueError(
            f"The embedding output of the encoder '{size.name}' could not be observed: asked for it with "
            f"output_hidden_states=True, it gave a {type(output).__name__} with the fields {list(output)} "
            f"and hidden_states of the shapes {got}. Expected hidden_states with the embedding output and "
            f"that of each of {size.layers} layers, all of one shape. Use an encoder alone instead of one "
            "with a decoder, or one with standard self-attention, such as BERT or RoBERTa."
        )
    return tuple(states)


def as_configured(output: ModelOutput, config: Any) -> ModelOutput:
    """Return an output without the fields that the encoder's config does not ask for.

    Args:
        output: of a pass.
        config: the encoder's.
    """
    extra = set()
    if not config.output_hidden_states:
        extra.add("hidden_states")
    if not config.output_attentions:
        extra.add("attentions")
    kept = {name: value for name, value in output.items() if name not in extra}
    return output_of(type(output), kept) if len(kept) < len(output) else output
