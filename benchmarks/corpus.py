"""A corpus of right and wrong gradients: the specs of specs/, scaled and offset, and systematic mutants of them.

Every right expression spec gives right variants a·f + c and wrong ones by one mutation of one component (or of two,
for swaps). Further
right gradients are numerically nasty on purpose. Nothing here is tuned to gradverify: a mutant counts as wrong when
it differs by more
than the tolerance at some listed point, or at one of the sampled points that are added to every case, by 60-digit
arithmetic alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from gradverify.core.verdicts import Fault
from gradverify.expression.nodes import Call, Index, Name, Node, Number, Stack
from gradverify.spec.load import load_specs
from gradverify.spec.model import Expect, ExpressionSource, ListedPoint, Spec

SPECS = Path(__file__).parent.parent / "specs"
SCALES = (1.0, 1e8, 1e-9)
OFFSETS = (0.0, 1e6)
RELATIVE_FAULTS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 3e-6)


@dataclass(frozen=True, slots=True)
class Case:
    """One gradient to be judged. `faults` are the names that a diagnosis may give it; empty where it is right."""

    spec: Spec
    right: bool
    kind: str  # what was done to it
    faults: tuple[Fault, ...] = ()


def number(value: float) -> Number:
    return Number(value, repr(value))


def times(node: Node, factor: float) -> Node:
    return Call("multiply", (number(factor), node), node.shape)


def plus(node: Node, offset: float) -> Node:
    return Call("add", (node, number(offset)), node.shape)


def expression_specs() -> list[Spec]:
    """The right gradient specs of specs/ that are expressions, one scalar function each."""
    specs = load_specs([SPECS]).specs
    return [
        s
        for s in specs
        if s.expect.verdict == "pass"
        and isinstance(s.function, ExpressionSource)
        and isinstance(s.gradient, ExpressionSource)
        and s.function.whole is not None
        and s.function.whole.shape == ()
    ]


def blocks(spec: Spec) -> dict[str, Node]:
    """The claim by variable."""
    source = spec.gradient
    assert isinstance(source, ExpressionSource)
    if source.by_variable is not None:
        return dict(source.by_variable)
    whole = source.whole
    assert whole is not None
    if len(spec.variables) == 1:
        return {spec.variables.names[0]: whole}
    if isinstance(whole, Stack):
        return dict(zip(spec.variables.names, whole.items, strict=True))
    return {name: Index(whole, (i,), ()) for i, name in enumerate(spec.variables.names)}


def with_claim(spec: Spec, claim: dict[str, Node], name: str, right: bool) -> Spec:
    return replace(
        spec, name=f"{spec.name}/{name}", gradient=ExpressionSource(None, claim), hessian=None,
        expect=Expect("pass" if right else "fail"), search_evaluations=0,
        extensions={},  # what is expected of a descent is expected of the function as it is, not scaled
        points=tuple(replace(p, known=None) if isinstance(p, ListedPoint) else p for p in spec.points),
    )  # fmt: skip


def right_cases() -> Iterator[Case]:
    for spec in expression_specs():
        function = spec.function
        assert isinstance(function, ExpressionSource)
        assert function.whole is not None
        for scale in SCALES:
            for offset in OFFSETS:
                whole = times(function.whole, scale)
                whole = plus(whole, offset * scale) if offset else whole
                claim = {name: times(node, scale) for name, node in blocks(spec).items()}
                name = f"scale {scale:g} offset {offset:g}"
                changed = with_claim(replace(spec, function=ExpressionSource(whole)), claim, name, True)
                yield Case(changed, True, name)


def wrong_cases() -> Iterator[Case]:
    for spec in expression_specs():
        claim = blocks(spec)
        names = list(claim)
        for position, name in enumerate(names[:2]):
            node = claim[name]
            for kind, mutated, faults in mutations(node, name, spec):
                yield Case(with_claim(spec, {**claim, name: mutated}, f"{kind} in {name}", False), False, kind, faults)
            if position == 0 and len(names) > 1 and claim[names[1]].shape == node.shape:
                swapped = {**claim, name: claim[names[1]], names[1]: node}
                faults = (Fault.SWAPPED_COMPONENTS,)
                yield Case(with_claim(spec, swapped, "swapped", False), False, "swapped", faults)


def mutations(node: Node, name: str, spec: Spec) -> Iterator[tuple[str, Node, tuple[Fault, ...]]]:
    variable = Name(name, spec.variables[name].shape)
    yield "sign", Call("negative", (node,), node.shape), (Fault.SIGN,)
    yield "factor 2", times(node, 2.0), (Fault.FACTOR, Fault.MEAN_VS_SUM)
    yield "factor 1/2", times(node, 0.5), (Fault.FACTOR, Fault.MEAN_VS_SUM)
    yield "zero", times(node, 0.0), (Fault.ZEROED_COMPONENT,)
    yield "offset", plus(node, 0.125), (Fault.CONSTANT_OFFSET, Fault.EXTRA_TERM)
    if node.shape == variable.shape:
        yield "log parameter", Call("multiply", (node, variable), node.shape), (Fault.LOG_PARAMETER, Fault.FACTOR)
    if isinstance(node, Call) and node.function in {"add", "subtract"}:
        rest, last = node.arguments[:-1], node.arguments[-1]
        left = rest[0] if len(rest) == 1 else replace(node, arguments=rest)
        if left.shape == node.shape:
            yield "missing term", left, (Fault.MISSING_TERM, Fault.FACTOR, Fault.CONSTANT_OFFSET)
        turned = Call("negative", (last,), last.shape)
        flipped = Call("add", (*rest, turned if node.function == "add" else last), node.shape)
        yield "term's sign", flipped, (Fault.SIGN, Fault.EXTRA_TERM, Fault.CONSTANT_OFFSET)
    for relative in RELATIVE_FAULTS:
        yield f"relative {relative:g}", times(node, 1 + relative), (Fault.FACTOR,)
