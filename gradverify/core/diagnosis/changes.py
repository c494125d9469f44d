"""The ways in which one part of a claimed formula may be meant otherwise: a sign, a factor, a transpose, a name …"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradverify.core.diagnosis.constants import name_of_factor
from gradverify.core.diagnosis.terms import elementwise, name_of, short, slope_of
from gradverify.core.problem import Function
from gradverify.core.variables import Shape, Variables
from gradverify.core.verdicts import Fault
from gradverify.expression.guards import literals
from gradverify.expression.nodes import Call, Compare, Comparison, Index, Name, Node, Number
from gradverify.expression.places import Path, at
from gradverify.expression.shapes import broadcast
from gradverify.expression.text import to_text
from gradverify.expression.vocabulary import BUILTIN_NAMES, UNARY
from gradverify.expression.walk import walk

# Factors that are forgotten or written too often. The reciprocal of each is tried as well.
FACTORS: tuple[float, ...] = (
    2.0,
    3.0,
    4.0,
    6.0,
    8.0,
    1.5,
    10.0,
    3.141592653589793,
    6.283185307179586,
    2.5066282746310002,
)
MOST_NAMES = 12  # of one shape that are tried in one place

# Functions that are taken for one another; the derivative of the first is among the second's.
CONFUSED: Mapping[str, tuple[str, ...]] = {
    "sin": ("cos",), "cos": ("sin",), "sinh": ("cosh", "tanh"), "cosh": ("sinh",), "tanh": ("sinh",),
    "minimum": ("maximum",), "maximum": ("minimum",), "exp": ("expm1",), "expm1": ("exp",),
    "log": ("log10", "log2", "log1p", "digamma"), "log10": ("log",), "log2": ("log",), "log1p": ("log",),
    "gammaln": ("digamma",), "digamma": ("log", "gammaln"),
    "log_softmax": ("softmax",), "softmax": ("sigmoid", "log_softmax"),
    "erf": ("erfc",), "erfc": ("erf",), "sqrt": ("square",), "square": ("sqrt",), "relu": ("sign",),
    "arcsin": ("arccos", "arctan"), "arctan": ("arcsin",), "softplus": ("sigmoid",), "cumsum": (),
}  # fmt: skip
FLIPPED = {
    Comparison.LT: Comparison.GT, Comparison.LE: Comparison.GE, Comparison.GT: Comparison.LT,
    Comparison.GE: Comparison.LE, Comparison.EQ: Comparison.NE, Comparison.NE: Comparison.EQ,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """`part`, of the same shape, in place of what stands at `path`.

    message: what is wrong there, a clause.  cost: small for slips that are likely.  plain: whether so few changes of
    the kind exist that even two right values tell them from chance.  factor: of the whole component, where it is one.
    """

    path: Path
    part: Node
    fault: Fault
    message: str
    cost: float
    plain: bool = False
    factor: float | None = None
    places: tuple[Path, ...] = ()  # all others where the same part stands, and is changed as well


def changes(
    tree: Node,
    nodes: Sequence[tuple[Path, Node]],
    variables: Variables,
    claim: Function,
    function: Function,
    counts: Mapping[int, str],
    scalars: Mapping[str, float],
) -> Iterator[Change]:
    """All changes of `tree`, whose parts are `nodes`."""
    names = names_in_claim(variables, claim)
    entries: list[Name | Index] = [*names, *_entries(names)]
    formulas = getattr(function, "trees", ())
    numbers = _factors_of(formulas, counts)
    wrappers = _wrappers(formulas)
    known = {name.name for name in names}
    pieces = [piece for piece in _pieces((*formulas, tree)) if _names_of(piece) <= known]
    slopes = [pair for formula in formulas for pair in elementwise(formula) if _names_of(pair[1]) <= known]
    symmetric = _symmetric(claim)
    for path, node in nodes:
        parent = at(tree, path[:-1]) if path else None
        yield from _without_a_slope(path, node, parent, slopes)
        yield from _signs(path, node, parent)
        yield from _left_out(path, node)
        yield from _bounds_left_out(path, node)
        yield from _transposes(path, node, symmetric)
        yield from _exponents(path, node, parent)
        yield from _factors(path, node, parent, numbers, counts, scalars)
        yield from _functions(path, node)
        yield from _other_names(path, node, names)
        yield from _put_in(path, node, parent, entries, names)
        yield from _wrapped(path, node, wrappers)
        if not path or _is_term(tree, path):
            yield from _lacking(path, node, pieces)


MOST_PIECES = 16  # parts of f and of the claim that a term may lack as a factor


def _wrappers(formulas: Sequence[Node]) -> list[str]:
    """The functions of one argument in f."""
    calls = (part for tree in formulas for part in walk(tree) if isinstance(part, Call))
    own = [c.function for c in calls if c.function in UNARY and c.function not in _PLAIN]
    return list(dict.fromkeys([*own, *(f for name in own for f in CONFUSED.get(name, ()) if f in UNARY)]))


_PLAIN = frozenset(("negative", "positive", "abs", "sign"))


def _pieces(trees: Sequence[Node]) -> list[Call]:
    """Different parts of f and the claim that are single numbers, the shortest first."""
    found = {part: None for tree in trees for part in walk(tree) if isinstance(part, Call) and part.shape == ()}
    kept = [part for part in found if part.function not in ("negative", "multiply")]
    return sorted(kept, key=lambda part: len(to_text(part)))[:MOST_PIECES]


def _names_of(tree: Node) -> set[str]:
    return {part.name for part in walk(tree) if isinstance(part, Name)} - {*BUILTIN_NAMES}


def _is_term(tree: Node, path: Path) -> bool:
    """Whether `path` leads to the whole, or to one of the terms that it is a sum of."""
    for k in path:
        if not isinstance(tree, Call) or tree.function not in ("add", "subtract", "negative", "reshape"):
            return False
        tree = tree.arguments[k]
    return not (isinstance(tree, Call) and tree.function in ("add", "subtract", "negative", "reshape"))


def _lacking(path: Path, node: Node, pieces: Sequence[Call]) -> Iterator[Change]:
    """A factor or divisor that stands elsewhere in f or in the claim is missing from a term."""
    for piece in pieces:
        for function, what in (("multiply", "factor"), ("divide", "divisor")):
            part = _call(function, node, piece, like=node)
            message = f"the term {text_of(node)} lacks the {what} {text_of(piece)}"
            yield Change(path, part, Fault.MISSING_CHAIN_FACTOR, message, 3.2)
    if not path or node.shape == ():
        for piece in pieces:
            for function, sign in (("add", "+"), ("subtract", "-")):
                part = _call(function, node, piece, like=node)
                message = f"the term {sign} {text_of(piece)} is missing beside {text_of(node)}"
                yield Change(path, part, Fault.MISSING_TERM, message, 3.1)


def _without_a_slope(
    path: Path, node: Node, parent: Node | None, slopes: Sequence[tuple[Call, Node]]
) -> Iterator[Change]:
    """What goes back through an activation lacks its derivative, entry by entry."""
    inside = isinstance(parent, Call) and parent.function == "matmul"
    if not _counts(node) or not (inside or _stands_alone(node, parent)):
        return
    for call, slope in slopes:
        if slope.shape == node.shape != () and slope != node:
            part = _call("multiply", node, slope, like=node)
            message = f"the chain rule's factor {text_of(slope)}, the derivative of {text_of(call)}, is missing"
            yield Change(path, part, Fault.MISSING_CHAIN_FACTOR, f"{message} in {text_of(node)}", 2.2)


def _wrapped(path: Path, node: Node, wrappers: Sequence[str]) -> Iterator[Change]:
    """A function of f is left out around its argument."""
    if isinstance(node, (Name, Index)) or (isinstance(node, Call) and node.function in ("matmul", "add", "subtract")):
        for function in wrappers:
            part = Call(function, (node,), node.shape)
            yield Change(path, part, Fault.FACTOR, f"{text_of(node)} stands where {text_of(part)} belongs", 2.5)


def lacking_names(path: Path, node: Node, variables: Variables, claim: Function) -> Iterator[Change]:
    """A factor or divisor that is one name is missing at a part that may itself be a factor."""
    for name in [n for n in names_in_claim(variables, claim) if n.shape in (node.shape, ())][:MOST_NAMES]:
        for function, what in (("multiply", "factor"), ("divide", "divisor")):
            message = f"{text_of(node)} lacks the {what} {text_of(name)}"
            yield Change(path, Call(function, (node, name), node.shape), Fault.FACTOR, message, 2.7)


def names_in_claim(variables: Variables, claim: Function) -> list[Name]:
    """The variables and constants that a claim may use."""
    constants: Mapping[str, object] = getattr(claim, "constants", {})
    shapes: dict[str, Shape] = {v.name: v.shape for v in variables}
    shapes |= {name: tuple(getattr(value, "shape", ())) for name, value in constants.items()}
    return [Name(name, shape) for name, shape in shapes.items()]


MOST_ENTRIES = 6  # of a vector whose entries are tried one by one


def _entries(names: Sequence[Name]) -> list[Index]:
    short_ones = [n for n in names if len(n.shape) == 1 and n.shape[0] <= MOST_ENTRIES]
    return [Index(name, (k,), ()) for name in short_ones for k in range(name.shape[0])]


MOST_TEXTS = 1_000  # that are kept at a time
_texts: dict[int, tuple[Node, str]] = {}


def text_of(node: Node) -> str:
    """The text of `node`, cut; cached by identity, as most changes of a part tell of the part itself."""
    found = _texts.get(id(node))
    if found is None:  # the nodes are held, so that their ids stay theirs
        if len(_texts) >= MOST_TEXTS:
            _texts.clear()
        found = _texts[id(node)] = node, short(to_text(node))
    return found[1]


def _call(function: str, *arguments: Node, like: Node) -> Call:
    return Call(function, arguments, like.shape)


def as_number(value: float) -> Number:
    """A literal, as people would write it."""
    return Number(value, repr(int(value)) if value == int(value) else repr(value))


def _times(value: float, node: Node) -> Call:
    return _call("multiply", as_number(value), node, like=node)


def negated(node: Node) -> Node:
    """−node, without a double sign."""
    if isinstance(node, Call) and node.function == "negative":
        return node.arguments[0]
    return _call("negative", node, like=node)


def _signs(path: Path, node: Node, parent: Node | None) -> Iterator[Change]:
    """A term, an argument or a factor whose sign is wrong; a condition that is turned round."""
    if isinstance(node, Compare):
        turned = replace(node, operator=FLIPPED[node.operator])
        yield Change(path, turned, Fault.WRONG_BRANCH, f"the condition {text_of(node)} is turned round", 1.0, True)
        return
    if isinstance(node, Call) and node.function == "where":
        condition, yes, no = node.arguments
        if yes.shape == no.shape:
            swapped = replace(node, arguments=(condition, no, yes))
            yield Change(path, swapped, Fault.WRONG_BRANCH, "the two branches are swapped", 1.0, True)
            said = text_of(condition)
            for branch, other in ((yes, f"not ({said})"), (no, said)):
                if branch.shape == node.shape:
                    yield Change(path, branch, Fault.WRONG_BRANCH, f"the branch for {other} does not belong", 1.2, True)
    if isinstance(node, Call) and node.function in ("add", "subtract"):
        for k, term in enumerate(node.arguments):
            message = f"the sign of the term {text_of(_bare(term))} is wrong"
            yield Change(path, _turned(node, k), Fault.SIGN, message, 0.5, True, -1.0)
    inside = isinstance(parent, Call) and parent.function not in (*_PRODUCTS, "negative", "add", "subtract", "where")
    if inside and isinstance(parent, Call) and _counts(node):
        message = f"the sign of the argument of {parent.function}, {text_of(_bare(node))}, is wrong"
        yield Change(path, negated(node), Fault.SIGN, message, 0.6, True, -1.0)
    if isinstance(parent, Call) and parent.function == "where" and _counts(node):
        yield Change(path, negated(node), Fault.SIGN, f"the sign of {text_of(_bare(node))} is wrong", 0.6, True, -1.0)


def _bare(node: Node) -> Node:
    return node.arguments[0] if isinstance(node, Call) and node.function == "negative" else node


def _turned(node: Call, k: int) -> Call:
    """The sum with the sign of term k turned round, written as people would."""
    terms = node.arguments
    if len(terms) == 2 and k == 1:
        second = terms[1]
        if node.function == "add" and isinstance(second, Call) and second.function == "negative":
            return replace(node, arguments=(terms[0], second.arguments[0]))
        return replace(node, function="subtract" if node.function == "add" else "add")
    return replace(node, arguments=(*terms[:k], negated(terms[k]), *terms[k + 1 :]))


_PRODUCTS = frozenset(("multiply", "divide", "matmul", "outer"))


def _counts(node: Node) -> bool:
    """Whether the node is a number rather than a condition."""
    return not isinstance(node, Compare) and not (isinstance(node, Call) and node.function.startswith("logical"))


def _left_out(path: Path, node: Node) -> Iterator[Change]:
    """A term, a factor or a function that does not belong there."""
    if not isinstance(node, Call):
        return
    arguments, shape = node.arguments, node.shape
    if node.function in ("add", "subtract"):
        for k, term in enumerate(arguments):
            rest = arguments[:k] + arguments[k + 1 :]
            if node.function == "subtract" and k == 0:
                rest = (negated(rest[0]),)
            if broadcast([r.shape for r in rest]) == shape:  # v + sum(v) − 5 is no vector without its v
                part = rest[0] if len(rest) == 1 else replace(node, arguments=rest)
                message = f"the term {text_of(_bare(term))} does not belong there"
                yield Change(path, part, Fault.EXTRA_TERM, message, 1.5, True)
    if node.function in ("multiply", "divide", "matmul"):
        for k, factor in enumerate(arguments):
            rest = arguments[:k] + arguments[k + 1 :]
            numerator = node.function == "divide" and k == 0
            if numerator and isinstance(factor, Number):  # _factors has those
                continue
            if broadcast([r.shape for r in rest]) == shape:
                if numerator:
                    rest = (as_number(1.0), *rest)
                part = rest[0] if len(rest) == 1 else replace(node, arguments=rest)
                verb = "the divisor" if node.function == "divide" and not numerator else "the factor"
                message = f"{verb} {text_of(factor)} does not belong in {text_of(node)}"
                yield Change(path, part, Fault.FACTOR, message, 1.5, True)
    if node.function == "multiply":
        yield from _without_logistic_slope(path, node)
    if len(arguments) == 1 and arguments[0].shape == shape and node.function not in ("negative", "transpose"):
        message = f"{text_of(node)} stands where {text_of(arguments[0])} belongs"
        yield Change(path, arguments[0], Fault.FACTOR, message, 2.5)


BOUND_LEFT_OUT = 0.4  # before a bound is moved to where no point was tried, which puts it right as well


def _bounds_left_out(path: Path, node: Node) -> Iterator[Change]:
    """A bound that does not belong there."""
    kept: list[tuple[Node, tuple[Node, ...]]]
    match node:
        case Call(function="maximum" | "minimum", arguments=(_, _) as pair):
            kept = [(pair[0], (pair[1],)), (pair[1], (pair[0],))]
        case Call(function="clip", arguments=(value, low, high)):
            kept = [(value, (low, high))]
        case _:
            return
    for value, bounds in kept:
        if value.shape == node.shape and not isinstance(value, Number):
            which = " and ".join(text_of(bound) for bound in bounds)
            message = f"the bound{'s' * (len(bounds) > 1)} {which} of {text_of(node)} "
            message += "do not belong there" if len(bounds) > 1 else "does not belong there"
            yield Change(path, value, Fault.WRONG_BRANCH, message, BOUND_LEFT_OUT, True)


def _multiplied(node: Node) -> list[Node]:
    """The factors of a product of products."""
    if isinstance(node, Call) and node.function == "multiply":
        return [factor for argument in node.arguments for factor in _multiplied(argument)]
    return [node]


def _without_logistic_slope(path: Path, node: Call) -> Iterator[Change]:
    """A product without its factors p and 1 − p: with the cross-entropy the logistic function's slope cancels, and
    people leave it in."""
    factors = _multiplied(node)
    for i, p in enumerate(factors):
        for j, other in enumerate(factors):
            match other:
                case (
                    Call(function="subtract", arguments=(Number(value=1.0), inner))
                    | Call(function="add", arguments=(Number(value=1.0), Call(function="negative", arguments=(inner,))))
                ) if inner == p and len(factors) > 2:
                    rest = tuple(factor for k, factor in enumerate(factors) if k not in (i, j))
                    if broadcast([r.shape for r in rest]) == node.shape:
                        part = rest[0] if len(rest) == 1 else Call("multiply", rest, node.shape)
                        slope = text_of(Call("multiply", (p, other), node.shape))
                        message = f"the factor {slope} does not belong in {text_of(node)}"
                        yield Change(path, part, Fault.FACTOR, message, 1.5, True)


def _symmetric(claim: Function) -> frozenset[str]:
    """The constants that are their own transposes."""
    constants: Mapping[str, object] = getattr(claim, "constants", {})
    found = ((name, np.asarray(value)) for name, value in constants.items())
    return frozenset(name for name, a in found if a.ndim == 2 and a.shape[0] == a.shape[1] and (a == a.T).all())


def _transposes(path: Path, node: Node, symmetric: frozenset[str]) -> Iterator[Change]:
    """A square matrix for its transpose, two factors in the wrong order, a matrix taken to be symmetric."""
    if isinstance(node, Call) and node.function in ("matmul", "outer"):
        left, right = node.arguments
        if left.shape == right.shape and len(node.shape) == 2:
            turned = replace(node, arguments=(right, left))
            yield Change(path, turned, Fault.TRANSPOSED, f"the factors of {text_of(node)} are in the wrong order", 1.2)
    if len(node.shape) != 2 or node.shape[0] != node.shape[1] or isinstance(node, Number):
        return
    own = node.arguments[0] if isinstance(node, Call) and node.function == "transpose" else node
    if isinstance(own, Name) and own.name in symmetric:
        return
    if isinstance(node, Call) and node.function in ("negative", "multiply", "add", "subtract", "divide", "eye"):
        twice = node.arguments if node.function == "multiply" and len(node.arguments) == 2 else ()
        if twice and isinstance(twice[0], Number) and twice[0].value == 2:
            matrix, text = twice[1], text_of(twice[1])
            part = _call("add", matrix, _transposed(matrix), like=node)
            message = f"{text} is taken to be symmetric: {text_of(part)} belongs where {text_of(node)} stands"
            yield Change(path, part, Fault.TRANSPOSED, message, 0.9, True)
        if path and node.function in ("add", "subtract"):
            message = f"{text_of(node)} stands where its transpose belongs"
            yield Change(path, _transposed(node), Fault.TRANSPOSED, message, 1.4, True)
        return
    text, other = text_of(node), _transposed(node)
    cost = 0.2 * (not _plain(node))
    yield Change(path, other, Fault.TRANSPOSED, f"{text} stands where its transpose belongs", 1.0 + cost, True)
    both = _call("add", node, other, like=node)
    message = f"the part with {text_of(other)} is missing: {text_of(both)} belongs where {text} stands"
    yield Change(path, both, Fault.MISSING_TERM, message, 1.1 + cost, True)
    half = _call("divide", both, as_number(2.0), like=node)
    message = f"{text} is taken to be symmetric: {text_of(half)} belongs where {text} stands"
    yield Change(path, half, Fault.TRANSPOSED, message, 1.1 + cost, True)


def _transposed(node: Node) -> Node:
    if isinstance(node, Call) and node.function == "transpose":
        return node.arguments[0]
    return _call("transpose", node, like=node)


def _plain(node: Node) -> bool:
    """A matrix by its name, or its transpose."""
    return isinstance(_transposed(node) if isinstance(node, Call) else node, Name)


def _exponents(path: Path, node: Node, parent: Node | None) -> Iterator[Change]:
    """An exponent that is off by one or turned round; a power that is missing or too much."""
    is_power = isinstance(node, Call) and node.function == "power"
    if is_power and isinstance(node, Call):
        base, exponent = node.arguments
        options: list[Node]
        if isinstance(exponent, Number):
            p = exponent.value
            options = [
                as_number(q) for q in dict.fromkeys((p - 1, p + 1, p - 2, p + 2, p / 2, 2 * p, -p)) if q not in (0, p)
            ]
        else:
            one = as_number(1.0)
            options = [_call(f, exponent, one, like=exponent) for f in ("add", "subtract")]
        for other in options:
            part: Node = _call("power", base, other, like=node)
            if isinstance(other, Number) and other.value == 1:
                part = base
            if part.shape == node.shape:
                message = f"the exponent of {text_of(base)} is {text_of(exponent)} where {text_of(other)} belongs"
                yield Change(path, part, Fault.FACTOR, message, 1.6)
        return
    if isinstance(node, Number) or not _counts(node) or _is_no_base(node, parent):
        return
    if isinstance(parent, Call) and isinstance(node, (Call, Name, Index)):
        for p in (2.0, 3.0, 0.5):
            part = _call("power", node, as_number(p), like=node)
            message = f"{text_of(node)} stands where {text_of(part)} belongs"
            yield Change(path, part, Fault.FACTOR, message, 1.7)


def _is_no_base(node: Node, parent: Node | None) -> bool:
    """Whether a power of `node` is said better otherwise: log(x²) is 2·log(x), exp(x)² is exp(2x), sign(x)² is 1."""
    logarithm = isinstance(parent, Call) and parent.function in ("log", "log2", "log10")
    return logarithm or (isinstance(node, Call) and node.function in ("exp", "exp2", "sign"))


MOST_LITERALS = 8  # numbers of f that are tried as factors


def _factors_of(formulas: Sequence[Node], counts: Mapping[int, str]) -> list[float]:
    """Numbers that may be a factor too many or too few: everyday ones, those in f, numbers of things."""
    own = [abs(value) for tree in formulas for value in literals(tree) if value not in (0, 1, -1)]
    return list(dict.fromkeys((*FACTORS, *own[:MOST_LITERALS], *map(float, counts))))


def _factors(
    path: Path,
    node: Node,
    parent: Node | None,
    numbers: Sequence[float],
    counts: Mapping[int, str],
    scalars: Mapping[str, float],
) -> Iterator[Change]:
    """A numeric factor that is missing or too much."""
    if not _counts(node) or not _stands_alone(node, parent):
        return
    for number in numbers:
        for value in (number, 1 / number):
            # The claim has 1/value where 1 belongs.
            name, counted = name_of_factor(1 / value, counts, scalars)
            part = _times(value, node) if value == number else _call("divide", node, as_number(number), like=node)
            if isinstance(node, Number):
                part_number = as_number(node.value * value)
                message = f"the number {text_of(node)} stands where {text_of(part_number)} belongs"
                yield Change(path, part_number, Fault.FACTOR, message, 2.0)
                continue
            fault = Fault.MEAN_VS_SUM if counted else Fault.FACTOR
            message = f"{text_of(node)} has a factor of {name} where 1 belongs"
            if counted:
                message += ": a sum where a mean belongs" if value < 1 else ": a mean where a sum belongs"
            yield Change(path, part, fault, message, 2.0)


def _stands_alone(node: Node, parent: Node | None) -> bool:
    """Whether a factor of `node` is not one of what it stands in, so that each is tried once."""
    if isinstance(node, Call) and node.function in ("add", "subtract", "negative") and parent is not None:
        return isinstance(parent, Call) and parent.function not in ("add", "subtract", "negative")
    if not isinstance(parent, Call):
        return parent is not None
    return parent.function not in ("multiply", "negative", "matmul")


def _functions(path: Path, node: Node) -> Iterator[Change]:
    """A function for a similar one, or for its own derivative; a sum for a mean."""
    if not isinstance(node, Call):
        return
    for other in CONFUSED.get(node.function, ()):
        part = replace(node, function=other)
        yield Change(path, part, Fault.FACTOR, f"{text_of(node)} stands where {text_of(part)} belongs", 2.2)
    if node.function in ("sum", "mean"):
        part = replace(node, function="mean" if node.function == "sum" else "sum")
        what = "a sum where a mean belongs" if node.function == "sum" else "a mean where a sum belongs"
        yield Change(path, part, Fault.MEAN_VS_SUM, f"{text_of(node)}: {what}", 1.0, True)
    slope = slope_of(node) if node.function not in ("power", "exp") else None
    if slope is not None:
        message = f"{text_of(node)} stands where the derivative of {name_of(node)}, {text_of(slope)}, belongs"
        yield Change(path, slope, Fault.MISSING_CHAIN_FACTOR, message, 2.4)
        if node.function in ("sigmoid", "tanh", "divide"):
            return
        both = _call("multiply", slope, node, like=node)
        yield Change(path, both, Fault.MISSING_CHAIN_FACTOR, message, 2.6)


def _other_names(path: Path, node: Node, names: Sequence[Name]) -> Iterator[Change]:
    """Another variable or constant of the same shape, or another entry of the same array."""
    if isinstance(node, Name):
        for other in [n for n in names if n.shape == node.shape and n.name != node.name][:MOST_NAMES]:
            yield Change(path, other, Fault.FACTOR, f"{node.name} stands where {other.name} belongs", 2.3)
    elif isinstance(node, Index) and isinstance(node.value, Name) and all(isinstance(p, int) for p in node.parts):
        for axis, part in enumerate(node.parts):
            assert isinstance(part, int)
            for entry in range(min(node.value.shape[axis], MOST_NAMES)):
                if entry != part % node.value.shape[axis]:
                    parts = (*node.parts[:axis], entry, *node.parts[axis + 1 :])
                    other_entry = replace(node, parts=parts)
                    near = abs(entry - part) == 1
                    fault = Fault.OFF_BY_ONE_INDEX if near else Fault.FACTOR
                    message = f"{text_of(node)} stands where {text_of(other_entry)} belongs"
                    yield Change(path, other_entry, fault, message, 2.1)


def _put_in(
    path: Path, node: Node, parent: Node | None, entries: Sequence[Name | Index], names: Sequence[Name]
) -> Iterator[Change]:
    """A factor, divisor or term that is one name, or an absolute value, is missing."""
    if isinstance(node, Number) and not isinstance(parent, Call):
        return
    if not _counts(node):
        return
    fits = {node.shape, ()}
    if isinstance(parent, Call) and parent.function in ("add", "subtract", "multiply", "divide"):
        fits.add(parent.shape)
    fitting = [n for n in entries if n.shape in fits and n != node][:MOST_NAMES]
    if _stands_alone(node, parent) or parent is None or (isinstance(parent, Call) and parent.function == "matmul"):
        complements = [Call("subtract", (as_number(1.0), name), name.shape) for name in fitting]
        factors: list[Name | Index | Call] = [*fitting, *complements]
        for name in factors:
            for function, what in (("multiply", "factor"), ("divide", "divisor")):
                part = Call(function, (node, name), name.shape or node.shape)
                message = f"{text_of(node)} lacks the {what} {text_of(name)}"
                yield Change(path, part, Fault.FACTOR, message, 2.7 if isinstance(name, (Name, Index)) else 2.75)
    if not (isinstance(parent, Call) and parent.function in ("add", "subtract", "negative")):
        one: list[Node] = [*fitting, as_number(1.0)]
        for term in one:
            for function, sign in (("add", "+"), ("subtract", "-")):
                part = Call(function, (node, term), term.shape or node.shape)
                message = f"the term {sign} {text_of(term)} is missing beside {text_of(node)}"
                yield Change(path, part, Fault.MISSING_TERM, message, 2.8)
    if len(node.shape) == 1 and not path:
        n = node.shape[0]
        for matrix in [m for m in names if m.shape == (n, n)][:MOST_NAMES]:
            for left in (matrix, _transposed(matrix)):
                part = _call("matmul", left, node, like=node)
                message = f"the chain rule's factor {text_of(left)} @ … is missing"
                yield Change(path, part, Fault.MISSING_CHAIN_FACTOR, message, 2.7)
    if isinstance(node, Name) or (isinstance(parent, (Call, Compare)) and not isinstance(node, Number)):
        part = _call("abs", node, like=node)
        yield Change(path, part, Fault.SIGN, f"{text_of(node)} stands where {text_of(part)} belongs", 2.9)
        part = _call("sign", node, like=node)
        yield Change(path, part, Fault.SIGN, f"{text_of(node)} stands where {text_of(part)} belongs", 3.0)
        times = _call("multiply", node, part, like=node)
        yield Change(path, times, Fault.SIGN, f"{text_of(node)} lacks the factor {text_of(part)}", 3.1)
