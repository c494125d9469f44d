"""The commands beside `run`, and what the command line itself costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gradverify.cli.faults import MEANINGS
from gradverify.core.verdicts import Fault
from tests.cli.support import Caller, expression_spec, gradverify, write_specs

HEAVY = ("numpy", "scipy", "sympy", "autograd", "rich", "yaml", "pluggy")
FUNCTIONS = """
import numpy as np

def f(p): return float(np.sum(p**3))
def f_gradient(p): return 3 * p**2
def f_wrong(p): return -3 * p**2
def g(x, y): return x * y**2
def dg(x, y): return (y**2, 2 * x * y)
def h(x): return x**3
def dh(x): return 3 * x**2
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "functions.py").write_text(FUNCTIONS)
    return tmp_path


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    code = (
        "import sys\nfrom gradverify.cli.main import main\n"
        f"try: main({arguments!r})\nexcept SystemExit as end: assert end.code == 0\n"
        f"print(sorted(set(sys.modules) & set({HEAVY!r})))"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert output.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("arguments", [(), ("run", "--nope"), ("frobnicate",), ("check", "a:b")])
def test_a_command_line_that_makes_no_sense_exits_with_2(arguments: tuple[str, ...], call: Caller) -> None:
    process = call(*arguments)
    assert process.returncode == 2
    assert "Traceback" not in process.stderr


def test_a_misspelt_command_gets_the_nearest_name(call: Caller) -> None:
    assert "validate" in call("validat").stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("functions.py:f", "functions.py:f_gradient", "--at", "1,2,3"), 0),
        (("functions.py:f", "functions.py:f_wrong", "--at", "1,2,3"), 1),
        (("functions:f", "functions:f_gradient", "--at", "1 2 3", "--at", "[0.5, 0.25, -1]"), 0),
        (("functions.py:g", "functions.py:dg", "--at", "1,2"), 0),
        (("functions.py:h", "functions.py:dh", "--at", "-1.5"), 0),
        (("functions.py:g", "functions.py:dg", "--at", "1,2,3"), 2),
        (("functions.py:f", "functions.py:f_gradient", "--at", "1,2", "--at", "1"), 2),
        (("functions.py:f", "functions.py:f_gradient", "--at", "one"), 2),
        (("functions.py:f", "functions.py:f_gradient", "--at", "nan"), 2),
        (("functions.py", "functions.py:f_gradient", "--at", "1"), 2),
        (("functions.py:absent", "functions.py:f_gradient", "--at", "1,2"), 2),
    ],
)
def test_check_compares_two_functions_without_a_spec(folder: Path, arguments: tuple[str, ...], code: int) -> None:
    process = gradverify("check", "--backend", "finite-difference", *arguments, cwd=folder)
    assert process.returncode == code, process.stdout + process.stderr
    assert "Traceback" not in process.stderr


def test_the_blind_spots_of_a_quick_check_are_told_since_no_audit_can_show_them(folder: Path) -> None:
    told = gradverify("check", "functions.py:f", "functions.py:f_gradient", "--at", "1,1,1", cwd=folder).stdout
    assert "blind spot: " in told
    assert "--at " in told
    assert "audit" not in told


def test_init_writes_a_spec_that_passes_and_its_schema(folder: Path) -> None:
    assert gradverify("init", "new/first.yaml", cwd=folder).returncode == 0
    text = (folder / "new" / "first.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=gradverify.schema.json")
    assert json.loads((folder / "new" / "gradverify.schema.json").read_text())["type"] == "object"
    assert gradverify("run", "new", cwd=folder).returncode == 0


@pytest.mark.parametrize("function", ["f", "g", "h"])
def test_init_from_a_function_writes_a_spec_that_passes(folder: Path, function: str) -> None:
    arguments = ("init", "new/s.yaml", "--from-function", f"functions.py:{function}")
    assert gradverify(*arguments, cwd=folder).returncode == 0
    process = gradverify("run", "new", cwd=folder)
    assert process.returncode == 0, process.stdout + process.stderr


def test_init_overwrites_nothing_unless_forced(folder: Path, call: Caller) -> None:
    (folder / "s.yaml").write_text("mine")
    assert call("init", "s.yaml").returncode == 2
    assert (folder / "s.yaml").read_text() == "mine"
    assert call("init", "s.yaml", "--force").returncode == 0


def test_init_from_a_function_that_is_not_there_is_refused(folder: Path, call: Caller) -> None:
    assert call("init", "s.yaml", "--from-function", "functions.py:absent").returncode == 2
    assert not (folder / "s.yaml").exists()


def test_validate_counts_valid_specs_and_runs_nothing(folder: Path, call: Caller) -> None:
    write_specs(folder / "s.yaml", expression_spec("a", function={"python": "absent.py:f"}), expression_spec("b"))
    process = call("validate", "s.yaml")
    assert process.returncode == 0
    assert process.stdout == "2 valid specs in 1 file\n"


def test_validate_reports_every_fault(folder: Path, call: Caller) -> None:
    (folder / "s.yaml").write_text("name: a\nvariables: [x]\nfunction: x^2\ngradient: [2*x]\npionts: [[1]]\n")
    process = call("validate", "s.yaml")
    assert process.returncode == 2
    assert "pionts" in process.stderr
    assert "**" in process.stderr


def test_the_schema_goes_to_a_file_or_to_standard_output(folder: Path, call: Caller) -> None:
    printed = call("schema").stdout
    assert call("schema", "-o", "s.json").returncode == 0
    assert json.loads(printed) == json.loads((folder / "s.json").read_text())
    assert call("schema", "-o", "absent/s.json").returncode == 2


def test_explain_knows_its_codes(folder: Path, call: Caller) -> None:
    listed = call("explain")
    assert listed.returncode == 0
    code = listed.stdout.split()[0]
    assert call("explain", code).returncode == 0
    assert call("explain", "no-such-code").returncode == 2


@pytest.mark.parametrize("fault", list(Fault))
def test_explain_knows_the_mistakes_that_a_diagnosis_names(call: Caller, fault: Fault) -> None:
    told = call("explain", fault.value)
    assert told.returncode == 0
    assert told.stdout.startswith(f"a diagnosis: the claim {MEANINGS[fault][0]}\n\n")


def test_the_mistakes_are_explained_as_the_page_on_reports_has_them() -> None:
    page = (Path(__file__).parents[2] / "docs" / "report.md").read_text()
    assert all(f"| `{fault.value}` | {meaning} |" in page for fault, (meaning, _) in MEANINGS.items())


def test_a_report_for_github_needs_no_file(folder: Path, call: Caller) -> None:
    write_specs(folder / "s.yaml", expression_spec("bad", gradient="x"))
    first, second = (call("run", "-q", "s.yaml", "--report", value) for value in ("github", "github:-"))
    assert first.returncode == 1
    assert "::error file=s.yaml" in first.stdout
    assert [line for line in second.stdout.splitlines() if line.startswith("::")] == [
        line for line in first.stdout.splitlines() if line.startswith("::")
    ]


@pytest.mark.parametrize("command", ["run", "validate"])
def test_where_there_are_no_specs_yet_a_way_out_is_said(tmp_path: Path, call: Caller, command: str) -> None:
    done = call(command)
    assert done.returncode == 2
    assert "there is no file or folder specs" in done.stderr
    assert "`gradverify init` writes a first spec" in done.stderr


def test_plugins_are_listed_for_people_and_for_programs(folder: Path, call: Caller) -> None:
    assert "finite-difference" in call("plugins").stdout
    listed = json.loads(call("plugins", "--json", "-p", "no:sympy").stdout)
    assert {plugin["name"]: plugin["status"] for plugin in listed}["sympy"] == "blocked"


def test_doctor_says_how_specs_are_run(folder: Path, call: Caller) -> None:
    output = call("doctor").stdout
    assert "cores" in output
    assert "started by" in output


def test_an_internal_error_is_one_message(folder: Path) -> None:
    code = (
        "import gradverify.cli.doctor as d\nfrom gradverify.cli import main\n"
        "def broken(*_): raise RuntimeError('oh no')\n"
        "d.command.callback = broken\nmain.main(['doctor'])"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=folder)
    assert process.returncode == 3
    assert "RuntimeError: oh no" in process.stderr
    assert "bug in gradverify" in process.stderr
    assert "Traceback" not in process.stderr
