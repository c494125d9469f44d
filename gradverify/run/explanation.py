"""What is the likely mistake, and what is worth a note of a claim that passes?"""

from __future__ import annotations

from contextlib import nullcontext

from gradverify.core.problem import ExpressionFunction, one_line
from gradverify.core.report import Diagnosis
from gradverify.core.verdicts import Verdict
from gradverify.core.verify import Verified, verdict_of
from gradverify.run.outcome import GIVEN_UP
from gradverify.run.patience import SHORTEST_PATIENCE, OutOfPatience, patience
from gradverify.run.verification import Verification


def disguises(work: Verification) -> list[str]:
    """A sentence for each claim in code that is right because it differentiates numerically, and well enough."""
    in_code = [v for v in work.verified if not isinstance(v.problem.claim, ExpressionFunction)]
    if not in_code:
        return []
    from gradverify.core.diagnosis.numerical import in_disguise  # what most runs do not need

    try:
        found = [difference for verified in in_code if (difference := in_disguise(verified)) is not None]
    except Exception as error:  # noqa: BLE001 - the verdict stands, whatever becomes of a note on it
        return [f"whether the claim is a numerical derivative was not found out: {one_line(error)}"]
    return [f"the claim equals {one}: it is a numerical derivative, near enough to pass" for one in found]


EXPLAINED_WITHIN = 0.9  # of the time that a spec has left


def explained_within(
    left: float | None, work: Verification, elsewhere: tuple[Verified, Verified] | None, notes: list[str]
) -> list[Diagnosis]:
    """The likely mistakes of all claims that fail, as far as most of the time that is left allows; adds to `notes`.

    left: seconds; None for as many as it takes.  elsewhere: a claim where the search found it wrong, and the same one
    at the listed points.
    """
    asked: list[tuple[Verified, Verified | None]] = [
        (verified, None) for verified in work.verified if verdict_of(verified)[0] is Verdict.FAIL
    ]
    if elsewhere is not None:
        found, searched = elsewhere
        asked.append((found, searched if verdict_of(searched)[0] is Verdict.PASS else None))
    diagnosis: list[Diagnosis] = []
    try:
        with nullcontext() if left is None else patience(max(EXPLAINED_WITHIN * left, SHORTEST_PATIENCE)):
            for verified, right in asked:
                diagnosis += _diagnosed(work, verified, right, notes)
    except OutOfPatience:  # before the worker is ended, and all is done again without an explanation
        notes.append(f"{GIVEN_UP}: the explanation; there was no time left for it")
    return diagnosis


def _diagnosed(work: Verification, verified: Verified, right: Verified | None, notes: list[str]) -> list[Diagnosis]:
    """The likely mistakes; a fault in looking for them costs nobody the verdict, and is noted."""
    from gradverify.run import formulas  # what most runs do not need

    try:
        return formulas.diagnosed(verified, work.quietly, work.loaded.constants, right)
    except Exception as error:  # noqa: BLE001 - the verdict stands, whatever becomes of its explanation
        notes.append(
            f"no likely mistake was looked for: gradverify's own search for it broke off with {one_line(error)}"
        )
        return []
