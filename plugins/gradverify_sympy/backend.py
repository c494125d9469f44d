"""The backend: conversion, proof, values, put together under one limit on time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradverify.plugin import BackendOption

if TYPE_CHECKING:
    from gradverify.plugin import Estimates, Problem, Request

MAX_COMPONENTS = 60  # of the point: beyond, a symbolic derivative takes longer than all other backends together
MAX_ENTRIES = 900  # of the derivative
MAX_NODES = 2_000  # of the trees
MAX_CONSTANTS = 2_000  # numbers in the spec's constants
MAX_ELEMENTS = 5_000  # of any intermediate array


class SympyBackend:
    """Exact derivatives of expressions, proofs that a claim is the derivative, and rigorous values at points."""

    name = "sympy"

    def __init__(self) -> None:
        self._last: tuple[Problem, str | None] | None = None  # why_not is asked again by `estimate`

    def options(self) -> tuple[BackendOption, ...]:
        """What specs may set under `backends: {sympy: ...}`."""
        return (
            BackendOption(
                "seconds",
                {"type": "number", "exclusiveMinimum": 0},
                "Time for everything that this backend does with one spec; proofs take at most two fifths of it.",
            ),
        )

    def why_not(self, problem: Problem) -> str | None:
        """None for expressions of moderate size, else the reason."""
        last = self._last
        if last is None or last[0] is not problem:
            last = self._last = problem, self._too_large(problem)
        return last[1]

    def _too_large(self, problem: Problem) -> str | None:
        from gradverify.plugin import ExpressionFunction, walk

        function = problem.function
        if not isinstance(function, ExpressionFunction):
            return "it needs the function as an expression"
        n = problem.variables.size
        if n > MAX_COMPONENTS:
            return f"it is meant for up to {MAX_COMPONENTS} components, and there are {n}"
        entries = 1
        for length in problem.shape:
            entries *= length
        if entries > MAX_ENTRIES:
            return (
                f"the derivative has {entries} entries, more than the {MAX_ENTRIES} that symbolic algebra is used for"
            )
        nodes = 0
        for tree in function.trees:
            for node in walk(tree):
                nodes += 1
                if node.shape:
                    size = 1
                    for length in node.shape:
                        size *= length
                    if size > MAX_ELEMENTS:
                        return f"an array in it has {size} elements, more than {MAX_ELEMENTS}"
                if nodes > MAX_NODES:
                    return f"the expression has more than {MAX_NODES} parts"
        if sum(constant.size for constant in function.constants.values()) > MAX_CONSTANTS:
            return f"its constants hold more than {MAX_CONSTANTS} numbers"
        return None

    def estimate(self, problem: Problem, request: Request) -> Estimates:
        """Differentiate exactly, prove or refute the claim, and enclose the derivative at the points."""
        reason = self.why_not(problem)
        if reason is not None:
            from gradverify.plugin import DoesNotApply

            raise DoesNotApply(reason)
        from gradverify_sympy.quick import estimate_quickly

        plain = estimate_quickly(problem, request)
        if plain is not None:
            return plain
        from gradverify_sympy.work import estimate  # SymPy, whose import takes longer than most specs

        return estimate(problem, request)
