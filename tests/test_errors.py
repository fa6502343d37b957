"""What goes wrong in a pipeline says what was got, what is expected and what to do."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy import Language
from spacy.tokens import Doc

import spacy_trend


def test_a_pipeline_without_a_transformer_is_refused() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    message = r"no transformer for 'trend_vector' to read: got the components \['sentencizer'\], expected one"
    with pytest.raises(ValueError, match=message):
        nlp.add_pipe("trend_vector")


def test_a_component_before_the_transformer_is_refused(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    nlp = make_nlp(tiny_encoder, None)
    nlp.add_pipe("trend_vector", before="transformer")
    with pytest.raises(
        ValueError, match=r"has no transformer output.*stands after 'trend_vector', add it before"
    ):
        nlp("I want an apple.")
    with pytest.raises(ValueError, match=r"no transformer for 'trend_vector'.*before it"):
        spacy_trend.observe(nlp)


@pytest.mark.parametrize("text", ["I want an apple.", ""])
def test_a_transformer_that_is_not_initialized_is_refused(tiny_encoder: Path, text: str) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": str(tiny_encoder)}})
    nlp.add_pipe("trend_vector")
    with pytest.raises(ValueError, match=r"no weights yet: got one that was added.*nlp\.initialize"):
        nlp(text)


def test_a_transformer_loaded_without_weights_is_refused_until_it_has_some(
    tiny_encoder: Path, tmp_path: Path
) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": str(tiny_encoder)}})
    nlp.add_pipe("trend_vector")
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    with pytest.raises(ValueError, match="no weights yet"):
        loaded("I want an apple.")
    loaded.initialize()
    assert loaded("I want an apple.")._.trend_vector.shape == (32,)


@pytest.mark.parametrize("carry", ["copy", "bytes"])
def test_a_component_that_hands_on_a_copy_is_named(carry: str, tiny: Language) -> None:
    @Language.component(f"copies_by_{carry}")
    def make_copy(doc: Doc) -> Doc:
        return doc.copy() if carry == "copy" else Doc(doc.vocab).from_bytes(doc.to_bytes())

    tiny.add_pipe(f"copies_by_{carry}", after="transformer")
    with pytest.raises(
        ValueError, match=r"not observed: .*must hand on the doc itself, because a copy, as of"
    ):
        tiny("I want an apple.")


def test_a_disabled_transformer_is_named(tiny: Language, tmp_path: Path) -> None:
    with (
        tiny.select_pipes(disable="transformer"),
        pytest.raises(
            ValueError, match=r"has no transformer output.*if it is disabled or excluded, enable it"
        ),
    ):
        tiny("I want an apple.")
    assert tiny("I want an apple.")._.trend_vector is not None
    tiny.to_disk(tmp_path)
    with pytest.raises(ValueError, match="has no transformer output"):
        spacy.load(tmp_path, disable=["transformer"])("I want an apple.")


def test_an_excluded_transformer_is_named(tiny: Language, tmp_path: Path) -> None:
    tiny.to_disk(tmp_path)
    with pytest.raises(ValueError, match=r"no transformer for 'trend_vector'.*do not exclude it"):
        spacy.load(tmp_path, exclude=["transformer"])


def test_sentences_without_boundaries_are_refused(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    nlp = make_nlp(tiny_encoder, {"level": "sentence"})
    nlp.remove_pipe("sentencizer")
    with pytest.raises(
        ValueError, match=r"needs sentence boundaries.*nlp\.add_pipe\('sentencizer'\), or set"
    ):
        nlp("I want an apple.")


def test_a_transformer_without_a_hugging_face_encoder_is_refused(tiny: Language) -> None:
    transformer = tiny.get_pipe("transformer")
    for node in transformer.model.walk():
        node.shims.clear()
    with pytest.raises(ValueError, match=r"no encoder was found that can be observed.*TransformerModel\.v3"):
        spacy_trend.observe(tiny)


def test_a_pipeline_with_nothing_to_observe_is_refused() -> None:
    with pytest.raises(ValueError, match=r"nothing to attach: got the components \[\].*nlp\.add_pipe"):
        spacy_trend.observe(spacy.blank("en"))


def test_bfloat16_is_not_used_on_a_device_that_is_not_made_for_it(
    make_nlp: Callable[..., Language], tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spacy_trend.encoder.shim.bfloat16_obstacle", lambda device: "no such units")
    nlp = make_nlp(tiny_encoder, None)
    expected = nlp("I want an apple.")._.trf_data.model_output.last_hidden_state
    nlp.add_pipe("trend_vector", config={"precision": "bfloat16"})
    with pytest.warns(
        UserWarning, match=r"precision='bfloat16' is not used: no such units\..*precision='model'"
    ):
        doc = nlp("I want an apple.")
    np.testing.assert_array_equal(doc._.trf_data.model_output.last_hidden_state, expected)
    nlp("It is said once.")


def test_a_half_precision_encoder_stays_so_if_bfloat16_is_not_used(
    tiny: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spacy_trend.encoder.shim.bfloat16_obstacle", lambda device: "no such units")
    tiny.get_pipe("transformer").model.transformer.half()
    tiny.add_pipe("trend_vector", name="in_bfloat16", config={"precision": "bfloat16"})
    with pytest.warns(UserWarning, match="is not used"):
        doc = tiny("I want an apple.")
    assert doc._.trf_data.model_output.last_hidden_state.dtype == np.float16
    assert doc._.trend_vector.dtype == np.float32


def test_a_transformer_that_got_its_own_shim_back_is_refused(with_stock_shims: Language) -> None:
    nlp = with_stock_shims
    with pytest.raises(ValueError, match=r"was not observed.*observe\(nlp\)"):
        nlp("I want an apple.")
