"""The conformance suite: it passes what is honest and rejects every kind of lie it knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gradverify.plugins import load_plugins
from gradverify.testing import CASES, BackendConformance, Case, backend_conformance, faults_of, outcome_of, trials
from gradverify.testing.conformance import TRIAL_NAMES, USEFUL_ITEM, check_trial
from tests.plugins import liars

BUNDLED = ("finite-difference", "sympy", "autodiff")


@pytest.mark.parametrize("trial", [*TRIAL_NAMES, USEFUL_ITEM])
@pytest.mark.parametrize("backend", BUNDLED)
def test_a_bundled_backend_conforms(backend: str, trial: str) -> None:
    check_trial(load_plugins().backends[backend].value, trial)


def test_an_honest_backend_conforms() -> None:
    assert faults_of(liars.Truthful()) == ()


@pytest.mark.parametrize(
    ("liar", "said"),
    [
        (liars.WrongValue, "the truth is"),
        (liars.WrongShape, "`value` has shape (3, 1), expected (3,)"),
        (liars.NegativeBound, "the error bound is negative"),
        (liars.CopiesValues, "with a wrong claim"),
        (liars.CopiesClaim, "with a wrong claim"),
        (liars.Mutates, "changed the points"),
        (liars.Random, "asked twice"),
        (liars.SeedsGlobally, "the global random state"),
        (liars.Warns, "estimate warned: RuntimeWarning"),
        (liars.OnePointOnly, "1 estimates for 3 points"),
        (liars.EmptyReason, "must be None or a reason"),
        (liars.ChangesItsMind, "then raised DoesNotApply"),
        (liars.SaysNothing, "bounds no component of any trial"),
    ],
)
def test_a_dishonest_backend_is_rejected_with_the_law_it_breaks(liar: type[liars.Truthful], said: str) -> None:
    assert any(said in fault for fault in faults_of(liar()))


@pytest.mark.parametrize("case", [c for c in CASES if c.expression], ids=lambda c: c.name)
def test_a_cases_two_forms_have_the_same_derivative(case: Case) -> None:
    first, second = trials(case)
    assert first.problem.claim is not None
    assert second.problem.claim is not None
    known = np.isfinite(first.truth)
    values = second.problem.claim.evaluate(case.matrix).values
    np.testing.assert_allclose(values[known], first.truth[known], rtol=1e-12)


def test_a_backend_that_applies_to_nothing_is_skipped_trial_by_trial() -> None:
    trial = next(trials(next(c for c in CASES if c.name == "kink")))
    assert outcome_of(liars.Truthful(), trial).declined == "it knows one function only"


test_the_one_line_of_a_backends_author = backend_conformance(liars.Truthful())


class TestTheClassOfABackendsAuthor(BackendConformance):
    """The same suite as a class."""

    backend = liars.Truthful()


def test_the_one_line_fails_for_a_liar(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    pytester.makepyfile(
        "from gradverify.testing import backend_conformance\n"
        "from tests.plugins.liars import WrongValue\n"
        "test_mine = backend_conformance(WrongValue())\n"
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-k", "smooth")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*breaks the conformance of smooth-python*"])


def test_the_suite_runs_over_an_installed_backend_by_name(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess(
        "--pyargs", "gradverify.testing", "--gradverify-backend", "sympy", "-k", "smooth", "-p", "no:cacheprovider"
    )
    result.assert_outcomes(passed=1, skipped=1, deselected=len(TRIAL_NAMES) - 1)


def test_a_misspelt_backend_is_a_usage_error_with_the_nearest_name(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess(
        "--pyargs", "gradverify.testing", "--gradverify-backend", "sympi", "-p", "no:cacheprovider"
    )
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*did you mean `sympy`?*"])
