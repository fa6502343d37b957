"""Which labels are taken for which."""

from spacy_trend.reports.confusion import count_confusions


def test_rows_are_labels_and_columns_predictions() -> None:
    found = count_confusions(["a", "a", "b"], ["a", "b", "b"])
    assert found.labels == ["a", "b"]
    assert found.matrix.tolist() == [[1, 1], [0, 1]]
    assert (found.true.tolist(), found.predicted.tolist()) == ([0, 0, 1], [0, 1, 1])


def test_labels_are_those_that_occur_numbers_first_and_in_order() -> None:
    assert count_confusions([10, "b", 9], ["a", 2, 9]).labels == [2, 9, 10, "a", "b"]


def test_mistakes_are_the_most_frequent_first() -> None:
    found = count_confusions([*"aaabbc"], [*"abbaac"])
    assert found.mistakes() == [("a", "b", 2), ("b", "a", 2)]
    assert count_confusions([*"aabbb"], [*"abaab"]).mistakes() == [("b", "a", 2), ("a", "b", 1)]


def test_nothing_is_confused_if_all_is_right() -> None:
    assert count_confusions([*"ab"], [*"ab"]).mistakes() == []
