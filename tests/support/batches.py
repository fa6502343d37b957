"""Ways to put texts through a pipeline."""

from collections.abc import Callable, Iterable
from random import Random

from spacy import Language
from spacy.tokens import Doc

from tests.support.windows import WHOLE_TEXT

#: A way to put texts through a pipeline.
Run = Callable[[Language, Iterable[str]], dict[str, Doc]]


def one_by_one(nlp: Language, texts: Iterable[str]) -> dict[str, Doc]:
    return {text: nlp(text) for text in texts}


def in_one_batch(nlp: Language, texts: Iterable[str]) -> dict[str, Doc]:
    """All lengths mixed; not the empty text where windows are whole texts, which ends in spaCy's E1002."""
    get_spans = nlp.config["components"]["transformer"]["model"].get("get_spans")
    texts = [text for text in texts if text or get_spans != WHOLE_TEXT]
    Random(0).shuffle(texts)
    return dict(zip(texts, nlp.pipe(texts, batch_size=len(texts) + 1), strict=True))
