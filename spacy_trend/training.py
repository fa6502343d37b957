"""Train on a frozen encoder: a corpus reader that runs it once, and callbacks to load it and to save it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from numpy.linalg import norm
from spacy import Language
from spacy.tokens import Doc
from spacy.training import Corpus, Example
from spacy.util import _pipe

from .architectures import reads_trend_vector
from .attributes.record import RECORD, checked_record, read_record
from .component.trend_vector import TrendVector
from .encoder.transformer import load_encoder
from .lost_docs import check_every_doc
from .progress import progress

READER = "spacy-trend.VectorCorpus.v1"
CALLBACK = "spacy-trend.enable_components.v1"
#: Examples with vectors, by pipeline: `spacy train` makes one reader to initialize and another to train.
_EXAMPLES: WeakKeyDictionary[Language, dict[Any, list[Example]]] = WeakKeyDictionary()
#: The components that a reader disabled, by pipeline.
_DISABLED: WeakKeyDictionary[Language, set[str]] = WeakKeyDictionary()


def vector_corpus(
    path: Path | str, limit: int = 0, components: list[str] | None = None
) -> Callable[[Language], Iterator[Example]]:
    """Return a reader of `.spacy` files for `spacy train`, whose predicted docs have `Doc._.trend_vector`.

    The first time, the pipeline's encoder runs on all docs that were not written with their vectors
    (`DocBin(store_user_data=True)`), and on one of those that were, to compare. Then the components that make
    the vector are disabled. `enable_components`, as `training.before_to_disk`, enables them in what is saved;
    in a training loop of your own, call it at the end. The transformer must be frozen: otherwise the vectors
    would grow stale. Registered as `spacy-trend.VectorCorpus.v1`.

    Args:
        path: a file or folder, as for `spacy.Corpus.v1`.
        limit: the number of examples to read; 0 for all.
        components: the components that make the vector, by name and in order; None for the trend vector, its
            transformer, and those before the trend vector that have nothing to train.

    Returns:
        a function from a pipeline to its examples. It raises ValueError for a pipeline without a trend
        vector, a transformer that is not frozen, or vectors of other settings.
    """
    source = Path(path)

    def read(nlp: Language) -> Iterator[Example]:
        name, component = _find_trend_vector(nlp)
        config = nlp.config.interpolate()
        frozen = config["training"]["frozen_components"]
        makers = components or _vector_makers(nlp, name, component, frozen)
        _check_config(nlp, component, makers, config)
        known = _EXAMPLES.setdefault(nlp, {})
        key = source, limit, tuple(makers), component
        if key not in known:
            component.initialize(lambda: [], nlp=nlp)
            examples = list(Corpus(source, limit=limit)(nlp))
            _add_vectors(nlp, examples, makers)
            known[key] = examples
        # Every time: spaCy enables frozen components again after each line of its log.
        for maker in makers:
            nlp.disable_pipe(maker)
        _DISABLED.setdefault(nlp, set()).update(makers)
        # The examples themselves: spaCy copies them before it updates or evaluates.
        yield from known[key]

    return read


def enable_components() -> Callable[[Language], Language]:
    """Return a callback for `training.before_to_disk`, so that the saved pipeline is whole.

    It enables what `vector_corpus` disabled. Registered as `spacy-trend.enable_components.v1`.
    """

    def enable(nlp: Language) -> Language:
        for name in _DISABLED.get(nlp, set()):
            nlp.enable_pipe(name)
        return nlp

    return enable


def load_transformers() -> Callable[[Language], None]:
    """Return a callback for `initialize.before_init` that loads the encoders of all transformers without one.

    spaCy does not initialize frozen components, so a frozen transformer that the config builds would have no
    weights. If there is a trend vector, it loads them by itself. A frozen transformer of
    spacy-curated-transformers is left alone: have the config source it from a saved pipeline. Registered as
    `spacy-trend.load_transformers.v1`.
    """

    def load(nlp: Language) -> None:
        for _, pipe in nlp.components:
            load_encoder(pipe, nlp)

    return load


def _find_trend_vector(nlp: Language) -> tuple[str, TrendVector]:
    """Return the trend vector before the component that reads it, or the last, with its name."""
    found = []
    for name, pipe in nlp.components:
        if isinstance(pipe, TrendVector):
            found.append((name, pipe))
        elif found and reads_trend_vector(getattr(pipe, "model", None)):
            break
    if not found:
        raise ValueError(
            f"{READER} needs a trend vector: got the components {nlp.component_names}. Expected "
            "'trend_vector' among them, or the reader spacy.Corpus.v1."
        )
    return found[-1]


def _vector_makers(nlp: Language, name: str, component: TrendVector, frozen: list[str]) -> list[str]:
    """Return the trend vector, its transformer, and what stands before it and is not trained or disabled."""
    before = takewhile(lambda pair: pair[0] != name, nlp.components)
    transformer = component.encoder and component.encoder.transformer
    # spaCy disables frozen components while it initializes the others: these count as enabled.
    disabled = set(nlp.disabled) - set(frozen) - _DISABLED.get(nlp, set())
    makers = [
        other
        for other, pipe in before
        if pipe is transformer
        or not (getattr(pipe, "is_trainable", False) or isinstance(pipe, TrendVector) or other in disabled)
    ]
    return [*makers, name]


def _check_config(nlp: Language, component: TrendVector, makers: list[str], config: dict[str, Any]) -> None:
    """Refuse a training config that lets vectors grow stale or leaves the saved pipeline without them."""
    if not any(_names_reader(block) for block in config.get("corpora", {}).values()):
        return
    training = config["training"]
    frozen, annotating = training["frozen_components"], training["annotating_components"]
    transformer = _transformer_name(nlp, component)
    if transformer not in frozen:
        raise ValueError(
            f"{READER} computes vectors once, but the transformer '{transformer}' is trained: got "
            f"training.frozen_components = {frozen}. Expected its name there; or train it with the reader "
            "spacy.Corpus.v1."
        )
    if repeated := sorted(set(annotating) & set(makers)):
        raise ValueError(
            f"{READER} computes vectors once, but training.annotating_components = {annotating} makes "
            f"{repeated} run in every epoch. Remove them there; or use the reader spacy.Corpus.v1."
        )
    if (training["before_to_disk"] or {}).get("@callbacks") != CALLBACK:
        raise ValueError(
            f"{READER} disables the components that make the vector: got training.before_to_disk = "
            f"{training['before_to_disk']}. Expected {{'@callbacks': '{CALLBACK}'}}, so that they are "
            "enabled in what is saved."
        )


def _names_reader(block: Any) -> bool:
    return isinstance(block, dict) and block.get("@readers") == READER


def _transformer_name(nlp: Language, component: TrendVector) -> str:
    for name, pipe in nlp.components:
        if component.encoder is not None and pipe is component.encoder.transformer:
            return name
    raise ValueError(
        f"{READER}: the trend vector '{component.name}' reads no transformer of this pipeline: got the "
        f"components {nlp.component_names}. If it comes from another pipeline, have the config source its "
        "transformer from there too, or call spacy_trend.observe(nlp)."
    )


def _add_vectors(nlp: Language, examples: list[Example], makers: list[str]) -> None:
    """Give each example's predicted doc its vector: the one it was written with, or a new one."""
    without = []
    stored = []
    for example in examples:
        record = read_record(example.reference)
        if record is None:
            without.append(example)
        else:
            example.predicted._.set(RECORD, record)
            checked_record(example.predicted)
            stored.append(example.predicted)
    _check_stored_vectors(nlp, stored, makers)
    docs = progress((example.predicted for example in without), doing="Embedding", total=len(without))
    annotated = list(_run_components(nlp, docs, makers))
    check_every_doc(len(annotated), len(without), f"{READER}: the components {makers}")
    for example, doc in zip(without, annotated, strict=True):
        example.predicted = doc


def _check_stored_vectors(nlp: Language, docs: list[Doc], makers: list[str]) -> None:
    """Refuse stored vectors if the pipeline makes another one for the first doc that has words."""
    for doc in docs:
        stored = doc._.trend_vector
        if not stored.any():
            continue
        (again,) = _run_components(nlp, [nlp.make_doc(doc.text)], makers)
        vector = again._.trend_vector
        # Not exactly equal: a logarithm amplifies small differences between forward passes.
        is_same = vector.shape == stored.shape and norm(vector - stored) <= 0.05 * norm(stored)
        if not is_same:
            raise ValueError(
                f"The doc {doc.text[:40]!r} was written with a vector of other settings or another encoder: "
                f"got width {len(stored)} and {stored[:3]}..., expected width {len(vector)} and "
                f"{vector[:3]}... Write the corpus again, or without vectors."
            )
        return


def _run_components(nlp: Language, docs: Iterable[Doc], names: list[str]) -> Iterator[Doc]:
    """Run components one after another, also disabled ones; drop the transformer's output in the end."""
    annotated: Any = docs
    for name in names:
        settings = {"batch_size": nlp.batch_size}
        annotated = _pipe(annotated, nlp.get_pipe(name), name, nlp.default_error_handler, settings)
    with _enabled(nlp, names):
        for doc in annotated:
            # It is far larger than the vector, and keeps the output of the whole batch in memory.
            doc._.trf_data = None
            yield doc


@contextmanager
def _enabled(nlp: Language, names: list[str]) -> Iterator[None]:
    """Enable components until the block ends: a disabled trend vector asks nothing of its transformer."""
    disabled = [name for name in names if name in nlp.disabled]
    for name in disabled:
        nlp.enable_pipe(name)
    try:
        yield
    finally:
        for name in disabled:
            nlp.disable_pipe(name)
