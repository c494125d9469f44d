"""Which passes beside a zero of the derivative are not to be trusted?

There a component passes where its reference agrees within a bound that is small beside the component's size nearby.
That size is the claim's own, and so is worth as much as the claim: twice the derivative of |x − 1|³, or its negative,
is as small as the right one at 1 + 1e-9, where f shows neither. A claim that is wrong at a point nearby has no such
scale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from gradverify.core.answers import Ask, Judged
from gradverify.core.arrays import Array, Mask, Matrix
from gradverify.core.estimates import Kink, Note
from gradverify.core.examine import ScaleProbe
from gradverify.core.judge import Code, by_itself, judge, judge_with_scales
from gradverify.core.problem import Problem, Request
from gradverify.core.values import flat
from gradverify.core.verdicts import NoteKind

WRONG_NEARBY = "the component is as small as f can show here, and nearby the claim is wrong"


def doubted(
    problem: Problem,
    points: Matrix,
    codes: Array,
    judged: Sequence[Judged],
    claimed: Matrix,
    kinks: Sequence[Mapping[int, Kink]],
    probe: ScaleProbe,
    ask: Ask,
) -> tuple[list[Judged], int]:
    """Take back what passed on the claim's size nearby alone, and is wrong nearby. Changes `codes`, shape (k, c).

    Also returns the evaluations of f that it took: of one more point for each that has such a component.
    """
    leaning = _leaning(problem, codes, judged, claimed, kinks, probe)
    rows = np.flatnonzero(leaning.any(axis=1))
    if not rows.size or problem.claim is None:
        return list(judged), 0
    around = np.array([probe.around(points[row], problem.seed + row)[0] for row in rows.tolist()])
    values = flat(problem.claim.evaluate(around).values)
    probe.evaluations += rows.size
    asked = max(judged, key=lambda j: j.evidence[0].strength)
    answer = ask(asked.backend, problem, Request(around, values.reshape((rows.size, *problem.shape))))
    if answer.estimates is None:
        return list(judged), 0
    wrong = np.zeros(codes.shape, dtype=np.bool_)
    for at, (row, estimate) in enumerate(zip(rows.tolist(), answer.estimates.points, strict=True)):
        reference, bound = estimate.value.ravel(), estimate.error_bound.ravel()
        suspects = leaning[row] & (judge(values[at], reference, bound, problem.tolerance) == Code.FAIL)
        if suspects.any():
            scales = probe.measure(around[at], problem.seed + row)
            found = judge_with_scales(
                values[at], reference, bound, problem.tolerance, scales, problem.precision.epsilon
            )
            wrong[row] = suspects & (found == Code.FAIL)
    if not wrong.any():
        return list(judged), answer.estimates.evaluations
    codes[wrong] = Code.INCONCLUSIVE
    return [_noted(j, wrong) for j in judged], answer.estimates.evaluations


def _leaning(
    problem: Problem,
    codes: Array,
    judged: Sequence[Judged],
    claimed: Matrix,
    kinks: Sequence[Mapping[int, Kink]],
    probe: ScaleProbe,
) -> Mask:
    """What passes, is not 0, and passes by no backend's reference on its own value's scale; shape (k, c)."""
    leaning: Mask = (codes == Code.PASS) & (claimed != 0)
    with np.errstate(all="ignore"):
        for one in judged:
            agrees = np.abs(claimed - one.reference) + one.bound <= problem.tolerance.relative * np.abs(one.reference)
            leaning &= ~agrees
    for row in np.flatnonzero(leaning.any(axis=1)).tolist():
        leaning[row, list(kinks[row])] = False  # slopes have decided there
        known = [j for j in judged if np.isfinite(j.reference[row][leaning[row]]).any()]
        if not known:
            leaning[row] = False
        elif leaning[row].any():
            round_off = probe.at(row).round_off
            for one in known:
                leaning[row] &= ~by_itself(
                    claimed[row], one.reference[row], one.bound[row], problem.tolerance, round_off
                )
    return leaning


def _noted(judged: Judged, wrong: Mask) -> Judged:
    notes = list(judged.notes)
    for row in np.flatnonzero(wrong.any(axis=1)).tolist():
        components = tuple(np.flatnonzero(wrong[row]).tolist())
        notes[row] = (*notes[row], Note(NoteKind.OTHER, WRONG_NEARBY, components))
    return replace(judged.recoded(wrong & (judged.codes == Code.PASS), Code.INCONCLUSIVE), notes=tuple(notes))
