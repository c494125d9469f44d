"""`points`: listed points, points with a known derivative, and points to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gradverify.core.variables import Shape, Variables
from gradverify.spec.constants import nested
from gradverify.spec.kinds import Choice, Integer, Key, Record, number, wrong_type
from gradverify.spec.model import Interval, ListedPoint, SampledPoints
from gradverify.spec.reader import Bad, Context, Offers, listed
from gradverify.spec.variables import inside, show_interval, unknown_variable
from gradverify.spec.yaml12 import Mapping, Node, Scalar, Sequence

MAX_SAMPLES = 100_000
DEFAULT_SAMPLE = 5  # points that are drawn where a spec lists none

DISTRIBUTIONS = {
    "uniform": "all values between the domain's ends alike; from -3 to 3 without ends, 6 away from a single one",
    "normal": "standard normal without ends; else from the middle of the domain, or from its only end inwards",
    "log-uniform": "all orders of magnitude alike, both signs where the domain has both; 1e-3 to 1e3 without ends",
}

SAMPLE = Record(
    (
        Key(
            name="sample", kind=Integer(1, MAX_SAMPLES), required=True, example="25",
            description="How many points to draw.",
        ),
        Key(
            name="seed", kind=Integer(0), example="1", default="0", default_value=0,
            description="The seed: the same seed gives the same points on every machine.",
        ),
        Key(
            name="distribution", kind=Choice(DISTRIBUTIONS), example="normal", default="uniform",
            default_value="uniform",
            description="How the points are distributed.",
        ),
    ),
    lambda values, node, context: SampledPoints(
        values["sample"], values.get("seed", 0), values.get("distribution", "uniform"), context.place(node)
    ),
    "a sample",
)  # fmt: skip

KNOWN = ("gradient", "jacobian", "hessian")


@dataclass(frozen=True, slots=True)
class PointsKind:
    """A list of points."""

    words: str = "list of points"

    def read(self, node: Node, context: Context) -> tuple[ListedPoint | SampledPoints, ...]:
        if not isinstance(node, Sequence):
            raise wrong_type(context, node, "a list of points", "for example: [[1, 2], [0.5, -1]]")
        found: list[ListedPoint | SampledPoints] = []
        whole = True
        for item in node.items:
            try:
                found.append(self._point(item, context))
            except Bad:
                whole = False
        if not whole:
            raise Bad
        return tuple(found)

    def _point(self, node: Node, context: Context) -> ListedPoint | SampledPoints:
        if isinstance(node, Mapping) and not _names_variables(node, context):
            names = {key.text for key, _ in node.entries}
            if "sample" in names:
                sample: SampledPoints = SAMPLE.read(node, context)
                return sample
            if "at" in names:
                known: ListedPoint = KNOWN_POINT.read(node, context)
                return known
        return ListedPoint(point(node, context), context.place(node))

    def schema(self, offers: Offers) -> dict[str, Any]:
        by_variable = BY_VARIABLE_SCHEMA | {"not": {"anyOf": [{"required": ["at"]}, {"required": ["sample"]}]}}
        item = {"anyOf": [NUMBERS_REFERENCE, by_variable, KNOWN_POINT.schema(offers), SAMPLE.schema(offers)]}
        return {"type": "array", "items": item}


def _names_variables(node: Mapping, context: Context) -> bool:
    """Whether a mapping is a point by variable even though a variable is called `at` or `sample`."""
    variables = context.variables
    return variables is not None and all(key.text in variables for key, _ in node.entries)


NUMBERS_REFERENCE = {"$ref": "#/$defs/numbers"}
BY_VARIABLE_SCHEMA: dict[str, Any] = {
    "type": "object", "minProperties": 1, "additionalProperties": NUMBERS_REFERENCE,
}  # fmt: skip
POINT_SCHEMA: dict[str, Any] = {"anyOf": [NUMBERS_REFERENCE, BY_VARIABLE_SCHEMA]}
NUMBERS_SCHEMA: dict[str, Any] = {
    "anyOf": [{"type": "number"}, {"type": "array", "items": NUMBERS_REFERENCE, "minItems": 1}]
}


def point(node: Node, context: Context) -> tuple[float, ...]:
    """A point: a flat list, a list by variable, or a mapping by variable; inside the domain."""
    variables = context.known_variables()
    values, nodes = _vector(node, variables, context)
    whole = True
    for variable in variables:
        interval = context.domain.get(variable.name)
        if interval is None:
            continue
        for index in range(variable.offset, variable.offset + variable.size):
            if not inside(interval, values[index]):
                _outside(nodes[index], values[index], variables.component_name(index), interval, context)
                whole = False
    if not whole:
        raise Bad
    return tuple(values)


def _outside(node: Node, value: float, name: str, interval: Interval, context: Context) -> None:
    context.bad(
        "point-outside-domain", node, f"{name} = {value:g} lies outside its domain {show_interval(interval)}",
        "move the point, or widen `domain`",
    )  # fmt: skip


def _vector(node: Node, variables: Variables, context: Context) -> tuple[list[float], list[Node]]:
    """The flat values, and for each the node to blame."""
    if isinstance(node, Mapping):
        return _by_variable(node, variables, context)
    if isinstance(node, Scalar):
        if variables.size == 1 and not node.style:
            return [number(node, context)], [node]
        raise wrong_type(
            context,
            node,
            f"a point of {variables.size} {'number' if variables.size == 1 else 'numbers'}",
            "a point is a list, points a list of lists",
        )
    if all(isinstance(item, Scalar) for item in node.items) and not _is_by_variable(node, variables):
        return _flat(node, variables, context)
    if len(node.items) == len(variables):
        parts = dict(zip(variables.names, node.items, strict=True))
        return _blocks(parts, variables, context)
    if len(variables) == 1:
        return _blocks({variables.names[0]: node}, variables, context)
    raise _wrong_length(node, len(node.items), variables, context)


def _is_by_variable(node: Sequence, variables: Variables) -> bool:
    return len(node.items) == len(variables) and all(v.shape == () for v in variables)


def _wrong_length(node: Node, given: int, variables: Variables, context: Context) -> Bad:
    wanted = "one a variable" if all(v.shape == () for v in variables) else "all components one after the other"
    return context.bad(
        "wrong-length", node,
        f"the point has {given} {'number' if given == 1 else 'numbers'}, the variables have {variables.size}",
        f"{variables.size} {'number' if variables.size == 1 else 'numbers'}, {wanted}: {listed(variables.names)}",
    )  # fmt: skip


def _flat(node: Sequence, variables: Variables, context: Context) -> tuple[list[float], list[Node]]:
    values: list[float] = []
    whole = True
    for item in node.items:
        try:
            values.append(number(item, context))
        except Bad:
            whole = False
    if len(node.items) != variables.size:
        raise _wrong_length(node, len(node.items), variables, context)
    if not whole:
        raise Bad
    return values, node.items


def _by_variable(node: Mapping, variables: Variables, context: Context) -> tuple[list[float], list[Node]]:
    parts: dict[str, Node] = {}
    whole = True
    for key, value in node.entries:
        if key.text not in variables:
            unknown_variable(key, variables, context)
            whole = False
        else:
            parts[key.text] = value
    missing = [name for name in variables.names if name not in parts]
    if missing:
        context.bad("missing-component", node, f"the point lacks {listed(missing)}", length=1)
    if missing or not whole:
        raise Bad
    return _blocks(parts, variables, context)


def _blocks(parts: dict[str, Node], variables: Variables, context: Context) -> tuple[list[float], list[Node]]:
    values: list[float] = []
    nodes: list[Node] = []
    whole = True
    for variable in variables:
        part = parts[variable.name]
        try:
            value, shape = nested(part, context)
        except Bad:
            whole = False
            continue
        found = _flatten(value)
        # A flat list for a matrix is what people write; any other shape is a mistake.
        if shape not in (variable.shape, (variable.size,)) and not (variable.size == 1 and len(found) == 1):
            context.bad(
                "bad-shape",
                part,
                f"`{variable.name}` has shape {_show(variable.shape)}, the point gives {_show(shape)}",
            )
            whole = False
            continue
        values += found
        nodes += _leaves(part)
    if not whole:
        raise Bad
    return values, nodes


def _leaves(node: Node) -> list[Node]:
    """The numbers of a nested list, in C order."""
    return [leaf for item in node.items for leaf in _leaves(item)] if isinstance(node, Sequence) else [node]


def _show(shape: Shape) -> str:
    return str(tuple(shape))


def _flatten(value: Any) -> list[float]:
    if isinstance(value, tuple):
        return [number_ for part in value for number_ in _flatten(part)]
    return [float(value)]


@dataclass(frozen=True, slots=True)
class AtKind:
    """One point, as the flat point vector."""

    words: str = "point"

    def read(self, node: Node, context: Context) -> tuple[float, ...]:
        return point(node, context)

    def schema(self, offers: Offers) -> dict[str, Any]:
        return {"$ref": "#/$defs/point"}


@dataclass(frozen=True, slots=True)
class KnownKind:
    """The derivative at a point, known from elsewhere: flat, in C order."""

    derivative: str
    words: str

    def read(self, node: Node, context: Context) -> tuple[float, ...]:
        claim = context.main_claim
        if claim is not None and self.derivative != claim:
            message = f"the spec claims a {claim}; a known {self.derivative} cannot be compared with it"
            raise context.bad("wrong-known-value", node, message, f"write `{claim}:`")
        variables = context.known_variables()
        if self.derivative == "gradient":
            return tuple(_vector(node, variables, context)[0])
        value, shape = nested(node, context)
        flat = _flatten(value)
        n = variables.size
        square = self.derivative == "hessian"
        if len(shape) < 2 or len(flat) != shape[0] * n or (square and shape[0] != n):
            rows = str(n) if square else "m"
            message = f"the {self.derivative} has shape ({rows}, {n}), this has shape {_show(shape)}"
            raise context.bad("wrong-length", node, message)
        return tuple(flat)

    def schema(self, offers: Offers) -> dict[str, Any]:
        return {"$ref": "#/$defs/point"} if self.derivative == "gradient" else NUMBERS_REFERENCE


def _known_point(values: dict[str, Any], node: Mapping, context: Context) -> ListedPoint:
    given = [name for name in KNOWN if name in values]
    if len(given) > 1:
        raise context.bad("conflicting-keys", node.key(given[1]) or node, "a point has one known derivative")
    return ListedPoint(values["at"], context.place(node), values[given[0]] if given else None)


_EXAMPLES = {"gradient": "[8, 3, -4]", "jacobian": "[[1, 0], [2, 1]]", "hessian": "[[2, 0], [0, 2]]"}
KNOWN_POINT = Record(
    (
        Key(name="at", kind=AtKind(), required=True, example="[1, 2, 3]", description="The point."),
        *(
            Key(
                name=name, example=_EXAMPLES[name], default="not known",
                kind=KnownKind(name, "point" if name == "gradient" else "rows of numbers"),
                description=f"The {name} there, known from elsewhere; the claimed {name} is checked against it.",
            )
            for name in KNOWN
        ),
    ),
    _known_point,
    "a point",
)  # fmt: skip
