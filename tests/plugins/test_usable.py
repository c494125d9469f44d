"""The guard: what cannot be judged is refused with the first thing that is wrong; what can be judged is let through."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradverify.core.problem import Request
from gradverify.core.usable import check_estimates
from gradverify.core.verdicts import NoteKind
from gradverify.plugin import Estimates, Kink, Note, Proof
from tests.plugins.liars import TRIAL, Truthful

REQUEST = Request(TRIAL.case.matrix)
SOUND = Truthful().estimate(TRIAL.problem, REQUEST)
FIRST = SOUND.points[0]


def said(answer: object) -> str | None:
    return check_estimates(TRIAL.problem, REQUEST, answer)


def with_first(**changes: Any) -> Estimates:
    return replace(SOUND, points=(replace(FIRST, **changes), *SOUND.points[1:]))


def test_a_sound_answer_is_let_through() -> None:
    assert said(SOUND) is None


def test_a_missing_value_with_an_infinite_bound_is_let_through() -> None:
    assert said(with_first(value=np.full(3, np.nan), error_bound=np.full(3, np.inf))) is None


@pytest.mark.parametrize(
    ("answer", "clause"),
    [
        (None, "it is None, not Estimates"),
        ([1, 2], "it is a list, not Estimates"),
        (replace(SOUND, points=SOUND.points[:1]), "1 estimates for 3 points"),
        (replace(SOUND, points=(1, 2, 3)), "there is a int, not an Estimate"),
        (replace(SOUND, evaluations=-1), "not a count"),
        (with_first(value=[1.0, 2.0, 3.0]), "`value` is a list, not an array"),
        (with_first(value=np.ones(2)), "`value` has shape (2,), expected (3,)"),
        (with_first(value=np.ones(3, dtype=np.complex128)), "dtype complex128"),
        (with_first(value=np.ones(3, dtype=np.float32)), "dtype float32"),
        (with_first(error_bound=np.ones((3, 1))), "`error_bound` has shape (3, 1)"),
        (with_first(error_bound=np.full(3, np.nan)), "the error bound is NaN"),
        (with_first(error_bound=-np.ones(3)), "negative"),
        (with_first(value=np.array([1.0, np.nan, 1.0])), "component 1 has no finite value"),
        (with_first(evidence="exact!"), "not an Evidence"),
        (with_first(notes=("noise",)), "holds a str, not a Note"),
        (with_first(notes=(Note(NoteKind.NOISE, "noise", (3,)),)), "a note names components (3,)"),
        (with_first(kinks=(Kink(3, 0.0, 1.0, 0.0),)), "a kink names component 3"),
        (with_first(kinks=(Kink(0, 0.0, 1.0, float("nan")),)), "a kink's bound is nan"),
        (replace(SOUND, proof=Proof(identical=True, components=(True,), method="m")), "1 components, but there are 3"),
        (replace(SOUND, proof=Proof(identical=True, components=(True, None, True), method="m")), "not every component"),
    ],
)
def test_rubbish_is_named(answer: object, clause: str) -> None:
    assert clause in (said(answer) or "")
