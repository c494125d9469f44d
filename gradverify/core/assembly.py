"""What a claimed derivative returned, brought into the derivative's own layout, or refused with both shapes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradverify.core.arrays import Array
from gradverify.core.problem import Derivative
from gradverify.core.variables import Shape, Variables


@dataclass(frozen=True, slots=True)
class Assembled:
    """One claimed value in the derivative's layout, with the convention that had to be accepted, if any."""

    value: Array  # shape: the derivative's
    convention: str | None = None
    single_precision: bool = False
    fresh: bool = False  # `value` shares no memory with what the claim returned


class WrongShape(Exception):  # noqa: N818 - a verdict on the claim, not an error of ours
    """The claim's value cannot be read as the derivative; the message shows both shapes."""


def without_ones(shape: Shape) -> Shape:
    """The shape less its axes of length 1: what row, column and flat conventions have in common."""
    return tuple(length for length in shape if length != 1)


def show(shape: Shape) -> str:
    """`(3,)`, `(2, 3)`, `()`: a shape as Python writes it."""
    return str(tuple(shape))


def match_shape(actual: Shape, wanted: Shape, what: str) -> str | None:
    """None if `actual` is `wanted`, a note if only a row or column convention differs; raises `WrongShape`
    otherwise."""
    if actual == wanted:
        return None
    if without_ones(actual) == without_ones(wanted) and math.prod(actual) == math.prod(wanted):
        return f"{what} has shape {show(actual)}, accepted for {show(wanted)} (row or column convention)"
    hint = ""
    if len(actual) == 2 and actual == wanted[::-1]:
        hint = ": it is transposed"
    elif math.prod(actual) == math.prod(wanted):
        hint = ": the number of components is right, their arrangement is not"
    raise WrongShape(f"{what} has shape {show(actual)}, expected {show(wanted)}{hint}")


# What an array holds that holds no numbers, by the letter of its dtype; `<U3` says nothing to most people.
_KINDS = {"U": "text", "S": "bytes", "T": "text", "M": "dates", "m": "spans of time", "V": "records"}


def as_numbers(value: Any, what: str) -> Array:
    """A user's value as a float array (complex stays complex); raises `WrongShape` for what holds no numbers."""
    try:
        if np.ma.is_masked(value):
            raise WrongShape(f"{what} is a masked array with masked elements, which have no value")
        array = np.asarray(value)
        if array.dtype == object:
            array = np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise WrongShape(f"{what} cannot be read as an array of numbers ({error})") from None
    if array.dtype.kind in "biu":
        return array.astype(np.float64)
    if array.dtype.kind not in "fc":
        raise WrongShape(f"{what} holds {_KINDS.get(array.dtype.kind, array.dtype.name)}, not numbers")
    return array


def assemble(raw: Any, variables: Variables, derivative: Derivative, outputs: Shape) -> Assembled:
    """Read a claim's return value `raw` as the derivative with respect to all `variables`.

    outputs: the function's output shape, () or (m,). The result has shape (n,), (m, n) or (n, n).
    Accepted: the whole array; a sequence or mapping with one entry a variable; for a Hessian also nested ones.
    """
    if raw is None:
        raise WrongShape(f"the claimed {derivative.value} returned None (is a `return` missing?)")
    if derivative is Derivative.HESSIAN:
        return _hessian(raw, variables)
    lead = outputs if derivative is Derivative.JACOBIAN else ()
    what = f"the claimed {derivative.value}"
    whole = (lead and _is_rows(raw, variables)) or _is_whole(raw, (*lead, variables.size), variables)
    parts = None if whole else _parts(raw, variables, what)
    if parts is None:
        array = as_numbers(raw, what)
        wanted = (*lead, variables.size)
        only = variables.items[0] if len(variables) == 1 else None
        if only is not None and not (lead and array.shape == wanted):  # (m, n) is a Jacobian of any variable
            natural = (*lead, *only.shape)
            note = match_shape(array.shape, natural, what)
        else:
            note = match_shape(array.shape, wanted, what)
        return Assembled(array.reshape(wanted), note, _is_single(array))
    blocks, notes, single = [], [], True
    for variable in variables:
        label = f"{what} for `{variable.name}`"
        block = as_numbers(parts[variable.name], label)
        note = match_shape(block.shape, (*lead, *variable.shape), label)
        notes += [note] if note else []
        single = single and _is_single(block)
        blocks.append(block.reshape((*lead, variable.size)))
    return Assembled(np.concatenate(blocks, axis=-1), "; ".join(notes) or None, single, fresh=True)


def _is_single(array: Array) -> bool:
    return array.dtype in (np.dtype(np.float32), np.dtype(np.float16), np.dtype(np.complex64))


def _is_whole(raw: Any, shape: Shape, variables: Variables) -> bool:
    """Whether nested lists hold the whole array, and not one entry a variable, of which there are as many as rows."""
    if not isinstance(raw, (list, tuple)) or len(raw) != shape[0] or len(raw) == len(variables):
        return False
    try:
        return all(np.shape(entry) == shape[1:] for entry in raw)
    except ValueError:  # ragged
        return False


def _is_rows(raw: Any, variables: Variables) -> bool:
    """Whether a Jacobian by scalars is written row by row, `[[∂f₀/∂x, ∂f₀/∂y], …]`, and not by variable.

    With as many outputs as variables both have the same shape: nested lists are rows, as in a spec and in NumPy, and
    arrays are what belongs to one variable each.
    """
    nested = isinstance(raw, (list, tuple)) and all(isinstance(row, (list, tuple)) for row in raw)
    scalars = all(variable.shape == () for variable in variables)
    return nested and scalars and all(len(row) == len(variables) for row in raw)


def _parts(raw: Any, variables: Variables, what: str) -> dict[str, Any] | None:
    """The entries by variable where `raw` is given that way; None where it is one array."""
    if isinstance(raw, Mapping):
        missing = [name for name in variables.names if name not in raw]
        extra = [str(name) for name in raw if name not in variables]
        if missing or extra:
            complaint = [f"lacks `{name}`" for name in missing] + [f"has an unknown entry `{name}`" for name in extra]
            raise WrongShape(f"{what} {', '.join(complaint)}")
        return dict(raw)
    if isinstance(raw, Sequence) and not isinstance(raw, (str, bytes)) and len(variables) > 1:
        if all(variable.shape == () for variable in variables) and len(raw) != len(variables):
            return None  # scalars: a nested list such as [[a, b, c]] is one array in row form
        if len(raw) == len(variables):
            return dict(zip(variables.names, raw, strict=True))
        raise WrongShape(f"{what} has {len(raw)} entries, expected {len(variables)}, one a variable")
    return None


def _hessian(raw: Any, variables: Variables) -> Assembled:
    what = "the claimed hessian"
    n = variables.size
    whole = _is_whole(raw, (n, n), variables)
    rows = _parts(raw, variables, what) if not whole and (len(variables) > 1 or isinstance(raw, Mapping)) else None
    flat = all(variable.shape == () for variable in variables)
    if rows is None or (flat and not isinstance(raw, Mapping)):
        array = as_numbers(raw, what)
        only = variables.items[0] if len(variables) == 1 else None
        natural = (*only.shape, *only.shape) if only is not None else (n, n)
        if array.shape == (n, n):
            return Assembled(array, None, _is_single(array))
        note = match_shape(array.shape, natural, what)
        return Assembled(array.reshape((n, n)), note, _is_single(array))
    blocks, notes, single = [], [], True
    for first in variables:
        columns = _parts(rows[first.name], variables, f"{what} for `{first.name}`")
        if columns is None:
            raise WrongShape(f"{what} for `{first.name}` is not given by variable")
        line = []
        for second in variables:
            label = f"{what} for `{first.name}`, `{second.name}`"
            block = as_numbers(columns[second.name], label)
            note = match_shape(block.shape, (*first.shape, *second.shape), label)
            notes += [note] if note else []
            single = single and _is_single(block)
            line.append(block.reshape((first.size, second.size)))
        blocks.append(np.concatenate(line, axis=1))
    return Assembled(np.concatenate(blocks, axis=0), "; ".join(notes) or None, single)
