"""Scales, ticks, level sets and thinned lines: what figures are made of."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.report.figures.contours import Point, contours, levels
from gradverify.report.figures.descents import Run, descents_figure
from gradverify.report.figures.scales import linear, logarithmic
from gradverify.report.figures.thinning import thinned

finite = st.floats(allow_nan=False, allow_infinity=False)
GRID = [[float((x - 10) ** 2 + (y - 10) ** 2) for x in range(21)] for y in range(21)]


def contour(grid: list[list[float]], level: float) -> list[list[Point]]:
    (lines,) = contours(grid, [level])
    return lines


@given(st.lists(finite, min_size=1, max_size=5))
def test_a_linear_scale_holds_every_value(values: list[float]) -> None:
    scale = linear(values, 0.0, 100.0)
    assert all(-1e-6 <= scale(v) <= 100 + 1e-6 for v in values if abs(v) <= 1e300)


@given(st.lists(st.floats(min_value=1e-300, max_value=1e300), min_size=1, max_size=5))
def test_a_logarithmic_scale_holds_every_positive_value(values: list[float]) -> None:
    scale = logarithmic(values, 0.0, 100.0)
    assert all(-1e-6 <= scale(v) <= 100 + 1e-6 for v in values)


@given(st.lists(st.floats(), max_size=5), st.booleans())
def test_ticks_are_few_rising_and_inside(values: list[float], log: bool) -> None:
    scale = (logarithmic if log else linear)(values, 0.0, 100.0)
    ticks = scale.ticks()
    places = [scale(value) for value, _ in ticks]
    assert len(ticks) <= 16
    assert places == sorted(places)
    assert all(-1e-6 <= place <= 100 + 1e-6 for place in places)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0, 10], ["0", "2", "4", "6", "8", "10"]),
        ([-4, 4], ["−4", "−2", "0", "2", "4"]),
        ([0.1, 0.35], ["0.1", "0.15", "0.2", "0.25", "0.3", "0.35"]),
        ([0, 3e7], ["0", "10⁷", "2 × 10⁷", "3 × 10⁷"]),
    ],
)
def test_ticks_are_round_numbers(values: list[float], labels: list[str]) -> None:
    assert [label for _, label in linear(values, 0, 1).ticks()] == labels


def test_decades_are_written_as_powers_of_ten() -> None:
    assert [label for _, label in logarithmic([1e-6, 1e3], 0, 1).ticks()] == ["10⁻⁶", "10⁻⁴", "10⁻²", "1", "10²"]


def test_a_level_set_lies_where_f_has_that_value() -> None:
    (line,) = contour(GRID, 36.0)
    assert line[0] == line[-1]  # a circle is closed
    assert all(abs(math.hypot(x - 10, y - 10) - 6) < 0.05 for x, y in line)


def test_a_level_set_that_leaves_the_grid_is_open() -> None:
    lines = contour(GRID, 150.0)
    assert len(lines) == 4
    assert all(line[0] != line[-1] for line in lines)


def test_a_saddle_is_cut_into_two_branches() -> None:
    saddle = [[(x - 4.5) * (y - 4.5) for x in range(10)] for y in range(10)]
    assert len(contour(saddle, 1.0)) == 2


def test_holes_in_the_grid_leave_holes_in_the_lines() -> None:
    grid = [[float(value) for value in row] for row in GRID]
    grid[10][16] = math.nan
    (line,) = contour(grid, 36.0)
    assert line[0] != line[-1]


def test_levels_share_the_area_and_a_constant_has_none() -> None:
    found = levels(GRID)
    assert found == sorted(set(found))
    assert len(found) == 11
    assert levels([[1.0, 1.0], [1.0, 1.0]]) == []
    assert levels([[math.nan, 1.0], [1.0, 2.0]]) == []


@given(st.lists(st.floats(), max_size=300), st.integers(10, 60))
def test_thinned_values_keep_both_ends_and_the_extremes(values: list[float], most: int) -> None:
    kept = thinned(values, most)
    assert len(kept) <= most
    assert kept == sorted(set(kept))
    if values:
        assert {0, len(values) - 1} <= set(kept)
        known = [v for v in values if math.isfinite(v)]
        if known:
            shown = [values[i] for i in kept if math.isfinite(values[i])]
            assert (min(shown), max(shown)) == (min(known), max(known))


def test_an_oscillation_stays_one_when_it_is_thinned() -> None:
    values = [float((-1) ** k) for k in range(10_000)]
    shown = [values[i] for i in thinned(values, 100)]
    assert shown.count(1.0) > 40
    assert shown.count(-1.0) > 40


@pytest.mark.parametrize(
    ("values", "axis"),
    [
        ((100.0, 1.0, 1e-4), "f"),
        ((3.0, 2.5, 2.0), "f"),
        ((-90.0, -99.0, -99.999, -99.99999, -100.0), "f above its lowest, −100"),
        ((0.0, 0.0), "f"),
    ],
)
def test_values_are_drawn_so_that_one_sees_them_fall(values: tuple[float, ...], axis: str) -> None:
    drawn = descents_figure([Run("r", values, tuple(range(len(values))))], "t")
    assert drawn is not None
    assert f">{axis}</text>" in drawn.markup


def test_a_descent_without_a_finite_value_is_not_drawn() -> None:
    assert descents_figure([Run("r", (math.nan, math.inf), (0, 1))], "t") is None


def test_what_diverges_does_not_flatten_what_converges() -> None:
    calm, wild = tuple(10.0**-k for k in range(9)), tuple(10.0 ** (30 * k) for k in range(9))
    drawn = descents_figure([Run("calm", calm, tuple(range(9))), Run("wild", wild, tuple(range(9)))], "t")
    assert drawn is not None
    heights = [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.-]+)", drawn.markup.split('class="run s0"')[0])]
    assert max(heights) - min(heights) > 100  # of about 220 pixels
