"""A transformer component of either package: observe it, load its encoder."""

from typing import Any

from spacy import Language
from spacy_transformers import Transformer
from spacy_transformers.layers.hf_shim import HFShim
from thinc.api import PyTorchShim, TorchScriptShim
from transformers import AutoTokenizer

from ..bundled import BUNDLED_ENCODER, ENCODER_PACKAGE
from ..settings import Layers
from .hugging_face import ObservingShim, size_of
from .observed import new_key
from .readers import Reader, add_reader, is_read_by
from .requests import AttentionRequest, EncoderSize, Request
from .set_aside import SetAside
from .shim import Observing


class ObservedEncoder(Reader):
    """An observed transformer component, and what is asked of it. A copy asks anew, of its own transformer.

    Args:
        transformer: the component.
        asked: what is asked of it.
    """

    def __init__(self, transformer: Any, asked: Request) -> None:
        super().__init__(new_key(), asked)
        self.transformer = transformer

    def __reduce__(self) -> tuple[Any, ...]:
        return attach, (self.transformer, self.asked)

    @property
    def request(self) -> AttentionRequest:
        """The attention asked for."""
        return self.asked.attention

    @property
    def contextual_layers(self) -> Layers | str:
        """The layers whose mean output is asked for."""
        return self.asked.contextual_layers

    def is_of(self, nlp: Language) -> bool:
        """Return whether the component is in a pipeline."""
        return any(pipe is self.transformer for _, pipe in nlp.components)

    @property
    def size(self) -> EncoderSize:
        """The size of the encoder; each reading walks the component's model once."""
        # Not asked of the observing shim: if somebody put the component's own back, the error comes from the
        # docs, which say that they were not observed.
        return size_of_encoder(self.transformer)

    @property
    def max_length(self) -> int | None:
        """The most wordpieces that the tokenizer keeps of a window; None if windows are never cut off."""
        tokenizer = getattr(self.transformer.model, "tokenizer", None)
        return None if tokenizer is None else int(tokenizer.model_max_length)

    @property
    def has_special_tokens(self) -> bool:
        """Whether the output has rows for special tokens; that of spacy-curated-transformers has none."""
        return isinstance(self.transformer, Transformer)

    def has_wordpiece(self, text: str) -> bool:
        """Return whether a text alone has a wordpiece, special tokens not counted."""
        return len(self.transformer.model.tokenizer.tokenize(text)) > 0

    @property
    def is_observed(self) -> bool:
        """Whether the component is still observed; somebody may have put its own shim back."""
        shims = (shim for node in self.transformer.model.walk() for shim in node.shims)
        return any(is_read_by(shim, self) for shim in shims)

    @property
    def uses_output_attentions(self) -> bool:
        """Whether the encoder is asked for its attention, because an earlier pass could not be observed."""
        return bool(getattr(shim_of(self.transformer), "uses_output_attentions", False))


def attach(transformer: Any, request: Request, nlp: Language | None = None) -> ObservedEncoder:
    """Observe a transformer component: from now on it hands on its embedding output and attention.

    The request lasts as long as the object that is returned, but rests while the component that has it as
    `encoder` is not among those that run in its pipelines.

    Args:
        transformer: a component of spacy-transformers or spacy-curated-transformers; its config, weights and
            saved form stay as they are.
        request: what to ask of it.
        nlp: the pipeline that asks; None if it is not known.

    Returns:
        the observed component.

    Raises:
        ValueError: if the component has no encoder that can be observed, or the encoder lacks a layer of the
            rows.
    """
    shim = _observe(transformer)
    observed = ObservedEncoder(transformer, request)
    if shim.has_encoder:
        # All raise for a layer that the encoder lacks.
        size = observed.size
        request.attention.row_layers(size)
        request.attention.mutual_layer_numbers(size)
        request.averaged_layers(size)
    if nlp is not None:
        observed.join(nlp)
    add_reader(shim, observed)
    return observed


def size_of_encoder(transformer: Any) -> EncoderSize:
    """Return the size of the encoder of a transformer component, observed or not.

    Args:
        transformer: the component.

    Raises:
        ValueError: if the component has no encoder that can be observed, or none is loaded yet.
    """
    shim = shim_of(transformer)
    if isinstance(shim, HFShim):
        return size_of(shim)
    from .curated import size_of as size_of_curated

    return size_of_curated(shim)


def shim_of(transformer: Any) -> Any:
    """Return the shim around the encoder of a transformer component, observed or not.

    Args:
        transformer: the component.

    Raises:
        ValueError: if the component has no encoder that can be observed.
    """
    return _node_and_shim(transformer)[1]


def load_encoder(pipe: Any, nlp: Language) -> None:
    """Load the encoder of a transformer of spacy-transformers, unless it is loaded already.

    Args:
        pipe: a component of the pipeline; one of another kind is left alone.
        nlp: the pipeline; if its config names the bundled encoder, its meta will require that package.
    """
    _require_bundled_encoder(nlp)
    if isinstance(pipe, Transformer) and shim_of(pipe)._model is None:
        pipe.initialize(lambda: [], nlp=nlp)
        # It does not find its listeners by itself, because it is disabled while the others are initialized.
        for _, other in nlp.components:
            pipe.find_listeners(other)


def missing_vocabulary(name: str) -> str | None:
    """Return what to say of an encoder whose tokenizer lacks a file that spacy-transformers opens, else None.

    Args:
        name: of the encoder, as spacy-transformers takes it.
    """
    tokenizer = AutoTokenizer.from_pretrained(name)  # type: ignore[no-untyped-call]
    if not hasattr(tokenizer, "vocab_file") or tokenizer.vocab_file is not None:
        return None
    file = tokenizer.vocab_files_names["vocab_file"]
    return (
        f"The encoder {name!r} has no file '{file}': got a tokenizer that is stored in tokenizer.json alone. "
        f"Expected '{file}' beside it, which spacy-transformers opens, too. Copy it from the encoder that "
        "this one was made from, or save its slow tokenizer there: "
        "AutoTokenizer.from_pretrained(ORIGINAL, use_fast=False).save_pretrained(FOLDER)."
    )


def _observe(transformer: Any) -> Observing:
    node, shim = _node_and_shim(transformer)
    if isinstance(transformer, Transformer) and not isinstance(transformer.set_extra_annotations, SetAside):
        transformer.set_extra_annotations = SetAside(transformer.set_extra_annotations)
    if isinstance(shim, Observing):
        return shim
    kind: type[Any] = ObservingShim
    if not isinstance(transformer, Transformer):
        from .curated import NotedLengths, ObservingCuratedShim, ObservingCuratedTransformer

        if type(transformer) is not ObservingCuratedTransformer.__base__:
            raise ValueError(
                f"The transformer component '{transformer.name}' is a {type(transformer)}, a subclass of "
                "CuratedTransformer whose methods would be lost when it is observed. Expected the class "
                "itself: use the factory 'curated_transformer'."
            )
        kind = ObservingCuratedShim
        node.attrs["convert_inputs"] = NotedLengths(node.attrs["convert_inputs"])
        transformer.__class__ = ObservingCuratedTransformer
    observing: Observing = object.__new__(kind)
    observing.take_over_from(shim)
    node.shims[node.shims.index(shim)] = observing
    return observing


def _node_and_shim(transformer: Any) -> tuple[Any, Any]:
    """Return the layer of a component's model that runs its encoder, and its shim."""
    kind = HFShim if isinstance(transformer, Transformer) else PyTorchShim
    for node in transformer.model.walk():
        for shim in node.shims:
            if isinstance(shim, kind) and not isinstance(shim, TorchScriptShim):
                return node, shim
    raise ValueError(
        f"The transformer component '{transformer.name}' has the model '{transformer.model.name}', in which "
        "no encoder was found that can be observed. Expected one of Hugging Face, as in the architecture "
        "'spacy-transformers.TransformerModel.v3', or one of the architectures of "
        "spacy-curated-transformers with torchscript = false."
    )


def _require_bundled_encoder(nlp: Language) -> None:
    """Make `spacy package` require the bundled encoder's package if the config names that encoder."""
    models = [block.get("model") for block in nlp.config["components"].values()]
    if any(isinstance(model, dict) and model.get("name") == {"@misc": BUNDLED_ENCODER} for model in models):
        requirements = nlp.meta.setdefault("requirements", [])
        if ENCODER_PACKAGE not in requirements:
            requirements.append(ENCODER_PACKAGE)
