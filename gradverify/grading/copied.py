"""Answers that were looked up: right where their author could know them, and there alone.

Three traces, each of which a formula, right or wrong, cannot leave: it is right at the visible points and wrong by a
jump right beside them, where f is smooth; or it stays the same around them; or its text pairs the points' own numbers
with their answers, and it is wrong elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Matrix, Vector
from gradverify.core.judge import Code
from gradverify.grading.suspect import Suspect
from gradverify.grading.tables import Pair, pairs_in
from gradverify.report.safe_text import one_line

BESIDE = 1e-9  # relative; nothing smooth changes by 1e-2 over it
NEAR = 1e-3  # relative; far enough for a value to change, near enough to be of the same formula
GROSS = 1e-2  # relative error that no rounding explains
MOST_VISIBLE = 4  # visible points that are looked at
DIRECTIONS = 2
# Relative distances at which the end of a right neighbourhood is looked for.
REACHES = 2.0 ** np.arange(-30.0, 3.0)
CLOSE = 1e-6  # relative error within such a neighbourhood: a wrong formula that crosses the right one is off by more
ROUND = 4.5  # how unequal a ball's radii may look: reaches double, and directions differ in length by as much
SMALL = 1e-2  # relative radius that tells by itself, where there are no hidden points
WRONG_SHARE = 0.5  # of the hidden points have to be wrong
FEWEST_PAIRS = 2  # points whose answers the text holds, with different answers
SAME = 1e-6  # relative: how near a number in a text has to be


def hard_coded(suspect: Suspect) -> str | None:
    """Right where its author could look it up, and there alone."""
    hidden = suspect.codes[suspect.visible :]
    if hidden.shape[0] and not (hidden == Code.FAIL).any():
        return None  # right where nobody could look it up
    if not _right_where_visible(suspect):
        return None
    rows = _telling_rows(suspect)
    enough = len(rows) >= 2 or (rows and suspect.visible == 1)
    if enough:
        beside = [_around(suspect, row, BESIDE) for row in rows]
        if all(around is not None and around.gross for around in beside):
            return (
                f"it is right at the {len(rows)} visible points looked at, and wrong on all sides of each at a relative"
                f" distance of {BESIDE:g}, where the derivative does not change"
            )
    if hidden.shape[0]:
        wrong = (hidden == Code.FAIL).any(axis=1)
        if not wrong.mean() > WRONG_SHARE:
            return None
    far = [_around(suspect, row, 0.3) for row in rows]
    everywhere_wrong = bool(far) and all(around is not None and around.gross for around in far)
    if hidden.shape[0] or everywhere_wrong:
        written = _written(suspect)
        if written is not None:
            return written
    if len(rows) < 2:
        return None
    near = [_around(suspect, row, NEAR) for row in rows]
    answers = {suspect.values.values[row].tobytes() for row in rows}  # one for all is a constant, if a wrong one
    if everywhere_wrong and len(answers) > 1 and all(around is not None and around.stuck for around in near):
        return (
            f"around each of the {len(rows)} visible points looked at it keeps the point's own answer, whatever the"
            " derivative does, and it is wrong further away: it looks answers up"
        )
    return _balls(suspect, rows, None if hidden.shape[0] else SMALL)


def _right_where_visible(suspect: Suspect) -> bool:
    codes = suspect.codes[: suspect.visible]
    return bool(codes.shape[0] and ((codes == Code.PASS) | (codes == Code.SKIPPED)).all())


def _written(suspect: Suspect) -> str | None:
    """Whether the text pairs the numbers of every visible point with the answer there."""
    if suspect.handed is None:
        return None
    known = suspect.bench.references(suspect.points[: suspect.visible])
    pairs = pairs_in(suspect.handed.text)
    if known is None or not pairs:
        return None
    found: list[Pair] = []
    for point, answer in zip(suspect.points[: suspect.visible], known[0], strict=True):
        matching = [pair for pair in pairs if _is_pair(pair, point, answer)]
        if not matching:
            return None
        found.append(matching[0])
    if len({pair.answer for pair in found}) < FEWEST_PAIRS:
        return None
    lines = ", ".join(str(line) for line in sorted({pair.line for pair in found})[:MOST_VISIBLE])
    return (
        f"its text holds the answers at all {len(found)} visible points beside the points' own numbers (line {lines} of"
        f" {one_line(found[0].file, 40)}), and it is wrong elsewhere"
    )


def _is_pair(pair: Pair, point: Vector, answer: Vector) -> bool:
    if len(pair.answer) != answer.size or not np.isfinite(answer).all():
        return False
    own = np.array(pair.answer)
    here = np.isclose(np.array(pair.asked)[:, None], point[None, :], rtol=SAME, atol=0)
    return bool(here.any(axis=1).all() and np.allclose(own, answer, rtol=SAME, atol=SAME * np.max(np.abs(answer))))


def _telling_rows(suspect: Suspect) -> list[int]:
    """Visible points to look around. Only what is not 0 is moved, since a formula might treat 0 apart; points without
    any 0 are preferred."""
    if suspect.bench.primary not in suspect.bench.exact:
        return []
    points = suspect.points[: suspect.visible]
    zeros = np.count_nonzero(points == 0, axis=1)
    generic = np.flatnonzero(zeros == 0).tolist()
    if len(generic) < min(2, suspect.visible):
        generic += [row for row in range(points.shape[0]) if 0 < zeros[row] < points.shape[1]]
    return generic[:MOST_VISIBLE]


@dataclass(frozen=True)
class _Around:
    """Around a point: is it grossly wrong in every direction; is it the same although the right answer moves?"""

    gross: bool
    stuck: bool


def _around(suspect: Suspect, row: int, distance: float) -> _Around | None:
    point = suspect.points[row]
    places = _places(suspect, row, distance)
    if places.shape[0] < 2:
        return None
    known = suspect.bench.references(np.concatenate([point[None, :], places]))
    if known is None or not np.isfinite(known[0]).all():
        return None
    right, here = known[0][1:], known[0][0]
    claimed = suspect.claim.evaluate(places).values.reshape(right.shape)
    scale = np.max(np.abs(here)) or 1.0
    with np.errstate(all="ignore"):
        off = np.max(np.abs(claimed - right), axis=1)
        moves = np.max(np.abs(right - here), axis=1)
        gross = ~(off <= GROSS * scale) & (moves <= GROSS / 10 * scale if distance <= NEAR else True)
        same = (claimed == suspect.values.values[row]).all(axis=1) & (moves > distance / 100 * scale)
    return _Around(bool(np.all(gross)), bool(np.all(same)))


def _places(suspect: Suspect, row: int, distance: float) -> Matrix:
    """Points on both sides of a visible one, at a relative distance, inside the domain."""
    point = suspect.points[row]
    rng = np.random.default_rng((20_231, row))
    ways = rng.uniform(0.5, 1.0, size=(DIRECTIONS, point.size)) * rng.choice((-1.0, 1.0), size=(DIRECTIONS, point.size))
    moved = np.concatenate([point + distance * np.abs(point) * ways, point - distance * np.abs(point) * ways])
    inside = suspect.bench.problem.domain.contains(moved).all(axis=1)
    out: Matrix = moved[inside]
    return out


def _balls(suspect: Suspect, rows: Sequence[int], largest: float | None) -> str | None:
    """Whether the answer is right in a ball around each visible point, and beyond it, by a jump, grossly wrong on all
    sides; balls beyond the `largest` radius do not count."""
    radii: list[float] = []
    for row in rows:
        found = [_radius(suspect, row, way) for way in range(2 * DIRECTIONS)]
        own = [radius for radius in found if radius is not None]
        # One side may lead into the ball of another point; without an end on the others there is no ball.
        if len(own) < len(found) - 1 or max(own) > ROUND * min(own):
            return None
        radii.append(float(np.median(own)))
    if largest is not None and not max(radii) <= largest:
        return None
    return (
        f"it is right around each of the {len(rows)} visible points looked at, up to a relative distance of about"
        f" {np.median(radii):.2g} on all sides, and grossly wrong beyond, where f has no reason for it"
    )


def _radius(suspect: Suspect, row: int, way: int) -> float | None:
    """The relative distance at which the answer jumps from right to grossly wrong; None where it does not.

    What is the point's own answer to the last digit counts as right: a table's is.
    """
    line = []
    for reach in REACHES.tolist():
        places = _line(suspect, row, way, reach)
        if places is None:
            break
        line.append(places)
    if len(line) < 2:
        return None
    points = np.array(line)
    known = suspect.bench.references(points)
    if known is None or not np.isfinite(known[0]).all():
        return None
    claimed = suspect.claim.evaluate(points).values.reshape(known[0].shape)
    own = suspect.values.values[row].reshape(-1)
    scale = np.max(np.abs(known[0]), axis=1)
    with np.errstate(all="ignore"):
        off = np.max(np.abs(claimed - known[0]), axis=1)
        right = (off <= CLOSE * scale) | (claimed == own).all(axis=1)
        wrong = ~(off <= GROSS * scale) & ~right
    if right.all() or not right[0]:
        return None
    first = int(np.argmin(right))
    # Further out the line may meet the ball of another point.
    return float(REACHES[first]) if wrong[first : first + 2].all() else None


def _line(suspect: Suspect, row: int, way: int, reach: float) -> Vector | None:
    point = suspect.points[row]
    rng = np.random.default_rng((20_232, row, way // 2))
    direction = rng.uniform(0.5, 1.0, size=point.size) * rng.choice((-1.0, 1.0), size=point.size)
    moved = point + reach * np.abs(point) * direction * (1.0 if way % 2 == 0 else -1.0)
    return moved if suspect.bench.problem.domain.contains(moved[None, :]).all() else None
