"""Exact parts of scores: what each word adds to a classifier's logit, a cosine, or any direction.

A text's vector is a weighted sum of its words' vectors, so a score that is linear in the vector is the sum of
one part a word. This room may import `attributes`, `architectures`, `alignment`, `method` and the
foundations.
"""
