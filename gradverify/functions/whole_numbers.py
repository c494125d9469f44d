"""Which constants must reach a callable as integers? The 5 and [0, 2, 1] of a spec may be a count and labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradverify.core.arrays import Array

# What Python and NumPy raise where they want an integer: range(5.0), zeros(3.0), x[[0.0, 2.0]].
REFUSED = (TypeError, IndexError)
# Where integers and floats of double precision are the same numbers.
EXACT = 2.0**53


def as_integers(constant: Array) -> Array | None:
    """The same numbers as integers; None where they are none, or are integers already."""
    if constant.dtype.kind != "f" or not bool(np.all(np.abs(constant) <= EXACT)):  # NaN is no integer
        return None
    whole: Array = constant.astype(np.int64)
    return whole if bool(np.all(whole == constant)) else None


def needed_as_integers(
    works: Callable[[Mapping[str, Array]], Any], constants: Mapping[str, Array]
) -> dict[str, Array] | None:
    """`constants` with those as integers without which a call fails; None where integers do not help.

    works: calls with such constants and raises where that fails. As few as possible: code that fills arrays like its
    data, `zeros_like(X)`, means X to hold floats, whatever numbers it holds.
    """
    whole = {name: integers for name, c in constants.items() if (integers := as_integers(c)) is not None}
    if not whole or not _does(works, {**constants, **whole}):
        return None
    for name in list(whole):
        fewer = {other: integers for other, integers in whole.items() if other != name}
        if fewer and _does(works, {**constants, **fewer}):
            whole = fewer
    return {**constants, **whole}


def _does(works: Callable[[Mapping[str, Array]], Any], constants: Mapping[str, Array]) -> bool:
    try:
        works(constants)
    except (Exception, SystemExit, GeneratorExit):  # noqa: BLE001 - whatever a user's code raises, this is no way out
        return False
    return True
