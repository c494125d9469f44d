"""The keys of `stationary`, `properties`, `descent` and `rule`: how they are written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from gradverify.spec.beyond import Bounds, Descent, DescentExpectation, Rule, RulePart, StationaryPoint
from gradverify.spec.claims import plain
from gradverify.spec.constants import find_file
from gradverify.spec.kinds import Choice, Flag, Integer, Key, ListOf, Number, Record, Text, shorten, wrong_type
from gradverify.spec.points import AtKind
from gradverify.spec.reader import Bad, Context, Offers, did_you_mean
from gradverify.spec.yaml12 import Mapping, Node, Scalar, Sequence

GRADIENT_DESCENT = "gradient-descent"
MAX_ITERATIONS = 1000  # where the spec names none

STATIONARY = Record(
    (
        Key(name="at", kind=AtKind(), required=True, example="[0, 0, 1]", description="The point where ∇f = 0."),
        Key(
            name="kind", example="saddle", default="any", description="What kind it is, by the Hessian's eigenvalues.",
            kind=Choice(
                {
                    "minimum": "all eigenvalues positive", "maximum": "all eigenvalues negative",
                    "saddle": "eigenvalues of both signs", "degenerate": "an eigenvalue is zero",
                }
            ),
        ),
    ),
    lambda values, node, context: StationaryPoint(values["at"], context.place(node), values.get("kind")),
    "a stationary point",
)  # fmt: skip

PROPERTIES = Choice(
    {
        "directional": "the derivative along random directions is the gradient's product with them",
        "steepest-ascent": "no direction of the same length raises f faster than the gradient",
        "level-set": "f does not change, to first order, across the gradient",
    }
)


def _bounds(what: str, kind: Integer | Number) -> Record:
    keys = (
        Key(name="at_least", kind=kind, example="1", description="The smallest value that is accepted."),
        Key(name="at_most", kind=kind, example="60", description="The largest value that is accepted."),
    )
    return Record(keys, _make_bounds, what)


def _make_bounds(values: dict[str, Any], node: Mapping, context: Context) -> Bounds:
    low, high = values.get("at_least"), values.get("at_most")
    if low is None and high is None:
        raise context.bad(
            "missing-key", node, "this needs `at_most` or `at_least`", "for example: {at_most: 60}", length=1
        )
    if low is not None and high is not None and not low <= high:
        raise context.bad("out-of-range", node, f"nothing is at least {low:g} and at most {high:g}")
    return Bounds(low, high)


def _expectation(values: dict[str, Any], node: Mapping, context: Context) -> DescentExpectation:
    """The expectation, unless two parts of it exclude one another."""
    expected = DescentExpectation(**values)
    for reason in _contradictions(expected):
        key = node.key(reason[0]) or node
        context.bad("contradiction", key, reason[1], "remove one of the two")
    if any(True for _ in _contradictions(expected)):
        raise Bad
    return expected


def _contradictions(expected: DescentExpectation) -> Iterator[tuple[str, str]]:
    """Each key that cannot come true beside the others, with why."""
    behaviour = expected.behaviour
    if behaviour in ("diverges", "oscillates"):
        for key in ("minimiser", "value"):
            if getattr(expected, key) is not None:
                yield key, f"a descent that {behaviour} ends at no `{key}`"
        rate = expected.rate
        if rate is not None and rate.at_most is not None and rate.at_most < 1:
            yield "rate", f"a descent that {behaviour} has no rate of convergence below 1"
    if behaviour == "oscillates" and expected.armijo:
        yield "armijo", "a descent whose every step lowers f sufficiently does not oscillate"
    if expected.armijo and expected.monotone is False:
        yield "monotone", "f falls in every step that meets the Armijo condition"


EXPECTATION = Record(
    (
        Key(
            name="behaviour", example="converges", default="any", description="How the descent has to end.",
            kind=Choice(
                {
                    "converges": "‖g‖ falls below `gradient_tolerance` within `max_iterations`",
                    "slow": "f falls steadily without getting there",
                    "oscillates": "successive steps keep reversing and the distance does not shrink",
                    "diverges": "x or f leaves every bound, or stops being finite",
                }
            ),
        ),
        Key(name="minimiser", kind=AtKind(), example="[0, 0]", default="any", description="Where it has to end."),
        Key(name="value", kind=Number(), example="0", default="any", description="The value of f there."),
        Key(
            name="tolerance", kind=Number(above=0), example="1e-3", default="1e-4", default_value=1e-4,
            description="How far, absolutely, the last iterate may be from `minimiser`, and f from `value`, beside "
            "what the gradient tolerance leaves.",
        ),
        Key(
            name="iterations", kind=_bounds("`iterations`", Integer()), example="{at_most: 60}", default="any",
            description="How many iterations it may take.",
        ),
        Key(
            name="rate", kind=_bounds("`rate`", Number(minimum=0)), example="{at_most: 0.65}", default="any",
            description="The linear convergence rate, the limit of ‖eₖ₊₁‖/‖eₖ‖, estimated from the iterates.",
        ),
        Key(
            name="monotone", kind=Flag(), example="true", default="any",
            description="true: f has to fall in every step; false: it has to rise in one at least.",
        ),
        Key(
            name="armijo", kind=Flag(), example="true", default="any",
            description="true: every step has to lower f sufficiently, f(x + s) ≤ f(x) + c₁ g·s with c₁ = 1e-4.",
        ),
    ),
    _expectation,
    "what a descent is expected to do",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MethodKind:
    """The name of a descent method: any, where nobody says which there are."""

    words: str = "text"

    def read(self, node: Node, context: Context) -> str:
        name = Text(line=True).read(node, context)
        if name == GRADIENT_DESCENT or context.offers.methods is None:
            return name
        known = context.offers.methods()
        if name in known:
            return name
        help = did_you_mean(name, known, "there are")
        raise context.bad("unknown-method", node, f"there is no descent method `{shorten(name)}`", help)

    def schema(self, offers: Offers) -> dict[str, Any]:
        return {"type": "string"} if offers.methods is None else {"enum": sorted(offers.methods())}


@dataclass(frozen=True, slots=True)
class OptionsKind:
    """Free options of a plugin's method."""

    words: str = "mapping"

    def read(self, node: Node, context: Context) -> dict[str, Any]:
        if not isinstance(node, Mapping):
            raise wrong_type(context, node, "a mapping of options")
        found: dict[str, Any] = plain(node)
        return found

    def schema(self, offers: Offers) -> dict[str, Any]:
        return {"type": "object"}


def _descent(values: dict[str, Any], node: Mapping, context: Context) -> Descent:
    _require_enough_iterations(values, node, context)
    _require_rate(values, node, context)
    name = values.pop("name", "")
    return Descent(name=name, place=context.place(node), **values)


def _require_rate(values: dict[str, Any], node: Mapping, context: Context) -> None:
    """Refuse a missing learning rate, and one that the method has no use for."""
    method = values.get("method", GRADIENT_DESCENT)
    methods = context.offers.methods
    use = "required" if method == GRADIENT_DESCENT else methods().get(method) if methods is not None else None
    if use == "required" and "learning_rate" not in values:
        help = "for example: learning_rate: 0.1"
        what = "gradient descent" if method == GRADIENT_DESCENT else f"`{method}`"
        raise context.bad("missing-key", node, f"{what} needs the key `learning_rate`", help, length=1)
    if use == "none" and "learning_rate" in values:
        key = node.key("learning_rate") or node
        message = f"`{method}` finds its step lengths itself and takes no `learning_rate`"
        raise context.bad("conflicting-keys", key, message, "remove it")


def _require_enough_iterations(values: dict[str, Any], node: Mapping, context: Context) -> None:
    """Refuse expectations that `max_iterations` leaves no room for."""
    expected = values.get("expect")
    if expected is None or expected.iterations is None:
        return
    most = values.get("max_iterations", MAX_ITERATIONS)
    low, high = expected.iterations.at_least, expected.iterations.at_most
    at = node.get("expect")
    key = at.key("iterations") if isinstance(at, Mapping) else None
    if low is not None and low > most:
        raise context.bad("contradiction", key or node, f"at least {low} iterations do not fit into {most}", _RAISE)
    if expected.behaviour in ("slow", "oscillates") and high is not None and high < most:
        message = f"a descent that is {_WORDS[expected.behaviour]} takes all {most} iterations, not at most {high}"
        raise context.bad("contradiction", key or node, message, "lower `max_iterations`, or remove one of the two")


_RAISE = "raise `max_iterations`"
_WORDS = {"slow": "slow", "oscillates": "oscillating"}

DESCENT = Record(
    (
        Key(
            name="name", kind=Text(line=True), example="just right", default="descent, descent-2, …",
            description="What reports call it.",
        ),
        Key(name="start", kind=AtKind(), required=True, example="[4, 3]", description="The point to start from."),
        Key(
            name="method", kind=MethodKind(), example="gradient-descent", default="gradient-descent",
            default_value=GRADIENT_DESCENT, description="The method; plugins may add others.",
        ),
        Key(
            name="learning_rate", kind=Number(above=0), example="0.2", default="none; gradient descent needs it",
            description="The length of a step, in units of the gradient.",
        ),
        Key(
            name="max_iterations", kind=Integer(1, 10_000_000), example="100", default="1000",
            default_value=MAX_ITERATIONS,
            description="How many iterations it may take at most.",
        ),
        Key(
            name="gradient_tolerance", kind=Number(above=0), example="1e-6", default="1e-6", default_value=1e-6,
            description="It has converged when the claimed gradient's Euclidean norm falls below this.",
        ),
        Key(
            name="options", kind=OptionsKind(), example="{momentum: 0.9}", default="none",
            description="Options of a plugin's method.",
        ),
        Key(
            name="expect", kind=EXPECTATION, example="{behaviour: converges}", default="anything",
            description="What has to come out.",
        ),
    ),
    _descent,
    "a descent",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DescentsKind:
    """A list of descents, whose names are all different."""

    words: str = "list of mappings"

    def read(self, node: Node, context: Context) -> tuple[Descent, ...]:
        found: tuple[Descent, ...] = ListOf(DESCENT, "list of descents", least=1).read(node, context)
        names: set[str] = set()
        named: list[Descent] = []
        for index, descent in enumerate(found):
            name = descent.name or ("descent" if index == 0 else f"descent-{index + 1}")
            if name in names:
                at = node.items[index] if isinstance(node, Sequence) else node
                raise context.bad(
                    "duplicate-name", at, f"two descents are named `{name}`", "give one another name", length=1
                )
            names.add(name)
            named.append(replace(descent, name=name))
        return tuple(named)

    def schema(self, offers: Offers) -> dict[str, Any]:
        return {"type": "array", "items": {"$ref": "#/$defs/descent"}, "minItems": 1}


RULE = Choice(
    {
        "linear-combination": "Σ wᵢ·fᵢ, with `weights`",
        "product": "the product of the parts",
        "chain": "f(g(x)) for the parts f and g, g vector-valued",
    }
)


@dataclass(frozen=True, slots=True)
class PartKind:
    """A spec that a rule builds on."""

    words: str = "spec file"

    def read(self, node: Node, context: Context) -> RulePart:
        text = Text(line=True).read(node, context)
        assert isinstance(node, Scalar)
        file, _, name = text.partition("::")
        path = find_file(file, node, (".yaml", ".yml"), context)
        return RulePart(str(path), name or None, context.place(node))

    def schema(self, offers: Offers) -> dict[str, Any]:
        return {"type": "string", "minLength": 1}


PARTS = ListOf(PartKind(), "list of spec files", least=1)
WEIGHTS = ListOf(Number(), "list of numbers", least=1)


def read_rule(values: dict[str, Any], root: Mapping, context: Context) -> Rule | None:
    """The rule that `rule`, `of` and `weights` make together, from those of the three that could be read."""
    given = [name for name in ("rule", "of", "weights") if root.get(name) is not None]
    if not given:
        return None
    first = root.key(given[0])
    assert first is not None
    missing = [name for name in ("rule", "of") if name not in given]
    if missing:
        help = "a rule has `rule` (linear-combination, product or chain) and `of` (the specs it is made of)"
        raise context.bad("missing-key", first, f"`{given[0]}` needs the key `{missing[0]}` beside it", help)
    if not all(name in values for name in given):
        raise Bad
    kind, parts, weights = values["rule"], values["of"], values.get("weights", ())
    of = root.get("of")
    weighed = root.get("weights")
    assert of is not None
    if kind == "chain" and len(parts) != 2:
        raise context.bad("wrong-length", of, f"a chain has two parts, f and g of f(g(x)); here are {len(parts)}")
    if kind == "product" and len(parts) < 2:
        raise context.bad("wrong-length", of, "a product has two parts or more")
    if kind != "linear-combination" and weighed is not None:
        key = root.key("weights") or weighed
        raise context.bad(
            "conflicting-keys", key, f"a {kind} takes no `weights`", "remove them, or use linear-combination"
        )
    if kind == "linear-combination":
        if weighed is None:
            weights = (1.0,) * len(parts)
        elif len(weights) != len(parts):
            has = "is 1 weight" if len(weights) == 1 else f"are {len(weights)} weights"
            message = f"here {has} for {len(parts)} part{'' if len(parts) == 1 else 's'}"
            raise context.bad("wrong-length", weighed, message)
    return Rule(kind, parts, weights)
