import pytest

from spacy_trend.lost_docs import check_every_doc


def test_docs_that_were_lost_are_counted() -> None:
    check_every_doc(3, 3)
    with pytest.raises(ValueError, match=r"Mine gave 2 docs for 3 texts\. Expected one for each"):
        check_every_doc(2, 3, "Mine")
