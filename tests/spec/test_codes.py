"""Every code is explained, and every example has, or has not, the fault that it is an example of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gradverify.expression import build, parse, tokens
from gradverify.hookspecs import BackendOption
from gradverify.spec.codes import CODES, errors_page, explain
from gradverify.spec.errors import SpecFault
from gradverify.spec.parse import parse_specs

ROOT = Path(__file__).parents[2]
SECONDS = BackendOption("seconds", {"type": "number", "exclusiveMinimum": 0}, "How long a proof may take.")
BACKENDS = {"sympy": (SECONDS,), "finite-difference": (), "autodiff": ()}
EXAMPLES = sorted(code for code, entry in CODES.items() if entry.wrong)


def faults_of(text: str, code: str, folder: Path) -> list[SpecFault]:
    for name, data in CODES[code].files.items():
        (folder / name).write_bytes(data)
    return parse_specs(text, str(folder / "spec.yaml"), BACKENDS, kinds=("python",))[1]


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_wrong_example_of_a_code_has_that_fault_and_no_other(code: str, tmp_path: Path) -> None:
    assert {fault.code for fault in faults_of(CODES[code].wrong, code, tmp_path)} == {code}


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_right_example_of_a_code_has_no_fault(code: str, tmp_path: Path) -> None:
    assert faults_of(CODES[code].right, code, tmp_path) == []


def test_every_code_that_the_sources_name_is_explained() -> None:
    named: set[str] = set()
    for path in [*(ROOT / "gradverify/spec").glob("*.py")]:
        text = path.read_text()
        named |= set(re.findall(r"(?:bad|Problem|complain|fault)\(\s*(?:\w+,\s*)?\"([a-z]+(?:-[a-z]+)+)\"", text))
    for module in (build, parse, tokens):
        text = Path(str(module.__file__)).read_text()
        named |= set(re.findall(r"(?:error|Error|\()\(?\s*\"([a-z]+(?:-[a-z]+)+)\"", text))
    assert named - {"unknown-"} <= CODES.keys()


def test_an_explanation_starts_with_a_line_that_can_stand_in_a_list() -> None:
    assert all(explain(code).splitlines()[0] == CODES[code].title for code in CODES)


def test_the_page_of_faults_is_in_step_with_the_codes() -> None:
    assert (ROOT / "docs/errors.md").read_text() == errors_page()
