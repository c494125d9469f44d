"""The README and every page of the documentation do what they show; UPDATE_GOLDEN=1 writes what is printed now."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.docs.console import Command, faults, matches, normalised, steps, updated

ROOT = Path(__file__).parents[2]
PAGES = [
    path
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if any(isinstance(step, Command) for step in steps(path.read_text(encoding="utf-8")))
]
BOWL = """\
```yaml
# specs/bowl.yaml
name: bowl
variables: [x, y]
function: x**2 + 2*y**2
gradient: [2*x, 4*y]
points: [[4, 3]]
```

```console
$ ls
this is not gradverify's
$ gradverify validate specs/bowl.yaml
%s
```
"""
TRUE, FALSE = "1 valid spec in 1 file", "2 valid specs in 1 file"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_shows_what_its_commands_print(path: Path, tmp_path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    if os.environ.get("UPDATE_GOLDEN"):
        page = updated(page, tmp_path)
        path.write_text(page, encoding="utf-8")
    told = [
        f"{path.name}:{command.line}: gradverify {' '.join(command.words)}: {fault}\n{printed}"
        for command, fault, printed in faults(page, tmp_path)
    ]
    assert not told, "\n".join(told)


def test_a_page_that_shows_the_truth_has_no_fault(tmp_path: Path) -> None:
    assert list(faults(BOWL % TRUE, tmp_path)) == []


def test_a_page_that_shows_something_else_is_found_out(tmp_path: Path) -> None:
    ((command, fault, printed),) = faults(BOWL % FALSE, tmp_path)
    assert (command.line, fault, printed) == (13, "it prints something else", TRUE + "\n")


def test_a_page_that_shows_something_else_can_be_put_right(tmp_path: Path) -> None:
    assert updated(BOWL % FALSE, tmp_path) == BOWL % TRUE


def test_a_command_that_is_refused_is_found_out_even_if_nothing_is_shown(tmp_path: Path) -> None:
    ((_, fault, printed),) = faults("```console\n$ gradverify run --no-such-option\n```\n", tmp_path)
    assert fault == "exit code 2"
    assert "no-such-option" in printed


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        (["a", "b"], ["a", "b"], True),
        (["a", "b"], ["a"], False),
        (["a"], ["a", "b"], False),
        (["a", "…"], ["a", "b", "c"], True),
        (["a", "…"], ["a"], True),
        (["…", "c"], ["a", "b", "c"], True),
        (["…", "c"], ["a", "b"], False),
        (["a", "…", "d"], ["a", "b", "c", "d", "d"], True),
        (["a…"], ["ab"], False),
        ([], [], True),
    ],
)
def test_an_ellipsis_on_a_line_of_its_own_is_any_lines(shown: list[str], printed: list[str], same: bool) -> None:
    assert matches(shown, printed) is same


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("1 passed in 0.3 s", True),
        ("1 passed in 12 ms", True),
        ("1 passed in 2 min 05 s", True),
        ("2 passed in 0.3 s", False),
    ],
)
def test_only_times_may_differ(line: str, same: bool) -> None:
    folder = Path("/nowhere")
    assert (normalised([line], folder) == normalised(["1 passed in 7.25 s"], folder)) is same


def test_the_folder_that_a_page_runs_in_is_not_part_of_what_it_shows() -> None:
    assert normalised(["/tmp/x/specs/bowl.yaml:1: bad", ""], Path("/tmp/x")) == ["specs/bowl.yaml:1: bad"]
