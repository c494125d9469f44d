"""The array types used throughout: all are float64 unless a docstring says otherwise."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]  # any dtype, any shape
Vector = npt.NDArray[np.float64]  # shape (n,)
Matrix = npt.NDArray[np.float64]  # shape (k, n): k points, one a row
Tensor = npt.NDArray[np.float64]  # more axes, named in the docstring
Mask = npt.NDArray[np.bool_]
