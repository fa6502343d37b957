"""Mutual attention, the pairs chosen by it and words weighted by attention, with the bundled encoder.

The oracle is Hugging Face alone, read as in `article.py`, and plain loops over wordpieces.
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from numpy.typing import NDArray
from spacy import Language
from spacy.tokens import Doc, DocBin, Span

from spacy_trend import bundled_encoder
from spacy_trend.attributes.record import RECORD

from .article import Article, Floats, _may_be_word, _pieces_of_tokens
from .test_article import CHAPTERS, OVERLAPPING, WHOLE_TEXT, in_one_batch, positions, story
from .test_selections import squared

Make = Callable[..., Language]

TEXTS = (
    "The quick brown fox jumps over the lazy dog.",
    "Where is the nearest mailbox?",
    "She sold the old house in the village.",
    "I want an apple.",
    "A state-of-the-art, well-thought-out mother-in-law suite.",
    "Crème brûlée at the café naïve, déjà vu!",
    "The committee rejected the proposal after a long debate.",
    "My grandmother bakes bread every Sunday morning.",
    "Antidisestablishmentarianism frightens hippopotamuses.",
    "The engine of the ferry broke down near Ardglass.",
    "Rain fell on the tin roof all night.",
    "He paid the driver and walked home.",
    "Two children were chasing a red balloon.",
    "Bees make honey.",
    "The teacher who arrived late apologized to the class.",
    "Please send me the invoice tomorrow!",
    "Nobody expected the lighthouse to be automated.",
    "  Spaces   and\n\nlines between words ",
    "First sentence. Second one! Is this the third? ... !!! Fourth.",
    "one two",
    "Hello!",
    "?! ...",
    " ",
    "",
)
LONG = story(*CHAPTERS)
BETWEEN = ([0.34], None, [0, 3, -1])
NEAR = {"rtol": 2e-4, "atol": 1e-5}
DIFFERENCE = {"@misc": "spacy-trend.difference.v1"}
EAGER = {"attn_implementation": "eager"}


def selection(name: str, **settings: Any) -> dict[str, Any]:
    """A config of trend_vector, with a change that does not amplify noise."""
    return {"select": {"@misc": f"spacy-trend.{name}.v1", **settings}, "change": DIFFERENCE}


@pytest.fixture(scope="module")
def pipeline(make_nlp: Make) -> Make:
    """A function that makes a pipeline of the bundled encoder, each only once."""
    made: dict[str, Language] = {}

    def make(
        config: dict[str, Any],
        get_spans: dict[str, Any] = OVERLAPPING,
        transformer_config: dict[str, Any] | None = None,
    ) -> Language:
        key = repr((config, get_spans, transformer_config))
        if key not in made:
            made[key] = make_nlp(bundled_encoder(), config, get_spans, transformer_config)
        return made[key]

    return make


@pytest.fixture(scope="module")
def article() -> Article:
    return Article(bundled_encoder())


class Oracle:
    """What Hugging Face makes of a doc.

    tokens: the words' positions among its tokens.
    received: `(layers, words)`, attention received, the mean of heads.
    mutual: `(layers, words, words)`, mutual attention in each layer, the mean of heads and windows.
    change: `(words, width)`, contextual minus static.
    """

    def __init__(self, article: Article, doc: Doc, windows: Sequence[Span]) -> None:
        reading = article.read(doc, windows)
        self.tokens = reading.tokens
        self.received = reading.received.mean(axis=1)
        self.change = reading.contextual - reading.static
        layers, words = len(self.received), len(self.tokens)
        sums, counts = np.zeros((layers, words, words)), np.zeros((words, words))
        for window in windows:
            if len(window) == 0:
                continue
            encoding = article.tokenizer(window.text, return_offsets_mapping=True, return_tensors="pt")
            pieces = _pieces_of_tokens(window, encoding.pop("offset_mapping")[0].tolist())
            attentions = [layer[0].detach().numpy() for layer in article.model(**encoding).attentions]
            means = np.array([np.mean(list(layer), axis=0) for layer in attentions], dtype=np.float64)
            for one, first in enumerate(self.tokens):
                for other, second in enumerate(self.tokens):
                    if first == second or first not in pieces or second not in pieces:
                        continue
                    given = [means[:, at][:, pieces[second]].sum(axis=1) for at in pieces[first]]
                    got = [means[:, at][:, pieces[first]].sum(axis=1) for at in pieces[second]]
                    sums[:, one, other] += np.mean(given, axis=0) + np.mean(got, axis=0)
                    counts[one, other] += 1
        assert all(_may_be_word(doc[token]) for token in self.tokens)
        self.mutual = sums / np.maximum(counts, 1)

    def between(self, layers: Sequence[float] | None) -> NDArray[np.float64]:
        """The mean of some layers, `(words, words)`."""
        count = len(self.mutual)
        if layers is None:
            layers = range(count)
        numbers = [int(layer * count) if isinstance(layer, float) else layer for layer in layers]
        mean: NDArray[np.float64] = np.mean([self.mutual[number] for number in numbers], axis=0)
        return mean

    def pair(self, layers: Sequence[float] | None, start: int = 0, end: int = 10**6) -> list[int]:
        """Focus and related word among the tokens from start to before end, -1 for none."""
        words = [word for word, token in enumerate(self.tokens) if start <= token < end]
        if not words:
            return [-1, -1]
        focus = max(words, key=lambda word: self.received[-1, word])
        others = [word for word in words if word != focus]
        if not others:
            return [self.tokens[focus], -1]
        mutual = self.between(layers)
        related = max(others, key=lambda word: mutual[focus, word])
        return [self.tokens[focus], self.tokens[related]]


@pytest.fixture(scope="module")
def oracle(article: Article) -> Callable[[str, str], Oracle]:
    """A function from a text and the name of a way to cut windows to the oracle."""
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    ways = {"whole_text": WHOLE_TEXT, "overlapping": OVERLAPPING}

    @cache
    def read(text: str, windows: str) -> Oracle:
        doc = nlp(text)
        get_spans = spacy.registry.resolve({"get_spans": ways[windows]})["get_spans"]
        return Oracle(article, doc, get_spans([doc])[0])

    return read


@pytest.fixture(params=["whole_text", "overlapping"])
def windows(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def spans_of(windows: str) -> dict[str, Any]:
    return WHOLE_TEXT if windows == "whole_text" else OVERLAPPING


def pair_of(item: Doc | Span) -> list[int]:
    return positions(item._.trend_focus, item._.trend_related)


def assert_same(doc: Doc, other: Doc) -> None:
    """Two docs of one text, with all that is stored, and all that is computed of spans."""
    assert doc.text == other.text
    assert pair_of(doc) == pair_of(other), doc.text
    np.testing.assert_allclose(doc._.trend_vector, other._.trend_vector, **NEAR)
    record, expected = doc._.get(RECORD), other._.get(RECORD)
    np.testing.assert_allclose(record["attention"], expected["attention"], **NEAR)
    np.testing.assert_allclose(squared(record["mutual"]), squared(expected["mutual"]), **NEAR)
    for one, same in zip(parts_of(doc), parts_of(other), strict=True):
        assert pair_of(one) == pair_of(same), one.text
        np.testing.assert_allclose(one._.trend_vector, same._.trend_vector, **NEAR)


def parts_of(doc: Doc) -> list[Span]:
    return [doc[:], doc[1:-1], doc[: (len(doc) + 1) // 2], doc[-1:]]


@pytest.mark.parametrize("layers", BETWEEN, ids=str)
def test_mutual_attention_and_the_pair_are_as_in_plain_loops(
    pipeline: Make, oracle: Callable[..., Oracle], layers: list[float] | None, windows: str
) -> None:
    nlp = pipeline(selection("mutual_pair", layers_between=layers), spans_of(windows))
    different = []
    for text, doc in in_one_batch(nlp, TEXTS).items():
        expected = oracle(text, windows)
        record = doc._.get(RECORD)
        assert record["tokens"].tolist() == expected.tokens, text
        if expected.tokens:
            mutual = squared(record["mutual"])
            np.testing.assert_allclose(mutual, expected.between(layers), **NEAR, err_msg=text)
        for item in (doc, *parts_of(doc)):
            start, end = (0, len(doc)) if isinstance(item, Doc) else (item.start, item.end)
            pair = expected.pair(layers, start, end)
            if pair_of(item) != pair:
                different.append((item.text, pair_of(item), pair))
            words = [expected.tokens.index(token) for token in pair if token >= 0]
            np.testing.assert_allclose(item._.trend_vector, expected.change[words].sum(axis=0), **NEAR)
    assert different == []


def test_the_pairs_of_the_oracle_are_clear(oracle: Callable[..., Oracle]) -> None:
    """Else the comparison above would hang on noise."""
    for text in TEXTS:
        expected = oracle(text, "whole_text")
        if len(expected.tokens) < 3:
            continue
        for layers in BETWEEN:
            focus = expected.tokens.index(expected.pair(layers)[0])
            first, second = np.sort(np.delete(expected.between(layers)[focus], focus))[:-3:-1]
            assert first - second > 1e-4 * first, text
        first, second = np.sort(expected.received[-1])[:-3:-1]
        assert first - second > 1e-4 * first, text


def test_a_fraction_of_the_layers_is_read_as_that_layer(pipeline: Make) -> None:
    for name, setting, one, other in [
        ("mutual_pair", "layers_between", [0.34], [2]),
        ("mutual_pair", "layers_between", None, [0, 1, 2, 3, 4, 5]),
        ("attended_words", "layer", 0.5, 3),
        ("attended_words", "layer", -1, 5),
    ]:
        docs = [pipeline(selection(name, **{setting: value}))(TEXTS[0]) for value in (one, other)]
        assert_same(*docs)
        assert not np.array_equal(docs[0]._.trend_vector, np.zeros(384))


@pytest.mark.parametrize(("layer", "number"), [(0.5, 3), (2, 2), (-1, 5), (None, 3)])
def test_attended_words_are_as_in_plain_loops(
    pipeline: Make, oracle: Callable[..., Oracle], layer: float | None, number: int, windows: str
) -> None:
    config = selection("attended_words") if layer is None else selection("attended_words", layer=layer)
    for text, doc in in_one_batch(pipeline(config, spans_of(windows)), TEXTS).items():
        expected = oracle(text, windows)
        for item in (doc, *parts_of(doc)):
            start, end = (0, len(doc)) if isinstance(item, Doc) else (item.start, item.end)
            words = [word for word, token in enumerate(expected.tokens) if start <= token < end]
            received = expected.received[number, words]
            vector = np.zeros(384)
            for word, share in zip(words, received / received.sum(), strict=True):
                vector += share * expected.change[word]
            np.testing.assert_allclose(item._.trend_vector, vector, **NEAR, err_msg=item.text)
            order = [expected.tokens[words[at]] for at in np.argsort(-received, kind="stable")]
            assert pair_of(item) == [*order, -1, -1][:2], item.text
        assert doc._.get(RECORD)["mutual"].shape == (len(expected.tokens), 0)


def test_a_text_without_words_has_zeros_and_no_pair(pipeline: Make) -> None:
    for name in "mutual_pair", "attended_words":
        for text in "", " ", "?! ...":
            doc = pipeline(selection(name))(text)
            assert doc._.trend_vector.tolist() == [0] * 384
            assert pair_of(doc) == [-1, -1]


def test_a_long_text_is_read_in_windows_and_its_band_is_as_wide_as_they_are(
    pipeline: Make, oracle: Callable[..., Oracle]
) -> None:
    doc = pipeline(selection("mutual_pair"))(LONG)
    expected = oracle(LONG, "overlapping")
    mutual = doc._.get(RECORD)["mutual"]
    assert len(expected.tokens) > 250
    assert mutual.shape[0] == len(expected.tokens)
    assert 8 <= mutual.shape[1] < OVERLAPPING["window"]
    np.testing.assert_allclose(squared(mutual), expected.between([2]), **NEAR)
    # 0 where no window holds both words, and nowhere else.
    spans = [range(start, start + 16) for start in range(0, len(doc), 10)]
    tokens = expected.tokens
    for one, first in enumerate(tokens):
        for other, second in enumerate(tokens[:one]):
            together = any(first in span and second in span for span in spans)
            assert (squared_at(mutual, other, one) > 0) == together, (doc[first], doc[second])
    # Of the windows that hold the focus.
    focus, related = pair_of(doc)
    assert [focus, related] == expected.pair([2])
    assert any(focus in span and related in span for span in spans)


def squared_at(band: Floats, first: int, second: int) -> float:
    reach = second - first - 1
    return float(band[first, reach]) if reach < band.shape[1] else 0.0


@pytest.mark.parametrize("times", [1, 4])
def test_the_memory_of_a_band_grows_with_the_text_and_not_with_its_square(pipeline: Make, times: int) -> None:
    mutual = pipeline(selection("mutual_pair"))(" ".join([LONG] * times))._.get(RECORD)["mutual"]
    assert mutual.shape[0] > 250 * times
    assert mutual.shape[1] < OVERLAPPING["window"]


@pytest.mark.parametrize("name", ["mutual_pair", "attended_words"])
def test_a_text_in_a_batch_is_as_alone(pipeline: Make, name: str) -> None:
    nlp = pipeline(selection(name))
    texts = [*TEXTS, LONG]
    for text, doc in in_one_batch(nlp, texts).items():
        assert_same(doc, nlp(text))


@pytest.mark.parametrize("name", ["mutual_pair", "attended_words"])
def test_an_encoder_whose_attention_is_a_plain_softmax_gives_the_same(pipeline: Make, name: str) -> None:
    nlp, eager = (pipeline(selection(name), transformer_config=config) for config in (None, EAGER))
    others = in_one_batch(eager, [*TEXTS, LONG])
    for text, doc in in_one_batch(nlp, [*TEXTS, LONG]).items():
        assert_same(doc, others[text])


@pytest.mark.parametrize("layers", BETWEEN[1:], ids=str)
def test_docs_made_elsewhere_with_their_attentions_give_the_same(
    pipeline: Make, make_nlp: Make, layers: list[float] | None
) -> None:
    everything = {"output_hidden_states": True, "output_attentions": True, **EAGER}
    nlp = pipeline(selection("mutual_pair", layers_between=layers))
    stock = make_nlp(bundled_encoder(), None, OVERLAPPING, everything)
    texts = [text for text in TEXTS if text.strip()]
    for doc in stock.pipe([*texts, LONG]):
        nlp.get_pipe("trend_vector")(doc)
        assert_same(doc, nlp(doc.text))


def test_a_curated_transformer_gives_the_same(make_nlp: Make, tiny_encoder: Path) -> None:
    pytest.importorskip("spacy_curated_transformers")
    from .test_curated import curated_bert

    texts = ["I want an apple.", "", "She sold the old house in the village.", " ", "?! ...", "Stop!"]
    # Contractions are cut otherwise by the other package.
    long = LONG.replace("won't", "will not").replace("'s", "")
    for config in (selection("mutual_pair", layers_between=[0, 0.5]), selection("attended_words")):
        nlp = make_nlp(tiny_encoder, config, WHOLE_TEXT)
        curated = curated_bert(tiny_encoder, config, spans={"window": 512, "stride": 512})
        for doc in curated.pipe([long, *texts]):
            assert_same(doc, nlp(doc.text))


def test_overlapping_windows_of_a_curated_transformer_are_alike_alone_and_in_a_batch(
    tiny_encoder: Path,
) -> None:
    pytest.importorskip("spacy_curated_transformers")
    from .test_curated import curated_bert

    texts = ["I want an apple.", "", LONG, "Stop!", story(CHAPTERS[1]), " "]
    nlp = curated_bert(tiny_encoder, selection("mutual_pair"), spans={"window": 24, "stride": 16})
    docs = dict(zip(texts, nlp.pipe(texts), strict=True))
    for text, doc in docs.items():
        assert_same(doc, nlp(text))
    assert docs[LONG]._.get(RECORD)["mutual"].shape[1] < 24


class TestSentences:
    TEXT = " ".join(text for text in TEXTS[:8] if text.endswith("."))

    @pytest.mark.parametrize("windows", ["overlapping", "whole_text"])
    def test_a_text_is_the_mean_of_its_sentences(
        self, pipeline: Make, oracle: Callable[..., Oracle], windows: str
    ) -> None:
        config = {**selection("mutual_pair"), "level": "sentence"}
        doc = pipeline(config, spans_of(windows))(self.TEXT)
        expected = oracle(self.TEXT, windows)
        vectors = []
        for sent in doc.sents:
            pair = expected.pair([2], sent.start, sent.end)
            assert pair_of(sent) == pair
            vectors.append(expected.change[[expected.tokens.index(token) for token in pair]].sum(axis=0))
            np.testing.assert_allclose(sent._.trend_vector, vectors[-1], **NEAR)
        assert len(vectors) > 4
        np.testing.assert_allclose(doc._.trend_vector, np.mean(vectors, axis=0), **NEAR)
        assert pair_of(doc) == [-1, -1]

    def test_a_text_of_attended_words_is_too(self, pipeline: Make) -> None:
        doc = pipeline({**selection("attended_words"), "level": "sentence"})(self.TEXT)
        vectors = [sent._.trend_vector for sent in doc.sents]
        np.testing.assert_allclose(doc._.trend_vector, np.mean(vectors, axis=0), **NEAR)


#: Words, their heads and labels, by hand; roots are their own heads.
TREES: dict[str, tuple[list[str], list[int], list[str]]] = {
    "one sentence": (
        ["She", "sold", "the", "old", "house", "in", "Paris", "."],
        [1, 1, 4, 4, 1, 4, 5, 1],
        ["nsubj", "ROOT", "det", "amod", "dobj", "prep", "pobj", "punct"],
    ),
    "two sentences": (
        ["Bees", "make", "honey", ".", "Old", "engines", "broke", "down", "."],
        [1, 1, 1, 1, 5, 6, 6, 6, 6],
        ["nsubj", "ROOT", "dobj", "punct", "amod", "nsubj", "ROOT", "prt", "punct"],
    ),
    "a root with punctuation alone": (["Hello", "!"], [0, 0], ["ROOT", "punct"]),
    "a root that is punctuation": (
        ["Red", "apples", "...", "green", "pears"],
        [1, 2, 2, 4, 2],
        ["amod", "dep", "ROOT", "amod", "dep"],
    ),
    "punctuation alone": (["?", "!"], [0, 0], ["ROOT", "punct"]),
    "nothing": ([], [], []),
}


def parsed(nlp: Language, name: str) -> Doc:
    words, heads, labels = TREES[name]
    return Doc(nlp.vocab, words=words, heads=heads or None, deps=labels or None)


def run(nlp: Language, doc: Doc) -> Doc:
    # A sentencizer would set boundaries that the tree already sets.
    with nlp.select_pipes(disable=["sentencizer"]):
        return nlp(doc)


@pytest.fixture(scope="module")
def dependency(pipeline: Make) -> Language:
    return pipeline(selection("dependency_pair"))


class TestDependencyPair:
    def test_is_the_root_and_its_child_with_most_mutual_attention(
        self, dependency: Language, oracle: Callable[..., Oracle]
    ) -> None:
        doc = run(dependency, parsed(dependency, "one sentence"))
        expected = oracle(doc.text, "overlapping")
        assert expected.tokens == list(range(7))
        mutual = expected.between([2])
        assert pair_of(doc) == [1, max([0, 4], key=lambda word: mutual[1, word])]
        np.testing.assert_allclose(doc._.trend_vector, expected.change[pair_of(doc)].sum(axis=0), **NEAR)

    @pytest.mark.parametrize("name", ["one sentence", "two sentences", "a root that is punctuation"])
    def test_every_pair_is_an_edge_of_the_tree(self, dependency: Language, name: str) -> None:
        doc = run(dependency, parsed(dependency, name))
        edges = {(token.head.i, token.i) for token in doc if token.head.i != token.i}
        items = [doc, *doc.sents] + [
            doc[start:end] for start in range(len(doc)) for end in range(start + 1, len(doc) + 1)
        ]
        found = 0
        for item in items:
            focus, related = pair_of(item)
            if related >= 0:
                found += 1
                assert (focus, related) in edges, item.text
            start, end = (0, len(doc)) if isinstance(item, Doc) else (item.start, item.end)
            children = [token for token in range(start, end) if (focus, token) in edges]
            assert (related >= 0) == any(_may_be_word(doc[token]) for token in children), item.text
        assert found > 4

    def test_of_two_sentences_the_root_that_draws_more_attention(
        self, dependency: Language, oracle: Callable[..., Oracle]
    ) -> None:
        doc = run(dependency, parsed(dependency, "two sentences"))
        expected = oracle(doc.text, "overlapping")
        received = dict(zip(expected.tokens, expected.received[-1], strict=True))
        assert doc._.trend_focus.i == max([1, 6], key=lambda token: received[token])
        assert [sent._.trend_focus.i for sent in doc.sents] == [1, 6]

    def test_a_phrase_has_the_word_whose_head_is_outside(self, dependency: Language) -> None:
        doc = run(dependency, parsed(dependency, "one sentence"))
        phrase = doc[2:5]
        assert phrase._.trend_focus == phrase.root == doc[4]
        assert phrase._.trend_related.i in (2, 3)

    def test_a_root_without_words_below_stands_alone(self, dependency: Language) -> None:
        doc = run(dependency, parsed(dependency, "a root with punctuation alone"))
        assert pair_of(doc) == [0, -1]
        np.testing.assert_array_equal(doc._.trend_vector, doc[0]._.trend_vector)

    @pytest.mark.parametrize("name", ["punctuation alone", "nothing"])
    def test_no_word_gives_no_pair(self, dependency: Language, name: str) -> None:
        doc = run(dependency, parsed(dependency, name))
        assert pair_of(doc) == [-1, -1]
        assert not doc._.trend_vector.any()

    def test_docs_in_a_batch_are_as_alone(self, dependency: Language) -> None:
        with dependency.select_pipes(disable=["sentencizer"]):
            docs = list(dependency.pipe([parsed(dependency, name) for name in TREES], batch_size=10))
        for name, doc in zip(TREES, docs, strict=True):
            assert_same(doc, run(dependency, parsed(dependency, name)))

    def test_a_text_is_the_mean_of_its_sentences(self, pipeline: Make) -> None:
        nlp = pipeline({**selection("dependency_pair"), "level": "sentence"})
        doc = run(nlp, parsed(nlp, "two sentences"))
        first, second = doc.sents
        assert (pair_of(first)[0], pair_of(second)[0]) == (1, 6)
        mean = (first._.trend_vector + second._.trend_vector) / 2
        np.testing.assert_allclose(doc._.trend_vector, mean, **NEAR)

    def test_a_doc_without_a_tree_is_refused_by_its_name(self, dependency: Language) -> None:
        message = r"reads the dependency tree, but the doc 'I want an apple.' has none. Expected a parser"
        with pytest.raises(ValueError, match=message):
            dependency("I want an apple.")

    def test_of_a_batch_the_doc_without_a_tree_goes_to_the_error_handler(self, pipeline: Make) -> None:
        nlp = pipeline(selection("dependency_pair", layers_between=[1]))
        failed: list[str] = []
        nlp.set_error_handler(lambda name, component, docs, error: failed.append(f"{docs[0].text}: {error}"))
        texts = [parsed(nlp, "one sentence"), nlp.make_doc("I want an apple."), parsed(nlp, "nothing")]
        with nlp.select_pipes(disable=["sentencizer"]):
            docs = list(nlp.pipe(texts))
        assert [len(doc) for doc in docs] == [8, 0]
        assert len(failed) == 1
        assert failed[0].startswith("I want an apple.: The selection reads the dependency tree")


@pytest.mark.parametrize("name", ["mutual_pair", "attended_words", "dependency_pair"])
def test_stored_docs_keep_what_spans_are_computed_from(pipeline: Make, name: str) -> None:
    nlp = pipeline(selection(name))
    if name == "dependency_pair":
        docs = [run(nlp, parsed(nlp, tree)) for tree in TREES]
    else:
        docs = [nlp(text) for text in [*TEXTS, LONG]]
    for doc in docs:
        doc._.trf_data = None
    stored = DocBin(store_user_data=True, docs=docs).to_bytes()
    for doc, other in zip(docs, DocBin().from_bytes(stored).get_docs(nlp.vocab), strict=True):
        assert_same(other, doc)
    for doc in docs:
        assert_same(Doc(nlp.vocab).from_bytes(doc.to_bytes()), doc)


@pytest.mark.parametrize("name", ["mutual_pair", "attended_words"])
def test_a_saved_pipeline_gives_the_same(
    make_nlp: Make, tiny_encoder: Path, tmp_path: Path, name: str
) -> None:
    setting = {"layers_between": [0.5, -2]} if name == "mutual_pair" else {"layer": 0.5}
    nlp = make_nlp(tiny_encoder, selection(name, **setting), OVERLAPPING)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert loaded.get_pipe("trend_vector").select == nlp.get_pipe("trend_vector").select
    assert repr(loaded.get_pipe("trend_vector").select) == repr(nlp.get_pipe("trend_vector").select)
    for text in [*TEXTS, LONG]:
        assert_same(loaded(text), nlp(text))


@pytest.mark.parametrize(
    ("name", "setting", "message"),
    [
        ("attended_words", {"layer": 2}, "layer=2 is out of range: the encoder .* has 2 layers"),
        ("attended_words", {"layer": -3}, "layer=-3 is out of range: the encoder .* has 2 layers"),
        ("attended_words", {"layer": 1.5}, "attended_words: layer=1.5 is out of range"),
        ("mutual_pair", {"layers_between": [0, 2]}, "layer=2 is out of range: the encoder .* has 2 layers"),
        ("mutual_pair", {"layers_between": [-3]}, "layer=-3 is out of range: the encoder .* has 2 layers"),
        ("mutual_pair", {"layers_between": [1.5]}, "mutual_pair: layer=1.5 is out of range"),
        ("mutual_pair", {"layers_between": []}, r"mutual_pair: layers_between=\[\] names no layer"),
        ("dependency_pair", {"layers_between": [5]}, "layer=5 is out of range: the encoder .* has 2 layers"),
    ],
)
def test_a_layer_that_the_encoder_lacks_is_refused_when_the_pipeline_is_made(
    make_nlp: Make, tiny_encoder: Path, name: str, setting: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make_nlp(tiny_encoder, selection(name, **setting))


@pytest.mark.parametrize(
    ("change", "width"),
    [({"@misc": "spacy-trend.static_and_contextual.v1"}, 64), ({"@misc": "spacy-trend.signed_log.v1"}, 32)],
)
def test_other_changes_give_vectors_of_their_width(
    make_nlp: Make, tiny_encoder: Path, change: dict[str, Any], width: int
) -> None:
    nlp = make_nlp(tiny_encoder, {**selection("mutual_pair"), "change": change})
    for text in "I want an apple.", "", "?!":
        doc = nlp(text)
        assert doc._.trend_vector.shape == (width,)
        assert all(token._.trend_vector.shape == (width,) for token in doc)
        words = [token for token in (doc._.trend_focus, doc._.trend_related) if token is not None]
        summed = np.sum([np.zeros(width), *(word._.trend_vector for word in words)], axis=0)
        np.testing.assert_allclose(doc._.trend_vector, summed, **NEAR)


def test_one_transformer_serves_selections_that_read_different_things(
    make_nlp: Make, tiny_encoder: Path
) -> None:
    configs = [
        selection("mutual_pair", layers_between=[0]),
        selection("mutual_pair", layers_between=[1]),
        selection("attended_words"),
    ]
    alone = [make_nlp(tiny_encoder, config, OVERLAPPING)(LONG) for config in configs]
    nlp = make_nlp(tiny_encoder, None, OVERLAPPING)
    for number, config in enumerate(configs):
        nlp.add_pipe("trend_vector", f"trend_{number}", config=config)
    transformed = nlp(LONG, disable=nlp.pipe_names[2:])
    for number, expected in enumerate(alone):
        nlp.get_pipe(f"trend_{number}")(transformed)
        assert_same(transformed, expected)
    assert list(transformed._.trf_data.model_output) == list(alone[0]._.trf_data.model_output)
