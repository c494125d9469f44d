"""What is a backend asked, and what becomes of whatever it does?"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

from gradverify.core.arrays import Matrix
from gradverify.core.estimates import DoesNotApply, TooManyComponentsError
from gradverify.core.problem import (
    CallableFunction,
    Derivative,
    Domain,
    ExpressionFunction,
    Function,
    Precision,
    Problem,
    Request,
    Tolerance,
    one_line,
)
from gradverify.core.usable import check_estimates, check_screened
from gradverify.core.verify import Answer
from gradverify.functions.approximations import approximation
from gradverify.functions.build import Loaded
from gradverify.run.phases import backend_phase
from gradverify.run.settings import VerifySettings
from gradverify.spec.model import Spec

if TYPE_CHECKING:
    from gradverify.plugins import Plugins

# In single precision a gradient computed well still carries a relative error of about the square root of its epsilon
# once a few hundred terms are added up; the default tolerance follows the format where the spec names none.
SINGLE_PRECISION_TOLERANCE = math.sqrt(float(np.finfo(np.float32).eps))


def problem_for(
    spec: Spec, loaded: Loaded, domain: Domain, derivative: Derivative, claim: Function | None = None, seed: int = 0
) -> Problem:
    """What a backend is asked about one derivative of the spec's function; without a claim, what it is."""
    gradient = loaded.claims.get(Derivative.GRADIENT)
    problem = Problem(
        name=spec.name, derivative=derivative, variables=spec.variables, function=loaded.function, claim=claim,
        gradient_claim=gradient if derivative is Derivative.HESSIAN else None, domain=domain,
        tolerance=_tolerance(spec), precision=Precision(spec.precision), budget=spec.budget_evaluations, seed=seed,
        approximation=cache(partial(approximation, loaded.function, claim)),  # sources are read once
    )  # fmt: skip
    return dataclasses.replace(problem, spelled=_spelled(problem)) if isinstance(claim, CallableFunction) else problem


def _spelled(problem: Problem) -> Callable[[Matrix], ExpressionFunction | None]:
    """`Problem.spelled`, which most runs do not ask: what reads sources is not loaded for them."""

    @cache
    def reader() -> Callable[[Matrix], ExpressionFunction | None]:
        from gradverify.run.formulas import spelled

        return spelled(problem)

    def at(points: Matrix) -> ExpressionFunction | None:
        return reader()(points)

    return at


def _tolerance(spec: Spec) -> Tolerance:
    relative = spec.relative_tolerance
    if spec.precision == Precision.FLOAT32.value and "tolerance" not in spec.places:
        relative = SINGLE_PRECISION_TOLERANCE
    return Tolerance(relative, spec.absolute_tolerance)


def asker(
    spec: Spec,
    plugins: Plugins,
    settings: VerifySettings,
    progress: Callable[[str], None] = lambda _phase: None,
) -> Callable[[str, Problem, Request], Answer]:
    """A function that asks one backend and turns whatever happens into an `Answer`."""

    def ask(name: str, problem: Problem, request: Request) -> Answer:
        if name in settings.skip_backends:
            return Answer(name, broken=settings.skip_backends[name])
        registered = plugins.backends.get(name)
        if registered is None:
            return Answer(
                name, broken=f"no backend is named `{name}` (it may be blocked, or its plugin failed to load)"
            )
        options = (spec.backends or {}).get(name)
        if options:
            problem = dataclasses.replace(problem, options=options)
        progress(backend_phase(name, getattr(problem.function, "first_call", 0.0)))
        begun = time.perf_counter()
        try:
            reason = registered.value.why_not(problem)
            if reason is not None:
                return Answer(name, not_applicable=reason)
            screen = getattr(registered.value, "screen", None) if request.screening else None
            if screen is not None:
                screened = screen(problem, request)
                fault = check_screened(problem, request, screened)
                if fault is not None:
                    return Answer(name, broken=f"{registered.origin} returned rubbish: {fault}")
                return Answer(name, screened=screened, seconds=time.perf_counter() - begun)
            estimates = registered.value.estimate(problem, request)
        except DoesNotApply as refusal:
            return Answer(
                name, not_applicable=str(refusal), seconds=time.perf_counter() - begun,
                too_many=isinstance(refusal, TooManyComponentsError),
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - a plugin's fault, whatever it is, costs its own results only
            return Answer(
                name, broken=f"{registered.origin} raised {one_line(error)}", seconds=time.perf_counter() - begun
            )
        seconds = time.perf_counter() - begun
        fault = check_estimates(problem, request, estimates)
        if fault is not None:
            return Answer(name, broken=f"{registered.origin} returned rubbish: {fault}", seconds=seconds)
        return Answer(name, estimates, seconds=seconds)

    return ask
