"""Do the parts of a rule fit one another, as far as text can tell? What only running shows is said later."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from gradverify.core.variables import Shape, Variables
from gradverify.spec.beyond import Rule
from gradverify.spec.model import ExpressionSource, ReferenceSource, Spec


def misfits(rule: Rule, parts: Sequence[Spec], variables: Variables) -> Iterator[tuple[int, str, str]]:
    """For each part that does not fit: its number, a sentence, and what would help."""
    for index, spec in enumerate(parts):
        if not _claims(spec):
            yield index, f"{_label(rule, index)} claims no derivative that a rule could build on", "add `gradient: …`"
    outputs = [output_shape(spec) for spec in parts]
    if rule.kind == "chain":
        yield from _chain(rule, parts, outputs, variables)
        return
    for index, spec in enumerate(parts):
        yield from _unknown_variables(rule, index, spec.variables, variables)
    for index, shape in enumerate(outputs):
        if shape is not None and shape and rule.kind == "product":
            yield index, f"a product's parts are numbers; {_label(rule, index)} has {shape[0]} values", ""
        elif rule.kind != "product" and None not in (shape, outputs[0]) and shape != outputs[0]:
            told = (
                f"{_label(rule, 0)} has {_values(outputs[0] or ())}, {_label(rule, index)} has {_values(shape or ())}"
            )
            yield index, f"the parts of a sum have as many values each; {told}", ""


def _chain(
    rule: Rule, parts: Sequence[Spec], outputs: Sequence[Shape | None], variables: Variables
) -> Iterator[tuple[int, str, str]]:
    outer, inner = parts
    yield from _unknown_variables(rule, 1, inner.variables, variables)
    given = outputs[1]
    if given is None:
        return
    count, wanted = math.prod(given), outer.variables.size
    if count != wanted:
        takes = f"{wanted} number{'' if wanted == 1 else 's'}"
        message = f"{_label(rule, 0)} takes {takes}, {_label(rule, 1)} has {_values(given)}"
        yield 0, message, "in a chain f(g(x)), `of: [f, g]`, f takes what g returns"


def _unknown_variables(rule: Rule, index: int, own: Variables, variables: Variables) -> Iterator[tuple[int, str, str]]:
    label = _label(rule, index)
    for variable in own:
        if variable.name not in variables:
            yield index, f"{label} has the variable `{variable.name}`, which this spec has not", "give `variables` here"
        elif variables[variable.name].shape != variable.shape:
            here, there = variables[variable.name].shape, variable.shape
            yield index, f"`{variable.name}` has shape {here} here and {there} in {label}", ""


def _claims(spec: Spec) -> bool:
    pair = isinstance(spec.function, ReferenceSource) and spec.function.returns is not None
    return spec.gradient is not None or spec.jacobian is not None or "rule" in spec.extensions or pair


def output_shape(spec: Spec) -> Shape | None:
    """The shape of the function's value as text tells it; None where only running shows it."""
    if spec.gradient is not None:
        return ()
    function = spec.function
    if isinstance(function, ExpressionSource) and function.whole is not None:
        return function.whole.shape
    return None


def _values(shape: Shape) -> str:
    count = math.prod(shape)
    return f"{count} value{'' if count == 1 else 's'}"


def _label(rule: Rule, index: int) -> str:
    return rule.parts[index].label
