"""`gradverify audit`, as a process and as the values behind what it prints."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.cli.audit import MOST_COORDINATES, MOST_MESSAGES, below, point_line, render_audit, score_of
from gradverify.core.report import BlindSpot, Component, Report, SpecResult
from gradverify.core.verdicts import Fault, Verdict
from gradverify.spec.load import load_text

SPECS = """\
name: weak
variables: [x, y]
function: x**2 + 3*x*y
gradient: [2*x + 3*y, 3*x]
points: [[0, 0], [1, 1]]
---
name: strong
variables: [x]
function: x**3
gradient: [3*x**2]
points: [[2], [-1.5]]
---
name: wrong
variables: [x]
function: x**3
gradient: [2*x**2]
points: [[2]]
---
name: twin
variables: [x]
function: x**3
gradient: [2*x**2]
points: [[2]]
expect: fail
"""
POINT = re.compile(r"^ {9}- (\[-?\d+, -?\d+\])$", re.MULTILINE)  # simple numbers, on a line to paste


def audit(folder: Path, *arguments: str, text: str = SPECS) -> subprocess.CompletedProcess[str]:
    (folder / "s.yaml").write_text(text, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "gradverify", "audit", "s.yaml", "-j", "1", *arguments],
        cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip


def spot(better: tuple[float, ...] | None, message: str = "∂f/∂x could have the wrong sign") -> BlindSpot:
    part = Component(0, "x", (), None, "∂f/∂x")
    return BlindSpot(fault=Fault.SIGN, components=(part,), message=message, better_point=better)


def result(mutants: tuple[int, int] | None, *spots: BlindSpot, verdict: Verdict = Verdict.PASS) -> SpecResult:
    return SpecResult(
        name="bowl", file="bowl.yaml", line=1, verdict=verdict, found=verdict, mutants=mutants, blind_spots=spots,
        reason=None if verdict is Verdict.PASS else "off by a lot",
    )  # fmt: skip


def report(*results: SpecResult) -> Report:
    return Report(gradverify="0", started="", seconds=1.0, isolation="none", plugins=(), specs=results)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """One audit of the specs above."""
    return audit(tmp_path_factory.mktemp("audit"))


def test_a_blind_spot_is_shown_with_a_point_to_paste(printed: subprocess.CompletedProcess[str]) -> None:
    assert "∂f/∂x could have a factor of the variable itself" in printed.stdout
    assert POINT.findall(printed.stdout) == ["[0, -1]", "[-1, -1]"]


def test_the_share_of_mistakes_caught_is_shown_for_every_spec(printed: subprocess.CompletedProcess[str]) -> None:
    assert " 77 %  weak  s.yaml:1  7 of 9 mistakes caught" in printed.stdout
    assert "100 %  strong  s.yaml:7  4 of 4 mistakes caught" in printed.stdout


def test_a_spec_that_fails_is_said_to_fail_and_has_no_score(printed: subprocess.CompletedProcess[str]) -> None:
    assert " fail  wrong  s.yaml:13\n       no score: " in printed.stdout


def test_wrong_twins_are_left_out_and_counted(printed: subprocess.CompletedProcess[str]) -> None:
    assert "  twin  " not in printed.stdout
    assert "1 wrong on purpose, left out" in printed.stdout


def test_the_points_shown_close_the_blind_spots(printed: subprocess.CompletedProcess[str], tmp_path: Path) -> None:
    points = ["[0, 0]", "[1, 1]", *POINT.findall(printed.stdout)]
    mended = SPECS.replace("points: [[0, 0], [1, 1]]", "\n  - ".join(["points:", *points]))
    finished = audit(tmp_path, "-k", "weak", text=mended)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "100 %  weak" in finished.stdout


def test_a_low_score_fails_the_audit(tmp_path: Path) -> None:
    assert audit(tmp_path, "-k", "weak").returncode == 1


def test_a_lower_bar_lets_it_pass_and_the_report_carries_the_figures(tmp_path: Path) -> None:
    finished = audit(tmp_path, "-k", "weak", "--min-score", "0.75", "--report", "json:-")
    assert finished.returncode == 0
    (spec,) = json.loads(finished.stdout)["specs"]
    assert spec["mutants"] == {"caught": 7, "all": 9}
    assert len(spec["blind_spots"]) == 2
    assert "77 %" in finished.stderr


def test_nothing_to_audit_is_said_and_has_its_exit_code(tmp_path: Path) -> None:
    finished = audit(tmp_path, "-k", "twin")
    assert (finished.returncode, finished.stdout) == (5, "")
    assert "no spec to audit" in finished.stderr


def test_a_fault_in_a_spec_file_is_a_usage_error(tmp_path: Path) -> None:
    assert audit(tmp_path, "-k", "strong", text=SPECS + "---\nname: broken\nvariables: [x]\n").returncode == 2


def test_a_bar_that_is_no_share_is_refused(tmp_path: Path) -> None:
    finished = audit(tmp_path, "--min-score", "90")
    assert finished.returncode == 2
    assert "--min-score" in finished.stderr


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_a_pasted_point_is_read_back_exactly(at: list[float]) -> None:
    names = ", ".join(f"x{i}" for i in range(len(at)))
    text = (
        f"variables: [{names}]\nfunction: x0\ngradient: [{', '.join(['1'] + ['0'] * (len(at) - 1))}]\n"
        f"points:\n  {point_line(at)}\n"
    )
    files = load_text(text, "pasted.yaml")
    assert not files.faults
    (point,) = files.specs[0].points
    assert point.at == tuple(at)  # type: ignore[union-attr]


def test_a_point_too_long_to_paste_is_described() -> None:
    assert point_line((0.5,) * (MOST_COORDINATES + 1)).startswith(f"a point of {MOST_COORDINATES + 1} components")


def test_a_spec_without_mutants_misses_none() -> None:
    assert score_of(result((0, 0))) == 1.0


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.PASS])
def test_only_a_claim_that_was_found_right_has_a_score(verdict: Verdict) -> None:
    assert score_of(result((4, 4), verdict=verdict)) is None


def test_a_score_at_the_bar_is_enough() -> None:
    assert below(report(result((9, 10))), 0.9) == ()


def test_every_spec_must_reach_the_bar_whatever_the_others_reach() -> None:
    weak = result((8, 10))
    assert below(report(result((90, 90)), weak), 0.9) == (weak,)


def test_many_blind_spots_of_one_point_are_cut_short_and_counted() -> None:
    many = [spot((1.0,), f"mistake {i}") for i in range(MOST_MESSAGES + 3)]
    text = render_audit(report(result((0, len(many)), *many)), 0.9)
    assert "… and 3 more, caught by the same point" in text
    assert text.count("- [1]") == 1


def test_verbose_tells_every_blind_spot() -> None:
    many = [spot((1.0,), f"mistake {i}") for i in range(MOST_MESSAGES + 3)]
    assert f"mistake {MOST_MESSAGES + 2}" in render_audit(report(result((0, len(many)), *many)), 0.9, verbosity=1)


def test_blind_spots_beyond_the_reported_ones_are_counted() -> None:
    assert "… and 5 more" in render_audit(report(result((4, 10), spot((1.0,)))), 0.9)


def test_quiet_is_the_summary_alone() -> None:
    text = render_audit(report(result((4, 5), spot((1.0,)))), 0.9, verbosity=-1)
    assert text == "1 spec audited: 4 of 5 mistakes caught (80 %); 1 below 90 %, add the points shown to `points:`\n"


def test_a_hundred_percent_is_said_of_all_and_nothing_less() -> None:
    assert " 99 %  bowl" in render_audit(report(result((999, 1000))), 0.9)


def test_hostile_names_cannot_colour_the_screen() -> None:
    text = render_audit(report(result((0, 1), spot(None, "x\x1b[31m\nowned"))), 0.9)
    assert "\x1b" not in text
    assert "\nowned" not in text


def test_the_bar_can_be_a_setting_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.gradverify]\nmin-score = 0.75\n", encoding="utf-8")
    assert audit(tmp_path, "-k", "weak").returncode == 0
