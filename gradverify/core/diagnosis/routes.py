"""For expressions: along which route from a variable to f does the claim go wrong?

A route is one occurrence of a part u of f's formula whose neighbours depend on the variables as well: a factor, a
denominator, an exponent, a term inside another function. With u held still f has the slope p, so r − p is what the
route adds to the right value r (for u·v: u′·v; for v/u: −v·u′/u²). A claim that is off by a multiple of it has
forgotten the route, turned it round or counted it wrongly: a slip in the product or the quotient rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Vector
from gradverify.core.diagnosis.constants import name_of_factor
from gradverify.core.diagnosis.evidence import Evidence
from gradverify.core.diagnosis.hypotheses import Column, Guess, column
from gradverify.core.diagnosis.terms import Parts, Slope, chain_guesses_of_part, short
from gradverify.core.verdicts import Fault
from gradverify.expression.nodes import Call, Name, Node
from gradverify.expression.places import Path, places
from gradverify.expression.text import to_text
from gradverify.expression.walk import walk

MOST_ROUTES = 24  # each costs one derivative at all points
LEAST_DIGITS = 1e-6  # of the right value: a route that adds less than this is lost in it
PRODUCTS = frozenset(("multiply", "matmul", "outer", "hypot"))


@dataclass(frozen=True, slots=True)
class Route:
    """The part at `path` of f's tree. `rule` says which rule of differentiation adds it."""

    path: Path
    node: Node
    rule: str


def routes(tree: Node, variables: Sequence[str]) -> list[Route]:
    """Occurrences in `tree` that depend on the variables and stand beside others that do, outermost first."""
    names = frozenset(variables)
    active: dict[int, bool] = {}

    def depends(node: Node) -> bool:
        known = active.get(id(node))
        if known is None:
            known = active[id(node)] = any(isinstance(part, Name) and part.name in names for part in walk(node))
        return known

    found: list[Route] = []
    for path, node in places(tree):
        if not isinstance(node, Call) or node.function in ("where", "clip"):
            continue
        beside = [k for k, argument in enumerate(node.arguments) if depends(argument)]
        if len(beside) > 1:
            found += [Route((*path, k), node.arguments[k], _rule(node, k)) for k in beside]
    return sorted(found, key=lambda route: len(route.path))[:MOST_ROUTES]


def _part(route: Route, parts: Parts) -> str:
    text = parts.text(route.node)
    if route.rule == TERM:
        return f"the part of the derivative that goes through the term {text}"
    return f"the part of the derivative that goes through {text} ({route.rule})"


TERM = "a term"


def _rule(node: Call, k: int) -> str:
    if node.function in PRODUCTS:
        return "product rule"
    if node.function in ("add", "subtract"):
        return TERM
    if node.function == "divide":
        return "quotient rule"
    if node.function == "power":
        return "the exponent" if k else "the base"
    return "chain rule"


def route_guesses(
    evidence: Evidence, index: int, tree: Node, found: Sequence[Route], parts: Parts,
    scalars: Mapping[str, float], slopes: Sequence[Slope],
) -> Iterator[Guess]:  # fmt: skip
    """Whether component `index` is right but for a multiple of what one route, or one in place of another, adds."""
    col = column(evidence, index)
    rows = evidence.usable[:, index]
    j = index % evidence.problem.variables.size
    added: list[tuple[Route, Vector]] = []
    for route in found:
        still = parts.held(tree, route.path, route.node)
        if still is None:
            continue
        t = col.r - still[rows, j]
        if not np.isfinite(t).all():
            continue
        t = np.where(np.abs(t) > LEAST_DIGITS * np.abs(col.r), t, 0.0)
        if (t != 0).any():
            added.append((route, t))
    for route, t in added:
        for guess in _one(col, route, t, scalars, parts):
            if guess.fault is not Fault.MISSING_TERM:
                yield from _in_all_places(col, route, added, parts)
            yield guess
    slopes_around = [(slope, parts.inside(slope.node)) for slope in slopes] if added else []
    for route, t in added:
        inside = parts.inside(route.node)
        own = [slope for slope, around in slopes_around if slope.node in inside or route.node in around]
        yield from chain_guesses_of_part(col, t, _part(route, parts), own)
    for a, first in added:
        for b, second in added:
            beside = a.path[:-1] == b.path[:-1] and a.rule == b.rule == "product rule"
            if a is not b and beside and col.fits(col.r + first - second, 4.0):
                message = (
                    f"the part that goes through {short(to_text(a.node))} stands for that through "
                    f"{short(to_text(b.node))} as well: a matrix between them is taken to be symmetric"
                )
                yield Guess(Fault.TRANSPOSED, f"symmetric {a.path}", message, col.confidence(), weak=True)
                return


def _in_all_places(col: Column, route: Route, added: Sequence[tuple[Route, Vector]], parts: Parts) -> Iterator[Guess]:
    """What goes through a part that stands in f several times may be missing altogether.

    Of two places that add the same, that cannot be told from the wrong sign in one, and is likelier: people name such
    a part, and use the name twice.
    """
    same = [(other, t) for other, t in added if other.node == route.node and other.rule == route.rule]
    if len(same) > 1 and col.fits(col.r - sum(t for _, t in same), 2.0 + len(same)):
        message = f"{_part(route, parts)} is missing, in all {len(same)} places where it stands"
        yield Guess(Fault.MISSING_TERM, f"missing through {parts.text(route.node)}", message, col.confidence())


def _one(col: Column, route: Route, t: Vector, scalars: Mapping[str, float], parts: Parts) -> Iterator[Guess]:
    best = int(np.argmax(np.where(col.differs, np.abs(t), -1.0)))
    if not col.differs[best] or t[best] == 0:
        return
    multiple = float((col.c[best] - col.r[best]) / t[best])
    if not np.isfinite(multiple) or not col.fits(col.r + multiple * t, 2.0 + abs(multiple)):
        return
    text = parts.text(route.node)
    part = _part(route, parts)
    confidence = col.confidence()
    if abs(multiple + 1) <= EXACT:
        yield Guess(Fault.MISSING_TERM, f"missing through {text} {route.path}", f"{part} is missing", confidence)
    elif abs(multiple + 2) <= EXACT:
        yield Guess(Fault.SIGN, f"sign through {text} {route.path}", f"{part} has the wrong sign", confidence, -1.0)
    elif abs(multiple - 1) <= EXACT:
        message = f"{part} has a factor of 2 where 1 belongs, or is counted twice"
        yield Guess(Fault.FACTOR, f"twice through {text} {route.path}", message, confidence, 2.0, weak=True)
    elif np.unique(np.abs(t)).size >= ENOUGH:
        name, _ = name_of_factor(1 + multiple, {}, scalars)
        message = f"{part}{FACTOR_OF}{name} where 1 belongs"
        yield Guess(
            Fault.FACTOR,
            f"{PART_FACTOR}{name} through {text} {route.path}",
            message,
            confidence,
            1 + multiple,
            weak=True,
        )


PART_FACTOR, FACTOR_OF = "part times ", " has a factor of "  # in the key and in the message of a factor of a part alone
EXACT = 1e-6  # how near a measured multiple has to be to a whole one
ENOUGH = 3  # different values of a route, so that a factor without a name is no coincidence
