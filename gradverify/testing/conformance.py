"""The conformance suite as pytest sees it: one item for each case, in each of its forms."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

import pytest

from gradverify.core.estimates import Backend
from gradverify.testing.cases import CASES
from gradverify.testing.laws import USEFUL, Outcome, Trial, outcome_of, trials

USEFUL_ITEM = "is-of-use"  # the last item: the backend has answered something, somewhere


@cache
def all_trials() -> dict[str, Trial]:
    """Every trial by its name, which is also its item's id."""
    return {trial.name: trial for case in CASES for trial in trials(case)}


TRIAL_NAMES = tuple(
    f"{case.name}-{form}"
    for case in CASES
    for form in (("python", "expression") if case.expression is not None else ("python",))
)


def faults_of(backend: Backend) -> tuple[str, ...]:
    """Every law that `backend` breaks, each with the name of the trial."""
    outcomes = {name: outcome_of(backend, trial) for name, trial in all_trials().items()}
    faults = [f"{name}: {fault}" for name, outcome in outcomes.items() for fault in outcome.faults]
    return (*faults, *([] if _any_use(outcomes.values()) else [_useless(backend)]))


def _any_use(outcomes: Iterable[Outcome]) -> bool:
    return any(outcome.useful for outcome in outcomes)


def _useless(backend: Backend) -> str:
    return f"backend `{backend.name}` bounds no component of any trial to within {USEFUL:g} of its value"


def check_trial(backend: Backend, name: str) -> None:
    """Fail or skip the running pytest item according to what trial `name` comes to."""
    if name == USEFUL_ITEM:
        if not _any_use(outcome_of(backend, trial) for trial in all_trials().values()):
            pytest.fail(_useless(backend), pytrace=False)
        return
    outcome = outcome_of(backend, all_trials()[name])
    if outcome.faults:
        listed = "\n".join(f"  - {fault}" for fault in outcome.faults)
        pytest.fail(f"backend `{backend.name}` breaks the conformance of {name}:\n{listed}", pytrace=False)
    if outcome.declined is not None:
        pytest.skip(f"does not apply: {outcome.declined}")


def backend_conformance(backend: Backend) -> Callable[[str], None]:
    """A test function for a backend's own test file.

    Example:
        from gradverify.testing import backend_conformance
        test_my_backend = backend_conformance(MyBackend())
    """

    @pytest.mark.parametrize("trial", [*TRIAL_NAMES, USEFUL_ITEM])
    def test_conformance(trial: str) -> None:
        check_trial(backend, trial)

    return test_conformance


class BackendConformance:
    """The same as a class.

    Example:
        class TestMyBackend(BackendConformance):
            backend = MyBackend()
    """

    backend: Backend

    @pytest.mark.parametrize("trial", [*TRIAL_NAMES, USEFUL_ITEM])
    def test_conformance(self, trial: str) -> None:
        """One trial."""
        check_trial(self.backend, trial)
