"""The record of a doc: of which tokens it is, and who may read it."""

from collections.abc import Callable

import numpy as np
import pytest
from spacy import Language
from spacy.tokens import Doc, Token

from spacy_trend.attributes.record import RECORD, describe, sampled_record, words_in
from tests.support.values import assert_same_values, items_of, spans_of, values_of

TEXT = "I want an apple. She sold the old house."
REBUILT: dict[str, Callable[[list[Doc]], Doc]] = {
    "from_docs of several": Doc.from_docs,
    "from_docs of one": lambda docs: Doc.from_docs(docs[:1]),
    "as_doc of a phrase": lambda docs: docs[0][2:4].as_doc(),
    "as_doc of a sentence, with user data": lambda docs: list(docs[0].sents)[1].as_doc(copy_user_data=True),
    "as_doc of the whole, with user data": lambda docs: docs[0][:].as_doc(copy_user_data=True),
}


@pytest.mark.filterwarnings("ignore:.W101.:UserWarning")
@pytest.mark.parametrize("how", REBUILT)
def test_a_doc_that_is_rebuilt_of_others_has_no_values_until_the_pipeline_runs(
    steady: Language, how: str
) -> None:
    docs = [steady(TEXT), steady("We're unbelievably glad, aren't we?")]
    rebuilt = REBUILT[how](docs)
    assert len(rebuilt) > 0
    for item in items_of(rebuilt, spans_of(rebuilt)):
        assert set(values_of(item).values()) == {None}
    assert_same_values(docs[0], steady(TEXT), spans=spans_of(docs[0]))
    again = Doc(
        steady.vocab, [token.text for token in rebuilt], [bool(token.whitespace_) for token in rebuilt]
    )
    for one in (rebuilt, again):
        steady(one)
    assert_same_values(rebuilt, again, 2e-5)


def test_it_is_said_that_from_docs_drops_the_values(steady: Language) -> None:
    docs = [steady(TEXT), steady("Stop!")]
    for doc in docs:
        doc.user_data = {key: value for key, value in doc.user_data.items() if key[1] == RECORD}
    with pytest.warns(UserWarning, match=rf"W101.*'{RECORD}'"):
        Doc.from_docs(docs)


def test_tokens_that_are_others_but_as_many_are_refused(steady: Language) -> None:
    doc = steady("I want an apple. She sold the oldhouse.")
    same = doc[0:2]._.trend_vector.copy()
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[2:4])
        retokenizer.split(doc[8], ["old", "house"], heads=[doc[7], doc[7]])
    assert doc[8].text == "house"
    for item in (doc, doc[0:3], doc[2]):
        with pytest.raises(ValueError, match="before the transformer"):
            item._.trend_vector  # noqa: B018
    np.testing.assert_array_equal(doc[0:2]._.trend_vector, same)


def test_a_selection_that_does_not_say_what_it_reads_is_refused() -> None:
    class Select:
        config = {"@misc": "mine"}  # noqa: RUF012

    with pytest.raises(ValueError, match=r"lacks \['rows', 'layers'\].*Give the selection both"):
        describe(Select())  # type: ignore[arg-type]


def test_a_selection_that_is_not_registered_when_a_doc_is_read_is_named(tiny: Language) -> None:
    doc = tiny("I want an apple.")
    doc._.trend_record["select"] = '{"@misc": "no.such_selection.v1"}'
    with pytest.raises(Exception, match=r"no\.such_selection\.v1"):
        doc[0:2]._.trend_vector  # noqa: B018


def test_the_words_of_a_span_are_a_slice_of_the_docs_words(steady: Language) -> None:
    doc = steady(TEXT)
    record = doc._.get(RECORD)
    # The two full stops are no words.
    assert record["tokens"].tolist() == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert words_in(record, doc) == slice(0, 9)
    assert words_in(record, doc[1:6]) == slice(1, 5)
    assert words_in(record, doc[4:5]) == slice(4, 4)
    assert words_in(record, doc[10:]) == slice(9, 9)


class Noting:
    """A doc that notes which of its tokens are read."""

    def __init__(self, doc: Doc) -> None:
        self.doc = doc
        self.text = doc.text
        self._ = doc._
        self.read: list[int] = []

    def __len__(self) -> int:
        return len(self.doc)

    def __getitem__(self, token: int) -> Token:
        self.read.append(token)
        return self.doc[token]


def test_reading_a_doc_compares_as_many_words_however_long_it_is(steady: Language) -> None:
    compared = {}
    for count in (20, 200, 2000):
        doc = steady(" ".join(["apple"] * count))
        noting = Noting(doc)
        sampled_record(noting)  # type: ignore[arg-type]
        compared[count] = len(noting.read)
        assert {0, count - 1, doc._.trend_focus.i, doc._.trend_related.i} <= set(noting.read)
    assert compared == {20: 22, 200: 34, 2000: 34}


def test_a_long_doc_whose_words_were_moved_is_refused(steady: Language) -> None:
    doc = steady(" ".join(["I want an apple."] * 100))
    assert doc[496].text == "want"
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[2:4])
        retokenizer.split(doc[496], ["wa", "nt"], heads=[doc[495], doc[495]])
    assert len(doc) == 500
    with pytest.raises(ValueError, match="before the transformer"):
        doc._.trend_vector  # noqa: B018
