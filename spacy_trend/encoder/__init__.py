"""The encoder room: it observes a transformer's forward pass and hands on what was seen, as tensors.

It is the only room that imports transformers, spacy-transformers and spacy-curated-transformers; of ours it
may import the foundations. Start with `transformer.attach`; `requests` says what can be asked for. This file
imports nothing, as transformers takes seconds to import.
"""
