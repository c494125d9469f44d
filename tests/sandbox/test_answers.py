"""Wrong kinds of answers: only numbers come out, or the word that it was something else."""

import numpy as np
import pytest

from gradverify.sandbox import RemoteFunction, Status
from tests.sandbox.conftest import Run

X = np.array([1.0, 2.0, 3.0])


def returning(expression: str, *lines: str) -> str:
    return "\n".join(("import numpy as np", *lines, "def f(x):", f"    return {expression}"))


@pytest.mark.parametrize(
    ("expression", "wanted", "dtype"),
    [
        ("2 * x", [2, 4, 6], "float64"),
        ("[1, 2.5]", [1, 2.5], "float64"),
        ("x.reshape(3, 1)", [[1], [2], [3]], "float64"),
        ("7", 7, "int64"),
        ("np.float16(0.1)", float(np.float16(0.1)), "float16"),
        ("x.astype(np.float32)", [1, 2, 3], "float32"),
        ("x > 1", [0, 1, 1], "bool"),
        ("np.array([1, 2.5], dtype=object)", [1, 2.5], "object"),
        ("np.array([np.nan, np.inf, -np.inf])", [np.nan, np.inf, -np.inf], "float64"),
        ("np.matrix([[1, 2]])", [[1, 2]], "int64"),
        ("np.ma.masked_array([1.0, 2.0])", [1, 2], "float64"),
        ("[[1, 2], [3, 4]]", [[1, 2], [3, 4]], "int64"),
        ("x[::-2]", [3, 1], "float64"),
        ("[]", [], "float64"),
        ("np.roots([1, 0, -1])", [-1, 1], "float64"),
        ("np.fft.ifft(np.fft.fft(np.ones(2)))", [1, 1], "complex128"),
        ("x + 0j", [1, 2, 3], "complex128"),
        ("[complex(1), 2.0]", [1, 2], "complex128"),
        ("np.array([1 + 0j, 2], dtype=object)", [1, 2], "complex128"),
        ("np.broadcast_to(1.0, (2, 2))", [[1, 1], [1, 1]], "float64"),
    ],
)
def test_what_is_numbers_comes_back_as_an_array(run: Run, expression: str, wanted: object, dtype: str) -> None:
    answer = run(returning(expression), X)
    assert (answer.status, answer.kind, answer.dtypes) == (Status.OK, "array", (dtype,))
    assert type(answer.values[0]) is np.ndarray
    assert answer.values[0].dtype == np.float64
    np.testing.assert_array_equal(answer.values[0], np.asarray(wanted, dtype=float), strict=True)


@pytest.mark.parametrize(
    "expression",
    [
        "x + 1j",
        "x + 1e-17j",
        "np.array([1 + 1j, 2], dtype=object)",
        "x + complex(0, np.nan)",
        "'12.5'",
        "['1', '2']",
        "np.array(['1', '2'])",
        "np.array(['1', 'x'], dtype=object)",
        "np.datetime64('2020-01-01')",
        "(value for value in x)",
        "f",
        "object()",
        "np.ma.masked_array([1.0, 2.0], mask=[True, False])",
        "np.zeros(3, dtype=[('a', float)])",
        "{1: x, '1': x}",
        "{'w': 'text'}",
        "(x, None)",
        "tuple([1.0] * 100_000)",
        "np.broadcast_to(0.0, (2**20, 2**20))",
    ],
)
def test_what_is_no_numbers_is_called_other(run: Run, expression: str) -> None:
    answer = run(returning(expression), X)
    assert (answer.status, answer.kind, answer.values) == (Status.OK, "other", ())
    assert answer.detail


def test_an_array_of_text_is_called_text(run: Run) -> None:
    assert run(returning("np.array(['a', 'bc'])"), X).detail == "an object of type ndarray of text of shape (2,)"


def test_a_list_that_holds_itself_is_no_numbers(run: Run) -> None:
    answer = run("def f(x):\n    a = []\n    a.append(a)\n    return a", X)
    assert answer.kind in ("other", "tuple")
    assert answer.status in (Status.OK, Status.RAISED)


@pytest.mark.parametrize("expression", ["None", "print('x')"])
def test_nothing_returned_is_called_none(run: Run, expression: str) -> None:
    assert run(returning(expression), X).kind == "none"


LIAR = """
class Liar:
    count = 0
    def __array__(self, dtype=None, copy=None):
        Liar.count += 1
        return np.full(3, float(Liar.count))
    def __array_ufunc__(self, *arguments, **options):
        return True
    __eq__ = __le__ = __lt__ = __ge__ = __gt__ = lambda self, other: True
    __hash__ = None
    def __sub__(self, other):
        return 0.0
    __rsub__ = __abs__ = __sub__
"""
SUBCLASS = """
class Always(np.ndarray):
    def __le__(self, other):
        return np.True_
    def __sub__(self, other):
        return np.zeros(3)
"""


def test_an_object_that_lies_is_asked_once_and_becomes_numbers(run: Run) -> None:
    answer = run(returning("Liar()", LIAR), X)
    assert type(answer.values[0]) is np.ndarray
    np.testing.assert_array_equal(answer.values[0], [1, 1, 1])


def test_a_subclass_that_always_agrees_becomes_a_plain_array(run: Run) -> None:
    answer = run(returning("x.view(Always)", SUBCLASS), X)
    assert type(answer.values[0]) is np.ndarray
    assert not (answer.values[0] <= 0).any()


def test_a_number_that_lies_is_asked_inside(run: Run) -> None:
    lines = "class Odd:\n    def __float__(self):\n        raise SystemExit\n"
    assert run(returning("np.array([Odd()], dtype=object)", lines), X).status in (Status.RAISED, Status.OK)


def test_an_array_that_changes_after_it_was_returned_was_copied(run: Run) -> None:
    lines = (
        "import threading, time",
        "kept = np.zeros(3)",
        "def later():\n    time.sleep(0.01)\n    kept[:] = 9",
        "def g(x):\n    threading.Thread(target=later, daemon=True).start()\n    return kept",
    )
    np.testing.assert_array_equal(run(returning("g(x)", *lines), X).values[0], [0, 0, 0])


@pytest.mark.parametrize("text", ["((1, 2), (3, 4))", "[1, 2], [3, 4]", "[[1, 2], [3, 4]]", "[(1, 2), (3, 4)]"])
def test_a_table_of_plain_numbers_comes_as_its_rows(run: Run, text: str) -> None:
    answer = run(returning(text), X)
    assert answer.kind == "array"
    assert answer.values[0].tolist() == [[1, 2], [3, 4]]


def test_elements_of_a_tuple_come_one_by_one(run: Run) -> None:
    answer = run(returning("(x, [x, 2 * x], 3)"), X)
    assert (answer.kind, [value.shape for value in answer.values]) == ("tuple", [(3,), (2, 3), ()])


def test_an_endless_mapping_ends(run: Run) -> None:
    lines = (
        "from collections.abc import Mapping",
        "import itertools",
        "class Endless(Mapping):\n    __len__ = lambda self: 1\n    __getitem__ = lambda self, key: 1.0",
        "    __iter__ = lambda self: itertools.count()",
    )
    assert run(returning("Endless()", *lines), X).kind == "other"


def test_many_long_keys_fit_into_an_answer(run: Run) -> None:
    answer = run(returning("{chr(0x1F600) * 100 + str(i): 1.0 for i in range(256)}"), X)
    assert (answer.status, answer.kind) == (Status.OK, "other")  # cut to their first hundred letters, they are the same
    answer = run(returning("{str(i) + chr(0x1F600) * 200: 1.0 for i in range(256)}"), X)
    assert (answer.status, answer.kind, len(answer.keys)) == (Status.OK, "dict", 256)


def test_a_resized_argument_is_a_changed_argument(run: Run) -> None:
    assert run("def f(x):\n    x.resize((4,), refcheck=False)\n    return x", X).mutated == (0,)


def test_integers_stay_integers_inside(run: Run) -> None:
    assert run("def f(n):\n    return float(sum(range(n)))", 4).values[0] == 6.0


def test_a_function_refuses_what_is_no_numbers_inside(run: Run) -> None:
    called: list[object] = []

    def function(x: np.ndarray) -> float:
        called.append(x)
        return 0.0

    assert run("def f(g):\n    return g('text')", RemoteFunction("g", function)).status is Status.RAISED
    assert called == []


def test_a_function_that_fails_outside_raises_inside(run: Run) -> None:
    def function(x: np.ndarray) -> float:
        raise ArithmeticError("not there")

    answer = run(
        "def f(g):\n    try:\n        g(1.0)\n    except ValueError as e:\n        print(e)\n    return 1.0",
        RemoteFunction("g", function),
    )
    assert (answer.status, answer.stdout, answer.calls) == (Status.OK, "g: not there\n", {"g": 1})
