"""The mathematics of the trend vector: changes of words, selections among them, and their sum.

It sees arrays alone: no `Doc`, no tensor, no transformer. It may import `settings` and `types`. Start with
`trend.compute_trends`; what the author of a change or a selection must know is in `interface`.
"""
