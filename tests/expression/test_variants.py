from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gradverify.core.arrays import Array
from gradverify.expression.evaluate import evaluate_tree
from gradverify.expression.nodes import Call, Node
from gradverify.expression.numpy_arithmetic import NUMPY
from gradverify.expression.parse import parse_expression
from gradverify.expression.places import places, replaced
from gradverify.expression.variants import Variants
from tests.expression.strategies import SHAPES, expressions

ROWS = 3


def _given(seed: int) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    return {name: rng.integers(-6, 7, size=(ROWS, *shape)) / 4 for name, shape in SHAPES.items()}


def _variants(tree: Node) -> list[Node]:
    """The tree with the sine of each part in its place."""
    return [replaced(tree, path, Call("sin", (part,), part.shape)) for path, part in places(tree)]


@given(expressions(), st.integers(0, 100))
def test_every_variant_of_a_formula_has_the_value_that_it_has_alone(text: str, seed: int) -> None:
    tree, values = parse_expression(text, SHAPES), _given(seed)
    variants = Variants(tree, values, NUMPY, ROWS, {})
    for changed in [*_variants(tree), tree]:
        alone = evaluate_tree(changed, values, NUMPY, ROWS)
        np.testing.assert_array_equal(variants.value(changed), alone)


def test_a_constant_and_a_name_that_only_a_variant_has_are_known_to_it() -> None:
    values, constants = {"x": np.arange(3.0)}, {"a": np.array(5.0)}
    tree = parse_expression("2*x", {"x": ()})
    variants = Variants(tree, values, NUMPY, ROWS, constants)
    for text in ("a*x + 7", "2*x", "a + 7"):
        changed = parse_expression(text, {"x": (), "a": ()})
        np.testing.assert_array_equal(variants.value(changed), evaluate_tree(changed, values, NUMPY, ROWS, constants))


def test_variants_of_a_formula_do_not_pile_up() -> None:
    tree = parse_expression("exp(x)*sin(y)", SHAPES)
    variants = Variants(tree, _given(0), NUMPY, ROWS, {})
    first = variants.value(_variants(tree)[0])
    sizes = (len(variants._slots), len(variants._compiler.steps), len(variants._compiler.known))
    for _ in range(20):
        np.testing.assert_array_equal(variants.value(_variants(tree)[0]), first)
    assert (len(variants._slots), len(variants._compiler.steps), len(variants._compiler.known)) == sizes
