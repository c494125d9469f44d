"""What is looked for in a submission's text, and where it was found."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from gradverify.grading.model import FlagKind


class Passage(enum.StrEnum):
    """What a passage is, in words that go on with `line 3 is …`."""

    QUOTIENT = "a difference quotient"
    COMPLEX_STEP = "a complex step"
    SAMPLED = "NumPy's gradient of sampled values"
    FITTED = "a polynomial through sampled values"
    LIBRARY = "a call of a library that differentiates numerically"
    DUAL = "a product rule for numbers that carry derivatives (dual numbers)"
    TAPE = "derivatives added up backwards (automatic differentiation)"

    @property
    def flag(self) -> FlagKind:
        """What it is flagged as."""
        return FlagKind.AUTODIFF if self in (Passage.DUAL, Passage.TAPE) else FlagKind.NUMERICAL_DERIVATIVE


@dataclass(frozen=True, slots=True)
class Found:
    """A passage and where it stands. `node` is its place among the nodes of its file, in `ast.walk`'s order."""

    passage: Passage
    file: str
    line: int
    text: str
    node: int
    step: float | None = None  # the smallest constant that it is divided by, where there is one
