"""Array types, and how rows of points are sorted and joined. Everything is float64."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]


def take_along(values: Floats, order: Indices) -> Floats:
    """Reorder axis 1 of `values`, shape (L, S) or (L, S, M), by `order` of shape (L, S)."""
    return values[np.arange(len(order))[:, None], order]


def pick(values: Floats, at: Indices) -> Floats:
    """`values[r, at[r]]` for each row of `values`, shape (R, S)."""
    return values[np.arange(len(values)), at]


def unique(numbers: Indices) -> Indices:
    """The different ones, rising: np.unique, which would import NumPy's masked arrays for it, as slow as ten specs."""
    ordered = np.sort(numbers)
    first = np.ones(ordered.shape, dtype=np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]
