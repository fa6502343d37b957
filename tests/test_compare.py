"""The comparison of sentence embeddings: in Python, as table, JSON and picture, and from the command line."""

import json
import struct
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language
from spacy.cli._util import app
from typer.testing import CliRunner

pytest.importorskip("sklearn")
pytest.importorskip("scipy")
pytest.importorskip("matplotlib")

import spacy_trend.cli
import spacy_trend.compare
from spacy_trend.compare import classifier as classification
from spacy_trend.compare import compare
from spacy_trend.compare.comparison import Comparison, Score, as_table, describe_texts, write_comparison
from spacy_trend.compare.embeddings import CLS, RANDOM_PAIR, SentenceEmbeddings
from spacy_trend.compare.scores import Scores
from spacy_trend.component.presets import PRESETS
from spacy_trend.pipelines import transformer_pipeline
from spacy_trend.types import Floats

Pairs = list[tuple[str, str]]

FRUIT = ["ripe", "red", "green", "sweet", "sour", "big", "small", "old", "fresh", "cold", "soft", "hard"]
#: Two classes that share no word.
PAIRS: Pairs = [
    pair
    for word in FRUIT
    for pair in ((f"I want apples, {word} apples.", "fruit"), (f"No train {word}ly left from here!", "rail"))
]
TRAIN, TEST = PAIRS[:16], PAIRS[16:]
#: Of two embeddings side by side.
WIDE = ("all_words_wide", "both means side by side")
NAMES = {
    *PRESETS,
    CLS,
    "mean pooling",
    "first-last mean",
    "both means side by side",
    "mean of static",
    RANDOM_PAIR,
}


@pytest.fixture(scope="module", autouse=True)
def few_strengths() -> Iterator[None]:
    """All of them are tested in test_classification.py; here they would take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classification, "STRENGTHS", (0.01, 1.0))
        yield


@pytest.fixture(scope="module")
def encoder_nlp(tiny_encoder: Path) -> Language:
    """A pipeline of the tiny encoder alone."""
    return transformer_pipeline(tiny_encoder)


@pytest.fixture(scope="module")
def folded(encoder_nlp: Language) -> Comparison:
    """The comparison of all pairs, in two folds."""
    return compare(PAIRS, nlp=encoder_nlp, folds=2)


@pytest.fixture(scope="module")
def tested(encoder_nlp: Language) -> Comparison:
    """The comparison of a training and a test part."""
    return compare(TRAIN, TEST, nlp=encoder_nlp)


def write(path: Path, pairs: Pairs) -> Path:
    path.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in pairs))
    return path


def run(*args: str | Path) -> Any:
    return CliRunner().invoke(app, ["trend", "compare", *map(str, args)])


def said(result: Any) -> str:
    return " ".join(result.stdout.split())


def score(name: str, accuracy: float = 0.5, **changes: Any) -> Score:
    made = Score(
        name=name,
        config={"preset": name} if name in PRESETS else None,
        width=32,
        accuracy=accuracy,
        accuracy_interval=(accuracy - 0.05, accuracy + 0.05),
        macro_f1=accuracy - 0.01,
        macro_f1_interval=(accuracy - 0.07, accuracy + 0.03),
        p_value=None if name == CLS else 0.25,
        strengths=[0.1, 1.0],
    )
    return replace(made, **changes)


BY_HAND = Comparison(
    scores=[
        score("pipeline's trend_pair", 0.92, p_value=1e-30),
        score("all_words", 0.9, accuracy_interval=(0.8, 1.0), width=768),
        score("article", 0.875, p_value=0.0123),
        score(CLS, 0.8),
        score("mean of static", 0.5, p_value=1.0),
    ],
    labels={"x": 60, "ÿ": 40},
    train=100,
    test=None,
    folds=5,
    repeated=0,
    seed=0,
    encoder="BertModel (here)",
    versions={"spacy": "3.8.18"},
)


class TestComparison:
    def test_has_a_score_for_each_embedding(self, folded: Comparison, tested: Comparison) -> None:
        for comparison in folded, tested:
            assert {score.name for score in comparison.scores} == NAMES
            assert len(comparison.scores) == len(NAMES)

    def test_says_what_was_measured(self, folded: Comparison, tested: Comparison) -> None:
        assert (folded.train, folded.test, folded.folds) == (24, None, 2)
        assert (tested.train, tested.test, tested.folds) == (16, 8, None)
        for comparison in folded, tested:
            assert comparison.labels == {"fruit": 12, "rail": 12}
            assert (comparison.seed, comparison.repeated) == (0, 0)
            assert comparison.encoder.startswith("BertModel")
            assert comparison.versions["spacy"] == spacy.__version__
            assert comparison.versions["numpy"] == np.__version__

    def test_puts_the_best_first(self, folded: Comparison, tested: Comparison) -> None:
        for comparison in folded, tested:
            accuracies = [score.accuracy for score in comparison.scores]
            assert accuracies == sorted(accuracies, reverse=True)
            best = comparison.best_preset()
            assert best.accuracy == max(s.accuracy for s in comparison.scores if s.name in PRESETS)
            assert best.config == {"preset": best.name}

    def test_learns_what_is_separable(self, folded: Comparison, tested: Comparison) -> None:
        for comparison in folded, tested:
            scores = {score.name: score for score in comparison.scores}
            for name in "mean of static", "mean pooling", "similarity":
                assert (scores[name].accuracy, scores[name].macro_f1) == (1, 1)
                assert scores[name].accuracy_interval == scores[name].macro_f1_interval == (1, 1)

    def test_has_numbers_that_are_possible(self, folded: Comparison, tested: Comparison) -> None:
        for comparison in folded, tested:
            for score in comparison.scores:
                assert 0 <= score.accuracy_interval[0] <= score.accuracy <= score.accuracy_interval[1] <= 1
                assert 0 <= score.macro_f1_interval[0] <= score.macro_f1 <= score.macro_f1_interval[1] <= 1
                assert score.width == (64 if score.name in WIDE else 32)
                assert len(score.strengths) == (comparison.folds or 1)
                assert (score.config is None) == (score.name not in PRESETS)

    def test_has_a_p_value_for_all_but_the_reference(self, folded: Comparison, tested: Comparison) -> None:
        for comparison in folded, tested:
            p_values = {score.name: score.p_value for score in comparison.scores}
            assert p_values.pop(CLS) is None
            assert all(p_value is not None and 0 < p_value <= 1 for p_value in p_values.values())

    def test_is_reproducible_by_its_seed(self, encoder_nlp: Language, folded: Comparison) -> None:
        again = compare(PAIRS, nlp=encoder_nlp, folds=2)
        assert again == folded
        assert compare(PAIRS, nlp=encoder_nlp, folds=2, seed=1) != replace(folded, seed=1)

    def test_takes_files_and_pairs_alike(
        self, encoder_nlp: Language, tested: Comparison, tmp_path: Path
    ) -> None:
        train, test = write(tmp_path / "a.jsonl", TRAIN), tmp_path / "b.csv"
        test.write_text("text,label\n" + "".join(f'"{text}",{label}\n' for text, label in TEST))
        assert compare(str(train), test, nlp=encoder_nlp) == tested

    def test_takes_pairs_from_anywhere(self, encoder_nlp: Language, tested: Comparison) -> None:
        assert compare((pair for pair in TRAIN), iter(TEST), nlp=encoder_nlp) == tested

    def test_takes_labels_that_are_numbers(self, encoder_nlp: Language) -> None:
        pairs: Any = [(text, label == "rail") for text, label in PAIRS]
        assert compare(pairs[:16], pairs[16:], nlp=encoder_nlp).labels == {"False": 12, "True": 12}

    def test_counts_labels_of_both_parts(self, encoder_nlp: Language) -> None:
        comparison = compare(PAIRS[:13], TEST[::2], nlp=encoder_nlp)
        assert comparison.labels == {"fruit": 7 + 4, "rail": 6}
        assert comparison.labels == Counter(label for _, label in PAIRS[:13] + TEST[::2])

    def test_counts_repeated_texts(self, encoder_nlp: Language) -> None:
        assert compare([*TRAIN[:12], *TRAIN[:3]], nlp=encoder_nlp, folds=2).repeated == 6
        assert compare(TRAIN, [*TEST, *TEST, *TRAIN[:3]], nlp=encoder_nlp).repeated == 3

    def test_has_as_many_texts_of_a_class_as_it_needs(self, encoder_nlp: Language) -> None:
        assert compare(PAIRS[:8], nlp=encoder_nlp, folds=4).folds == 4
        assert compare(PAIRS[:6], PAIRS[6:8], nlp=encoder_nlp).train == 6

    def test_has_no_more_than_chance_for_texts_without_words(self, encoder_nlp: Language) -> None:
        pairs = [(mark * (1 + n), mark) for n in range(6) for mark in "!?"]
        scores = {score.name: score for score in compare(pairs, nlp=encoder_nlp, folds=2).scores}
        for name in PRESETS:
            assert scores[name].accuracy == 0.5

    def test_has_the_pipelines_own_trend_vector(
        self, make_nlp: Callable[..., Language], tiny_encoder: Path
    ) -> None:
        nlp = make_nlp(tiny_encoder, {"preset": "similarity"})
        scores = {score.name: score for score in compare(TRAIN, TEST, nlp=nlp).scores}
        assert set(scores) == NAMES | {"pipeline's trend_vector"}
        own = scores["pipeline's trend_vector"]
        assert own.config is None
        assert own.accuracy == scores["similarity"].accuracy

    def test_of_a_curated_transformer_has_no_reference(self, tiny_encoder: Path) -> None:
        pytest.importorskip("spacy_curated_transformers")
        from .test_curated import curated_bert

        comparison = compare(TRAIN, TEST, nlp=curated_bert(tiny_encoder, None))
        assert {score.name for score in comparison.scores} == NAMES - {CLS}
        assert {score.p_value for score in comparison.scores} == {None}
        rows = as_table(comparison).splitlines()[3:-2]
        assert [row.split()[-1] for row in rows] == ["-"] * len(comparison.scores)

    def test_uses_the_bundled_encoder_where_no_pipeline_is_given(
        self, monkeypatch: pytest.MonkeyPatch, encoder_nlp: Language, tested: Comparison
    ) -> None:
        monkeypatch.setattr(spacy_trend.compare, "transformer_pipeline", lambda: encoder_nlp)
        assert compare(TRAIN, TEST) == tested

    def test_refuses_one_class(self, encoder_nlp: Language) -> None:
        message = r"All 8 training texts, from train, item 1 on, have the label 'fruit'"
        with pytest.raises(ValueError, match=message):
            compare(TRAIN[::2], nlp=encoder_nlp)

    @pytest.mark.parametrize(("folds", "fewest"), [(2, 6), (3, 5), (4, 4), (10, 10)])
    def test_refuses_too_few_texts_of_a_class(self, encoder_nlp: Language, folds: int, fewest: int) -> None:
        pairs = PAIRS[: 2 * fewest - 1]
        message = (
            rf"train, item 2: the label 'rail' has {fewest - 1} training texts\. Expected at least {fewest}"
        )
        with pytest.raises(ValueError, match=message):
            compare(pairs, nlp=encoder_nlp, folds=folds)

    def test_refuses_too_few_texts_of_a_class_in_the_training_part(self, encoder_nlp: Language) -> None:
        message = r"train, item 2: the label 'rail' has 2 training texts\. Expected at least 3"
        with pytest.raises(ValueError, match=message):
            compare(PAIRS[:5], TEST, nlp=encoder_nlp)

    def test_refuses_a_label_that_only_the_test_part_has(self, encoder_nlp: Language) -> None:
        message = (
            r"test, item 2: the label 'road' is not among those of the training texts, \['fruit', 'rail'\]"
        )
        with pytest.raises(ValueError, match=message):
            compare(TRAIN, [TEST[0], ("A car.", "road")], nlp=encoder_nlp)

    def test_refuses_a_single_test_text(self, encoder_nlp: Language) -> None:
        with pytest.raises(ValueError, match=r"test, item 1 is the only text to predict"):
            compare(TRAIN, TEST[:1], nlp=encoder_nlp)

    def test_refuses_an_empty_test_part(self, encoder_nlp: Language) -> None:
        with pytest.raises(ValueError, match=r"There is no text in test"):
            compare(TRAIN, [], nlp=encoder_nlp)

    @pytest.mark.parametrize("folds", [1, 0, -2])
    def test_refuses_fewer_than_two_folds(self, encoder_nlp: Language, folds: int) -> None:
        with pytest.raises(ValueError, match=rf"folds={folds} is out of range"):
            compare(PAIRS, nlp=encoder_nlp, folds=folds)

    def test_refuses_a_pipeline_without_a_transformer(self) -> None:
        with pytest.raises(ValueError, match=r"There is no transformer for 'trend_vector' to read"):
            compare(PAIRS, nlp=spacy.blank("en"), folds=2)

    @pytest.mark.parametrize("seed", [-1, 2**32])
    def test_refuses_a_seed_out_of_range(self, encoder_nlp: Language, seed: int) -> None:
        with pytest.raises(ValueError, match=rf"seed={seed} is out of range"):
            compare(TRAIN, TEST, nlp=encoder_nlp, seed=seed)

    def test_refuses_half_of_a_surrogate_pair_with_its_line(
        self, encoder_nlp: Language, tmp_path: Path
    ) -> None:
        write(tmp_path / "a.jsonl", [*PAIRS, ("Broken \ud83d emoji", "rail")])
        with pytest.raises(ValueError, match=r"a\.jsonl, line 25"):
            compare(tmp_path / "a.jsonl", nlp=encoder_nlp)

    @pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
    def test_refuses_vectors_that_are_not_finite(
        self, monkeypatch: pytest.MonkeyPatch, encoder_nlp: Language, broken: float
    ) -> None:
        def embed(texts: list[str], nlp: Language, *, seed: int) -> SentenceEmbeddings:
            vectors: Floats = np.ones((len(texts), 4), dtype=np.float32)
            one_broken = vectors.copy()
            one_broken[[2, 17], 1] = broken
            return SentenceEmbeddings("BertModel", {"whole": vectors, "broken": one_broken})

        monkeypatch.setattr(spacy_trend.compare, "embed_texts", embed)
        message = (
            r"^train, item 3: the embedding 'broken' has NaN or infinite numbers, as have those of 1 other"
            r" texts\. Expected finite output of the encoder"
        )
        with pytest.raises(ValueError, match=message):
            compare(TRAIN, TEST, nlp=encoder_nlp)

    def test_refuses_an_encoder_whose_output_is_not_finite(self, tiny_encoder: Path) -> None:
        nlp = transformer_pipeline(tiny_encoder)
        module = nlp.get_pipe("transformer").model.layers[0].shims[0]._model
        next(module.parameters()).data.fill_(float("nan"))
        with (
            pytest.warns(UserWarning, match="got vectors with NaN or infinite numbers"),
            pytest.raises(ValueError, match=r"train, item 1: the embedding .* has NaN or infinite numbers"),
        ):
            compare(TRAIN, TEST, nlp=nlp)

    @pytest.mark.parametrize("package", ["sklearn", "scipy", "matplotlib"])
    def test_names_the_extra_where_it_is_missing(
        self, monkeypatch: pytest.MonkeyPatch, encoder_nlp: Language, package: str
    ) -> None:
        monkeypatch.setitem(sys.modules, package, None)
        message = rf"The package '{package}' is not installed\. .* pip install \"spacy-trend\[compare\]\""
        with pytest.raises(ImportError, match=message):
            compare(TRAIN, TEST, nlp=encoder_nlp)

    def test_names_all_packages_that_are_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for package in "sklearn", "scipy", "matplotlib":
            monkeypatch.setitem(sys.modules, package, None)
        message = "The packages 'sklearn', 'scipy' and 'matplotlib' are not installed"
        with pytest.raises(ImportError, match=message):
            compare(TRAIN, TEST)


class TestTable:
    def test_has_scores_in_percent(self) -> None:
        assert as_table(BY_HAND).splitlines() == [
            "",
            "embedding               width   accuracy          95%   macro F1         95%   p against [CLS]",
            "---------------------   -----   --------   ----------   --------   ---------   ---------------",
            "pipeline's trend_pair      32       92.0    87.0-97.0       91.0   85.0-95.0             1e-30",
            "all_words                 768       90.0   80.0-100.0       89.0   83.0-93.0              0.25",
            "article                    32       87.5    82.5-92.5       86.5   80.5-90.5             0.012",
            "[CLS]                      32       80.0    75.0-85.0       79.0   73.0-83.0                 -",
            "mean of static             32       50.0    45.0-55.0       49.0   43.0-53.0                 1",
            "",
            "100 texts, predicted in 5 folds; 2 labels.",
        ]

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            (
                {"repeated": 7},
                "100 texts, predicted in 5 folds; 2 labels. 7 of the texts stand there more than once.",
            ),
            ({"test": 30, "folds": None}, "30 test texts, after 100 training texts; 2 labels."),
            (
                {"test": 30, "folds": None, "repeated": 2},
                "30 test texts, after 100 training texts; 2 labels. 2 of the texts stand among the training "
                "texts too.",
            ),
        ],
    )
    def test_describes_the_texts(self, changes: dict[str, Any], expected: str) -> None:
        assert describe_texts(replace(BY_HAND, **changes)) == expected
        assert as_table(replace(BY_HAND, **changes)).endswith(f"\n{expected}")

    def test_has_the_best_preset_not_the_best_of_all(self) -> None:
        assert BY_HAND.best_preset().name == "all_words"


class TestFiles:
    def test_are_json_with_all_fields(self, folded: Comparison, tmp_path: Path) -> None:
        data, _ = write_comparison(folded, tmp_path)
        assert data == tmp_path / "compare.json"
        read = json.loads(data.read_text(encoding="utf8"), parse_constant=pytest.fail)
        assert set(read) == {field.name for field in fields(Comparison)}
        for row, score in zip(read["scores"], folded.scores, strict=True):
            first, last = ["name", "config", "width"], ["p_value", "strengths"]
            assert list(row) == [*first, *(field.name for field in fields(Scores)), *last]
            assert set(row) == {field.name for field in fields(Score)}
            intervals = {name: tuple(row[name]) for name in ("accuracy_interval", "macro_f1_interval")}
            assert Score(**{**row, **intervals}) == score
        assert {**read, "scores": folded.scores} == {**vars(folded)}

    def test_are_read_back(self, folded: Comparison, tested: Comparison, tmp_path: Path) -> None:
        for comparison in folded, tested, BY_HAND:
            data, _ = write_comparison(comparison, tmp_path)
            assert Comparison.from_json(data) == comparison

    @pytest.mark.parametrize("p_value", [1e-30, 2.0**-1000, 0.1 + 0.2, 1.0])
    def test_keep_numbers_to_the_last_digit(self, tmp_path: Path, p_value: float) -> None:
        comparison = replace(BY_HAND, scores=[score("article", 1 / 3, p_value=p_value)])
        data, _ = write_comparison(comparison, tmp_path)
        (read,) = json.loads(data.read_text(encoding="utf8"))["scores"]
        assert (read["p_value"], read["accuracy"]) == (p_value, 1 / 3)

    def test_keep_labels_in_all_letters(self, tmp_path: Path) -> None:
        data, _ = write_comparison(BY_HAND, tmp_path)
        assert json.loads(data.read_text(encoding="utf8"))["labels"] == {"x": 60, "ÿ": 40}

    def test_are_a_picture_that_grows_with_the_scores(self, folded: Comparison, tmp_path: Path) -> None:
        heights = []
        for comparison in BY_HAND, folded:
            _, picture = write_comparison(comparison, tmp_path)
            assert picture == tmp_path / "compare.png"
            content = picture.read_bytes()
            assert content[:8] == b"\x89PNG\r\n\x1a\n"
            assert content[-8:-4] == b"IEND"
            width, height = struct.unpack(">II", content[16:24])
            assert width == 1200
            heights.append(height)
        assert 400 <= heights[0] < heights[1] <= 1000

    @pytest.mark.parametrize("accuracy", [0.0, 1.0])
    def test_are_a_picture_of_extremes(self, tmp_path: Path, accuracy: float) -> None:
        one = score(CLS, accuracy, accuracy_interval=(accuracy, accuracy))
        _, picture = write_comparison(replace(BY_HAND, scores=[one]), tmp_path)
        assert picture.stat().st_size > 1000

    @pytest.mark.parametrize(
        "name",
        [
            "pipeline's $a$_b^",
            "pipeline's a_{b",
            "pipeline's $\\frac$",
        ],
    )
    def test_are_a_picture_of_any_name(self, tmp_path: Path, name: str) -> None:
        _, picture = write_comparison(replace(BY_HAND, scores=[score(name)]), tmp_path)
        assert picture.stat().st_size > 1000

    def test_are_written_into_a_new_folder_and_over_old_ones(self, tmp_path: Path) -> None:
        for comparison in BY_HAND, replace(BY_HAND, seed=7):
            data, _ = write_comparison(comparison, tmp_path / "new" / "folder")
        assert json.loads(data.read_text())["seed"] == 7

    def test_cannot_be_written_where_a_file_is(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(OSError, match=r"'.*file' is a file\. Expected a folder, or a path where"):
            write_comparison(BY_HAND, tmp_path / "file")
        with pytest.raises(OSError, match=r"folder' cannot be made: '.*file' is a file"):
            write_comparison(BY_HAND, tmp_path / "file" / "folder")


class TestCommand:
    def test_prints_a_table_and_writes_files(self, tiny_encoder: Path, tmp_path: Path) -> None:
        train, output = write(tmp_path / "train.jsonl", PAIRS), tmp_path / "out"
        result = run(train, "--encoder", tiny_encoder, "--output", output, "--folds", "2")
        assert result.exit_code == 0, result.stdout
        read = json.loads((output / "compare.json").read_text(encoding="utf8"))
        printed = result.stdout.splitlines()
        first = printed.index(next(line for line in printed if line.startswith("---"))) + 1
        rows = printed[first : first + len(read["scores"])]
        for row, score in zip(rows, read["scores"], strict=True):
            assert row.startswith(f"{score['name']} ")
            assert f" {100 * score['accuracy']:.1f} " in row
        assert "24 texts, predicted in 2 folds; 2 labels." in result.stdout
        best = next(score for score in read["scores"] if score["config"])
        settings = f"config={{'preset': '{best['name']}'}}"
        assert f"The best settings: nlp.add_pipe('trend_vector', {settings})" in said(result)
        assert said(result).count("Wrote") == 2
        assert (output / "compare.png").stat().st_size > 1000

    def test_takes_a_test_part(self, tiny_encoder: Path, tmp_path: Path) -> None:
        train, test = write(tmp_path / "train.jsonl", TRAIN), write(tmp_path / "test.jsonl", TEST + TRAIN[:2])
        result = run(train, test, "-e", tiny_encoder, "-o", tmp_path)
        assert result.exit_code == 0, result.stdout
        assert "10 test texts, after 16 training texts; 2 labels. 2 of the texts stand" in result.stdout
        read = json.loads((tmp_path / "compare.json").read_text())
        assert (read["train"], read["test"], read["folds"], read["repeated"]) == (16, 10, None, 2)

    def test_writes_nothing_unless_told(
        self, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        train, test = write(tmp_path / "train.jsonl", TRAIN), write(tmp_path / "test.jsonl", TEST)
        monkeypatch.chdir(tmp_path)
        assert run(train, test, "--encoder", tiny_encoder).exit_code == 0
        assert sorted(path.name for path in tmp_path.iterdir()) == ["test.jsonl", "train.jsonl"]

    def test_is_reproducible_by_its_seed(self, tiny_encoder: Path, tmp_path: Path) -> None:
        train, test = write(tmp_path / "train.jsonl", TRAIN), write(tmp_path / "test.jsonl", TEST)
        written = []
        for seed, output in ("3", "a"), ("3", "b"), ("4", "c"):
            options = ["--seed", seed, "--output", tmp_path / output]
            assert run(train, test, "--encoder", tiny_encoder, *options).exit_code == 0
            written.append((tmp_path / output / "compare.json").read_text())
        assert written[0] == written[1]
        assert [json.loads(text)["seed"] for text in written] == [3, 3, 4]
        assert json.loads(written[0])["scores"] != json.loads(written[2])["scores"]

    def test_takes_a_pipeline_with_its_own_trend_vector(self, tiny: Language, tmp_path: Path) -> None:
        tiny.to_disk(tmp_path / "model")
        train, test = write(tmp_path / "train.jsonl", TRAIN), write(tmp_path / "test.jsonl", TEST)
        result = run(train, test, "--model", tmp_path / "model", "--output", tmp_path)
        assert result.exit_code == 0, result.stdout
        scores = json.loads((tmp_path / "compare.json").read_text())["scores"]
        (own,) = [score for score in scores if score["name"] == "pipeline's trend_vector"]
        (article,) = [score for score in scores if score["name"] == "article"]
        assert own["accuracy"] == article["accuracy"]

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ([("a", "x")] * 9, "All 9 training texts, from"),
            (PAIRS[:9], "line 2: the label 'rail' has 4 training texts. Expected at least 5, for the folds"),
            ([*PAIRS, ("", "rail")], "line 25: the text is empty or not a string: got ''"),
            ([], "There is no text in"),
        ],
    )
    def test_says_what_is_wrong_with_the_texts(
        self, tiny_encoder: Path, tmp_path: Path, content: Pairs, message: str
    ) -> None:
        result = run(write(tmp_path / "train.jsonl", content), "--encoder", tiny_encoder)
        assert result.exit_code == 1
        assert "The texts could not be compared" in said(result)
        assert message.replace(" ", "") in said(result).replace(" ", "")

    def test_says_which_test_label_is_unknown(self, tiny_encoder: Path, tmp_path: Path) -> None:
        train = write(tmp_path / "train.jsonl", TRAIN)
        test = write(tmp_path / "test.jsonl", [*TEST, ("A car.", "road")])
        result = run(train, test, "--encoder", tiny_encoder)
        assert result.exit_code == 1
        message = "test.jsonl,line9:thelabel'road'isnotamongthoseofthetrainingtexts,['fruit','rail']"
        assert message in said(result).replace(" ", "")

    def test_says_that_a_file_is_not_there(self, tiny_encoder: Path, tmp_path: Path) -> None:
        for parts in ([tmp_path / "none.csv"], [write(tmp_path / "a.jsonl", TRAIN), tmp_path / "none.csv"]):
            result = run(*parts, "--encoder", tiny_encoder)
            assert result.exit_code == 1
            assert "No such file or directory" in said(result)

    def test_says_that_a_folder_is_no_file(self, tiny_encoder: Path, tmp_path: Path) -> None:
        (tmp_path / "folder.csv").mkdir()
        result = run(tmp_path / "folder.csv", "--encoder", tiny_encoder)
        assert result.exit_code == 1
        assert "Is a directory" in said(result)

    def test_refuses_fewer_than_two_folds(self, tiny_encoder: Path, tmp_path: Path) -> None:
        result = run(write(tmp_path / "a.jsonl", PAIRS), "--encoder", tiny_encoder, "--folds", "1")
        assert result.exit_code == 1
        assert "folds=1 is out of range. Expected 2 or more." in said(result)

    def test_refuses_both_a_model_and_an_encoder(self, tmp_path: Path) -> None:
        result = run(write(tmp_path / "a.jsonl", PAIRS), "--model", "a", "--encoder", "b")
        assert result.exit_code == 1
        assert "--model and --encoder exclude each other. Give one of them." in said(result)

    def test_refuses_a_pipeline_without_a_transformer(self, tmp_path: Path) -> None:
        spacy.blank("en").to_disk(tmp_path / "model")
        result = run(write(tmp_path / "a.jsonl", PAIRS), "--model", tmp_path / "model")
        assert result.exit_code == 1
        assert "There is no transformer for 'trend_vector' to read" in said(result)

    def test_names_the_extra_that_is_missing_before_it_loads_an_encoder(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setitem(sys.modules, "sklearn", None)
        result = run(write(tmp_path / "a.jsonl", PAIRS), "--encoder", "./none", "--output", tmp_path / "out")
        assert result.exit_code == 1
        assert 'pip install "spacy-trend[compare]"' in said(result)
        assert not (tmp_path / "out").exists()

    def test_refuses_a_folder_that_it_cannot_make_before_it_loads_an_encoder(self, tmp_path: Path) -> None:
        train, test = write(tmp_path / "train.jsonl", TRAIN), write(tmp_path / "test.jsonl", TEST)
        result = run(train, test, "--encoder", "./none", "--output", train)
        assert result.exit_code == 1
        assert "is a file. Expected a folder, or a path where one can be made" in said(result)
        assert "Wrote" not in said(result)
