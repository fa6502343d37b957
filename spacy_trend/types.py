"""Arrays over segments: the words of several texts stand one after another in one array.

`lengths`, int64 `(segments,)`, says how many words belong to each text, sentence or phrase: a segment is
whatever gets one vector. A segment may have no words.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


Ints = NDArray[np.int64]
