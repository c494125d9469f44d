"""What the text of a spec means: one claim of the format a test, and a wrong twin for what is accepted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gradverify.core.verdicts import AtKinks, Fault
from gradverify.expression.nodes import Node
from gradverify.spec.beyond import Bounds, Rule, StationaryPoint
from gradverify.spec.errors import SpecFault, render_all
from gradverify.spec.model import (
    ExpressionSource,
    Interval,
    ListedPoint,
    ReferenceSource,
    SampledPoints,
    Spec,
)
from gradverify.spec.parse import parse_specs

XY = "variables: [x, y]\nfunction: x**2 + 3*y\ngradient: [2*x, 3]\n"
ARRAYS = "variables: {w: 3, b: []}\nfunction: sum(w**2) + b\ngradient: {w: 2*w, b: 1}\n"


def faults(text: str, file: str = "spec.yaml") -> list[SpecFault]:
    return parse_specs(text, file, ["sympy", "finite-difference"], kinds=("python",))[1]


def codes(text: str) -> list[str]:
    return [fault.code for fault in faults(text)]


def spec(text: str, file: str = "spec.yaml") -> Spec:
    found, wrong = parse_specs(text, file, ["sympy", "finite-difference"], kinds=("python",))
    assert not wrong, render_all(wrong)
    assert len(found) == 1
    return found[0]


def points(text: str, base: str = XY) -> list[tuple[float, ...]]:
    return [tuple(point.at) for point in spec(f"{base}points: {text}\n").points if isinstance(point, ListedPoint)]


def whole(source: object) -> Node:
    assert isinstance(source, ExpressionSource)
    assert source.whole is not None
    return source.whole


def shapes(source: object) -> dict[str, tuple[int, ...]]:
    assert isinstance(source, ExpressionSource)
    assert source.by_variable is not None
    return {name: node.shape for name, node in source.by_variable.items()}


# Names and places.


def test_a_spec_without_a_name_is_called_like_its_file() -> None:
    assert spec(XY, "folder/bowl.grad.yaml").name == "bowl"


def test_later_documents_are_numbered() -> None:
    found, _ = parse_specs(f"{XY}---\n{XY}---\n{XY}", "bowl.yaml")
    assert [(s.name, s.index, s.place.line) for s in found] == [("bowl", 0, 1), ("bowl-2", 1, 5), ("bowl-3", 2, 9)]


def test_empty_documents_are_passed_over() -> None:
    found, wrong = parse_specs(f"---\n# nothing\n---\n{XY}---\n", "bowl.yaml")
    assert [s.name for s in found] == ["bowl-2"]
    assert not wrong


def test_the_second_of_two_equal_names_is_at_fault() -> None:
    found, wrong = parse_specs(f"name: a\n{XY}---\nname: a\n{XY}", "bowl.yaml")
    assert [s.place.line for s in found] == [1]
    assert [(f.code, f.place.line) for f in wrong] == [("duplicate-name", 6)]


def test_a_faulty_document_does_not_cost_the_others() -> None:
    found, wrong = parse_specs(f"{XY}---\nfunction: 3\n---\n{XY}", "bowl.yaml")
    assert [s.index for s in found] == [0, 2]
    assert {f.place.line for f in wrong} == {5}


def test_every_top_level_key_has_its_place() -> None:
    assert {name: place.line for name, place in spec(XY).places.items()} == {
        "variables": 1,
        "function": 2,
        "gradient": 3,
    }


def test_a_key_given_twice_costs_the_spec() -> None:
    found, wrong = parse_specs(f"{XY}name: a\nname: b\n", "bowl.yaml")
    assert not found
    assert [f.code for f in wrong] == ["duplicate-key"]


def test_a_byte_order_mark_shifts_no_column() -> None:
    assert [(f.place.line, f.place.column) for f in faults("\ufeffnmae: 1\n" + XY)] == [(1, 1)]


def test_own_keys_are_kept_as_plain_values() -> None:
    assert spec(XY + "x-team: {id: 3, who: [a, b]}\n").extensions == {"x-team": {"id": 3, "who": ["a", "b"]}}


# Variables.


def test_variables_are_laid_out_in_order() -> None:
    laid = spec("variables: {w: 2, W: [2, 3], b: []}\nfunction: sum(w)\ngradient: [w, W, b]\n").variables
    assert [(v.name, v.shape, v.offset) for v in laid] == [("w", (2,), 0), ("W", (2, 3), 2), ("b", (), 8)]


@pytest.mark.parametrize("name", ["θ", "lambda", "sum", "e", "pi", "no", "on", "y", "_x", "x1"])
def test_a_name_may_be_any_identifier(name: str) -> None:
    assert spec(f"variables: [{name}]\nfunction: {name}**2\ngradient: [2*{name}]\n").variables.names == (name,)


@pytest.mark.parametrize("name", ["1x", "x-y", "if", "not", "a b", "x'", "ﬁ"])
def test_what_is_no_identifier_is_no_name(name: str) -> None:
    assert "bad-name" in codes(f'variables: ["{name}"]\nfunction: 1\ngradient: [0]\n')


def test_own_names_hide_built_in_ones() -> None:
    assert spec("variables: [e]\nfunction: e**2\ngradient: [2*e]\n").variables["e"].shape == ()


@pytest.mark.parametrize(
    "shape", ["0", "-1", "1.5", "true", "x", "[2, 0]", "[[2]]", "", "200000000", "[100000, 100000]"]
)
def test_a_shape_is_made_of_positive_lengths(shape: str) -> None:
    assert codes(f"variables: {{w: {shape}}}\nfunction: sum(w)\ngradient: w\n") == ["bad-shape"]


def test_faults_of_formulas_are_told_even_where_the_variables_are_wrong() -> None:
    assert codes("variables: [1]\nfunction: x^2\ngradient: [2*]\n") == ["bad-name", "caret-power", "expression-syntax"]


def test_an_unreadable_constant_makes_no_unknown_name() -> None:
    assert codes(f"{XY}constants: {{a: oops}}\nhessian: [[a, 0], [0, b]]\n") == ["not-a-number", "unknown-name"]


# The function.


def test_a_list_is_vector_valued_even_with_one_entry() -> None:
    assert whole(spec("variables: [x]\nfunction: [x**2]\njacobian: [[2*x]]\n").function).shape == (1,)


def test_an_expression_of_vector_shape_is_vector_valued() -> None:
    assert whole(spec("variables: {p: 3}\nfunction: p**2\njacobian: 2*p*eye(3)\n").function).shape == (3,)


def test_numbers_are_formulas() -> None:
    assert whole(spec("variables: [x]\nfunction: 010\ngradient: [0x0]\n").function).shape == ()


def test_a_reference_keeps_its_target_and_kind() -> None:
    found = spec('variables: [x]\nfunction: {python: "a.py:f"}\ngradient: {python: "a.py:g"}\n')
    assert found.function == ReferenceSource("python", "a.py:f")
    assert found.gradient == ReferenceSource("python", "a.py:g")


def test_a_pair_serves_as_function_and_gradient() -> None:
    found = spec('variables: [x]\ngradient: {python: "a.py:f", returns: value_and_gradient}\n')
    assert found.function == found.gradient == ReferenceSource("python", "a.py:f", "value_and_gradient")
    assert codes('variables: [x]\ngradient: {python: "a.py:f"}\n') == ["claim-without-function"]


def test_the_keys_of_other_loaders_are_their_options() -> None:
    text = 'variables: [x]\nfunction: {torch: "a.py:f", device: cpu}\ngradient: [1]\n'
    found, _ = parse_specs(text, "s.yaml", kinds=("python", "torch"))
    assert found[0].function == ReferenceSource("torch", "a.py:f", None, {"device": "cpu"})
    assert codes(text.replace("torch", "python")) == ["unknown-key"]


def test_any_kind_is_taken_where_nobody_says_which_there_are() -> None:
    text = 'variables: [x]\nfunction: {matlab: "f.m:f", path: here}\ngradient: {matlab: "f.m:g", path: here}\n'
    assert len(parse_specs(text, "s.yaml")[0]) == 1
    assert "unknown-kind" in codes(text)


# Claims.


@pytest.mark.parametrize("claim", ["[2*x, 3]", "{y: 3, x: 2*x}", "{x: 2*x, y: '3'}"])
def test_a_gradient_has_an_entry_for_each_variable(claim: str) -> None:
    found = spec(f"variables: [x, y]\nfunction: x**2 + 3*y\ngradient: {claim}\n").gradient
    assert shapes(found) == {"x": (), "y": ()}
    assert list(shapes(found)) == ["x", "y"]


@pytest.mark.parametrize(
    ("claim", "shape"),
    [("[[2*x, 3]]", (1, 2)), ("[[2*x], [3]]", (2, 1)), ("[2*x]", (1,)), ("[2*x, 3, 0]", (3,)), ("'[2*x, 3]'", (2,))],
)
def test_any_other_gradient_is_one_array_for_the_judge(claim: str, shape: tuple[int, ...]) -> None:
    assert whole(spec(f"variables: [x, y]\nfunction: x**2 + 3*y\ngradient: {claim}\n").gradient).shape == shape


def test_an_array_is_claimed_as_expression_or_nested_list() -> None:
    base = "variables: {w: 3}\nfunction: sum(w**2)\ngradient: "
    assert whole(spec(base + "2*w\n").gradient).shape == (3,)
    assert whole(spec(base + '["2*w[0]", "2*w[1]", "2*w[2]"]\n').gradient).shape == (3,)
    assert shapes(spec(base + "[2*w]\n").gradient) == {"w": (3,)}
    assert shapes(spec(base + '{w: ["2*w[0]", 0, 0]}\n').gradient) == {"w": (3,)}


def test_a_gradient_of_several_arrays_is_by_variable_or_flat() -> None:
    base = "variables: {w: 3, b: []}\nfunction: sum(w**2) + b\ngradient: "
    assert shapes(spec(base + "[2*w, 1]\n").gradient) == {"w": (3,), "b": ()}
    assert shapes(spec(base + "[[1, 2, 3], 1]\n").gradient) == {"w": (3,), "b": ()}
    assert whole(spec(base + "[1, 2, 3, 1]\n").gradient).shape == (4,)


@pytest.mark.parametrize(
    ("claim", "code"),
    [
        ("{x: 2*x}", "missing-component"), ("{x: 2*x, y: 3, z: 0}", "unknown-variable"),
        ("{x: 2*x, y: }", "wrong-type"),
        ("[]", "wrong-length"), ("", "wrong-type"), ("true", "wrong-type"), (".nan", "not-finite"),
        ("[x, [y], 3]", "ragged-list"),
        ("{x: {a: 1}, y: 3}", "wrong-type"),
    ],
)  # fmt: skip
def test_a_gradient_that_cannot_be_read_is_a_fault(claim: str, code: str) -> None:
    assert codes(f"variables: [x, y]\nfunction: x**2 + 3*y\ngradient: {claim}\n") == [code]


def test_one_entry_a_variable_is_for_the_judge_whatever_its_shape() -> None:
    assert shapes(spec("variables: [x, y]\nfunction: x*y\ngradient: [y, [x, x]]\n").gradient) == {"x": (), "y": (2,)}


@pytest.mark.parametrize("claim", ["[[y, x], [1, 1]]", "[{x: y, y: x}, {y: 1, x: 1}]", "[[y, x], {x: 1, y: 1}]"])
def test_a_jacobian_has_rows(claim: str) -> None:
    found = spec(f"variables: [x, y]\nfunction: [x*y, x + y]\njacobian: {claim}\n")
    assert shapes(found.jacobian) == {"x": (2,), "y": (2,)}


def test_a_jacobian_by_variable_holds_all_rows_of_each() -> None:
    found = spec("variables: [x, y]\nfunction: [x*y, x + y]\njacobian: {x: [y, 1], y: [x, 1]}\n")
    assert shapes(found.jacobian) == {"x": (2,), "y": (2,)}


def test_a_jacobian_of_arrays_has_their_shapes_behind_its_rows() -> None:
    text = "variables: {w: 3, b: []}\nfunction: [sum(w**2), b]\njacobian: [[2*w, 0], {w: 0*w, b: 1}]\n"
    assert shapes(spec(text).jacobian) == {"w": (2, 3), "b": (2,)}


def test_a_jacobian_in_one_variable_may_be_a_column() -> None:
    assert whole(spec("variables: {p: 2}\nfunction: p**2\njacobian: [[1, 0], [0, 1]]\n").jacobian).shape == (2, 2)


def test_rows_that_miss_a_variable_are_a_fault() -> None:
    text = "variables: [x, y]\nfunction: [x*y, x + y]\njacobian: [{x: y}, [1, 1]]\n"
    assert codes(text) == ["missing-component"]


@pytest.mark.parametrize("claim", ["[[2, 0], [0, 0]]", "[{x: 2, y: 0}, [0, 0]]", "{x: {x: 2, y: 0}, y: [0, 0]}"])
def test_a_hessian_has_rows_over_the_point_vector(claim: str) -> None:
    assert shapes(spec(f"{XY}hessian: {claim}\n").hessian) == {"x": (2,), "y": (2,)}


def test_a_hessian_by_blocks_has_all_rows_of_each_variable() -> None:
    text = f"{ARRAYS}hessian: {{w: {{w: 2*eye(3), b: 0*w}}, b: {{w: 0*w, b: 0}}}}\n"
    assert shapes(spec(text).hessian) == {"w": (4, 3), "b": (4,)}


def test_a_wrong_block_never_looks_like_a_right_hessian() -> None:
    text = "variables: {{w: 2, v: []}}\nfunction: sum(w)*v\nhessian: {{w: {{w: {}, v: w}}, v: {{w: w, v: 0}}}}\n"
    right, wrong = shapes(spec(text.format("eye(2)")).hessian), shapes(spec(text.format('"[w, w, w]"')).hessian)
    assert right["w"] == (3, 2)
    assert np.prod(wrong["w"]) != np.prod(right["w"])  # though one block alone has as many entries as the whole column


def test_a_block_of_one_column_may_be_flat() -> None:
    text = "variables: {w: 2, v: 1}\nfunction: sum(w)*sum(v)\nhessian: {w: {w: eye(2), v: w}, v: {w: w, v: 0}}\n"
    assert shapes(spec(text).hessian) == {"w": (3, 2), "v": (3, 1)}


def test_a_misspelt_claim_is_no_missing_one() -> None:
    assert codes("variables: [x]\nfunction: x**2\ngradiant: [2*x]\n") == ["unknown-key"]
    assert codes("variables: [x]\nfunction: x**2\ncolour: [2*x]\n") == ["claim-missing", "unknown-key"]


def test_a_claim_may_come_from_elsewhere() -> None:
    text = "variables: [x]\nfunction: x**2\n"
    assert codes(text) == ["claim-missing"]
    assert parse_specs(text, "s.yaml", require_claim=False)[1] == []


# Points.


@pytest.mark.parametrize(
    "written", ["[[1, 2]]", "[{x: 1, y: 2}]", "[{y: 2, x: 1}]", "[{at: [1, 2]}]", "[{at: {x: 1, y: 2}}]"]
)
def test_a_point_is_a_vector_however_it_is_written(written: str) -> None:
    assert points(written) == [(1.0, 2.0)]


@pytest.mark.parametrize("written", ["[1, 2, 3, 4]", "[[1, 2, 3], 4]", "{w: [1, 2, 3], b: 4}", "{at: [[1, 2, 3], 4]}"])
def test_a_point_of_arrays_is_nested_or_flat(written: str) -> None:
    assert points(f"[{written}]", ARRAYS) == [(1.0, 2.0, 3.0, 4.0)]


def test_a_matrix_is_given_by_rows_or_in_c_order() -> None:
    base = "variables: {W: [2, 2]}\nfunction: sum(W)\ngradient: W\n"
    assert points("[[[1, 2], [3, 4]], [1, 2, 3, 4], {W: [[1, 2], [3, 4]]}]", base) == [(1.0, 2.0, 3.0, 4.0)] * 3
    assert codes(f"{base}points: [[[1, 2, 3], [4, 5, 6]]]\n") == ["bad-shape"]


def test_numbers_are_points_of_one_variable() -> None:
    assert points("[1, 2.5, [3]]", "variables: [x]\nfunction: x\ngradient: 1\n") == [(1.0,), (2.5,), (3.0,)]
    assert codes(f"{XY}points: [1, 2]\n") == ["wrong-type", "wrong-type"]


def test_variables_called_like_keys_of_points_are_variables() -> None:
    base = "variables: [at, sample]\nfunction: at*sample\ngradient: [sample, at]\n"
    assert points("[{at: 1, sample: 2}]", base) == [(1.0, 2.0)]


@pytest.mark.parametrize("written", ["", "points: []\n"])
def test_without_points_five_are_drawn(written: str) -> None:
    found = spec(XY + written).points
    assert [(p.count, p.seed, p.distribution) for p in found if isinstance(p, SampledPoints)] == [(5, 0, "uniform")]


def test_a_sample_has_a_seed_and_a_distribution() -> None:
    (found,) = spec(f"{XY}points: [{{sample: 25, seed: 3, distribution: normal}}]\n").points
    assert isinstance(found, SampledPoints)
    assert (found.count, found.seed, found.distribution) == (25, 3, "normal")


@pytest.mark.parametrize("written", ["gradient: [8, 3]", "gradient: {y: 3, x: 8}"])
def test_a_known_gradient_is_flat(written: str) -> None:
    (found,) = spec(f"{XY}points: [{{at: [4, 2], {written}}}]\n").points
    assert isinstance(found, ListedPoint)
    assert found.known == (8.0, 3.0)


def test_a_known_jacobian_has_rows() -> None:
    base = "variables: [x, y]\nfunction: [x, y, x]\njacobian: [[1, 0], [0, 1], [1, 0]]\n"
    (found,) = spec(f"{base}points: [{{at: [4, 2], jacobian: [[1, 0], [0, 1], [1, 0]]}}]\n").points
    assert isinstance(found, ListedPoint)
    assert found.known == (1.0, 0.0, 0.0, 1.0, 1.0, 0.0)
    assert codes(f"{base}points: [{{at: [4, 2], jacobian: [1, 0, 0, 1, 1, 0]}}]\n") == ["wrong-length"]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("[[1]]", "wrong-length"), ("[[1, 2, 3]]", "wrong-length"), ("[[1, a]]", "not-a-number"),
        ("[[1, .inf]]", "not-finite"),
        ("[{x: 1}]", "missing-component"), ("[{x: 1, y: 2, z: 3}]", "unknown-variable"),
        ("[[1, null]]", "not-a-number"),
        ("{x: 1, y: 2}", "wrong-type"), ("3", "wrong-type"), ("[{sample: 0}]", "out-of-range"),
        ("[{sample: 1.5}]", "out-of-range"),
        ("[{sample: 1, distribution: gauss}]", "bad-choice"), ("[{sample: 1, at: [1, 2]}]", "unknown-key"),
        ("[{at: [1, 2], gradient: [1]}]", "wrong-length"), ("[{at: [1, 2], hessian: [[1]]}]", "wrong-known-value"),
        ("[{at: [1, 2], value: 3}]", "unknown-key"), ("[[[1, 2], 3]]", "bad-shape"),
    ],
)  # fmt: skip
def test_a_point_that_cannot_be_read_is_a_fault(written: str, code: str) -> None:
    assert codes(f"{XY}points: {written}\n") == [code]


@pytest.mark.parametrize(
    ("domain", "x", "is_inside"),
    [
        ("[0, 1]", 1, True),
        ('"[0, 1)"', 1, False),
        ('"(0, 1]"', 0, False),
        ("[0, 1]", 1.001, False),
        ("[0, inf]", 1e300, True),
    ],
)
def test_points_lie_inside_the_domain(domain: str, x: float, is_inside: bool) -> None:
    found = codes(f"{XY}domain: {{x: {domain}}}\npoints: [[{x}, 99]]\n")
    assert found == ([] if is_inside else ["point-outside-domain"])


def test_a_point_outside_is_marked_at_the_number() -> None:
    (fault,) = faults(f"{ARRAYS}domain: {{w: [0, 5]}}\npoints:\n  - {{w: [1, 7, 2], b: 0}}\n")
    assert (fault.place.line, fault.place.column) == (6, 13)
    assert "w[1]" in fault.message


# Domain.


@pytest.mark.parametrize(
    ("written", "interval"),
    [
        ("[-10, 10]", Interval(-10, 10)), ('"(-10, 10)"', Interval(-10, 10, True, True)),
        ('"[0, inf)"', Interval(0, np.inf, False, True)),
        ("[-inf, 0]", Interval(-np.inf, 0)), ("[-.inf, .inf]", Interval(-np.inf, np.inf)),
        ('"(1e-6, +inf]"', Interval(1e-6, np.inf, True)),
    ],
)  # fmt: skip
def test_an_interval_says_which_ends_belong_to_it(written: str, interval: Interval) -> None:
    assert spec(f"{XY}domain: {{x: {written}}}\n").domain == {"x": interval}


def test_one_interval_counts_for_all_variables() -> None:
    assert spec(f"{XY}domain: (0, inf)\n").domain == dict.fromkeys("xy", Interval(0, np.inf, True, True))


@pytest.mark.parametrize(
    "written", ["[1, 1]", "[2, 1]", "[1]", "[1, 2, 3]", '"(a, 1)"', '"0, 1"', "5", "{a: 1}", '"[nan, 1]"']
)
def test_what_is_no_interval_is_a_fault(written: str) -> None:
    assert codes(f"{XY}domain: {{x: {written}}}\n") == ["bad-domain"]


def test_a_domain_of_no_variable_is_a_fault_and_the_rest_still_counts() -> None:
    assert codes(f"{XY}domain: {{x: [0, 1], z: [0, 1]}}\npoints: [[2, 0]]\n") == [
        "unknown-variable",
        "point-outside-domain",
    ]


# Constants.


def test_constants_are_numbers_and_nested_tuples() -> None:
    found = spec(f"{XY}constants: {{a: 1.5, A: [[1, 2], [3, 4]]}}\n").constants
    assert found["a"].value == 1.5
    assert (found["A"].value, found["A"].shape) == (((1.0, 2.0), (3.0, 4.0)), (2, 2))


@pytest.mark.parametrize("dtype", ["float64", "float32", "int8", ">i4", "bool", "float16"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (1, 1, 4)])
def test_the_shape_of_a_npy_file_is_read_from_its_header(dtype: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", np.ones(shape, dtype=dtype))
    found = spec(f"{XY}constants: {{d: {{file: d.npy}}}}\n", str(tmp_path / "s.yaml")).constants["d"]
    assert (found.shape, found.file) == (shape, str(tmp_path / "d.npy"))


@pytest.mark.parametrize("dtype", ["complex128", "U5", "datetime64[s]", [("a", "f8")]])
def test_a_npy_file_without_real_numbers_is_refused(dtype: object, tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", np.zeros(3, dtype=dtype))  # type: ignore[call-overload]
    (fault,) = faults(f"{XY}constants: {{d: {{file: d.npy}}}}\n", str(tmp_path / "s.yaml"))
    assert fault.code == "bad-data-file"


def test_pickled_data_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", np.array([object()], dtype=object), allow_pickle=True)
    (fault,) = faults(f"{XY}constants: {{d: {{file: d.npy}}}}\n", str(tmp_path / "s.yaml"))
    assert fault.code == "pickled-data"


@pytest.mark.parametrize("cut", [0, 4, 9, 20, 100, 130])
def test_a_npy_file_that_is_cut_off_is_refused(cut: int, tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", np.ones(3))
    (tmp_path / "d.npy").write_bytes((tmp_path / "d.npy").read_bytes()[:cut])
    (fault,) = faults(f"{XY}constants: {{d: {{file: d.npy}}}}\n", str(tmp_path / "s.yaml"))
    assert fault.code == "bad-data-file"


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("1\n2\n3\n", (3,)),
        ("a,b\n1,2\n3,4\n\n", (2, 2)),
        ("1,2,3", (1, 3)),
        ("\ufeffx\n1\n", (1,)),
        ("1e-3 , 2\n", (1, 2)),
    ],
)
def test_the_shape_of_a_csv_file_is_that_of_its_numbers(text: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(text, encoding="utf-8")
    assert spec(f"{XY}constants: {{d: {{file: d.csv}}}}\n", str(tmp_path / "s.yaml")).constants["d"].shape == shape


@pytest.mark.parametrize("text", ["", "a,b\n", "1,2\n3\n", "1\nx\n", "1\nnan\n", "\xff\xfe", "a\nb\n1\n", "1\n\x00\n"])
def test_a_csv_file_without_a_table_of_numbers_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_bytes(text.encode("latin-1"))
    (fault,) = faults(f"{XY}constants: {{d: {{file: d.csv}}}}\n", str(tmp_path / "s.yaml"))
    assert fault.code == "bad-data-file"


def test_the_content_of_a_file_is_never_quoted(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("1\nsecret\n")
    assert "secret" not in render_all(faults(f"{XY}constants: {{d: {{file: d.csv}}}}\n", str(tmp_path / "s.yaml")))


@pytest.mark.parametrize("name", ["nope.csv", "../nope.npy", "x" * 5000 + ".csv", "a\\0.csv", ".", "/"])
def test_a_file_that_is_not_there_is_a_fault(name: str, tmp_path: Path) -> None:
    (fault,) = faults(f'{XY}constants: {{d: {{file: "{name}"}}}}\n', str(tmp_path / "s.yaml"))
    assert fault.code in ("missing-file", "wrong-type")


def test_a_missing_file_is_guessed_from_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("1\n")
    (fault,) = faults(f"{XY}constants: {{d: {{file: dat.csv}}}}\n", str(tmp_path / "s.yaml"))
    assert fault.help == "did you mean `data.csv`?"


def test_a_constant_cannot_be_called_like_a_variable() -> None:
    assert codes(f"{XY}constants: {{x: 1}}\n") == ["duplicate-entry"]


# How to check.


def test_one_number_is_the_relative_tolerance() -> None:
    assert (spec(f"{XY}tolerance: 1e-8\n").relative_tolerance, spec(f"{XY}tolerance: 1e-8\n").absolute_tolerance) == (
        1e-8,
        0,
    )


def test_tolerances_have_defaults_of_their_own() -> None:
    found = spec(f"{XY}tolerance: {{absolute: 1e-3}}\n")
    assert (found.relative_tolerance, found.absolute_tolerance) == (1e-6, 1e-3)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("-1", "out-of-range"),
        ("{relative: .inf}", "not-finite"),
        ('"1e-6"', "not-a-number"),
        ("{rel: 1}", "unknown-key"),
    ],
)
def test_a_tolerance_is_finite_and_not_negative(written: str, code: str) -> None:
    assert codes(f"{XY}tolerance: {written}\n") == [code]


def test_a_quoted_number_is_told_to_lose_its_quotes() -> None:
    assert faults(f'{XY}tolerance: "1e-6"\n')[0].help == "remove the quotes: 1e-6"


@pytest.mark.parametrize(
    ("written", "help"),
    [
        ("1_000", "write 1000"),
        ("'0,5'", "write 0.5"),
        ("1/2", "formulas are not read here; write 0.5"),
        ("1/0", ""),
        ("x", ""),
    ],
)
def test_what_is_nearly_a_number_is_told_how_to_be_one(written: str, help: str) -> None:
    assert [fault.help for fault in faults(f"{XY}tolerance: {written}\n")] == [help]


@pytest.mark.parametrize("written", ["[sympy, finite-difference]", "{sympy: {}, finite-difference: }"])
def test_backends_are_listed_or_have_options(written: str) -> None:
    assert spec(f"{XY}backends: {written}\n").backends == {"sympy": {}, "finite-difference": {}}


def test_an_unknown_backend_is_told_what_is_installed() -> None:
    (fault,) = faults(f"{XY}backends: [sympi]\n")
    assert fault.help == "did you mean `sympy`? installed: finite-difference, sympy"


def test_any_backend_is_taken_where_nobody_says_which_there_are() -> None:
    assert parse_specs(f"{XY}backends: {{mine: {{a: [1]}}}}\n", "s.yaml")[0][0].backends == {"mine": {"a": [1]}}


@pytest.mark.parametrize(
    ("written", "evaluations"), [("on", None), ("off", 0), ("true", None), ("false", 0), ("{evaluations: 7}", 7)]
)
def test_the_search_is_on_or_off_or_bounded(written: str, evaluations: int | None) -> None:
    assert spec(f"{XY}search: {written}\n").search_evaluations == evaluations
    assert codes(f"{XY}search: 7\n") == ["wrong-type"]


def test_a_budget_counts_evaluations() -> None:
    assert spec(f"{XY}budget: {{evaluations: 7}}\n").budget_evaluations == 7
    assert codes(f"{XY}budget: {{evaluations: 0}}\n") == ["out-of-range"]


def test_a_wrong_twin_may_say_which_diagnosis_it_needs() -> None:
    assert spec(f"{XY}expect: {{fail: sign}}\n").expect.fault is Fault.SIGN
    assert spec(f"{XY}expect: fail\n").expect.verdict == "fail"
    assert codes(f"{XY}expect: {{fail: sgin}}\n") == codes(f"{XY}expect: failure\n") == ["bad-choice"]


def test_words_are_checked() -> None:
    found = spec(f"{XY}at_kinks: skip\nprecision: float32\ntags: textbook\n")
    assert (found.at_kinks, found.precision, found.tags) == (AtKinks.SKIP, "float32", ("textbook",))


# Beyond the gradient.


def test_stationary_points_have_a_kind() -> None:
    found = spec(f"{XY}stationary: [{{at: [0, 1], kind: saddle}}, {{at: {{x: 1, y: 2}}}}]\n").extensions["stationary"]
    assert all(isinstance(point, StationaryPoint) for point in found)
    assert [(point.at, point.kind) for point in found] == [((0.0, 1.0), "saddle"), ((1.0, 2.0), None)]


def test_properties_are_known_by_name() -> None:
    assert spec(f"{XY}properties: [directional, level-set]\n").extensions["properties"] == ("directional", "level-set")
    assert codes(f"{XY}properties: [directionel]\n") == ["bad-choice"]


def test_a_descent_is_read_whole() -> None:
    (found,) = spec(
        f"{XY}descent:\n  - start: [4, 3]\n    learning_rate: 0.2\n    expect: "
        "{behaviour: converges, minimiser: [0, 0], value: 0, iterations: {at_most: 60}, "
        "rate: {at_most: 0.65}, monotone: true}\n"
    ).extensions["descent"]
    assert (found.name, found.start, found.method, found.learning_rate) == (
        "descent",
        (4.0, 3.0),
        "gradient-descent",
        0.2,
    )
    assert (found.expect.behaviour, found.expect.minimiser, found.expect.value) == ("converges", (0.0, 0.0), 0.0)
    assert (found.expect.iterations, found.expect.rate, found.expect.monotone) == (
        Bounds(None, 60),
        Bounds(None, 0.65),
        True,
    )


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("{start: [1, 2]}", "missing-key"), ("{learning_rate: 1}", "missing-key"),
        ("{start: [1], learning_rate: 1}", "wrong-length"),
        ("{start: [1, 2], learning_rate: 0}", "out-of-range"),
        ("{start: [1, 2], learning_rate: 1, expect: {rate: {}}}", "missing-key"),
        ("{start: [1, 2], learning_rate: 1, expect: {behaviour: ends}}", "bad-choice"),
        ("{start: [1, 2], learning_rate: 1, expect: {iterations: {at_least: 9, at_most: 2}}}", "out-of-range"),
    ],
)  # fmt: skip
def test_a_descent_that_makes_no_sense_is_a_fault(written: str, code: str) -> None:
    assert codes(f"{XY}descent: [{written}]\n") == [code]


def test_other_methods_bring_their_own_options() -> None:
    (found,) = spec(f"{XY}descent: [{{start: [1, 2], method: adam, options: {{beta: 0.9}}}}]\n").extensions["descent"]
    assert (found.method, found.options) == ("adam", {"beta": 0.9})


def test_two_descents_of_one_name_are_a_fault() -> None:
    one = "{name: a, start: [1, 2], learning_rate: 1}"
    assert codes(f"{XY}descent: [{one}, {one}]\n") == ["duplicate-name"]


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    (tmp_path / "f.yaml").write_text(XY)
    (tmp_path / "g.yaml").write_text("variables: {p: 3}\nfunction: [sum(p), 1]\njacobian: p\n")
    return tmp_path


def test_a_rule_takes_its_variables_from_its_parts(parts: Path) -> None:
    found = spec("rule: linear-combination\nof: [f.yaml, f.yaml]\nweights: [2, -3]\n", str(parts / "rule.yaml"))
    rule = found.extensions["rule"]
    assert isinstance(rule, Rule)
    assert (rule.kind, [part.file for part in rule.parts], rule.weights) == (
        "linear-combination", [str(parts / "f.yaml")] * 2, (2.0, -3.0),
    )  # fmt: skip
    assert found.variables.names == ("x", "y")
    assert found.function == ReferenceSource("rule", "linear-combination")


def test_a_chain_takes_its_variables_from_the_inner_function(parts: Path) -> None:
    assert spec("rule: chain\nof: [f.yaml, g.yaml]\n", str(parts / "rule.yaml")).variables.names == ("p",)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("rule: product\n", "missing-key"), ("of: [f.yaml]\n", "missing-key"),
        ("rule: chain\nof: [f.yaml]\n", "wrong-length"),
        ("rule: sum\nof: [f.yaml]\n", "bad-choice"), ("rule: product\nof: [f.yaml, h.yaml]\n", "missing-file"),
        ("rule: linear-combination\nof: [f.yaml]\nweights: [1, 2]\n", "wrong-length"),
        ("rule: product\nof: [f.yaml, f.yaml]\nweights: [1, 2]\n", "conflicting-keys"),
    ],
)  # fmt: skip
def test_a_rule_that_is_not_whole_is_a_fault(text: str, code: str, parts: Path) -> None:
    assert code in [fault.code for fault in faults(f"{text}variables: [x, y]\n", str(parts / "rule.yaml"))]


def test_a_rule_that_builds_on_itself_is_a_fault(tmp_path: Path) -> None:
    text = "rule: product\nof: [rule.yaml, rule.yaml]\n"
    (tmp_path / "rule.yaml").write_text(text)
    assert [fault.code for fault in faults(text, str(tmp_path / "rule.yaml"))] == ["bad-part"]


# The whole.


def test_all_faults_of_a_file_are_told_at_once() -> None:
    folder = Path(__file__).parent / "golden"
    text = (folder / "faults.yaml").read_text()
    found, wrong = parse_specs(text, "faults.yaml", ["autodiff", "finite-difference", "sympy"], kinds=("python",))
    assert not found
    assert render_all(wrong) + "\n" == (folder / "faults.txt").read_text()


def test_parsing_imports_neither_numpy_nor_a_backend() -> None:
    code = (
        "import sys, gradverify.spec.load, gradverify.spec.schema, gradverify.spec.codes, gradverify.spec.sampling\n"
        "gradverify.spec.load.load_text('variables: [x]\\nfunction: x\\ngradient: 1\\n', 's.yaml').specs[0]\n"
        "sys.exit(bool({'numpy', 'sympy', 'autograd', 'click', 'pluggy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_expression_that_a_list_cuts_at_its_comma_is_told_to_be_quoted() -> None:
    text = "variables: [x, y]\nfunction: x*y\ngradient: [maximum(x, y), x]\npoints: [[1, 2]]\n"
    helps = [fault.help for fault in faults(text)]
    assert any("needs quotes" in help for help in helps)
    assert not faults(text.replace("maximum(x, y)", '"maximum(x, y)"'))
