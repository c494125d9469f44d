"""Everything that a plugin may import. Nothing heavy is imported before it is used.

`gradverify.testing` holds the conformance suite that a backend's author runs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradverify.core.arrays import Array as Array
    from gradverify.core.arrays import Mask as Mask
    from gradverify.core.arrays import Matrix as Matrix
    from gradverify.core.arrays import Tensor as Tensor
    from gradverify.core.arrays import Vector as Vector
    from gradverify.core.estimates import Backend as Backend
    from gradverify.core.estimates import DoesNotApply as DoesNotApply
    from gradverify.core.estimates import Estimate as Estimate
    from gradverify.core.estimates import Estimates as Estimates
    from gradverify.core.estimates import Kink as Kink
    from gradverify.core.estimates import Note as Note
    from gradverify.core.estimates import Proof as Proof
    from gradverify.core.problem import CallableFunction as CallableFunction
    from gradverify.core.problem import Derivative as Derivative
    from gradverify.core.problem import Domain as Domain
    from gradverify.core.problem import Evaluation as Evaluation
    from gradverify.core.problem import ExpressionFunction as ExpressionFunction
    from gradverify.core.problem import Failure as Failure
    from gradverify.core.problem import Function as Function
    from gradverify.core.problem import Precision as Precision
    from gradverify.core.problem import Problem as Problem
    from gradverify.core.problem import Request as Request
    from gradverify.core.problem import SourceLocation as SourceLocation
    from gradverify.core.problem import Tolerance as Tolerance
    from gradverify.core.report import Check as Check
    from gradverify.core.report import PointResult as PointResult
    from gradverify.core.report import Report as Report
    from gradverify.core.report import SpecResult as SpecResult
    from gradverify.core.variables import Shape as Shape
    from gradverify.core.variables import Variable as Variable
    from gradverify.core.variables import Variables as Variables
    from gradverify.core.verdicts import Evidence as Evidence
    from gradverify.core.verdicts import Fault as Fault
    from gradverify.core.verdicts import NoteKind as NoteKind
    from gradverify.core.verdicts import Verdict as Verdict
    from gradverify.expression.evaluate import Arithmetic as Arithmetic
    from gradverify.expression.evaluate import evaluate_tree as evaluate_tree
    from gradverify.expression.nodes import Call as Call
    from gradverify.expression.nodes import Compare as Compare
    from gradverify.expression.nodes import Comparison as Comparison
    from gradverify.expression.nodes import Index as Index
    from gradverify.expression.nodes import Name as Name
    from gradverify.expression.nodes import Node as Node
    from gradverify.expression.nodes import Number as Number
    from gradverify.expression.nodes import Stack as Stack
    from gradverify.hookspecs import BackendOption as BackendOption
    from gradverify.hookspecs import FunctionLoader as FunctionLoader
    from gradverify.hookspecs import LoadError as LoadError
    from gradverify.hookspecs import Reporter as Reporter
    from gradverify.hookspecs import hookimpl as hookimpl

_HOME = {
    "gradverify.core.arrays": ("Array", "Mask", "Matrix", "Tensor", "Vector"),
    "gradverify.core.estimates": (
        "Backend",
        "DoesNotApply",
        "Estimate",
        "Estimates",
        "Kink",
        "Note",
        "Proof",
    ),
    "gradverify.core.problem": (
        "CallableFunction",
        "Derivative",
        "Domain",
        "Evaluation",
        "ExpressionFunction",
        "Failure",
        "Function",
        "Precision",
        "Problem",
        "Request",
        "SourceLocation",
        "Tolerance",
    ),
    "gradverify.core.report": ("Check", "PointResult", "Report", "SpecResult"),
    "gradverify.core.variables": ("Shape", "Variable", "Variables"),
    "gradverify.core.verdicts": ("Evidence", "Fault", "NoteKind", "Verdict"),
    "gradverify.expression.evaluate": ("Arithmetic", "evaluate_tree"),
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
    "gradverify.hookspecs": (
        "BackendOption",
        "FunctionLoader",
        "LoadError",
        "Reporter",
        "hookimpl",
    ),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted(_MODULE_OF)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        value = getattr(importlib.import_module(_MODULE_OF[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
