"""What is known of one answer when it is asked where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from gradverify.core.arrays import Array, Matrix
from gradverify.core.examine import ClaimValues
from gradverify.grading.bench import Bench
from gradverify.grading.claim import Seen, SubmissionClaim
from gradverify.grading.traced import Handed


@dataclass(frozen=True)
class Suspect:
    """What is known of one answer: values and verdicts at the points, of which the first are visible."""

    bench: Bench
    claim: SubmissionClaim
    points: Matrix
    values: ClaimValues
    codes: Array
    visible: int
    seen: Seen
    handed: Handed | None = None  # its text, where there is one
