"""Whether a backend's answer can be judged at all: rubbish costs the backend its own results, and is named."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gradverify.core.arrays import Tensor
from gradverify.core.estimates import Estimate, Estimates, Kink, Note, Proof, Screened
from gradverify.core.problem import Problem, Request
from gradverify.core.verdicts import Evidence

_FLOAT64 = np.dtype(np.float64)
_NONE: tuple[object, ...] = ()  # there is one empty tuple only


def check_estimates(problem: Problem, request: Request, answer: object) -> str | None:
    """None if `answer` is what `problem` and `request` ask for, else a clause that names the first thing wrong.

    Follows "the backend's answer is unusable: ...".
    """
    if not isinstance(answer, Estimates):
        return f"it is {_a(answer)}, not Estimates"
    points: object = answer.points
    evaluations: object = answer.evaluations
    if not isinstance(points, tuple | list):
        return f"`points` is {_a(points)}, not a tuple of Estimate"
    wanted = request.points.shape[0]
    if len(points) != wanted:
        return f"{len(points)} estimates for {wanted} points"
    if isinstance(evaluations, bool) or not isinstance(evaluations, int | np.integer) or evaluations < 0:
        return f"`evaluations` is {evaluations!r}, not a count"
    shape = problem.shape
    size = math.prod(shape)
    for index, estimate in enumerate(points):
        fault = _estimate_fault(estimate, shape, size)
        if fault is not None:
            return f"at point {index + 1} of {wanted}, {fault}"
    fault = _bounds_fault(points, size)
    if fault is not None:
        return fault
    return _notes_fault(answer.notes, size) or _proof_fault(answer.proof, size)


def check_screened(problem: Problem, request: Request, answer: object) -> str | None:
    """The same for the rough answer to a screening request."""
    if not isinstance(answer, Screened):
        return f"it is {_a(answer)}, not Screened"
    rows = request.points.shape[0]
    shape = (rows, *problem.shape)
    finite: object = answer.finite
    fault = _array_fault(answer.values, "values", shape) or _array_fault(answer.error_bounds, "error_bounds", shape)
    if fault is None and not (isinstance(finite, np.ndarray) and finite.dtype == np.bool_ and finite.shape == (rows,)):
        fault = "`finite` is not an array of one truth value a point"
    return fault or _bound_fault(answer.values, answer.error_bounds)


def _estimate_fault(estimate: object, shape: tuple[int, ...], size: int) -> str | None:
    if not isinstance(estimate, Estimate):
        return f"there is {_a(estimate)}, not an Estimate"
    fault = _array_fault(estimate.value, "value", shape) or _array_fault(estimate.error_bound, "error_bound", shape)
    if fault is not None:
        return fault
    evidence: object = estimate.evidence
    if not isinstance(evidence, Evidence):
        return f"`evidence` is {evidence!r}, not an Evidence"
    notes, kinks = estimate.notes, estimate.kinks
    if notes is _NONE and kinks is _NONE:
        return None
    return _notes_fault(notes, size) or _kinks_fault(kinks, size)


CHECKED_AT_ONCE = 1 << 16  # numbers of all points that are copied to be looked at together


def _bounds_fault(points: Sequence[Estimate], size: int) -> str | None:
    """The first fault of a value and its bound; their types and shapes are right."""
    if points and size * len(points) <= CHECKED_AT_ONCE:
        values, bounds = (
            np.concatenate([array.ravel() for array in arrays])
            for arrays in ([e.value for e in points], [e.error_bound for e in points])
        )
        if _bound_fault(values, bounds) is None:
            return None
    for index, estimate in enumerate(points):
        fault = _bound_fault(estimate.value, estimate.error_bound)
        if fault is not None:
            return f"at point {index + 1} of {len(points)}, {fault}"
    return None


def _bound_fault(value: Tensor, bound: Tensor) -> str | None:
    if (bound >= 0).all() and np.isfinite(value).all():
        return None
    if bool(np.isnan(bound).any()):
        return "the error bound is NaN (where nothing is known it must be infinite)"
    if bool((bound < 0).any()):
        return f"the error bound is negative ({float(np.min(bound)):.3g})"
    baseless = ~np.isfinite(value) & np.isfinite(bound)
    if bool(baseless.any()):
        return f"component {int(np.flatnonzero(baseless)[0])} has no finite value, but a finite error bound"
    return None


def _array_fault(value: object, name: str, shape: tuple[int, ...]) -> str | None:
    if not isinstance(value, np.ndarray):
        return f"`{name}` is {_a(value)}, not an array"
    if value.dtype == _FLOAT64 and value.shape == shape:
        return None
    if value.dtype.kind != "f" or value.dtype.itemsize < np.dtype(np.float64).itemsize:
        return f"`{name}` has dtype {value.dtype}, not float64"
    return None if value.shape == shape else f"`{name}` has shape {value.shape}, expected {shape}"


def _notes_fault(notes: object, size: int) -> str | None:
    if not isinstance(notes, tuple | list):
        return f"`notes` is {_a(notes)}, not a tuple of Note"
    for note in notes:
        if not isinstance(note, Note):
            return f"`notes` holds {_a(note)}, not a Note"
        if any(not _is_index(component, size) for component in note.components):
            return f"a note names components {tuple(note.components)}, but there are {size}"
    return None


def _kinks_fault(kinks: object, size: int) -> str | None:
    if not isinstance(kinks, tuple | list):
        return f"`kinks` is {_a(kinks)}, not a tuple of Kink"
    for kink in kinks:
        if not isinstance(kink, Kink):
            return f"`kinks` holds {_a(kink)}, not a Kink"
        if not _is_index(kink.component, size):
            return f"a kink names component {kink.component!r}, but there are {size}"
        if not kink.bound >= 0:
            return f"a kink's bound is {kink.bound!r}"
    return None


def _proof_fault(proof: object, size: int) -> str | None:
    if proof is None:
        return None
    if not isinstance(proof, Proof):
        return f"`proof` is {_a(proof)}, not a Proof"
    if len(proof.components) != size:
        return f"the proof speaks of {len(proof.components)} components, but there are {size}"
    if proof.identical is True and any(verdict is not True for verdict in proof.components):
        return "the proof calls the whole identical, but not every component"
    for name in ("reference", "claimed", "difference"):
        texts = getattr(proof, name)
        if texts and len(texts) != size:
            return f"the proof's `{name}` has {len(texts)} entries, but there are {size} components"
    return None


def _is_index(value: object, size: int) -> bool:
    return isinstance(value, int | np.integer) and 0 <= int(value) < size


def _a(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
