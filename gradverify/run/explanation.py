"""What is the likely mistake, and what is worth a note of a claim that passes?"""

from __future__ import annotations

from gradverify.core.problem import ExpressionFunction, one_line
from gradverify.core.report import Diagnosis
from gradverify.core.verify import Verified
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


def diagnosed(work: Verification, verified: Verified, right: Verified | None, notes: list[str]) -> list[Diagnosis]:
    """The likely mistakes; a fault in looking for them costs nobody the verdict, and is noted."""
    from gradverify.run import formulas  # what most runs do not need

    try:
        return formulas.diagnosed(verified, work.quietly, work.loaded.constants, right)
    except Exception as error:  # noqa: BLE001 - the verdict stands, whatever becomes of its explanation
        notes.append(
            f"no likely mistake was looked for: gradverify's own search for it broke off with {one_line(error)}"
        )
        return []
