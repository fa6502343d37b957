"""An interrupt, wherever it comes, leaves nothing that the next pass does not put back."""

import logging
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from linecache import getline
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import Any

import numpy as np
import pytest
import torch
from spacy import Language
from torch import nn
from torch.overrides import TorchFunctionMode, _get_current_function_mode_stack, _pop_mode

import spacy_trend
from spacy_trend.encoder.attention import AttentionObserver, observers, take_off
from spacy_trend.encoder.notes import has_notes, lock_of, note, put_back
from spacy_trend.encoder.reported import put_back_level
from spacy_trend.encoder.transformer import shim_of
from tests.support.changes import DIFFERENCE

TEXT = "I want an apple. She sold the old house!"
#: The code of a pass: ours, and the context managers that it uses.
TRACED = ("spacy_trend/encoder/", "contextlib.py", "torch/overrides.py", "grad_mode.py")
LOGGER = logging.getLogger("transformers")
Line = tuple[str, int]


class Tracer:
    """Calls a function before each line of a pass that it is about to run."""

    def __init__(self, before: Callable[[Line], None]) -> None:
        self.before = before

    def __enter__(self) -> None:
        sys.settrace(self._call)

    def __exit__(self, *error: object) -> None:
        sys.settrace(None)

    def _call(self, frame: FrameType, event: str, argument: Any) -> Any:
        return self._line if any(part in frame.f_code.co_filename for part in TRACED) else None

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            self.before((frame.f_code.co_filename, frame.f_lineno))
        return self._line


class Interrupt:
    """A Ctrl-C before a line runs for a given time."""

    def __init__(self, line: Line, time: int) -> None:
        self.line, self.left = line, time

    def __call__(self, line: Line) -> None:
        self.left -= line == self.line
        if line == self.line and self.left == 0:
            raise KeyboardInterrupt


def predict(nlp: Language) -> None:
    nlp.get_pipe("transformer").predict([nlp.make_doc(TEXT)])


def points(nlp: Language) -> list[tuple[Line, int]]:
    """Each line of a first pass, as it runs for the first and for the last time."""
    times: dict[Line, int] = {}

    def count(line: Line) -> None:
        times[line] = times.get(line, 0) + 1

    with Tracer(count):
        predict(nlp)
    # Python takes no interrupt where it runs nothing, as at a try, nor between a block and giving back its
    # lock, for which the line of the lock runs for the last time.
    return [
        (line, time)
        for line, last in times.items()
        for time in sorted({1, last})
        if getline(*line).strip() != "try:" and (time == 1 or "lock_of(" not in getline(*line))
    ]


def is_free(lock: Any) -> bool:
    """Whether another thread gets a lock."""
    found: list[bool] = []

    def take() -> None:
        found.append(lock.acquire(timeout=0.1))
        if found[0]:
            lock.release()

    thread = Thread(target=take)
    thread.start()
    thread.join()
    return found[0]


def implementations(encoder: nn.Module) -> set[Any]:
    configs = [module.config for module in encoder.modules() if hasattr(module, "config")]
    return {getattr(config, "_attn_implementation", None) for config in configs}


def hooks_of(encoder: nn.Module) -> int:
    return sum(len(module._forward_pre_hooks) + len(module._forward_hooks) for module in encoder.modules())


@pytest.fixture(params=["Hugging Face", "bfloat16", "curated"])
def nlp(request: pytest.FixtureRequest, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> Language:
    """A pipeline of a tiny encoder."""
    if request.param == "curated":
        pipeline: Language = request.getfixturevalue("curated_tiny")
        return pipeline
    config = dict(DIFFERENCE)
    if request.param == "bfloat16":
        monkeypatch.setattr("spacy_trend.encoder.shim.bfloat16_obstacle", lambda device: None)
        config["precision"] = "bfloat16"
    return spacy_trend.from_encoder(tiny_encoder, config=config)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    """What a failing test leaves concerns no other test."""
    level = LOGGER.level
    yield
    LOGGER.setLevel(level)
    torch.set_grad_enabled(True)
    while _get_current_function_mode_stack():
        _pop_mode()


@pytest.mark.parametrize("step", [11, pytest.param(3, marks=[pytest.mark.slow, pytest.mark.thorough])])
def test_an_interrupt_leaves_nothing_after_the_next_pass(step: int, nlp: Language) -> None:
    expected = nlp(TEXT)._.trend_vector
    shim, level = shim_of(nlp.get_pipe("transformer")), LOGGER.level
    stock = deepcopy(shim._model)
    as_before = implementations(stock)
    shim._model = deepcopy(stock)
    found = points(nlp)
    assert len(found) > 100
    for line, time in found[::step]:
        shim._model = encoder = deepcopy(stock)
        interrupt = Interrupt(line, time)
        with Tracer(interrupt), pytest.raises(KeyboardInterrupt):
            predict(nlp)
        place = f"{line[0]}:{line[1]}, time {time}: {getline(*line)}"
        assert torch.is_grad_enabled(), place
        assert is_free(lock_of(encoder)), place
        assert is_free(lock_of(LOGGER)), place
        # Rounded once more in bfloat16.
        np.testing.assert_allclose(nlp(TEXT)._.trend_vector, expected, atol=1e-4, err_msg=place)
        assert _get_current_function_mode_stack() == [], place
        assert not torch.is_autocast_enabled("cuda"), place
        # One more than before, which is none.
        assert torch.autocast_increment_nesting() == 1, place
        torch.autocast_decrement_nesting()
        assert all(module.training for module in encoder.modules()), place
        assert implementations(encoder) == as_before, place
        assert LOGGER.level == level, place
        assert hooks_of(encoder) == 0, place
        assert not has_notes(encoder), place
        assert not has_notes(LOGGER), place


class OwnMode(TorchFunctionMode):
    """A mode of a user."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return func(*args, **(kwargs or {}))


def test_an_observer_that_is_off_the_stack_takes_no_other_mode_with_it() -> None:
    with OwnMode() as own:
        with AttentionObserver([0], torch.ones(1, 2)):
            # As torch does while it calls a mode.
            _pop_mode()
        assert _get_current_function_mode_stack() == [own]


def test_an_observer_that_torch_puts_back_late_sees_nothing_and_ends_with_the_next_pass(
    tiny: Language,
) -> None:
    with AttentionObserver([0], torch.ones(1, 2)) as late:
        pass
    late.__enter__()
    torch.rand(1, 1, 2, 2).softmax(-1)
    assert late.calls == 0
    predict(tiny)
    assert _get_current_function_mode_stack() == []


def test_an_observer_that_was_left_is_taken_from_below_a_users_mode() -> None:
    left, running = (AttentionObserver([0], torch.ones(1, 2)) for _ in range(2))
    left.__enter__()
    with running, OwnMode() as own:
        assert observers() == [left, running]
        take_off([left])
        assert _get_current_function_mode_stack() == [running, own]
    assert _get_current_function_mode_stack() == []


class Thing:
    """Something with a state."""

    state = "before"


def set_state(state: str) -> Callable[[Thing], None]:
    return lambda thing: setattr(thing, "state", state)


def test_what_is_noted_is_put_back_once_and_the_first_note_counts() -> None:
    thing = Thing()
    note(thing, "state", set_state("before"))
    note(thing, "state", set_state("between"))
    thing.state = "after"
    put_back(thing, "another name")
    assert (thing.state, has_notes(thing)) == ("after", True)
    put_back(thing)
    assert (thing.state, has_notes(thing)) == ("before", False)
    thing.state = "after"
    put_back(thing)
    assert thing.state == "after"


def test_a_note_stays_until_it_was_put_back_whole() -> None:
    thing, times = Thing(), iter([KeyboardInterrupt, None])

    def interrupted(thing: Thing) -> None:
        error = next(times)
        if error is not None:
            raise error
        thing.state = "before"

    note(thing, "state", interrupted)
    thing.state = "after"
    with pytest.raises(KeyboardInterrupt):
        put_back(thing)
    assert has_notes(thing)
    put_back(thing)
    assert (thing.state, has_notes(thing)) == ("before", False)


def test_what_belongs_to_a_thread_is_put_back_by_that_thread() -> None:
    thing = Thing()
    note(thing, "state", set_state("before"), in_thread=True)
    thing.state = "after"
    other = Thread(target=put_back, args=(thing,))
    other.start()
    other.join()
    assert (thing.state, has_notes(thing)) == ("after", True)
    put_back(thing)
    assert (thing.state, has_notes(thing)) == ("before", False)


def test_the_level_of_the_logger_is_put_back_if_an_interrupt_left_it() -> None:
    level = LOGGER.level
    note(LOGGER, "level", lambda logger: logger.setLevel(level))
    LOGGER.setLevel(logging.CRITICAL)
    put_back_level()
    assert LOGGER.level == level
