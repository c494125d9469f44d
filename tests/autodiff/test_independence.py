"""What is said of a function does not depend on what was asked before, of it or in this process."""

from typing import Any

import numpy as np
import numpy.typing as npt
from gradverify_autodiff.backend import AutodiffBackend

from gradverify.plugin import Request
from tests.autodiff.support import callable_problem


def one_way_or_the_other(x: Any) -> Any:
    kept = np.zeros(2)
    if x[0] < 0:  # here new arrays must be traced as well
        kept[:] = x * x
        return np.sum(kept)
    kept[1] = 1.0  # and here they must not be
    return x[int(kept[1])] ** 2


def test_a_function_is_traced_at_a_point_as_if_it_had_been_traced_nowhere_before() -> None:
    here, there = np.array([[1.0, 2.0]]), np.array([[-1.0, 2.0]])
    problem = callable_problem(one_way_or_the_other, {"x": (2,)}, here)

    def gradient(points: npt.NDArray[np.float64]) -> list[float]:
        found: list[float] = AutodiffBackend().estimate(problem, Request(points)).points[0].value.tolist()
        return found

    assert [gradient(here), gradient(there), gradient(here)] == [[0.0, 4.0], [-2.0, 4.0], [0.0, 4.0]]
