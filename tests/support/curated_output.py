"""What a curated transformer leaves on a doc, and that it is what it leaves without a trend vector."""

import numpy as np
import srsly
from spacy_curated_transformers.models.output import DocTransformerOutput

from tests.support.curated import near


def assert_stock_output(data: DocTransformerOutput, stock: DocTransformerOutput, text: str = "") -> None:
    """What the transformer left is what it leaves without us, and no more."""
    assert type(data) is type(stock) is DocTransformerOutput
    assert data.last_layer_only == stock.last_layer_only
    assert data.num_outputs == stock.num_outputs
    for layer, stock_layer in zip(data.all_outputs, stock.all_outputs, strict=True):
        assert layer.dataXd.dtype == np.float32
        assert layer.dataXd.flags["C_CONTIGUOUS"]
        np.testing.assert_array_equal(layer.lengths, stock_layer.lengths)
        near(layer.dataXd, stock_layer.dataXd, text)
    assert not any(value for name, value in vars(data).items() if name not in vars(stock))
    assert len(srsly.msgpack_dumps(data)) == len(srsly.msgpack_dumps(stock))
