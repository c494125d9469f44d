"""`gradverify schema`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradverify.cli.exits import Exit
from gradverify.cli.options import blocked, plugin_option

if TYPE_CHECKING:
    from gradverify.plugins import Plugins


@click.command("schema", short_help="Print the JSON Schema of spec files.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write it to this file.")
@plugin_option
def command(output: Path | None, plugin: tuple[str, ...]) -> int:
    """Print the JSON Schema of spec files, with the options of the installed plugins."""
    from gradverify.plugins import load_plugins

    text = schema_text(load_plugins(blocked(plugin)))
    if output is None:
        click.echo(text, nl=False)
        return Exit.OK
    from gradverify.cli.outputs import write_whole

    try:
        write_whole(output, text)
    except OSError as error:
        click.echo(f"gradverify: the schema cannot be written to {output}: {error.strerror or error}", err=True)
        return Exit.USAGE
    return Exit.OK


def schema_text(plugins: Plugins) -> str:
    """The schema as JSON text."""
    from gradverify.spec.schema import spec_schema

    schema = spec_schema(plugins.backend_options(), kinds=tuple(plugins.loaders), methods=plugins.descent_method_uses)
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
