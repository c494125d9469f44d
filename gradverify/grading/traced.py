"""Does an answer come out of a passage that differentiates? The submission is run once more with that passage changed.

A passage that looks like a difference quotient may be a check of one's own, or a helper that nothing uses. So its value
is made larger by a part in a billion, which no check notices, and the entry is asked again, in a confined process as
before: what is made of the passage grows with it, what is only checked by it, or stands beside it, stays to the last
digit.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Array, Mask, Matrix
from gradverify.core.problem import Derivative
from gradverify.grading.bench import Bench
from gradverify.grading.claim import Caller, Seat, SubmissionClaim
from gradverify.grading.model import Flag, FlagKind
from gradverify.grading.nudges import EPSILON
from gradverify.grading.own_quotient import step_in_f
from gradverify.grading.source.model import Found, Passage
from gradverify.grading.source.text import Text
from gradverify.report.safe_text import one_line

PARTS = 2.0**-30  # by which a passage grows: 1e-9, below what anybody's check allows, and far above round-off
ROUNDED_PARTS = 2.0**-9  # the same for answers that were rounded to decimals, which show nothing smaller
MOST_DECIMALS = 9
DECIMALS_WITHIN = 1e-6  # of the last decimal
FOLLOWS = 0.01  # of what it grows by has to arrive in a value
PROMINENT = 0.01  # values smaller than this part of their column's largest say nothing
MOSTLY = 0.9  # of a column's prominent values have to follow
MOST_POINTS = 12
MOST_SECONDS = 10.0  # of one student's changed copies, in all; the one that is running may go on for its own time limit
MOST_NAMED = 3  # passages, and components
INEXACT = 20.0  # units of round-off that most values of a difference quotient are off by, unlike a formula's
MAY_BE_EXACT = (
    Passage.QUOTIENT,
    Passage.SAMPLED,
    Passage.FITTED,
)  # that a formula may hold, if it is right to round-off
INEXACT_BESIDE = 100.0  # … divided by the step in f itself, where f holds such a quotient
LARGEST = 1e-2  # relative: larger errors are mistakes


# Opens the submission with some of its files' texts replaced, confined as it was before.
Changed = Callable[[Mapping[str, str]], AbstractContextManager[Caller]]


@dataclass
class Handed:
    """A submission's text, and the way to run it changed."""

    text: Text
    changed: Changed
    unread: str = ""  # what of it cannot be read, and why
    spent: float = 0.0  # seconds, on changed copies


@dataclass(frozen=True)
class Asked:
    """What an entry answered: points (k, n), its values there (k, c), and the right ones, if known."""

    points: Matrix
    values: Array
    right: Array | None


def traced(handed: Handed, claim: SubmissionClaim, bench: Bench, asked: Asked) -> list[Flag]:
    """Flags for the passages that the answer is made of; `claim` is the one that answered."""
    flags = []
    for kind in (FlagKind.NUMERICAL_DERIVATIVE, FlagKind.AUTODIFF):
        passages = [p for p in handed.text.passages if p.passage.flag is kind]
        if passages:
            flags += _traced(handed, claim, bench, asked, passages)
    return flags


def _traced(
    handed: Handed, claim: SubmissionClaim, bench: Bench, asked: Asked, passages: Sequence[Found]
) -> list[Flag]:
    at = dataclasses.replace(
        asked, points=asked.points[:MOST_POINTS], values=asked.values[:MOST_POINTS],
        right=None if asked.right is None else asked.right[:MOST_POINTS],
    )  # fmt: skip
    follows = _followed(handed, claim, at, passages)
    if follows is None:
        return []
    made = [(tuple(passages), follows)]
    if len(passages) > 1 and handed.spent <= MOST_SECONDS / 2:  # of several, those that matter by themselves
        alone = [((p,), _followed(handed, claim, at, [p])) for p in passages[: 2 * MOST_NAMED]]
        made = [(each, columns) for each, columns in alone if columns is not None] or made
    made = [(each, columns) for each, columns in made if not _is_allowed(bench, at, each[0], columns)]
    if not made:
        return []
    used = [p for each, _ in made for p in each]
    follows = np.logical_or.reduce([columns for _, columns in made])
    return [Flag(used[0].passage.flag, _evidence(bench, at, used, follows))]


def _followed(handed: Handed, claim: SubmissionClaim, asked: Asked, passages: Sequence[Found]) -> Mask | None:
    """The columns (c,) whose values follow the passages; None where there are none."""
    if handed.spent > MOST_SECONDS:
        return None
    parts = ROUNDED_PARTS if _is_rounded(asked.values) else PARTS
    started = time.monotonic()
    try:
        with handed.changed(handed.text.scaled(passages, 1 + parts)) as caller:
            seat = Seat(caller, claim.seat.entry, claim.seat.seconds)
            seat.investigate()
            again = dataclasses.replace(claim, seat=seat, called_at=[], tilt=None)
            values = again.evaluate(asked.points).values.reshape(asked.values.shape)
    except OSError:  # no room for a copy, say: nothing is known then, and nobody accused
        return None
    handed.spent += time.monotonic() - started
    if seat.exhausted:
        return None
    with np.errstate(all="ignore"):
        size = np.max(np.where(np.isfinite(asked.values), np.abs(asked.values), 0.0), axis=0)
        prominent = np.isfinite(asked.values) & (np.abs(asked.values) > PROMINENT * size)
        moved = np.abs(values - asked.values) > FOLLOWS * parts * np.abs(asked.values)
    count = np.count_nonzero(prominent, axis=0)
    columns: Mask = (count > 0) & (np.count_nonzero(moved & prominent, axis=0) >= MOSTLY * count)
    # Values that turned into no number at all, or raised, follow nothing.
    columns &= np.isfinite(values).all(axis=0) | ~np.isfinite(asked.values).all(axis=0)
    return columns if columns.any() else None


def _is_rounded(values: Array) -> bool:
    finite = values[np.isfinite(values)]
    if not finite.size or not (np.rint(finite) != finite).any():
        return False
    with np.errstate(all="ignore"):
        scaled = finite * 10.0**MOST_DECIMALS
    return bool((np.abs(scaled - np.rint(scaled)) <= np.maximum(DECIMALS_WITHIN, 4 * EPSILON * np.abs(scaled))).all())


def _is_allowed(bench: Bench, asked: Asked, passage: Found, columns: Mask) -> bool:
    return passage.passage in MAY_BE_EXACT and _may_be_a_formula(bench, asked, columns)


def _may_be_a_formula(bench: Bench, asked: Asked, columns: Mask) -> bool:
    """Whether a formula can have such values: right to round-off, as a difference quotient's are not.

    Where f itself holds a difference quotient, so may its formula, and both lose digits by it; a quotient of f is off
    by more than that, and yet nearly right.
    """
    step = step_in_f(bench.question.spec)
    if asked.right is None:
        return step is not None
    right, values = asked.right[:, columns], asked.values[:, columns]
    with np.errstate(all="ignore"):
        usable = np.isfinite(right) & np.isfinite(values) & (right != 0)
        gap = np.abs(values - right)
        if step is None:
            off = usable & (gap > INEXACT * EPSILON * np.abs(right))
        elif step == 0:
            return True
        else:
            size = np.maximum(1.0, np.max(np.abs(right), axis=0, where=usable, initial=0.0))
            off = usable & (gap > INEXACT_BESIDE * EPSILON * size / step) & (gap <= LARGEST * size)
    return not 2 * np.count_nonzero(off) >= np.count_nonzero(usable)


def _evidence(bench: Bench, asked: Asked, passages: Sequence[Found], columns: Mask) -> str:
    places = " and ".join(
        f"line {p.line} of {one_line(p.file, 40)}, `{one_line(p.text, 100)}`," for p in passages[:MOST_NAMED]
    )
    more = f" and {len(passages) - MOST_NAMED} more like it" if len(passages) > MOST_NAMED else ""
    verb = "is" if len(passages) == 1 else "are"
    what = f"{passages[0].passage.value}"
    return (
        f"{places}{more} {verb} {what}, and {_which(bench, columns)} made of it: in a copy where its value is larger by"
        f" a tiny part, the answer changes with it at {asked.points.shape[0]} points"
    )


def _which(bench: Bench, columns: Mask) -> str:
    if columns.all() or bench.problem.derivative is not Derivative.GRADIENT:
        return "the answer is" if columns.all() else f"{np.count_nonzero(columns)} of {columns.size} components are"
    names = [bench.problem.variables.component_name(int(i)) for i in np.flatnonzero(columns)]
    told = ", ".join(f"∂f/∂{name}" for name in names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")
    return f"{told} {'is' if len(names) == 1 else 'are'}"
