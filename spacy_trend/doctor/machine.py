"""Findings about the installation and the device: versions, extras, and whether bfloat16 pays."""

import platform

import torch

from ..dependencies import EXTRAS, unmet_requirements, versions
from ..encoder.bfloat16 import bfloat16_obstacle, bfloat16_time
from ..encoder.requests import EncoderSize
from .findings import Finding, error, fine, warning


def about_packages() -> list[Finding]:
    """Return findings on versions of Python and packages, unmet requirements, and missing extras."""
    known = {"Python": platform.python_version(), **versions("spacy-transformers")}
    listed = ", ".join(f"{name} {number}" for name, number in known.items())
    findings = [fine("versions", f"Versions: {listed}")]
    unmet = unmet_requirements()
    if unmet:
        text = f"Not installed, or not in the required version: {', '.join(unmet)}"
        install = "pip install " + " ".join(f'"{requirement}"' for requirement in unmet)
        findings.append(error("requirements", text, install))
    return [*findings, _about_extras()]


def about_bfloat16(size: EncoderSize, device: torch.device, precision: str) -> Finding:
    """Return a finding on whether bfloat16 pays; it is timed if the device supports it.

    Args:
        size: the encoder's size.
        device: the encoder's device.
        precision: the setting of the trend vector.
    """
    reason = bfloat16_obstacle(device)
    if reason is None:
        share = bfloat16_time(device, size.width, size.intermediate_width)
        reason = f"a matrix product of the encoder's size takes {share:.2f} of the time of float32"
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
    # Not a warning: few users need them all.
    names = ",".join(missing)
    return fine("extras", f'Extras that are not installed: {listed}. All: pip install "spacy-trend[{names}]"')
