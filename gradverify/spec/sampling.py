"""Points drawn inside a domain, the same for the same seed on every machine (PCG64, NumPy's default generator)."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradverify.core.variables import Variables
from gradverify.spec.model import Interval, SampledPoints

if TYPE_CHECKING:
    import numpy as np

    from gradverify.core.arrays import Mask, Matrix, Vector

REACH = 3.0  # how far from 0 uniform points are drawn; twice as far from the only finite end
SMALLEST, LARGEST = 1e-3, 1e3  # log-uniform magnitudes where the domain has no ends
DECADES = 1e-6  # the smallest log-uniform magnitude as a fraction of the domain's end
NORMAL_WIDTH = 4.0  # a bounded interval is taken for ± 2 standard deviations of a normal distribution
REDRAWS = 64  # each at least halves what is still outside; what is left then is put beside the end
EVERYWHERE = Interval(-math.inf, math.inf)


def draw(points: SampledPoints, variables: Variables, domain: Mapping[str, Interval]) -> Matrix:
    """The points, shape (count, n), each inside `domain`; open ends are never hit."""
    import numpy as np

    rng = np.random.default_rng(points.seed)
    with np.errstate(all="ignore"):  # ends near the largest number overflow; such draws are moved inside
        blocks = [
            _variable(points, domain.get(variable.name, EVERYWHERE), variable.size, rng)
            for variable in variables
            if variable.size
        ]
    return np.ascontiguousarray(np.concatenate(blocks).T)


def _variable(points: SampledPoints, interval: Interval, size: int, rng: np.random.Generator) -> Matrix:
    """All components of a variable, shape (size, count): drawn one component after the other, moves included.

    That is the definition. All are drawn at once where nothing has to be moved, which uses the same random numbers.
    """
    import numpy as np

    before = rng.bit_generator.state
    together = _drawn(points.distribution, (size, points.count), interval, rng)
    if _within(together, interval).all():
        return together
    rng.bit_generator.state = before
    one = (1, points.count)
    parts = [_moved_inside(_drawn(points.distribution, one, interval, rng)[0], interval, rng) for _ in range(size)]
    return np.stack(parts)


def _drawn(distribution: str, shape: tuple[int, int], interval: Interval, rng: np.random.Generator) -> Matrix:
    """Random numbers for components and points, `shape`, not yet inside the domain."""
    match distribution:
        case "normal":
            return _normal(shape, interval, rng)
        case "log-uniform":
            return _log_uniform(shape, interval, rng)
        case _:
            return _uniform(shape, interval, rng)


def _uniform(shape: tuple[int, int], interval: Interval, rng: np.random.Generator) -> Matrix:
    unit = rng.uniform(size=shape)
    start, end = _ends(interval)
    result: Matrix = start * (1 - unit) + end * unit  # end − start could overflow
    return result


def _ends(interval: Interval) -> tuple[float, float]:
    """Finite ends: the domain's own, or some way from 0 or from the only end. That way is never lost in rounding."""
    low, high = interval.low, interval.high
    if math.isfinite(low) and math.isfinite(high):
        return low, high
    if math.isfinite(low):
        return low, min(low + 2 * REACH * max(1.0, abs(low) / REACH), sys.float_info.max)
    if math.isfinite(high):
        return max(high - 2 * REACH * max(1.0, abs(high) / REACH), -sys.float_info.max), high
    return -REACH, REACH


def _normal(shape: tuple[int, int], interval: Interval, rng: np.random.Generator) -> Matrix:
    import numpy as np

    drawn = rng.normal(size=shape)
    low, high = interval.low, interval.high
    if math.isfinite(low) and math.isfinite(high):
        return low / 2 + high / 2 + (high / NORMAL_WIDTH - low / NORMAL_WIDTH) * drawn
    if math.isfinite(low):
        return low + np.abs(drawn) * max(1.0, abs(low))
    if math.isfinite(high):
        return high - np.abs(drawn) * max(1.0, abs(high))
    return drawn


def _log_uniform(shape: tuple[int, int], interval: Interval, rng: np.random.Generator) -> Matrix:
    """Magnitudes whose logarithm is uniform, on the positive and the negative side of the domain alike."""
    import numpy as np

    pairs = rng.uniform(size=(shape[0], 2, shape[1]))
    unit, side = pairs[:, 0], pairs[:, 1]
    positive = _magnitudes(max(interval.low, 0.0), interval.high, unit)
    negative = _magnitudes(max(-interval.high, 0.0), -interval.low, unit)
    if negative is None or positive is None:
        one_sided = positive if negative is None else -negative
        assert one_sided is not None  # an interval has some width
        return one_sided
    return np.where(side < 0.5, positive, -negative)


def _magnitudes(smallest: float, largest: float, unit: Matrix) -> Matrix | None:
    """Log-uniform magnitudes in [smallest, largest], 0 and infinity replaced; None where there are none."""
    import numpy as np

    if not largest > 0:
        return None
    if math.isinf(largest):
        largest = max(LARGEST, smallest / DECADES if smallest < 1e300 else smallest)
        smallest = smallest or SMALLEST
    else:
        smallest = smallest or max(largest * DECADES, 5e-324)
    magnitudes: Matrix = np.exp(np.log(smallest) * (1 - unit) + np.log(largest) * unit)
    return magnitudes


def _moved_inside(drawn: Vector, interval: Interval, rng: np.random.Generator) -> Vector:
    """What lies outside or on an open end is drawn again between the middle and that end."""
    import numpy as np

    outside = ~_within(drawn, interval)
    start, end = _ends(interval)
    middle = start / 2 + end / 2
    for _ in range(REDRAWS):
        if not outside.any():
            break
        again = middle + (np.clip(drawn, start, end) - middle) * rng.uniform(size=len(drawn))
        drawn = np.where(outside, again, drawn)
        outside = ~_within(drawn, interval)
    beside = np.nextafter(interval.low, math.inf) if math.isfinite(interval.low) else np.nextafter(end, -math.inf)
    return np.where(outside, beside, drawn)


def _within(values: Matrix, interval: Interval) -> Mask:
    import numpy as np

    above = values > interval.low if interval.low_open else values >= interval.low
    below = values < interval.high if interval.high_open else values <= interval.high
    inside: Mask = above & below & np.isfinite(values)
    return inside
