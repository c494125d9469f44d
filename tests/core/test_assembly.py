"""Return values of claims: what is read as the derivative, and what is refused with both shapes."""

import numpy as np
import pytest

from gradverify.core.assembly import WrongShape, as_numbers, assemble
from gradverify.core.problem import Derivative
from gradverify.core.variables import Variables

G, J, H = Derivative.GRADIENT, Derivative.JACOBIAN, Derivative.HESSIAN
XYZ = Variables.of([("x", ()), ("y", ()), ("z", ())])
P = Variables.of([("p", (3,))])
W = Variables.of([("W", (2, 3)), ("b", (3,))])


@pytest.mark.parametrize("raw", [[1, 2, 3], (1.0, 2.0, 3.0), np.arange(1, 4), {"x": 1, "z": 3, "y": 2}])
def test_scalars_may_come_as_any_sequence_or_mapping(raw: object) -> None:
    assert assemble(raw, XYZ, G, ()).value.tolist() == [1, 2, 3]


@pytest.mark.parametrize("shape", [(1, 3), (3, 1)])
def test_a_row_or_column_is_accepted_and_noted(shape: tuple[int, int]) -> None:
    for variables in (P, XYZ):
        assembled = assemble(np.arange(3.0).reshape(shape), variables, G, ())
        assert assembled.value.tolist() == [0, 1, 2]
        assert "convention" in (assembled.convention or "")


@pytest.mark.parametrize("raw", [np.zeros(4), np.zeros((3, 3)), 0.0, [], None, "abc", [[1, 2], [3]], {"q": [1, 2, 3]}])
def test_any_other_shape_is_refused(raw: object) -> None:
    with pytest.raises(WrongShape):
        assemble(raw, P, G, ())


def test_the_refusal_shows_both_shapes() -> None:
    with pytest.raises(WrongShape, match=r"\(4,\), expected \(3,\)"):
        assemble(np.zeros(4), P, G, ())


def test_a_transposed_block_is_refused_and_called_transposed() -> None:
    with pytest.raises(WrongShape, match="transposed"):
        assemble((np.zeros((3, 2)), np.zeros(3)), W, G, ())


def test_blocks_are_laid_out_in_the_order_of_the_variables() -> None:
    value = assemble({"b": [7, 8, 9], "W": np.arange(6).reshape(2, 3)}, W, G, ()).value
    assert value.tolist() == [0, 1, 2, 3, 4, 5, 7, 8, 9]


def test_a_mapping_that_lacks_a_variable_names_it() -> None:
    with pytest.raises(WrongShape, match="lacks `b`"):
        assemble({"W": np.zeros((2, 3))}, W, G, ())


def test_a_jacobian_keeps_outputs_first() -> None:
    assert assemble(np.arange(6).reshape(2, 3), P, J, (2,)).value.shape == (2, 3)
    with pytest.raises(WrongShape, match="transposed"):
        assemble(np.zeros((3, 2)), P, J, (2,))


@pytest.mark.parametrize("kind", [list, tuple])
def test_nested_lists_are_a_jacobians_rows_even_where_it_is_square(kind: type) -> None:
    rows = kind([kind([1.0, 2.0, 3.0]), kind([4.0, 5.0, 6.0]), kind([7.0, 8.0, 9.0])])
    assert assemble(rows, XYZ, J, (3,)).value.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


def test_arrays_in_a_sequence_are_a_jacobians_columns_one_a_variable() -> None:
    columns = (np.array([1.0, 4.0, 7.0]), np.array([2.0, 5.0, 8.0]), np.array([3.0, 6.0, 9.0]))
    assert assemble(columns, XYZ, J, (3,)).value.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


def test_a_hessian_may_come_whole_or_by_blocks() -> None:
    blocks = {
        "W": {"W": np.zeros((2, 3, 2, 3)), "b": np.ones((2, 3, 3))},
        "b": {"W": np.ones((3, 2, 3)), "b": np.eye(3)},
    }
    assert assemble(blocks, W, H, ()).value.shape == (9, 9)
    assert assemble(np.zeros((9, 9)), W, H, ()).value.shape == (9, 9)
    with pytest.raises(WrongShape):
        assemble(np.zeros((8, 9)), W, H, ())


def test_single_precision_is_noticed() -> None:
    assert assemble(np.zeros(3, dtype=np.float32), P, G, ()).single_precision
    assert not assemble(np.zeros(3), P, G, ()).single_precision


@pytest.mark.parametrize(("raw", "words"), [("abc", "holds text, not numbers"), (b"abc", "holds bytes, not numbers")])
def test_what_holds_no_numbers_is_named_in_words(raw: object, words: str) -> None:
    with pytest.raises(WrongShape, match=words):
        as_numbers(raw, "the value")


def test_a_masked_element_is_no_value() -> None:
    with pytest.raises(WrongShape, match="masked"):
        assemble(np.ma.masked_array([1.0, 2.0, 3.0], mask=[False, True, False]), XYZ, G, ())
    assert assemble(np.ma.masked_array([1.0, 2.0, 3.0], mask=False), XYZ, G, ()).value.tolist() == [1, 2, 3]


def test_nested_lists_may_hold_the_whole_array_of_several_variables() -> None:
    several = Variables.of([("a", (2,)), ("b", ())])
    rows = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]
    assert assemble(rows, several, H, ()).value.tolist() == rows
    assert assemble(rows, several, J, (3,)).value.tolist() == rows
    assert assemble([1.0, 2.0, 3.0], several, G, ()).value.tolist() == [1, 2, 3]


@pytest.mark.parametrize("raw", [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[1.0], [2.0, 3.0], [4.0]], [1.0, 2.0, 3.0]])
def test_other_nested_lists_are_no_hessian_of_several_variables(raw: object) -> None:
    with pytest.raises(WrongShape):
        assemble(raw, Variables.of([("a", (2,)), ("b", ())]), H, ())


def test_a_jacobian_of_a_matrix_may_have_the_shape_of_its_rows_and_the_point() -> None:
    matrix = Variables.of([("W", (2, 3))])
    value = np.arange(30.0).reshape(5, 6)
    assembled = assemble(value, matrix, J, (5,))
    np.testing.assert_array_equal(assembled.value, value)
    assert assembled.convention is None
    np.testing.assert_array_equal(assemble(value.reshape(5, 2, 3), matrix, J, (5,)).value, value)


@pytest.mark.parametrize("shape", [(6, 5), (30,), (5, 3, 2)])
def test_a_jacobian_of_a_matrix_in_another_arrangement_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(WrongShape, match="expected"):
        assemble(np.zeros(shape), Variables.of([("W", (2, 3))]), J, (5,))
