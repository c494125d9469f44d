"""Plain numbers of Python, kept traced: `float`, `.item()`, `.tolist()`."""

from __future__ import annotations

import builtins
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd.tracer import getval, isbox

from gradverify_autodiff.boxes import plain_value


class StandIn(type):
    """Of a class that stands in for `stands_for`: what is traced counts as what it holds."""

    stands_for: type

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(plain_value(instance), cls.stands_for)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls.stands_for)


class float(builtins.float, metaclass=StandIn):  # noqa: N801 - stands in for Python's
    """`float`, which keeps a traced number traced. NumPy takes it for its own float64 where a dtype is wanted."""

    stands_for = builtins.float
    dtype = np.dtype(np.float64)

    def __new__(cls, x: Any = 0.0, /) -> Any:
        """`x` as a number, traced where x is."""
        return number(x) if isbox(x) else builtins.float(x)


def number(x: Any) -> Any:
    """A traced array of one component as a traced number of double precision."""
    if anp.size(getval(x)) != 1:
        raise TypeError("only arrays of size 1 can be made a number")
    return anp.reshape(x, ()) if anp.ndim(x) else x


def item(self: Any, *where: Any) -> Any:
    """`array.item()`."""
    if not where:
        return number(self)
    return anp.ravel(self)[where[0]] if len(where) == 1 and isinstance(where[0], int) else number(self[where])


def tolist(self: Any) -> Any:
    """`array.tolist()`, of traced numbers."""
    return [tolist(part) for part in self] if anp.ndim(self) else self
