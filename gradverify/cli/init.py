"""`gradverify init`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from gradverify.cli.exits import Exit
from gradverify.cli.signatures import Signature, signature_of

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
# Is {gradient} the gradient of {function}? `gradverify run {file}` tells.

name: {name}
variables: {variables}
function: {{python: "{function}"}}
gradient: {{python: "{gradient}"}}        # {remark}

points:
{points}
  - {{sample: 10, seed: 1}}

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

    With --from-function the spec is about a Python function, named `package.module:f` or `file.py:f`.
    """
    if gradient is not None and function is None:
        raise click.UsageError(f"--gradient {gradient} is the claim about a function: name it with --from-function")
    if file.is_dir():
        file /= "example.yaml"
    if file.exists() and not force:
        click.echo(f"gradverify: {file} exists; --force overwrites it", err=True)
        return Exit.USAGE
    remark = ""
    if function is None:
        text = TEMPLATE.format(schema=SCHEMA_FILE, file=file, name=file.stem)
    else:
        text, remark = _about(function, gradient, file)
    from gradverify.cli.outputs import write_whole

    schema = file.parent / SCHEMA_FILE
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
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


def _about(function: str, gradient: str | None, file: Path) -> tuple[str, str]:
    """The spec of a Python function, and what its author still has to do."""
    place, colon, name = function.rpartition(":")
    if not colon or not place or not name:
        raise click.UsageError(f"`{function}` names no function: write `{function.rstrip(':')}:NAME`")
    signature = signature_of(function, Path.cwd())
    if signature is None or not signature.parameters:
        raise click.UsageError(f"the source of {function} shows no function `{name}` with parameters")
    claimed = gradient or _by_name(place, name, signature)
    remark = "" if claimed is not None else f"; write {name}_gradient first, or name the gradient in it"
    here = _seen_from(place, file)
    parameters = signature.parameters
    vector = len(parameters) == 1 and signature.takes_arrays
    text = FUNCTION_TEMPLATE.format(
        schema=SCHEMA_FILE,
        file=file,
        name=name,
        function=f"{here}:{name}",
        gradient=f"{here}:{name}_gradient" if claimed is None else _seen_from_target(claimed, file),
        variables=f"{{{parameters[0]}: 3}}" + " " * 20 + "# its shape" if vector else f"[{', '.join(parameters)}]",
        remark="same arguments; returns " + ("one value for each" if len(parameters) > 1 else "what belongs to it"),
        points="  - [0.5, 1.5, 2.5]"
        if vector
        else "  - [" + ", ".join(f"{0.5 + i:g}" for i in range(len(parameters))) + "]",
        domain="{" + ", ".join(f"{parameter}: [0.1, 3]" for parameter in parameters) + "}",
    )
    return text, remark


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
