"""What people run into in their first hour is said in so many words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gradverify.cache.store import MOST_ENTRY_BYTES, RESULT, Store
from gradverify.cli.audit import render_audit
from gradverify.cli.options import LEAST_MEMORY
from tests.cli.support import Caller, gradverify, read_report, write_specs
from tests.report.sample import EMPTY

CLAIMS = """\
class Odd(RuntimeError):
    def __str__(self):
        raise RuntimeError("no text")


def f(x):
    return x @ x


def forgetful(x):
    2 * x


def odd(x):
    raise Odd


def careless(x):
    x *= 2
    return x


def nothing(x):
    pass
"""


@pytest.fixture(scope="module")
def reasons(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """Verdict and reason of the claims that go wrong in other ways than by their numbers."""
    folder = tmp_path_factory.mktemp("claims")
    (folder / "claims.py").write_text(CLAIMS)
    write_specs(
        folder / "specs.yaml",
        *(
            f'name: {name}\nvariables: {{x: 3}}\nfunction: {{python: "claims.py:{f}"}}\n'
            f'gradient: {{python: "claims.py:{claim}"}}\npoints: [[1, 2, 3]]\n'
            for name, f, claim in (
                ("forgetful", "f", "forgetful"),
                ("odd", "f", "odd"),
                ("careless", "f", "careless"),
                ("nothing", "nothing", "forgetful"),
            )
        ),
        "name: one\nvariables: [x]\nfunction: x**2\ngradient: 3*x\npoints: [1]\n",
    )
    gradverify("run", "specs.yaml", "--no-cache", "--report", "json:r.json", cwd=folder)
    specs = read_report(folder / "r.json")["specs"]
    return {spec["name"]: (spec["verdict"], spec["reason"]) for spec in specs}


def test_a_claim_without_return_is_told_so(reasons: dict[str, tuple[str, str]]) -> None:
    assert reasons["forgetful"] == ("fail", "the claimed gradient returned None (is a `return` missing?)")


def test_a_function_without_return_is_told_so(reasons: dict[str, tuple[str, str]]) -> None:
    verdict, reason = reasons["nothing"]
    assert verdict == "error"
    assert "the function returned None (is a `return` missing?)" in reason


def test_a_claim_that_raises_what_cannot_be_printed_fails(reasons: dict[str, tuple[str, str]]) -> None:
    assert reasons["odd"] == ("fail", "the claimed gradient raised Odd: its message cannot be shown")


def test_a_claim_that_changes_its_input_is_named_once(reasons: dict[str, tuple[str, str]]) -> None:
    assert reasons["careless"] == ("fail", "the claimed gradient changes its input `x`")


def test_one_wrong_component_of_one_is_the_only_one(reasons: dict[str, tuple[str, str]]) -> None:
    assert reasons["one"] == ("fail", "the only component is wrong")


def test_a_large_result_is_not_kept_and_a_small_one_is(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.put(RESULT, "small", "x" * (MOST_ENTRY_BYTES - 2))
    assert not store.put(RESULT, "large", "x" * MOST_ENTRY_BYTES)
    store.close()
    assert set(Store(tmp_path).get(RESULT, ["small", "large"])) == {"small"}


@pytest.mark.parametrize("kind", ["option", "environment", "file"])
@pytest.mark.parametrize(
    ("name", "value", "words"), [("seed", "-1", "not in the range"), ("memory", str(LEAST_MEMORY - 1), "too little")]
)
def test_a_setting_that_no_run_can_have_is_a_usage_error(
    call: Caller, tmp_path: Path, kind: str, name: str, value: str, words: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.gradverify]\n{name} = {value}\n" if kind == "file" else "")
    write_specs(tmp_path / "a.yaml", "variables: [x]\nfunction: x\ngradient: '1'\npoints: [1]\n")
    arguments = (f"--{name}", value) if kind == "option" else ()
    done = call("run", "a.yaml", *arguments, env={f"GRADVERIFY_{name.upper()}": value} if kind == "environment" else {})
    assert done.returncode == 2
    assert words in done.stderr


def test_the_least_memory_is_enough_for_expressions(tmp_path: Path) -> None:
    write_specs(tmp_path / "a.yaml", "variables: [x]\nfunction: sin(x)\ngradient: cos(x)\npoints: [1]\n")
    assert gradverify("run", "a.yaml", "--no-cache", "--memory", str(LEAST_MEMORY), cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("value", "example"),
    [("html", "html:report.html"), ("junit", "junit:report.xml"), ("out.json", "json:out.json"), ("json:", "json:")],
)
def test_a_report_without_a_kind_or_file_gets_a_fitting_example(call: Caller, value: str, example: str) -> None:
    done = call("run", "--report", value)
    assert done.returncode == 2
    assert f"such as `{example}" in done.stderr


def test_a_claim_for_no_function_is_a_usage_error_of_init(call: Caller, tmp_path: Path) -> None:
    done = call("init", "--gradient", "foo:bar", "w.yaml")
    assert done.returncode == 2
    assert "--from-function" in done.stderr
    assert not (tmp_path / "w.yaml").exists()


def test_an_audit_of_nothing_gives_no_percentage() -> None:
    text = render_audit(EMPTY, 0.9)
    assert "nothing was audited" in text
    assert "%" not in text


def test_a_link_that_leads_nowhere_is_called_that(call: Caller, tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    done = call("run", "loop.yaml")
    assert done.returncode == 2
    assert "loop.yaml is a link that leads to no file" in done.stderr
    assert "did you mean" not in done.stderr


def test_one_weight_is_counted_as_one(call: Caller, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_specs(
            tmp_path / f"{name}.yaml", f"name: {name}\nvariables: [x]\nfunction: x\ngradient: '1'\npoints: [1]\n"
        )
    write_specs(
        tmp_path / "c.yaml", "name: c\nrule: linear-combination\nof: [a.yaml, b.yaml]\nweights: [2]\npoints: [1]\n"
    )
    assert "here is 1 weight for 2 parts" in call("validate", "c.yaml").stderr


@pytest.mark.parametrize(
    ("function", "words"),
    [("nofile.py:f", "there is no file nofile.py"), ("claims.py:missing", "claims.py has no `missing`")],
)
@pytest.mark.parametrize("swapped", [False, True])
def test_a_quick_check_of_what_is_not_there_is_a_usage_error(
    call: Caller, tmp_path: Path, function: str, words: str, swapped: bool
) -> None:
    (tmp_path / "claims.py").write_text(CLAIMS)
    names = ("claims.py:f", function) if swapped else (function, "claims.py:f")
    done = call("check", *names, "--at", "1")
    assert done.returncode == 2
    assert words in done.stderr


def test_a_quick_check_names_its_functions_as_its_place(tmp_path: Path) -> None:
    (tmp_path / "claims.py").write_text("def f(x):\n    return x**2\n\n\ndef g(x):\n    return 3 * x\n")
    done = gradverify("check", "claims.py:f", "claims.py:g", "--at", "1", "--report", "json:r.json", cwd=tmp_path)
    assert done.returncode == 1
    assert "FAIL check claims.py:f claims.py:g\n" in done.stdout
    assert done.stdout.startswith("fail         check claims.py:f claims.py:g\n")
    assert "command line" not in done.stdout
    assert read_report(tmp_path / "r.json")["specs"][0]["file"] == "check claims.py:f claims.py:g"


def test_a_quick_check_of_a_vector_valued_function_names_its_option(tmp_path: Path) -> None:
    (tmp_path / "claims.py").write_text("def f(x):\n    return [x, x**2]\n\n\ndef g(x):\n    return [[1], [2 * x]]\n")
    check = ("check", "claims.py:f", "claims.py:g", "--at", "1")
    refused = gradverify(*check, cwd=tmp_path)
    assert refused.returncode == 1
    assert "say `--derivative jacobian`" in " ".join(refused.stdout.split())
    assert gradverify(*check, "--derivative", "jacobian", cwd=tmp_path).returncode == 0


def test_platforms_get_a_source_file_from_the_root_of_its_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "claims.py").write_text("def f(x):\n    return x**2\n\n\ndef g(x):\n    return 3 * x\n")
    outputs = ("--report", "gitlab:g.json", "--report", "github:g.txt", "--report", "sarif:s.json")
    gradverify("check", "claims.py:f", "claims.py:g", "--at", "1", *outputs, cwd=tmp_path / "sub")
    assert json.loads((tmp_path / "sub" / "g.json").read_text())[0]["location"]["path"] == "sub/claims.py"
    assert "file=sub/claims.py," in (tmp_path / "sub" / "g.txt").read_text()
    assert '"uri": "sub/claims.py"' in (tmp_path / "sub" / "s.json").read_text()


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_tolerance_that_is_no_number_is_a_usage_error_of_a_quick_check(
    call: Caller, tmp_path: Path, value: str
) -> None:
    (tmp_path / "claims.py").write_text(CLAIMS)
    done = call("check", "claims.py:f", "claims.py:careless", "--at", "1", "--tolerance", value)
    assert done.returncode == 2
    assert "--tolerance" in done.stderr
    assert "{" not in done.stderr
