"""`function`, `gradient`, `jacobian`, `hessian`: expressions to trees, references to what a loader will load."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gradverify.core.variables import Shape, Variable, Variables
from gradverify.expression.errors import ExpressionError
from gradverify.expression.nodes import Call, Node, Stack
from gradverify.expression.parse import parse_expression
from gradverify.spec.kinds import shorten, wrong_type
from gradverify.spec.model import ExpressionSource, ReferenceSource, Source
from gradverify.spec.reader import KINDS, Bad, Context, Offers, did_you_mean, listed
from gradverify.spec.source import index_in_source
from gradverify.spec.variables import unknown_variable
from gradverify.spec.yaml12 import Mapping as MappingNode
from gradverify.spec.yaml12 import Node as YamlNode
from gradverify.spec.yaml12 import Scalar, Sequence

PAIR = "value_and_gradient"
# What an expression is told when variables or constants could not be read: these would only be consequences.
_ABOUT_SHAPES = frozenset(("shape-mismatch", "index-out-of-range", "condition-expected"))
EXPRESSION_SCHEMA: dict[str, Any] = {"type": ["string", "number"]}


class _AnyName(Mapping[str, Shape]):
    """Stands for variables that could not be read: every name is a scalar, so that at least the syntax is checked."""

    def __getitem__(self, name: str) -> Shape:
        return ()

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def expression(node: Scalar, context: Context) -> Node:
    """The tree of an expression; its fault, if any, is placed inside the scalar."""
    text = _text(node, context)
    unsure = context.variables is None or bool(context.unsure)
    shapes: Mapping[str, Shape] = context.shapes
    if context.variables is None:
        shapes = _AnyName()
    elif unsure:
        shapes = dict(context.shapes) | dict.fromkeys(sorted(context.unsure), ())
    try:
        tree = parse_expression(text, shapes)
    except ExpressionError as error:
        if not (unsure and error.code in _ABOUT_SHAPES):
            start = index_in_source(context.source.text, node, error.offset)
            end = index_in_source(context.source.text, node, error.offset + error.length)
            advice = error.help or _cut_at_a_comma(node)
            context.bad(error.code, node, error.message, advice, offset=start - node.start, length=max(1, end - start))
        raise Bad from None
    if unsure:
        raise Bad
    return tree


def _cut_at_a_comma(node: Scalar) -> str:
    """What to say of one half of `f(x, y)`, which YAML takes for two items of a list."""
    text = node.text
    if node.style or text.count("(") + text.count("[") == text.count(")") + text.count("]"):
        return ""
    return 'an expression with commas needs quotes inside a list or mapping: ["f(x, y)"]'


def _text(node: Scalar, context: Context) -> str:
    value = node.value
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        help = "an expression with commas needs quotes inside braces or brackets" if value is None else ""
        raise wrong_type(context, node, "an expression", help)
    if not math.isfinite(value):
        raise context.bad("not-finite", node, "infinity and NaN are no formulas")
    # `010` and `0x1F` are numbers of YAML, not of expressions.
    decimal = node.text.lstrip("+-")
    plain = decimal == "0" or not (decimal.startswith("0") and decimal[1:2] not in (".", "e", "E"))
    return node.text if plain else repr(value)


def tree(node: YamlNode, context: Context) -> Node:
    """An expression, or a nested list of them, as one tree."""
    if isinstance(node, Scalar):
        return expression(node, context)
    if isinstance(node, MappingNode):
        raise wrong_type(context, node, "an expression or a list of them")
    return stack(node, entries(node, context), context)


def entries(node: Sequence, context: Context) -> list[Node]:
    """The trees of a list's entries; every faulty one is reported."""
    if not node.items:
        raise context.bad("wrong-length", node, "an empty list holds no expressions")
    found: list[Node] = []
    for item in node.items:
        with context.collecting():
            found.append(tree(item, context))
    if len(found) < len(node.items):
        raise Bad
    return found


def stack(node: Sequence, trees: list[Node], context: Context) -> Stack:
    """The entries as one array with a new first axis."""
    for item, found in zip(node.items, trees, strict=True):
        if found.shape != trees[0].shape:
            message = (
                f"the entries of an array must have one shape; this one has {found.shape}, the first {trees[0].shape}"
            )
            raise context.bad("ragged-list", item, message)
    return Stack(tuple(trees), (len(trees), *trees[0].shape))


def reference(node: MappingNode, context: Context) -> ReferenceSource:
    """`{python: "losses.py:loss"}`, with the options of its loader."""
    kinds = context.offers.kinds
    known = kinds if kinds is not None else KINDS
    named = [key for key, _ in node.entries if key.text in known]
    if not named:
        candidates = [key for key, _ in node.entries if key.text != "returns"]
        if kinds is None and candidates:
            named = candidates  # a loader of some plugin; whether there is one shows when the spec runs
        else:
            at = candidates[0] if candidates else node
            name = shorten(at.text) if isinstance(at, Scalar) else ""
            help = did_you_mean(name, known, "known kinds")
            raise context.bad("unknown-kind", at, f"there is no kind of function `{name}`", help)
    kind = named[0]
    target = node.get(kind.text)
    if not isinstance(target, Scalar) or not isinstance(target.value, str) or not target.value.strip():
        raise wrong_type(context, target or node, 'a reference such as "losses.py:loss"')
    if kind.text == "python" and ":" not in target.value:
        help = 'write "file.py:function" or "package.module:function"'
        raise context.bad("bad-reference", target, f"`{shorten(target.value)}` does not say which function", help)
    options: dict[str, Any] = {}
    returns = None
    for key, value in node.entries:
        if key is kind:
            continue
        if key.text == "returns":
            if not isinstance(value, Scalar) or value.value != PAIR:
                help = "leave `returns` out where the function returns one thing"
                raise context.bad("bad-choice", value, f"`returns` can only be `{PAIR}`", help)
            returns = PAIR
        elif kind.text == "python":
            help = did_you_mean(key.text, ["returns"], "known keys")
            raise context.bad("unknown-key", key, f"a Python reference has no key `{shorten(key.text)}`", help)
        else:
            options[key.text] = plain(value)
    return ReferenceSource(kind.text, target.value.strip(), returns, options)


def plain(node: YamlNode) -> Any:
    """A node as plain Python values."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key.text: plain(value) for key, value in node.entries}


def reference_schema(offers: Offers) -> dict[str, Any]:
    """One kind of function, its target, and what else a loader takes."""
    kinds = offers.kinds if offers.kinds is not None else KINDS
    returns = {"const": PAIR, "description": "The function returns its value and its gradient, as a pair."}
    variants = []
    for kind in kinds:
        target: dict[str, Any] = {
            "type": "string", "minLength": 1,
            "description": f"What the `{kind}` loader loads. A path is relative to the spec.",
        }  # fmt: skip
        if kind == "python":
            target["pattern"] = ":"
            target["examples"] = ["losses.py:loss", "package.module:loss"]
        variants.append(
            {
                "type": "object",
                "properties": {kind: target, "returns": returns},
                "required": [kind],
                "additionalProperties": kind != "python",
            }
        )
    return {"anyOf": variants}


@dataclass(frozen=True, slots=True)
class FunctionKind:
    """An expression, a list of expressions, or a reference."""

    words: str = "expression, list of expressions, or `{python: …}`"

    def read(self, node: YamlNode, context: Context) -> Source:
        if isinstance(node, MappingNode):
            return reference(node, context)
        found = tree(node, context)
        if len(found.shape) > 1:
            message = f"the function has shape {found.shape}; it must be a number or a vector"
            raise context.bad("function-shape", node, message, "sum it up, or `reshape` it to a vector")
        return ExpressionSource(found)

    def schema(self, offers: Offers) -> dict[str, Any]:
        listed_ = {"type": "array", "items": {"$ref": "#/$defs/expressions"}, "minItems": 1}
        return {"anyOf": [EXPRESSION_SCHEMA, listed_, reference_schema(offers)]}


@dataclass(frozen=True, slots=True)
class ClaimKind:
    """A claimed derivative, as a whole or by variable."""

    derivative: str  # gradient | jacobian | hessian
    words: str

    def read(self, node: YamlNode, context: Context) -> Source:
        if isinstance(node, MappingNode) and self._is_reference(node, context):
            return reference(node, context)
        if isinstance(node, Scalar):
            return ExpressionSource(expression(node, context))
        match self.derivative:
            case "gradient":
                return _gradient(node, context, self.derivative)
            case "jacobian":
                return _jacobian(node, context)
            case _:
                return _hessian(node, context)

    def _is_reference(self, node: MappingNode, context: Context) -> bool:
        names = {key.text for key, _ in node.entries}
        variables = context.variables
        if variables is not None and names & set(variables.names):
            return False
        known = context.offers.kinds if context.offers.kinds is not None else KINDS
        if names & set(known) or "returns" in names:
            return True
        target = node.entries[0][1] if node.entries else None
        return context.offers.kinds is None and isinstance(target, Scalar) and ":" in target.text

    def schema(self, offers: Offers) -> dict[str, Any]:
        kinds = offers.kinds if offers.kinds is not None else KINDS
        nested = {"type": "array", "items": {"$ref": "#/$defs/claim"}, "minItems": 1}
        by_variable = {
            "type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/claim"},
            "not": {"anyOf": [{"required": [name]} for name in ("returns", *kinds)]},
        }  # fmt: skip
        return {"anyOf": [EXPRESSION_SCHEMA, nested, reference_schema(offers), by_variable]}


def _parts(node: MappingNode, context: Context, what: str) -> dict[str, YamlNode]:
    """The entries of a mapping by variable, all of them and no others, in the variables' order."""
    variables = context.variables
    given = {key.text: value for key, value in node.entries}
    if variables is None:
        return given
    whole = True
    for key, _ in node.entries:
        if key.text not in variables:
            unknown_variable(key, variables, context)
            whole = False
    missing = [name for name in variables.names if name not in given]
    if missing:
        help = f"write {missing[0]}: 0 where {what} does not depend on it" if len(missing) == 1 else ""
        context.bad("missing-component", node, f"{what} lacks {listed(missing)}", help, length=1)
    if missing or not whole:
        for value in given.values():  # the expressions' own faults are worth telling all the same
            with context.collecting():
                _look(value, context)
        raise Bad
    return {name: given[name] for name in variables.names}


def _look(node: YamlNode, context: Context) -> None:
    if not isinstance(node, MappingNode):
        tree(node, context)


def _trees(parts: Mapping[str, YamlNode], context: Context) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for name, node in parts.items():
        with context.collecting():
            found[name] = tree(node, context)
    if len(found) < len(parts) or context.variables is None:
        raise Bad
    return found


def _gradient(node: Sequence | MappingNode, context: Context, what: str) -> ExpressionSource:
    """By variable where there is one entry a variable, else one array, whatever its shape."""
    if isinstance(node, MappingNode):
        return ExpressionSource(None, _trees(_parts(node, context, f"the {what}"), context))
    trees = entries(node, context)
    variables = context.known_variables()
    if len(trees) == len(variables) and not _is_array(trees, variables):
        return ExpressionSource(None, dict(zip(variables.names, trees, strict=True)))
    return ExpressionSource(stack(node, trees, context))


def _is_array(trees: list[Node], variables: Variables) -> bool:
    """Whether as many trees as variables are one array (a column of entries, say) rather than one a variable."""
    if all(t.shape == v.shape for t, v in zip(trees, variables, strict=True)):
        return False
    same = len({t.shape for t in trees}) == 1
    return same and (len(variables) == 1 or all(v.shape == () for v in variables))


def _jacobian(node: Sequence | MappingNode, context: Context) -> ExpressionSource:
    """Rows, each an array, a list or a mapping by variable; or a mapping whose entries hold all rows of a variable."""
    if isinstance(node, MappingNode):
        return ExpressionSource(None, _trees(_parts(node, context, "the jacobian"), context))
    rows: list[ExpressionSource] = []
    for item in node.items:
        with context.collecting():
            if isinstance(item, Scalar):
                rows.append(ExpressionSource(expression(item, context)))
            else:
                rows.append(_gradient(item, context, "row"))
    if not node.items:
        raise context.bad("wrong-length", node, "an empty list holds no expressions")
    if len(rows) < len(node.items):
        raise Bad
    return _stacked_rows(node, rows, context)


def _stacked_rows(node: Sequence, rows: list[ExpressionSource], context: Context) -> ExpressionSource:
    variables = context.known_variables()
    if all(row.by_variable is not None for row in rows):
        columns: dict[str, Node] = {}
        for v in variables:
            column = [row.by_variable[v.name] for row in rows if row.by_variable is not None]
            columns[v.name] = stack(node, column, context)
        return ExpressionSource(None, columns)
    wholes = [row.whole if row.whole is not None else _joined(row, variables) for row in rows]
    if any(whole is None for whole in wholes):
        raise context.bad(
            "ragged-list", node, "some rows are given by variable, others as arrays; write them in one way"
        )
    return ExpressionSource(stack(node, [whole for whole in wholes if whole is not None], context))


def _joined(row: ExpressionSource, variables: Variables) -> Node | None:
    """A row given by scalar variables as one array; None where the variables are arrays."""
    parts = [(row.by_variable or {})[v.name] for v in variables]
    return Stack(tuple(parts), (len(parts),)) if all(p.shape == () for p in parts) else None


def _hessian(node: Sequence | MappingNode, context: Context) -> ExpressionSource:
    """Rows over the point vector, or blocks by two variables: `{x: {x: …, y: …}, y: …}`, entry u, v being ∂²f/∂u∂v."""
    variables = context.variables
    if isinstance(node, MappingNode):
        parts = _parts(node, context, "the hessian")
        rows: dict[str, dict[str, Node]] = {}
        for name, value in parts.items():
            with context.collecting():
                rows[name] = _block_row(value, context)
        if len(rows) < len(parts) or variables is None:
            raise Bad
        return ExpressionSource(None, {v.name: _column(v, rows, variables) for v in variables})
    if variables is not None and all(v.shape == () for v in variables):
        return _jacobian(node, context)
    if any(isinstance(item, MappingNode) for item in node.items):
        return _jacobian(node, context)
    return ExpressionSource(stack(node, entries(node, context), context))


def _block_row(node: YamlNode, context: Context) -> dict[str, Node]:
    if isinstance(node, MappingNode):
        return _trees(_parts(node, context, "this row of the hessian"), context)
    variables = context.known_variables()
    if isinstance(node, Sequence) and len(node.items) == len(variables):
        return dict(zip(variables.names, entries(node, context), strict=True))
    if len(variables) == 1:
        return {variables.names[0]: tree(node, context)}
    raise wrong_type(context, node, "a mapping by variable, or a list with one entry a variable")


def _without_ones(shape: Shape) -> Shape:
    """What row, column and flat conventions have in common."""
    return tuple(length for length in shape if length != 1)


def _column(variable: Variable, rows: Mapping[str, Mapping[str, Node]], variables: Variables) -> Node:
    """All rows of the Hessian's columns that belong to `variable`: shape (n, *variable.shape).

    Where a block has another shape than (*u.shape, *variable.shape), axes of length 1 apart, a tree that cannot be
    taken for the column either, so that the claim is judged to have the wrong shape.
    """
    blocks: list[Node] = []
    for u in variables:
        block = rows[u.name][variable.name]
        if _without_ones(block.shape) != _without_ones((*u.shape, *variable.shape)):
            fits_by_chance = math.prod(block.shape) == variables.size * variable.size
            return Stack((block, block), (2, *block.shape)) if fits_by_chance else block
        blocks.append(Call("reshape", (block,), (u.size, *variable.shape)))
    if len(blocks) == 1:
        return blocks[0]
    return Call("concatenate", tuple(blocks), (variables.size, *variable.shape), 0)
