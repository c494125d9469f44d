"""A character of a YAML scalar is found again in the file, however the scalar is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.spec.errors import SpecFault, render
from gradverify.spec.model import Place
from gradverify.spec.parse import parse_specs
from gradverify.spec.source import SourceText, index_in_source
from gradverify.spec.yaml12 import Mapping, Problem, Scalar, read_documents


def function_of(text: str) -> Scalar:
    root = read_documents(text).roots[0]
    assert isinstance(root, Mapping)
    node = root.get("f")
    assert isinstance(node, Scalar)
    return node


@pytest.mark.parametrize(
    "written",
    [
        "f: x + Q*y", "f:    x + Q*y  # why", "f: 'x + ''Q*y'",
        'f: "x + Q*y"', 'f: "x\\x20+ \\x51*Q"', 'f: "x \\\n   + Q"',
        "f: |\n  x +\n  Q*y", "f: >\n  x +\n    more\n  Q*y", "f: >-\n\n  x +\n\n  Q*y", "f: |2\n   x + Q",
        "f:\n  x +\n  y\n  + Q",
        "f: 'x +\n   y + Q'", 'f: "x +\n   y + Q"', "{a: 1, f: x + Q}", "é: 2\nf: '𝄞 Q'", "f: |+\n  Q\n\n",
        "f: !!str x + Q",
        "f: &a x + Q",
    ],
)  # fmt: skip
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_character_of_a_scalar_is_found_where_it_is_written(written: str, newline: str) -> None:
    text = written.replace("\n", newline)
    node = function_of(text)
    assert text[index_in_source(text, node, node.text.rindex("Q"))] == "Q"


@given(
    st.text(alphabet="x +*y\n", min_size=1, max_size=30).map(lambda s: "a" + s + "Q"),
    st.sampled_from(["|", ">", '"', "'"]),
)
def test_the_last_character_is_found_whatever_stands_before_it(value: str, style: str) -> None:
    if style in "|>":
        text = f"f: {style}\n" + "".join(f"  {line}\n" for line in value.split("\n"))
    else:
        text = f"f: {style}{value}{style}\n"
    documents = read_documents(text)
    if documents.problems:
        return
    node = function_of(text)
    assert text[index_in_source(text, node, node.text.rindex("Q"))] == "Q"


def test_a_fault_in_a_block_scalar_has_its_caret_there() -> None:
    text = "variables: [x]\nfunction: |\n  x**2 +\n  3*foo(x)\ngradient: 2*x\n"
    _, faults = parse_specs(text, "s.yaml")
    assert [(f.place.line, f.place.column, f.length) for f in faults] == [(4, 5, 3)]


def test_lines_are_counted_as_editors_do() -> None:
    source = SourceText("a\rb\r\nc\u2028d\ne", "s.yaml")
    assert [source.place(i).line for i in range(len(source.text))] == [1, 1, 2, 2, 2, 3, 3, 3, 3, 4]
    assert source.line(3) == "c\u2028d"


def test_a_problem_behind_the_end_is_placed_at_the_end() -> None:
    fault = SourceText("a: [", "s.yaml").fault(Problem("yaml-syntax", 99, 5, "m"))
    assert (fault.place.line, fault.place.column, fault.length) == (1, 5, 1)


def fault(line: str, column: int, length: int = 1, help: str = "") -> SpecFault:
    return SpecFault("some-code", Place("s.yaml", 3, column), length, "wrong", line, help)


def test_the_caret_stands_under_the_fault_behind_wide_characters_and_tabs() -> None:
    assert render(fault("\t数x^2", 4)).splitlines()[2] == "    | \t   ^"


def test_a_long_line_is_cut_around_the_fault() -> None:
    lines = render(fault("x" * 400 + "!" + "y" * 400, 401)).splitlines()
    assert len(lines[1]) < 140
    assert lines[1][lines[2].index("^")] == "!"
    assert lines[1].endswith("y…")


def test_control_characters_never_reach_the_terminal() -> None:
    assert "\x1b" not in render(fault("a\x1b[31m", 1, help="\x1b[2J"))


def test_colour_changes_nothing_but_colour() -> None:
    import re

    one = fault("backends: [sympi]", 12, 5, "did you mean `sympy`?")
    coloured = render(one, colour=True)
    assert coloured != render(one)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(one)


def test_a_fault_of_a_whole_file_shows_no_line() -> None:
    assert render(fault("", 1)) == "s.yaml: error[some-code]: wrong"
