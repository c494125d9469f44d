"""What is the likely mistake, and what is worth a note of a claim that passes?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradverify.core.arrays import Array
from gradverify.core.problem import ExpressionFunction, Function, one_line
from gradverify.core.report import Diagnosis
from gradverify.core.variables import Variables
from gradverify.core.verify import Verified
from gradverify.expression.nodes import Node
from gradverify.functions.expressions import function_from_expression
from gradverify.run.verification import Verification

if TYPE_CHECKING:
    from gradverify.core.diagnosis.terms import PartFunction


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
    from gradverify.core.diagnosis import diagnose  # what most runs do not need
    from gradverify.run.formulas import with_formulas

    try:
        spelled = with_formulas(verified)
        return diagnose(spelled, work.quietly, _part_function(work, spelled.problem.function), right)
    except Exception as error:  # noqa: BLE001 - the verdict stands, whatever becomes of its explanation
        notes.append(
            f"no likely mistake was looked for: gradverify's own search for it broke off with {one_line(error)}"
        )
        return []


def _part_function(work: Verification, function: Function) -> PartFunction:
    known = function.constants if isinstance(function, ExpressionFunction) else {}  # a rule's parts bring their own

    def make(
        node: Node, variables: Variables | None = None, constants: Mapping[str, Array] | None = None
    ) -> ExpressionFunction:
        own = {**known, **work.loaded.constants} if constants is None else constants
        return function_from_expression(node, variables or work.spec.variables, own)

    return make
