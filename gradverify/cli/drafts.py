"""Specs that may fit a Python function: its parameters' shapes, and where they may lie, best guess first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gradverify.cli.parameters import USUAL, Shape

# Where elementary functions have values: logarithms and roots in the first, also of 1 − x² in the second, arcosh in the
# third; the last is for what a branch or a guard refuses elsewhere.
INTERVALS = ((0.1, 3.0), (0.1, 0.9), (1.1, 4.0), (-3.0, -0.1))
OTHER_LENGTHS = (2, 4, 5)  # that a body may insist on, besides the usual one
MOST_LISTED = 12  # components of a point that is written out


@dataclass(frozen=True, slots=True)
class Draft:
    """A guess: the parameters' names and shapes, and the interval that each component lies in."""

    names: tuple[str, ...]
    shapes: tuple[Shape, ...]
    interval: tuple[float, float]

    @property
    def size(self) -> int:
        """Components of a point."""
        return sum(math.prod(shape) for shape in self.shapes)

    def variables(self) -> str:
        """The `variables` entry."""
        if not any(self.shapes):
            return f"[{', '.join(self.names)}]"
        each = (f"{name}: {_shape(shape)}" for name, shape in zip(self.names, self.shapes, strict=True))
        return f"{{{', '.join(each)}}}"

    def domain(self) -> str:
        """The `domain` entry."""
        low, high = self.interval
        return "{" + ", ".join(f"{name}: [{low:g}, {high:g}]" for name in self.names) + "}"

    def point(self) -> str | None:
        """A point of different components inside the interval; None where it would be too long to read."""
        if self.size > MOST_LISTED:
            return None
        low, high = self.interval
        step = (high - low) / (self.size + 1)
        digits = max(2, 2 - math.floor(math.log10(step)))  # so that no two become equal
        values = [f"{round(low + (i + 1) * step, digits - 1):g}" for i in range(self.size)]
        return f"[{', '.join(values)}]"


def _shape(shape: Shape) -> str:
    return str(shape[0]) if len(shape) == 1 else f"[{', '.join(map(str, shape))}]"


def drafts(names: Sequence[str], shapes: Sequence[Shape]) -> Iterator[Draft]:
    """What to try, the likeliest first."""
    first = tuple(shapes)
    for interval in INTERVALS:
        yield Draft(tuple(names), first, interval)
    for layout in dict.fromkeys(_layouts(first)):
        if layout != first:
            for interval in INTERVALS[:2]:
                yield Draft(tuple(names), layout, interval)


def _layouts(guess: tuple[Shape, ...]) -> Iterator[tuple[Shape, ...]]:
    vector, matrix = (USUAL,), (USUAL, USUAL)
    arrays = tuple(shape or vector for shape in guess)
    for length in OTHER_LENGTHS if any(guess) else ():
        yield tuple((length,) if len(shape) == 1 else (length,) * len(shape) for shape in guess)
    for i in range(len(guess)):  # one of them is a matrix, such as the weights of a layer
        yield (*guess[:i], matrix, *guess[i + 1 :])
        yield (*arrays[:i], matrix, *arrays[i + 1 :])
    for i in range(len(guess)):  # or all are arrays but one
        yield (*arrays[:i], (), *arrays[i + 1 :])
    yield arrays
    yield ((),) * len(guess)
