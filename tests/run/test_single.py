"""One spec, from its problem to its result."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradverify.core import diagnosis
from gradverify.core.verdicts import Verdict
from gradverify.plugins import load_plugins
from gradverify.run.single import run_spec
from gradverify.spec.load import load_specs


def test_a_diagnosis_that_breaks_costs_itself_and_not_the_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("w")

    monkeypatch.setattr(diagnosis, "diagnose", broken)
    (tmp_path / "s.yaml").write_text("name: s\nvariables: [x]\nfunction: x**2\ngradient: [x]\npoints: [[3]]\n")
    result = run_spec(load_specs([tmp_path / "s.yaml"]).specs[0], load_plugins())
    assert result.verdict is Verdict.FAIL
    assert result.diagnosis == ()
    assert any("broke off with KeyError" in note for note in result.notes)
