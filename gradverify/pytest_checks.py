"""Which items a spec has, and what each one comes to: the part of the pytest plugin that knows specs and results."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gradverify.core.verdicts import Verdict
from gradverify.spec.model import ListedPoint, Spec

if TYPE_CHECKING:
    from gradverify.core.report import Check, SpecResult
    from gradverify.plugins import Plugins
    from gradverify.spec.errors import SpecFault

CLAIMS = ("gradient", "jacobian", "hessian")
# Keys of a spec that ask for further checks, and the kind of those checks.
FURTHER = {"properties": "property", "stationary": "stationary", "descent": "descent", "rule": "rule"}


@dataclass(frozen=True, slots=True)
class Planned:
    """A check that a run is expected to produce: all checks of a kind, of one backend where one is involved."""

    kind: str
    backend: str | None
    line: int  # in the spec's file, counted from 1

    @property
    def name(self) -> str:
        """`gradient[sympy]`, `search`."""
        return f"{self.kind}[{self.backend}]" if self.backend else self.kind

    def covers(self, check: Check) -> bool:
        """Whether `check` is (one of) the planned."""
        return check.kind == self.kind and (self.backend is None or check.backend == self.backend)


def planned_checks(spec: Spec, plugins: Plugins, backends: Sequence[str] | None = None) -> tuple[Planned, ...]:
    """What `spec` asks for, known without running it, in an order that is the same everywhere.

    backends: those asked for instead of the spec's own.
    """
    asked = backends or spec.backends or plugins.backends
    claims = [kind for kind in CLAIMS if getattr(spec, kind) is not None]
    planned = [Planned(kind, backend, _line(spec, kind)) for kind in claims for backend in asked]
    if any(isinstance(point, ListedPoint) and point.known is not None for point in spec.points):
        planned.append(Planned("known-value", None, _line(spec, "points")))
    planned += [Planned(kind, None, _line(spec, key)) for key, kind in FURTHER.items() if spec.extensions.get(key)]
    if claims and spec.search_evaluations != 0:
        planned.append(Planned("search", None, _line(spec, "search")))
    return tuple(planned) or (Planned("spec", None, spec.place.line),)


def _line(spec: Spec, key: str) -> int:
    return spec.places.get(key, spec.place).line


def outcomes(spec: Spec, planned: Sequence[Planned], result: SpecResult) -> dict[str, tuple[str, str | None]]:
    """For each planned check `pass`, `skip` or `fail`, with the text.

    The items of a spec fail if and only if the spec did not come out as expected: those that brought it down, or all of
    them where no single check did (a function that cannot be loaded, a wrong twin that was found right).
    """
    culprits = [check for check in result.checks if _is_culprit(check, result)]
    named = {p.name for p in planned for check in culprits if p.covers(check)}
    if result.verdict is not Verdict.PASS:
        guilty = named or {p.name for p in planned}
    else:
        guilty = {p.name for p in planned if _broke_though_asked(p, spec, result)}
    return {p.name: ("fail", _story(p, result)) if p.name in guilty else _harmless(p, result) for p in planned}


def _is_culprit(check: Check, result: SpecResult) -> bool:
    """Whether the check is as bad as the whole; a spec that is wrong on purpose has no culprits among its checks."""
    return result.expected == "pass" and check.verdict is result.verdict is not Verdict.PASS


def _broke_though_asked(planned: Planned, spec: Spec, result: SpecResult) -> bool:
    """Whether a backend that the spec names broke: other backends decided, but it was asked for."""
    asked = planned.backend in (spec.backends or {})
    return asked and any(planned.covers(c) and c.verdict is Verdict.ERROR for c in result.checks)


def _harmless(planned: Planned, result: SpecResult) -> tuple[str, str | None]:
    own = [check for check in result.checks if planned.covers(check)]
    if not own and planned.kind != "spec":
        return "skip", f"the run did not come to this check ({result.verdict.value})"
    decided = {Verdict.PASS} if result.expected == "pass" else {Verdict.PASS, Verdict.FAIL}
    if planned.kind == "spec" or any(check.verdict in decided for check in own):
        return "pass", None
    return "skip", f"{own[0].verdict.value}: {own[0].reason or 'no reason given'}"


def _story(planned: Planned, result: SpecResult) -> str:
    from gradverify.explanation import explain

    own = [check for check in result.checks if planned.covers(check)]
    return explain(result, own or result.checks)


def specs_of(path: Path, plugins: Plugins, folder: Path | None = None) -> list[Spec]:
    """The specs of a file; raises `SpecError` with all of its faults.

    folder: where the file was found, if nobody named it itself: other tools' YAML has no specs then, and no faults.
    """
    from gradverify.spec.errors import SpecError

    specs, faults = _read(folder or path, plugins)
    here = [fault for fault in faults if Path(fault.place.file).resolve() == path.resolve()]
    if here:
        raise SpecError(here)
    return [spec for spec in specs if Path(spec.place.file).resolve() == path.resolve()]


@functools.lru_cache(maxsize=8)  # a folder is read once, not once for each of its files
def _read(path: Path, plugins: Plugins) -> tuple[tuple[Spec, ...], tuple[SpecFault, ...]]:
    from gradverify.spec.load import load_specs

    files = load_specs(
        [path], plugins.backend_options(), kinds=tuple(plugins.loaders), methods=plugins.descent_method_uses
    )
    return files.specs, files.faults


def failures_of_file(path: Path) -> list[str]:
    """The story of each spec of a file that does not come out as expected; raises `SpecError` for the file's faults."""
    from gradverify.explanation import explain
    from gradverify.plugins import load_plugins
    from gradverify.run.single import run_spec

    plugins = load_plugins()
    results = [run_spec(spec, plugins) for spec in specs_of(path, plugins)]
    return [explain(result) for result in results if result.verdict is not Verdict.PASS]
