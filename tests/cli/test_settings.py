"""Every setting of [tool.gradverify] is also in the environment, and every lasting option is a setting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from gradverify.cli.config import SETTINGS
from gradverify.cli.main import COMMANDS, command
from tests.cli.support import Caller, expression_spec, write_specs

# What is about one call, and would be a trap as a setting that lasts.
ONE_CALL_ONLY = {
    "exit-first",
    "list",
    "watch",
    "quiet",
    "verbose",
    "help",
    "last-failed",
    "resume",
    "shard",
    "write-baseline",
}


def options_of(name: str) -> dict[str, click.Parameter]:
    found = command.get_command(click.Context(command), name)
    assert found is not None
    options: dict[str, click.Parameter] = {}
    for parameter in found.params:
        long = [text for text in (*parameter.opts, *parameter.secondary_opts) if text.startswith("--")]
        options[long[0].removeprefix("--") if long else "specs"] = parameter
    return options


def every_option() -> dict[str, click.Parameter]:
    simple = [name for name in COMMANDS if isinstance(command.get_command(click.Context(command), name), click.Command)]
    return {key: option for name in reversed(simple) for key, option in options_of(name).items()}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_is_an_option_and_a_variable_of_the_environment(name: str) -> None:
    option = {**every_option(), **options_of("run")}[name]
    assert option.envvar == "GRADVERIFY_" + name.replace("-", "_").upper()


def test_every_option_of_run_that_may_last_is_a_setting() -> None:
    assert {name for name in options_of("run") if name not in ONE_CALL_ONLY} <= set(SETTINGS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "other").mkdir()
    write_specs(tmp_path / "other" / "a.yaml", expression_spec("one", tags=["fast"]), expression_spec("two"))
    return tmp_path


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ({}, ["one", "two"]),
        ({"GRADVERIFY_KEYWORD": "two"}, ["two"]),
        ({"GRADVERIFY_TAG": "fast"}, ["one"]),
        ({"GRADVERIFY_SHARD": "1/1"}, ["one", "two"]),
    ],
)
def test_the_environment_selects(folder: Path, call: Caller, environment: dict[str, str], names: list[str]) -> None:
    listing = call("run", "--list", env={"GRADVERIFY_SPECS": "other", **environment}).stdout
    assert [line.split("::")[1].split()[0] for line in listing.splitlines()] == names


@pytest.mark.parametrize(
    ("setting", "words"),
    [("cache = 3", "`cache`"), ("baseline-factor = 'x'", "`baseline-factor`"), ("executor = 1", "`executor`")],
)
def test_a_setting_of_another_kind_is_refused(folder: Path, call: Caller, setting: str, words: str) -> None:
    (folder / "pyproject.toml").write_text(f"[tool.gradverify]\n{setting}\n")
    refused = call("run", "other")
    assert refused.returncode == 2
    assert words in refused.stderr


def test_a_setting_gives_way_to_the_environment_and_that_to_the_command_line(folder: Path, call: Caller) -> None:
    (folder / "pyproject.toml").write_text("[tool.gradverify]\nspecs = 'other'\nkeyword = 'one'\n")
    seen: list[Any] = []
    for env, arguments in (
        ({}, ()),
        ({"GRADVERIFY_KEYWORD": "two"}, ()),
        ({"GRADVERIFY_KEYWORD": "two"}, ("-k", "one")),
    ):
        seen.append(call("run", "--list", *arguments, env=env).stdout.split("::")[1].split()[0])
    assert seen == ["one", "two", "one"]
