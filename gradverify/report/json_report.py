"""The JSON report: a `Report` as plain JSON values and back, and one spec's result alone (docs/report.md).

`spec_from_data` also reads what worker processes send, so nothing here trusts its input or imports NumPy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gradverify.core.report import (
    FORMAT,
    BlindSpot,
    Check,
    Component,
    Counterexample,
    DescentRun,
    Diagnosis,
    Evaluations,
    PluginInfo,
    PointResult,
    Report,
    ShardInfo,
    SpecResult,
)
from gradverify.core.verdicts import Evidence, Fault, Verdict
from gradverify.report.codec import (
    COUNT,
    DETAILS,
    FLAG,
    FRACTION,
    INTEGER,
    NUMBER,
    SECONDS,
    TEXT,
    VECTOR,
    Codec,
    Key,
    constant,
    optional,
    pair,
    record,
    sequence,
    word,
)
from gradverify.report.packed import packable

SHAPE = sequence(COUNT)
VERDICT = word(Verdict)
EVIDENCE = optional(word(Evidence))
FAULT = word(Fault)
SOURCE = optional(pair(("file", TEXT), ("line", COUNT)))

COMPONENT = record(
    Component,
    {
        "index": Key(COUNT, "flat index in the derivative, from 0, in C order"),
        "variable": Key(TEXT, "the variable that it belongs to"),
        "position": Key(SHAPE, "where in the variable, from 0"),
        "output": Key(optional(COUNT), "row of a Jacobian or Hessian; null for gradients"),
        "label": Key(TEXT, "what people call it, such as ∂f/∂W[3, 4]"),
    },
)
COMPONENTS = sequence(COMPONENT)

POINT = record(
    PointResult,
    {
        "at": Key(VECTOR, "the point, flat; its first 1,000 components where there are more"),
        "components": Key(
            optional(sequence(COUNT)),
            "the flat indices that the four lists below hold; null where they hold all, which they do up to 1,000",
        ),
        "claimed": Key(optional(VECTOR), "the claimed derivative, flat; null where it has no value"),
        "reference": Key(optional(VECTOR), "the backend's derivative, flat"),
        "error_bound": Key(optional(VECTOR), "how far each component of the reference may be off"),
        "tolerance": Key(optional(VECTOR), "how far each claimed component may be off"),
        "verdict": Key(VERDICT),
        "wrong_components": Key(COMPONENTS),
        "reason": Key(optional(TEXT), "why this verdict, where the numbers alone do not say"),
        "notes": Key(sequence(TEXT), "what made the reference less sharp: a kink, noise, an edge"),
    },
)

CHECK_KEYS = {
    "kind": Key(TEXT, "gradient, jacobian, hessian, known-value, property, stationary, descent, rule or search"),
    "backend": Key(optional(TEXT), "who was asked; null where nobody needs to be"),
    "name": Key(optional(TEXT), "tells several checks of one kind apart"),
    "line": Key(optional(COUNT), "in the spec file, from 1"),
    "verdict": Key(VERDICT),
    "evidence": Key(EVIDENCE),
    "reason": Key(optional(TEXT)),
    "seconds": Key(SECONDS),
    "max_relative_error": Key(optional(NUMBER), "the largest over all points and components"),
    "points": Key(sequence(POINT)),
    "details": Key(DETAILS, "what this kind of check has to tell besides: formulas, the error ladder"),
}
CHECK = record(Check, CHECK_KEYS)
# As a worker sends it: shorter, and read in both forms.
SENT_CHECK = record(Check, {**CHECK_KEYS, "points": Key(packable(sequence(POINT)))})

DIAGNOSIS = record(
    Diagnosis,
    {
        "fault": Key(FAULT, "the likely mistake"),
        "components": Key(COMPONENTS, "the components that it explains"),
        "message": Key(TEXT),
        "confidence": Key(FRACTION, "from 0 to 1"),
    },
)

COUNTEREXAMPLE = record(
    Counterexample,
    {
        "at": Key(VECTOR),
        "claimed": Key(VECTOR),
        "reference": Key(VECTOR),
        "error_bound": Key(VECTOR),
        "message": Key(TEXT),
    },
)

BLIND_SPOT = record(
    BlindSpot,
    {
        "fault": Key(FAULT, "the mistake that the points let through"),
        "components": Key(COMPONENTS),
        "message": Key(TEXT),
        "better_point": Key(optional(VECTOR), "a point that would reveal it"),
    },
)

DESCENT = record(
    DescentRun,
    {
        "name": Key(TEXT),
        "behaviour": Key(TEXT, "converges, slow, oscillates or diverges"),
        "iterations": Key(COUNT),
        "final_point": Key(VECTOR),
        "final_value": Key(NUMBER),
        "rate": Key(optional(NUMBER), "linear convergence rate, estimated from the iterates"),
        "trajectory": Key(sequence(VECTOR), "the iterates"),
        "values": Key(VECTOR, "f at the iterates"),
        "details": Key(DETAILS),
    },
)

EVALUATIONS = record(Evaluations, {"function": Key(COUNT), "gradient": Key(COUNT)})

SPEC_KEYS = {
    "name": Key(TEXT, "unique in a run"),
    "file": Key(TEXT, "the spec file"),
    "line": Key(COUNT, "where the spec starts, from 1"),
    "tags": Key(sequence(TEXT)),
    "verdict": Key(VERDICT, "with `expected` taken into account"),
    "found": Key(VERDICT, "what the checks came to, whatever was expected"),
    "expected": Key(TEXT, "pass, fail or fail: FAULT"),
    "evidence": Key(EVIDENCE, "the strongest behind the verdict"),
    "reason": Key(optional(TEXT)),
    "seconds": Key(SECONDS),
    "cached": Key(FLAG, "whether it was taken from the cache; `seconds` is then what it took when it was run"),
    "known": Key(FLAG, "whether it is a failure that the run's baseline has"),
    "evaluations": Key(EVALUATIONS, "how often the functions were evaluated, in points"),
    "variables": Key(sequence(pair(("name", TEXT), ("shape", SHAPE))), "in the order of the point vector"),
    "function_source": Key(SOURCE, "where a Python function is defined"),
    "gradient_source": Key(SOURCE, "where a Python gradient is defined"),
    "checks": Key(sequence(CHECK)),
    "wrong_components": Key(COMPONENTS),
    "diagnosis": Key(sequence(DIAGNOSIS)),
    "counterexample": Key(optional(COUNTEREXAMPLE), "a point where the claim is wrong, as simple as could be found"),
    "blind_spots": Key(sequence(BLIND_SPOT), "what the points could not have revealed"),
    "mutants": Key(
        optional(pair(("caught", COUNT), ("all", COUNT))),
        "changes of the claim that the points caught, of those that any point could; null where none were tried",
    ),
    "descent": Key(sequence(DESCENT)),
    "notes": Key(sequence(TEXT)),
    "output": Key(TEXT, "what the user's functions printed, cut to a limit"),
}
SPEC = record(SpecResult, SPEC_KEYS)
SENT_SPEC = record(SpecResult, {**SPEC_KEYS, "checks": Key(sequence(SENT_CHECK))})

PLUGIN = record(
    PluginInfo,
    {
        "name": Key(TEXT),
        "version": Key(TEXT),
        "status": Key(TEXT, "ok, blocked or failed"),
        "reason": Key(optional(TEXT)),
    },
)

_COUNTS = ("specs", *(verdict.value for verdict in Verdict))
SUMMARY = Codec(
    dict,
    dict,
    {
        "type": "object",
        "properties": dict.fromkeys(_COUNTS, COUNT.schema),
        "required": list(_COUNTS),
        "additionalProperties": False,
    },
)

SHARD = record(
    ShardInfo,
    {
        "index": Key(COUNT, "which part, from 1"),
        "count": Key(COUNT, "of how many"),
        "specs": Key(COUNT, "the number of specs in all parts together"),
    },
)

REPORT = record(
    Report,
    {
        "format": Key(constant(FORMAT), "the number of this format"),
        "gradverify": Key(TEXT, "version"),
        "started": Key(TEXT, "ISO 8601, UTC"),
        "seconds": Key(SECONDS),
        "isolation": Key(TEXT, "how specs were kept apart: processes, none"),
        "seed": Key(INTEGER, "all random choices follow from it"),
        "interrupted": Key(FLAG, "whether the run was stopped before its end"),
        "not_run": Key(sequence(TEXT), "specs that a stopped run did not reach"),
        "shard": Key(optional(SHARD), "which part of the selected specs was run; null for all of them"),
        "plugins": Key(sequence(PLUGIN)),
        "summary": Key(SUMMARY, "the number of specs, and of each verdict", derive=lambda report: report.summary),
        "specs": Key(sequence(SPEC)),
    },
)


def spec_to_data(spec: SpecResult) -> dict[str, Any]:
    """One spec's result as plain JSON values."""
    data: dict[str, Any] = SPEC.encode(spec)
    return data


def spec_to_message(spec: SpecResult) -> dict[str, Any]:
    """The same without what is as by default, for sending and keeping: half as long. `spec_from_data` reads it."""
    data: dict[str, Any] = SENT_SPEC.shortest(spec)
    return data


def spec_from_data(data: object) -> SpecResult:
    """Read what `spec_to_data` wrote. Raises `ValueError` on anything else, with the place and what was expected."""
    result: SpecResult = SENT_SPEC.decode(data)
    return result


def report_to_data(report: Report) -> dict[str, Any]:
    """A whole report as plain JSON values."""
    data: dict[str, Any] = REPORT.encode(report)
    return data


def report_from_data(data: object) -> Report:
    """Read what `report_to_data` wrote. Raises `ValueError` on anything else."""
    if isinstance(data, dict) and data.get("format") != FORMAT:
        raise ValueError(f"a report of format {data.get('format')!r}; this gradverify reads format {FORMAT}")
    report: Report = REPORT.decode(data)
    _refuse_cut_specs(data)
    return report


# What `spec_to_message` leaves out as being empty; in a report it is always there, and what lacks it was cut down.
NEVER_LEFT_OUT = ("checks",)


def _refuse_cut_specs(data: object) -> None:
    specs = data.get("specs") if isinstance(data, dict) else None
    for number, spec in enumerate(specs or ()):
        missing = [key for key in NEVER_LEFT_OUT if key not in spec]
        if missing:
            raise ValueError(f"its spec `{spec['name']}` (.specs[{number}]) has no {' and no '.join(missing)}")


def report_from_text(text: str) -> Report:
    """Read a JSON report. Raises `ValueError` on anything else."""
    try:
        data = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return report_from_data(data)


def to_json(data: Mapping[str, Any] | list[Any]) -> str:
    """JSON text that any reader accepts: no NaN, and encodable as UTF-8."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, from text that was no UTF-8
        return json.dumps(data, ensure_ascii=True, allow_nan=False, indent=1) + "\n"
    return text


def render_json(report: Report, options: Mapping[str, str] | None = None) -> str:  # noqa: ARG001 - no options yet
    """The JSON report."""
    return to_json(report_to_data(report))
