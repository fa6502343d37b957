"""The pipeline of whatever commit is installed: how many seconds each line of texts, in JSON, takes."""

import json
import sys
from time import perf_counter

from spacy_trend import from_encoder

nlp = from_encoder()
for line in sys.stdin:
    texts = json.loads(line)
    start = perf_counter()
    for _ in nlp.pipe(texts):
        pass
    print(perf_counter() - start, flush=True)
