"""Ways to cut docs into the windows that an encoder sees."""

from typing import Any

WHOLE_TEXT = {"@span_getters": "spacy-transformers.doc_spans.v1"}
SENTENCES = {"@span_getters": "spacy-transformers.sent_spans.v1"}


def strided(window: int, stride: int) -> dict[str, Any]:
    return {"@span_getters": "spacy-transformers.strided_spans.v1", "window": window, "stride": stride}


#: As in spaCy's own configs.
STRIDED = strided(128, 96)
#: Windows that are shorter than many texts.
OVERLAPPING = strided(16, 10)
