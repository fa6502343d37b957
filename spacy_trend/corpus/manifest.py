"""What shards are made with: stored in the metadata of every sealed file, read back, and compared."""

import json
from typing import Any

import pyarrow as pa
from spacy import Language

from ..component.trend_vector import trend_components
from ..dependencies import versions
from ..messages import shorten
from .seals import BrokenFileError

#: The key of the manifest in the metadata of a schema.
METADATA = b"spacy_trend"
#: The key in the metadata of a shard's schema of the rows that the pipeline could not embed.
LEFT_OUT = b"spacy_trend_errors"


#: The key of what the pipeline was loaded from, in short; see `pipeline`.
ORIGIN = "origin"
#: Packages whose versions are recorded beside those that every vector depends on.
VERSIONED = ("spacy-transformers", "pyarrow")


def describe_pipeline(nlp: Language) -> dict[str, Any]:
    """Return what a manifest says of the pipeline that makes the vectors.

    Args:
        nlp: a pipeline with a trend vector.
    """
    # Here, because transformers takes seconds to import, and a run with nothing left to do needs no pipeline.
    from ..encoder.facts import facts_of
    from ..encoder.fingerprint import fingerprint

    name, component = trend_components(nlp)[-1]
    facts = facts_of(component.encoder.transformer) if component.encoder else None
    return {
        "pipeline": fingerprint(nlp),
        "encoder": facts.size.name if facts else None,
        "windows": facts.windows._asdict() if facts else None,
        "settings": nlp.get_pipe_config(name),
        "versions": versions(*VERSIONED),
    }


def described(
    schema: pa.Schema, manifest: dict[str, Any], left_out: dict[int, str] | None = None
) -> pa.Schema:
    """Return a schema with a manifest in its metadata.

    Args:
        schema: of a shard.
        manifest: what it is made with.
        left_out: positions and errors of the rows that were left out; None if there are none.

    Returns:
        The schema.
    """
    metadata = {METADATA: json.dumps(manifest).encode()}
    if left_out:
        metadata[LEFT_OUT] = json.dumps(sorted(left_out.items())).encode()
    return schema.with_metadata(metadata)


def manifest_in(schema: pa.Schema) -> dict[str, Any]:
    """Read the manifest of a file.

    Args:
        schema: of the file, as `described` made it.

    Returns:
        The manifest.

    Raises:
        BrokenFileError: if there is none: a seal can be made by anybody.
    """
    try:
        manifest: dict[str, Any] = json.loads((schema.metadata or {})[METADATA])
        numbers = [manifest["input"]["rows"], manifest["shard_rows"] - 1]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise BrokenFileError("does not say what it was made with") from error
    if not all(isinstance(number, int) and number >= 0 for number in numbers):
        raise BrokenFileError("does not say how many rows it was made for")
    return manifest


def left_out_in(schema: pa.Schema) -> dict[int, str]:
    """Read positions and errors of the rows that a shard left out.

    Args:
        schema: of the file, as `described` made it.

    Returns:
        The errors by position.

    Raises:
        BrokenFileError: if it does not tell them.
    """
    try:
        left_out = dict(json.loads((schema.metadata or {}).get(LEFT_OUT, b"[]")))
    except (TypeError, ValueError, RecursionError) as error:
        raise BrokenFileError("does not say which rows it left out") from error
    for row, reason in left_out.items():
        if not (isinstance(row, int) and 0 <= row < 2**63 and isinstance(reason, str)):
            raise BrokenFileError("does not say which rows it left out")
    return left_out


def differing(before: dict[str, Any], manifest: dict[str, Any]) -> list[str]:
    """Return the keys by which two manifests differ.

    Versions are recorded but not compared: a patch release of spaCy is no reason to start again. The version
    of transformers is part of an encoder's settings, and so of the pipeline's digest. Nor is the origin: the
    same pipeline may have been copied; nor windows that earlier versions of this package did not record, as
    the digest is of them, too.

    Args:
        before: the one.
        manifest: the other.

    Returns:
        The keys.
    """
    left_out = {"versions", ORIGIN} | ({"windows"} - before.keys())
    return [key for key in manifest if key not in left_out and before.get(key) != manifest[key]]


def difference(key: str, before: Any, now: Any) -> str:
    """Return how two manifests differ in a key, for messages.

    Args:
        key: of both.
        before: the value of the one.
        now: the value of the other.
    """
    # Of a dictionary, only the keys that changed.
    if isinstance(before, dict) and isinstance(now, dict):
        return "; ".join(
            difference(f"{key} {name}", before.get(name), now[name])
            for name in now
            if before.get(name) != now[name]
        )
    # Digests tell a reader nothing.
    if key in ("pipeline", "input sha256"):
        return f"another {key.split()[0]}"
    return f"{key}: {shorten(before, 200)} before, {shorten(now, 200)} now"
