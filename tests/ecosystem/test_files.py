"""The files that pre-commit, GitHub and GitLab read are valid, and what they run works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.support import environment, expression_spec, read_report, write_specs

ROOT = Path(__file__).parents[2]
SCHEMA = ["check_jsonschema", "--builtin-schema"]  # the schemas that it carries are SchemaStore's and GitLab's own
# What says whether a file is valid.
FILES = {
    ".pre-commit-hooks.yaml": ["pre_commit", "validate-manifest"],
    "action.yml": [*SCHEMA, "vendor.github-actions"],
    "gitlab/gradverify.gitlab-ci.yml": [*SCHEMA, "vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
}


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


def text_of(name: str) -> str:
    """The file's text; of GitLab's with its hidden jobs as jobs, since the schema lets a hidden job be anything."""
    return re.sub(r"^\.(?=gradverify)", "", (ROOT / name).read_text(), flags=re.MULTILINE)


def accepted(checker: list[str], text: str, path: Path) -> bool:
    path.write_text(text)
    finished = subprocess.run([sys.executable, "-m", *checker, str(path)], capture_output=True, text=True, check=False)
    assert finished.returncode in (0, 1), finished.stderr
    return finished.returncode == 0


@pytest.mark.parametrize("name", FILES)
def test_the_file_is_valid_by_the_published_schema(name: str, tmp_path: Path) -> None:
    assert accepted(FILES[name], text_of(name), tmp_path / Path(name).name)


@pytest.mark.parametrize("name", FILES)
def test_a_misspelt_key_would_be_found(name: str, tmp_path: Path) -> None:
    text = text_of(name)
    for key in ("language", "using", "script"):
        text = text.replace(f"{key}:", f"{key}x:")
    assert not accepted(FILES[name], text, tmp_path / Path(name).name)


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
