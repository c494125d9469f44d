"""`gradverify run` as people and CI systems meet it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from gradverify.cli.screen import wants_colour
from tests.cli.support import COMMAND, Caller, environment, expression_spec, gradverify, read_report, write_specs

RIGHT = expression_spec("right", tags=["good", "fast"])
WRONG = expression_spec("wrong", gradient="-2*x", tags=["bad"])
TWIN = expression_spec("twin", gradient="3*x", expect="fail", tags=["bad"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "specs").mkdir()
    write_specs(tmp_path / "specs" / "a.yaml", RIGHT, WRONG, TWIN)
    return tmp_path


def names(listing: str) -> list[str]:
    return [line.split("::")[1].split()[0] for line in listing.splitlines()]


def test_specs_that_come_out_as_expected_exit_with_0(folder: Path) -> None:
    assert gradverify("run", "-k", "not wrong", cwd=folder).returncode == 0


def test_a_wrong_gradient_exits_with_1(folder: Path) -> None:
    process = gradverify("run", cwd=folder)
    assert process.returncode == 1
    assert "FAIL wrong" in process.stdout
    assert "3 specs: 2 passed, 1 failed" in process.stdout.splitlines()[-1]


def test_without_specs_the_exit_code_is_5(folder: Path) -> None:
    assert gradverify("run", "-k", "absent", cwd=folder).returncode == 5


def test_a_missing_path_exits_with_2(folder: Path, call: Caller) -> None:
    process = call("run", "absent.yaml")
    assert process.returncode == 2
    assert "absent.yaml" in process.stderr


def test_a_fault_in_one_file_exits_with_2_and_the_other_files_run(folder: Path) -> None:
    (folder / "specs" / "b.yaml").write_text("name: b\nvariables: [x]\nfunction: x**2\ngradeint: [2*x]\n")
    process = gradverify("run", "-k", "right or b", "--report", "json:r.json", cwd=folder)
    assert process.returncode == 2
    assert "gradeint" in process.stderr
    assert [spec["name"] for spec in read_report(folder / "r.json")["specs"]] == ["right"]
    assert process.stderr.splitlines()[-1] == "1 fault in the spec files: specs with faults were not checked"


def test_a_line_of_a_spec_that_is_told_as_a_fault_is_no_command_to_a_ci_system(folder: Path) -> None:
    (folder / "bad.yaml").write_text('name: "##[error]x"\nvariables: [x]\nfunction: "##[error]x"\ngradient: [1]\n')
    run = gradverify("run", "bad.yaml", cwd=folder)
    assert run.returncode == 2
    assert "##\\[error]x" in run.stderr
    assert "##[" not in run.stdout + run.stderr


def test_a_function_that_is_not_there_exits_with_1(folder: Path) -> None:
    write_specs(folder / "p.yaml", expression_spec("p", function={"python": "absent.py:f"}))
    process = gradverify("run", "p.yaml", cwd=folder)
    assert process.returncode == 1
    assert "absent.py" in process.stdout


def test_an_unknown_backend_exits_with_2_and_the_nearest_name(folder: Path, call: Caller) -> None:
    process = call("run", "--backend", "finite-diference")
    assert process.returncode == 2
    assert "did you mean `finite-difference`" in process.stderr


def test_the_backend_option_goes_before_the_spec(folder: Path) -> None:
    gradverify("run", "-k", "right", "--backend", "autodiff", "--report", "json:r.json", cwd=folder)
    checks = read_report(folder / "r.json")["specs"][0]["checks"]
    assert {check["backend"] for check in checks} <= {"autodiff", None}


def test_a_blocked_backend_is_not_asked(folder: Path, call: Caller) -> None:
    write_specs(folder / "all.yaml", expression_spec("all", backends=["autodiff", "finite-difference"]))
    process = call("run", "all.yaml", "-p", "no:finite-difference")
    assert process.returncode == 2
    assert "finite-difference" in process.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), ["right", "wrong", "twin"]),
        (("-k", "T"), ["right", "twin"]),
        (("-k", "right or wrong"), ["right", "wrong"]),
        (("-k", "not (right or wrong)"), ["twin"]),
        (("-t", "bad"), ["wrong", "twin"]),
        (("-t", "!bad"), ["right"]),
        (("-t", "bad", "-t", "good"), ["right", "wrong", "twin"]),
        (("-t", "bad", "-k", "wr"), ["wrong"]),
        (("specs/a.yaml::twin",), ["twin"]),
        (("specs", "specs/a.yaml"), ["right", "wrong", "twin"]),
    ],
)
def test_specs_are_chosen_by_name_tag_and_path(
    folder: Path, call: Caller, arguments: tuple[str, ...], expected: list[str]
) -> None:
    assert names(call("run", "--list", *arguments).stdout) == expected


def test_a_file_name_with_a_line_break_is_one_line_in_the_list_of_specs(folder: Path, call: Caller) -> None:
    write_specs(folder / "two\nlines.yaml", expression_spec("s"))
    (line,) = call("run", "--list", "two\nlines.yaml").stdout.splitlines()
    assert line == r"two\nlines.yaml::s"


@pytest.mark.parametrize("keyword", ["", "and", "a or", "(a", "a)", "not", "a b", "(" * 80 + "a" + ")" * 80])
def test_a_keyword_that_makes_no_sense_is_a_usage_error(folder: Path, call: Caller, keyword: str) -> None:
    process = call("run", "-k", keyword)
    assert process.returncode == 2
    assert "-k:" in process.stderr


def test_several_reports_come_from_one_run(folder: Path) -> None:
    process = gradverify("run", "--report", "json:out/r.json", "--report", "junit:out/r.xml", cwd=folder)
    assert process.returncode == 1
    assert len(read_report(folder / "out" / "r.json")["specs"]) == 3
    assert ET.parse(folder / "out" / "r.xml").getroot().tag == "testsuites"
    assert sorted(os.listdir(folder / "out")) == ["r.json", "r.xml"]


def test_a_report_on_standard_output_has_it_for_itself(folder: Path) -> None:
    process = gradverify("run", "--report", "json:-", cwd=folder)
    assert json.loads(process.stdout)["summary"]["fail"] == 1
    assert "FAIL wrong" in process.stderr


def test_the_junit_family_is_chosen_by_an_option(folder: Path) -> None:
    located = gradverify("run", "-q", "-k", "right", "--report", "junit:-", cwd=folder).stdout
    strict = gradverify(
        "run", "-q", "-k", "right", "--report", "junit:-", "--junit-family", "strict", cwd=folder
    ).stdout
    assert " line=" in located
    assert " line=" not in strict


@pytest.mark.parametrize(
    "value", ["specs", "json", "json:", "nope:x", "json:specs", "json:/proc/nothing/r.json", "json:/dev/null/r.json"]
)
def test_a_report_that_cannot_be_written_is_refused_before_the_run(folder: Path, call: Caller, value: str) -> None:
    process = call("run", "--report", value)
    assert process.returncode == 2
    assert value in process.stderr
    assert "right" not in process.stdout


def test_two_reports_to_one_file_are_refused(folder: Path, call: Caller) -> None:
    process = call("run", "--report", "json:a", "--report", "junit:./a")
    assert process.returncode == 2


def test_a_full_disk_costs_its_own_report_only(folder: Path) -> None:
    process = gradverify("run", "-k", "right", "--report", "json:/dev/full", "--report", "junit:r.xml", cwd=folder)
    assert process.returncode == 3
    assert "/dev/full: No space left" in process.stderr
    assert (folder / "r.xml").exists()


def test_what_a_link_points_to_is_replaced_and_the_link_stays(folder: Path) -> None:
    (folder / "link.json").symlink_to("target.json")
    gradverify("run", "-k", "right", "--report", "json:link.json", cwd=folder)
    assert (folder / "link.json").is_symlink()
    assert read_report(folder / "target.json")["summary"]["pass"] == 1


def test_quiet_prints_the_summary_alone(folder: Path) -> None:
    assert len(gradverify("run", "-q", cwd=folder).stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("choice", "environment", "coloured"),
    [
        ("auto", {}, False),
        ("auto", {"FORCE_COLOR": "1"}, True),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
        ("always", {"NO_COLOR": "1"}, True),
        ("never", {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour_follows_the_option_then_the_environment(
    monkeypatch: pytest.MonkeyPatch, choice: str, environment: dict[str, str], coloured: bool
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert wants_colour(choice, io.StringIO()) == coloured


def test_colour_reaches_the_output(folder: Path) -> None:
    output = gradverify("run", "-q", "-k", "right", "--color", "always", cwd=folder).stdout
    assert "\x1b[" in output


def stripped(path: Path) -> object:
    """A report without its clock."""

    def strip(value: object) -> object:
        if isinstance(value, dict):
            return {k: strip(v) for k, v in value.items() if k not in ("seconds", "started")}
        return [strip(item) for item in value] if isinstance(value, list) else value

    return strip(json.loads(path.read_text()))


def test_the_report_does_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    write_specs(
        tmp_path / "many.yaml",
        *(expression_spec(f"s{i}", gradient="2*x" if i % 3 else "x", points=[[i + 1]]) for i in range(30)),
    )
    for jobs in ("1", "2", "3"):
        gradverify("run", "many.yaml", "-j", jobs, "--no-cache", "--report", f"json:{jobs}.json", cwd=tmp_path)
    assert stripped(tmp_path / "1.json") == stripped(tmp_path / "2.json") == stripped(tmp_path / "3.json")


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_stopping_early_reports_the_first_failures_of_the_order_and_names_the_rest(tmp_path: Path, jobs: str) -> None:
    write_specs(
        tmp_path / "many.yaml",
        *(expression_spec(f"s{i}", gradient="x" if i in (4, 7, 8, 20) else "2*x") for i in range(30)),
    )
    process = gradverify("run", "many.yaml", "-j", jobs, "--max-failures", "2", "--report", "json:r.json", cwd=tmp_path)
    report = read_report(tmp_path / "r.json")
    assert process.returncode == 1
    assert [spec["name"] for spec in report["specs"]] == [f"s{i}" for i in range(8)]
    assert report["not_run"] == [f"s{i}" for i in range(8, 30)]


def test_a_reader_that_has_seen_enough_changes_neither_reports_nor_exit_code(folder: Path) -> None:
    command = f"{' '.join(COMMAND)} run -v --report json:r.json; echo $? >code"
    subprocess.run(
        ["bash", "-c", f"({command}) | head -c 1"], cwd=folder, env=environment(), check=True, capture_output=True
    )
    assert (folder / "code").read_text() == "1\n"
    assert len(read_report(folder / "r.json")["specs"]) == 3


def test_x_stops_at_the_first_failure(folder: Path) -> None:
    gradverify("run", "-x", "--report", "json:r.json", cwd=folder)
    assert read_report(folder / "r.json")["not_run"] == ["twin"]


def test_settings_come_from_pyproject_then_the_environment_then_the_command_line(folder: Path, call: Caller) -> None:
    (folder / "pyproject.toml").write_text('[tool.gradverify]\nspecs = ["specs/a.yaml"]\nkeyword = "right"\n')
    (folder / "deep").mkdir()
    listed = call("run", "--list", cwd=folder / "deep")
    assert names(listed.stdout) == ["right"]
    environment = {"GRADVERIFY_KEYWORD": "twin"}
    assert names(call("run", "--list", env=environment).stdout) == ["twin"]
    assert names(call("run", "--list", "-k", "wrong", env=environment).stdout) == ["wrong"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tool.gradverify]\ntimeuot = 3\n", "did you mean `timeout`"),
        ("[tool.gradverify]\nseed = true\n", "`seed`"),
        ("[tool.gradverify]\ntag = [1]\n", "`tag`"),
        ("[tool]\ngradverify = 3\n", "must be a table"),
        ("[tool.gradverify\n", "not valid TOML"),
    ],
)
def test_settings_that_make_no_sense_are_named(folder: Path, call: Caller, text: str, words: str) -> None:
    (folder / "pyproject.toml").write_text(text)
    process = call("run")
    assert process.returncode == 2
    assert words in process.stderr


@pytest.mark.parametrize(
    "arguments", [("--timeout", "0"), ("--timeout", "nan"), ("--memory", "-3"), ("-j", "0"), ("-p", "sympy")]
)
def test_option_values_that_make_no_sense_are_usage_errors(
    folder: Path, call: Caller, arguments: tuple[str, ...]
) -> None:
    assert call("run", *arguments).returncode == 2
