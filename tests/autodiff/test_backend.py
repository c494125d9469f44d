import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from gradverify_autodiff import gradverify_backends
from gradverify_autodiff.backend import LARGEST_HESSIAN, AutodiffBackend

from gradverify.plugin import Backend, Derivative, Request, Variables
from tests.autodiff.support import callable_problem, from_text, refusal


def test_the_plugin_offers_one_backend() -> None:
    (backend,) = gradverify_backends()
    assert isinstance(backend, Backend)
    assert backend.name == "autodiff"


def test_importing_the_plugin_imports_neither_autograd_nor_numpy() -> None:
    program = "import sys, gradverify_autodiff; print('autograd' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_functions_of_other_kinds_do_not_apply() -> None:
    problem = callable_problem(lambda x: x, {"x": ()}, np.ones((1, 1)))
    torch = replace(problem, function=replace(problem.function, kind="torch"))
    assert AutodiffBackend().why_not(problem) is None
    assert "`torch`" in (AutodiffBackend().why_not(torch) or "")


def _raises(x: float) -> float:
    raise ValueError("no data")


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (_raises, "f has no value at any of the points: ValueError: no data"),
        (lambda x: None, "f has no value at any of the points: the function returned None"),
        (lambda x: "abc", "f has no value at any of the points: the function's value holds text"),
        (lambda x: x * np.inf, "f is finite at none of the points"),
    ],
)
def test_a_function_without_a_value_anywhere_does_not_apply_and_the_reason_is_its_own(
    function: Callable[[float], object], words: str
) -> None:
    assert words in refusal(function, {"x": ()}, [[1.0], [2.0]])


def test_a_hessian_in_too_many_variables_does_not_apply() -> None:
    n = LARGEST_HESSIAN + 1
    problem = callable_problem(lambda x: np.sum(x**2), {"x": (n,)}, np.ones((1, n)), "hessian")
    assert "reverse passes" in (AutodiffBackend().why_not(problem) or "")
    small = replace(problem, variables=Variables.of([("x", (3,))]))
    assert AutodiffBackend().why_not(small) is None


def test_the_same_question_gets_the_same_answer() -> None:
    first, second = (from_text("sin(x)*exp(x)", {"x": ()}, [[0.3], [2.0]]) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.value, other.value)
        assert np.array_equal(one.error_bound, other.error_bound)


def test_evaluations_are_counted() -> None:
    problem = callable_problem(lambda x: np.sum(x**2), {"x": (2,)}, np.ones((3, 2)))
    calls = AutodiffBackend().estimate(problem, Request(np.full((3, 2), 0.5))).evaluations
    assert calls >= 3
    assert problem.derivative is Derivative.GRADIENT
