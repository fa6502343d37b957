"""Attributes: the record that is kept of a doc, and what `Doc._`, `Span._` and `Token._` answer from it.

It may import `alignment`, `method` and the foundations; it knows no transformer and no pipeline.
"""
