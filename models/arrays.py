"""Names for the array types that the rooms of `models` hand to each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Bools = NDArray[np.bool_]
Rows = NDArray[np.int64]
Labels = NDArray[np.int8]
Days = NDArray[np.datetime64]
