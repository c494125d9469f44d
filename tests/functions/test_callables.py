"""Python callables as functions and claims: what gets in, what comes out, what is noticed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradverify.core.problem import Derivative
from gradverify.core.variables import Variables
from gradverify.core.verdicts import Fault
from gradverify.functions.callables import claim_from_callable, function_from_callable, output_shape_of

XY = Variables.of([("x", ()), ("y", ())])
WB = Variables.of([("W", (2, 2)), ("b", ())])
POINTS = np.array([[1.0, 2.0], [3.0, 4.0]])


def test_scalars_come_one_by_one_and_constants_by_keyword() -> None:
    seen: list[Any] = []

    def f(x: float, y: float, a: float) -> float:
        seen.append((x, y, a))
        return x + a * y

    values = function_from_callable(f, XY, {"a": np.array(10.0)}, ()).evaluate(POINTS).values
    assert values.tolist() == [21.0, 43.0]
    assert seen[0] == (1.0, 2.0, 10.0)


def test_arrays_come_in_their_own_shape() -> None:
    shapes: list[Any] = []

    def f(W: np.ndarray, b: float) -> float:  # noqa: N803
        shapes.append((W.shape, np.shape(b)))
        return float(W.sum() + b)

    assert function_from_callable(f, WB, {}, ()).evaluate(np.arange(5.0)[None]).values[0] == 10.0
    assert shapes == [((2, 2), ())]


def test_a_call_cannot_change_what_the_next_one_sees() -> None:
    p = Variables.of([("p", (2,))])

    def f(p: np.ndarray, c: np.ndarray) -> float:
        value = float(p.sum() + c.sum())
        p[:] = 0
        c[:] = 0
        return value

    function = function_from_callable(f, p, {"c": np.ones(2)}, ())
    evaluation = function.evaluate(np.ones((2, 2)))
    assert evaluation.values.tolist() == [4.0, 4.0]
    assert {o.kind for o in evaluation.observations} == {Fault.MUTATES_INPUT}


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), ZeroDivisionError()])
def test_a_call_that_raises_costs_its_own_point_only(error: BaseException) -> None:
    def f(x: float, y: float) -> float:
        if x > 2:
            raise error
        return x

    evaluation = function_from_callable(f, XY, {}, ()).evaluate(POINTS)
    assert evaluation.values[0] == 1.0
    assert np.isnan(evaluation.values[1])
    assert [f.row for f in evaluation.failures] == [1]
    assert type(error).__name__ in evaluation.failures[0].message


def test_a_function_of_the_wrong_shape_fails_with_both() -> None:
    failure = function_from_callable(lambda x, y: np.ones(3), XY, {}, ()).evaluate(POINTS).failures[0]
    assert "(3,)" in failure.message
    assert "()" in failure.message


def test_a_complex_value_at_a_real_point_is_refused() -> None:
    assert function_from_callable(lambda x, y: 1j * x, XY, {}, ()).evaluate(POINTS).failures


def test_the_value_is_taken_of_a_pair() -> None:
    f = function_from_callable(lambda x, y: (x * y, [y, x]), XY, {}, (), value_of_pair=True)
    g = claim_from_callable(lambda x, y: (x * y, [y, x]), XY, {}, Derivative.GRADIENT, (), gradient_of_pair=True)
    assert f.evaluate(POINTS).values.tolist() == [2.0, 12.0]
    assert g.evaluate(POINTS).values.tolist() == [[2.0, 1.0], [4.0, 3.0]]


def test_a_claim_of_the_wrong_shape_is_named_so() -> None:
    claim = claim_from_callable(lambda x, y: np.ones(3), XY, {}, Derivative.GRADIENT, ())
    assert claim.evaluate(POINTS).failures[0].fault is Fault.WRONG_SHAPE


def test_a_claim_in_single_precision_is_noticed() -> None:
    claim = claim_from_callable(lambda x, y: np.array([x, y], dtype=np.float32), XY, {}, Derivative.GRADIENT, ())
    assert {o.kind for o in claim.evaluate(POINTS).observations} == {Fault.SINGLE_PRECISION}


@pytest.mark.parametrize(("value", "shape"), [(1.0, ()), ([1.0], ()), ([1.0, 2.0], (2,)), (np.ones((1, 1)), ())])
def test_the_output_shape_is_found_by_calling(value: object, shape: tuple[int, ...]) -> None:
    assert output_shape_of(lambda x, y: value, XY, {}, POINTS) == shape


def test_no_warning_of_numpy_gets_out() -> None:
    f = function_from_callable(lambda x, y: np.log(-x) / (y - y), XY, {}, ())
    assert np.isnan(f.evaluate(POINTS).values).all()


def test_what_returns_no_pair_where_one_belongs_is_told_so() -> None:
    f = function_from_callable(lambda x, y: x * y, XY, {}, (), value_of_pair=True)
    g = claim_from_callable(lambda x, y: x * y, XY, {}, Derivative.GRADIENT, (), gradient_of_pair=True)
    for failure in (f.evaluate(POINTS).failures[0], g.evaluate(POINTS).failures[0]):
        assert "a pair of value and derivative was expected" in failure.message


def test_half_precision_is_noted_as_half() -> None:
    claim = claim_from_callable(lambda x, y: np.array([x, y], dtype=np.float16), XY, {}, Derivative.GRADIENT, ())
    assert "half precision" in claim.evaluate(POINTS).observations[0].message
