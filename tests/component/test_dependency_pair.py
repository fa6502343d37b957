"""The pair by a dependency tree, with the bundled encoder."""

from collections.abc import Callable

import numpy as np
import pytest
from spacy import Language
from spacy.tokens import Doc

from tests.support.article import may_be_word
from tests.support.mutual_oracle import NEAR, Make, Oracle, assert_same, selection
from tests.support.trees import TREES, parsed, run
from tests.support.values import pair_of


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
            assert (related >= 0) == any(may_be_word(doc[token]) for token in children), item.text
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
        nlp = pipeline(selection("dependency_pair", layers=[1]))
        failed: list[str] = []
        nlp.set_error_handler(lambda name, component, docs, error: failed.append(f"{docs[0].text}: {error}"))
        texts = [parsed(nlp, "one sentence"), nlp.make_doc("I want an apple."), parsed(nlp, "nothing")]
        with nlp.select_pipes(disable=["sentencizer"]):
            docs = list(nlp.pipe(texts))
        assert [len(doc) for doc in docs] == [8, 0]
        assert len(failed) == 1
        assert failed[0].startswith("I want an apple.: The selection reads the dependency tree")
