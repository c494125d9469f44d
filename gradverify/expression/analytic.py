"""Whether a tree can be evaluated at complex points so that a complex step gives its derivative."""

from __future__ import annotations

from gradverify.expression.nodes import Call, Compare, Name, Node, Number
from gradverify.expression.walk import children

# Complex-analytic inside their real domains, and implemented for complex128 by `numpy_arithmetic`. Left out although
# analytic: what NumPy has for real numbers only (cbrt, hypot, erf, gammaln …) and norm, which is none at 0.
# fmt: off - a word list reads best in lines
ANALYTIC = frozenset(
    (
        "add",
        "subtract",
        "multiply",
        "divide",
        "power",
        "negative",
        "positive",
        "square",
        "reciprocal",
        "sqrt",
        "exp",
        "exp2",
        "expm1",
        "log",
        "log2",
        "log10",
        "log1p",
        "sin",
        "cos",
        "tan",
        "arcsin",
        "arccos",
        "arctan",
        "sinh",
        "cosh",
        "tanh",
        "arcsinh",
        "arccosh",
        "arctanh",
        "sigmoid",
        "softplus",
        "logaddexp",
        "logsumexp",
        "softmax",
        "log_softmax",
        "sum",
        "prod",
        "mean",
        "var",
        "std",
        "cumsum",
        "matmul",
        "outer",
        "transpose",
        "trace",
        "concatenate",
        "reshape",
        "ones",
        "zeros",
        "eye",
    )
)
# fmt: on


def analytic(node: Node) -> bool:
    """True only if every function in the tree is complex-analytic, and computed so by `NUMPY`.

    Then f(x + ih) = f(x) + ih·f′(x) + O(h²) wherever the real f is finite. Outside its real domain the complex
    continuation goes on where the real f is NaN (the square root of −1), so the real value decides.
    """
    pending = [node]
    while pending:
        part = pending.pop()
        kind = type(part)
        if kind is Name or kind is Number:  # what most nodes are
            continue
        if isinstance(part, Compare) or (isinstance(part, Call) and part.function not in ANALYTIC):
            return False
        pending += children(part)
    return True
