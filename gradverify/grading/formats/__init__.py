"""Results as files: for students, for staff, and for the platforms that courses run on. Pure: values in, text out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gradverify.grading.formats.check50 import render_check50
from gradverify.grading.formats.coursera import render_coursera
from gradverify.grading.formats.gradescope import render_gradescope
from gradverify.grading.formats.prairielearn import render_prairielearn
from gradverify.grading.model import StudentResult


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform's file for one student."""

    file: str
    render: Callable[[StudentResult, str], str]  # of the result and the assignment's name


PLATFORMS: dict[str, Platform] = {
    "gradescope": Platform("results.json", render_gradescope),
    "prairielearn": Platform("prairielearn.json", render_prairielearn),
    "coursera": Platform("coursera.json", render_coursera),
    "check50": Platform("check50.json", render_check50),
}
