"""The doctor: it says what a pipeline consists of, what is wrong with it, and how to fix it.

A pipeline that cannot even be opened is diagnosed too, and so is an installation in which transformers fails
to import: importing this room must not import it. It may import everything except the other features and the
commands.
"""

from contextlib import suppress
from pathlib import Path

from spacy import Language

from ..dependencies import unmet_requirements
from ..pipelines import open_pipeline, with_trend_vector
from .findings import FAILURES, Finding, from_exception
from .machine import about_packages


def examine(nlp: Language) -> list[Finding]:
    """Return what a pipeline consists of and what is wrong with it, as findings.

    A short text is run through the pipeline, up to its trend vectors. If it has none, one with the default
    settings is tried, but not added.

    Args:
        nlp: the pipeline; it is not changed.
    """
    # Here, because transformers takes seconds to import, or is what is broken.
    from .examination import examine_pipeline

    return examine_pipeline(nlp)


def diagnose(
    model: str | Path | None = None, encoder: str | Path | None = None, lang: str = "en"
) -> list[Finding]:
    """Open a pipeline and examine it; report it as a finding if it cannot be opened.

    Args:
        model: name or path of a pipeline; None for a pipeline around an encoder, with the default settings.
        encoder: as for `from_encoder`.
        lang: as for `from_encoder`.

    Returns:
        findings, as `examine` returns them.
    """
    try:
        # Here, because transformers takes seconds to import, or is what is broken.
        from .examination import examine_pipeline

        nlp = open_pipeline(model, encoder, lang)
    except FAILURES as raised:
        return [*about_packages(), _not_opened(raised, model, encoder)]
    if not model:
        # If it cannot be added, the examination finds the reason.
        with suppress(*FAILURES):
            with_trend_vector(nlp)
    return examine_pipeline(nlp)


def _not_opened(raised: Exception, model: str | Path | None, encoder: str | Path | None) -> Finding:
    what = f"pipeline '{model}'" if model else f"encoder '{encoder}'" if encoder else "bundled encoder"
    fix = _how_to_open(raised, model, encoder)
    return from_exception("opening", raised, fix, prefix=f"The {what} could not be opened: ")


def _how_to_open(raised: Exception, model: str | Path | None, encoder: str | Path | None) -> str:
    if model and encoder:
        return "Give --model or --encoder, not both"
    if "curated" in str(raised) and unmet_requirements("curated"):
        return 'pip install "spacy-trend[curated]"'
    if "[E048]" in str(raised):
        return "Give the code of a language that spaCy supports, such as --lang en"
    if model and isinstance(raised, OSError):
        is_path = Path(model).name != str(model)
        download = f"If it is one of spaCy's pipelines, python -m spacy download {model}; else give"
        return (
            f"{'Give' if is_path else download} the folder that nlp.to_disk() wrote. For a Hugging Face "
            "encoder, use --encoder"
        )
    if "in the cached files" in str(raised):
        return (
            "Connect to huggingface.co once to download it, or give the folder of an encoder with its "
            "config.json and weights. Without a connection, HF_HUB_OFFLINE=1 avoids waiting for one"
        )
    if model:
        return "Correct the pipeline's config.cfg, or install the package that has what the message names"
    return (
        "Give the name of an encoder on huggingface.co, or a folder with its config.json and weights. For a "
        "spaCy pipeline, use --model"
    )
