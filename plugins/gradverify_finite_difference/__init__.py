"""Finite differences in NumPy, as a gradverify plugin. Importing this imports neither NumPy nor the method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradverify.plugin import BackendOption, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradverify.plugin import Backend, Estimates, Ladder, Problem, Request, Screened, Vector

NAME = "finite-difference"


class FiniteDifference:
    """The backend `finite-difference`: for any function that can be called."""

    name = NAME

    def options(self) -> tuple[BackendOption, ...]:
        """What a spec may set under this backend's name."""
        return (
            BackendOption(
                "max_evaluations",
                {"type": "integer", "minimum": 1},
                "Evaluations of the function that this backend may spend on the spec's points.",
            ),
        )

    def why_not(self, problem: Problem) -> str | None:
        """None if `problem` can be differenced; nothing is evaluated yet."""
        if problem.variables.size == 0:
            return "there is no variable to differentiate by"
        return None

    def estimate(self, problem: Problem, request: Request) -> Estimates:
        """Estimate `problem.derivative` at all of `request.points` by differences of f."""
        import numpy as np

        from gradverify_finite_difference.backend import estimate

        with np.errstate(all="ignore"):  # steps that overflow are steps not taken
            return estimate(problem, request)

    def screen(self, problem: Problem, request: Request) -> Screened:
        """Rough values at many points at once, to see which of them need `estimate`."""
        import numpy as np

        from gradverify_finite_difference.screen import screen

        with np.errstate(all="ignore"):
            return screen(problem, request)

    def ladders(self, problem: Problem, point: Vector, components: Sequence[int]) -> Sequence[Ladder]:
        """Plain difference quotients over evenly spread steps, for figures."""
        import numpy as np

        from gradverify_finite_difference.ladders import ladders

        with np.errstate(all="ignore"):
            return ladders(problem, point, components)


@hookimpl  # type: ignore[untyped-decorator]
def gradverify_backends() -> list[Backend]:
    """Offer the backend."""
    return [FiniteDifference()]
