"""Selections that records name: ours, those of this process, those that are allowed, and no others."""

import json
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language
from spacy.tokens import Doc

import spacy_trend
from spacy_trend.attributes import stored_selection
from spacy_trend.attributes.stored_selection import OWN, config_of, remember_selection, selection_of
from spacy_trend.method.interface import Selection
from spacy_trend.method.mutual_pairs import dependency_pair, mutual_pair
from spacy_trend.method.selections import attended_words, leading_pair
from spacy_trend.types import Floats, Ints
from tests.support.checkout import ROOT
from tests.support.pictures import LEADING_PAIR, made_doc

NAME = "spacy-trend-tests.first_word.v1"
#: What the registered function was called with.
CALLS: list[Any] = []


class FirstWord:
    rows, layers = "layers", None

    def __init__(self, weight: float, name: str = NAME) -> None:
        self.config = {"@misc": name, "weight": weight}

    def __call__(self, attention: Floats, lengths: Ints | None = None) -> Selection:
        weights = np.zeros(attention.shape[1], dtype=np.float32)
        weights[:1] = self.config["weight"]
        return Selection(weights, np.array([0]), np.array([-1]))


@spacy.registry.misc(NAME)
def first_word(weight: float = 1.0) -> FirstWord:
    CALLS.append(weight)
    return FirstWord(weight)


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test begins without selections that others have used or allowed."""
    monkeypatch.setattr(stored_selection, "_USED", {})
    monkeypatch.setattr(stored_selection, "_ALLOWED", set())
    stored_selection._make.cache_clear()
    CALLS.clear()
    yield
    stored_selection._make.cache_clear()


def read(select: Any) -> Any:
    doc = made_doc(select=select)
    return doc[0:2]._.trend_focus


def draw(select: Any) -> Any:
    return spacy_trend.render(made_doc(select=select), jupyter=False)


def test_all_selections_that_are_registered_are_known() -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    lines = config["options.entry_points"]["spacy_misc"].split("\n")
    named = {
        line.split(" = ")[0]
        for line in lines
        if "method.selections:" in line or "method.mutual_pairs:" in line
    }
    assert set(OWN) == named
    for name in named:
        assert OWN[name] is spacy.registry.get("misc", name)


@pytest.mark.parametrize(
    "select",
    [
        leading_pair(),
        leading_pair(rows="layers", focus="most"),
        attended_words(),
        attended_words(layer=-1, residual=2),
        mutual_pair(),
        mutual_pair(layers=None),
        dependency_pair(layers=[0, 0.5]),
    ],
)
def test_our_own_are_made_of_their_settings(select: Any) -> None:
    record = made_doc(select=select.config)._.trend_record
    assert selection_of(record) == select
    assert config_of(record) == json.loads(json.dumps(select.config))


BLOCK = {"@loggers": "spacy.ConsoleLogger.v3", "output_file": "written.jsonl"}
REFUSED: dict[str, tuple[Any, str]] = {
    "a function of another registry": (BLOCK, "Expected the block of a config with the name"),
    "a reader of files": ({"@readers": "srsly.read_json.v1", "path": "a.json"}, "Expected the block"),
    "two registries": ({**BLOCK, **LEADING_PAIR}, "'@loggers' = 'spacy.ConsoleLogger.v3'"),
    "a function in a setting": ({**LEADING_PAIR, "rows": BLOCK}, "'rows' = {'@loggers'"),
    "a function in a list": (
        {"@misc": "spacy-trend.mutual_pair.v1", "layers": [BLOCK]},
        "'layers' = .*Expected only the settings layers",
    ),
    "a misc function that is no selection": (
        {"@misc": "spacy-trend.bundled_encoder.v1"},
        r"'spacy-trend\.bundled_encoder\.v1', which is not used because a record says so",
    ),
    "an unknown setting": ({**LEADING_PAIR, "path": "a"}, "'path' = 'a'.*the settings rows, layer, focus"),
    "a text for a number": ({**LEADING_PAIR, "layer": "0"}, "'layer' = '0'"),
    "a truth for a number": ({**LEADING_PAIR, "layer": True}, "'layer' = True"),
    "a number for a text": ({**LEADING_PAIR, "rows": 1}, "'rows' = 1"),
    "an unknown choice": ({**LEADING_PAIR, "rows": "words"}, r"rows='words' is unknown"),
    "a number for a list": ({"@misc": "spacy-trend.mutual_pair.v1", "layers": 1}, "'layers' = 1"),
    "an infinite number": (
        {"@misc": "spacy-trend.attended_words.v1", "residual": float("inf")},
        "'residual' = inf",
    ),
    "a number beyond all": (
        {"@misc": "spacy-trend.attended_words.v1", "residual": 10**300},
        "'residual' = 1",
    ),
    "not a number": ({"@misc": "spacy-trend.attended_words.v1", "layer": float("nan")}, "'layer' = nan"),
    "a registered one that nobody used": ({"@misc": NAME, "weight": 1.0}, "call spacy_trend.allow_selection"),
    "one that is not registered": ({"@misc": "no.such.v1"}, r"'no\.such\.v1'"),
    "a list": ([LEADING_PAIR], "Expected the block of a config"),
    "a number": (7, "Expected the block of a config"),
    "a number for a name": ({"@misc": 7}, "Expected the block of a config"),
    "nothing": ({}, "Expected the block of a config"),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("reader", ["a phrase", "a picture"])
def test_what_a_record_names_is_never_looked_up(
    what: str, reader: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def resolve(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("resolved")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(spacy.registry, "resolve", resolve)
    monkeypatch.setattr(spacy.registry, "get", resolve)
    select, message = REFUSED[what]
    is_shown_alone = reader == "a picture" and isinstance(select, dict) and "@misc" in select
    if is_shown_alone and isinstance(select["@misc"], str) and select["@misc"] not in OWN:
        assert select["@misc"] in draw(select)
    else:
        with pytest.raises(ValueError, match=message):
            (read if reader == "a phrase" else draw)(select)
    assert list(tmp_path.iterdir()) == []
    assert CALLS == []


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"@misc": ' + "[" * 100_000])
def test_what_is_no_json_is_refused(text: str) -> None:
    record = {**made_doc()._.trend_record, "select": text}
    for reader in (selection_of, config_of):
        with pytest.raises(ValueError, match="Expected the block of a config"):
            reader(record)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", OWN)
def test_our_own_refuse_a_record_without_attention(name: str) -> None:
    doc = made_doc(attention=np.zeros((0, 4)), select={"@misc": name})
    with pytest.raises(ValueError, match=r"has no row of attention.*Run the pipeline"):
        doc[0:2]._.trend_focus  # noqa: B018


def test_one_that_a_component_was_made_with_is_used_itself() -> None:
    select = FirstWord(2.0)
    remember_selection(select)
    assert selection_of(made_doc(select=select.config)._.trend_record) is select
    assert CALLS == []
    with pytest.raises(ValueError, match=r"no component .* was made with it and the settings \{'weight': 3"):
        read({"@misc": NAME, "weight": 3.0})


def test_one_under_the_name_of_ours_is_not_remembered() -> None:
    select = FirstWord(2.0)
    select.config = LEADING_PAIR
    remember_selection(select)
    assert selection_of(made_doc()._.trend_record) == leading_pair()


def test_a_component_that_is_made_remembers_its_selection(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    nlp = make_nlp(tiny_encoder, {"select": {"@misc": NAME, "weight": 2.0}})
    stored = nlp("I want an apple.").to_bytes()
    CALLS.clear()
    doc = Doc(nlp.vocab).from_bytes(stored)
    assert doc[1:3]._.trend_focus.text == "want"
    assert CALLS == []


def test_one_that_is_allowed_by_name_is_made_once() -> None:
    select = {"@misc": NAME, "weight": 3.0}
    spacy_trend.allow_selection(NAME)
    assert [read(select).text for _ in range(3)] == ["I"] * 3
    assert CALLS == [3.0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weight": BLOCK}, "Expected plain values, and no block that names a function"),
        ({"weight": [1, {"deep": BLOCK}]}, "Expected plain values"),
        ({"@loggers": "a"}, "Expected plain values"),
        ({"wait": 1}, r"which it does not take: .*'wait'.*Expected those of \(weight"),
    ],
)
def test_one_that_is_allowed_takes_plain_settings_alone(settings: dict[str, Any], message: str) -> None:
    spacy_trend.allow_selection(NAME)
    with pytest.raises(ValueError, match=message):
        read({"@misc": NAME, **settings})
    assert CALLS == []


def test_one_that_is_allowed_but_not_registered_is_named() -> None:
    spacy_trend.allow_selection("no.such.v1")
    with pytest.raises(ValueError, match=r"'no\.such\.v1', which is allowed but not registered here"):
        read({"@misc": "no.such.v1"})


def test_one_that_is_allowed_must_be_a_selection() -> None:
    spacy_trend.allow_selection("spacy-trend.bundled_encoder.v1")
    with pytest.raises(ValueError, match=r"made .*, which is no selection"):
        read({"@misc": "spacy-trend.bundled_encoder.v1"})


@pytest.mark.parametrize("name", [None, "", first_word, {"@misc": NAME}])
def test_what_is_allowed_is_a_name(name: Any) -> None:
    with pytest.raises(ValueError, match=r"allow_selection: got .*expected the name of a selection"):
        spacy_trend.allow_selection(name)
