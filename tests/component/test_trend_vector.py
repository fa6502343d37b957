import gc
import weakref
from collections.abc import Callable

import numpy as np
import pytest
import spacy
from spacy import Language
from spacy.tokens import Doc

from spacy_trend import TrendVector, bundled_encoder
from spacy_trend.method.changes import signed_log
from spacy_trend.method.selections import attended_words
from tests.support.changes import DIFFERENCE
from tests.support.values import assert_same_values

TEXT = "I want an apple. She sold the old house! ..."


def test_a_result_does_not_depend_on_its_batch(make_nlp: Callable[..., Language]) -> None:
    nlp = make_nlp(bundled_encoder(), DIFFERENCE)
    texts = ["Stop!", "", TEXT, "a " * 60, "The quick brown fox jumps over the lazy dog.", "..."]
    for text, doc in zip(texts, nlp.pipe(texts), strict=True):
        assert_same_values(doc, nlp(text), 1e-5, relative=1e-6, summed=2)


def test_windows_of_other_lengths_keep_their_order(make_nlp: Callable[..., Language]) -> None:
    sentences = {"@span_getters": "spacy-transformers.sent_spans.v1"}
    text = "We're going to send her a card. Where is the nearest mailbox? Stop! It is behind the old house."
    doc = make_nlp(bundled_encoder(), {}, sentences)(text)
    stock = make_nlp(bundled_encoder(), None, sentences)(text)
    ours, theirs = (each._.trf_data.model_output.last_hidden_state for each in (doc, stock))
    is_padding = stock._.trf_data.wordpieces.attention_mask == 0
    np.testing.assert_allclose(ours[~is_padding], theirs[~is_padding], atol=1e-5)
    assert is_padding.any()
    assert not ours[is_padding].any()


def test_level_sentence_is_the_mean_of_the_sentences_that_have_words(
    shared_nlp: Callable[..., Language],
) -> None:
    nlp = shared_nlp({"level": "sentence"})
    words = [token.text for token in nlp.make_doc(TEXT)]
    starts = [i in (0, 5, 11) for i in range(len(words))]
    cut = Doc(nlp.vocab, words=words, sent_starts=starts)
    doc, single, empty = nlp.pipe([cut, nlp.make_doc("I want an apple."), nlp.make_doc("")])
    sentences = list(doc.sents)
    assert sentences[2].text == "..."
    assert len(sentences) == 3
    mean = (sentences[0]._.trend_vector + sentences[1]._.trend_vector) / 2
    np.testing.assert_allclose(doc._.trend_vector, mean, atol=1e-6)
    assert (doc._.trend_focus, doc._.trend_related) == (None, None)
    assert single._.trend_focus == single[:]._.trend_focus
    assert single._.trend_focus is not None
    assert not empty._.trend_vector.any()


def test_layers_as_rows(shared_nlp: Callable[..., Language]) -> None:
    layers = {"select": {"@misc": "spacy-trend.leading_pair.v1", "rows": "layers"}}
    doc = shared_nlp(layers)(TEXT)
    assert doc[0]._.trend_attention.shape == (2,)
    for layer in range(2):
        heads = {"select": {"@misc": "spacy-trend.leading_pair.v1", "layer": layer - 2}}
        by_head = shared_nlp(heads)(TEXT)
        for token, other in zip(doc, by_head, strict=True):
            mean = other._.trend_attention.mean()
            np.testing.assert_allclose(token._.trend_attention[layer], mean, atol=1e-5)


def test_the_pipeline_analysis_is_clean(nlp: Language) -> None:
    analysis = nlp.analyze_pipes()
    assert not any(analysis["problems"].values())
    assert "doc._.trf_data" in analysis["summary"]["trend_vector"]["requires"]
    assert "span._.trend_vector" in analysis["summary"]["trend_vector"]["assigns"]


def test_stock_output_of_the_transformer_is_as_it_was(nlp: Language) -> None:
    stock = spacy.blank("en")
    stock.add_pipe("transformer", config={"model": {"name": bundled_encoder()}})
    stock.initialize()
    # Twice: the first pass of an encoder is observed in another way than those after it.
    for _ in range(2):
        ours, theirs = nlp(TEXT)._.trf_data, stock(TEXT)._.trf_data
        assert list(ours.model_output) == list(theirs.model_output)
        assert type(ours.model_output) is type(theirs.model_output)
        for field, value in theirs.model_output.items():
            np.testing.assert_array_equal(ours.model_output[field], value)


def test_a_batch_is_freed_with_its_docs(tiny: Language) -> None:
    docs = list(tiny.pipe([TEXT, "another text"]))
    kept = docs[1]
    kept._.trf_data = None
    arrays = [value for value in kept._.trend_record.values() if isinstance(value, np.ndarray)]
    assert arrays
    assert all(array.base is None for array in arrays)
    doc = weakref.ref(docs[0])
    del docs
    gc.collect()
    assert doc() is None


def test_a_doc_that_fails_goes_alone_to_the_error_handler(tiny: Language) -> None:
    failed: list[str] = []
    trend = tiny.get_pipe("trend_vector")
    trend.set_error_handler(lambda name, proc, docs, error: failed.extend(doc.text for doc in docs))
    good = [tiny.get_pipe("transformer")(tiny.make_doc(text)) for text in ("one apple", "two pears")]
    bad = tiny.make_doc("no transformer")
    annotated = list(trend.pipe([good[0], bad, good[1]]))
    assert annotated == good
    assert failed == ["no transformer"]
    assert all(doc._.trend_vector is not None for doc in good)


@pytest.mark.parametrize("error", [KeyError("x"), IndexError("y"), RuntimeError("z"), TypeError("t")])
def test_whatever_a_doc_raises_goes_to_the_error_handler(
    error: Exception, tiny: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(static: np.ndarray, contextual: np.ndarray) -> np.ndarray:
        # The words of the second doc alone, or of both.
        if len(static) >= 3:
            raise error
        return contextual

    failed: list[tuple[list[str], Exception]] = []
    trend = tiny.get_pipe("trend_vector")
    monkeypatch.setattr(trend, "change", fail)
    trend.set_error_handler(lambda name, proc, docs, error: failed.append(([*map(str, docs)], error)))
    docs = [tiny.get_pipe("transformer")(tiny.make_doc(text)) for text in ("one", "two ripe pears", "four")]
    assert [doc.text for doc in trend.pipe(docs)] == ["one", "four"]
    assert failed == [(["two ripe pears"], error)]


def test_without_an_error_handler_a_doc_that_fails_raises(tiny: Language) -> None:
    trend = tiny.get_pipe("trend_vector")
    with pytest.raises(ValueError, match="has no transformer output"):
        list(trend.pipe([tiny.make_doc("no transformer")]))


def test_its_representation_tells_the_settings_and_the_transformer(tiny: Language) -> None:
    assert repr(tiny.get_pipe("trend_vector")) == (
        "<TrendVector 'trend_vector' select=LeadingPair(rows='heads', layer=0, focus='last'), "
        "change=log_ratio, contextual_layers=(-1,), level='doc', token_vectors=True, vector_hooks=False, "
        "transformer=None, "
        "precision='model'; "
        "reads 'transformer'>"
    )


def test_its_representation_tells_that_it_reads_no_transformer_yet() -> None:
    component = TrendVector("mine", select=attended_words(), change=signed_log(0.5), level="sentence")
    assert repr(component).startswith(
        "<TrendVector 'mine' select=AttendedWords(layer=0.5, residual=0.0), change=SignedLog(scale=0.5), "
        "contextual_layers=(-1,), level='sentence'"
    )
    assert repr(component).endswith("; reads no transformer>")
