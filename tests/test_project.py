"""The project: its file, its texts, and the whole of it run in a copy of the checkout."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.cli._util import app
from typer.main import get_command
from typer.testing import CliRunner

pytest.importorskip("sklearn")
pytest.importorskip("weasel")

from weasel.util import load_project_config, parse_config_overrides

from spacy_trend.cli import trend_cli
from spacy_trend.compare.labelled_texts import read_labelled_texts
from tests.support.checkout import ROOT

FILES = ["messages.jsonl", "questions.jsonl"]
#: What the commands write, and so git does not keep.
WRITTEN = ["corpus", "training", "metrics", "packages", "project.lock"]


def git(*args: str) -> list[str]:
    """The lines that git prints; skips where there is no checkout."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("needs a checkout and git")
    result = subprocess.run(["git", *args], cwd=ROOT, capture_output=True, text=True)
    return result.stdout.splitlines()


def in_git(folder: Path) -> Path:
    """A copy of all files that git has or would take."""
    for name in git("ls-files", "--cached", "--others", "--exclude-standard"):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project's own files."""
    shutil.copy(ROOT / "project.yml", tmp_path)
    for folder in "assets", "configs":
        (tmp_path / folder).mkdir()
        for path in (ROOT / folder).iterdir():
            if path.is_file():
                shutil.copy(path, tmp_path / folder)
    return tmp_path


@pytest.fixture
def config(project: Path) -> Any:
    return load_project_config(project)


def scripts(config: Any, name: str | None = None) -> list[list[str]]:
    """The words of each line of the commands' scripts, or of one command's."""
    return [
        shlex.split(line)
        for command in config["commands"]
        if name in (None, command["name"])
        for line in command["script"]
    ]


def overridden(project: Path, *args: str) -> Any:
    """The project's file with variables as they are given on the command line."""
    return load_project_config(project, overrides=parse_config_overrides(list(args)))


def run_all(folder: Path, *args: str) -> str:
    command = [sys.executable, "-m", "spacy", "project", "run", *(args or ["all"])]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout in which the whole project ran."""
    folder = in_git(tmp_path_factory.mktemp("checkout"))
    assert "nothing changed" not in run_all(folder)
    return folder


class TestFile:
    def test_is_loaded(self, config: Any) -> None:
        names = [command["name"] for command in config["commands"]]
        assert len(set(names)) == len(names)
        for steps in config["workflows"].values():
            assert set(steps) <= set(names)
        assert all(command["help"] for command in config["commands"])

    def test_has_no_variable_that_is_not_there(self, config: Any) -> None:
        assert "${" not in json.dumps(config)

    def test_uses_every_variable(self) -> None:
        text = (ROOT / "project.yml").read_text(encoding="utf8")
        (block,) = re.findall(r"^vars:\n((?:  .*\n)+)", text, re.MULTILINE)
        for name in re.findall(r"^  (\w+):", block, re.MULTILINE):
            assert f"${{vars.{name}}}" in text

    def test_runs_commands_that_exist_with_options_that_they_have(self, config: Any) -> None:
        commands, spacy_commands = (get_command(one).commands for one in (trend_cli, app))
        for words in scripts(config):
            if words[:3] != ["python", "-m", "spacy"]:
                continue
            command = commands[words[4]] if words[3] == "trend" else spacy_commands[words[3]]
            known = {name for parameter in command.params for name in parameter.opts}
            for word in words[4:]:
                # Those of spacy train with a dot stand for a place in its config.
                if re.match(r"--?[a-z]", word) and "." not in word:
                    assert word in known, (words, known)

    def test_runs_nothing_but_python_and_what_is_on_every_linux(self, config: Any) -> None:
        modules = {"spacy", "pip", "zipfile"}
        for words in scripts(config):
            assert words[0] == "sha256sum" or (words[:2] == ["python", "-m"] and words[2] in modules)

    def test_overrides_settings_that_the_config_has(self, config: Any, project: Path) -> None:
        ((_, _, _, _, path, *options),) = scripts(config, "train")
        settings = spacy.util.load_config(project / path)
        for option in options:
            if option.startswith("--") and "." in option:
                found: Any = settings
                for name in option[2:].split("."):
                    assert name in found, option
                    found = found[name]

    def test_names_files_that_are_there_or_made_before(self, config: Any, project: Path) -> None:
        commands = {command["name"]: command for command in config["commands"]}
        public = {asset["dest"] for asset in config["assets"]}
        made = set(public)
        for name in config["workflows"]["all"]:
            for dep in commands[name]["deps"]:
                assert dep in made or (project / dep).exists(), (name, dep)
            made |= set(commands[name]["outputs"])
        for name in "trec", "sms":
            assert set(commands[name]["deps"]) <= public | {"assets/sms.sha256"}
            assert commands[name]["outputs"] == [f"corpus/{name}"]

    def test_names_what_it_reads_as_deps(self, config: Any) -> None:
        """So that a command runs again where its files changed."""
        for command in config["commands"]:
            named = [*command["deps"], *command["outputs"]]
            for words in map(shlex.split, command["script"]):
                for word in words[3:]:
                    if word.startswith(("assets/", "corpus/", "training/", "metrics/", "configs/")):
                        related = any(word.startswith(path) or path.startswith(word) for path in named)
                        assert related or word in (
                            "assets/sms",
                            "assets/sms.sha256",
                            "assets/sms/SMSSpamCollection",
                        )

    def test_has_assets_that_are_checked(self, config: Any) -> None:
        for asset in config["assets"]:
            assert asset["url"].startswith("https://")
            if "checksum" in asset:
                assert re.fullmatch(r"[0-9a-f]{32}", asset["checksum"])
            else:
                assert asset["dest"] == "assets/sms.zip"
                words = scripts(config, "sms")
                assert ["sha256sum", "--check", "assets/sms.sha256"] in words[:-1]

    def test_checks_what_it_unpacks(self, config: Any, project: Path) -> None:
        """An archive of other texts under the right name is refused before it is used."""
        with zipfile.ZipFile(project / "assets" / "sms.zip", "w") as archive:
            archive.writestr("SMSSpamCollection", "ham\tNot the one\n")
        extract, check, _ = (
            [sys.executable if w == "python" else w for w in s] for s in scripts(config, "sms")
        )
        subprocess.run(extract, cwd=project, check=True)
        assert (project / "assets" / "sms" / "SMSSpamCollection").exists()
        result = subprocess.run(check, cwd=project, capture_output=True, text=True)
        assert result.returncode == 1
        assert "SMSSpamCollection: FAILED" in result.stdout

    @pytest.mark.parametrize("name", [*WRITTEN, "assets/sms", "assets/sms.zip", "assets/trec_train.label"])
    def test_writes_nothing_that_git_keeps(self, name: str) -> None:
        assert git("check-ignore", f"{name}/file" if "." not in name else name)

    @pytest.mark.parametrize(
        "name", [*(f"assets/{name}" for name in FILES), "assets/sms.sha256", "project.yml"]
    )
    def test_needs_nothing_that_git_leaves_out(self, name: str) -> None:
        assert not git("check-ignore", name)
        assert (ROOT / name).exists()

    def test_takes_variables_from_the_command_line(self, project: Path) -> None:
        changed = overridden(
            project, "--vars.task", "questions", "--vars.preset", "classifier", "--vars.seed", "7"
        )
        (train,) = scripts(changed, "train")
        assert train[train.index("--components.trend_vector.preset") + 1] == "classifier"
        assert train[train.index("--paths.train") + 1] == "corpus/questions/train.spacy"
        assert train[train.index("--system.seed") + 1] == "7"
        (corpus,) = scripts(changed, "corpus")
        assert corpus[5:7] == ["assets/questions.jsonl", "corpus/questions"]

    def test_takes_another_encoder_that_is_written_into_it(self, project: Path) -> None:
        path = project / "project.yml"
        text = path.read_text().replace(
            'encoder: ""', 'encoder: "--components.transformer.model.name some/encoder"'
        )
        path.write_text(text)
        (train,) = scripts(overridden(project), "train")
        assert train[train.index("--components.transformer.model.name") + 1] == "some/encoder"

    def test_tells_how_to_fetch_the_public_sets(
        self, config: Any, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fetched: list[str] = []
        monkeypatch.setattr(
            "weasel.cli.assets.fetch_asset", lambda path, url, dest, *_: fetched.append(dest.name)
        )
        (told,) = re.findall(
            r"`python -m spacy project (assets[^`]*)`", " ".join(config["description"].split())
        )
        CliRunner().invoke(app, ["project", *told.split(), str(project)])
        assert sorted(fetched) == ["sms.zip", "trec_test.label", "trec_train.label"]

    def test_fetches_the_public_sets_with_extra(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        fetched: list[str] = []
        monkeypatch.setattr(
            "weasel.cli.assets.fetch_asset", lambda path, url, dest, *_: fetched.append(dest.name)
        )
        assert CliRunner().invoke(app, ["project", "assets", "--extra", str(project)]).exit_code == 0
        assert sorted(fetched) == ["sms.zip", "trec_test.label", "trec_train.label"]

    def test_can_be_shown(self, project: Path) -> None:
        result = CliRunner().invoke(app, ["project", "document", str(project)])
        assert result.exit_code == 0
        assert "`compare`" in result.stdout


class TestTexts:
    def test_are_many(self) -> None:
        counts = [len(read_labelled_texts(ROOT / "assets" / name, "texts")) for name in FILES]
        assert sum(counts) >= 600
        assert min(counts) >= 200

    @pytest.mark.parametrize(
        ("name", "labels"), [("messages.jsonl", {"ham", "spam"}), ("questions.jsonl", None)]
    )
    def test_have_labels_with_enough_texts(self, name: str, labels: set[str] | None) -> None:
        counts = Counter(text.label for text in read_labelled_texts(ROOT / "assets" / name, "texts"))
        assert len(counts) == (len(labels) if labels else 6)
        assert labels is None or set(counts) == labels
        assert min(counts.values()) >= 20

    def test_are_no_copies(self) -> None:
        texts = [text for name in FILES for text in read_labelled_texts(ROOT / "assets" / name, "texts")]
        counts = Counter(re.sub(r"\W+", " ", text.text.casefold()).strip() for text in texts)
        assert [text for text, count in counts.items() if count > 1] == []

    @pytest.mark.parametrize("name", FILES)
    def test_are_one_line_without_spaces_around(self, name: str) -> None:
        for text in read_labelled_texts(ROOT / "assets" / name, "texts"):
            assert text.text == " ".join(text.text.split())

    @pytest.mark.parametrize("name", FILES)
    def test_hold_no_other_fields(self, name: str) -> None:
        lines = (ROOT / "assets" / name).read_text(encoding="utf8").splitlines()
        assert {tuple(json.loads(line)) for line in lines} == {("text", "label")}


@pytest.mark.slow
class TestRun:
    def test_ends_with_a_wheel_and_a_report(self, checkout: Path) -> None:
        metrics = checkout / "metrics" / "messages"
        assert sorted(path.name for path in metrics.iterdir()) == [
            "compare.json",
            "compare.png",
            "confusion.png",
            "evaluation.json",
            "explanation.json",
            "reasons.jsonl",
            "report.html",
            "report.txt",
            "scores.json",
        ]
        report = (metrics / "report.txt").read_text(encoding="utf8")
        for classifier in (
            "trained textcat",
            "logistic regression on the pipeline's trend_vector",
            "logistic regression on [CLS]",
            "logistic regression on mean pooling",
        ):
            assert classifier in report
        assert "other texts" not in report
        (wheel,) = (checkout / "packages").glob("*.whl")
        assert wheel.name == "en_trend_messages-0.0.1-py3-none-any.whl"

    def test_learns(self, checkout: Path) -> None:
        evaluation = json.loads((checkout / "metrics" / "messages" / "evaluation.json").read_text())
        assert evaluation["labels"] == ["ham", "spam"]
        assert evaluation["accuracy"] > 0.85
        scores = json.loads((checkout / "metrics" / "messages" / "scores.json").read_text())
        assert scores["cats_macro_f"] == pytest.approx(evaluation["macro_f1"], abs=0.01)

    def test_explains_the_text(self, checkout: Path) -> None:
        explanation = json.loads((checkout / "metrics" / "messages" / "explanation.json").read_text())
        assert explanation["text"] == "You have won a prize! Call now to claim it."
        assert len(explanation["vector"]) == 768

    def test_leaves_nothing_else_in_the_checkout(self, checkout: Path) -> None:
        before = {
            name.split("/")[0] for name in git("ls-files", "--cached", "--others", "--exclude-standard")
        }
        after = {path.name for path in checkout.iterdir()} - {"__pycache__"}
        assert after - before == set(WRITTEN)

    def test_skips_all_a_second_time(self, checkout: Path) -> None:
        said = run_all(checkout)
        steps = load_project_config(checkout)["workflows"]["all"]
        assert said.count("nothing changed") == len(steps)
        assert "Running command" not in said

    def test_ends_with_a_wheel_that_loads_elsewhere(self, checkout: Path, tmp_path: Path) -> None:
        (wheel,) = (checkout / "packages").glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(tmp_path)
        code = (
            "import en_trend_messages; doc = en_trend_messages.load()('You have won a prize! Call now.');"
            "print(max(doc.cats, key=doc.cats.get), doc._.trend_vector.shape)"
        )
        result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
        assert result.stdout.strip() == "spam (768,)", result.stderr[-2000:]

    @pytest.mark.thorough
    def test_trains_on_the_other_texts(self, checkout: Path) -> None:
        variables = ["--vars.task", "questions", "--vars.preset", "classifier"]
        run_all(checkout, "all", ".", *variables)
        evaluation = json.loads((checkout / "metrics" / "questions" / "evaluation.json").read_text())
        assert len(evaluation["labels"]) == 6
        assert evaluation["accuracy"] > 0.6
        assert (checkout / "packages" / "en_trend_questions-0.0.1-py3-none-any.whl").exists()
