"""What a classifier got right and wrong in labelled texts, and why: scores, reasons, and a page of them.

For the features that evaluate a classifier, `compare` and `sklearn`, which do not import each other. This
room may import `attribution`, `visualize`, `attributes`, `method` and the foundations. What the extras
`compare` and `sklearn` install (SciPy) is imported inside functions.
"""
