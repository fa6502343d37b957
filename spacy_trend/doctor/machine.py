"""Findings about what a pipeline runs on: versions, extras, and whether bfloat16 pays."""

import platform

import torch

from ..dependencies import EXTRAS, unmet_requirements, versions
from ..encoder.bfloat16 import bfloat16_obstacle, bfloat16_time
from ..encoder.requests import EncoderSize
from .findings import Finding, error, fine, warning


def about_packages() -> list[Finding]:
    """The versions of Python and of the packages, what is not as required, and extras that are missing."""
    known = {"Python": platform.python_version(), **versions("spacy-transformers")}
    findings = [fine("versions", "Versions: " + ", ".join(f"{name} {known[name]}" for name in known))]
    unmet = unmet_requirements()
    if unmet:
        text = f"Not installed, or in another version than required: {', '.join(unmet)}"
        install = "pip install " + " ".join(f'"{requirement}"' for requirement in unmet)
        findings.append(error("requirements", text, install))
    return [*findings, _about_extras()]


def about_bfloat16(size: EncoderSize, device: torch.device, precision: str) -> Finding:
    """Whether bfloat16 pays for an encoder on the device it is on; where it might, it is measured.

    precision: the setting of the trend vector.
    """
    reason = bfloat16_obstacle(device)
    if reason is None:
        share = bfloat16_time(device, size.width, size.intermediate_width)
        reason = f"a product of matrices of the encoder's size takes {share:.2f} of the time of float32"
        if share < 1:
            used = "is used" if precision == "bfloat16" else "is not used: set precision='bfloat16' to use it"
            return fine("bfloat16", f"bfloat16 pays on this device ({device.type}): {reason}. It {used}")
    text = f"bfloat16 does not pay on this device ({device.type}): {reason}"
    if precision == "bfloat16":
        return warning("bfloat16", text, "In the settings of 'trend_vector': precision = \"model\"")
    return fine("bfloat16", f"{text}. It is not used")


def _about_extras() -> Finding:
    missing = [extra for extra in EXTRAS if unmet_requirements(extra)]
    if not missing:
        return fine("extras", f"Extras: all are installed ({', '.join(EXTRAS)})")
    listed = "; ".join(f"{extra}, for {EXTRAS[extra]}" for extra in missing)
    # Nothing wrong: hardly anybody needs them all.
    names = ",".join(missing)
    return fine("extras", f'Extras that are not installed: {listed}. All: pip install "spacy-trend[{names}]"')
