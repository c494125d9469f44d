"""The `autodiff` backend: reverse passes through expressions and through Python functions in plain NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradverify.plugin import Estimates, Problem, Request, Screened

LARGEST_GRADIENT = 2_000_000  # variables: a few passes with their noisy copies then take some gigabytes and a minute
LARGEST_HESSIAN = 1000  # variables: beyond that the n reverse passes take minutes
LARGEST_JACOBIAN = 20_000  # reverse passes


class AutodiffBackend:
    """Differentiates what the function does, exactly up to round-off."""

    name = "autodiff"

    def why_not(self, problem: Problem) -> str | None:
        """None for expressions and Python functions."""
        from gradverify.plugin import CallableFunction, Derivative, ExpressionFunction

        function = problem.function
        if not isinstance(function, (ExpressionFunction, CallableFunction)):
            return "it needs an expression or a Python function"
        if isinstance(function, CallableFunction) and function.kind != "python":
            return f"functions of kind `{function.kind}` are not plain NumPy"
        n = problem.variables.size
        if n > LARGEST_GRADIENT:
            return f"a trace of a function of {n:,} variables keeps every intermediate value, six times over"
        if problem.derivative is Derivative.HESSIAN and n > LARGEST_HESSIAN:
            return f"a Hessian in {n} variables takes {n} reverse passes"
        if problem.derivative is Derivative.JACOBIAN and function.output_shape[0] > LARGEST_JACOBIAN:
            return f"a Jacobian with {function.output_shape[0]} rows takes as many reverse passes"
        return None

    def estimate(self, problem: Problem, request: Request) -> Estimates:
        """The derivative at every point; raises `DoesNotApply` where the function cannot be traced."""
        from gradverify_autodiff.work import estimate

        return estimate(problem, request)

    def screen(self, problem: Problem, request: Request) -> Screened:
        """A look at many points with one trace each, to see which of them need `estimate`."""
        from gradverify_autodiff.work import screen

        return screen(problem, request)
