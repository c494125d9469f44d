"""SciPy's minimisers as descent methods, `scipy:L-BFGS-B` and so on; SciPy is imported when one is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradverify.core.arrays import Vector
from gradverify.core.descent.run import BadOption, DescentTask, RateUse, Stepper
from gradverify.core.estimates import DoesNotApply

# Which minimisers there are, and whether each keeps to bounds.
BOUNDS: Mapping[str, bool] = {
    "L-BFGS-B": True,
    "BFGS": False,
    "CG": False,
    "TNC": True,
    "SLSQP": True,
}
REFUSED = ("maxiter", "gtol", "ftol", "disp", "callback")  # the spec says these in its own words
SMALLEST = 1e-14  # relative change of f at which a minimiser that knows no gradient's norm may end


@dataclass(frozen=True, slots=True)
class ScipyMethod:
    """One of the methods of `scipy.optimize.minimize`. Its options are passed on."""

    scipy_name: str
    learning_rate: RateUse = RateUse.NONE

    @property
    def name(self) -> str:
        """`scipy:L-BFGS-B`."""
        return f"scipy:{self.scipy_name}"

    def start(self, task: DescentTask) -> Stepper:
        """Runs the minimiser when the first step is asked for, and gives its iterates one by one."""
        try:
            import scipy.optimize
        except ImportError:
            raise DoesNotApply(
                f"`{self.name}` needs SciPy, which is not installed: pip install gradverify[scipy]"
            ) from None
        for name in task.options:
            if name in REFUSED:
                raise BadOption(f"`{name}` is not an option here: `max_iterations` and `gradient_tolerance` say it")
        iterates: list[Vector] = []
        done = False

        def keep(x: Vector) -> None:
            iterates.append(np.array(x, dtype=np.float64))

        def run() -> None:
            bounded = BOUNDS[self.scipy_name] and bool(np.isfinite([task.low, task.high]).any())
            scipy.optimize.minimize(
                task.value, task.start.copy(), jac=task.gradient, method=self.scipy_name, callback=keep,
                bounds=list(zip(task.low, task.high, strict=True)) if bounded else None,
                options={**self._options(task), **task.options},
            )  # fmt: skip

        def step(x: Vector, g: Vector) -> Vector | None:  # noqa: ARG001 - its own line search goes its own way
            nonlocal done
            if not done:
                done = True
                run()
                iterates.reverse()
            return iterates.pop() if iterates else None

        return step

    def _options(self, task: DescentTask) -> dict[str, Any]:
        # SciPy's norm is the largest component; the Euclidean norm of the spec is at most √n times that.
        norm = task.gradient_tolerance / np.sqrt(max(1, task.start.size))
        options: dict[str, Any] = {"maxfun" if self.scipy_name == "TNC" else "maxiter": task.max_iterations}
        if self.scipy_name == "L-BFGS-B":
            options |= {"gtol": norm, "ftol": 0.0}
        elif self.scipy_name == "TNC":
            options |= {"gtol": norm, "ftol": 0.0, "xtol": 0.0}
        elif self.scipy_name == "SLSQP":
            options |= {"ftol": SMALLEST}
        else:
            options |= {"gtol": norm}
        return options


METHODS = tuple(ScipyMethod(name) for name in BOUNDS)
