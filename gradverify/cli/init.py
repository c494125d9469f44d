"""`gradverify init`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from gradverify.cli.drafts import Draft, drafts
from gradverify.cli.exits import Exit
from gradverify.cli.signatures import Signature, signature_of
from gradverify.cli.trial import try_out

SCHEMA_FILE = "gradverify.schema.json"

TEMPLATE = """\
# yaml-language-server: $schema={schema}
# A spec: a function, somebody's formula for its gradient, and where to check it.
# `gradverify run {file}` checks it; `gradverify validate {file}` only reads it.

name: {name}
description: What this is, and where the formula comes from.
tags: [example]

variables: [x, y]                       # scalars, or name → shape: {{w: 100, W: [50, 10]}}
function: x**2 + 3*x*y - exp(y)         # an expression, or {{python: "losses.py:loss"}}
gradient:                               # the claim: expressions, or {{python: "losses.py:gradient"}}
  x: 2*x + 3*y
  y: 3*x - exp(y)

points:
  - [1, 2]
  - {{x: 0.5, y: -1}}
  - {{sample: 10, seed: 1}}               # drawn inside the domain

domain: {{x: [-10, 10], y: [-3, 3]}}      # also where counterexamples are searched for
# tolerance: {{relative: 1e-6}}           # how far each component may be off
# expect: fail                          # a gradient that is wrong on purpose
"""

FUNCTION_TEMPLATE = """\
# yaml-language-server: $schema={schema}
# Is {claim} the gradient of {function}? `gradverify run {file}` tells.

name: {name}
variables: {variables}
{constants}function: {{python: "{function}"}}
gradient: {gradient}        # {remark}

points:
{points}  - {{sample: 10, seed: 1}}

domain: {domain}
# tolerance: {{relative: 1e-6}}           # how far each component may be off
"""


@click.command("init", short_help="Write a commented spec to start from.")
@click.argument("file", required=False, default="example.yaml", type=click.Path(path_type=Path))
@click.option("--from-function", "function", metavar="MODULE:F", help="A spec for this function.")
@click.option("--gradient", metavar="MODULE:GRAD", help="Its claimed gradient; default: by name, such as `f_gradient`.")
@click.option("--force", is_flag=True, help="Overwrite.")
def command(file: Path, function: str | None, gradient: str | None, force: bool) -> int:
    """Write a commented spec to FILE (default: example.yaml), which runs and passes, with its JSON Schema beside it.

    With --from-function the spec is about a Python function, named `package.module:f` or `file.py:f`. Shapes and
    domain are guessed from its source, and tried: the spec that is written is the first that runs.
    """
    if gradient is not None and function is None:
        raise click.UsageError(f"--gradient {gradient} is the claim about a function: name it with --from-function")
    if file.is_dir():
        file /= "example.yaml"
    if file.exists() and not force:
        click.echo(f"gradverify: {file} exists; --force overwrites it", err=True)
        return Exit.USAGE
    remark = ""
    texts = [TEMPLATE.format(schema=SCHEMA_FILE, file=file, name=file.stem)]
    tried: list[str] = []
    if function is not None:
        texts, tried, remark = _about(function, gradient, file)
    from gradverify.cli.outputs import write_whole

    schema = file.parent / SCHEMA_FILE
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        text = texts[0]
        if tried:
            outcome = try_out(tried, str(file.absolute()))
            text = texts[outcome.chosen]
            remark += f"; it does not run yet: {outcome.reason}" if outcome.reason else ""
        write_whole(file, text)
        if force or not schema.exists():
            write_whole(schema, _schema())
    except OSError as error:
        click.echo(f"gradverify: {file} cannot be written: {error.strerror or error}", err=True)
        return Exit.USAGE
    click.echo(f"wrote {file} and {schema}{remark}; now run `gradverify run {file}`")
    return Exit.OK


def _schema() -> str:
    from gradverify.cli.schema import schema_text
    from gradverify.plugins import load_plugins

    return schema_text(load_plugins())


def _about(function: str, gradient: str | None, file: Path) -> tuple[list[str], list[str], str]:
    """Specs that may fit a Python function, best first; what to try them with; what their author has still to do."""
    place, colon, name = function.rpartition(":")
    if not colon or not place or not name:
        raise click.UsageError(f"`{function}` names no function: write `{function.rstrip(':')}:NAME`")
    signature = signature_of(function, Path.cwd())
    if signature is None or not signature.parameters:
        raise click.UsageError(f"the source of {function} shows no function `{name}` with parameters")
    claimed = gradient or _by_name(place, name, signature)
    here = _seen_from(place, file)
    target = f"{here}:{name}_gradient" if claimed is None else _seen_from_target(claimed, file)
    made = list(drafts(signature.parameters, signature.shapes))
    texts = [
        _written(draft, signature.keywords, file, name, f"{here}:{name}", f'{{python: "{target}"}}') for draft in made
    ]
    if claimed is not None:
        return texts, texts, ""
    # Without a claim the function alone is tried, with one that can always be called.
    zeros = [_written(draft, signature.keywords, file, name, f"{here}:{name}", _zeros(draft.names)) for draft in made]
    return texts, zeros, f"; write {name}_gradient first, or name the gradient in it"


def _zeros(names: Sequence[str]) -> str:
    return "{" + ", ".join(f"{name}: 0*{name}" for name in names) + "}"


def _written(draft: Draft, keywords: Sequence[str], file: Path, name: str, function: str, gradient: str) -> str:
    point = draft.point()
    constants = "{" + ", ".join(f"{keyword}: 1" for keyword in keywords) + "}"
    return FUNCTION_TEMPLATE.format(
        schema=SCHEMA_FILE,
        file=file,
        name=name,
        function=function,
        gradient=gradient,
        claim=gradient.removeprefix('{python: "').removesuffix('"}'),
        variables=draft.variables() + (" " * 20 + "# shapes" if any(draft.shapes) else ""),
        constants=f"constants: {constants}            # given by keyword\n" if keywords else "",
        remark="same arguments; returns " + ("one value for each" if len(draft.names) > 1 else "what belongs to it"),
        points="" if point is None else f"  - {point}\n",
        domain=draft.domain(),
    )


def _by_name(place: str, name: str, signature: Signature) -> str | None:
    """The function beside it that is named as its gradient."""
    candidates = (f"{name}_gradient", f"{name}_grad", f"gradient_{name}", f"grad_{name}", f"d{name}", f"d_{name}")
    return next((f"{place}:{candidate}" for candidate in candidates if candidate in signature.neighbours), None)


def _seen_from_target(target: str, file: Path) -> str:
    place, _, name = target.rpartition(":")
    return f"{_seen_from(place, file)}:{name}"


def _seen_from(place: str, file: Path) -> str:
    """A path is relative to the spec; a module is named from wherever."""
    if not (place.endswith(".py") or "/" in place):
        return place
    return Path(os.path.relpath(place, file.parent)).as_posix()
