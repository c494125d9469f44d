"""`gradverify check`."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gradverify.cli.exits import Exit
from gradverify.cli.options import engine_options
from gradverify.cli.signatures import signature_of, why_absent

if TYPE_CHECKING:
    from gradverify.core.report import SpecResult

PLACE = "command line"  # where the spec that is made of the arguments pretends to stand


@click.command("check", short_help="Check one gradient quickly, without a spec.")
@click.argument("function", metavar="MODULE:F")
@click.argument("gradient", metavar="MODULE:GRAD")
@click.option("--at", "points", multiple=True, required=True, metavar="NUMBERS", help="A point: `1,2,3` (repeatable).")
@click.option(
    "--derivative", type=click.Choice(["gradient", "jacobian", "hessian"]), default="gradient", show_default=True,
    help="What the second function claims to be.",
)  # fmt: skip
@click.option("--vector/--scalars", "vector", default=None, help="Pass the numbers as one array, or one by one.")
@click.option("--tolerance", type=click.FloatRange(min=0.0), help="How far it may be off, relative to each component.")
@engine_options
def command(
    function: str,
    gradient: str,
    points: tuple[str, ...],
    derivative: str,
    vector: bool | None,
    tolerance: float | None,
    **engine: Any,
) -> int:
    """Check that MODULE:GRAD is the gradient of MODULE:F at the points --at.

    Functions are named `package.module:f` or `file.py:f`. A function of one argument gets the numbers of --at as
    one array; a function of as many arguments as there are numbers gets them one by one. --vector and --scalars
    say it outright.

    Example: gradverify check losses.py:loss losses.py:loss_gradient --at 1,2,3
    """
    from gradverify.cli.engine import (
        EngineOptions,
        load_for,
        print_faults,
        refuse_unknown_backends,
        run_and_report,
        run_settings,
    )
    from gradverify.spec.load import load_text

    rows = [_numbers(text) for text in points]
    if len({len(row) for row in rows}) > 1:
        raise click.UsageError("--at: every point must have the same number of components")
    for target in (function, gradient):
        if ":" not in target:
            raise click.UsageError(f"`{target}` names no function: write `{target}:NAME`")
        absent = why_absent(target, Path.cwd())
        if absent is not None:
            raise click.UsageError(f"{target}: {absent}")
    if tolerance is not None and not math.isfinite(tolerance):
        raise click.UsageError(f"--tolerance {tolerance}: it is a finite number, such as 1e-6")
    options = EngineOptions(**engine)
    plugins = load_for(options)
    refused = refuse_unknown_backends(options.backend, plugins)
    if refused is not None:
        return refused
    document: dict[str, Any] = {
        "name": function,
        "variables": _variables(function, len(rows[0]), vector),
        "function": {"python": function},
        derivative: {"python": gradient},
        "points": [{"at": row} for row in rows],
    }
    if tolerance is not None:
        document["tolerance"] = {"relative": tolerance}
    text = json.dumps(document)
    found = load_text(text, str(Path.cwd() / PLACE), plugins.backend_options())
    if found.faults:
        print_faults(found.faults, options.color)
        return Exit.USAGE
    settings = run_settings(options, jobs=1, max_failures=None)

    def placed(result: SpecResult) -> SpecResult:
        """Under the name of the command: there is no file, and so no line; and in its words."""
        reworded = [replace(check, reason=_in_options(check.reason)) for check in result.checks]
        return replace(
            result, file=f"check {function} {gradient}", line=0, reason=_in_options(result.reason),
            checks=tuple(reworded),
        )  # fmt: skip

    return run_and_report(found.specs, (), plugins, options, settings, texts=[text], placed=placed)


def _in_options(reason: str | None) -> str | None:
    """A reason with the way out that a spec has said as the option that it is here."""
    from gradverify.functions.build import CLAIM_A_JACOBIAN

    return None if reason is None else reason.replace(CLAIM_A_JACOBIAN, "say `--derivative jacobian`")


def _numbers(text: str) -> list[float]:
    """`1,2,3` as numbers; spaces do as well."""
    parts = text.strip().strip("[]()").replace(",", " ").split()
    try:
        numbers = [float(part) for part in parts]
    except ValueError as error:
        raise click.UsageError(f"--at {text}: {error}") from None
    if not numbers or not all(map(math.isfinite, numbers)):
        raise click.UsageError(f"--at {text}: a point is a list of finite numbers, such as `1,2,3`")
    return numbers


def _variables(function: str, n: int, vector: bool | None) -> Sequence[str] | dict[str, list[int]]:
    """The function's variables: its parameters if it takes the numbers one by one, else one array."""
    signature = signature_of(function, Path.cwd())
    parameters = signature.parameters if signature is not None else ()
    if vector is None:
        vector = len(parameters) != n or n == 1
        if parameters and len(parameters) not in (1, n):
            takes = f"{len(parameters)} arguments ({', '.join(parameters)})"
            raise click.UsageError(f"{function} takes {takes}, but --at has {n} number{'' if n == 1 else 's'}")
    if not vector:
        return list(parameters) if len(parameters) == n else [f"x{i + 1}" for i in range(n)]
    name = parameters[0] if len(parameters) == 1 else "p"
    if n == 1:
        return [name]  # one number for one argument: a scalar, unless --vector asks for an array of one
    return {name: [n]}
