"""What the faults of a diagnosis mean, and where to look: what `gradverify explain sign` says."""

from __future__ import annotations

from gradverify.core.verdicts import Fault

# fault → what the claim does, as docs/report.md says it, and where such a mistake sits.
MEANINGS: dict[Fault, tuple[str, str]] = {
    Fault.SIGN: (
        "has the wrong sign",
        "Look for `a - b` where `b - a` belongs, a function that is maximised here and minimised there, or a minus "
        "sign that was lost where an inner expression such as `1 - x` or `exp(-x)` was differentiated.",
    ),
    Fault.FACTOR: (
        "is off by a factor: 2, ½, n, π/180, …",
        "Look for the exponent that comes down from a power, a ½ in front of a square, degrees where radians belong, "
        "or a constant of the function that did not make it into the gradient. The message names the factor.",
    ),
    Fault.SWAPPED_COMPONENTS: (
        "has two components in each other's place",
        "Look at the order in which the parts are returned: it is that of `variables`.",
    ),
    Fault.TRANSPOSED: (
        "has a matrix transposed",
        "For `y = W @ x` it is `outer(dy, x)`, of the shape of W; for `y = x @ W` it is `outer(x, dy)`.",
    ),
    Fault.OFF_BY_ONE_INDEX: (
        "is shifted by one position",
        "Look for a slice such as `[1:]` that should be `[:-1]`, a loop that starts at 1, or a wrong `roll`.",
    ),
    Fault.MISSING_TERM: (
        "lacks the derivative of a term of f",
        "Often it is a penalty, the second half of a product or quotient rule, or a mean or a variance that depends on "
        "the variable too. The message names the term.",
    ),
    Fault.EXTRA_TERM: (
        "has a term too many",
        "Look for a term of another loss, or one that does not depend on the variable.",
    ),
    Fault.MISSING_CHAIN_FACTOR: (
        "lacks an inner or outer derivative",
        "The derivative of `g(h(x))` is `g'(h(x)) * h'(x)`. The message says which of the two is missing.",
    ),
    Fault.MEAN_VS_SUM: (
        "takes a mean for a sum, or the other way round",
        "Divide by the number of samples exactly where the function does; `mean` does it.",
    ),
    Fault.ZEROED_COMPONENT: (
        "is 0 where the derivative is not",
        "Look for a part that is allocated with `zeros` and never filled, or a branch that is never taken.",
    ),
    Fault.CONSTANT_OFFSET: (
        "is off by a constant",
        "Look for the derivative of a linear term: the term `a*x` adds `a`.",
    ),
    Fault.LOG_PARAMETER: (
        "is the derivative by the logarithm of the variable",
        "With `x = exp(t)` the derivative by t is x times that by x: one of the two was taken for the other.",
    ),
    Fault.WRONG_BRANCH: (
        "is right on one side of a threshold only",
        "Look at the conditions: the gradient must branch where the function does, with each branch's own derivative.",
    ),
    Fault.SINGLE_PRECISION: (
        "is computed in single precision",
        "Look for float32 arrays; `precision: float32` tells a spec that this is meant.",
    ),
    Fault.NUMERICAL_DERIVATIVE: (
        "looks like a finite difference",
        "Its error is that of a difference quotient. The message says with which step.",
    ),
    Fault.MUTATES_INPUT: (
        "changes the arrays that it is given",
        "Look for `x -= …`, `x[...] = …` or `sort()` on an argument; work on a copy.",
    ),
    Fault.NONDETERMINISTIC: (
        "differs between two calls at one point",
        "Look for random numbers without a fixed seed, a cache, or state that is kept from call to call.",
    ),
    Fault.NON_FINITE: (
        "is NaN or infinite where f is smooth",
        "Look for 0/0, `log(0)`, or an overflow that a shift, as in `logsumexp`, would avoid.",
    ),
    Fault.WRONG_SHAPE: (
        "has a shape that does not belong to the derivative",
        "A gradient has one number for each component of the variables; the message shows both shapes.",
    ),
    Fault.UNKNOWN: (
        "is wrong in a way that no hypothesis explains",
        "Several mistakes at once often look like that: mend what is plain first, or give each term a spec of its own.",
    ),
}


def explain_fault(fault: Fault) -> str:
    """The text that `gradverify explain FAULT` prints."""
    meaning, advice = MEANINGS[fault]
    return f"a diagnosis: the claim {meaning}\n\n{advice}\n"
