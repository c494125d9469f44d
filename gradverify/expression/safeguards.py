"""Constants that keep a formula from where it has no value, as in `log(maximum(p, 1e-12))`, and it without them.

Such a safeguard bounds a value by a number next to 0, 1 or −1, and what is bounded goes on into a logarithm, a root or
a denominator; or by a large number, and it goes on into an exponential function, as in `exp(clip(z, -500, 500))`.
`clip(x, -1, 1)` and `maximum(x, 0)` are none: they are what the function is made of. Nor is what is
added, as in `sqrt(x**2 + 1e-12)`, which has no region of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradverify.expression.evaluate import evaluate_tree, evaluate_trees
from gradverify.expression.guards import GuardKind, guards
from gradverify.expression.nodes import Call, Compare, Comparison, Index, Name, Node, Number, Stack
from gradverify.expression.numpy_arithmetic import NUMPY
from gradverify.expression.places import places, replaced
from gradverify.expression.shapes import broadcast
from gradverify.expression.text import to_text
from gradverify.expression.walk import walk

# The largest number in use as such a bound: 1e-6 in many loss functions, 1e-7 in Keras (`keras.config.epsilon`), 1e-8
# in PyTorch (`torch.nn.functional.cosine_similarity`), 1e-12 (`torch.nn.functional.normalize`), 1e-15 in older
# scikit-learn (`log_loss`). A larger bound, such as 1e-2, changes what is computed.
LARGEST = 1e-6
ROUNDED = 1e-3  # relative to that: 1 − 1e-6 as a double is a little more or less
# How many times further from an edge than the bound a value is at some listed point at least: where lengths are listed
# as 2e-7 and 5e-7 in metres, a bound of 1e-7 is a part of the model. A convention: two digits, as between a
# probability of 1e-5 and a bound of 1e-7.
CLEARANCE = 100.0
NEAR = 4.0 * LARGEST  # of an edge: 1 − u² is about twice 1 − u, and bounds lie up to `LARGEST` from it
# The least size of a bound of what goes into an exponential function: exp(30) is 1e13, and sigmoid(30) is 1 to 1e-13.
# Such bounds keep exp from overflowing, which is at 709 in double and at 88 in single precision.
LEAST_EXPONENT = 30.0
EXPONENTIALS = frozenset(
    ("exp", "exp2", "expm1", "sinh", "cosh", "tanh", "sigmoid", "softplus", "logsumexp", "softmax")
)
_LEAST = Number(LEAST_EXPONENT, str(LEAST_EXPONENT))
_MOST_ROUNDS = 4  # of taking safeguards out and putting back those that are none
_LESS = frozenset((Comparison.LT, Comparison.LE))
_MORE = frozenset((Comparison.GT, Comparison.GE))


def is_safeguard(bound: float, *, upper: bool) -> bool:
    """Whether a lower (or `upper`) bound is next to, and on the right side of, a number where formulas have an edge.

    Below: from 0 or −1 upwards; above: from 1 or 0 downwards.
    """
    distance = (1.0 - bound if bound > 0 else -bound) if upper else (bound if bound > 0 else 1.0 + bound)
    return 0.0 < distance <= LARGEST * (1.0 + ROUNDED)


def is_far(bound: float, *, upper: bool) -> bool:
    """Whether a lower (or `upper`) bound is one that keeps an exponential function from overflowing."""
    return bool(np.isfinite(bound)) and (bound if upper else -bound) >= LEAST_EXPONENT


def is_clear(value: Any, bound: float, *, upper: bool) -> bool:
    """Whether `value`, at ordinary points, has an entry far from where a lower (or `upper`) bound becomes active.

    Bounds that are far from everything, as of what goes into an exponential function, are no matter of scale.
    """
    if is_far(bound, upper=upper):
        return True
    edge = float(round(bound))
    with np.errstate(all="ignore"):
        return bool((np.abs(np.asarray(value) - edge) >= CLEARANCE * abs(bound - edge)).any())


@dataclass(frozen=True, slots=True)
class Safeguard:
    """A part of a formula, `source`, that bounds `subject` by `bound`; the subject stands there without it.

    edges: nodes that contain the subject, and near whose zero (or below it) the formula has no value, or overflows.
    """

    source: Node
    subject: Node
    bound: float
    upper: bool
    edges: tuple[Node, ...] = ()

    @property
    def text(self) -> str:
        """As the author may have written it."""
        return to_text(self.source)

    def bounds(self, subject: Any) -> Any:
        """Which values of the subject it changes."""
        with np.errstate(all="ignore"):
            return ~(subject < self.bound) if self.upper else ~(subject > self.bound)


@dataclass(frozen=True, slots=True)
class Bare:
    """Trees without their safeguards, and those."""

    trees: tuple[Node, ...]
    safeguards: tuple[Safeguard, ...]

    def active(self, values: Mapping[str, Any], rows: int, constants: Mapping[str, Any]) -> list[str]:
        """For each of `rows` points the text of a safeguard that is active there, and needed; "" where none is.

        A bound on one side is needed where f is near an edge. Those on both sides of one value belong together: both
        are needed where f would be near an edge if one of them were active, as log(2 + clip(x, 1e-7, 1 - 1e-7)) never
        is.
        values: the variables, each (rows, *its shape).
        """
        found = [""] * rows
        for guard in self.safeguards:
            asked = (guard.subject, *guard.edges, *self.at_its_bounds(guard))
            subject, *edges = (
                np.asarray(value).reshape((rows, -1)) for value in evaluate_trees(asked, values, NUMPY, rows, constants)
            )
            with np.errstate(all="ignore"):
                bounded = guard.bounds(subject).any(axis=1)
                needed = np.any([~(edge > NEAR).all(axis=1) for edge in edges], axis=0) if edges else np.False_
            for row in np.flatnonzero(bounded & needed).tolist():
                found[row] = found[row] or guard.text
        return found

    def at_its_bounds(self, guard: Safeguard) -> list[Node]:
        """The edges where the subject of `guard` is at its bounds, if it has some on both sides, else none."""
        pair = [other for other in self.safeguards if other.subject == guard.subject]
        if len({other.upper for other in pair}) < 2:
            return []
        return [_with_subject_at(edge, other) for other in pair for edge in other.edges]

    def is_clear(self, guard: Safeguard, values: Mapping[str, Any], rows: int, constants: Mapping[str, Any]) -> bool:
        """Whether what `guard` bounds, on either side, is far from the bound at one of `rows` ordinary points."""
        (subject,) = evaluate_trees((guard.subject,), values, NUMPY, rows, constants)
        same = [other for other in self.safeguards if other.subject == guard.subject]
        return any(is_clear(subject, other.bound, upper=other.upper) for other in same)

    def subjects(
        self, values: Mapping[str, Any], rows: int, constants: Mapping[str, Any]
    ) -> list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
        """What each safeguard bounds, (rows, entries), and which of that it changes."""
        trees = tuple(guard.subject for guard in self.safeguards)
        found = [np.asarray(v).reshape((rows, -1)) for v in evaluate_trees(trees, values, NUMPY, rows, constants)]
        return [(value, guard.bounds(value)) for guard, value in zip(self.safeguards, found, strict=True)]


def _with_subject_at(edge: Node, guard: Safeguard) -> Node:
    """`edge` where the subject of `guard` is at the bound."""
    bound = Number(guard.bound, str(guard.bound))
    bounded = Call("clip", (guard.subject, bound, bound), guard.subject.shape)
    for path in [path for path, part in places(edge) if part == guard.subject]:
        edge = replaced(edge, path, bounded)
    return edge


def bare(
    trees: Sequence[Node],
    variables: frozenset[str],
    constants: Mapping[str, Any],
    *,
    bounds_only: bool = False,
    kept: frozenset[tuple[Node, bool]] = frozenset(),
) -> Bare:
    """`trees` without their safeguards. variables: the names that are none of `constants`.

    kept: bounds that stay, as the part that bounds and whether above.
    bounds_only: `where(p < 1e-7, 0, …)` is a branch, and none of them; `where(p < 1e-7, 1e-7, p)` is a bound.
    """
    near = _parts(edge for tree in trees for edge in _edges(tree))
    far = _parts(edge for tree in trees for edge in _overflows(tree))
    none = kept  # and bounds that keep nothing from an edge
    for _ in range(_MOST_ROUNDS):
        taker = _Taker(variables, constants, bounds_only, none)
        taken = tuple([taker.without(tree) for tree in trees])
        if not taker.found:
            break
        edges = {
            False: [(edge, _parts([edge])) for tree in taken for edge in _edges(tree)],
            True: [(edge, _parts([edge])) for tree in taken for edge in _overflows(tree)],
        }
        found = []
        for guard in dict.fromkeys(taker.found):
            is_one_of_far = is_far(guard.bound, upper=guard.upper)
            chooses = isinstance(guard.source, Call) and guard.source.function == "where"
            if chooses or guard.source in (far if is_one_of_far else near):
                inside = tuple(edge for edge, parts in edges[is_one_of_far] if guard.subject in parts)
                found.append(replace(guard, edges=inside))
            else:
                found.append(guard)
        # A claim may do without the logarithm: that of a bounded p is p − y.
        stay = {
            (guard.source, guard.upper)
            for guard in found
            if not guard.edges and not (bounds_only and is_safeguard(guard.bound, upper=guard.upper))
        }
        if not stay:
            return Bare(taken, tuple(found))
        none |= stay
    return Bare(tuple(trees), ())


def _parts(nodes: Iterable[Node]) -> frozenset[Node]:
    return frozenset(part for node in nodes for part in walk(node))


def _edges(tree: Node) -> list[Node]:
    """Near whose zero the tree has no value."""
    return [guard.node for guard in guards(tree) if guard.kind is GuardKind.EDGE]


def _overflows(tree: Node) -> list[Node]:
    """What becomes 0 or less where an exponential function of the tree has a large argument."""
    arguments = [part.arguments[0] for part in walk(tree) if isinstance(part, Call) and part.function in EXPONENTIALS]
    return [Call("subtract", (_LEAST, Call("abs", (a,), a.shape)), a.shape) for a in dict.fromkeys(arguments)]


class _Taker:
    """Takes safeguards out of trees, and keeps what it took."""

    def __init__(
        self,
        variables: frozenset[str],
        constants: Mapping[str, Any],
        bounds_only: bool,
        none: frozenset[tuple[Node, bool]],
    ) -> None:
        self.variables, self.constants, self.bounds_only, self.none = variables, constants, bounds_only, none
        self.found: list[Safeguard] = []

    def without(self, node: Node) -> Node:
        match node:
            case Call():
                call = replace(node, arguments=tuple([self.without(a) for a in node.arguments]))
                match call.function:
                    case "clip":
                        return self.clip(node, call)
                    case "maximum" | "minimum":
                        return self.bounded(node, call)
                    case "where":
                        return self.chosen(node, call)
                return call
            case Compare():
                return replace(node, left=self.without(node.left), right=self.without(node.right))
            case Index():
                return replace(node, value=self.without(node.value))
            case Stack():
                return replace(node, items=tuple([self.without(item) for item in node.items]))
        return node

    def bound(self, node: Node) -> float | None:
        """The one number that `node` always is, if it is one."""
        if any(isinstance(part, Name) and part.name in self.variables for part in walk(node)):
            return None
        value = np.asarray(evaluate_tree(node, {}, NUMPY, 1, self.constants))
        return float(value.flat[0]) if value.size and (value == value.flat[0]).all() else None

    def counts(self, node: Node, bound: float | None, *, upper: bool) -> bool:
        """Whether `node` has a bound on that side that may be a safeguard."""
        if bound is None or (node, upper) in self.none:
            return False
        return is_safeguard(bound, upper=upper) or is_far(bound, upper=upper)

    def took(self, node: Node, subject: Node, lower: float | None, upper: float | None) -> None:
        self.found += [
            Safeguard(node, subject, bound, side)
            for bound, side in ((lower, False), (upper, True))
            if bound is not None
        ]

    def clip(self, node: Node, call: Call) -> Node:
        subject, low, high = call.arguments
        lower, upper = self.bound(low), self.bound(high)
        lower = lower if self.counts(node, lower, upper=False) else None
        upper = upper if self.counts(node, upper, upper=True) else None
        if (lower is None and upper is None) or subject.shape != call.shape:
            return call
        self.took(node, subject, lower, upper)
        if lower is None:
            return Call("maximum", (subject, low), call.shape)
        if upper is None:
            return Call("minimum", (subject, high), call.shape)
        return subject

    def bounded(self, node: Node, call: Call) -> Node:
        """`maximum(subject, 1e-12)`: without such arguments."""
        upper = call.function == "minimum"
        bounds = [self.bound(argument) for argument in call.arguments]
        taken = [b for b in bounds if b is not None and self.counts(node, b, upper=upper)]
        kept = [a for a, b in zip(call.arguments, bounds, strict=True) if b is None or b not in taken]
        if not taken or not kept or broadcast([a.shape for a in kept]) != call.shape:
            return call
        subject = kept[0] if len(kept) == 1 else Call(call.function, tuple(kept), call.shape)
        self.took(node, subject, None if upper else max(taken), min(taken) if upper else None)
        return subject

    def chosen(self, node: Node, call: Call) -> Node:
        """`where(p < 1e-7, 1e-7, p)`: what is chosen out of danger, where what is chosen in it is a constant.

        `where(p > 0, p, 1e-12)` and `where(p == 0, 1e-12, p)` are such choices as well, of what bounds p from below.
        """
        condition, yes, no = call.arguments
        if not isinstance(condition, Compare):
            return call
        left, right, operator = condition.left, condition.right, condition.operator
        bound, subject, less = self.bound(right), left, operator in _LESS
        if bound is None:
            bound, subject, less = self.bound(left), right, operator in _MORE
        if bound is None:
            return call
        if bound == 0:
            endangered, safe = (yes, no) if less or operator is Comparison.EQ else (no, yes)
            lower, upper = self.bound(endangered), None
            if safe != subject or lower is None or not is_safeguard(lower, upper=False) or lower >= 0.5:
                return call
        elif operator not in _LESS | _MORE:
            return call
        elif 0 < bound < 0.5 and is_safeguard(bound, upper=False):
            endangered, safe = (yes, no) if less else (no, yes)
            lower, upper = bound, None
        elif bound > 0 and is_safeguard(bound, upper=True):
            endangered, safe = (no, yes) if less else (yes, no)
            lower, upper = None, bound
        else:
            return call
        if (node, lower is None) in self.none:
            return call
        if self.bound(endangered) is None or safe.shape != call.shape or (self.bounds_only and safe != subject):
            return call
        self.took(node, subject, lower, upper)
        return safe
