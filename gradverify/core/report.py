"""The report as values: what every writer reads. Field names are the JSON report's keys (docs/report.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gradverify.core.verdicts import Evidence, Fault, Verdict

FORMAT = 1  # the number of the JSON report's format


@dataclass(frozen=True, slots=True)
class Component:
    """One component of a derivative: its flat index, and the variable and position that people know it by.

    `output` is the row of a Jacobian, or the first index of a Hessian; None for gradients.
    """

    index: int
    variable: str
    position: tuple[int, ...] = ()
    output: int | None = None
    label: str = ""  # "∂f/∂W[3, 4]"


@dataclass(frozen=True, slots=True, kw_only=True)
class PointResult:
    """One point of a check. Vectors are flat, in the derivative's C order; None where there is no value."""

    at: tuple[float, ...]
    claimed: tuple[float, ...] | None = None
    reference: tuple[float, ...] | None = None
    error_bound: tuple[float, ...] | None = None
    tolerance: tuple[float, ...] | None = None
    verdict: Verdict
    wrong_components: tuple[Component, ...] = ()
    reason: str | None = None
    notes: tuple[str, ...] = ()
    # The flat indices that the vectors above hold; None where they hold all of them. `at` ends early where it is long.
    components: tuple[int, ...] | None = None

    def place(self, index: int) -> int | None:
        """Where the vectors hold component `index`, or None."""
        if self.components is None:
            return index
        return self.components.index(index) if index in self.components else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing checked in one way: a kind, done by one backend (None where none is involved)."""

    kind: str
    backend: str | None
    verdict: Verdict
    evidence: Evidence | None = None
    reason: str | None = None
    seconds: float = 0.0
    max_relative_error: float | None = None
    points: tuple[PointResult, ...] = ()
    name: str | None = None  # tells several checks of one kind apart: a descent's or a property's name
    line: int | None = None  # in the spec file, counted from 1
    details: dict[str, Any] = field(default_factory=dict)  # JSON values only: formulas, the error ladder, …


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The likely mistake behind some wrong components."""

    fault: Fault
    components: tuple[Component, ...]
    message: str
    confidence: float  # 0 to 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """A point where the claim is wrong, as simple as could be found."""

    at: tuple[float, ...]
    claimed: tuple[float, ...]
    reference: tuple[float, ...]
    error_bound: tuple[float, ...]
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindSpot:
    """A mistake that the spec's points could not have revealed, and a point that would."""

    fault: Fault
    components: tuple[Component, ...]
    message: str
    better_point: tuple[float, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DescentRun:
    """What happened in one descent."""

    name: str
    behaviour: str
    iterations: int
    final_point: tuple[float, ...]
    final_value: float
    rate: float | None
    trajectory: tuple[tuple[float, ...], ...] = ()
    values: tuple[float, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluations:
    """How often the user's functions were evaluated, in points."""

    function: int = 0
    gradient: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecResult:
    """All that came of one spec."""

    name: str
    file: str
    line: int
    tags: tuple[str, ...] = ()
    verdict: Verdict  # with `expect` taken into account: a wrong twin that is found wrong has "pass"
    found: Verdict  # what the checks came to, whatever was expected
    expected: str = "pass"  # "pass", "fail" or "fail: <fault>"
    evidence: Evidence | None = None
    reason: str | None = None
    seconds: float = 0.0
    cached: bool = False  # found out by an earlier run of the same spec
    known: bool = False  # a failure that the run's baseline has, so that it does not fail the run
    evaluations: Evaluations = Evaluations()
    variables: tuple[tuple[str, tuple[int, ...]], ...] = ()
    function_source: tuple[str, int] | None = None  # file and line of a Python function
    gradient_source: tuple[str, int] | None = None
    checks: tuple[Check, ...] = ()
    wrong_components: tuple[Component, ...] = ()
    diagnosis: tuple[Diagnosis, ...] = ()
    counterexample: Counterexample | None = None
    blind_spots: tuple[BlindSpot, ...] = ()
    mutants: tuple[int, int] | None = None  # of the claim: caught by the points, all; None where none were tried
    descent: tuple[DescentRun, ...] = ()
    notes: tuple[str, ...] = ()
    output: str = ""  # what the user's functions printed, cut to a limit


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginInfo:
    """A plugin that took part, as distribution name and version."""

    name: str
    version: str
    status: str = "ok"  # ok | blocked | failed
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardInfo:
    """Which part of the selected specs a report is about, counted from 1, and how many specs all parts have."""

    index: int
    count: int
    specs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole run."""

    gradverify: str
    started: str  # ISO 8601, UTC
    seconds: float
    isolation: str  # "processes", "none" …
    plugins: tuple[PluginInfo, ...]
    specs: tuple[SpecResult, ...]
    interrupted: bool = False
    not_run: tuple[str, ...] = ()  # names of specs that an interrupted or stopped run did not reach
    seed: int = 0
    shard: ShardInfo | None = None  # None: all of them
    format: int = FORMAT

    @property
    def summary(self) -> dict[str, int]:
        """The number of specs, and of each verdict."""
        counts = {"specs": len(self.specs), **{verdict.value: 0 for verdict in Verdict}}
        for spec in self.specs:
            counts[spec.verdict.value] += 1
        return counts

    @property
    def passed(self) -> bool:
        """Whether every spec came out as expected (and there was at least one)."""
        return bool(self.specs) and all(spec.verdict is Verdict.PASS for spec in self.specs)
