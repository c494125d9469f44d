"""Factors that people forget or add, and what they are called."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from gradverify.core.problem import Problem
from gradverify.expression.guards import literals
from gradverify.expression.nodes import Call
from gradverify.expression.walk import walk

NAMED = {
    2.0: "2", 0.5: "1/2", 3.0: "3", 1 / 3: "1/3", 4.0: "4", 0.25: "1/4", 6.0: "6", 1 / 6: "1/6",
    1.5: "3/2", 2 / 3: "2/3", 0.75: "3/4", 4 / 3: "4/3", 10.0: "10", 0.1: "1/10", 100.0: "100", 0.01: "1/100",
    1000.0: "1000", 0.001: "1/1000",
    math.pi: "π", 2 * math.pi: "2π", 1 / math.pi: "1/π", 1 / (2 * math.pi): "1/(2π)",
    math.pi / 180: "π/180 (degrees and radians)", 180 / math.pi: "180/π (degrees and radians)",
    math.log(10): "ln 10 (natural and decimal logarithm)", 1 / math.log(10): "1/ln 10 (natural and decimal logarithm)",
    math.log(2): "ln 2 (natural and binary logarithm)", 1 / math.log(2): "1/ln 2 (natural and binary logarithm)",
    math.log(10) ** 2: "(ln 10)² (natural and decimal logarithm the wrong way round)",
    math.log(10) ** -2: "1/(ln 10)² (natural and decimal logarithm the wrong way round)",
    math.log(2) ** 2: "(ln 2)² (natural and binary logarithm the wrong way round)",
    math.log(2) ** -2: "1/(ln 2)² (natural and binary logarithm the wrong way round)",
    (math.pi / 180) ** 2: "(π/180)² (degrees and radians the wrong way round)",
    (180 / math.pi) ** 2: "(180/π)² (degrees and radians the wrong way round)",
    math.e: "e", 1 / math.e: "1/e", math.sqrt(2): "√2", 1 / math.sqrt(2): "1/√2",
    math.sqrt(math.pi): "√π", 2 / math.sqrt(math.pi): "2/√π", math.sqrt(math.pi) / 2: "√π/2",
    math.sqrt(2 * math.pi): "√(2π)", 1 / math.sqrt(2 * math.pi): "1/√(2π)",
}  # fmt: skip

CLOSE = 1e-6  # how near a measured ratio has to be to a named one
FEWEST_TO_AVERAGE = 3  # an average of two is indistinguishable from a forgotten 1/2


NONE: Mapping[str, float] = {}


def scalar_constants(problem: Problem) -> dict[str, float]:
    """The spec's constants that are single numbers and would change what they multiply."""
    constants: Mapping[str, object] = getattr(problem.function, "constants", {})
    found = {name: float(np.real(value)) for name, value in constants.items() if np.size(value) == 1}  # type: ignore[arg-type, call-overload]
    return {name: value for name, value in found.items() if np.isfinite(value) and abs(value) not in (0.0, 1.0)}


def sizes(problem: Problem) -> dict[int, str]:
    """Numbers of things in the problem that a sum or mean may run over: axes of constants and variables, outputs."""
    found: dict[int, str] = {}
    constants: Mapping[str, object] = getattr(problem.function, "constants", {})
    for name, array in constants.items():
        for axis, length in enumerate(getattr(array, "shape", ())):
            found.setdefault(int(length), f"the length of axis {axis} of `{name}`")
        size = getattr(array, "size", 1)
        found.setdefault(int(size), f"the number of entries of `{name}`")
    for variable in problem.variables:
        found.setdefault(variable.size, f"the number of components of `{variable.name}`")
    for length in problem.function.output_shape:
        found.setdefault(int(length), "the number of outputs")
    if all(variable.shape == () for variable in problem.variables):
        found.setdefault(problem.variables.size, "the number of variables")
    for count, what in _averaged(problem).items():
        found[count] = f"{what}, {found[count]}" if count in found else what
    own = _numbers_of(problem)
    return {
        length: what
        for length, what in found.items()
        if length >= FEWEST_TO_AVERAGE and (length not in own or what.startswith(AVERAGED))
    }


AVERAGED = "the number of entries that"  # how what a mean runs over is called
_MEANS = frozenset(("mean", "var", "std"))


def _averaged(problem: Problem) -> dict[int, str]:
    """Numbers of entries that the means in f run over."""
    found: dict[int, str] = {}
    for tree in getattr(problem.function, "trees", ()):
        for node in walk(tree):
            if isinstance(node, Call) and node.function in _MEANS:
                shape = node.arguments[0].shape
                count = math.prod(shape) if node.axis is None else shape[node.axis]
                found.setdefault(count, f"{AVERAGED} `{node.function}` averages")
    return found


def _numbers_of(problem: Problem) -> set[float]:
    """Numbers in f: a factor of 3 beside a cube is its exponent, and no sum over three things."""
    return {abs(value) for tree in getattr(problem.function, "trees", ()) for value in literals(tree)}


def name_of_factor(value: float, counts: Mapping[int, str], scalars: Mapping[str, float] = NONE) -> tuple[str, bool]:
    """What the factor is called, and whether it is a number of things (so that mean and sum were confused)."""
    magnitude = abs(value)
    sign = "−" if value < 0 else ""
    for count, what in counts.items():
        # Small powers of two and other everyday factors are more often forgotten than averages over as few things.
        if count >= FEWEST_TO_AVERAGE + 2 or what.startswith(("the length of axis 0 ", AVERAGED)):
            if _close(magnitude, count):
                return f"{sign}{count} ({what})", value > 0
            if _close(magnitude, 1 / count):
                return f"{sign}1/{count} ({what})", value > 0
    averaged = {count: what for count, what in counts.items() if what.startswith(AVERAGED)}
    for count, what in averaged.items():
        for ratio, text in ((count / (count - 1), "n/(n−1)"), ((count - 1) / count, "(n−1)/n")):
            if _close(magnitude, ratio):
                return f"{sign}{text} with n = {count} ({what})", False
    for named, text in NAMED.items():
        if _close(magnitude, named):
            return sign + text, False
    for count, what in counts.items():
        for ratio, text in ((count / (count - 1), "n/(n−1)"), ((count - 1) / count, "(n−1)/n")):
            if _close(magnitude, ratio):
                return f"{sign}{text} with n = {count} ({what})", False
    if _close(magnitude, round(magnitude)) and 1 < round(magnitude) <= 1000:
        return f"{sign}{round(magnitude)}", False
    if _close(1 / magnitude, round(1 / magnitude)) and 1 < round(1 / magnitude) <= 1000:
        return f"{sign}1/{round(1 / magnitude)}", False
    for name, constant in scalars.items():
        for power, text in (
            (1, name),
            (-1, f"1/{name}"),
            (2, f"{name}²"),
            (-2, f"1/{name}²"),
            (0.5, f"√{name}"),
            (-0.5, f"1/√{name}"),
        ):
            if _close(magnitude, abs(constant) ** power):
                opposite = "-" if (value < 0) != (constant < 0 and power in (1, -1)) else ""
                return f"{opposite}{text} (the constant {name} = {constant:g})", False
    return plain(value), False


NEAR_ONE = 1e-4  # of 1: such factors are told by what they are off by


def plain(value: float) -> str:
    """A factor as people would write it: 1.5, and 1 + 3e-06 where six digits would say 1."""
    off = value - 1.0
    return f"1 {'+' if off > 0 else '−'} {abs(off):.2g}" if 0 < abs(off) < NEAR_ONE else f"{value:.6g}"


def weighted(weight: float, what: str) -> str:
    """`what` with a weight before it, where that is not 1."""
    text = f"{weight:.6g}"
    return what if text == "1" else f"{text}·{what}"


def is_named(value: float, counts: Mapping[int, str], scalars: Mapping[str, float] = NONE) -> bool:
    """Whether the factor has a name, so that a fit at a single point is no coincidence."""
    text, counted = name_of_factor(value, counts, scalars)
    return counted or text != plain(value) or _close(abs(value), round(abs(value)))


def _close(a: float, b: float) -> bool:
    return abs(a - b) <= CLOSE * abs(b)


def common(values: Sequence[float]) -> float | None:
    """The value that all of `values` share, or None."""
    first = values[0] if values else math.nan
    return first if values and all(_close(v, first) or v == first for v in values) else None
