"""Arrays that notice when code bounds them by a safeguard, as `np.clip(p, 1e-15, 1 - 1e-15)` does, and pass it by.

An array of NumPy's that sees each function it is given to: `clip`, `maximum`, `minimum` and comparisons with a bound
that `expression/safeguards.py` calls a safeguard answer as if nothing were beyond the bound, in whatever form the code
has it (`p[p < 1e-12] = 1e-12`, `max(p, 1e-12)`, `if norm < 1e-8`). Functions with an edge, such as `log`, tell when
they come near it: a bound without such is a part of what the code computes.
"""

from __future__ import annotations

import cmath
import linecache
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradverify.expression.safeguards import (
    EXPONENTIALS,
    LEAST_EXPONENT,
    NEAR,
    is_clear,
    is_far,
    is_safeguard,
)

MOST_PASSED_BY = 100_000  # in one call: a loop that ends where something is small does not end without that
LONGEST = 60  # characters of a line that a note shows
Site = tuple[str, int]  # file and line
Edge = tuple[Site, str]  # where a function is called, and which one

_LOWER = frozenset(("maximum", "fmax"))
_UPPER = frozenset(("minimum", "fmin"))
_TURNED = {"less": "greater", "less_equal": "greater_equal", "greater": "less", "greater_equal": "less_equal"}
# How far an operand is above the edge of such a function; NaN counts as beyond.
_EDGES: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("log", "log2", "log10", "sqrt", "cbrt", "gammaln", "digamma", "psi", "reciprocal"), lambda u: u),
    "log1p": lambda u: 1.0 + u,
    "arccosh": lambda u: u - 1.0,
    **dict.fromkeys(("arcsin", "arccos", "arctanh"), lambda u: 1.0 - np.abs(u)),
}
_EXPONENTIALS = EXPONENTIALS | {"expit", "logaddexp"}
_EDGES_OF_SECOND = frozenset(("divide", "true_divide", "xlogy"))  # whose second operand is the one


class PassedByTooOftenError(Exception):
    """Code needs what looked like a safeguard: a loop ends by it."""


@dataclass(slots=True)
class Watch:
    """What was noticed.

    kept: places whose bounds are left as they are.  usual: what is near an edge at ordinary points already.
    forced: a place, and whether above, whose value is answered with the bound, to see which edge that keeps f from.
    """

    passes_by: bool
    bounds_only: bool = False  # comparisons are left as they are
    kept: frozenset[Site] = frozenset()
    usual: frozenset[Edge] = frozenset()
    forced: tuple[Site, bool] | None = None
    seen: set[Site] = field(default_factory=set)
    active: dict[Site, set[bytes]] = field(default_factory=dict)  # the values, as bytes, that are changed there
    sides: dict[bytes, set[bool]] = field(default_factory=dict)  # of values: whether bounded below, above (True)
    edges: set[Edge] = field(default_factory=set)  # near which an operand is
    exponents: set[Edge] = field(default_factory=set)  # whose argument a far bound would have changed
    far: set[Site] = field(default_factory=set)  # where a bound is far
    bounded: set[tuple[Site, bool]] = field(default_factory=set)  # where a value is bounded, and whether above
    compared: set[Site] = field(default_factory=set)  # where a value is compared with a bound
    clear: set[Site] = field(default_factory=set)  # where what is bounded is far from the bound
    count: int = 0
    # What was bounded, flat, and which of it was changed, in the order of the calls, at the sites that are not kept.
    subjects: list[tuple[Any, Any]] = field(default_factory=list)

    def counts(self, bound: float | None, *, upper: bool) -> bool:
        """Whether a bound may be a safeguard; a far one in a claim may clip the gradient itself."""
        if bound is None:
            return False
        return is_safeguard(bound, upper=upper) or (is_far(bound, upper=upper) and not self.bounds_only)

    def bounds(self, site: Site, value: Any, beyond: Any, sides: Mapping[bool, float]) -> bool:
        """Note a bound of `value` at `site`, and say whether to pass it by.

        beyond: which entries it changes.  sides: the bound from above (True), from below.
        """
        if any(is_far(bound, upper=upper) for upper, bound in sides.items()):
            self.far.add(site)
        key = np.asarray(value).tobytes()
        self.sides.setdefault(key, set()).update(sides)
        self.bounded |= {(site, upper) for upper in sides}
        if any(is_clear(value, bound, upper=upper) for upper, bound in sides.items()):
            self.clear.add(site)
        self.seen.add(site)
        self.count += 1
        if self.count > MOST_PASSED_BY:
            raise PassedByTooOftenError
        if np.any(beyond):
            self.active.setdefault(site, set()).add(key)
        if site not in self.kept:
            self.subjects.append((np.array(value).ravel(), np.array(beyond).ravel()))
        return self.passes_by and site not in self.kept

    def comes_near(self, site: Site) -> bool:
        """Whether f comes near an edge, of the kind that a bound at `site` is for, that it is not near as a rule."""
        return bool((self.exponents if site in self.far else self.edges) - self.usual)

    def needed(self) -> list[Site]:
        """Where a safeguard is active that keeps the code from an edge, or one of two on both sides of a value."""
        return [
            site
            for site, values in self.active.items()
            if site not in self.kept
            and (self.comes_near(site) or (site not in self.far and any(len(self.sides[key]) > 1 for key in values)))
        ]


_watches: list[Watch] = []  # the innermost is the one that notices


class Watching:
    """A context in which `watch` notices what is done with watched arrays."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def __enter__(self) -> Watch:
        _watches.append(self.watch)
        return self.watch

    def __exit__(self, *_: object) -> None:
        _watches.pop()


def _site() -> Site:
    """The line of the code that is outside this module and NumPy."""
    frame = sys._getframe(1)
    while frame.f_back is not None and (
        frame.f_code.co_filename == __file__ or f"{frame.f_globals.get('__name__', '')}.".startswith("numpy.")
    ):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def line_at(site: Site) -> str:
    """The text of a line of code."""
    text = linecache.getline(*site).strip()
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _number(value: Any) -> float | None:
    """The plain number that `value` is, if it is one."""
    if isinstance(value, (Watched, bool)):
        return None
    if isinstance(value, (int, float, np.floating, np.integer)):
        return float(value)
    return float(value) if isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "fiu" else None


class Watched(np.ndarray):
    """An array that tells the innermost watch what is done with it."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **named: Any) -> Any:
        name = ufunc.__name__
        watch = _watches[-1] if _watches and method == "__call__" else None
        if watch is not None:
            if len(inputs) == 2 and (name in _LOWER or name in _UPPER or name in _TURNED):
                found = _bounded(watch, name, *inputs)
                if found is not None:
                    return found if "out" not in named else _into(named["out"][0], found)
            if name == "clip":
                found = _np_clip(*inputs)
                return found if "out" not in named else _into(named["out"][0], found)
            _notice_edges(watch, name, inputs)
        given = named.get("out")
        if given is not None:
            named["out"] = tuple(plain(part) for part in given)
        if "where" in named:
            named["where"] = plain(named["where"])
        result = getattr(ufunc, method)(*map(plain, inputs), **named)
        if given is not None:
            return given[0] if len(given) == 1 else given
        return watched(result)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func is np.clip:
            return _np_clip(*args, **kwargs)
        return watched(func(*map(plain, args), **{name: plain(value) for name, value in kwargs.items()}))

    def clip(self, min: Any = None, max: Any = None, out: Any = None, **_: Any) -> Any:
        """`clip` without safeguards."""
        found = _np_clip(self, min, max)
        return found if out is None else _into(out, found)

    def __getitem__(self, key: Any) -> Any:
        return watched(plain(self)[plain(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        plain(self)[plain(key)] = plain(value)

    def __iter__(self) -> Iterator[Any]:
        return iter([self[i] for i in range(len(self))])


def watched(value: Any) -> Any:
    """`value` with its arrays and floating-point or complex numbers watched."""
    if isinstance(value, Watched):
        return value
    if isinstance(value, np.ndarray):
        return value.view(Watched) if value.dtype.kind in "fbc" else value
    if isinstance(value, (float, complex, np.inexact, np.bool_)):
        return np.asarray(value).view(Watched)
    if type(value) in (list, tuple):
        return type(value)(map(watched, value))
    return value


def plain(value: Any) -> Any:
    """`value` with NumPy's own arrays in place of watched ones."""
    if isinstance(value, Watched):
        return value.view(np.ndarray)
    if type(value) in (list, tuple):
        return type(value)(map(plain, value))
    if type(value) is dict:
        return {key: plain(item) for key, item in value.items()}
    return value


def _into(out: Any, value: Any) -> Any:
    plain(out)[...] = plain(value)
    return out


def _bounded(watch: Watch, name: str, left: Any, right: Any) -> Any:
    """`maximum`, `minimum` or a comparison without the safeguard that one side is; None where neither is one."""
    bound, subject = _number(right), left
    if bound is None:
        bound, subject, name = _number(left), right, _TURNED.get(name, name)
    if bound is None:
        return None
    value = plain(subject)
    with np.errstate(all="ignore"):
        if name in _LOWER or name in _UPPER:
            if not watch.counts(bound, upper=name in _UPPER):
                return None
            site, upper = _site(), name in _UPPER
            beyond = ~(value < bound) if upper else ~(value > bound)
            passed_by = watch.bounds(site, value, beyond, {upper: bound})
            if watch.forced == (site, upper):
                return watched(np.full(np.shape(value), bound))
            return watched(value) if passed_by else None
        # A comparison is answered as if the subject were on the safe side of the bound.
        lower = 0.0 < bound < 0.5 and is_safeguard(bound, upper=False)
        if watch.bounds_only or not (lower or (bound > 0.5 and is_safeguard(bound, upper=True))):
            return None
        beyond = ~(value > bound) if lower else ~(value < bound)
        site = _site()
        watch.compared.add(site)
        passed_by = watch.bounds(site, value, beyond, {not lower: bound})
        if watch.forced == (site, not lower):
            return watched(np.full(np.shape(value), lower == name.startswith("less")))
        if not passed_by:
            return None
        return watched(np.full(np.shape(value), lower == name.startswith("greater")))


def _np_clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, **named: Any) -> Any:
    a_min, a_max = named.get("min", a_min), named.get("max", a_max)
    if _watches:
        a_min, a_max = _clip_bounds(_watches[-1], a, a_min, a_max)
    found = plain(a) if a_min is None and a_max is None else np.clip(plain(a), plain(a_min), plain(a_max))
    return watched(np.array(found)) if out is None else _into(out, found)


def _clip_bounds(watch: Watch, subject: Any, low: Any, high: Any) -> tuple[Any, Any]:
    """The bounds of a `clip` that are no safeguards."""
    lower, upper = _number(low), _number(high)
    lower = lower if watch.counts(lower, upper=False) else None
    upper = upper if watch.counts(upper, upper=True) else None
    if lower is None and upper is None:
        return low, high
    value = plain(subject)
    with np.errstate(all="ignore"):
        beyond = ~((value > (-np.inf if lower is None else lower)) & (value < (np.inf if upper is None else upper)))
    sides = {side: bound for side, bound in ((False, lower), (True, upper)) if bound is not None}
    site = _site()
    passed_by = watch.bounds(site, value, beyond, sides)
    if watch.forced is not None and watch.forced[0] == site and watch.forced[1] in sides:
        return sides[watch.forced[1]], sides[watch.forced[1]]
    if not passed_by:
        return low, high
    return (low if lower is None else None), (high if upper is None else None)


def _notice_edges(watch: Watch, name: str, inputs: tuple[Any, ...]) -> None:
    """Whether a function with an edge has an operand near it, or beyond; or an exponential one a large argument."""
    if name in _EXPONENTIALS:
        if np.any(np.abs(plain(inputs[0])) >= LEAST_EXPONENT):
            watch.exponents.add((_site(), name))
        return
    if name in _EDGES:
        distance = _EDGES[name](plain(inputs[0]))
    elif name in _EDGES_OF_SECOND:
        if not isinstance(inputs[1], Watched):  # a number, and no value that a bound could keep from 0
            return
        distance = plain(inputs[1])
    elif name in ("power", "float_power"):
        exponent = _number(inputs[1])
        if exponent is not None and exponent >= 0 and exponent == int(exponent):
            return
        distance = plain(inputs[0])
    else:
        return
    with np.errstate(all="ignore"):
        if np.any(~(np.asarray(distance) > NEAR)):
            watch.edges.add((_site(), name))


def mathematics(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of `math` that gives watched numbers for watched ones, and that of `cmath` for complex ones."""

    def computed(*args: Any) -> Any:
        if _watches and any(isinstance(a, Watched) for a in args):
            _notice_edges(_watches[-1], function.__name__, args)
        given = list(map(plain, args))
        try:
            if any(np.iscomplexobj(a) for a in given):
                return watched(getattr(cmath, function.__name__)(*given))
            return watched(function(*given))
        except ValueError:  # log(0), which the safeguard was there for
            return watched(math.nan)

    return computed
