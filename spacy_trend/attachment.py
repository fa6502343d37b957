"""Attaching by hand, where the factory could not know better."""

from spacy import Language

from .component import TrendVector


def observe(nlp: Language) -> None:
    """Attach every trend vector of a pipeline to the transformer before it.

    The factory attaches by itself, to the last transformer that is there when it is called. Call this where
    that is another one: after a component was taken from another pipeline (`nlp.add_pipe(..., source=...)`),
    was put between transformers (`before=`, `after=`), or a transformer was replaced or moved.

    RAISES: ValueError where the pipeline has no trend vector, or one has no transformer before it.
    """
    components = [(name, pipe) for name, pipe in nlp.components if isinstance(pipe, TrendVector)]
    if not components:
        raise ValueError(
            f"There is nothing to attach: got the components {nlp.component_names}, expected "
            "'trend_vector' among them. Call nlp.add_pipe('trend_vector') first."
        )
    for name, component in components:
        if component.encoder is not None and not component.encoder.is_of(nlp):
            # spaCy shares a component with the pipeline it is taken from: that one keeps it, here is another.
            config = {key: value for key, value in nlp.get_pipe_config(name).items() if key != "factory"}
            nlp.replace_pipe(name, "trend_vector", config=config)
    for name, pipe in nlp.components:
        if isinstance(pipe, TrendVector):
            pipe.attach(nlp, before=name)
