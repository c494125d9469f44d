"""One spec, from its problem to its result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gradverify import check
from gradverify.core import diagnosis
from gradverify.core.arrays import Array
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


def careless(x: Array) -> float:
    x *= 2
    return float(np.sum(x**2))


def careful(x: Array) -> float:
    return float(np.sum((2 * x) ** 2))


@pytest.mark.parametrize(("factor", "verdict"), [(8.0, Verdict.PASS), (7.0, Verdict.FAIL)])
def test_a_function_that_changes_its_input_is_noted_and_judged_as_one_that_does_not(
    factor: float, verdict: Verdict
) -> None:
    def gradient(x: Array) -> Array:
        return factor * x

    first, second = (check(f, gradient, at=[[1.0, 2.0], [3.0, -1.0]]).specs[0] for f in (careless, careful))
    assert first.verdict is second.verdict is verdict
    (note,) = (note for note in first.notes if "changes its input" in note)
    assert note.startswith("the function changes its input `x`; gradverify gives it a fresh copy")
    assert not any("changes its input" in note for note in second.notes)


def test_a_claim_that_changes_its_input_is_still_a_fault() -> None:
    def gradient(x: Array) -> Array:
        x *= 8
        return x

    result = check(careful, gradient, at=[[1.0, 2.0]]).specs[0]
    assert result.verdict is Verdict.FAIL
    assert "the claimed gradient changes its input" in (result.reason or "")
