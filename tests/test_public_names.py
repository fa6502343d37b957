"""What `import spacy_trend` hands on."""

import spacy_trend
from spacy_trend.attributes.hooks import install_hooks
from spacy_trend.attributes.stored_selection import allow_selection
from spacy_trend.component.factory import make_trend_vector, observe
from spacy_trend.component.presets import PRESETS
from spacy_trend.method.interface import Change, Select, Selection
from spacy_trend.visualize import render, serve


def test_dir_lists_the_public_names_alone() -> None:
    assert dir(spacy_trend) == sorted([*spacy_trend.__all__, "__version__"])
    assert all(hasattr(spacy_trend, name) for name in spacy_trend.__all__)


def test_they_are_those_of_the_rooms() -> None:
    handed_on = {
        "Change": Change,
        "PRESETS": PRESETS,
        "Select": Select,
        "Selection": Selection,
        "allow_selection": allow_selection,
        "install_hooks": install_hooks,
        "make_trend_vector": make_trend_vector,
        "observe": observe,
        "render": render,
        "serve": serve,
    }
    assert {name: getattr(spacy_trend, name) for name in handed_on} == handed_on
