"""What `TrendVectorizer` does not take for texts, said once and short."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from spacy import Language

pytest.importorskip("sklearn")

from spacy_trend.sklearn import TrendVectorizer
from tests.support.vectorizers import TEXTS, again

#: Kinds of containers, by package.
MAKE: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "pandas Series": lambda pandas, columns: pandas.Series(
        columns["text"], index=[4, 7, 23, 11], dtype=object
    ),
    "pandas DataFrame": lambda pandas, columns: pandas.DataFrame(columns, index=[4, 7, 23, 11]),
    "polars Series": lambda polars, columns: polars.Series(columns["text"]),
    "polars DataFrame": lambda polars, columns: polars.DataFrame(columns),
    "pyarrow array": lambda pyarrow, columns: pyarrow.array(columns["text"]),
    "pyarrow Table": lambda pyarrow, columns: pyarrow.Table.from_pydict(columns),
    "pyarrow RecordBatch": lambda pyarrow, columns: pyarrow.RecordBatch.from_pydict(columns),
    "numpy array": lambda numpy, columns: numpy.array(list(columns.values()), dtype=object).T,
}


def made(name: str, columns: dict[str, Any]) -> Any:
    return MAKE[name](pytest.importorskip(name.split()[0]), columns)


class TestRefusals:
    @pytest.mark.parametrize("wrong", [None, 3, 1.5, b"text", ["text"], ("text", "label"), float("nan")])
    def test_name_the_position(self, fitted: TrendVectorizer, wrong: Any) -> None:
        message = (
            rf"TrendVectorizer: got {re.escape(repr(wrong))} among the texts, expected str or Doc\. It "
            r"stands at position 2 of 4, counted from 0\. Fill or remove it\.$"
        )
        for collect in list, tuple, iter:
            with pytest.raises(ValueError, match=message):
                fitted.transform(collect([*TEXTS[:2], wrong, TEXTS[3]]))
        with pytest.raises(ValueError, match=message):
            TrendVectorizer().fit([*TEXTS[:2], wrong, TEXTS[3]])

    @pytest.mark.parametrize("name", MAKE)
    def test_name_the_position_in_every_container(self, fitted: TrendVectorizer, name: str) -> None:
        container = made(name, {"text": [*TEXTS[:2], None, TEXTS[3]]})
        has_index = name.startswith("pandas")
        message = r"position 2 of 4, counted from 0" + (", in the index 23" if has_index else r"\. Fill")
        for make in fitted.transform, again(fitted).fit, again(fitted).fit_transform:
            with pytest.raises(ValueError, match=message):
                make(container)

    def test_are_said_once(self, fitted: TrendVectorizer) -> None:
        with pytest.raises(ValueError, match=r"got nan .* position 1 of 1,501, .* So do 1,499 others\.$"):
            fitted.transform([TEXTS[0], *[float("nan")] * 1500])

    def test_are_short(self, fitted: TrendVectorizer) -> None:
        for wrong in ["text"] * 10_000, b"x" * 10_000, {"x" * 10_000: 1}:
            with pytest.raises(ValueError, match="among the texts") as raised:
                fitted.transform([wrong])
            assert len(str(raised.value)) < 300

    def test_name_masked_values(self, fitted: TrendVectorizer) -> None:
        masked = np.ma.array(np.array(TEXTS, dtype=object), mask=[False, True, False, False])
        with pytest.raises(ValueError, match=r"got masked among the texts.* position 1 of 4"):
            fitted.transform(masked)

    @pytest.mark.parametrize("single", ["I want an apple.", "", np.str_("text")])
    def test_are_of_a_single_string(self, fitted: TrendVectorizer, single: str) -> None:
        message = (
            rf"TrendVectorizer: got the single string '{single}', expected a list of texts or docs, or a "
            r"table with one column of them\."
        )
        for make in fitted.transform, fitted.fit, fitted.fit_transform:
            with pytest.raises(ValueError, match=message):
                make(single)

    def test_are_of_a_single_doc_and_bytes(self, fitted: TrendVectorizer) -> None:
        for single, name in (fitted.nlp_(TEXTS[0]), "Doc I want an apple."), (b"text", "bytes b'text'"):
            with pytest.raises(ValueError, match=f"got the single {name}, expected a list of texts or docs"):
                fitted.transform(single)

    @pytest.mark.parametrize(
        "other", [None, 3, np.array("text"), {"text": TEXTS}, set(TEXTS), frozenset(TEXTS), object()]
    )
    def test_are_of_what_has_no_rows(self, fitted: TrendVectorizer, other: Any) -> None:
        message = rf"got a {re.escape(str(type(other)))}, expected a list of texts or docs"
        with pytest.raises(ValueError, match=message):
            fitted.transform(other)

    def test_are_of_what_has_no_rows_yet(self, fitted: TrendVectorizer) -> None:
        with pytest.raises(ValueError, match=r"LazyFrame.*, expected a list of texts or docs"):
            fitted.transform(pytest.importorskip("polars").LazyFrame({"text": TEXTS}))

    @pytest.mark.parametrize(
        "name", [name for name in MAKE if "Series" not in name and name != "pyarrow array"]
    )
    def test_are_of_tables_with_more_columns(self, fitted: TrendVectorizer, name: str) -> None:
        table = made(name, {f"column {n}": TEXTS for n in range(1500)})
        first = r"\[0, 1, 2" if name == "numpy array" else r"\['column 0', 'column 1'"
        message = rf"got a table with 1500 columns, {first}.* and 1,495 more\. Expected one, of texts or docs"
        for make in fitted.transform, again(fitted).fit, again(fitted).fit_transform:
            with pytest.raises(ValueError, match=message) as raised:
                make(table)
            assert len(str(raised.value)) < 400

    @pytest.mark.parametrize("name", ["pandas DataFrame", "polars DataFrame", "pyarrow Table"])
    @pytest.mark.parametrize("column", ["column_names", "columns", "column", "to_pylist"])
    def test_name_the_columns_whatever_they_are_called(
        self, fitted: TrendVectorizer, name: str, column: str
    ) -> None:
        with pytest.raises(ValueError, match=rf"with 2 columns, \['text', '{column}'\]\. Expected one"):
            fitted.transform(made(name, {"text": TEXTS, column: TEXTS}))

    @pytest.mark.parametrize("label", ["tolist", "index", "to_pylist", "iloc"])
    def test_name_the_row_whatever_it_is_called(self, fitted: TrendVectorizer, label: str) -> None:
        pandas = pytest.importorskip("pandas")
        series = pandas.Series([TEXTS[0], None], index=["a", label], dtype=object)
        with pytest.raises(ValueError, match=rf"position 1 of 2, .*in the index '{label}'\. Fill"):
            fitted.transform(series)

    def test_are_of_records_by_their_position(self, fitted: TrendVectorizer) -> None:
        records = np.rec.fromarrays([[1, 2], [3, 4]], names=["index", "to_pylist"])
        with pytest.raises(ValueError, match=r"position 0 of 2, counted from 0\. Fill"):
            fitted.transform(records)

    def test_are_of_a_table_without_columns(self, fitted: TrendVectorizer) -> None:
        with pytest.raises(ValueError, match=r"got a table with 0 columns, \[\]\. Expected one"):
            fitted.transform(made("pandas DataFrame", {"text": TEXTS})[[]])

    def test_are_of_a_pipeline_without_a_trend_vector_in_short(self) -> None:
        nlp = Language()
        for n in range(8):
            nlp.add_pipe("sentencizer", name=f"component {n}")
        with pytest.raises(ValueError, match=r"got \['component 0', .* and 3 more\. Add one"):
            TrendVectorizer(nlp).fit(TEXTS)
