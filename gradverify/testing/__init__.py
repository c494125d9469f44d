"""The conformance suite that a backend's author runs with one line, and helpers to build problems.

    from gradverify.testing import backend_conformance

    test_my_backend = backend_conformance(MyBackend())

Needs pytest.
"""

from gradverify.testing.cases import CASES, Case
from gradverify.testing.conformance import BackendConformance, backend_conformance, faults_of
from gradverify.testing.laws import Outcome, Trial, outcome_of, trials
from gradverify.testing.problems import box, problem_from_callable, problem_from_expression

__all__ = [
    "CASES",
    "BackendConformance",
    "Case",
    "Outcome",
    "Trial",
    "backend_conformance",
    "box",
    "faults_of",
    "outcome_of",
    "problem_from_callable",
    "problem_from_expression",
    "trials",
]
