"""The doctor: it says what a pipeline consists of, what is wrong with it, and how to fix it.

A pipeline that cannot even be opened is diagnosed too, and so is an installation in which transformers fails
to import: importing this room must not import it. It may import everything except the other features and the
commands.
"""

from pathlib import Path

from spacy import Language

from ..dependencies import unmet_requirements
from ..pipelines import open_pipeline, with_trend_vector
from .findings import Failure, Finding, attempt, examined, from_failure
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

    def opened() -> Language:
        # Here, because transformers takes seconds to import, or is what is broken.
        from . import examination  # noqa: F401 - imported to try it

        return open_pipeline(model, encoder, lang)

    nlp = attempt(opened)
    if isinstance(nlp, Failure):
        failure = nlp
        packages = examined("versions", "the installation", about_packages)
        return packages + examined(
            "opening", "what is to be opened", lambda: [_not_opened(failure, model, encoder)]
        )
    if not model:
        # If it cannot be added, the examination finds the reason.
        attempt(lambda: with_trend_vector(nlp))
    return examine(nlp)


def _not_opened(failure: Failure, model: str | Path | None, encoder: str | Path | None) -> Finding:
    what = f"pipeline '{model}'" if model else f"encoder '{encoder}'" if encoder else "bundled encoder"
    fix = _how_to_open(failure, model, encoder)
    return from_failure("opening", failure, fix, prefix=f"The {what} could not be opened: ")


def _how_to_open(failure: Failure, model: str | Path | None, encoder: str | Path | None) -> str:
    if model and encoder:
        return "Give --model or --encoder, not both"
    if "curated" in failure.message and unmet_requirements("curated"):
        return 'pip install "spacy-trend[curated]"'
    if "[E048]" in failure.message:
        return "Give the code of a language that spaCy supports, such as --lang en"
    if model and isinstance(failure.raised, OSError):
        is_path = Path(str(model)).name != str(model)
        download = f"If it is one of spaCy's pipelines, python -m spacy download {model}; else give"
        return (
            f"{'Give' if is_path else download} the folder that nlp.to_disk() wrote. For a Hugging Face "
            "encoder, use --encoder"
        )
    if "in the cached files" in failure.message:
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
