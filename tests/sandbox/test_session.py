"""A submission that means no harm: what goes in, what comes out, what each way of failing is called."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gradverify.sandbox import Answer, Argument, Limits, RemoteFunction, Status, Zygote

SUBMISSION = """
import numpy as np

print("imported")

def double(x):
    print("called")
    return 2 * x

def descend(f, grad_f, x0, learning_rate, max_iters, tol):
    xs = [x0]
    for _ in range(max_iters):
        xs.append(xs[-1] - learning_rate * grad_f(xs[-1]))
    return xs[-1], xs, [f(x) for x in xs]

def raises(x):
    raise ValueError("no such thing")

def spins(x):
    while True:
        pass

def leaves(x):
    import os
    os._exit(3)

def mutates(x, y):
    y[0] = 7
    return x

def by_name(x):
    return {"w": x, "b": 1.0}

constant = 3
"""


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with Zygote(Limits(seconds=0.5)) as started:
        yield started


def call(zygote: Zygote, folder: Path, entry: str, *arguments: Argument) -> Answer:
    (folder / "answers.py").write_text(SUBMISSION)
    with zygote.open(folder, "answers.py") as session:
        return session.call(entry, arguments)


X = np.array([1.0, -2.0, 3.0])


def test_an_array_comes_back_as_it_was_returned(zygote: Zygote, tmp_path: Path) -> None:
    answer = call(zygote, tmp_path, "double", X)
    assert (answer.status, answer.kind, answer.dtypes) == (Status.OK, "array", ("float64",))
    np.testing.assert_array_equal(answer.values[0], 2 * X)


def test_what_was_printed_comes_back(zygote: Zygote, tmp_path: Path) -> None:
    assert call(zygote, tmp_path, "double", X).stdout == "imported\ncalled\n"


def test_a_descent_calls_functions_that_stay_outside(zygote: Zygote, tmp_path: Path) -> None:
    f, grad_f = RemoteFunction("f", lambda x: float(x @ x)), RemoteFunction("grad_f", lambda x: 2 * x)
    answer = call(zygote, tmp_path, "descend", f, grad_f, np.array([4.0, 2.0]), 0.25, 2, 1e-6)
    final, points, values = answer.values
    assert answer.kind == "tuple"
    assert answer.calls == {"f": 3, "grad_f": 2}
    np.testing.assert_array_equal(final, [1.0, 0.5])
    np.testing.assert_array_equal(points, [[4, 2], [2, 1], [1, 0.5]])
    np.testing.assert_array_equal(values, [20, 5, 1.25])


def test_a_mapping_comes_back_with_its_keys(zygote: Zygote, tmp_path: Path) -> None:
    answer = call(zygote, tmp_path, "by_name", X)
    assert (answer.kind, answer.keys, answer.values[1].shape) == ("dict", ("w", "b"), ())


def test_a_changed_argument_is_noted(zygote: Zygote, tmp_path: Path) -> None:
    assert call(zygote, tmp_path, "mutates", X, X).mutated == (1,)


@pytest.mark.parametrize(
    ("entry", "arguments", "status"),
    [
        ("raises", (X,), Status.RAISED),
        ("spins", (X,), Status.TIMEOUT),
        ("leaves", (X,), Status.CRASHED),
        ("absent", (X,), Status.MISSING),
        ("double", (), Status.BAD_SIGNATURE),
        ("constant", (X,), Status.BAD_SIGNATURE),
    ],
)
def test_each_way_of_failing_has_its_own_status(
    zygote: Zygote, tmp_path: Path, entry: str, arguments: tuple[Argument, ...], status: Status
) -> None:
    assert call(zygote, tmp_path, entry, *arguments).status is status


def test_the_next_call_works_after_one_that_was_killed(zygote: Zygote, tmp_path: Path) -> None:
    (tmp_path / "answers.py").write_text(SUBMISSION)
    with zygote.open(tmp_path, "answers.py") as session:
        assert session.call("spins", (X,)).status is Status.TIMEOUT
        assert session.call("double", (X,)).status is Status.OK


def test_a_file_that_does_not_parse_is_an_import_error_with_its_line(zygote: Zygote, tmp_path: Path) -> None:
    (tmp_path / "answers.py").write_text("x = 1\ndef f(:\n")
    with zygote.open(tmp_path, "answers.py") as session:
        answer = session.call("f", ())
    assert (answer.status, "SyntaxError" in answer.detail, "line 2" in answer.detail) == (
        Status.IMPORT_ERROR,
        True,
        True,
    )


def test_neither_output_nor_detail_says_where_it_ran(zygote: Zygote, tmp_path: Path) -> None:
    source = """
import os, traceback
def f():
    traceback.print_stack()
    print(os.getcwd())
    raise ValueError(__file__)
"""
    (tmp_path / "answers.py").write_text(source)
    with zygote.open(tmp_path, "answers.py") as session:
        answer = session.call("f", ())
    assert answer.detail == "ValueError: answers.py (line 6)"
    assert answer.stdout.endswith("\n.\n")
    assert not any(str(place) in answer.stdout for place in (zygote.scratch, Path(__file__).parents[2]))


def test_a_file_named_as_a_module_of_pythons_own_does_not_take_its_place(zygote: Zygote, tmp_path: Path) -> None:
    (tmp_path / "random.py").write_text("import numpy as np\ndef f():\n    return np.random.default_rng(0).normal()")
    with zygote.open(tmp_path, "random.py") as session:
        assert session.call("f", ()).status is Status.OK


def test_a_file_in_a_folder_imports_what_is_beside_it(zygote: Zygote, tmp_path: Path) -> None:
    (tmp_path / "week3").mkdir()
    (tmp_path / "week3" / "helpers.py").write_text("two = 2.0")
    (tmp_path / "week3" / "answers.py").write_text("from helpers import two\ndef f():\n    return two")
    with zygote.open(tmp_path, "week3/answers.py") as session:
        assert session.call("f", ()).values[0] == 2.0


@pytest.mark.parametrize("source", ["x = '\0'", "(" * 500, "\xff", "import nothing_of_that_name", "1 / 0"])
def test_a_file_that_cannot_be_imported_says_so(zygote: Zygote, tmp_path: Path, source: str) -> None:
    (tmp_path / "answers.py").write_bytes(source.encode("latin-1"))
    with zygote.open(tmp_path, "answers.py") as session:
        answer = session.call("f", ())
    assert (answer.status, bool(answer.detail)) == (Status.IMPORT_ERROR, True)


def test_a_file_that_is_not_there_is_missing(zygote: Zygote, tmp_path: Path) -> None:
    with zygote.open(tmp_path, "answers.py") as session:
        assert session.call("f", ()).status is Status.MISSING
