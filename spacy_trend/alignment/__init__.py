"""Alignment: from what a transformer left on a doc, wordpieces, to the words of spaCy's tokens.

It may import `method` (arrays), `encoder` (what was asked of it) and the foundations. Nothing above it reads
`doc._.trf_data`.
"""
