"""For expressions with branches: does the claim differentiate one branch of f everywhere?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradverify.core.diagnosis.evidence import Evidence
from gradverify.core.diagnosis.hypotheses import Guess, column
from gradverify.core.diagnosis.terms import Parts, short
from gradverify.core.verdicts import Fault
from gradverify.expression.nodes import Call, Node
from gradverify.expression.places import places, replaced
from gradverify.expression.text import to_text

MOST_BRANCHES = 12  # each costs one derivative at all points
ROUND_OFF = 2.0  # times a reference's bound: two derivatives are compared


def branch_guesses(evidence: Evidence, index: int, tree: Node, parts: Parts) -> Iterator[Guess]:
    """Whether component `index` is the derivative of f with one of its branches in place of a piecewise function."""
    col = column(evidence, index)
    rows = evidence.usable[:, index]
    tried = 0
    for path, node in places(tree):
        for branch in _branches(node):
            tried += 1
            if tried > MOST_BRANCHES:
                return
            derivative = parts.derivative(replaced(tree, path, branch))
            if derivative is None:
                continue
            slope = derivative[rows, index % derivative.shape[1]]
            if np.isfinite(slope).all() and col.fits(slope, ROUND_OFF):
                whole, taken = short(to_text(node)), short(to_text(branch))
                message = f"it is the derivative with {taken} everywhere in place of {whole}: a branch is missing"
                yield Guess(Fault.WRONG_BRANCH, f"branch {path} {taken}", message, col.confidence())


def _branches(node: Node) -> Iterator[Node]:
    """What a piecewise function is on its sides, as far as that has its shape."""
    if not isinstance(node, Call):
        return
    sides: tuple[Node, ...] = ()
    match node.function, node.arguments:
        case "where", (_, first, second):
            sides = (first, second)
        case "maximum" | "minimum", arguments:
            sides = arguments
        case "relu", (inner,):
            sides = (inner,)
        case "abs", (inner,):
            sides = (inner, Call("negative", (inner,), inner.shape))
        case "clip", (inner, *_):
            sides = (inner,)
    for side in sides:
        if side.shape == node.shape:
            yield side
