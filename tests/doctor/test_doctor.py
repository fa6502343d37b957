"""Each thing that can be wrong with a pipeline is found, with its fix, and without a traceback."""

import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
import spacy
import srsly
from spacy import Language
from spacy.tokens import Doc

from spacy_trend.doctor import examine
from spacy_trend.doctor.examination import TEXT
from tests.support.curated import curated_bert
from tests.support.findings import about, mend, wrong
from tests.support.hidden_attention import hide_softmax

SENT_SPANS = {"@span_getters": "spacy-transformers.sent_spans.v1"}
DEPENDENCY_PAIR = {"select": {"@misc": "spacy-trend.dependency_pair.v1"}}


# What is there.


def test_a_pipeline_that_works_has_nothing_to_mend(make: Callable[..., Language], tiny_encoder: Path) -> None:
    nlp = make({"preset": "classifier", "token_vectors": False})
    findings = examine(nlp)
    assert wrong(findings) == []
    assert [finding.about for finding in findings] == [
        *("versions", "extras", "transformer", "encoder", "windows", "placement", "settings"),
        *("attention", "record", "bfloat16"),
    ]
    versions = about("versions", findings).text
    for package in ("spacy-trend", "spacy", "spacy-transformers", "transformers", "torch", "numpy"):
        assert f"{package} {version(package)}" in versions
    assert f"Python {sys.version.split()[0]}" in versions
    assert about("transformer", findings).text == (
        f"Transformer 'transformer' (factory 'transformer'): BertModel ({tiny_encoder}), attention "
        "implementation 'sdpa'"
    )
    assert about("encoder", findings).text == "Its encoder has 2 layers of 4 heads and width 32"
    assert "have 128 tokens, one every 96" in about("windows", findings).text
    assert "accepts 512 wordpieces per window: enough for 4.0 per token" in about("windows", findings).text
    assert "preset='classifier', token_vectors=False; all others" in about("settings", findings).text


def test_the_size_of_a_record_is_that_of_a_stored_one(make: Callable[..., Language]) -> None:
    texts = []
    for config in ({}, {"token_vectors": False}):
        nlp = make(config)
        record = nlp(TEXT)._.trend_record
        texts.append(about("record", examine(nlp)).text)
        assert f"{len(srsly.msgpack_dumps(record)) / 1000:.1f} kB" in texts[-1]
    assert texts[0] == texts[1]
    assert "4 rows of attention and a vector of width 32; for 25 words, it takes " in texts[0]


def test_an_encoder_out_of_a_saved_pipeline_is_named_without_a_folder_that_is_gone(
    make: Callable[..., Language], tmp_path: Path
) -> None:
    nlp = make({})
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert not Path(loaded.get_pipe("transformer").model.transformer.config.name_or_path).exists()
    assert "): BertModel (bert), attention" in about("transformer", examine(loaded)).text
    assert loaded.get_pipe("trend_vector").encoder.size.name == "BertModel (bert)"


def test_the_preset_for_similarity_without_hooks_is_said(make: Callable[..., Language]) -> None:
    findings = examine(make({"preset": "similarity"}))
    assert wrong(findings) == []
    assert "doc.similarity is spaCy's own" in about("similarity", findings).text
    with_hooks = examine(make({"preset": "similarity", "vector_hooks": True}))
    assert "similarity" not in [finding.about for finding in with_hooks]


def test_the_implementation_of_attention_is_named(make: Callable[..., Language]) -> None:
    nlp = make({}, transformer_config={"attn_implementation": "eager"})
    assert "implementation 'eager'" in about("transformer", examine(nlp)).text


def test_an_examined_pipeline_is_as_before(make: Callable[..., Language]) -> None:
    nlp = make({})
    expected = nlp(TEXT)._.trend_vector
    config = nlp.config.to_str()
    examine(nlp)
    assert nlp.config.to_str() == config
    assert (nlp(TEXT)._.trend_vector == expected).all()


def test_a_curated_transformer_is_examined(tiny_encoder: Path) -> None:
    pytest.importorskip("spacy_curated_transformers")

    findings = examine(curated_bert(tiny_encoder, {}))
    assert wrong(findings) == []
    text = "Transformer 'transformer' (factory 'curated_transformer'): BertEncoder (curated)"
    assert about("transformer", findings).text == text
    assert "2 layers of 4 heads and width 32" in about("encoder", findings).text
    assert "have 128 wordpieces, one every 96" in about("windows", findings).text
    assert about("attention", findings).text == "Attention is observed in the forward pass"
    findings = examine(curated_bert(tiny_encoder, {}, spans={"window": 1024, "stride": 1024}))
    assert wrong(findings) == [("error", "windows")]
    assert (
        "accepts 512 wordpieces per window, and with more the pipeline fails"
        in about("windows", findings).text
    )
    assert '"window": 512' in str(about("windows", findings).fix)


# What is missing.


def test_no_transformer() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    findings = examine(nlp)
    assert wrong(findings) == [("error", "transformer")]
    assert (
        "no transformer in the pipeline: got the components ['sentencizer']"
        in about("transformer", findings).text
    )
    assert about("transformer", findings).fix == "import spacy_trend; spacy_trend.add_to(nlp)"
    mend(about("transformer", findings).fix, nlp)
    assert nlp.pipe_names == ["transformer", "sentencizer", "trend_vector"]
    assert wrong(examine(nlp)) == []


def test_no_transformer_in_a_pipeline_of_another_language() -> None:
    fix = about("transformer", examine(spacy.blank("fr"))).fix
    assert fix == "import spacy_trend; spacy_trend.add_to(nlp, encoder='intfloat/multilingual-e5-small')"


def test_a_transformer_that_was_removed(make: Callable[..., Language]) -> None:
    nlp = make({"preset": "classifier", "level": "sentence", "transformer": "transformer"})
    nlp.remove_pipe("transformer")
    fix = about("transformer", examine(nlp)).fix
    assert fix == (
        "import spacy_trend; nlp.remove_pipe('trend_vector'); "
        "spacy_trend.add_to(nlp, preset='classifier', level='sentence')"
    )
    mend(fix, nlp)
    assert nlp.pipe_names == ["transformer", "trend_vector"]
    assert about("transformer", examine(nlp)).status == "ok"


def test_a_transformer_that_was_left_out(make: Callable[..., Language]) -> None:
    nlp = make(None)
    listener = {"@architectures": "spacy-transformers.TransformerListener.v1"}
    pooling = {"@layers": "reduce_mean.v1"}
    tok2vec = {**listener, "grad_factor": 1.0, "pooling": pooling}
    nlp.add_pipe("tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": tok2vec}})
    nlp.remove_pipe("transformer")
    fix = about("transformer", examine(nlp)).fix
    assert fix == "Load the pipeline without `exclude`: 'tagger' was trained with a transformer"


def test_no_trend_vector(make: Callable[..., Language]) -> None:
    nlp = make(None)
    findings = examine(nlp)
    assert wrong(findings) == [("warning", "placement")]
    assert about("attention", findings).status == about("record", findings).status == "ok"
    assert nlp.pipe_names == ["transformer"]
    mend(about("placement", findings).fix, nlp)
    assert wrong(examine(nlp)) == []


def test_no_weights(tiny_encoder: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": str(tiny_encoder)}})
    nlp.add_pipe("trend_vector")
    findings = examine(nlp)
    assert wrong(findings) == [("error", "transformer")]
    fix = str(about("transformer", findings).fix)
    assert "spacy_trend.add_to(nlp, encoder=...)" in fix
    assert "If nothing in the pipeline is trained yet, nlp.initialize()" in fix


def test_no_sentence_boundaries(make: Callable[..., Language]) -> None:
    nlp = make({"level": "sentence"})
    findings = examine(nlp)
    assert wrong(findings) == [("error", "sentences")]
    assert "level='sentence' needs sentence boundaries" in about("sentences", findings).text
    mend(about("sentences", findings).fix, nlp)
    assert wrong(examine(nlp)) == []
    assert about("sentences", examine(nlp)).status == "ok"


def test_sentence_boundaries_too_late_or_disabled(make: Callable[..., Language]) -> None:
    nlp = make({"level": "sentence", "preset": "related_pair"})
    nlp.add_pipe("sentencizer")
    mend(about("sentences", examine(nlp)).fix, nlp)
    assert nlp.pipe_names == ["transformer", "sentencizer", "trend_vector"]
    assert wrong(examine(nlp)) == []
    assert "preset='related_pair', level='sentence';" in about("settings", examine(nlp)).text
    nlp.disable_pipe("sentencizer")
    mend(about("sentences", examine(nlp)).fix, nlp)
    assert wrong(examine(nlp)) == []


def test_no_sentence_boundaries_for_the_transformer(make: Callable[..., Language]) -> None:
    nlp = make({}, get_spans=SENT_SPANS)
    findings = examine(nlp)
    assert wrong(findings) == [("error", "sentences")]
    assert "'transformer' failed on a text: [E030]" in about("sentences", findings).text
    mend(about("sentences", findings).fix, nlp)
    assert wrong(examine(nlp)) == []


def test_no_parser(make: Callable[..., Language]) -> None:
    nlp = make(DEPENDENCY_PAIR)
    findings = examine(nlp)
    assert wrong(findings) == [("error", "parser")]
    assert "mutual_pair" in str(about("parser", findings).fix)

    @Language.component("chain", assigns=["token.dep", "token.head"])
    def chain(doc: Doc) -> Doc:
        for token in doc:
            token.head, token.dep_ = doc[max(0, token.i - 1)], "dep"
        return doc

    nlp.add_pipe("chain")
    mend(about("parser", examine(nlp)).fix, nlp)
    assert nlp.pipe_names[-1] == "trend_vector"
    assert wrong(examine(nlp)) == []
    assert about("parser", examine(nlp)).status == "ok"


# What is not where it should be.


# What fails.


def test_attention_that_is_asked_for(make: Callable[..., Language], monkeypatch: pytest.MonkeyPatch) -> None:
    nlp = make({}, transformer_config={"attn_implementation": "eager"})
    hide_softmax(monkeypatch)
    findings = examine(nlp)
    assert wrong(findings) == [("warning", "attention")]
    assert "output_attentions" in about("attention", findings).text
    assert '{"attn_implementation": "sdpa"}' in str(about("attention", findings).fix)


def test_attention_that_is_out_of_reach(
    make: Callable[..., Language], monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = make({}, transformer_config={"attn_implementation": "eager"})
    hide_softmax(monkeypatch)
    encoder = nlp.get_pipe("transformer").model.transformer
    forward = encoder.forward
    monkeypatch.setattr(encoder, "forward", lambda **given: forward(**{**given, "output_attentions": False}))
    findings = examine(nlp)
    assert wrong(findings) == [("error", "attention")]
    assert "could not be observed" in about("attention", findings).text
    assert '"attn_implementation": "eager"' in str(about("attention", findings).fix)


def test_a_component_that_fails(make: Callable[..., Language]) -> None:
    @Language.component("fails")
    def fail(doc: Doc) -> Doc:
        raise KeyError("nothing there")

    nlp = make({})
    nlp.add_pipe("fails", first=True)
    findings = examine(nlp)
    assert wrong(findings) == [("error", "trial")]
    assert about("trial", findings).text == "'fails' failed on a text: KeyError: 'nothing there'"
    mend(str(about("trial", findings).fix).rpartition(": ")[2], nlp)
    assert wrong(examine(nlp)) == []


class OwnError(Exception):
    """An error that is derived from no other."""


@pytest.mark.parametrize("error", [OwnError, StopIteration, EOFError, BufferError, MemoryError])
def test_a_component_that_fails_with_an_error_of_its_own(
    error: type[Exception], make: Callable[..., Language]
) -> None:
    name = f"fails_with_{error.__name__}"

    @Language.component(name)
    def fail(doc: Doc) -> Doc:
        raise error("odd")

    nlp = make({})
    nlp.add_pipe(name, first=True)
    assert about("trial", examine(nlp)).text == f"'{name}' failed on a text: {error.__name__}: odd"


@pytest.mark.parametrize("config", [None, {}], ids=["without", "with"])
@pytest.mark.parametrize("broken", ["facts_of", "about_windows"])
def test_a_transformer_that_cannot_be_examined_is_a_finding(
    broken: str, config: dict[str, str] | None, make: Callable[..., Language], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*about: object) -> None:
        raise OwnError("odd")

    nlp = make(config)
    monkeypatch.setattr(f"spacy_trend.doctor.transformer.{broken}", fail)
    findings = examine(nlp)
    topic = "transformer" if broken == "facts_of" else "windows"
    assert ("error", topic) in wrong(findings)
    assert about(topic, findings).text.endswith("OwnError: odd")


@pytest.mark.parametrize(
    ("broken", "topic"),
    [("about_settings", "settings"), ("about_needs", "trial"), ("about_bfloat16", "bfloat16")],
)
def test_a_part_that_cannot_be_examined_is_a_finding_and_the_others_are_examined(
    broken: str, topic: str, make: Callable[..., Language], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*about: object) -> None:
        raise OwnError("odd")

    nlp = make({})
    monkeypatch.setattr(f"spacy_trend.doctor.examination.{broken}", fail)
    findings = examine(nlp)
    assert wrong(findings) == [("error", topic)]
    assert about(topic, findings).text.endswith("could not be examined: OwnError: odd")
    assert {"versions", "transformer", "placement"} <= {finding.about for finding in findings}


def test_a_pipeline_whose_parts_cannot_be_found_is_a_finding(
    make: Callable[..., Language], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*about: object) -> None:
        raise OwnError("odd")

    nlp = make({})
    for name in ("about_packages", "transformers_of"):
        with monkeypatch.context() as patch:
            patch.setattr(f"spacy_trend.doctor.examination.{name}", fail)
            assert any(finding.text.endswith("OwnError: odd") for finding in examine(nlp))


def test_tokens_that_were_merged(make: Callable[..., Language]) -> None:
    @Language.component("merge_two")
    def merge(doc: Doc) -> Doc:
        with doc.retokenize() as retokenizer:
            retokenizer.merge(doc[:2])
        return doc

    nlp = make({})
    nlp.add_pipe("merge_two", after="transformer")
    findings = examine(nlp)
    assert wrong(findings) == [("error", "trial")]
    assert "'trend_vector' failed on a text: The transformer's alignment" in about("trial", findings).text
    assert "before the transformer" in str(about("trial", findings).fix)


def test_numbers_that_are_not_finite(make: Callable[..., Language]) -> None:
    nlp = make({"preset": "classifier"})
    weights = nlp.get_pipe("transformer").model.transformer.embeddings.word_embeddings.weight
    weights.data.fill_(float("nan"))
    assert wrong(examine(nlp)) == [("error", "numbers")]


# Windows.


# bfloat16.


# Packages, and pipelines that cannot be opened.


# The command.
