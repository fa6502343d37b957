"""A corpus reader whose docs carry their vectors: a frozen encoder runs once and not in every epoch."""

from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from spacy import Language
from spacy.tokens import Doc
from spacy.training import Corpus, Example
from tqdm import tqdm

from .changes import changed_width
from .component import TrendVector
from .record import RECORD, read_record

READER = "spacy-trend.VectorCorpus.v1"
CALLBACK = "spacy-trend.enable_components.v1"

#: What was read already, by pipeline: `spacy train` makes one reader to initialize and another to train.
_READ: WeakKeyDictionary[Language, dict[tuple[Path, int], list[Example]]] = WeakKeyDictionary()
#: Which components a reader disabled, by pipeline.
_DISABLED: WeakKeyDictionary[Language, list[str]] = WeakKeyDictionary()


def vector_corpus(
    path: Path | str, limit: int = 0, components: list[str] | None = None
) -> Callable[[Language], Iterator[Example]]:
    """A reader of `.spacy` files for `spacy train`, whose predicted docs have `Doc._.trend_vector`.

    Registered as `spacy-trend.VectorCorpus.v1`. The first time, the pipeline's encoder runs on docs that were
    not written with their vectors (`DocBin(store_user_data=True)`); then the components that make the vector
    are disabled. `enable_components`, as `training.before_to_disk`, enables them in what is saved. The
    transformer must be frozen, or its vectors would not follow it.

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
        read_before = _READ.setdefault(nlp, {})
        name, component = _trend_vector(nlp)
        makers = components or _makers(nlp, name, component)
        _check_config(nlp, component)
        if (source, limit) not in read_before:
            component.initialize(lambda: [], nlp=nlp)
            examples = list(Corpus(source, limit=limit)(nlp))
            _add_vectors(nlp, examples, makers, component)
            read_before[source, limit] = examples
        # Every time: spaCy enables frozen components again whenever it has written a line of its log.
        for maker in makers:
            nlp.disable_pipe(maker)
        _DISABLED[nlp] = makers
        # spaCy copies what it updates with or evaluates on.
        yield from read_before[source, limit]

    return read


def enable_components() -> Callable[[Language], Language]:
    """A callback for `training.before_to_disk`: enables what `vector_corpus` disabled, so that the saved
    pipeline is whole. Registered as `spacy-trend.enable_components.v1`."""

    def enable(nlp: Language) -> Language:
        for name in _DISABLED.get(nlp, []):
            nlp.enable_pipe(name)
        return nlp

    return enable


def _trend_vector(nlp: Language) -> tuple[str, TrendVector]:
    found = [(name, pipe) for name, pipe in nlp.components if isinstance(pipe, TrendVector)]
    if not found:
        raise ValueError(
            f"{READER} needs a trend vector: got the components {nlp.component_names}. Expected "
            "'trend_vector' among them, or the reader spacy.Corpus.v1."
        )
    return found[-1]


def _makers(nlp: Language, name: str, component: TrendVector) -> list[str]:
    before = takewhile(lambda pair: pair[0] != name, nlp.components)
    transformer = component.encoder and component.encoder.transformer
    useful = [
        other for other, pipe in before if pipe is transformer or not getattr(pipe, "is_trainable", False)
    ]
    return [*useful, name]


def _check_config(nlp: Language, component: TrendVector) -> None:
    """Refuse a training config in which vectors grow stale, or the saved pipeline would lack them."""
    if not any(_is_read_by_us(block) for block in nlp.config.get("corpora", {}).values()):
        return
    training = nlp.config["training"]
    names = {id(pipe): name for name, pipe in nlp.components}
    transformer = names[id(component.encoder.transformer)] if component.encoder else None
    if transformer not in training["frozen_components"]:
        frozen = training["frozen_components"]
        raise ValueError(
            f"{READER} computes vectors once, but the transformer '{transformer}' is trained: got "
            f"training.frozen_components = {frozen}. Expected its name there; or train "
            "it with the reader spacy.Corpus.v1."
        )
    if (training["before_to_disk"] or {}).get("@callbacks") != CALLBACK:
        raise ValueError(
            f"{READER} disables the components that make the vector: got training.before_to_disk = "
            f"{training['before_to_disk']}. Expected {{'@callbacks': '{CALLBACK}'}}, so that they are "
            "enabled in what is saved."
        )


def _is_read_by_us(block: Any) -> bool:
    return isinstance(block, dict) and block.get("@readers") == READER


def _add_vectors(nlp: Language, examples: list[Example], makers: list[str], component: TrendVector) -> None:
    without = []
    for example in examples:
        record = read_record(example.reference)
        if record is None:
            without.append(example.predicted)
        else:
            _check_record(example.reference, component)
            example.predicted._.set(RECORD, record)
    docs: Any = tqdm(without, desc="Vectors", disable=None)
    for maker in makers:
        pipe: Any = nlp.get_pipe(maker)
        docs = pipe.pipe(docs, batch_size=nlp.batch_size)
    for doc in docs:
        doc._.trf_data = None


def _check_record(doc: Doc, component: TrendVector) -> None:
    record = read_record(doc)
    if record is None or component.encoder is None:
        return
    width = changed_width(component.change, component.encoder.width)
    if (record["select"], len(record["vector"])) != (component.select_config, width):
        raise ValueError(
            f"The doc {doc.text[:40]!r} was written with a vector of other settings: got the selection "
            f"{record['select']} and width {len(record['vector'])}, expected {component.select_config} and "
            f"{width}. Write the corpus again, or without vectors."
        )
