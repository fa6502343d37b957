"""Findings about a transformer: its encoder, and whether its windows are too long for the encoder."""

import json
from typing import Any

from ..encoder.facts import TransformerFacts, Windows, facts_of
from .findings import Failure, Finding, attempt, error, examined, fine, from_failure, warning

#: Wordpieces a token to allow for, on average, in a safe window. English has 1.1 to 1.3; other languages, and
#: texts full of names and numbers, have more.
PIECES_PER_TOKEN = 2
#: What to do if an encoder's attention is out of reach.
ANOTHER_ENCODER = (
    'Load it with transformer_config = {"attn_implementation": "eager"}, or take an encoder with standard '
    "self-attention, such as BERT or RoBERTa"
)


def describe_transformer(
    name: str, factory: str, transformer: Any
) -> tuple[TransformerFacts | None, list[Finding]]:
    """Return the facts about a transformer component, and the findings about it.

    Args:
        name: the component's name in the pipeline.
        factory: the name of its factory.
        transformer: the component.

    Returns:
        the facts, None if they cannot be found out, and the findings.
    """
    facts = attempt(lambda: facts_of(transformer))
    if isinstance(facts, Failure):
        return None, [from_failure("transformer", facts, ANOTHER_ENCODER)]
    size = facts.size
    attention = f", attention implementation '{facts.attention}'" if facts.attention else ""
    text = f"Transformer '{name}' (factory '{factory}'): {size.name}{attention}"
    found = fine("transformer", text)
    counts = f"Its encoder has {size.layers} layers of {size.heads} heads and width {size.width}"
    windows = examined("windows", f"the windows of '{name}'", lambda: [about_windows(name, facts)])
    return facts, [found, fine("encoder", counts), *windows]


def about_windows(name: str, facts: TransformerFacts) -> Finding:
    """Return a finding on whether windows can have more wordpieces than the encoder accepts.

    Args:
        name: the component's name in the pipeline.
        facts: about the component.
    """
    windows, cut_at, positions = facts.windows, facts.cut_at, facts.positions
    described = _describe_windows(windows)
    if cut_at is None and positions is None:
        return fine("windows", f"{described}; the encoder accepts any number of wordpieces")
    fails = cut_at is None or (positions is not None and positions < cut_at)
    most = min(limit for limit in (cut_at, positions) if limit is not None)
    limit = f"{described}; the encoder accepts {most} wordpieces per window"
    otherwise = "the pipeline fails" if fails else "the rest is cut off"
    fix = _how_to_shorten(name, facts, most)
    if windows.size is None:
        if windows.getter == "spacy-transformers.doc_spans.v1":
            return warning("windows", f"{limit}, and with more {otherwise}", fix)
        return fine("windows", f"{limit}, and with more {otherwise}")
    room = (most - facts.special) / windows.size
    needed = PIECES_PER_TOKEN if windows.unit == "tokens" else 1
    if room >= needed:
        enough = f": enough for {room:.1f} per token" if windows.unit == "tokens" else ""
        return fine("windows", f"{limit}{enough}")
    if room >= 1:
        text = f"{limit}, so if tokens have more than {room:.1f} on average, {otherwise}"
        return warning("windows", text, fix)
    return (error if fails else warning)("windows", f"{limit}, and with more {otherwise}", fix)


def _describe_windows(windows: Windows) -> str:
    if windows.size is None:
        return f"Windows are cut by {windows.getter}"
    stride = f", one every {windows.stride}" if windows.stride else ""
    return f"Windows have {windows.size} {windows.unit}{stride} ({windows.getter})"


def _how_to_shorten(name: str, facts: TransformerFacts, most: int) -> str:
    """Return how to get windows that are short enough."""
    if facts.windows.unit == "wordpieces":
        size = most
        setting, block = "with_spans", {"@architectures": facts.windows.getter}
    else:
        size = max(1, min(128, (most - facts.special) // PIECES_PER_TOKEN))
        setting, block = "get_spans", {"@span_getters": "spacy-transformers.strided_spans.v1"}
    value = {**block, "window": size, "stride": max(1, size * 3 // 4)}
    config = {"components": {name: {"model": {setting: value}}}}
    lines = [
        f"Use shorter windows: components.{name}.model.{setting} in the config, such as",
        f"spacy.load(..., config={json.dumps(config)})",
    ]
    if facts.windows.unit == "tokens" and facts.cut_at != most:
        lines += [
            "and cut off what is still too long:",
            f'nlp.get_pipe("{name}").model.tokenizer.model_max_length = {most}',
        ]
    return "\n".join(lines)
