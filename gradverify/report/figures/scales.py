"""From numbers to pixels: linear and logarithmic scales, and the ticks that people expect on them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)  # of linear ticks, times a power of ten
MARGIN = 0.04  # of a linear scale's span, free at either end
LEAST_DECADES = 2.0  # that a logarithmic scale spans, so that round-off does not fill the plot
WIDEST = 1e300  # beyond it the span of a linear scale would overflow


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps [low, high] to [start, end] in pixels; `end` may be less than `start`, as for y."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False
    named: tuple[tuple[float, str], ...] = ()  # ticks that have names instead of numbers

    def __call__(self, value: float) -> float:
        """The pixel of `value`; what is not finite or not positive on a logarithmic scale goes to the nearest end."""
        if self.logarithmic:
            if not value > 0:
                return self.start
            part = (math.log10(min(value, WIDEST)) - self.low) / (self.high - self.low)
        else:
            part = (value - self.low) / (self.high - self.low)
        return self.start + min(max(part, -1.0), 2.0) * (self.end - self.start)

    def ticks(self, most: int = 7) -> list[tuple[float, str]]:
        """Values and their labels."""
        if self.named:
            return list(self.named)
        return _log_ticks(self.low, self.high, most) if self.logarithmic else _linear_ticks(self.low, self.high, most)


def linear(values: Iterable[float], start: float, end: float, *, margin: float = MARGIN) -> Scale:
    """A scale that holds all finite `values`."""
    finite = [min(max(value, -WIDEST), WIDEST) for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    if not high > low:
        pad = abs(low) * 0.1 or 1.0
        low, high = low - pad, high + pad
    pad = margin * (high - low)
    return Scale(low - pad, high + pad, start, end)


def logarithmic(values: Iterable[float], start: float, end: float) -> Scale:
    """A scale over the decades of all positive `values`."""
    decades = [math.log10(min(value, WIDEST)) for value in values if value > 0 and not math.isnan(value)]
    low, high = (min(decades), max(decades)) if decades else (0.0, 1.0)
    lack = max(0.0, LEAST_DECADES - (high - low)) / 2
    pad = MARGIN * (high - low + 2 * lack)
    return Scale(low - lack - pad, high + lack + pad, start, end, logarithmic=True)


def _linear_ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    rough = (high - low) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough)) if rough > 0 else 1.0
    step = next((s * power for s in STEPS if s * power >= rough * (1 - 1e-9)), 10 * power)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    values = [k * step for k in range(first, min(last, first + 2 * most) + 1)]
    return [(value, label(value, step)) for value in values]


def label(value: float, step: float) -> str:
    """A tick's label with the digits that `step` needs: `0.25`, `−4`, `2 × 10⁶`."""
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e6 and math.isfinite(value):
        exponent = math.floor(math.log10(abs(value)))
        factor = value / 10.0**exponent if abs(exponent) < 300 else math.copysign(1.0, value)
        shown = f"{factor:.3g}".replace("-", "−")
        return f"{shown} × {power_of_ten(exponent)}" if shown != "1" else power_of_ten(exponent)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    shown = f"{value:.{min(places + 1, 12)}f}"
    return (shown.rstrip("0").rstrip(".") if "." in shown else shown).replace("-", "−")


def power_of_ten(exponent: int) -> str:
    """`10⁻⁸`; `1` and `10` as such."""
    return {0: "1", 1: "10"}.get(exponent, f"10{str(exponent).translate(SUPERSCRIPTS)}")


def _log_ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    span = high - low
    step = next((s for s in (1, 2, 3, 4, 5, 10, 20, 25, 50, 100) if span / s <= most), 200)
    first = math.ceil(low / step - 1e-9) * step
    exponents = range(first, math.floor(high + 1e-9) + 1, step)
    return [(10.0**e, power_of_ten(e)) for e in exponents if -307 <= e <= 300]
