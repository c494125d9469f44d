"""The files that pre-commit, GitHub and GitLab read are valid, and what they run works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.cli.support import environment, expression_spec, read_report, write_specs
from tests.ecosystem.schemas import ACTION, GITLAB, HOOKS

ROOT = Path(__file__).parents[2]
FILES = {".pre-commit-hooks.yaml": HOOKS, "action.yml": ACTION, "gitlab/gradverify.gitlab-ci.yml": GITLAB}


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "specs").mkdir()
    write_specs(tmp_path / "specs" / "a.yaml", expression_spec("right"), expression_spec("wrong", gradient="x"))
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "gradverify").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gradverify "$@"\n')
    (tools / "gradverify").chmod(0o755)
    return tmp_path


def shell(script: str, project: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """As the runners call it: bash, stopping at the first error."""
    path = f"{project / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=project, env=environment({"PATH": path, **variables}), capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_the_file_is_valid(name: str) -> None:
    jsonschema.Draft202012Validator(FILES[name], format_checker=jsonschema.FormatChecker()).validate(read(name))


@pytest.mark.parametrize("name", FILES)
def test_a_misspelt_key_would_be_found(name: str) -> None:
    text = json.dumps(read(name))
    for key in ("language", "using", "script"):
        text = text.replace(f'"{key}":', f'"{key}x":')
    assert not jsonschema.Draft202012Validator(FILES[name]).is_valid(json.loads(text))


@pytest.mark.parametrize("hook", read(".pre-commit-hooks.yaml"), ids=lambda hook: str(hook["id"]))
def test_a_pre_commit_hook_runs(project: Path, hook: dict[str, Any]) -> None:
    files = "specs/a.yaml" if hook.get("pass_filenames", True) else ""
    finished = shell(f"{hook['entry']} {files}", project)
    assert finished.returncode == (0 if hook["entry"].endswith("validate") else 1), finished.stderr


def test_the_action_annotates_summarises_and_fails_with_the_run(project: Path) -> None:
    (step,) = [step for step in read("action.yml")["runs"]["steps"] if "gradverify run" in step.get("run", "")]
    assert "${{" not in step["run"]  # an input that became part of a script could be any command
    summary = project / "summary.md"
    variables = {
        "GRADVERIFY_ACTION_PATHS": "specs/a.yaml\nspecs", "GRADVERIFY_ACTION_ARGS": "-k wrong --no-cache",
        "GRADVERIFY_ACTION_REPORT": "out.json", "GITHUB_STEP_SUMMARY": str(summary),
    }  # fmt: skip
    assert set(step["env"]) == {name for name in variables if name.startswith("GRADVERIFY")}
    finished = shell(step["run"], project, **variables)
    assert finished.returncode == 1, finished.stderr
    assert "::error file=specs/a.yaml" in finished.stdout
    assert "wrong" in summary.read_text()
    assert [spec["name"] for spec in read_report(project / "out.json")["specs"]] == ["wrong"]


def test_the_gitlab_jobs_write_what_they_announce(project: Path) -> None:
    jobs = read("gitlab/gradverify.gitlab-ci.yml")
    variables = {k: v for k, v in jobs[".gradverify"]["variables"].items() if k.startswith("GRADVERIFY")}
    for index in ("1", "2"):
        (script,) = jobs[".gradverify-shard"]["script"]
        shell(script, project, **variables, CI_NODE_INDEX=index, CI_NODE_TOTAL="2")
    (script,) = jobs[".gradverify-merge"]["script"]
    finished = shell(script, project, **variables)
    assert finished.returncode == 1, finished.stderr
    reports = jobs[".gradverify"]["artifacts"]["reports"].values()
    assert all((project / name).stat().st_size > 0 for name in reports)
    (script,) = jobs[".gradverify"]["script"]
    assert shell(script, project, **variables).returncode == 1


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_a_completion_script_asks_gradverify(project: Path, name: str) -> None:
    finished = shell(f"gradverify completion {name}", project)
    assert finished.returncode == 0
    assert f"_GRADVERIFY_COMPLETE={name}_complete" in finished.stdout


def test_bash_accepts_the_script_and_completes_commands(project: Path) -> None:
    script = (
        'eval "$(gradverify completion bash)"; COMP_WORDS=(gradverify com); COMP_CWORD=1; '
        '_gradverify_completion gradverify; echo "${COMPREPLY[@]}"'
    )
    assert shell(script, project).stdout.split() == ["completion"]


def test_another_shell_is_refused(project: Path) -> None:
    assert shell("gradverify completion tcsh", project).returncode == 2
