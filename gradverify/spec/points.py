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
    "uniform": "uniform between the domain's ends; where an end is infinite, over [-3, 3] or as far from the other end",
    "normal": "standard normal, moved inside the domain where it has ends",
    "log-uniform": "magnitudes from 1e-3 to 1e3 with random signs, inside the domain",
}

SAMPLE = Record(
    (
        Key(name="sample", kind=Integer(1, MAX_SAMPLES), required=True, example="25", description="How many points to draw."),
        Key(
            name="seed", kind=Integer(0), example="1", default="0", default_value=0,
            description="The seed: the same seed gives the same points on every machine.",
        ),
        Key(
            name="distribution", kind=Choice(DISTRIBUTIONS), example="uniform", default="uniform", default_value="uniform",
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
        if isinstance(node, Mapping) and node.get("sample") is not None:
            found = SAMPLE.read(node, context)
            assert isinstance(found, SampledPoints)
            return found
        if isinstance(node, Mapping) and node.get("at") is not None:
            return self._known(node, context)
        return ListedPoint(point(node, context), context.place(node))

    def _known(self, node: Mapping, context: Context) -> ListedPoint:
        known: tuple[float, ...] | None = None
        whole = True
        for key, value in node.entries:
            if key.text == "at":
                continue
            if key.text not in KNOWN:
                context.bad("unknown-key", key, f"a point has no key `{key.text}`", "known keys: `at`, `gradient`")
                whole = False
                continue
            claim = context.main_claim
            if claim is not None and key.text != claim:
                message = f"the spec claims a {claim}; a known {key.text} cannot be compared with it"
                context.bad("wrong-known-value", key, message, f"write `{claim}:`")
                whole = False
                continue
            with context.collecting():
                known = _derivative(value, context)
        at = point(node.get("at") or node, context)
        if not whole or known is None:
            if whole and not any(key.text in KNOWN for key, _ in node.entries):
                return ListedPoint(at, context.place(node))
            raise Bad
        return ListedPoint(at, context.place(node), known)

    def schema(self, offers: Offers) -> dict[str, Any]:
        numbers = {"$ref": "#/$defs/numbers"}
        value = {"anyOf": [{"type": "number"}, {"type": "array", "items": numbers}]}
        vector = {"type": "array", "items": numbers}
        by_variable = {
            "type": "object",
            "additionalProperties": value,
            "not": {"anyOf": [{"required": ["at"]}, {"required": ["sample"]}]},
        }
        known = {
            "type": "object", "required": ["at"], "additionalProperties": False,
            "properties": {"at": {"anyOf": [vector, by_variable]}, **{k: {"anyOf": [vector, by_variable]} for k in KNOWN}},
        }  # fmt: skip
        return {
            "type": "array",
            "items": {"anyOf": [vector, known, SAMPLE.schema(offers), by_variable, {"type": "number"}]},
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
        raise wrong_type(context, node, f"a point of {variables.size} numbers", "a point is a list: [1, 2]")
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
        "wrong-length", node, f"the point has {given} numbers, the variables have {variables.size}",
        f"{variables.size} numbers, {wanted}: {listed(variables.names)}",
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
    return values, list(node.items)


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
        nodes += [part] * len(found)
    if not whole:
        raise Bad
    return values, nodes


def _show(shape: Shape) -> str:
    return str(tuple(shape))


def _flatten(value: Any) -> list[float]:
    if isinstance(value, tuple):
        return [number_ for part in value for number_ in _flatten(part)]
    return [float(value)]


def _derivative(node: Node, context: Context) -> tuple[float, ...]:
    """A known derivative, flat: nested lists, or a mapping by variable (for gradients)."""
    if isinstance(node, Mapping):
        return tuple(_by_variable(node, context.known_variables(), context)[0])
    if isinstance(node, Sequence) and any(isinstance(item, Sequence) for item in node.items):
        variables = context.known_variables()
        if len(node.items) == len(variables) and not all(v.shape == () for v in variables):
            return tuple(_blocks(dict(zip(variables.names, node.items, strict=True)), variables, context)[0])
    value, _ = nested(node, context)
    return tuple(_flatten(value))


@dataclass(frozen=True, slots=True)
class AtKind:
    """One point, as the flat point vector."""

    words: str = "point"

    def read(self, node: Node, context: Context) -> tuple[float, ...]:
        return point(node, context)

    def schema(self, offers: Offers) -> dict[str, Any]:
        numbers = {"$ref": "#/$defs/numbers"}
        by_variable = {"type": "object", "additionalProperties": {"$ref": "#/$defs/number-or-numbers"}}
        return {"anyOf": [{"type": "array", "items": numbers}, by_variable, {"type": "number"}]}
