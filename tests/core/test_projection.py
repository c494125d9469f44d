"""Random directions: what they see of a gradient with very many components, what they say that they do not see, and
how the components to blame are found."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from gradverify_finite_difference import FiniteDifference
from hypothesis import given, settings
from hypothesis import strategies as st

from gradverify.core.answers import Answer
from gradverify.core.arrays import Array, Vector
from gradverify.core.judge import Code
from gradverify.core.problem import Domain, Precision, Problem, Request, Tolerance
from gradverify.core.projection import words
from gradverify.core.projection.compare import EVALUATIONS, PILOT, Comparison, Rules, compare, grouped
from gradverify.core.projection.directions import Direction, sign, signs
from gradverify.core.projection.judge import Projection, judge_projection
from gradverify.core.projection.local import LocalSpace, farthest
from gradverify.core.projection.locate import halves, most_tests
from gradverify.core.projection.reduced import Means
from gradverify.core.projection.space import Block, Summary, blocks_of
from gradverify.core.variables import Variables
from tests.finite_difference.support import Rowwise, problem

MANY = 100_000


def f(points: Array) -> Array:
    """A sum over all components, with neighbours coupled; one value a row."""
    coupled: Array = np.log1p(points**2).sum(axis=1) + 0.1 * (points[:, 1:] * points[:, :-1]).sum(axis=1)
    return coupled


def gradient(x: Vector) -> Vector:
    g: Vector = 2 * x / (1 + x * x)
    g[1:] += 0.1 * x[:-1]
    g[:-1] += 0.1 * x[1:]
    return g


def ask(name: str, asked: Problem, request: Request) -> Answer:
    return Answer(name, FiniteDifference().estimate(asked, request))


def compared(
    n: int = 2_000,
    fault: Callable[[Vector], object] = lambda g: None,
    *,
    function: Callable[[Array], Array] = f,
    claim: Callable[[Vector], Vector] = gradient,
    x: Vector | None = None,
    shapes: tuple[tuple[str, int], ...] = (),
    domain: Domain | None = None,
    tolerance: float = 1e-6,
    budget: int | None = None,
    seed: int = 0,
) -> tuple[Comparison, Rowwise]:
    """The comparison of `claim`, changed by `fault`, with `function` at `x`; and the function, which counts."""
    at = np.random.default_rng(1).normal(size=n) if x is None else x

    def wrong(points: Array) -> Array:
        rows = [claim(point.copy()) for point in points]
        for row in rows:
            fault(row)
        return np.array(rows)

    counted = Rowwise(function)
    about = replace(
        problem(counted, at.size, seed=seed),
        claim=Rowwise(wrong, output_shape=(at.size,)), tolerance=Tolerance(tolerance),
        variables=Variables.of([(name, (size,)) for name, size in shapes or (("x", at.size),)]),
        domain=domain or Domain.everywhere(at.size),
    )  # fmt: skip
    value = float(function(at[None])[0])
    means = Means("differences", ask, "test", Precision.FLOAT64, seed, farthest(about))
    space = LocalSpace(about, at, wrong(at[None])[0])
    return compare(space, value, Rules(about.tolerance, means, budget)), counted


def scaled(index: int, factor: float) -> Callable[[Vector], None]:
    def fault(g: Vector) -> None:
        g[index] *= factor

    return fault


# Signs


@given(st.integers(0, 5_000), st.integers(1, 3_000), st.integers(0, 2**40), st.integers(0, 9))
def test_any_slice_of_the_signs_is_made_without_the_rest(start: int, count: int, seed: int, number: int) -> None:
    whole = signs(seed, number, 0, start + count)
    assert (signs(seed, number, start, start + count) == whole[start:]).all()


def test_signs_far_out_are_made_at_once() -> None:
    far = 175_000_000_000
    assert signs(0, 1, far, far + 4).shape == (4,)


def test_signs_are_fair_and_differ_between_directions() -> None:
    first, second = signs(0, 0, 0, MANY), signs(0, 1, 0, MANY)
    fair = 5 * math.sqrt(MANY) / 2  # five standard deviations
    assert abs(int(first.sum()) - MANY / 2) < fair
    assert abs(int((first ^ second).sum()) - MANY / 2) < fair


# Right claims


@pytest.mark.parametrize("n", [600, 5_560, MANY])
def test_a_right_claim_passes_in_few_evaluations_and_says_what_it_would_have_seen(n: int) -> None:
    found, counted = compared(n)
    assert found.code == Code.PASS
    assert sum(len(rows) for rows in counted.asked) == found.evaluations <= EVALUATIONS
    assert found.seen[0].directions == 16
    assert found.seen[0].unseen < 1e-4 * found.seen[0].typical


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32))
def test_a_right_claim_is_failed_for_no_seed(seed: int) -> None:
    assert compared(700, seed=seed)[0].code == Code.PASS


def test_a_claim_that_is_off_by_less_than_its_tolerance_is_not_failed() -> None:
    noise = np.random.default_rng(0).uniform(-9e-7, 9e-7, size=2_000)
    found, _ = compared(fault=lambda g: np.multiply(g, 1 + noise, out=g))
    assert found.code != Code.FAIL


def test_components_of_all_sizes_are_compared_on_their_own_scale() -> None:
    n = 1_000
    size = np.logspace(-6, 6, n)
    x = size * np.random.default_rng(2).uniform(1, 2, size=n)
    found, _ = compared(
        function=lambda p: np.sin(p / size).sum(axis=1), claim=lambda x: np.cos(x / size) / size, x=x
    )  # fmt: skip
    assert found.code == Code.PASS
    found, _ = compared(
        fault=scaled(3, 1.01), function=lambda p: np.sin(p / size).sum(axis=1), claim=lambda x: np.cos(x / size) / size,
        x=x,
    )  # fmt: skip
    assert [part.index for part in found.wrong] == [3]


# Wrong claims


@pytest.mark.parametrize("index", [0, 77_777, MANY - 1])
def test_a_single_wrong_component_is_found_in_the_pairs_that_halving_takes(index: int) -> None:
    found, _ = compared(MANY, scaled(index, -1.0))
    assert found.code == Code.FAIL
    assert [part.index for part in found.wrong] == [index]
    assert found.locating <= 2 * most_tests(MANY) + 12


BEYOND_HALVING = 12  # evaluations: a longer step, the component's own reference, directions that are looked at twice
RESNET_50, LOCATED_WITHIN = 25_557_032, 80


@pytest.mark.parametrize(("n", "factor", "place"), [
    (1_000, -1.0, 0.0), (1_000, 0.0, 0.75), (1_000, 1.5, 1.0), (30_000, -1.0, 1.0), (30_000, 0.0, 0.2),
    (30_000, 1.01, 0.75), (300_000, 0.0, 0.7654321),
])  # fmt: skip
def test_a_single_wrong_component_costs_little_more_than_its_halving(n: int, factor: float, place: float) -> None:
    assert 2 * most_tests(RESNET_50) + BEYOND_HALVING <= LOCATED_WITHIN
    right, usual = compared(n)
    found, counted = compared(n, scaled(round(place * (n - 1)), factor))
    assert [part.index for part in found.wrong] == [round(place * (n - 1))]
    further = sum(len(rows) for rows in counted.asked) - sum(len(rows) for rows in usual.asked)
    assert further <= 2 * most_tests(n) + BEYOND_HALVING
    assert found.seen[0].directions == right.seen[0].directions


def test_what_bends_or_is_rough_along_a_direction_is_no_reason_to_look_for_components() -> None:
    bent, _ = compared(function=lambda p: np.exp(3 * p).sum(axis=1), claim=lambda x: 3 * np.exp(3 * x))
    rough, _ = compared(function=lambda p: f(p) + 1e-9 * np.sin(1e9 * f(p)))
    assert (bent.code, bent.locating) == (Code.PASS, 0)
    assert rough.located == ()
    assert rough.locating <= PILOT  # one closer look along a direction, nothing halved


def test_the_reference_of_a_wrong_component_is_its_derivative() -> None:
    found, _ = compared(MANY, scaled(5, 3.0))
    (part,) = found.wrong
    truth = float(gradient(np.random.default_rng(1).normal(size=MANY))[5])
    assert part.claimed == pytest.approx(3 * truth)
    assert abs(part.reference - truth) <= part.bound
    assert part.bound < 0.01 * abs(truth)


def test_two_faults_that_cancel_along_half_of_the_directions_are_both_found() -> None:
    x = np.random.default_rng(1).normal(size=MANY)

    def cancel(g: Vector) -> None:
        g[5] += 1 / abs(x[5])
        g[99_000] -= 1 / abs(x[99_000])

    found, _ = compared(MANY, cancel)
    assert {part.index for part in found.wrong} == {5, 99_000}


def test_several_faults_cost_a_multiple_of_one() -> None:
    def three(g: Vector) -> None:
        g[5] += 1
        g[40_000] -= 2
        g[99_000] = 0

    found, _ = compared(MANY, three)
    assert {part.index for part in found.wrong} == {5, 40_000, 99_000}
    assert found.locating <= 3 * (2 * most_tests(MANY) + 12)


def test_a_fault_of_everything_fails_although_not_every_component_is_named() -> None:
    found, _ = compared(MANY, lambda g: np.multiply(g, 2, out=g))
    assert found.code == Code.FAIL
    assert "there are more" in str(words.why(found, str))


def test_a_claim_that_is_not_finite_is_named_and_never_passes() -> None:
    found, counted = compared(fault=scaled(7, math.nan))
    assert found.code != Code.PASS
    assert (found.not_finite, found.first_not_finite) == (1, 7)
    assert not counted.asked


# What cannot be seen


def test_a_fault_that_is_too_small_to_be_seen_is_below_what_the_report_says() -> None:
    found, _ = compared(MANY, scaled(77_777, 1 + 1e-7))
    x = np.random.default_rng(1).normal(size=MANY)
    size = abs(x[77_777] * gradient(x)[77_777]) * 1e-7
    assert found.code == Code.PASS
    assert size < found.seen[0].unseen


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1_999), st.floats(-8, 0), st.integers(0, 1_000))
def test_what_passes_is_never_worse_than_the_report_says(index: int, power: float, seed: int) -> None:
    found, _ = compared(2_000, scaled(index, 1 + 10**power), seed=seed)
    x = np.random.default_rng(1).normal(size=2_000)
    fault = abs(x[index]) * abs(gradient(x)[index]) * 10**power
    # A component that was looked at by itself is within its own tolerance, and the directions are told without it.
    within = [part.index for part in found.located if part.code != Code.FAIL]
    assert found.code == Code.FAIL or fault <= found.seen[0].unseen or (index in within and 10**power <= 1e-6)


def huge_and_tiny(p: Array) -> Array:
    value: Array = np.cosh(p[:, 3:]).sum(axis=1) + 1e-14 * np.cosh(p[:, :3]).sum(axis=1)
    return value


def huge_and_tiny_gradient(x: Vector) -> Vector:
    return np.concatenate([1e-14 * np.sinh(x[:3]), np.sinh(x[3:])])


def test_a_small_block_has_directions_of_its_own_beside_a_huge_one() -> None:
    shapes = (("b", 3), ("W", 50_000))
    x = np.random.default_rng(3).normal(size=50_003)
    right, _ = compared(function=huge_and_tiny, claim=huge_and_tiny_gradient, x=x, shapes=shapes)
    assert [seen.names for seen in right.seen] == [("W",), ("b",)]
    assert right.seen[0].directions > 4 > right.seen[1].directions
    wrong, _ = compared(fault=scaled(1, -1.0), function=huge_and_tiny, claim=huge_and_tiny_gradient, x=x, shapes=shapes)
    # 1e-14 beside a sum of 82,000 is below the round-off of f: no difference can show it, and none is claimed to.
    assert wrong.code == Code.INCONCLUSIVE
    assert "wider than the tolerance" in str(words.why(wrong, str))


def test_a_fault_in_a_small_block_is_found_where_f_can_show_it() -> None:
    def function(p: Array) -> Array:
        value: Array = np.cosh(p[:, 3:]).sum(axis=1) - 77_000 + 1e-3 * np.sin(p[:, :3]).sum(axis=1)
        return value

    def claim(x: Vector) -> Vector:
        return np.concatenate([1e-3 * np.cos(x[:3]), np.sinh(x[3:])])

    x = np.random.default_rng(3).normal(size=50_003)
    found, _ = compared(fault=scaled(1, -1.0), function=function, claim=claim, x=x, shapes=(("b", 3), ("W", 50_000)))
    assert [part.index for part in found.wrong] == [1]


def test_components_on_an_end_of_their_domain_are_not_moved_and_not_called_right() -> None:
    n = 1_000
    x = np.random.default_rng(4).uniform(0.5, 2, size=n)
    x[3] = 0.0
    domain = Domain(np.zeros(n), np.full(n, np.inf), np.zeros(n, dtype=bool), np.zeros(n, dtype=bool))
    root = lambda p: (p**1.5).sum(axis=1)  # noqa: E731
    found, counted = compared(function=root, claim=lambda x: 1.5 * np.sqrt(x), x=x, domain=domain)
    assert (found.code, found.not_moved) == (Code.INCONCLUSIVE, 1)
    assert all((points >= 0).all() for points in counted.asked)


def test_f_is_never_asked_outside_its_domain() -> None:
    n = 1_000
    x = np.random.default_rng(4).uniform(1e-9, 2, size=n)
    domain = Domain(np.zeros(n), np.full(n, np.inf), np.ones(n, dtype=bool), np.zeros(n, dtype=bool))
    found, counted = compared(
        function=lambda p: np.log(p).sum(axis=1), claim=lambda x: 1 / x, x=x, domain=domain, tolerance=1e-5
    )
    assert found.code == Code.PASS
    assert all((points > 0).all() for points in counted.asked)


def test_a_noisy_function_is_undecided_rather_than_right() -> None:
    def noisy(p: Array) -> Array:
        value = f(p)
        return value + 1e-4 * np.sin(1e9 * value)

    found, _ = compared(function=noisy)
    assert found.code == Code.INCONCLUSIVE


def test_a_budget_for_nothing_decides_nothing() -> None:
    found, counted = compared(budget=3)
    assert found.code == Code.INCONCLUSIVE
    assert sum(len(rows) for rows in counted.asked) <= 3


# The rule for one direction


numbers = st.floats(-1e6, 1e6)


@given(numbers, numbers, st.floats(0, 1e3), st.floats(0, 1e3), st.floats(0, 1e6))
def test_a_direction_passes_only_where_little_is_left_unseen(
    claimed: float, value: float, bound: float, round_off: float, norm: float
) -> None:
    p = Projection(claimed, value, bound, round_off, norm, 1.0, 10 * norm)
    code = judge_projection(p, Tolerance(1e-6))
    assert (code == Code.PASS) <= (abs(claimed - value) + bound + round_off <= 2e-6 * norm)
    assert (code == Code.FAIL) <= (abs(claimed - value) > bound + round_off)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_no_slope_is_no_pass(value: float) -> None:
    assert judge_projection(Projection(1.0, value, 0.0, 0.0, 1.0, 1.0, 1.0), Tolerance()) == Code.INCONCLUSIVE
    assert judge_projection(Projection(1.0, 1.0, value, 0.0, 1.0, 1.0, 1.0), Tolerance()) == Code.INCONCLUSIVE
    assert judge_projection(Projection(value, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0), Tolerance()) == Code.FAIL


# Parts


ranges = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1).map(
    lambda pairs: tuple(
        (sum(map(sum, pairs[:i])) + gap, sum(map(sum, pairs[:i])) + gap + size) for i, (gap, size) in enumerate(pairs)
    )
)


@given(ranges)
def test_halves_are_disjoint_and_together_whole(whole: tuple[tuple[int, int], ...]) -> None:
    def indices(part: tuple[tuple[int, int], ...]) -> list[int]:
        return [i for start, stop in part for i in range(start, stop)]

    first, second = halves(whole)
    assert indices(first) + indices(second) == indices(whole)
    assert abs(len(indices(first)) - len(indices(second))) <= 1


def test_a_direction_is_plus_or_minus_the_size_of_each_component_it_moves() -> None:
    x = np.array([1.0, 0.0, -3.0, 1e-9, 2.0])
    about = replace(problem(Rowwise(f), 5), claim=None)
    space = LocalSpace(about, x, np.eye(5)[2])
    direction = Direction(0, 0, ((0, 2), (2, 4)), 2.0)
    scale = space.blocks[0].scale
    assert space.products([direction])[0] == 2 * 3 * sign(direction, 2)
    assert np.abs(space._moved(direction, 1.0) - x) == pytest.approx([2.0, 2 * scale.zero, 6.0, 2 * scale.least, 0.0])


def test_many_small_variables_are_joined_into_few_blocks() -> None:
    blocks = blocks_of([(f"x{i}", 1) for i in range(10_000)])
    assert len(blocks) <= 256
    assert (blocks[0].start, blocks[-1].stop) == (0, 10_000)


def test_blocks_of_like_size_share_their_directions() -> None:
    blocks = [Block(name, 0, 1) for name in "abc"]
    like = [Summary(count=100, moved=100, norm2=size) for size in (1.0, 2.0, 4.0)]
    assert len(grouped(blocks, like, 1e-6)) == 1
    far = [Summary(count=100, moved=100, norm2=size) for size in (1.0, 1e-16, 1e16)]
    assert len(grouped(blocks, far, 1e-6)) == 3
