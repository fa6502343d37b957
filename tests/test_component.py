import numpy as np
from spacy import Language


def test_sets_vectors_and_words(nlp: Language) -> None:
    doc = nlp("I want an apple.")
    vector = doc._.trend_vector
    assert vector.shape == (384,)
    assert vector.dtype == np.float32
    assert doc._.trend_focus.text == "want"
    pair = doc._.trend_focus._.trend_vector + doc._.trend_related._.trend_vector
    np.testing.assert_allclose(vector, pair, atol=1e-6)
