"""A spec's result without a process of its own."""

from __future__ import annotations

from pathlib import Path

from gradverify.core.report import SpecResult
from gradverify.core.verdicts import Verdict
from gradverify.plugins import load_plugins
from gradverify.run import single
from gradverify.spec.load import load_text


def result_of(text: str, folder: Path = Path()) -> SpecResult:
    """Of the only spec in `text`; its references are looked up in `folder`."""
    plugins = load_plugins(())
    found = load_text(text, str(folder / "spec.yaml"), plugins.backend_options())
    assert not found.faults
    return single.run_spec(found.specs[0], plugins)


def verdict_of(text: str, folder: Path = Path()) -> Verdict:
    """Its verdict alone."""
    return result_of(text, folder).verdict


def of_code(folder: Path, code: str, points: str, variables: str = "[x]", more: str = "") -> SpecResult:
    """Of f and its claimed gradient g in `code`; `more` is further lines of the spec."""
    (folder / "m.py").write_text("import math\nimport numpy as np\n" + code)
    return result_of(
        f"variables: {variables}\nfunction: {{python: 'm.py:f'}}\ngradient: {{python: 'm.py:g'}}\n"
        f"points: {points}\n{more}",
        folder,
    )
