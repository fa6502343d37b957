"""Texts in any container: each row of the result is its text's, and has its text's place in an index."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from spacy_trend.sklearn import TrendVectorizer
from tests.support.vectorizers import TEXTS, again, assert_close

#: Rows of a table as a user has them after a split: neither sorted nor from 0.
SHUFFLED = [40, 7, 23, 11]


def pandas_series(texts: list[Any], **settings: Any) -> Any:
    pandas = pytest.importorskip("pandas")
    return pandas.Series(texts, **{"index": SHUFFLED[: len(texts)], **settings})


def table(**columns: Any) -> Any:
    return pytest.importorskip("pandas").DataFrame({"text": TEXTS, **columns}, index=SHUFFLED)


def arrow(texts: list[Any], kind: str = "string") -> Any:
    pa = pytest.importorskip("pyarrow")
    if kind == "dictionary":
        return pa.array(texts).dictionary_encode()
    return pa.array(texts, getattr(pa, kind)())


def arrow_table(texts: list[Any], kind: str) -> Any:
    return getattr(pytest.importorskip("pyarrow"), kind).from_pydict({"text": texts})


def polars(kind: str, *values: Any, **settings: Any) -> Any:
    return getattr(pytest.importorskip("polars"), kind)(*values, **settings)


CONTAINERS: dict[str, Callable[[list[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "iterator": iter,
    "generator": lambda texts: (text for text in texts),
    "keys": lambda texts: dict.fromkeys(texts).keys(),
    "array of objects": lambda texts: np.array(texts, dtype=object),
    "array of strings": np.array,
    "array of numpy's new strings": lambda texts: np.array(texts, dtype=np.dtypes.StringDType()),
    "array of one column": lambda texts: np.array(texts, dtype=object)[:, None],
    "Series": pandas_series,
    "Series of objects": lambda texts: pandas_series(texts, dtype=object),
    "Series of categories": lambda texts: pandas_series(texts, dtype="category"),
    "Series with words as index": lambda texts: pandas_series(texts, index=list("dbca")),
    "Series with doubles in the index": lambda texts: pandas_series(texts, index=[3, 1, 3, 1]),
    "Series with times as index": lambda texts: pandas_series(
        texts,
        index=pytest.importorskip("pandas").to_datetime(["2026-03-01", "2026-01-01", None, "2025-01-01"]),
    ),
    "Series with two indexes": lambda texts: pandas_series(
        texts, index=pytest.importorskip("pandas").MultiIndex.from_tuples([(2, 1), (1, 2), (2, 0), (1, 1)])
    ),
    "Index": lambda texts: pytest.importorskip("pandas").Index(texts),
    "pandas array": lambda texts: pytest.importorskip("pandas").array(texts),
    "DataFrame": lambda texts: pandas_series(texts).to_frame("text"),
    "polars Series": lambda texts: polars("Series", texts),
    "polars DataFrame": lambda texts: polars("DataFrame", {"text": texts}),
    "Arrow array": arrow,
    "Arrow array of large strings": lambda texts: arrow(texts, "large_string"),
    "Arrow array of string views": lambda texts: arrow(texts, "string_view"),
    "Arrow array of dictionary entries": lambda texts: arrow(texts, "dictionary"),
    "Arrow chunks": lambda texts: pytest.importorskip("pyarrow").chunked_array([texts[:1], texts[1:]]),
    "Arrow table": lambda texts: arrow_table(texts, "Table"),
    "Arrow batch": lambda texts: arrow_table(texts, "RecordBatch"),
}


#: Attributes of tables and arrays that a column may be called, or a row.
NAMES = ["column", "to_pylist", "column_names", "columns", "iloc", "index", "shape", "__iter__", "tolist"]


def index_of(container: Any) -> list[Any]:
    """What a table in pandas has as its index."""
    pandas = pytest.importorskip("pandas")
    has_index = isinstance(container, (pandas.Series, pandas.DataFrame))
    return list(container.index) if has_index else list(range(len(TEXTS)))


class TestContainers:
    @pytest.mark.parametrize("name", CONTAINERS)
    def test_are_taken(self, fitted: TrendVectorizer, vectors: Any, name: str) -> None:
        collect = CONTAINERS[name]
        for result in fitted.transform(collect(TEXTS)), again(fitted).fit_transform(collect(TEXTS)):
            assert type(result) is np.ndarray
            assert result.dtype == np.float32
            assert_close(result, vectors)
        assert again(fitted).fit(collect(TEXTS)).get_feature_names_out().shape == (32,)

    @pytest.mark.parametrize("name", CONTAINERS)
    def test_keep_their_index(self, fitted: TrendVectorizer, vectors: Any, name: str) -> None:
        pytest.importorskip("pandas")
        collect = CONTAINERS[name]
        setting = again(fitted).set_output(transform="pandas")
        results = [setting.fit_transform(collect(TEXTS)), setting.transform(collect(TEXTS))]
        with config_context(transform_output="pandas"):
            other = again(fitted)
            results += [other.fit_transform(collect(TEXTS)), other.transform(collect(TEXTS))]
        expected = index_of(collect(TEXTS))
        for result in results:
            assert list(map(str, result.index)) == list(map(str, expected))
            assert list(result.columns) == [f"trendvectorizer{n}" for n in range(32)]
            assert_close(result.to_numpy(), vectors)

    @pytest.mark.parametrize("name", CONTAINERS)
    def test_become_polars_tables_in_order(self, fitted: TrendVectorizer, vectors: Any, name: str) -> None:
        pytest.importorskip("polars")
        collect = CONTAINERS[name]
        setting = again(fitted).set_output(transform="polars")
        for result in setting.fit_transform(collect(TEXTS)), setting.transform(collect(TEXTS)):
            assert_close(result.to_numpy(), vectors)

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("kind", ["pandas", "polars", "Arrow"])
    def test_may_have_a_column_that_is_called_as_an_attribute(
        self, fitted: TrendVectorizer, vectors: Any, kind: str, name: str
    ) -> None:
        if kind == "pandas":
            container = pandas_series(TEXTS).to_frame(name)
        elif kind == "polars":
            container = polars("DataFrame", {name: TEXTS})
        else:
            container = pytest.importorskip("pyarrow").Table.from_pydict({name: TEXTS})
        assert_close(fitted.transform(container), vectors)

    @pytest.mark.parametrize("name", NAMES)
    def test_may_have_a_row_that_is_called_as_an_attribute(
        self, fitted: TrendVectorizer, vectors: Any, name: str
    ) -> None:
        series = pandas_series(TEXTS, index=["a", name, "b", "c"])
        assert_close(fitted.transform(series), vectors)
        result = again(fitted).set_output(transform="pandas").fit_transform(series)
        assert list(result.index) == ["a", name, "b", "c"]

    def test_of_docs_are_taken(self, fitted: TrendVectorizer, vectors: Any) -> None:
        docs = list(fitted.nlp_.pipe(TEXTS))
        for series in pandas_series(docs), pandas_series(docs).to_frame():
            assert_close(fitted.transform(series), vectors)
        result = again(fitted).set_output(transform="pandas").fit_transform(pandas_series(docs))
        assert list(result.index) == SHUFFLED

    @pytest.mark.parametrize("name", ["Series", "DataFrame", "polars Series", "Arrow array", "Arrow table"])
    def test_may_be_empty(self, fitted: TrendVectorizer, name: str) -> None:
        collect = CONTAINERS[name]
        assert fitted.transform(collect([])).shape == (0, 32)

    def test_keep_their_rows_with_a_memory(
        self, fitted: TrendVectorizer, vectors: Any, tmp_path: Any
    ) -> None:
        setting = again(fitted).set_params(memory=tmp_path).set_output(transform="pandas")
        for order in [2, 0, 3, 1], [1, 3, 0, 2]:
            series = pandas_series(TEXTS).iloc[order]
            result = setting.fit_transform(series)
            assert list(result.index) == list(series.index)
            assert_close(result.to_numpy(), vectors[order])


class TestAmongOthers:
    @pytest.mark.parametrize("column", ["text", ["text"]])
    @pytest.mark.parametrize("output", ["default", "pandas", "polars"])
    def test_rows_stay_with_their_rows(
        self, fitted: TrendVectorizer, vectors: Any, column: Any, output: str
    ) -> None:
        if output != "default":
            pytest.importorskip(output)
        frame = table(length=[len(text) for text in TEXTS])
        columns = ColumnTransformer(
            [("vectors", clone(fitted), column), ("length", "passthrough", ["length"])]
        ).set_output(transform=output)
        for make in columns.fit_transform, columns.transform:
            result = make(frame)
            if output == "pandas":
                assert list(result.index) == SHUFFLED
                assert list(result["length__length"]) == list(frame["length"])
            values = result if output == "default" else result.to_numpy()
            assert_close(values[:, :32], vectors)
            assert values[:, 32].tolist() == frame["length"].tolist()

    @pytest.mark.parametrize("column", ["text", ["text"]])
    def test_rows_of_polars_stay_with_their_rows(
        self, fitted: TrendVectorizer, vectors: Any, column: Any
    ) -> None:
        frame = polars("DataFrame", {"text": TEXTS, "length": [len(text) for text in TEXTS]})
        columns = ColumnTransformer(
            [("vectors", clone(fitted), column), ("length", "passthrough", ["length"])]
        )
        for output in "polars", "pandas":
            pytest.importorskip(output)
            result = columns.set_output(transform=output).fit_transform(frame)
            assert_close(result.to_numpy()[:, :32], vectors)
            assert list(result["length__length"]) == list(frame["length"])

    def test_a_column_of_an_array_is_taken(self, fitted: TrendVectorizer, vectors: Any) -> None:
        array = np.array([[text, len(text)] for text in TEXTS], dtype=object)
        for column in 0, [0]:
            result = ColumnTransformer([("vectors", clone(fitted), column)]).fit_transform(array)
            assert_close(result, vectors)

    def test_rows_stay_in_a_union(self, fitted: TrendVectorizer, vectors: Any) -> None:
        lengths = FunctionTransformer(lambda texts: texts.str.len().to_frame("length"))
        union = make_union(clone(fitted), lengths).set_output(transform="pandas")
        series = pandas_series(TEXTS)
        for make in union.fit_transform, union.transform:
            result = make(series)
            assert list(result.index) == SHUFFLED
            assert_close(result.to_numpy()[:, :32], vectors)
            assert result.iloc[:, 32].tolist() == [len(text) for text in TEXTS]

    def test_rows_stay_in_a_pipeline(self, fitted: TrendVectorizer, vectors: Any) -> None:
        series = pandas_series(TEXTS)
        with config_context(transform_output="pandas"):
            steps = make_pipeline(clone(fitted), StandardScaler(with_std=False))
            for make in steps.fit_transform, steps.transform:
                result = make(series)
                assert list(result.index) == SHUFFLED
                assert_close(result.to_numpy(), vectors - vectors.mean(axis=0))
