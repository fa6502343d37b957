"""A run with nothing left to do: proven as any other, and without loading the pipeline."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")

from spacy_trend import from_encoder
from spacy_trend.corpus import embed_corpus
from spacy_trend.corpus import pipeline as corpus_pipeline
from spacy_trend.corpus.folder import MANIFEST, OURS, OutputFolder
from spacy_trend.corpus.manifest import described, manifest_in
from spacy_trend.corpus.origins import origin_of
from spacy_trend.corpus.run import Summary
from spacy_trend.corpus.seals import open_sealed, write_sealed
from spacy_trend.embedder import Embedder, PipelineChoice
from tests.support.corpora import embed, table_of
from tests.support.scripts import WARNINGS_ARE_ERRORS

ROWS, SHARD_ROWS = 9, 3
Run = Callable[..., Summary]


class Loads(list[PipelineChoice]):
    """The pipelines that were loaded, in order."""


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> Loads:
    loaded = Loads()

    def load(choice: PipelineChoice, *settings: Any) -> Embedder:
        loaded.append(choice)
        return Embedder(choice, *settings)

    monkeypatch.setattr(corpus_pipeline, "Embedder", load)
    return loaded


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    """A folder with an input, a copy of the encoder and all shards; not to be changed by a test."""
    folder = tmp_path_factory.mktemp("nothing_left")
    (folder / "in.txt").write_text("".join(f"The dog {number} runs.\n" for number in range(ROWS)))
    shutil.copytree(tiny_encoder, folder / "encoder")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        embed("in.txt", "out", "encoder", shard_rows=SHARD_ROWS)
    return folder


@pytest.fixture
def run(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Embed a copy of it; the encoder's path is the same in each."""
    shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)

    def run(**settings: Any) -> Summary:
        return embed("in.txt", "out", "encoder", **{"shard_rows": SHARD_ROWS, **settings})

    return run


def test_no_pipeline_is_loaded(run: Run, loads: Loads, tmp_path: Path) -> None:
    before = table_of(tmp_path / "out")
    summary = run()
    assert (summary.rows, summary.done_before, summary.shards, summary.broken) == (ROWS, ROWS, 3, [])
    assert loads == []
    assert run(processes=2, batch_size=1).done_before == ROWS
    assert loads == []
    assert table_of(tmp_path / "out").equals(before)


def test_the_files_are_proven_as_ever(run: Run, loads: Loads, tmp_path: Path) -> None:
    before, path = table_of(tmp_path / "out"), tmp_path / "out" / "part-000001.parquet"
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    summary = run()
    assert summary.broken == ["part-000001.parquet differs from what was written"]
    assert len(loads) == 1
    assert table_of(tmp_path / "out").equals(before)
    assert run().done_before == ROWS
    assert len(loads) == 1


def test_a_file_that_is_missing_is_embedded(run: Run, loads: Loads, tmp_path: Path) -> None:
    (tmp_path / "out" / "part-000002.parquet").unlink()
    assert run().done_before == 6
    assert len(loads) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"preset": "similarity"}, "another pipeline; settings preset: 'article' before, 'similarity' now"),
        ({"window": 4}, "windows size: 128 before, 4 now"),
        ({"lang": "de"}, "another pipeline"),
        ({"shard_rows": 4}, "shard_rows: 3 before, 4 now"),
    ],
)
def test_other_settings_are_refused_as_ever(settings: dict[str, Any], message: str, run: Run) -> None:
    with pytest.raises(ValueError, match=f"was begun with something else: .*{message}"):
        run(**settings)


def test_another_input_is_refused_as_ever(run: Run, loads: Loads, tmp_path: Path) -> None:
    with (tmp_path / "in.txt").open("a") as file:
        file.write("One more.\n")
    with pytest.raises(ValueError, match="was begun with something else: another input"):
        run()
    assert loads == []


def test_another_encoder_of_the_same_path_is_refused_as_ever(run: Run, tmp_path: Path) -> None:
    weights = tmp_path / "encoder" / "model.safetensors"
    changed = bytearray(weights.read_bytes())
    # The greater byte of a number, but not its exponent.
    changed[-2] ^= 1
    weights.write_bytes(changed)
    with pytest.raises(ValueError, match="was begun with something else: another pipeline"):
        run()


def test_files_of_an_encoder_that_change_no_weight_have_it_loaded(
    run: Run, loads: Loads, tmp_path: Path
) -> None:
    (tmp_path / "encoder" / "README.md").write_text("An encoder.")
    assert run().done_before == ROWS
    assert len(loads) == 1


def test_other_versions_have_the_pipeline_loaded(
    run: Run, loads: Loads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus_pipeline, "versions", lambda *others: {"spacy": "3.8.0"})
    assert run().done_before == ROWS
    assert len(loads) == 1


def test_to_start_again_has_the_pipeline_loaded(run: Run, loads: Loads) -> None:
    assert run(overwrite=True).done_before == 0
    assert len(loads) == 1


def change_manifest(out: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change what a folder and its files say of the pipeline, as somebody may do who knows how."""
    for path in (out / OURS / MANIFEST, *out.glob("part-*")):
        with open_sealed(path) as file:
            table = file.read()
        manifest = manifest_in(table.schema)
        change(manifest)
        write_sealed(table.cast(described(table.schema, manifest)), path)


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.pop("origin"),
        lambda manifest: manifest.update(origin=None),
        lambda manifest: manifest.update(origin=["sha256"]),
        lambda manifest: manifest["origin"].update(max_length="much"),
        lambda manifest: manifest["origin"].pop("max_length"),
    ],
)
def test_a_folder_that_does_not_say_enough_has_the_pipeline_loaded(
    change: Callable[[dict[str, Any]], Any], run: Run, loads: Loads, tmp_path: Path
) -> None:
    change_manifest(tmp_path / "out", change)
    assert run().done_before == ROWS
    assert len(loads) == 1


def test_a_folder_that_does_not_tell_of_windows_is_continued(run: Run, tmp_path: Path) -> None:
    change_manifest(tmp_path / "out", lambda manifest: manifest.pop("windows"))
    assert run().done_before == ROWS
    with pytest.raises(ValueError, match="was begun with something else: another pipeline"):
        run(window=4)


def test_what_a_folder_says_of_the_pipeline_is_compared_before_anything_is_added(
    run: Run, tmp_path: Path
) -> None:
    change_manifest(tmp_path / "out", lambda manifest: manifest.update(pipeline="of another"))
    (tmp_path / "out" / "part-000001.parquet").write_bytes(b"PAR1")
    with pytest.raises(ValueError, match="was begun with something else: another pipeline"):
        run()
    assert not (tmp_path / "out" / "part-000001.parquet").exists()


def test_files_that_change_while_the_encoder_is_loaded_prove_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(choice: PipelineChoice, *settings: Any) -> Embedder:
        embedder = Embedder(choice, *settings)
        (tmp_path / "encoder" / "vocab.txt").touch()
        return embedder

    monkeypatch.setattr(corpus_pipeline, "Embedder", load)
    run(overwrite=True)
    manifest = OutputFolder(tmp_path / "out").read_manifest()
    assert manifest is not None
    assert manifest["origin"] is None


class TestOrigin:
    def test_is_of_settings_and_versions_but_not_of_the_device(self, tiny_encoder: Path) -> None:
        def digest(versions: dict[str, str] | None = None, **settings: Any) -> str:
            choice = PipelineChoice(**{"encoder": str(tiny_encoder), **settings})
            origin = origin_of(choice, versions or {"a": "1"})
            assert origin is not None
            return origin.digest

        assert digest() == digest() == digest(gpu_id=0)
        others = [digest(lang="de"), digest(preset="article"), digest(window=9), digest(stride=9)]
        assert len({digest(), digest({"a": "2"}), *others}) == 6

    @pytest.mark.parametrize("name", ["a/name", "no_folder"])
    def test_of_a_name_on_the_hub_is_not_known(self, name: str) -> None:
        assert origin_of(PipelineChoice(encoder=name), {}) is None
        assert origin_of(PipelineChoice(model=name), {}) is None

    def test_of_weights_that_are_elsewhere_is_not_known(self, tiny_encoder: Path, tmp_path: Path) -> None:
        folder = shutil.copytree(tiny_encoder, tmp_path / "adapted")
        assert origin_of(PipelineChoice(encoder=str(folder)), {}) is not None
        (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "a/name"}))
        assert origin_of(PipelineChoice(encoder=str(folder)), {}) is None

    def test_of_a_saved_pipeline_is_of_all_its_files(self, tiny_encoder: Path, tmp_path: Path) -> None:
        from_encoder(tiny_encoder).to_disk(tmp_path)
        choice = PipelineChoice(model=str(tmp_path))
        origin = origin_of(choice, {})
        assert origin is not None
        assert origin.is_unchanged()
        assert {"config.cfg", "model"} <= {state.file.name for state in origin.states}
        (tmp_path / "transformer" / "cfg").write_text("{ }")
        assert not origin.is_unchanged()
        changed = origin_of(choice, {})
        assert changed is not None
        assert changed.digest != origin.digest

    def test_of_a_saved_pipeline_is_of_what_its_links_lead_to(self, tmp_path: Path) -> None:
        (tmp_path / "model").mkdir()
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "model" / "transformer").symlink_to(tmp_path / "elsewhere")
        digests = set()
        for weights in "1", "2":
            (tmp_path / "elsewhere" / "model").write_text(weights)
            origin = origin_of(PipelineChoice(model=str(tmp_path / "model")), {})
            assert origin is not None
            digests.add(origin.digest)
        assert len(digests) == 2

    def test_of_a_package_is_of_its_folder(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "en_a_model").mkdir()
        (tmp_path / "en_a_model" / "__init__.py").write_text("")
        (tmp_path / "en_a_model-1.0.dist-info").mkdir()
        (tmp_path / "en_a_model-1.0.dist-info" / "METADATA").write_text("Name: en_a_model\nVersion: 1.0\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        assert spacy.util.is_package("en_a_model")
        origin = origin_of(PipelineChoice(model="en_a_model"), {})
        assert origin is not None
        assert [state.file.name for state in origin.states] == ["__init__.py"]


@pytest.mark.slow
def test_transformers_is_not_imported(run: Run, tmp_path: Path) -> None:
    program = f"""
import sys
from spacy_trend.corpus import embed_corpus
print(embed_corpus("in.txt", "out", encoder="encoder", shard_rows={SHARD_ROWS}).done_before)
print(sorted({{"transformers", "spacy_transformers", "sklearn", "ray", "duckdb"}} & sys.modules.keys()))
"""
    command = [sys.executable, *WARNINGS_ARE_ERRORS, "-c", program]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path).stdout
    assert printed.split("\n")[:2] == [str(ROWS), "[]"]


@pytest.mark.slow
def test_a_saved_pipeline_need_not_be_loaded_again(tiny_encoder: Path, tmp_path: Path, loads: Loads) -> None:
    from_encoder(tiny_encoder).to_disk(tmp_path / "model")
    (tmp_path / "in.txt").write_text("One.\nTwo.\n")
    for done in (0, 2):
        summary = embed_corpus(tmp_path / "in.txt", tmp_path / "out", model=str(tmp_path / "model"))
        assert summary.done_before == done
    assert len(loads) == 1
