"""For claims written as expressions: which single change to the claim's own formula makes it right?

Every occurrence of a part of the formula is changed in the ways in which people slip (a sign, a factor, a transpose,
an exponent, a name, a term or a factor too many or too few), and the changed formula is compared with the right
values at all points. One that agrees at all of them, to round-off, says where in the text the mistake is. Only the
smallest change is told, and none where the right values hardly change from point to point: there some change always
fits.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradverify.core.arrays import Mask, Matrix, Tensor
from gradverify.core.diagnosis.changes import Change, as_number, changes, lacking_names
from gradverify.core.diagnosis.evidence import Evidence, round_off_floor
from gradverify.core.diagnosis.hypotheses import CONFIDENCE, Guess, distinct
from gradverify.core.diagnosis.mistaken_for import mistaken
from gradverify.core.diagnosis.normalised import without_their_sum
from gradverify.core.diagnosis.regions import is_between_borders
from gradverify.core.diagnosis.terms import PartFunction, short
from gradverify.core.problem import ExpressionFunction, Problem
from gradverify.core.variables import Variables
from gradverify.core.verdicts import Fault
from gradverify.expression.guards import literals
from gradverify.expression.nodes import Call, Compare, Node, Number, Stack
from gradverify.expression.numpy_arithmetic import NUMPY
from gradverify.expression.places import Path, at, places, replaced
from gradverify.expression.text import to_text
from gradverify.expression.variants import Variants

MOST_NODES = 150  # of a formula that is changed; beyond, most people's mistakes are in parts that terms of f name
MOST_TRIES = 2_000  # changed formulas that are evaluated for one part of a claim
MOST_PARTS = 150_000  # nodes of all of them together: a second or two
MOST_NUMBERS = 30_000_000  # that all of them may compute
MOST_KEPT = 1_000_000  # numbers of a formula's parts that are kept for its variants: 8 MB
ENOUGH = 3  # different right values, so that a fit is no coincidence
LONGEST_FORMULA = 160  # of a repaired formula that is shown


@dataclass(frozen=True, slots=True)
class Unit:
    """A part of the claim that stands alone: its tree, and the flat components of the derivative that it gives."""

    tree: Node
    columns: tuple[int, ...]


def units(problem: Problem) -> list[Unit]:
    """The claim's formulas one by one, lists taken apart; none where their layout is not plain."""
    claim = problem.claim
    if not isinstance(claim, ExpressionFunction):
        return []
    n, total = problem.variables.size, math.prod(problem.shape)
    lead = total // max(1, n)
    index = np.arange(total).reshape((lead, n))
    trees = claim.trees
    if len(trees) == 1:
        blocks = [index]
    elif len(trees) == len(problem.variables):
        blocks = [index[:, v.components] for v in problem.variables]
    else:
        return []
    found: list[Unit] = []
    for tree, block in zip(trees, blocks, strict=True):
        if math.prod(tree.shape) == block.size:
            found += _apart(tree, tuple(block.ravel().tolist()))
    return found


def _apart(tree: Node, columns: tuple[int, ...]) -> list[Unit]:
    if isinstance(tree, Stack):
        size = len(columns) // len(tree.items)
        return [u for k, item in enumerate(tree.items) for u in _apart(item, columns[k * size : (k + 1) * size])]
    if isinstance(tree, Call) and tree.function == "concatenate" and len(tree.shape) == 1:
        found, start = [], 0
        for part in tree.arguments:
            size = math.prod(part.shape)
            found += _apart(part, columns[start : start + size])
            start += size
        return found
    return [Unit(tree, columns)]


def repair(
    evidence: Evidence,
    unit: Unit,
    wrong: Sequence[int],
    function_of: PartFunction,
    counts: Mapping[int, str],
    scalars: Mapping[str, float],
    kinds: Wanted,
    most: int,
) -> Guess | None:
    """The smallest change after which all of the unit agrees; wrong: its components that do not.

    most: nodes that all tries together may have.
    """
    nodes = list(places(unit.tree))
    rows = evidence.points.shape[0]
    if len(nodes) > MOST_NODES or not wrong:
        return None
    numbers = sum(math.prod(node.shape) for _, node in nodes) * rows
    tries = min(MOST_TRIES, MOST_NUMBERS // max(1, numbers), most // len(nodes))
    columns = list(unit.columns)
    target = _Target.of(evidence, columns)
    telling = evidence.differs[:, wrong]
    different = distinct(evidence.reference[:, wrong][telling], evidence.bound[:, wrong][telling])
    if not different:  # wrong at kinks only, where no value is the right one
        return None
    problem = evidence.problem
    claim = problem.claim
    assert isinstance(claim, ExpressionFunction)  # since it has units
    constants = claim.constants
    literal = list(_literals(evidence, unit, nodes, wrong, function_of)) if kinds is Wanted.ANY else []
    single = list(changes(unit.tree, nodes, problem.variables, claim, problem.function, counts, scalars))
    others = list(mistaken(unit.tree, nodes, problem.variables, claim, problem.function))
    others += without_their_sum(unit.tree, nodes, getattr(problem.function, "trees", ()))
    found = sorted((*_conditions_last(nodes, [*literal, *single]), *others), key=_cost)[:tries]
    found += sorted(_everywhere(nodes, single, problem.variables, claim), key=_cost)[: tries // 2]
    variants = None
    for change in found:
        if (different < ENOUGH and not change.plain) or (kinds is Wanted.SIGNS and change.fault is not Fault.SIGN):
            continue
        tree = replaced(unit.tree, change.path, change.part)
        for place in change.places:
            tree = replaced(tree, place, change.part)
        if numbers > MOST_KEPT:
            with np.errstate(all="ignore"):
                values = function_of(tree, None, constants).evaluate(evidence.points).values
        else:
            if variants is None:
                split = problem.variables.split(evidence.points)
                variants = Variants(unit.tree, split, NUMPY, rows, constants)
            values = np.asarray(variants.value(tree), dtype=np.float64)
        if not target.met_by(values.reshape((rows, len(columns)))):
            continue
        around, condition = _condition_of(tree, change.path[:-1]), _condition_of(tree, change.path)
        if around is not None and not _is_pinned(function_of(around, None, constants).evaluate(evidence.points).values):
            continue
        if condition is None or is_between_borders(problem, evidence.points, condition, constants):
            return _guess(unit, tree, change, min(different, ENOUGH))
    return None


def _condition_of(tree: Node, path: Path) -> Compare | None:
    """The comparison that `path` leads to, or into."""
    nodes = [at(tree, path[:length]) for length in range(len(path) + 1)]
    return next((node for node in nodes if isinstance(node, Compare)), None)


# A border that is moved leaves the wrong branch where no point was tried: what puts the branch right is likelier.
IN_A_CONDITION = 2.0


def _conditions_last(nodes: Sequence[tuple[Path, Node]], found: Sequence[Change]) -> Iterator[Change]:
    """The changes, with those inside of a comparison dearer, and without weight where little is known."""
    borders = {path: node for path, node in nodes if isinstance(node, Compare)}
    parts = dict(nodes)
    for change in found:
        around = [path for path in borders if len(change.path) > len(path) and change.path[: len(path)] == path]
        inside, node = bool(around), parts[change.path]
        if inside and (_is_a_new_function(change, node) or _moves_a_number(change, node, borders[around[-1]])):
            continue  # another border by a formula that nobody meant
        yield replace(change, cost=change.cost + IN_A_CONDITION, plain=False) if inside else change


def _is_pinned(condition: Tensor) -> bool:
    """Whether a condition that was changed holds at some points and does not at others.

    A border that was moved beyond all points is no better than any other: `where(x < 8, …, 0)` is no x < 16.
    """
    return bool((condition != 0).any() and (condition == 0).any())


def _is_a_new_function(change: Change, node: Node) -> bool:
    match change.part:
        case Call(function="power", arguments=(base, Number())) | Call(function="sign", arguments=(base,)):
            return base == node
    return False


def _moves_a_number(change: Change, node: Node, border: Compare) -> bool:
    """Whether a factor beside a number moves the border, which is told better by the number: x < 0.5 for 4*x < 0.5."""
    match change.part:
        case (
            Call(function="multiply", arguments=(Number(), same)) | Call(function="divide", arguments=(same, Number()))
        ) if same == node:
            return any(isinstance(side, Number) and side.value != 0 for side in (border.left, border.right))
    return False


def _everywhere(
    nodes: Sequence[tuple[Path, Node]], single: Sequence[Change], variables: Variables, claim: ExpressionFunction
) -> Iterator[Change]:
    """The same changes made wherever the changed part stands: a line of code that is used three times is one slip."""
    standing: dict[Node, list[Path]] = {}
    for path, node in nodes:
        if isinstance(node, Call):
            standing.setdefault(node, []).append(path)
    others = {paths[0]: tuple(paths[1:]) for paths in standing.values() if len(paths) > 1}
    parts = dict(nodes)
    lacking = [change for path in others for change in lacking_names(path, parts[path], variables, claim)]
    for change in (*single, *lacking):
        # What takes on the shape of its surroundings in one place need not do so in another.
        if change.path in others and change.part.shape == parts[change.path].shape:
            again = others[change.path]
            message = f"{change.message}, in all {len(again) + 1} places where it stands"
            yield replace(change, places=again, message=message)


MOST_LITERALS = 20
WHOLE = 1e-3  # relative: a whole number as near as that to what belongs there is no slip, and the fault is elsewhere
ROUNDED = 1e-2  # relative: a constant is rounded to two digits at least
SHORT = 3  # digits of a number that is taken for quite another one; one of more makes up for what is wrong elsewhere
SAME_NUMBER = 1e-6  # relative: what solving for a number leaves
LITERAL_DIGITS = 8  # of a number that people would write


def _literals(
    evidence: Evidence,
    unit: Unit,
    nodes: Sequence[tuple[Path, Node]],
    wrong: Sequence[int],
    function_of: PartFunction,
) -> Iterator[Change]:
    """Numbers of the formula with the value that would make one wrong component right at one point, where the
    formula is linear in the number or in its reciprocal: whether it does so everywhere is seen later."""
    claim = evidence.problem.claim
    assert isinstance(claim, ExpressionFunction)  # since it has units
    constants = claim.constants
    at_column = unit.columns.index(wrong[0])
    telling = np.flatnonzero(evidence.differs[:, wrong[0]])
    numbers = [(path, node) for path, node in nodes if isinstance(node, Number)][:MOST_LITERALS]
    if not telling.size or not numbers:
        return
    row = int(telling[np.argmax(np.abs(evidence.claimed[telling, wrong[0]] - evidence.reference[telling, wrong[0]]))])
    point = evidence.points[row][None]
    gap = evidence.reference[row, wrong[0]] - evidence.claimed[row, wrong[0]]
    own = {value for tree in getattr(evidence.problem.function, "trees", ()) for value in literals(tree)}
    for path, node in numbers:
        more = replaced(unit.tree, path, as_number(node.value + 1.0))
        with np.errstate(all="ignore"):
            value = function_of(more, None, constants).evaluate(point).values.reshape(-1)[at_column]
            rate = value - evidence.claimed[row, wrong[0]]
            linear = node.value + gap / rate
            # In a denominator the formula is linear in the number's reciprocal.
            old, new = 1 / np.float64(node.value), 1 / np.float64(node.value + 1.0)
            reciprocal = 1 / (old + gap * (new - old) / rate)
        for solution in (float(linear), float(reciprocal)):
            if not math.isfinite(solution) or solution == node.value or _is_no_slip(node.value, solution):
                continue
            if node.value in own and abs(solution - node.value) <= ROUNDED * abs(node.value):
                continue  # f's own number is rounded nowhere
            meant = float(f"{solution:.{LITERAL_DIGITS}g}")
            message = f"the number {to_text(node)} stands where {as_number(meant).text} belongs"
            opposite = meant == -node.value
            fault = Fault.SIGN if opposite else Fault.FACTOR
            yield Change(path, as_number(meant), fault, message, 0.7 if opposite else 1.9)


def _is_no_slip(written: float, meant: float) -> bool:
    """Whether nobody would write the one number for the other: 1 for 1.0000065, or 3 for 3.4641016.

    A number of more digits is meant where the written one is that number, rounded.
    """
    near = abs(meant - written) <= ROUNDED * abs(written)
    if written == round(written) and abs(meant - written) <= WHOLE * abs(written):
        return True
    return not near and abs(float(f"{meant:.{SHORT}g}") - meant) > SAME_NUMBER * abs(meant)


def _cost(change: Change) -> tuple[float, int]:
    return change.cost, len(change.path)


@dataclass(frozen=True, slots=True)
class _Target:
    """The right values of some components: shape (k, m), with what they may be missed by."""

    reference: Matrix
    claimed: Matrix
    bound: Matrix
    usable: Mask
    fit: float
    floor: float  # the round-off of values of the ordinary size

    @classmethod
    def of(cls, evidence: Evidence, columns: list[int]) -> _Target:
        beyond_doubt = evidence.differs[:, columns]
        gaps = np.abs(evidence.claimed[:, columns][beyond_doubt] - evidence.reference[:, columns][beyond_doubt])
        return cls(
            evidence.reference[:, columns], evidence.claimed[:, columns], evidence.bound[:, columns],
            evidence.usable[:, columns],
            evidence.fit, round_off_floor(evidence.reference[:, columns], evidence.problem.precision.epsilon, gaps),
        )  # fmt: skip

    def met_by(self, values: Matrix) -> bool:
        """Whether the values are right wherever the right ones are known."""
        with np.errstate(all="ignore"):
            slack = self.fit * np.maximum(np.abs(values), np.abs(self.reference)) + self.bound + self.floor
            near = np.isfinite(values) & (np.abs(values - self.reference) <= slack)
        return bool((near | ~self.usable).all() and self.usable.any())


def _guess(unit: Unit, tree: Node, change: Change, different: int) -> Guess:
    branch = _branch_of(unit.tree, change.path)
    message, fault = change.message, change.fault
    if branch is not None:
        message, fault = f"in {branch}: {message}", Fault.WRONG_BRANCH
    whole, confidence = to_text(tree), CONFIDENCE[max(1, different)]
    formula = whole if len(whole) <= LONGEST_FORMULA else ""
    return Guess(fault, f"repair {message} {change.path}", message, confidence, change.factor, formula=formula)


def _branch_of(tree: Node, path: Path) -> str | None:
    """The innermost branch, or condition, that `path` leads through."""
    for length in range(len(path) - 1, -1, -1):
        node = at(tree, path[:length])
        if isinstance(node, Call) and node.function == "where":
            condition = short(to_text(node.arguments[0]))
            return (f"the condition {condition}", f"the branch for {condition}", f"the branch for not ({condition})")[
                path[length]
            ]
        if isinstance(node, Compare):
            return f"the condition {short(to_text(node))}"
    return None


class Wanted(enum.Enum):
    """Which changes would say more than what is known already."""

    NONE = "none"
    SIGNS = "signs"  # a constant that the claim is off by may be a term with the wrong sign
    ANY = "any"


def repairs_by_column(
    evidence: Evidence,
    wrong: Sequence[int],
    wanted: Callable[[Sequence[int]], Wanted],
    function_of: PartFunction,
    counts: Mapping[int, str],
    scalars: Mapping[str, float],
) -> Iterator[tuple[Guess, list[int]]]:
    """A repair for each unit with wrong components where one is wanted, with those components."""
    bad, asked = frozenset(wrong), []
    for unit in units(evidence.problem):
        mine = [i for i in unit.columns if i in bad]
        kinds = wanted(mine) if mine else Wanted.NONE
        if kinds is not Wanted.NONE:
            asked.append((unit, mine, kinds))
    for unit, mine, kinds in asked:
        most = MOST_PARTS // len(asked)
        guess = repair(evidence, unit, mine, function_of, counts, scalars, kinds, most)
        if guess is not None:
            yield guess, mine
