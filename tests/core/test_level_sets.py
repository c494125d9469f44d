"""f on a grid around descents."""

from __future__ import annotations

import math

import numpy as np

from gradverify.core.arrays import Matrix, Vector
from gradverify.core.descent.level_sets import SIDE, Box, box_around, level_sets
from gradverify.core.problem import Domain
from gradverify.core.report import DescentRun

EVERYWHERE = Domain.everywhere(2)


def run(*way: tuple[float, float], value: float = 0.0) -> DescentRun:
    return DescentRun(
        name="r", behaviour="converges", iterations=len(way) - 1, final_point=way[-1], final_value=value, rate=None,
        trajectory=way, values=(value,) * len(way),
    )  # fmt: skip


def around(*runs: DescentRun) -> Box:
    box = box_around(runs)
    assert box is not None
    return box


def holds(box: Box, point: tuple[float, float]) -> bool:
    return bool((box.low < point).all() and (point < box.high).all())


def test_the_box_holds_start_and_end_with_room_around() -> None:
    box = around(run((4.0, 3.0), (1.0, 0.5), (0.0, 0.0)))
    assert holds(box, (4.0, 3.0))
    assert holds(box, (0.0, 0.0))


def test_similar_ranges_are_drawn_square_and_very_different_ones_are_not() -> None:
    square, narrow = around(run((4.0, 3.0), (0.0, 0.0))), around(run((400.0, 3.0), (0.0, 0.0)))
    assert math.isclose(*(square.high - square.low))
    assert (narrow.high - narrow.low)[0] > 3 * (narrow.high - narrow.low)[1]


def test_what_diverges_does_not_stretch_the_box_of_the_others() -> None:
    near = around(run((4.0, 3.0), (0.0, 0.0)))
    far = around(run((4.0, 3.0), (0.0, 0.0)), run((4.0, 3.0), (1e9, -1e9), value=1e18))
    assert (near.low.tolist(), near.high.tolist()) == (far.low.tolist(), far.high.tolist())


def test_iterates_that_are_not_finite_are_left_out() -> None:
    assert holds(around(run((4.0, 3.0), (math.inf, math.nan), value=math.nan)), (4.0, 3.0))
    assert box_around([run((math.nan, 0.0), value=math.nan)]) is None
    assert box_around([]) is None


def test_a_descent_that_never_moved_has_a_box_too() -> None:
    assert holds(around(run((0.0, 0.0))), (0.0, 0.0))


def test_the_grid_has_x_along_its_rows_and_f_at_its_points() -> None:
    told = level_sets(Box(np.array([0.0, 10.0]), np.array([1.0, 20.0])), EVERYWHERE, lambda p: p[:, 0] + 100 * p[:, 1])
    assert (told["x"], told["y"]) == ([0.0, 1.0], [10.0, 20.0])
    assert (len(told["f"]), len(told["f"][0])) == (SIDE, SIDE)
    assert (told["f"][0][0], told["f"][0][-1], told["f"][-1][0]) == (1000.0, 1001.0, 2000.0)


def test_f_is_not_evaluated_outside_its_domain() -> None:
    asked: list[Matrix] = []

    def evaluate(points: Matrix) -> Vector:
        asked.append(points)
        return np.asarray(np.log(points[:, 0]))

    domain = Domain(np.array([0.0, -np.inf]), np.full(2, np.inf), np.array([True, False]), np.zeros(2, dtype=bool))
    told = level_sets(Box(np.array([-1.0, 0.0]), np.array([1.0, 1.0])), domain, evaluate)
    assert all((points[:, 0] > 0).all() for points in asked)
    assert math.isnan(told["f"][0][0])
    assert told["f"][0][-1] == 0.0
