"""The name of the transformer that a component reads, followed when it is renamed.

A name that is kept becomes wrong: spaCy tells nobody that a component was renamed if it, or who reads it, is
disabled, and writes the config of a pipeline before it asks a component for anything. So the name is found by
the transformer itself, when the pipeline's names change and when its config is read.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from spacy import Language
from thinc.api import Config

if TYPE_CHECKING:
    from ..encoder.transformer import ObservedEncoder


class NamesTransformer:
    """A component with the setting `transformer`, which names the transformer that it reads.

    Attributes:
        encoder: the observed transformer; None before it is attached to one.
    """

    encoder: "ObservedEncoder | None" = None
    #: The name that was set, or found last.
    _transformer: str | None = None
    #: The name in the config that the component was made of, which may stand there as a variable.
    _configured: str | None = None
    #: Whether the transformer that is read is the one that was named.
    _follows: bool = False

    @property
    def transformer(self) -> str | None:
        """The name of the transformer to read; None for the nearest before this component."""
        for nlp in [] if self.encoder is None else self.encoder.pipelines:
            if self.follow(nlp.components) is not None:
                break
        return self._transformer

    @transformer.setter
    def transformer(self, name: str | None) -> None:
        self._transformer = name
        # Another one, until the component is attached to it.
        self._follows = False

    def transformer_in(self, nlp: Language) -> str | None:
        """Return the name, in a pipeline, of the transformer to read; None for the nearest.

        Args:
            nlp: the pipeline.
        """
        return self.follow(nlp.components) or self._transformer

    def follow(self, components: Iterable[tuple[str, Any]]) -> str | None:
        """Find how the transformer is called that was named and is read.

        Args:
            components: those of a pipeline, and their names.

        Returns:
            its name; None if none was named, or this component or the transformer is not among them.
        """
        if self._transformer is None or not self._follows or self.encoder is None:
            return None
        names = {id(pipe): name for name, pipe in components}
        found = names.get(id(self.encoder.transformer)) if id(self) in names else None
        self._transformer = found or self._transformer
        return found


class FollowedConfigs(dict[str, Config]):
    """The configs of a pipeline's components by name, which name transformers as they are called now.

    It takes the place of the pipeline's own dictionary. It does not refer to the pipeline, and is copied and
    pickled as part of it.

    Args:
        nlp: the pipeline.
    """

    # A copy is filled before it has its own.
    _components: list[tuple[str, Any]] = []  # noqa: RUF012 - never changed

    def __init__(self, nlp: Language) -> None:
        super().__init__(nlp._pipe_configs)
        self._components = nlp._components

    def __getitem__(self, name: str) -> Config:
        self._follow()
        return super().__getitem__(name)

    def __setitem__(self, name: str, config: Config) -> None:
        # spaCy stores the config anew under each new name.
        super().__setitem__(name, config)
        self._follow()

    def _follow(self) -> None:
        for name, pipe in self._components:
            config = self.get(name)
            if config is None or not isinstance(pipe, NamesTransformer):
                continue
            found, written = pipe.follow(self._components), config.get("transformer")
            if found is None or written is None:
                continue
            # A variable or block of the config that still has this value stays.
            is_name = isinstance(written, str) and "${" not in written
            if is_name or found != pipe._configured:
                config["transformer"] = found


def follow_names(nlp: Language) -> None:
    """Have the configs of a pipeline's components follow the names of the transformers that they read.

    Args:
        nlp: the pipeline.
    """
    if not isinstance(nlp._pipe_configs, FollowedConfigs):
        nlp._pipe_configs = FollowedConfigs(nlp)
