"""Hypotheses about where components stand: swapped, shifted by one, transposed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from gradverify.core.arrays import Array, Mask
from gradverify.core.diagnosis.evidence import Evidence
from gradverify.core.diagnosis.hypotheses import CONFIDENCE, INFORMATIVE, distinct
from gradverify.core.diagnosis.rearranged import MOST_COMPONENTS, explained_at, rearranged
from gradverify.core.problem import Derivative
from gradverify.core.verdicts import Fault

MOST_PAIRS = 200  # wrong components that are tried against one another


def explained(evidence: Evidence, targets: Array, sources: Array) -> Mask:
    """Which of the claim's components `targets` are the right values of `sources`, at all points; shape of either."""
    rows = evidence.usable[:, targets] & evidence.usable[:, sources]
    c, p = evidence.claimed[:, targets], evidence.reference[:, sources]
    b, r = evidence.bound[:, sources], evidence.reference[:, targets]
    with np.errstate(all="ignore"):
        near = np.abs(c - p) <= evidence.fit * np.maximum(np.abs(c), np.abs(p)) + b
        telling = evidence.differs[:, targets] & (np.abs(p - r) > 4 * (evidence.fit * np.abs(p) + b))
        clear = b <= INFORMATIVE * np.abs(p)
    return np.asarray((near | ~rows).all(axis=0) & (rows & telling & clear).any(axis=0))


def copied_from(evidence: Evidence, index: int) -> int | None:
    """The component whose right value stands at `index` as well, at so many different points that no chance does it."""
    telling = evidence.differs[:, index]
    if distinct(evidence.claimed[telling, index], evidence.bound[telling, index]) < ENOUGH:
        return None
    others = np.setdiff1d(np.arange(min(evidence.claimed.shape[1], MOST_PAIRS)), [index])
    same = np.flatnonzero(explained(evidence, np.full_like(others, index), others)) if others.size else others
    return int(others[same[0]]) if same.size else None


ENOUGH = 3  # different values


def _confidence(evidence: Evidence, indices: Array) -> float:
    rows = int(evidence.differs[:, indices].any(axis=1).sum())
    return CONFIDENCE[max(1, min(rows, 3))]


def arrangements(evidence: Evidence, wrong: Array) -> Iterator[tuple[Fault, Array, str, float]]:
    """Faults of arrangement with the components they explain, in order of preference."""
    for indices, message in _in_another_order(evidence, wrong):
        yield Fault.SWAPPED_COMPONENTS, indices, message, _confidence(evidence, indices)
        wrong = np.setdiff1d(wrong, indices)
    yield from _transposed(evidence, wrong)
    for fault, indices, message in rearranged(evidence, wrong):
        yield fault, indices, message, _confidence(evidence, indices)
        wrong = np.setdiff1d(wrong, indices)
    yield from _swapped(evidence, wrong)
    yield from _shifted(evidence, wrong)


def _blocks(evidence: Evidence) -> Iterator[tuple[str, Array, tuple[int, int]]]:
    """Two-dimensional parts of the derivative: its matrix as a whole, or the block of a matrix variable."""
    problem = evidence.problem
    n = problem.variables.size
    if problem.derivative is not Derivative.GRADIENT:
        rows = evidence.claimed.shape[1] // n
        yield f"the {problem.derivative.value}", np.arange(rows * n), (rows, n)
        return
    for variable in problem.variables:
        if len(variable.shape) == 2 and min(variable.shape) > 1:
            rows, columns = variable.shape
            yield f"the block of `{variable.name}`", np.arange(variable.size) + variable.offset, (rows, columns)


def _transposed(evidence: Evidence, wrong: Array) -> Iterator[tuple[Fault, Array, str, float]]:
    for what, block, (rows, columns) in _blocks(evidence):
        bad = np.isin(block, wrong)
        if bad.sum() < 2 or block.size > MOST_COMPONENTS:
            continue
        # For a block that is not square, the transpose was flattened or reshaped in the wrong order.
        target = block.reshape((rows, columns)).T.reshape(-1)
        same, apart = explained_at(evidence, block[bad], target[bad])
        if same.all() and apart.all() and _are_alike(evidence, block[~bad], target[~bad]):
            yield Fault.TRANSPOSED, block[bad], f"{what} is transposed", _confidence(evidence, block[bad])


def _are_alike(evidence: Evidence, ones: Array, others: Array) -> bool:
    """Whether the right values of components `ones` are those of `others`, so that their exchange leaves them right."""
    usable = evidence.usable[:, ones] & evidence.usable[:, others]
    r, p = evidence.reference[:, ones], evidence.reference[:, others]
    with np.errstate(all="ignore"):
        slack = evidence.fit * np.maximum(np.abs(r), np.abs(p)) + evidence.bound[:, ones] + evidence.bound[:, others]
        near = np.abs(r - p) <= slack
    return bool((near | ~usable).all())


MOST_VARIABLES = 4  # whose orders are tried


def _in_another_order(evidence: Evidence, wrong: Array) -> Iterator[tuple[Array, str]]:
    """Whether the variables' parts of a gradient stand in another order than the variables."""
    problem = evidence.problem
    parts = [np.arange(v.offset, v.offset + v.size) for v in problem.variables]
    few = 2 <= len(parts) <= MOST_VARIABLES and problem.variables.size <= MOST_COMPONENTS
    if problem.derivative is not Derivative.GRADIENT or not few or all(part.size == 1 for part in parts):
        return
    everyone = np.arange(problem.variables.size)
    right = np.setdiff1d(everyone, wrong)
    for order in itertools.islice(itertools.permutations(range(len(parts))), 1, None):
        sources = np.concatenate([parts[k] for k in order])
        if wrong.size < 2 or (sources[wrong] == wrong).any():
            continue
        if explained(evidence, wrong, sources[wrong]).all() and _are_alike(evidence, right, sources[right]):
            names = ", ".join(problem.variables.names[k] for k in order)
            yield wrong, f"the variables' parts stand in the order {names}"
            return


def _swapped(evidence: Evidence, wrong: Array) -> Iterator[tuple[Fault, Array, str, float]]:
    if wrong.size > MOST_PAIRS:
        return
    holds = np.array([explained(evidence, np.full_like(wrong, i), wrong) for i in wrong.tolist()])
    for i, j in np.argwhere(np.triu(holds & holds.T, 1)) if wrong.size else ():
        pair = wrong[[i, j]]
        yield Fault.SWAPPED_COMPONENTS, pair, "the two components are swapped", _confidence(evidence, pair)


def _shifted(evidence: Evidence, wrong: Array) -> Iterator[tuple[Fault, Array, str, float]]:
    """Components i of a run hold the values of i + 1 or i − 1; what comes in at its end may be anything."""
    total = evidence.claimed.shape[1]
    if wrong.size < 2 or wrong.size > MOST_PAIRS:
        return
    for shift in (1, -1):
        inside = wrong[(wrong + shift >= 0) & (wrong + shift < total)]
        hits = inside[explained(evidence, inside, inside + shift)].tolist()
        end = max(hits, default=0) + 1 if shift == 1 else min(hits, default=0) - 1
        if len(hits) >= 2 and len(hits) >= wrong.size - 1:
            which = "next" if shift == 1 else "previous"
            message = f"each component holds the value of the {which} one: an index is off by one"
            run = np.intersect1d(wrong, [*hits, end])  # one that is wrong elsewhere is so for another reason
            yield Fault.OFF_BY_ONE_INDEX, run, message, _confidence(evidence, run)
