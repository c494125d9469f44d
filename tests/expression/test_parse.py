from __future__ import annotations

import pickle

import pytest

from gradverify.expression.nodes import Call, Compare, Index, Name, Node, Number, Stack
from gradverify.expression.parse import parse_expression

SHAPES = {"x": (), "y": (), "z": (), "v": (3,), "W": (2, 3), "A": (3, 3), "T": (4, 2, 3)}
X, Y, Z = Name("x", ()), Name("y", ()), Name("z", ())
TWO = Number(2.0, "2")


def parse(text: str) -> Node:
    return parse_expression(text, SHAPES)


def call(function: str, *arguments: Node) -> Call:
    return Call(function, arguments, ())


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("-x**2", call("negative", call("power", X, TWO))),
        ("2**-x", call("power", TWO, call("negative", X))),
        ("x**y**z", call("power", X, call("power", Y, Z))),
        ("x - y", call("subtract", X, Y)),
        ("x - y + z", call("add", X, call("negative", Y), Z)),
        ("x - (y + z)", call("subtract", X, call("add", Y, Z))),
        ("x*y*z", call("multiply", X, Y, Z)),
        ("x/y*z", call("multiply", call("divide", X, Y), Z)),
        ("x*y/z", call("divide", call("multiply", X, Y), Z)),
        ("-x*y", call("multiply", call("negative", X), Y)),
        ("+x", X),
        ("x if y > 2 else z", call("where", parse_expression("where(y > 2, 1, 0)", SHAPES).arguments[0], X, Z)),  # type: ignore[union-attr]
    ],
)
def test_operators_bind_as_in_python(text: str, tree: Node) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("0 < x < 1", "(0 < x) & (x < 1)"),
        ("x > 0 and y > 0", "(x > 0) & (y > 0)"),
        ("not x > 0 or y > 0", "~(x > 0) | (y > 0)"),
        ("(x > 0)*y", "where(x > 0, 1, 0)*y"),
        ("x > 0", "where(x > 0, 1, 0)"),
        ("asin(x)", "arcsin(x)"),
        ("pow(x, y)", "x**y"),
        ("dot(A, v)", "A @ v"),
        ("sum(W, axis=-1)", "sum(W, axis=1)"),
        ("sum(W, axis=None)", "sum(W)"),
        ("v.T", "v"),
        ("ones([2, 3])", "ones((2, 3))"),
        ("[x, y,]", "[x, y]"),
        ("x\n  + y", "x + y"),
        ("maximum(x, y, z,)", "maximum(x, y, z)"),
        ("concatenate((v, v))", "concatenate([v, v], axis=0)"),
    ],
)
def test_spellings_that_mean_the_same_parse_to_the_same_tree(text: str, same: str) -> None:
    assert parse(text) == parse(same)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("W @ v", (2,)),
        ("v @ v", ()),
        ("v @ W.T", (2,)),
        ("W @ A", (2, 3)),
        ("T @ v", (4, 2)),
        ("T @ A", (4, 2, 3)),
        ("x*v + W", (2, 3)),
        ("W.T", (3, 2)),
        ("T.T", (3, 2, 4)),
        ("sum(T, axis=1)", (4, 3)),
        ("max(T)", ()),
        ("T[0]", (2, 3)),
        ("T[-1, :, 1:]", (2, 2)),
        ("v[::-2]", (2,)),
        ("v[3:]", (0,)),
        ("[v, 2*v]", (2, 3)),
        ("[[1, 2], [3, 4]]", (2, 2)),
        ("outer(v, v)", (3, 3)),
        ("trace(W)", ()),
        ("concatenate([W, ones((2, 1))], axis=1)", (2, 4)),
        ("reshape(W, (3, 2))", (3, 2)),
        ("reshape(W, 6)", (6,)),
        ("eye(3)", (3, 3)),
        ("softmax(W, axis=1)", (2, 3)),
        ("cumsum(v)", (3,)),
        ("where(v > 0, W, x)", (2, 3)),
        ("0 < v", (3,)),
    ],
)
def test_shapes_follow_numpys_rules(text: str, shape: tuple[int, ...]) -> None:
    assert parse(text).shape == shape


def test_a_number_keeps_its_text() -> None:
    assert parse("0.10") == Number(0.1, "0.10")


def test_underscores_in_numbers_are_layout() -> None:
    assert parse("1_000.5") == Number(1000.5, "1000.5")


def test_a_name_of_the_spec_wins_over_a_built_in_one() -> None:
    assert parse_expression("e", {"e": (2,)}) == Name("e", (2,))


def test_a_variable_may_have_a_functions_name() -> None:
    assert parse_expression("sum(sum)", {"sum": (2,)}) == Call("sum", (Name("sum", (2,)),), ())


def test_a_variable_may_be_called_lambda_or_have_a_greek_letter() -> None:
    tree = parse_expression("lambda*θ", {"lambda": (), "θ": ()})
    assert tree == call("multiply", Name("lambda", ()), Name("θ", ()))


def test_a_comparison_used_by_where_stays_a_comparison() -> None:
    tree = parse("where(x < 1, x, y)")
    assert isinstance(tree, Call)
    assert isinstance(tree.arguments[0], Compare)


def test_an_index_keeps_its_parts() -> None:
    assert parse("W[1, ::-1]") == Index(Name("W", (2, 3)), (1, (None, None, -1)), (3,))


def test_a_list_is_a_stack() -> None:
    assert parse("[x, y]") == Stack((X, Y), (2,))


def test_a_sum_of_ten_thousand_terms_is_one_flat_node() -> None:
    tree = parse("+".join(["x"] * 10_000))
    assert isinstance(tree, Call)
    assert len(tree.arguments) == 10_000


def test_long_and_deep_trees_can_be_pickled_hashed_and_compared() -> None:
    for text in ("+".join(["x*y"] * 5000), "1/" * 55 + "x", "sin(" * 55 + "x" + ")" * 55):
        tree = parse(text)
        assert pickle.loads(pickle.dumps(tree)) == tree
        assert hash(tree) == hash(parse(text))


def test_equal_trees_have_equal_hashes_however_often_they_are_asked() -> None:
    one, other = (parse_expression("sin(x)*(x + 1)", {"x": ()}) for _ in range(2))
    assert hash(one) == hash(one) == hash(other)
    assert {one: "same"}[other] == "same"
    assert hash(one) != hash(parse_expression("sin(x)*(x + 2)", {"x": ()}))
