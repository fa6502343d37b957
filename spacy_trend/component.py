"""The spaCy component: takes words from docs, has them computed, and stores the result on the docs."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from spacy import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import minibatch

from .annotations import heads_of, segments_of
from .attention import AttentionRequest
from .changes import Change
from .extensions import install_extensions
from .hooks import install_hooks
from .record import RECORD, describe, make_records
from .reports import report_not_finite, report_truncated
from .selections import Select, evidence_for, pairs_of
from .settings import check_choice
from .trend import summarize
from .wordpieces import drop_observed
from .words import align_words

if TYPE_CHECKING:
    from .encoder import ObservedEncoder

#: How many tokens are computed on together: their arrays stay in the caches, and memory flat.
TOKENS_AT_A_TIME = 2048


class TrendVector(Pipe):
    """Sets the trend vector on docs that a transformer ran on. Made by `nlp.add_pipe("trend_vector")`.

    name: the component's name in the pipeline.
    encoder: the observed transformer.
    select: the selection, see `selections.Select`.
    change: the change, see `changes.Change`.
    level: "doc" for a selection over the whole text, "sentence" for the mean of its sentences' vectors.
    token_vectors: keep the vectors of words, which phrases and sentences need too.
    vector_hooks: answer `doc.vector`, `.similarity` and so on with the trend vector.
    transformer: name of the transformer component to read; None for the nearest before this one.
    precision: "model" to run the encoder as it is, "bfloat16" to run it so where the device is made for it.

    RAISES: ValueError for an unknown value, or a selection that does not say what it reads.
    """

    def __init__(
        self,
        name: str,
        encoder: "ObservedEncoder | None" = None,
        *,
        select: Select,
        change: Change,
        level: str = "doc",
        token_vectors: bool = True,
        vector_hooks: bool = False,
        transformer: str | None = None,
        precision: str = "model",
    ) -> None:
        check_choice("trend_vector", "level", level, ("doc", "sentence"))
        check_choice("trend_vector", "precision", precision, ("model", "bfloat16"))
        self.name = name
        self.encoder = encoder
        self.select = select
        self.change = change
        self.level = level
        self.token_vectors = token_vectors
        self.vector_hooks = vector_hooks
        self.transformer = transformer
        self.precision = precision
        self.has_warned_of_truncation = False
        self.select_config = describe(select)
        install_extensions()

    def attach(self, nlp: Language, before: str | None = None) -> None:
        """Read the transformer of a pipeline from now on: the one named in the settings, or the nearest.

        before: this component's name in the pipeline; None where it is not in it yet.
        RAISES: ValueError where there is no transformer, or it lacks a layer that the selection reads.
        """
        # Here, because transformers takes seconds to import and every pipeline imports this file.
        from .encoder import attach, find_transformer
        from .encoder_requests import Request

        attention = AttentionRequest(self.select.rows, self.select.layers, pairs_of(self.select))
        transformer = find_transformer(nlp, self.transformer, before)
        self.encoder = attach(transformer, Request(attention, self.precision == "bfloat16"))

    def initialize(
        self, get_examples: Callable[[], Iterable[Example]], *, nlp: Language | None = None
    ) -> None:
        """Make the components around this one ready to train: see `preparation.prepare`."""
        if nlp is not None:
            from .preparation import prepare

            prepare(nlp, self)

    def __call__(self, doc: Doc) -> Doc:
        """Set the trend vector of one doc; RETURNS the doc.

        RAISES: ValueError where the transformer did not run on it or was not observed, or where
            `level="sentence"` finds no sentence boundaries.
        """
        self._annotate([doc])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Set the trend vectors of a stream of docs, a batch at a time; YIELDS the docs in order.

        batch_size: how many docs to take from the stream at a time; a doc that is refused with a ValueError
            goes alone to the pipeline's error handler.
        """
        for batch in minibatch(stream, batch_size):
            for docs in _by_tokens(batch, TOKENS_AT_A_TIME):
                try:
                    self._annotate(docs)
                except ValueError:
                    yield from self._annotate_singly(docs)
                else:
                    yield from docs

    def _annotate_singly(self, docs: list[Doc]) -> list[Doc]:
        annotated = []
        for doc in docs:
            try:
                annotated.append(self(doc))
            except ValueError as error:
                self.get_error_handler()(self.name, self, [doc], error)
        return annotated

    def _annotate(self, docs: list[Doc]) -> None:
        if self.encoder is None:
            raise ValueError(
                f"'{self.name}' is not attached to a transformer. Expected a component made by "
                "nlp.add_pipe('trend_vector'). Call spacy_trend.observe(nlp) once it is in the pipeline."
            )
        words = align_words(docs, self.encoder)
        lengths, segments = segments_of(docs, words, self.level)
        trends = summarize(
            words.static,
            words.contextual,
            words.attention,
            select=self.select,
            change=self.change,
            lengths=lengths,
            segments=segments,
            **evidence_for(self.select, words.mutual, lambda: heads_of(docs, words)),
        )
        records = make_records(docs, words, trends, self.select_config, self.token_vectors)
        for doc, record in zip(docs, records, strict=True):
            doc._.set(RECORD, record)
            drop_observed(doc, self.encoder.key)
            if self.vector_hooks:
                install_hooks(doc, with_words=self.token_vectors)
        report_not_finite(docs, words, trends)
        if not self.has_warned_of_truncation:
            self.has_warned_of_truncation = report_truncated(docs, words, self.encoder.most_wordpieces)


def trend_vectors(nlp: Language) -> list[tuple[str, TrendVector]]:
    """The trend vectors of a pipeline and their names, without those that are disabled."""
    return [(name, pipe) for name, pipe in nlp.pipeline if isinstance(pipe, TrendVector)]


def _by_tokens(docs: Iterable[Doc], tokens: int) -> Iterator[list[Doc]]:
    """Docs in lists of at most so many tokens, or of one doc that has more."""
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
