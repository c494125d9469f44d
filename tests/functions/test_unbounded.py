"""Code called with arrays that pass its safeguards by."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from gradverify.core.variables import Variables
from gradverify.functions.unbounded import Unbounded

VALUES = np.array([-1.0, 0.0, 1e-9, 0.5, 1.0, 2.0])


def by_function(p: Any) -> Any:
    return np.minimum(np.maximum(p, 1e-7), 1 - 1e-7)


def by_method(p: Any) -> Any:
    return np.asarray(p, dtype=float).clip(1e-7, 1 - 1e-7)


def by_masks(p: Any) -> Any:
    p = np.array(p)
    p[p < 1e-7] = 1e-7
    p[p > 1 - 1e-7] = 1 - 1e-7
    return p


def by_choice(p: Any) -> Any:
    return np.where(p < 1e-7, 1e-7, np.where(p > 1 - 1e-7, 1 - 1e-7, p))


def one_by_one(p: Any) -> Any:
    return [min(max(float(v), 1e-7), 1 - 1e-7) for v in p]


@pytest.mark.parametrize("bounded", [by_function, by_method, by_masks, by_choice, one_by_one])
def test_a_safeguard_is_passed_by_in_whatever_form_it_is_written(bounded: Callable[[Any], Any]) -> None:
    assert np.array_equal(Unbounded(bounded)(VALUES), VALUES)


@pytest.mark.parametrize(("low", "high"), [(0.0, 6.0), (-1.0, 1.0), (1e-2, 0.99)])
def test_other_bounds_stay(low: float, high: float) -> None:
    def bounded(p: Any) -> Any:
        return np.clip(p, low, high) + np.maximum(p, low) + np.where(p > high, high, p) + max(p[0], low)

    assert np.array_equal(Unbounded(bounded)(VALUES), bounded(VALUES))


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=4))
def test_code_without_safeguards_computes_the_same(numbers: list[float]) -> None:
    def computed(x: Any) -> Any:
        y = np.zeros(len(x))
        y[:] = x
        y += np.array([v * 2 for v in x]) @ np.ones(len(x))
        total = sum(math.exp(float(v)) for v in y) + np.linalg.norm(y) + expit(y).mean() + np.sort(y)[0] + y.std()
        return total, np.concatenate([y, np.cumsum(x)])

    x = np.array(numbers)
    found, expected = Unbounded(computed)(x), computed(x)
    assert found[0] == expected[0]
    assert np.array_equal(found[1], expected[1])
    assert type(found[1]) is np.ndarray


def test_the_modules_of_the_code_stay_as_they_are() -> None:
    Unbounded(by_method)(VALUES)
    assert by_method.__globals__["np"] is np
    assert by_method(VALUES).max() < 1


def test_code_that_changes_a_constant_changes_none_of_the_specs() -> None:
    def centred(p: Any, data: Any) -> Any:
        data -= data.mean()
        return -np.log(np.maximum(p, 1e-12)).sum() * (data * data).sum()

    variables, constants = Variables.of([("p", (2,))]), {"data": np.array([1.0, 2.0, 6.0])}
    watching = Unbounded(centred)
    watching.learn(np.array([[0.5, 0.2]]), variables, constants)
    assert watching.active(np.array([0.0, 0.2]), variables, constants)
    watching.subjects(np.array([0.0, 0.2]), variables, constants)
    assert constants["data"].tolist() == [1.0, 2.0, 6.0]
