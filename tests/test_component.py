import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy import Language
from spacy.tokens import Doc, DocBin
from transformers import AutoModel

import spacy_trend
from spacy_trend import bundled_encoder
from spacy_trend.encoder.embedding_output import EmbeddingObserver

from .conftest import DIFFERENCE

TEXT = "I want an apple. She sold the old house! ..."


def test_a_doc_has_a_vector_and_the_words_it_came_from(nlp: Language) -> None:
    doc = nlp("I want an apple.")
    vector = doc._.trend_vector
    assert vector.shape == (384,)
    assert vector.dtype == np.float32
    assert doc._.trend_focus.text == "want"
    pair = doc._.trend_focus._.trend_vector + doc._.trend_related._.trend_vector
    np.testing.assert_array_equal(vector, pair)


def test_tokens_have_vectors_and_attention(nlp: Language) -> None:
    doc = nlp("I want an apple.")
    assert doc[1]._.trend_vector.shape == (384,)
    assert doc[1]._.trend_attention.shape == (12,)
    assert np.argmax([token._.trend_attention[-1] for token in doc]) == doc._.trend_focus.i
    assert not doc[4]._.trend_vector.any()
    assert not doc[4]._.trend_attention.any()


def test_a_span_makes_the_selection_among_its_words(nlp: Language) -> None:
    doc = nlp(TEXT)
    phrase = doc[2:4]
    assert {phrase._.trend_focus, phrase._.trend_related} == {doc[2], doc[3]}
    np.testing.assert_array_equal(phrase._.trend_vector, doc[2]._.trend_vector + doc[3]._.trend_vector)
    whole = doc[:]
    np.testing.assert_array_equal(whole._.trend_vector, doc._.trend_vector)
    assert (whole._.trend_focus, whole._.trend_related) == (doc._.trend_focus, doc._.trend_related)


def test_a_span_of_one_word_is_that_word_and_a_span_without_words_is_zeros(nlp: Language) -> None:
    doc = nlp(TEXT)
    np.testing.assert_array_equal(doc[3:4]._.trend_vector, doc[3]._.trend_vector)
    assert (doc[3:4]._.trend_focus, doc[3:4]._.trend_related) == (doc[3], None)
    for span in (doc[4:5], doc[2:2]):
        assert span._.trend_vector.shape == (384,)
        assert not span._.trend_vector.any()
        assert (span._.trend_focus, span._.trend_related) == (None, None)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "...", "?! -"])
def test_a_doc_without_words_is_zeros(nlp: Language, text: str) -> None:
    doc = nlp(text)
    assert doc._.trend_vector.shape == (384,)
    assert not doc._.trend_vector.any()
    assert (doc._.trend_focus, doc._.trend_related) == (None, None)


def test_one_word_has_no_related_word(nlp: Language) -> None:
    doc = nlp("Stop!")
    assert (doc._.trend_focus, doc._.trend_related) == (doc[0], None)
    np.testing.assert_array_equal(doc._.trend_vector, doc[0]._.trend_vector)


def test_attributes_are_none_where_the_component_did_not_run() -> None:
    doc = Doc(spacy.blank("en").vocab, words=["a", "b"])
    for item in (doc, doc[0:1], doc[0]):
        assert item._.trend_vector is None
    assert doc._.trend_focus is doc[:]._.trend_related is doc[0]._.trend_attention is None


def test_returned_arrays_cannot_change_the_doc(nlp: Language) -> None:
    doc = nlp(TEXT)
    arrays = [doc._.trend_vector, doc[0]._.trend_vector, doc[0]._.trend_attention, doc[0:2]._.trend_vector]
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_a_result_does_not_depend_on_its_batch(make_nlp: Callable[..., Language]) -> None:
    nlp = make_nlp(bundled_encoder(), DIFFERENCE)
    texts = ["Stop!", "", TEXT, "a " * 60, "The quick brown fox jumps over the lazy dog.", "..."]
    for text, doc in zip(texts, nlp.pipe(texts), strict=True):
        alone = nlp(text)
        for token, other in zip(doc, alone, strict=True):
            np.testing.assert_allclose(token._.trend_vector, other._.trend_vector, atol=1e-5)
        assert str(doc._.trend_focus) == str(alone._.trend_focus)
        assert str(doc._.trend_related) == str(alone._.trend_related)
        np.testing.assert_allclose(
            [token._.trend_attention for token in doc],
            [token._.trend_attention for token in alone],
            atol=1e-5,
        )


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
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    nlp = make_nlp(tiny_encoder, {"level": "sentence"})
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


def test_layers_as_rows(make_nlp: Callable[..., Language], tiny_encoder: Path) -> None:
    layers = {"select": {"@misc": "spacy-trend.leading_pair.v1", "rows": "layers"}}
    doc = make_nlp(tiny_encoder, layers)(TEXT)
    assert doc[0]._.trend_attention.shape == (2,)
    for layer in range(2):
        heads = {"select": {"@misc": "spacy-trend.leading_pair.v1", "layer": layer - 2}}
        by_head = make_nlp(tiny_encoder, heads)(TEXT)
        for token, other in zip(doc, by_head, strict=True):
            mean = other._.trend_attention.mean()
            np.testing.assert_allclose(token._.trend_attention[layer], mean, atol=1e-5)


def test_words_vectors_are_not_kept_without_token_vectors(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    doc = make_nlp(tiny_encoder, {"token_vectors": False})(TEXT)
    with_vectors = make_nlp(tiny_encoder, {})(TEXT)
    np.testing.assert_array_equal(doc._.trend_vector, with_vectors._.trend_vector)
    assert doc[0]._.trend_attention.shape == (4,)
    assert doc[0:2]._.trend_focus is not None
    for item in (doc[0:2], doc[0]):
        with pytest.raises(ValueError, match=r"token_vectors=False.*Expected token_vectors=True"):
            item._.trend_vector  # noqa: B018


def test_vector_hooks_answer_for_doc_span_and_token(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    nlp = make_nlp(tiny_encoder, {"vector_hooks": True})
    doc, other, empty = nlp.pipe([TEXT, "You need two pears.", "..."])
    for item in (doc, doc[2:4], doc[1]):
        np.testing.assert_array_equal(item.vector, item._.trend_vector)
        assert item.has_vector
        np.testing.assert_allclose(item.vector_norm, np.linalg.norm(item._.trend_vector), rtol=1e-6)
        cosine = np.dot(item.vector, other.vector) / (item.vector_norm * other.vector_norm)
        np.testing.assert_allclose(item.similarity(other), cosine, atol=1e-6)
        assert item.similarity(empty) == 0.0
    assert doc.similarity(doc) == pytest.approx(1.0)
    assert not empty.has_vector


def test_vector_hooks_without_word_vectors_answer_for_docs_alone(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    doc = make_nlp(tiny_encoder, {"vector_hooks": True, "token_vectors": False})(TEXT)
    np.testing.assert_array_equal(doc.vector, doc._.trend_vector)
    assert not doc[0].has_vector
    assert not doc[0:2].has_vector


def test_vector_hooks_are_off_by_default(nlp: Language) -> None:
    doc = nlp(TEXT)
    assert not doc.user_hooks
    assert not doc.user_span_hooks
    assert not doc.user_token_hooks


def test_tokens_merged_after_the_component_are_refused(tiny: Language) -> None:
    doc = tiny(TEXT)
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[2:4])
    for item in (doc, doc[0:2], doc[0]):
        with pytest.raises(ValueError, match=r"has 11 tokens, but had 12 when.*before the transformer"):
            item._.trend_vector  # noqa: B018


def test_threads_do_not_see_each_others_embeddings(tiny_encoder: Path) -> None:
    encoder = AutoModel.from_pretrained(tiny_encoder).eval()
    ids = torch.arange(1000, 1012).reshape(2, 6)
    observer = EmbeddingObserver(encoder, attention_began=lambda: False)
    observer.learn(encoder(ids, output_hidden_states=True).hidden_states)
    with torch.no_grad():
        with observer.watching():
            hidden_states = encoder(ids, output_hidden_states=True).hidden_states
        observer.learn(hidden_states)
        later = EmbeddingObserver(encoder, attention_began=lambda: False)
        with later.watching():
            other = Thread(target=encoder, args=(ids + 1,))
            other.start()
            other.join()
            assert later.output is None
            encoder(ids)
    assert later.output is not None
    assert torch.equal(later.output, hidden_states[0])


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


def test_hidden_states_and_attention_that_the_user_asked_for_stay(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    asked = {"output_hidden_states": True, "output_attentions": True, "attn_implementation": "eager"}
    nlp = make_nlp(tiny_encoder, DIFFERENCE, transformer_config=asked)
    doc = nlp(TEXT)
    output = doc._.trf_data.model_output
    assert len(output["hidden_states"]) == 3
    assert len(output["attentions"]) == 2
    # The same doc in a pipeline that observes nothing is computed from what the user asked for.
    vector = doc._.trend_vector
    unobserved = nlp.get_pipe("trend_vector")(doc)
    np.testing.assert_allclose(unobserved._.trend_vector, vector, atol=1e-5)
    # Stored and loaded, its arrays are read-only.
    stored = DocBin(store_user_data=True, docs=[doc]).to_bytes()
    (loaded,) = DocBin().from_bytes(stored).get_docs(nlp.vocab)
    loaded._.trend_record = None
    assert not loaded._.trf_data.model_output["attentions"][0].flags.writeable
    np.testing.assert_allclose(nlp.get_pipe("trend_vector")(loaded)._.trend_vector, vector, atol=1e-5)


def test_two_trend_vectors_may_read_one_transformer(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    nlp = make_nlp(tiny_encoder, {})
    layers = {"select": {"@misc": "spacy-trend.leading_pair.v1", "rows": "layers"}}
    nlp.add_pipe("trend_vector", name="by_layer", config=layers)
    doc = nlp(TEXT)
    np.testing.assert_array_equal(doc._.trend_vector, make_nlp(tiny_encoder, layers)(TEXT)._.trend_vector)
    assert list(doc._.trf_data.model_output) == ["last_hidden_state", "pooler_output"]


def test_the_transformer_to_read_may_be_named(make_nlp: Callable[..., Language], tiny_encoder: Path) -> None:
    nlp = make_nlp(tiny_encoder, None)
    nlp.add_pipe("transformer", name="second", config={"model": {"name": bundled_encoder()}})
    nlp.add_pipe("trend_vector", after="transformer", config={"transformer": "transformer"})
    nlp.add_pipe("trend_vector", name="nearest")
    nlp.initialize()
    assert nlp(TEXT)._.trend_vector.shape == (384,)
    nlp.remove_pipe("nearest")
    assert nlp(TEXT)._.trend_vector.shape == (32,)


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


def test_a_sourced_component_is_attached_by_observe(
    tiny: Language, make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    other = make_nlp(tiny_encoder, None)
    other.add_pipe("trend_vector", source=tiny)
    with pytest.raises(ValueError, match=r"not observed.*spacy_trend\.observe\(nlp\)"):
        other(TEXT)
    spacy_trend.observe(other)
    np.testing.assert_array_equal(other(TEXT)._.trend_vector, tiny(TEXT)._.trend_vector)


def test_a_component_that_was_lent_is_as_it_was(tiny: Language, make_nlp: Callable[..., Language]) -> None:
    other = make_nlp(bundled_encoder(), None)
    other.add_pipe("trend_vector", source=tiny)
    spacy_trend.observe(other)
    assert other("")._.trend_vector.shape == other(TEXT)._.trend_vector.shape == (384,)
    assert tiny("")._.trend_vector.shape == tiny(TEXT)._.trend_vector.shape == (32,)


def test_a_transformer_may_be_shared_with_a_pipeline_of_other_settings(tiny: Language) -> None:
    before = tiny(TEXT)
    other = spacy.blank("en")
    other.add_pipe("transformer", source=tiny)
    layers = {"select": {"@misc": "spacy-trend.leading_pair.v1", "rows": "layers"}}
    other.add_pipe("trend_vector", config=layers)
    assert other(TEXT)[0]._.trend_attention.shape == (2,)
    after = tiny(TEXT)
    np.testing.assert_array_equal(after._.trend_vector, before._.trend_vector)
    assert after[0]._.trend_attention.shape == (4,)


def test_a_component_that_is_removed_is_not_observed_for_any_more(tiny: Language) -> None:
    tiny.add_pipe("trend_vector", name="second")
    transformer = tiny.get_pipe("transformer")
    for fields in (4, 3, 2):
        doc = transformer(tiny.make_doc(TEXT))
        assert len(doc._.trf_data.model_output) == fields
        if fields > 2:
            tiny.remove_pipe(tiny.pipe_names[-1])


def test_a_component_between_two_transformers_is_attached_to_the_one_before_it_by_observe(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    nlp = make_nlp(tiny_encoder, None)
    nlp.add_pipe("transformer", name="second", config={"model": {"name": bundled_encoder()}})
    nlp.add_pipe("trend_vector", after="transformer")
    nlp.get_pipe("second").model.initialize()
    with pytest.raises(ValueError, match="not observed"):
        nlp(TEXT)
    spacy_trend.observe(nlp)
    assert nlp(TEXT)._.trend_vector.shape == (32,)


def test_a_component_of_its_own_is_attached_by_observe(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    nlp = make_nlp(tiny_encoder, None)

    @Language.component("by_hand")
    def unused(doc: Doc) -> Doc:
        return doc

    component = spacy_trend.TrendVector(
        "by_hand",
        select=spacy_trend.method.selections.leading_pair(),
        change=spacy_trend.method.changes.log_ratio(),
    )
    nlp.add_pipe("by_hand")
    nlp._components[-1] = ("by_hand", component)
    with pytest.raises(ValueError, match=r"'by_hand' is not attached.*spacy_trend\.observe\(nlp\)"):
        nlp(TEXT)
    spacy_trend.observe(nlp)
    assert nlp(TEXT)._.trend_vector.shape == (32,)


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


def test_without_an_error_handler_a_doc_that_fails_raises(tiny: Language) -> None:
    trend = tiny.get_pipe("trend_vector")
    with pytest.raises(ValueError, match="has no transformer output"):
        list(trend.pipe([tiny.make_doc("no transformer")]))


def the_encoder(nlp: Language) -> Any:
    return nlp.get_pipe("transformer").model.transformer


def test_an_encoder_whose_attention_is_computed_otherwise_is_asked_for_it(
    make_nlp: Callable[..., Language], tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = make_nlp(tiny_encoder, DIFFERENCE)
    observed = nlp(TEXT)
    hide_attention(the_encoder(nlp), monkeypatch)
    doc = nlp(TEXT)
    assert list(doc._.trf_data.model_output) == ["last_hidden_state", "pooler_output"]
    np.testing.assert_allclose(doc._.trend_vector, observed._.trend_vector, atol=1e-5)
    again = nlp(TEXT)
    np.testing.assert_array_equal(again._.trend_vector, doc._.trend_vector)


def test_an_encoder_whose_attention_is_out_of_reach_is_refused(
    tiny: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = the_encoder(tiny)
    hide_attention(encoder, monkeypatch)
    forward = encoder.forward
    monkeypatch.setattr(
        encoder, "forward", lambda *args, **kwargs: forward(*args, **{**kwargs, "output_attentions": False})
    )
    message = (
        r"BertModel .* could not be observed.*attention call for each of its 2 layers.*0 matrices.*eager"
    )
    with pytest.raises(ValueError, match=message):
        tiny(TEXT)


def test_an_encoder_that_was_changed_after_its_first_pass_is_observed_anew(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    nlp = make_nlp(tiny_encoder, DIFFERENCE)
    before = nlp(TEXT)
    the_encoder(nlp).embeddings.dropout = torch.nn.Dropout(0.1)
    for _ in range(2):
        after = nlp(TEXT)
        np.testing.assert_allclose(after._.trend_vector, before._.trend_vector, atol=1e-5)
        assert list(after._.trf_data.model_output) == ["last_hidden_state", "pooler_output"]


def hide_attention(encoder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a BERT compute its attention with exponentials, which no observer recognises."""

    def attend(self: Any, hidden_states: Any, attention_mask: Any = None, *args: Any, **kwargs: Any) -> Any:
        query, key, value = (
            self.transpose_for_scores(project(hidden_states))
            for project in (self.query, self.key, self.value)
        )
        scores = query @ key.transpose(-1, -2) / self.attention_head_size**0.5
        if attention_mask is not None:
            scores = scores + attention_mask
        weights = (scores - scores.max(-1, keepdim=True).values).exp()
        weights = weights / weights.sum(-1, keepdim=True)
        context = (weights @ value).transpose(1, 2).reshape(hidden_states.shape)
        wants_attention = args[-1] if args else kwargs.get("output_attentions")
        return (context, weights) if wants_attention else (context,)

    for layer in encoder.encoder.layer:
        monkeypatch.setattr(type(layer.attention.self), "forward", attend)
