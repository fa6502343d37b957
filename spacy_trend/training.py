"""A corpus reader whose docs carry their vectors: a frozen encoder runs once and not in every epoch."""

from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from numpy.linalg import norm
from spacy import Language
from spacy.tokens import Doc
from spacy.training import Corpus, Example
from spacy.util import _pipe
from tqdm import tqdm

from .architectures import reads_trend_vector
from .attributes.record import RECORD, checked_record, read_record
from .component.trend_vector import TrendVector
from .encoder.transformer import load_encoder
from .pipelines import check_every_doc

READER = "spacy-trend.VectorCorpus.v1"


CALLBACK = "spacy-trend.enable_components.v1"


#: What was read already, by pipeline: `spacy train` makes one reader to initialize and another to train.
_READ: WeakKeyDictionary[Language, dict[Any, list[Example]]] = WeakKeyDictionary()


#: Which components a reader disabled, by pipeline.
_DISABLED: WeakKeyDictionary[Language, set[str]] = WeakKeyDictionary()


def vector_corpus(
    path: Path | str, limit: int = 0, components: list[str] | None = None
) -> Callable[[Language], Iterator[Example]]:
    """A reader of `.spacy` files for `spacy train`, whose predicted docs have `Doc._.trend_vector`.

    Registered as `spacy-trend.VectorCorpus.v1`. The first time, the pipeline's encoder runs on docs that were
    not written with their vectors (`DocBin(store_user_data=True)`), of those on one, to compare; then the
    components that make the vector are disabled. `enable_components`, as `training.before_to_disk`, enables
    them in what is saved; in a training loop of your own, call it at the end. The transformer must be frozen,
    or its vectors would not follow it.

    path: a file or folder, as of `spacy.Corpus.v1`.
    limit: of how many examples; 0 for all.
    components: what makes the vector, by name and in order; None for the trend vector, its transformer and
        what stands before it and has nothing to train.
    RETURNS: a function from a pipeline to its examples.
    RAISES: when it is called, ValueError for a pipeline without a trend vector, a transformer that is not
        frozen, or vectors of other settings.
    """
    source = Path(path)

    def read(nlp: Language) -> Iterator[Example]:
        name, component = _trend_vector(nlp)
        config = nlp.config.interpolate()
        makers = components or _makers(nlp, name, component, config["training"]["frozen_components"])
        _check_config(nlp, component, makers, config)
        read_before = _READ.setdefault(nlp, {})
        key = source, limit, tuple(makers), component
        if key not in read_before:
            component.initialize(lambda: [], nlp=nlp)
            examples = list(Corpus(source, limit=limit)(nlp))
            _add_vectors(nlp, examples, makers)
            read_before[key] = examples
        # Every time: spaCy enables frozen components again whenever it has written a line of its log.
        for maker in makers:
            nlp.disable_pipe(maker)
        _DISABLED.setdefault(nlp, set()).update(makers)
        # spaCy copies what it updates with or evaluates on.
        yield from read_before[key]

    return read


def enable_components() -> Callable[[Language], Language]:
    """A callback for `training.before_to_disk`: enables what `vector_corpus` disabled, so that the saved
    pipeline is whole. Registered as `spacy-trend.enable_components.v1`."""

    def enable(nlp: Language) -> Language:
        for name in _DISABLED.get(nlp, set()):
            nlp.enable_pipe(name)
        return nlp

    return enable


def _trend_vector(nlp: Language) -> tuple[str, TrendVector]:
    """The trend vector before the component that reads it, or the last."""
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


def _makers(nlp: Language, name: str, component: TrendVector, frozen: list[str]) -> list[str]:
    """The transformer, the trend vector, and what stands before and is neither trained nor disabled."""
    before = takewhile(lambda pair: pair[0] != name, nlp.components)
    transformer = component.encoder and component.encoder.transformer
    # Frozen components are disabled while the others are initialized.
    disabled = set(nlp.disabled) - set(frozen) - _DISABLED.get(nlp, set())
    useful = [
        other
        for other, pipe in before
        if pipe is transformer
        or not (getattr(pipe, "is_trainable", False) or isinstance(pipe, TrendVector) or other in disabled)
    ]
    return [*useful, name]


def _check_config(nlp: Language, component: TrendVector, makers: list[str], config: dict[str, Any]) -> None:
    """Refuse a training config in which vectors grow stale, or the saved pipeline would lack them."""
    if not any(_is_read_by_us(block) for block in config.get("corpora", {}).values()):
        return
    training = config["training"]
    frozen, annotating = training["frozen_components"], training["annotating_components"]
    transformer = _transformer(nlp, component)
    if transformer not in frozen:
        raise ValueError(
            f"{READER} computes vectors once, but the transformer '{transformer}' is trained: got "
            f"training.frozen_components = {frozen}. Expected its name there; or train it with the reader "
            "spacy.Corpus.v1."
        )
    if again := sorted(set(annotating) & set(makers)):
        raise ValueError(
            f"{READER} computes vectors once, but training.annotating_components = {annotating} has {again} "
            "run in every epoch. Take them out; or use the reader spacy.Corpus.v1."
        )
    if (training["before_to_disk"] or {}).get("@callbacks") != CALLBACK:
        raise ValueError(
            f"{READER} disables the components that make the vector: got training.before_to_disk = "
            f"{training['before_to_disk']}. Expected {{'@callbacks': '{CALLBACK}'}}, so that they are "
            "enabled in what is saved."
        )


def _transformer(nlp: Language, component: TrendVector) -> str:
    for name, pipe in nlp.components:
        if component.encoder is not None and pipe is component.encoder.transformer:
            return name
    raise ValueError(
        f"{READER}: the trend vector '{component.name}' reads no transformer of this pipeline: got the "
        f"components {nlp.component_names}. Where it was taken from another pipeline, have the config source "
        "its transformer from there too, or call spacy_trend.observe(nlp)."
    )


def _is_read_by_us(block: Any) -> bool:
    return isinstance(block, dict) and block.get("@readers") == READER


def _add_vectors(nlp: Language, examples: list[Example], makers: list[str]) -> None:
    without = []
    carried = []
    for example in examples:
        record = read_record(example.reference)
        if record is None:
            without.append(example)
        else:
            example.predicted._.set(RECORD, record)
            checked_record(example.predicted)
            carried.append(example.predicted)
    _check_carried(nlp, carried, makers)
    docs = tqdm((example.predicted for example in without), total=len(without), desc="Vectors", disable=None)
    made = list(_made(nlp, docs, makers))
    check_every_doc(len(made), len(without), f"{READER}: the components {makers}")
    for example, doc in zip(without, made, strict=True):
        example.predicted = doc


def _made(nlp: Language, docs: Iterable[Doc], makers: list[str]) -> Iterator[Doc]:
    """Docs as the components make them, one component after another."""
    made: Any = docs
    for maker in makers:
        settings = {"batch_size": nlp.batch_size}
        made = _pipe(made, nlp.get_pipe(maker), maker, nlp.default_error_handler, settings)
    for doc in made:
        # It holds far more than the vector, and the whole of its batch.
        doc._.trf_data = None
        yield doc


def _check_carried(nlp: Language, docs: list[Doc], makers: list[str]) -> None:
    """Refuse vectors that docs were written with, where the first of them is not what the pipeline makes."""
    for doc in docs:
        written = doc._.trend_vector
        if not written.any():
            continue
        (again,) = _made(nlp, [nlp.make_doc(doc.text)], makers)
        vector = again._.trend_vector
        # Not equal: a logarithm amplifies what differs between one forward pass and another.
        is_same = vector.shape == written.shape and norm(vector - written) <= 0.05 * norm(written)
        if not is_same:
            raise ValueError(
                f"The doc {doc.text[:40]!r} was written with a vector of other settings or another encoder: "
                f"got width {len(written)} and {written[:3]}..., expected width {len(vector)} and "
                f"{vector[:3]}... Write the corpus again, or without vectors."
            )
        return


def load_transformers() -> Callable[[Language], None]:
    """A callback for `initialize.before_init`: loads the encoders of all transformers that have none yet.

    spaCy does not initialize frozen components, so a transformer that is built by the config and frozen would
    have no weights. Where there is a trend vector, it does this by itself. A frozen transformer of
    spacy-curated-transformers is left alone: have the config source it from a saved pipeline. Registered as
    `spacy-trend.load_transformers.v1`.
    """

    def load(nlp: Language) -> None:
        for _, pipe in nlp.components:
            load_encoder(pipe, nlp)

    return load
