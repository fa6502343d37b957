"""From a table of texts to a table with their vectors: the work that every engine of a corpus runs."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import spacy
from spacy.tokens import Doc, Token

from .attributes.record import RECORD
from .lost_docs import check_every_doc
from .messages import shorten_text
from .pipelines import load_pipeline

#: A word of a text: the word itself and its character offsets.
WORD = pa.struct([("text", pa.string()), ("start", pa.int64()), ("end", pa.int64())])
#: For how many shapes oneDNN, which computes for torch on the CPU, caches what it has prepared. The layers of
#: a BERT share four; texts of many lengths would fill the default of 1,024: hundreds of megabytes.
SHAPES_KEPT = 4
#: How many characters of a component's error are kept.
LONGEST_ERROR = 500


class PipelineChoice(NamedTuple):
    """Which pipeline to load; plain data, so other processes and machines can be given it.

    Attributes:
        model: name or path of a pipeline with a transformer; None for a pipeline around an encoder.
        encoder: without a model, the encoder's name or path; None for the bundled one.
        lang: without a model, the code of the language whose tokenizer is used.
        preset: the preset of the trend vector, if the pipeline has none; None for the default.
        gpu_id: the number of the GPU to use; -1 for the CPU.
        window: without a model, as for `pipelines.from_encoder`.
        stride: likewise.
    """

    model: str | None = None
    encoder: str | None = None
    lang: str = "en"
    preset: str | None = None
    gpu_id: int = -1
    window: int | None = None
    stride: int | None = None


class Embedder:
    """A loaded pipeline that adds vectors to tables of texts; it can be called any number of times.

    Args:
        choice: the pipeline.
        text_field: the column that holds the texts.
        batch_size: how many texts the pipeline takes at a time; None for what its config says.
        threads: how many threads torch uses; None to leave them as they are.

    Raises:
        ValueError: if there is no such GPU, or as `load_pipeline`.
        OSError: as `load_pipeline`.
    """

    def __init__(
        self,
        choice: PipelineChoice,
        text_field: str = "text",
        batch_size: int | None = None,
        threads: int | None = None,
    ) -> None:
        # oneDNN reads it once in a process, when torch first computes.
        os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(SHAPES_KEPT))
        if threads is not None:
            # Tokenizers read the variable when they start; torch can be told at any time.
            os.environ["RAYON_NUM_THREADS"] = str(threads)
            import torch

            torch.set_num_threads(threads)
        if choice.gpu_id >= 0:
            _use_gpu(choice.gpu_id)
        self.nlp = load_pipeline(
            choice.model,
            choice.encoder,
            choice.lang,
            choice.preset,
            window=choice.window,
            stride=choice.stride,
        )
        self.text_field = text_field
        self.batch_size = batch_size
        self.width = len(self.nlp(".")._.trend_vector)

    @property
    def schema(self) -> pa.Schema:
        """The columns that are added.

        `trend_vector`, float32 of fixed width; `trend_focus` and `trend_related`, a word's text and
        character offsets, or null; `trend_truncated`, int64, how many tokens the encoder's limit cut off.
        """
        return schema_of_vectors(self.width)

    def __call__(self, table: pa.Table, on_error: Callable[[int, str], None] | None = None) -> pa.Table:
        """Return the table with the columns of `schema` after its own.

        Args:
            table: the texts, and any other columns.
            on_error: called with the number and the error of each row whose text cannot be embedded, which is
                then left out; None to refuse the table.

        Returns:
            The table.

        Raises:
            ValueError: if a text cannot be embedded and there is no `on_error`.
        """
        texts = table.column(self.text_field).to_pylist()
        vectors = np.zeros((len(texts), self.width), dtype=np.float32)
        words: dict[str, list[dict[str, Any] | None]] = {"focus": [], "related": []}
        truncated = []
        embedded = []
        # Frees new words with their docs: memory stays flat, whatever the texts hold.
        with self.nlp.memory_zone():
            for number, doc in self._docs(texts, on_error or _refuse):
                record = doc._.get(RECORD)
                vectors[number] = record["vector"]
                for name, token in zip(words, record["pair"].tolist(), strict=True):
                    words[name].append(None if token < 0 else _as_word(doc[token]))
                truncated.append(record["truncated"])
                embedded.append(number)
        if len(embedded) < len(texts):
            table, vectors = kept_rows(table, embedded), vectors[embedded]
        columns = [
            pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), self.width),
            pa.array(words["focus"], type=WORD),
            pa.array(words["related"], type=WORD),
            pa.array(truncated, type=pa.int64()),
        ]
        for field, column in zip(self.schema, columns, strict=True):
            table = table.append_column(field, column)
        return table

    def _docs(self, texts: list[str], on_error: Callable[[int, str], None]) -> Iterator[tuple[int, Doc]]:
        """Yield the number and the doc of each text; those that fail with others are tried by themselves."""
        first, end = 0, len(texts)
        while first < len(texts):
            numbered = zip(texts[first:end], range(first, end), strict=True)
            try:
                for doc, number in self.nlp.pipe(numbered, as_tuples=True, batch_size=self.batch_size):
                    check_every_doc(first, number)
                    yield number, doc
                    first = number + 1
            except (MemoryError, OSError):
                # Of the machine, not of a text.
                raise
            except Exception as error:  # noqa: BLE001 - components may raise anything
                if end - first > 1:
                    end = first + (end - first) // 2
                    continue
                # If any text fails now, it is not this one.
                self.nlp(".")
                on_error(first, shorten_text(f"{type(error).__name__}: {error}", LONGEST_ERROR))
                first += 1
            else:
                check_every_doc(first, end)
            end = len(texts)


def schema_of_vectors(width: int) -> pa.Schema:
    """Return the columns that are added: see `Embedder.schema`.

    Args:
        width: how many numbers a vector has.
    """
    return pa.schema(
        [
            ("trend_vector", pa.list_(pa.float32(), width)),
            ("trend_focus", WORD),
            ("trend_related", WORD),
            ("trend_truncated", pa.int64()),
        ]
    )


def kept_rows(table: pa.Table, numbers: Sequence[int] | np.ndarray) -> pa.Table:
    """Return some rows of a table, whatever its columns hold: pyarrow can filter most types, but not all.

    Args:
        table: the rows.
        numbers: of the rows to keep, ascending; an array is int64 `(rows,)`.

    Returns:
        The table.
    """
    if not len(numbers):
        return table.slice(0, 0)
    kept = np.asarray(numbers)
    runs = np.split(kept, np.flatnonzero(np.diff(kept) != 1) + 1)
    # Together, or each part would keep, and send to other processes, all that it was cut from.
    return pa.concat_tables([table.slice(int(run[0]), len(run)) for run in runs]).combine_chunks()


def _refuse(number: int, error: str) -> None:
    raise ValueError(
        f"The text of row {number} cannot be embedded ({error}). Expected texts that the pipeline takes: "
        "shorten it, leave it out, or give `on_error` to skip such rows."
    )


def _use_gpu(gpu_id: int) -> None:
    try:
        spacy.require_gpu(gpu_id)
    except ValueError as error:
        raise ValueError(
            f"The GPU {gpu_id} cannot be used: {error}. Expected a CUDA GPU, a build of torch for it, and "
            "CuPy: pip install cupy-cuda12x or the like. To embed on the CPU, leave the GPU's number out."
        ) from error


def _as_word(token: Token) -> dict[str, Any]:
    return {"text": token.text, "start": token.idx, "end": token.idx + len(token)}
