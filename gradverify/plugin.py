"""Everything that a plugin may import. Nothing heavy is imported before it is used.

`gradverify.testing` holds the conformance suite that a backend's author runs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass

_HOME = {
    "gradverify.core.arrays": ("Array", "Mask", "Matrix", "Tensor", "Vector"),
    "gradverify.core.descent.run": ("BadOption", "DescentMethod", "DescentTask", "RateUse"),
    "gradverify.core.estimates": (
        "Backend",
        "DoesNotApply",
        "Estimate",
        "Estimates",
        "Kink",
        "Ladder",
        "Note",
        "Proof",
        "ShowsLadders",
        "TooManyComponentsError",
        "Screened",
    ),
    "gradverify.core.kinks": ("find_kinks",),
    "gradverify.core.problem": (
        "CallableFunction",
        "Derivative",
        "Domain",
        "Evaluation",
        "ExpressionFunction",
        "Failure",
        "Function",
        "Observation",
        "Precision",
        "Problem",
        "Request",
        "SourceLocation",
        "Tolerance",
    ),
    "gradverify.core.report": ("Check", "PointResult", "Report", "SpecResult"),
    "gradverify.core.variables": ("Shape", "Variable", "Variables"),
    "gradverify.core.verdicts": ("Evidence", "Fault", "NoteKind", "Verdict"),
    "gradverify.expression.evaluate": (
        "Arithmetic",
        "UnsupportedFunctionError",
        "evaluate_tree",
        "evaluate_trees",
        "literal_value",
        "program_of",
    ),
    "gradverify.expression.nodes": (
        "Call",
        "Compare",
        "Comparison",
        "Index",
        "Name",
        "Node",
        "Number",
        "Stack",
    ),
    "gradverify.expression.numpy_arithmetic": ("NUMPY",),
    "gradverify.expression.program": ("Program", "Step"),
    "gradverify.expression.walk": ("walk",),
    "gradverify.hookspecs": (
        "BackendOption",
        "FunctionLoader",
        "LoadError",
        "Reporter",
        "hookimpl",
    ),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted(_MODULE_OF)  # noqa: PLE0605 - a list, made from the table above


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        value = getattr(importlib.import_module(_MODULE_OF[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
