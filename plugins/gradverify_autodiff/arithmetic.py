"""Expressions in autograd's arithmetic, with branches decided by equality noted."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd.tracer import getval

from gradverify.plugin import Arithmetic
from gradverify_autodiff import rules
from gradverify_autodiff.tape import equal_arguments, tie, whole_argument, zero_argument

_SAME_NAMES = (
    "add subtract multiply divide power remainder negative abs sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin "
    "cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh arctan2 hypot logaddexp minimum maximum "
    "logical_and logical_or logical_not where cumsum reshape transpose stack concatenate matmul sum max min"
)
_SPECIAL = "sigmoid softplus logsumexp erf erfc gammaln digamma prod"
TIES_WITHOUT_SLOPE: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(["less", "less_equal", "greater", "greater_equal", "equal", "not_equal"], equal_arguments),
    **dict.fromkeys(("floor", "ceil"), whole_argument),
    "sign": zero_argument,
}


def _watched(name: str) -> Callable[..., Any]:
    """A function without a derivative that notes the rows in which its result jumps."""
    raw, is_tie = getattr(np, name), TIES_WITHOUT_SLOPE[name]

    def watched(*arguments: Any) -> Any:
        values = [getval(argument) for argument in arguments]
        tie(is_tie(None, *values))
        return raw(*values)

    return watched


def _broadcast_to(x: Any, shape: tuple[int, ...]) -> Any:
    return x + anp.zeros(shape)  # autograd's rule for broadcast_to cannot add axes


AUTOGRAD = Arithmetic(
    functions={
        **{name: getattr(anp, name) for name in _SAME_NAMES.split()},
        **{name: getattr(rules, name) for name in _SPECIAL.split()},
        **{name: _watched(name) for name in TIES_WITHOUT_SLOPE},
        "broadcast_to": _broadcast_to,
    },
    number=lambda literal: np.array([literal.value]),
    constant=lambda array: np.asarray(array, dtype=np.float64),
    names={"pi": np.array([math.pi]), "e": np.array([math.e])},
    context=partial(np.errstate, all="ignore"),
)
