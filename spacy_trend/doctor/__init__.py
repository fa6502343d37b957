"""A pipeline opened to be examined; where that is not possible, why."""

from contextlib import suppress
from pathlib import Path

from ..dependencies import unmet_requirements
from ..pipelines import open_pipeline
from .findings import FAILURES, Finding, from_exception
from .machine import about_packages


def diagnose(
    model: str | Path | None = None, encoder: str | Path | None = None, lang: str = "en"
) -> list[Finding]:
    """Open a pipeline and examine it, see `doctor.examine`; one that cannot be opened is a finding as well.

    model: name or path of a pipeline; None for one around an encoder, with default settings.
    encoder, lang: see `pipeline.from_encoder`.
    """
    try:
        # Here, because transformers takes seconds to import, or its version is what is wrong.
        from .examination import examine

        nlp = open_pipeline(model, encoder, lang)
    except FAILURES as raised:
        return [*about_packages(), _not_opened(raised, model, encoder)]
    if not model:
        # The examination says why, where it is not possible.
        with suppress(ValueError):
            nlp.add_pipe("trend_vector")
    return examine(nlp)


def _not_opened(raised: Exception, model: str | Path | None, encoder: str | Path | None) -> Finding:
    opened = f"pipeline '{model}'" if model else f"encoder '{encoder}'" if encoder else "bundled encoder"
    fix = _how_to_open(raised, model, encoder)
    return from_exception("opening", raised, fix, where=f"The {opened} could not be opened: ")


def _how_to_open(raised: Exception, model: str | Path | None, encoder: str | Path | None) -> str:
    if model and encoder:
        return "Give --model or --encoder, not both"
    if "curated" in str(raised) and unmet_requirements("curated"):
        return 'pip install "spacy-trend[curated]"'
    if "[E048]" in str(raised):
        return "Give the code of a language that spaCy has, such as --lang en"
    if model and isinstance(raised, OSError):
        is_path = Path(model).name != str(model)
        download = f"python -m spacy download {model}, if it is a pipeline of spaCy's; else give"
        return (
            f"{'Give' if is_path else download} the folder that nlp.to_disk() wrote. An encoder of Hugging "
            "Face goes with --encoder"
        )
    if "in the cached files" in str(raised):
        return (
            "Connect to huggingface.co once, so that it is downloaded, or give the folder of an encoder with "
            "its config.json and weights. Without a connection, HF_HUB_OFFLINE=1 saves waiting for one"
        )
    if model:
        return "Correct the pipeline's config.cfg, or install the package that has what the message names"
    return (
        "Give the name of an encoder on huggingface.co, or of a folder with its config.json and weights. A "
        "pipeline of spaCy goes with --model"
    )
