"""The component: reads words from docs, computes their trend vectors, and keeps a record on each doc."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from copyreg import __newobj__  # type: ignore[attr-defined] # what pickle itself calls
from itertools import takewhile
from typing import Any

from spacy import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import minibatch

from ..alignment.annotations import heads_of, segments_of
from ..alignment.trf_data import drop_observed
from ..alignment.words import align_words
from ..architectures import set_vector_width
from ..attributes.extensions import install_extensions
from ..attributes.hooks import install_hooks
from ..attributes.record import RECORD, describe, make_records
from ..attributes.stored_selection import remember_selection
from ..encoder.requests import AttentionRequest
from ..method.changes import cosine_distances
from ..method.interface import (
    Change,
    Select,
    changed_width,
    evidence_for,
    mutual_layers_of,
    reads_distances,
)
from ..method.trend import compute_trends
from ..settings import check_averaged, check_choice
from .config_blocks import find_blocks
from .followed_names import NamesTransformer, follow_names
from .presets import resolve_preset
from .reports import report_not_finite, report_truncated

#: How many tokens are computed together: their arrays stay in the caches, and memory stays flat.
TOKENS_AT_A_TIME = 2048


class TrendVector(NamesTransformer, Pipe):
    """Sets the trend vector on docs that a transformer ran on. Made by `nlp.add_pipe("trend_vector")`.

    Args:
        name: the component's name in the pipeline.
        select: the selection, see `method.interface.Select`.
        change: the change, see `method.interface.Change`.
        contextual_layers: the layers whose mean output is a word's contextual embedding: layer numbers, see
            `settings`, or "upper_half".
        level: "doc" for a selection over the whole text, "sentence" for the mean of its sentences' vectors.
        token_vectors: keep the vectors of words, which phrases and sentences need too.
        vector_hooks: answer `doc.vector`, `.similarity` and so on with the trend vector.
        transformer: name of the transformer component to read; None for the nearest before this one.
        precision: "model" to run the encoder as it is, "bfloat16" to run it so on devices made for it.

    Raises:
        ValueError: for an unknown value, or a selection that does not say what it reads.

    Attributes:
        encoder: the observed transformer, once `attach` was called.
    """

    #: The pipeline, until it has told how its config names the functions.
    _nlp: Language | None = None
    _blocks: dict[str, Any] | None = None

    def __init__(
        self,
        name: str,
        *,
        select: Select,
        change: Change,
        contextual_layers: Sequence[int | float] | str = (-1,),
        level: str = "doc",
        token_vectors: bool = True,
        vector_hooks: bool = False,
        transformer: str | None = None,
        precision: str = "model",
    ) -> None:
        check_choice("trend_vector", "level", level, ("doc", "sentence"))
        check_choice("trend_vector", "precision", precision, ("model", "bfloat16"))
        self.name = name
        self.select = select
        self.change = change
        self.contextual_layers = check_averaged("trend_vector", "contextual_layers", contextual_layers)
        self.level = level
        self.token_vectors = token_vectors
        self.vector_hooks = vector_hooks
        self.transformer = self._configured = transformer
        self.precision = precision
        self.has_warned_of_truncation = False
        self.select_config = describe(select)
        # What the blocks of the config have made: an attribute that was set later is pickled as it is.
        self._made = select, change
        remember_selection(select)
        install_extensions()

    def attach(self, nlp: Language, before: str | None = None) -> None:
        """Read the transformer of a pipeline from now on: the one named in the settings, or the nearest.

        Args:
            nlp: the pipeline.
            before: this component's name in the pipeline; None if it is not in it yet.

        Raises:
            ValueError: if there is no transformer, or it lacks a layer that the selection reads.
        """
        # Here, because transformers takes seconds to import and every pipeline imports this file.
        from ..encoder.components import find_transformer
        from ..encoder.requests import Request
        from ..encoder.transformer import attach

        # The factory is called before the pipeline knows the component and its config.
        self._nlp = nlp
        attention = AttentionRequest(self.select.rows, self.select.layers, mutual_layers_of(self.select))
        transformer = find_transformer(nlp, self.transformer_in(nlp), before)
        request = Request(attention, self.precision == "bfloat16", self.contextual_layers)
        earlier, self.encoder = self.encoder, attach(transformer, request, nlp)
        self._follows = True
        follow_names(nlp)
        if earlier is not None and earlier.transformer is transformer:
            # Other pipelines that share both may have this component enabled, too.
            for other in earlier.pipelines:
                self.encoder.join(other)

    def initialize(
        self, get_examples: Callable[[], Iterable[Example]], *, nlp: Language | None = None
    ) -> None:
        """Load the encoder of a frozen transformer, and tell models that read the vector how wide it is.

        Args:
            get_examples: not used: there is nothing to learn.
            nlp: the pipeline that this component is in.

        Raises:
            ValueError: if a model was made for vectors of another width.
        """
        if nlp is None or self.encoder is None:
            return
        # If the component was taken from another pipeline, which then may go, this one is seen here first.
        self._learn_blocks()
        self.encoder.join(nlp)
        follow_names(nlp)
        # Here, because transformers takes seconds to import and every pipeline imports this file.
        from ..encoder.transformer import load_encoder

        load_encoder(self.encoder.transformer, nlp)
        width = changed_width(self.change, self.encoder.size.width)
        pipes = [pipe for _, pipe in nlp.components]
        after = pipes[pipes.index(self) + 1 :]
        # What stands after the next trend vector reads that one.
        for pipe in takewhile(lambda pipe: not isinstance(pipe, TrendVector), after):
            set_vector_width(getattr(pipe, "model", None), width)

    def __call__(self, doc: Doc) -> Doc:
        """Set the trend vector of one doc.

        Args:
            doc: the doc.

        Returns:
            the same doc.

        Raises:
            ValueError: if the transformer did not run on it or was not observed, or if `level="sentence"`
                finds no sentence boundaries.
        """
        self._annotate([doc])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Set the trend vectors of a stream of docs, a batch at a time.

        A doc that fails goes alone to the pipeline's error handler.

        Args:
            stream: the docs.
            batch_size: how many docs to take from the stream at a time.

        Yields:
            the docs in order.
        """
        for batch in minibatch(stream, batch_size):
            for docs in _by_tokens(batch, TOKENS_AT_A_TIME):
                try:
                    self._annotate(docs)
                except Exception:  # noqa: BLE001 - as in spaCy's pipes, all that a doc raises is its handler's
                    yield from self._annotate_singly(docs)
                else:
                    yield from docs

    def __reduce__(self) -> tuple[Any, ...]:
        self._learn_blocks()
        blocks = self._blocks or {"preset": "article", "select": self.select, "change": self.change}
        now = {"select": self.select, "change": self.change}
        for (setting, function), made in zip(now.items(), self._made, strict=True):
            if function is not made:
                blocks = {**blocks, setting: function}
        without = ("select", "change", "_made", "_nlp")
        state = {name: value for name, value in vars(self).items() if name not in without}
        return __newobj__, (type(self),), {**state, "name": self.name, "_blocks": blocks}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        blocks = state["_blocks"]
        self.select, self.change = resolve_preset(blocks["preset"], blocks["select"], blocks["change"])
        self._made = self.select, self.change
        remember_selection(self.select)

    def __repr__(self) -> str:
        """Tell the settings, and the transformer that is read."""
        settings = ("contextual_layers", "level", "token_vectors", "vector_hooks", "transformer", "precision")
        listed = ", ".join(f"{name}={getattr(self, name)!r}" for name in settings)
        # The functions that the module `changes` returns are its own under another name.
        change = getattr(self.change, "__name__", repr(self.change)).lstrip("_")
        reads = "no transformer" if self.encoder is None else repr(self.encoder.transformer.name)
        return f"<TrendVector {self.name!r} select={self.select!r}, change={change}, {listed}; reads {reads}>"

    def _learn_blocks(self) -> None:
        if self._nlp is not None:
            found = find_blocks(self._nlp, self)
            if found is not None:
                self._blocks, self._nlp = found, None

    def _annotate_singly(self, docs: list[Doc]) -> list[Doc]:
        annotated = []
        for doc in docs:
            try:
                annotated.append(self(doc))
            except Exception as error:  # noqa: BLE001 - likewise
                self.get_error_handler()(self.name, self, [doc], error)
        return annotated

    def _annotate(self, docs: list[Doc]) -> None:
        if self.encoder is None:
            raise ValueError(
                f"'{self.name}' is not attached to a transformer. Expected a component made by "
                "nlp.add_pipe('trend_vector'). Call spacy_trend.observe(nlp) once it is in the pipeline."
            )
        self._learn_blocks()
        words = align_words(docs, self.encoder)
        lengths, segments = segments_of(docs, words, self.level)
        reads = slice(None) if reads_distances(self.select) else slice(0)
        distances = cosine_distances(words.static[reads], words.contextual[reads])
        trends = compute_trends(
            words.static,
            words.contextual,
            words.attention,
            select=self.select,
            change=self.change,
            lengths=lengths,
            segments=segments,
            **evidence_for(self.select, words.mutual, distances, lambda: heads_of(docs, words)),
        )
        records = make_records(docs, words, trends, distances, self.select_config, self.token_vectors)
        for doc, record in zip(docs, records, strict=True):
            doc._.set(RECORD, record)
            drop_observed(doc, self.encoder.key)
            if self.vector_hooks:
                install_hooks(doc)
        report_not_finite(docs, words, trends)
        if not self.has_warned_of_truncation:
            self.has_warned_of_truncation = report_truncated(docs, words, self.encoder.max_length)


def trend_components(nlp: Language) -> list[tuple[str, TrendVector]]:
    """Return the trend vectors of a pipeline and their names, without those that are disabled."""
    return [(name, pipe) for name, pipe in nlp.pipeline if isinstance(pipe, TrendVector)]


def _by_tokens(docs: Iterable[Doc], tokens: int) -> Iterator[list[Doc]]:
    """Yield lists of docs with at most so many tokens together, or of one doc with more."""
    group: list[Doc] = []
    size = 0
    for doc in docs:
        if group and size + len(doc) > tokens:
            yield group
            group, size = [], 0
        group.append(doc)
        size += len(doc)
    if group:
        yield group
