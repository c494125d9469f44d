"""Hypotheses about whole arrays: reversed, their axes exchanged, read in another order, or shifted along their axes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np

from gradverify.core.arrays import Array, Mask
from gradverify.core.diagnosis.evidence import Evidence
from gradverify.core.problem import Derivative
from gradverify.core.verdicts import Fault

MOST_COMPONENTS = 5_000  # of one array
MOST_AXES = 4
FEWEST = 3  # components that a shift or a reversal has to explain
FEWEST_DISTINCT = 3  # values among them: equal ones are explained by any order
MOST_FLAT = 200  # wrong components of a flat vector, for which a partner is looked for among all of them


def rearranged(evidence: Evidence, wrong: Array) -> Iterator[tuple[Fault, Array, str]]:
    """Arrays of which all wrong components hold the right values of other ones; with the components they explain."""
    if evidence.problem.derivative is not Derivative.GRADIENT:
        return
    for variable in evidence.problem.variables:
        block = np.arange(variable.size) + variable.offset
        bad = np.intersect1d(wrong, block)
        if bad.size < FEWEST or variable.size > MOST_COMPONENTS or len(variable.shape) > MOST_AXES:
            continue
        found = next(_of_block(evidence, variable.name, block.reshape(variable.shape), bad), None)
        if found is not None:
            yield found


def _of_block(evidence: Evidence, name: str, block: Array, bad: Array) -> Iterator[tuple[Fault, Array, str]]:
    for axes in _subsets(block.ndim):
        if all(block.shape[axis] > 1 for axis in axes) and _holds(evidence, block, np.flip(block, axes), bad):
            along = f" along its axes {', '.join(map(str, axes))}" if len(axes) > 1 else f" along axis {axes[0]}"
            yield Fault.SWAPPED_COMPONENTS, bad, f"`{name}` is reversed{along if block.ndim > 1 else ''}"
    if block.ndim > 2:
        for order in itertools.permutations(range(block.ndim)):
            turned = block.transpose(order)
            if (
                order != tuple(range(block.ndim))
                and turned.shape == block.shape
                and _holds(evidence, block, turned, bad)
            ):
                yield Fault.TRANSPOSED, bad, f"the axes of `{name}` are exchanged, to {order}"
    if block.ndim == 1:
        yield from _parts_of_a_vector(evidence, name, block, bad)
    yield from _shifted(evidence, name, block, bad)


def _subsets(count: int) -> Iterator[tuple[int, ...]]:
    for size in range(1, count + 1):
        yield from itertools.combinations(range(count), size)


def _holds(evidence: Evidence, block: Array, source: Array, bad: Array) -> bool:
    """Whether the claim's components of `block` are the right values of those of `source`, all the wrong ones too."""
    same, apart = explained_at(evidence, block.ravel(), source.ravel())
    chosen = np.isin(block.ravel(), bad)
    return bool(same[chosen].all() and apart[chosen].any() and _distinct(evidence, source.ravel()[chosen]))


def explained_at(evidence: Evidence, targets: Array, sources: Array) -> tuple[Mask, Mask]:
    """Whether the claim's components `targets` hold the right values of `sources` at all points, and differ from their
    own somewhere; both of the shape of `targets`."""
    usable = evidence.usable[:, targets] & evidence.usable[:, sources]
    c, p = evidence.claimed[:, targets], evidence.reference[:, sources]
    with np.errstate(all="ignore"):
        slack = evidence.fit * np.maximum(np.abs(c), np.abs(p)) + evidence.bound[:, sources]
        near = np.abs(c - p) <= slack
        telling = evidence.differs[:, targets] & (np.abs(p - evidence.reference[:, targets]) > 4 * slack)
    return np.asarray((near | ~usable).all(axis=0) & usable.any(axis=0)), np.asarray((telling & usable).any(axis=0))


def _distinct(evidence: Evidence, sources: Array) -> bool:
    values = evidence.reference[:, sources]
    rows = np.flatnonzero(np.isfinite(values).all(axis=1))
    return bool(rows.size) and np.unique(np.round(values[rows[0]], 12)).size >= FEWEST_DISTINCT


def _parts_of_a_vector(evidence: Evidence, name: str, block: Array, bad: Array) -> Iterator[tuple[Fault, Array, str]]:
    """A matrix that was unpacked from a vector, or packed into it, in the wrong order.

    The first and last entry of a transposed matrix stay where they are, so it reaches one beyond the wrong ones.
    """
    low, high = int(bad.min()) - 1, int(bad.max()) + 1
    length = high - low + 1
    if low < block[0] or high > block[-1] or bad.size > MOST_FLAT:
        return
    run = np.arange(low, high + 1)
    for rows in range(2, math.isqrt(length * length) // 2 + 1):
        if length % rows or length // rows < 2:
            continue
        source = run.reshape((rows, length // rows)).T.ravel()
        if _holds(evidence, run, source, bad):
            first, last = low - int(block[0]), high - int(block[0])
            # What reads (rows, columns) transposed may as well have been written as (columns, rows).
            shape = f"{length // rows} × {rows}"
            yield Fault.TRANSPOSED, bad, f"{name}[{first}:{last + 1}], as a {shape} matrix, is transposed"
            return


def _shifted(evidence: Evidence, name: str, block: Array, bad: Array) -> Iterator[tuple[Fault, Array, str]]:
    """Each component holds the value of its neighbour along one axis or several; what comes in at the end is free."""
    for shift in itertools.product((-1, 0, 1), repeat=block.ndim):
        if not any(shift) or (block.ndim == 1 and evidence.problem.variables.size == block.size):
            continue  # a plain vector is looked at elsewhere
        here = tuple(slice(max(0, -s), block.shape[axis] - max(0, s)) for axis, s in enumerate(shift))
        there = tuple(slice(max(0, s), block.shape[axis] - max(0, -s)) for axis, s in enumerate(shift))
        targets, sources = block[here].ravel(), block[there].ravel()
        chosen = np.isin(targets, bad)
        if chosen.sum() < max(FEWEST, bad.size // 2):
            continue
        same, apart = explained_at(evidence, targets, sources)
        if same[chosen].all() and apart[chosen].any() and _distinct(evidence, sources[chosen]):
            by = ", ".join(f"{s:+d}" for s in shift)
            message = f"each component of `{name}` holds the value of its neighbour at ({by}): an index is off by one"
            yield Fault.OFF_BY_ONE_INDEX, bad, message
            return
