"""Components that are not where they should be, or not attached."""

from collections.abc import Callable

import pytest
from spacy import Language

from spacy_trend.doctor import examine
from tests.support.findings import about, mend, wrong


def test_before_the_transformer(make: Callable[..., Language]) -> None:
    nlp = make(None)
    nlp.add_pipe("trend_vector", name="mine", before="transformer", config={"preset": "classifier"})
    findings = examine(nlp)
    assert wrong(findings) == [("error", "placement")]
    assert "'mine' stands before the transformer 'transformer'" in about("placement", findings).text
    mend(about("placement", findings).fix, nlp)
    assert nlp.pipe_names == ["transformer", "mine"]
    assert wrong(examine(nlp)) == []
    assert "'mine': preset='classifier';" in about("settings", examine(nlp)).text


def test_attached_to_another_transformer(make: Callable[..., Language]) -> None:
    nlp = make({})
    nlp.remove_pipe("transformer")
    nlp.add_pipe("transformer", source=make(None), first=True)
    findings = examine(nlp)
    assert wrong(findings) == [("error", "placement")]
    assert "is attached to a transformer outside this pipeline" in about("placement", findings).text
    mend(about("placement", findings).fix, nlp)
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
    mend(about("placement", findings).fix, nlp)
    assert wrong(examine(nlp)) == []


def test_a_transformer_that_got_its_own_shim_back(with_stock_shims: Language) -> None:
    nlp = with_stock_shims
    findings = examine(nlp)
    assert wrong(findings) == [("error", "placement")]
    assert "is no longer observed" in about("placement", findings).text
    mend(about("placement", findings).fix, nlp)
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
    mend(about("placement", findings).fix, nlp)
    assert wrong(examine(nlp)) == []


@pytest.mark.parametrize(("name", "status"), [("transformer", "error"), ("trend_vector", "warning")])
def test_disabled(make: Callable[..., Language], name: str, status: str) -> None:
    nlp = make({})
    nlp.disable_pipe(name)
    findings = examine(nlp)
    assert wrong(findings) == [(status, "placement")]
    assert f"'{name}' is disabled" in about("placement", findings).text
    mend(about("placement", findings).fix, nlp)
    assert wrong(examine(nlp)) == []


def test_a_transformer_of_another_name(make: Callable[..., Language]) -> None:
    nlp = make({"transformer": "transformer"})
    nlp.rename_pipe("transformer", "trf")
    assert wrong(examine(nlp)) == []
    nlp.get_pipe("trend_vector").transformer = "other"
    findings = examine(nlp)
    assert wrong(findings) == [("error", "placement")]
    assert "names 'other', but got no component of that name" in about("placement", findings).text
    assert "Correct the name" in str(about("placement", findings).fix)
