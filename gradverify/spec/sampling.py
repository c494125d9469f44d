"""Points drawn inside a domain, the same for the same seed on every machine (PCG64, NumPy's default generator)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradverify.core.variables import Variables
from gradverify.spec.model import Interval, SampledPoints

if TYPE_CHECKING:
    import numpy as np

    from gradverify.core.arrays import Matrix, Vector

REACH = 3.0  # how far from 0, or from the only finite end, uniform points are drawn
DECADES = 3.0  # log-uniform magnitudes run from 10**-DECADES to 10**DECADES
NORMAL_WIDTH = 4.0  # a bounded interval is taken for ± 2 standard deviations of a normal distribution
EVERYWHERE = Interval(-math.inf, math.inf)


def draw(points: SampledPoints, variables: Variables, domain: Mapping[str, Interval]) -> Matrix:
    """The points, shape (count, n), each inside `domain`; open ends are never hit."""
    import numpy as np

    rng = np.random.default_rng(points.seed)
    columns = []
    for variable in variables:
        interval = domain.get(variable.name, EVERYWHERE)
        for _ in range(variable.size):
            columns.append(_component(points, interval, rng))  # noqa: PERF401 - the generator's order is the definition
    return np.stack(columns, axis=1)


def _component(points: SampledPoints, interval: Interval, rng: np.random.Generator) -> Vector:
    import numpy as np

    low, high = interval.low, interval.high
    bounded, below, above = math.isfinite(low) and math.isfinite(high), math.isfinite(low), math.isfinite(high)
    match points.distribution:
        case "normal":
            drawn = rng.normal(size=points.count)
            if bounded:
                drawn = (low + high) / 2 + (high - low) / NORMAL_WIDTH * drawn
            elif below:
                drawn = low + np.abs(drawn)
            elif above:
                drawn = high - np.abs(drawn)
        case "log-uniform":
            size = 10.0 ** rng.uniform(-DECADES, DECADES, size=points.count)
            sign = rng.choice((-1.0, 1.0), size=points.count)
            drawn = sign * size
            if bounded:
                drawn = low + (high - low) * size / 10.0**DECADES
            elif below:
                drawn = low + size
            elif above:
                drawn = high - size
        case _:
            unit = rng.uniform(size=points.count)
            start, end = (low, high) if bounded else (low, low + 2 * REACH) if below else (high - 2 * REACH, high)
            if not below and not above:
                start, end = -REACH, REACH
            drawn = start + (end - start) * unit
    # What falls outside or on an open end is drawn again, uniformly between the middle and the end.
    outside = ~_within(drawn, interval)
    middle = (low + high) / 2 if bounded else low + 1 if below else high - 1 if above else 0.0
    while outside.any():
        drawn = np.where(outside, middle + (np.clip(drawn, low, high) - middle) * rng.uniform(size=points.count), drawn)
        outside = ~_within(drawn, interval)
    result: Vector = drawn
    return result


def _within(values: Vector, interval: Interval) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    above = values > interval.low if interval.low_open else values >= interval.low
    below = values < interval.high if interval.high_open else values <= interval.high
    return above & below
