"""What people read on the screen."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.core.report import Check, Component, Diagnosis, PointResult, Report, SpecResult
from gradverify.core.verdicts import Fault, Verdict
from gradverify.report.terminal import (
    MOST_CHECKS,
    MOST_OUTPUT,
    MOST_ROWS,
    Style,
    clean,
    columns,
    progress_line,
    render_terminal,
    summary,
)
from tests.report.sample import BROKEN, EMPTY, NOT_WRONG, REPORT, RIGHT, TWIN, UNDECIDED, WRONG

ESCAPE = re.compile("\x1b\\[[0-9;]*m")


def alone(spec: SpecResult, **changes: object) -> Report:
    """A report on one spec, changed a little."""
    changed = dataclasses.replace(spec, **changes)  # type: ignore[arg-type]
    return dataclasses.replace(REPORT, specs=(changed,), not_run=(), interrupted=False, plugins=())


def with_components(count: int) -> Report:
    """A report on a spec with so many wrong components."""
    parts = tuple(Component(i, "w", (i,), None, f"∂f/∂w[{i}]") for i in range(count))
    point = PointResult(
        at=(1.0,) * count, claimed=(2.0,) * count, reference=(1.0,) * count, error_bound=(1e-12,) * count,
        verdict=Verdict.FAIL, wrong_components=parts,
    )  # fmt: skip
    check = Check(kind="gradient", backend="sympy", verdict=Verdict.FAIL, points=(point,))
    return alone(WRONG, checks=(check,))


def test_a_failure_shows_component_claimed_reference_and_bound() -> None:
    (row,) = (line for line in render_terminal(alone(WRONG)).splitlines() if line.startswith("    ∂f/∂z"))
    assert row.split() == ["∂f/∂z", "4", "-4", "1.0e-15", "2.0e+00"]


def test_a_claim_that_has_no_value_is_set_beside_no_reference() -> None:
    check = WRONG.checks[0]
    nothing = dataclasses.replace(check.points[0], claimed=None)
    text = render_terminal(alone(WRONG, checks=(dataclasses.replace(check, points=(nothing,)),)))
    assert "at (1, 2, 3), by gradient[finite-difference]" in text
    assert "claimed  reference" not in text


def test_a_failure_names_its_place_point_and_backend() -> None:
    text = render_terminal(alone(WRONG))
    assert "FAIL quadratic  specs/sample.yaml:3\n" in text
    assert "at (1, 2, 3), by gradient[finite-difference]" in text


def test_a_failure_shows_mistake_right_formula_and_counterexample() -> None:
    text = render_terminal(alone(WRONG))
    assert "likely mistake: sign: ∂f/∂z: the sign is wrong" in text
    assert "right: ∂f/∂z = 2 - 2*z" in text
    assert "counterexample: fails at x = 0, y = 0, z = 0" in text


def test_a_spec_that_passed_is_not_told_unless_asked() -> None:
    assert "bowl" not in render_terminal(alone(RIGHT))
    assert "specs/sample.yaml:3 bowl (proved), 1 blind spot" in render_terminal(alone(RIGHT), verbosity=1)


def test_a_wrong_twin_that_is_found_wrong_is_no_failure() -> None:
    assert "FAIL" not in render_terminal(alone(TWIN))
    assert progress_line(TWIN).endswith("twin as expected: wrong")


def test_a_wrong_twin_that_is_found_right_is_told() -> None:
    assert "expected to fail, but the claim was found right" in render_terminal(alone(NOT_WRONG))


def test_what_could_not_be_decided_says_why() -> None:
    assert "INCONCLUSIVE noisy" in render_terminal(alone(UNDECIDED))
    assert "f is noisy at a level of 1e-07" in render_terminal(alone(UNDECIDED))


def test_what_the_functions_printed_is_shown_and_cut() -> None:
    text = render_terminal(alone(BROKEN, output="\n".join(f"line {i}" for i in range(MOST_OUTPUT + 5))))
    assert f"line {MOST_OUTPUT - 1}\n" in text
    assert f"line {MOST_OUTPUT}\n" not in text
    assert "… and 5 more lines" in text


def test_a_long_table_is_cut_and_says_how_much_is_missing() -> None:
    text = render_terminal(with_components(MOST_ROWS + 7))
    assert text.count("    ∂f/∂w[") == MOST_ROWS
    assert "… and 7 more\n" in text


def test_a_table_that_fits_misses_nothing() -> None:
    assert "more\n" not in render_terminal(with_components(MOST_ROWS))


def test_many_checks_are_cut_and_counted() -> None:
    check = Check(kind="property", backend=None, verdict=Verdict.PASS, name="level-set")
    assert "… and 3 more checks" in render_terminal(alone(WRONG, checks=(check,) * (MOST_CHECKS + 3)))


def test_only_what_is_wrong_is_followed_by_formulas() -> None:
    assert "right:" not in render_terminal(alone(WRONG, verdict=Verdict.ERROR))


def test_a_plugin_that_does_not_work_is_named_with_the_reason() -> None:
    assert "plugin odd 9 does not work: no such module" in render_terminal(REPORT)


def test_the_summary_counts_and_mentions_blind_spots() -> None:
    assert summary(alone(RIGHT)) == "1 spec: 1 passed in 2.5 s; 1 with blind spots (gradverify audit shows them)"


def test_a_run_of_nothing_says_so() -> None:
    assert render_terminal(EMPTY) == "0 specs: nothing to do in 0.0 s\n"


def test_an_interrupted_run_says_so_first_and_counts_what_is_missing() -> None:
    assert render_terminal(REPORT).splitlines()[-1].startswith("interrupted; 7 specs: ")
    assert "1 not run" in render_terminal(REPORT)


def test_quiet_is_the_summary_alone() -> None:
    assert render_terminal(REPORT, verbosity=-1) == summary(REPORT) + "\n"


@pytest.mark.parametrize("verbosity", [-1, 0, 1])
def test_without_colour_there_is_no_escape(verbosity: int) -> None:
    assert "\x1b" not in render_terminal(REPORT, verbosity=verbosity)


@pytest.mark.parametrize("verbosity", [-1, 0, 1])
def test_colour_changes_nothing_but_the_colour(verbosity: int) -> None:
    coloured = render_terminal(REPORT, colour=True, verbosity=verbosity)
    uncoloured = "\n".join(line.rstrip() for line in ESCAPE.sub("", coloured).splitlines())
    assert uncoloured == render_terminal(REPORT, verbosity=verbosity).rstrip("\n")
    assert "\x1b[" in coloured


@given(st.text(), st.booleans())
def test_no_text_can_move_the_cursor_or_change_the_colour(text: str, keep_lines: bool) -> None:
    shown = clean(text, keep_lines=keep_lines)
    assert all(c.isprintable() or (c == "\n" and keep_lines) for c in shown)
    assert len(shown) == len(text)


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_text_that_can_be_printed_is_printed_as_it_is(text: str) -> None:
    printable = "".join(c for c in text if c.isprintable())
    assert clean(printable) == printable


@given(
    st.lists(st.text(st.sampled_from("abcé好🙂"), min_size=1, max_size=12), min_size=1, max_size=40),
    st.integers(60, 120),
)
def test_sentences_are_broken_between_words_and_within_the_width(words: list[str], width: int) -> None:
    mistake = Diagnosis(fault=Fault.UNKNOWN, components=(), message=" ".join(words), confidence=0.5)
    text = render_terminal(alone(WRONG, checks=(), reason=None, diagnosis=(mistake,), counterexample=None), width=width)
    story = text.split("likely mistake: unknown: ")[1].split("\n\n")[0]
    assert story.split() == words
    assert all(columns(line) <= width for line in text.split("\n\n")[0].splitlines())


def test_wide_characters_take_two_columns_and_accents_none() -> None:
    assert columns("a好e\u0301") == 4


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_its_line(verdict: Verdict) -> None:
    line = progress_line(dataclasses.replace(WRONG, verdict=verdict), Style(colour=False))
    assert line.startswith(f"{verdict.value:12} specs/sample.yaml:3 quadratic")


def with_formulas(*formulas: str) -> Report:
    told = [{"component": f"∂f/∂w[{i}]", "right": text, "difference": None} for i, text in enumerate(formulas)]
    return alone(WRONG, checks=(dataclasses.replace(WRONG.checks[0], details={"formulas": told}),))


def test_a_right_formula_that_nobody_would_read_is_cut_and_its_length_is_told() -> None:
    text = render_terminal(with_formulas(" + ".join(["exp(-x)"] * 200)), width=80)
    assert "… (1,997 characters; reports have them all)" in " ".join(text.split())
    assert all(columns(line) <= 80 for line in text.splitlines())


def test_many_long_formulas_do_not_fill_the_screen() -> None:
    text = render_terminal(with_formulas(*[" + ".join(["exp(-x)"] * 50)] * 9))
    assert "… and 8 more right formulas" in text


def test_a_long_reason_is_told_once() -> None:
    reason = "expected to converge, but it went to and fro without coming closer"
    check = Check(kind="descent", backend=None, name="far", verdict=Verdict.FAIL, reason=reason)
    text = render_terminal(alone(WRONG, checks=(check,), reason=f'descent "far": {reason}'))
    assert text.count("to and fro") == 1
    assert "descent[far]  fail         see above" in text


def test_notes_on_a_spec_that_passed_are_told_where_they_are_asked_for() -> None:
    noted = alone(RIGHT, notes=("f changes its input `x`",))
    assert "note on bowl: f changes its input `x`" in render_terminal(noted, notes=True)
    assert "note on bowl: f changes its input `x`" in render_terminal(noted, verbosity=1)
    assert "changes its input" not in render_terminal(noted)
    assert "changes its input" not in render_terminal(noted, notes=True, verbosity=-1)
    assert "note on" not in render_terminal(alone(TWIN, notes=("f is noisy",)), notes=True)


def obeyed(log: str) -> list[str]:
    """The lines that a runner takes for commands: GitHub by both of its parsers (ActionCommand.cs), Azure, TeamCity."""
    return [line for line in log.split("\n") if line.lstrip().startswith("::") or re.search(r"##\w*\[", line)]


@pytest.mark.parametrize(
    "text",
    [
        "::error::x",
        "  ::add-mask::x",
        "y ##[error]x",
        "##vso[task.complete]x",
        "##teamcity[x]",
        "a " * 60 + "::error::x",
    ],
)
@pytest.mark.parametrize("colour", [False, True])
def test_what_a_function_prints_or_raises_is_no_command_to_a_ci_system(text: str, colour: bool) -> None:
    report = alone(WRONG, output=f"{text}\n{text}", reason=text, name=text, notes=(text,))
    shown = render_terminal(report, colour=colour, verbosity=1, width=60)
    assert obeyed(text.replace("a ", ""))
    assert obeyed(shown) == []


@pytest.mark.parametrize("text", ["a::b", "x[::2]", "# [x]", "## x"])
def test_what_is_no_command_to_a_ci_system_is_printed_as_it_is(text: str) -> None:
    assert f"    {text}\n" in render_terminal(alone(WRONG, output=f"{text}\n{text}"))
