"""Mistakes that wrong components have in common, seen in their numbers alone: no formula is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from gradverify.core.arrays import Array, Matrix
from gradverify.core.diagnosis.common_causes import common_causes, factors_together, signs_together
from gradverify.core.diagnosis.evidence import Evidence
from gradverify.core.diagnosis.hypotheses import Guess, column, offset_guesses, rougher_guesses
from gradverify.core.diagnosis.rearranged import rearranged
from gradverify.core.variables import Shape
from gradverify.core.verdicts import Fault
from tests.core.fakes import problem_of

ROWS = 6


def evidence(claim: Callable[[Matrix, Matrix], Matrix], shapes: Mapping[str, Shape], f: str = "sum(w**2)") -> Evidence:
    """Right values without any pattern at random points, and a claim made from right values and points."""
    problem = problem_of(f, {name: f"0*{name}" for name in shapes}, shapes)
    rng = np.random.default_rng(3)
    points = rng.uniform(0.5, 2.0, size=(ROWS, problem.variables.size))
    right = rng.normal(size=points.shape)
    claimed = claim(right.copy(), points)
    usable = np.ones(right.shape, dtype=np.bool_)
    return Evidence(
        problem, points, claimed, right, np.full(right.shape, 1e-12), usable, np.abs(claimed - right) > 1e-9
    )


def wrong(found: Evidence) -> Array:
    return np.flatnonzero(found.differs.any(axis=0))


W: Mapping[str, Shape] = {"w": (4,)}


@pytest.mark.parametrize(
    ("claim", "fault", "words"),
    [
        (lambda r, x: r * (x**2).sum(axis=1, keepdims=True) * 2, Fault.MISSING_CHAIN_FACTOR, "2·f, a power of f's own"),
        (lambda r, x: r * np.cos(x[:, :1]), Fault.MISSING_CHAIN_FACTOR, "parallel to the right gradient"),
        (lambda r, x: r + np.sin(x[:, :1]), Fault.MISSING_TERM, "the same amount"),
        (lambda r, x: r + np.sin(x[:, :1]) * x, Fault.MISSING_TERM, "a multiple of themselves"),
        (lambda r, x: 1.00213 * r, Fault.FACTOR, "1.00213"),
    ],
)
def test_what_all_components_share_is_named(
    claim: Callable[[Matrix, Matrix], Matrix], fault: Fault, words: str
) -> None:
    found = evidence(claim, W)
    ((guess, indices),) = common_causes(found, wrong(found).tolist())
    assert (guess.fault, indices) == (fault, [0, 1, 2, 3])
    assert words in guess.message


def test_a_factor_of_one_variables_part_is_told_of_that_variable() -> None:
    def claim(right: Matrix, x: Matrix) -> Matrix:
        right[:, 4:] *= x[:, :1]
        right[:, :4] += 0.01 * np.arange(4) * right[:, :4] ** 2
        return right

    found = evidence(claim, {"w": (4,), "v": (3,)})
    ((guess, indices),) = common_causes(found, wrong(found).tolist())
    assert (guess.fault, indices) == (Fault.MISSING_CHAIN_FACTOR, [4, 5, 6])


def test_two_entries_that_are_always_equal_are_called_parallel_to_nothing() -> None:
    found = evidence(lambda r, x: r * x[:, :1], {"w": (2,)})
    found.reference[:, 1], found.claimed[:, 1] = found.reference[:, 0], found.claimed[:, 0]
    assert not any(guess.key == "parallel" for guess, _ in common_causes(found, wrong(found).tolist()))


def test_components_that_are_wrong_without_a_pattern_have_no_common_cause() -> None:
    found = evidence(lambda r, x: r * (1 + 0.1 * x), W)
    assert list(common_causes(found, wrong(found).tolist())) == []


def test_factors_of_their_own_are_one_mistake() -> None:
    guesses = {i: Guess(Fault.FACTOR, f"factor {i}", "", 0.9, 1.3 * (i + 1)) for i in range(4)}
    joined = factors_together(guesses, range(4))
    assert joined is not None
    assert "1.3, 2.6, 3.9, 5.2" in joined.message
    assert factors_together({i: Guess(Fault.FACTOR, "factor 2", "", 0.9, 2.0) for i in range(4)}, range(4)) is None
    of_a_part = {i: Guess(Fault.FACTOR, f"part times {i}", "", 0.9, 1.3 * (i + 1)) for i in range(4)}
    assert factors_together(of_a_part, range(4)) is None


T: Mapping[str, Shape] = {"w": (3, 4)}


@pytest.mark.parametrize(
    ("turn", "fault", "words"),
    [
        (lambda r: r[:, ::-1], Fault.SWAPPED_COMPONENTS, "axis 1"),
        (lambda r: r[::-1, ::-1], Fault.SWAPPED_COMPONENTS, "axes 0, 1"),
        (lambda r: np.roll(r, (-1, -1), (0, 1)), Fault.OFF_BY_ONE_INDEX, "(+1, +1)"),
        (lambda r: np.roll(r, 1, 1), Fault.OFF_BY_ONE_INDEX, "(+0, -1)"),
    ],
)
def test_an_array_whose_entries_stand_elsewhere_is_named(
    turn: Callable[[Matrix], Matrix], fault: Fault, words: str
) -> None:
    found = evidence(lambda r, _: np.array([turn(row.reshape(3, 4)).ravel() for row in r]), T)
    ((named, indices, message),) = rearranged(found, wrong(found))
    assert named is fault
    assert indices.tolist() == wrong(found).tolist()
    assert words in message


def test_exchanged_axes_of_a_tensor_are_named() -> None:
    def claim(right: Matrix, _: Matrix) -> Matrix:
        return np.array([row.reshape(2, 3, 3).transpose(0, 2, 1).ravel() for row in right])

    found = evidence(claim, {"w": (2, 3, 3)})
    ((fault, _, message),) = rearranged(found, wrong(found))
    assert fault is Fault.TRANSPOSED
    assert "(0, 2, 1)" in message


def test_a_matrix_that_is_packed_into_a_vector_in_the_wrong_order_is_named() -> None:
    def claim(right: Matrix, _: Matrix) -> Matrix:
        right[:, 2:8] = right[:, 2:8].reshape(-1, 2, 3).transpose(0, 2, 1).reshape(-1, 6)
        return right

    found = evidence(claim, {"w": (10,)})
    ((fault, _, message),) = rearranged(found, wrong(found))
    assert fault is Fault.TRANSPOSED
    assert "w[2:8]" in message


def test_wrong_values_that_are_nobodys_are_not_rearranged() -> None:
    found = evidence(lambda r, x: r + x, T)
    assert list(rearranged(found, wrong(found))) == []


@pytest.mark.parametrize(
    ("term", "words"), [(np.sign, "sign(w)"), (lambda x: 1 / x, "1/w"), (lambda x: x**3, "w³"), (lambda x: x, "·w ")]
)
def test_a_term_of_the_variable_alone_is_named(term: Callable[[Array], Array], words: str) -> None:
    def claim(right: Matrix, x: Matrix) -> Matrix:
        x[::2] *= -1
        return right - 0.3 * term(x)

    found = evidence(claim, W)
    guess = next(rougher_guesses(column(found, 1), found.problem.variables.component_name))
    assert guess.fault is Fault.MISSING_TERM
    assert f"0.3·{words}".replace("··", "·").strip() in guess.message


def test_a_constant_is_seen_where_f_has_flat_parts_as_well() -> None:
    def claim(right: Matrix, _: Matrix) -> Matrix:
        right[3:] = 0.0
        return right + 0.25

    found = evidence(claim, W)
    found.reference[3:] = 0.0
    found.claimed[3:] = 0.0
    found.differs[3:] = False
    assert next(offset_guesses(column(found, 0))).fault is Fault.CONSTANT_OFFSET


def test_a_constant_beside_signs_of_its_size_is_one_of_them() -> None:
    sign = Guess(Fault.MISSING_TERM, "term -0.3 sign({})", "", 0.9, -0.3)
    one, other = (Guess(Fault.CONSTANT_OFFSET, "offset", "", 0.9, size) for size in (0.3, 0.4))
    assert signs_together({0: sign, 1: one, 2: other}, [0, 1, 2]) == {1: sign}


def test_a_claim_that_is_right_at_some_points_is_off_by_no_factor_at_all() -> None:
    def doubled_at_some(right: Matrix, points: Matrix) -> Matrix:
        return np.where(points[:, :1] > np.median(points[:, 0]), 2.0 * right, right)

    found = evidence(doubled_at_some, W)
    assert 0 < found.differs.any(axis=1).sum() < ROWS
    assert [guess for guess, _ in common_causes(found, wrong(found).tolist()) if guess.fault is Fault.FACTOR] == []
