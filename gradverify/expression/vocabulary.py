"""The functions of the language: names, aliases, kinds, and advice for names from elsewhere."""

from __future__ import annotations

# fmt: off - a word list reads best in lines
# One argument, elementwise.
UNARY = frozenset(
    (
        "negative",
        "positive",
        "abs",
        "sign",
        "sqrt",
        "cbrt",
        "square",
        "reciprocal",
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
        "floor",
        "ceil",
        "sigmoid",
        "relu",
        "softplus",
        "erf",
        "erfc",
        "gammaln",
        "digamma",
    )
)
# Two arguments, elementwise.
BINARY = frozenset(("subtract", "divide", "power", "remainder", "arctan2", "hypot", "logaddexp"))
# Two or more arguments, elementwise, folded from the left.
FOLDS = frozenset(("add", "multiply", "minimum", "maximum"))
# Two or more conditions, elementwise, folded from the left.
LOGICAL_FOLDS = frozenset(("logical_and", "logical_or"))
# One array and an optional `axis`, which disappears.
REDUCTIONS = frozenset(("sum", "prod", "mean", "var", "std", "min", "max", "norm", "logsumexp"))
# One array and an optional `axis`, which stays.
ALONG_AXIS = frozenset(("cumsum", "softmax", "log_softmax"))
# Arrays, each with a rule of its own.
STRUCTURAL = frozenset(
    (
        "where",
        "clip",
        "matmul",
        "dot",
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

FUNCTIONS = UNARY | BINARY | FOLDS | LOGICAL_FOLDS | {"logical_not"} | REDUCTIONS | ALONG_AXIS | STRUCTURAL
BUILTIN_NAMES = ("pi", "e")

# Other spellings that mean exactly the same.
ALIASES = {
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "absolute": "abs",
    "fabs": "abs",
    "pow": "power",
    "mod": "remainder",
    "amin": "min",
    "amax": "max",
    "lgamma": "gammaln",
    "expit": "sigmoid",
    "psi": "digamma",
}

# Names that people try, and what to write instead.
ADVICE = {
    "ln": "the natural logarithm is `log(x)`",
    "lg": "the decimal logarithm is `log10(x)`",
    "sqr": "write `square(x)` or `x**2`",
    "sgn": "write `sign(x)`",
    "sec": "write `1/cos(x)`",
    "csc": "write `1/sin(x)`",
    "cosec": "write `1/sin(x)`",
    "cot": "write `1/tan(x)`",
    "sech": "write `1/cosh(x)`",
    "gamma": "write `exp(gammaln(x))`, for x > 0",
    "factorial": "write `exp(gammaln(n + 1))`",
    "inv": "matrix inverses need a Python function",
    "det": "determinants need a Python function",
    "solve": "linear systems need a Python function",
    "float": "numbers need no conversion",
    "int": "write `floor(x)`",
    "array": "a list `[a, b]` is an array already",
    "stack": "a list `[a, b]` stacks its items",
    "average": "write `mean(x)`",
    "if": "write `where(condition, a, b)`",
    "piecewise": "write `where(condition, a, b)`",
    "len": "lengths are constants: write the number",
    "einsum": "write `@`, `dot`, `outer` or `sum`",
    "inf": "infinity is not a number of the language",
    "nan": "NaN is not a number of the language",
    "for": "operators and functions work on whole arrays: `v**2`, `sum(v)`",
    "lambda": "functions cannot be defined in an expression; a variable may be called `lambda`",
    "True": "write a condition such as `1 > 0`",
    "False": "write a condition such as `1 < 0`",
}
