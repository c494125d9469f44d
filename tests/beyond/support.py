"""One spec from text, run in this process by two quick backends; warnings are errors, as everywhere in these tests."""

from __future__ import annotations

import functools
from pathlib import Path

from gradverify.core.report import Check, SpecResult
from gradverify.plugins import Plugins, load_plugins
from gradverify.run.settings import VerifySettings
from gradverify.run.single import run_spec
from gradverify.spec.errors import SpecFault
from gradverify.spec.parse import parse_specs

QUICK = VerifySettings(backends=("autodiff", "finite-difference"), search=False, blind_spots=False)
BOWL = "variables: [x, y]\nfunction: x**2 + 2*y**2\ngradient: [2*x, 4*y]\npoints: [[4, 3]]\n"


@functools.cache
def plugins() -> Plugins:
    return load_plugins()


def run(text: str, file: str | Path = "spec.yaml", settings: VerifySettings = QUICK, name: str = "") -> SpecResult:
    """The result of the only spec of `text`, or of the one called `name`."""
    specs, faults = parse_specs(text, str(file), kinds=("python",), methods=plugins().descent_method_uses)
    assert not faults, faults
    chosen = [spec for spec in specs if name in ("", spec.name)]
    return run_spec(chosen[-1], plugins(), settings)


def faults(text: str, file: str | Path = "spec.yaml") -> list[SpecFault]:
    return parse_specs(text, str(file), kinds=("python",), methods=plugins().descent_method_uses)[1]


def checks(result: SpecResult, kind: str) -> dict[str, Check]:
    """The checks of a kind by their name."""
    return {check.name or "": check for check in result.checks if check.kind == kind}


def descent(text: str, spec: str = BOWL) -> Check:
    """The check of one descent on the bowl, `{start: …}`."""
    (check,) = checks(run(f"{spec}descent: [{text}]\n"), "descent").values()
    return check
