"""The spaCy component `trend_vector`: its class, factory and presets.

It may import everything below: `attributes`, `architectures`, `alignment`, `encoder`, `method`. Every
pipeline imports it, so transformers, which takes seconds to import, is imported inside functions only.
"""
