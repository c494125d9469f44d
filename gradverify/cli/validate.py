"""`gradverify validate`."""

from __future__ import annotations

import click

from gradverify.cli.exits import Exit
from gradverify.cli.options import blocked, color_option, plugin_option


@click.command("validate", short_help="Read spec files and report every fault; run nothing.")
@click.argument("paths", nargs=-1)
@plugin_option
@color_option
def command(paths: tuple[str, ...], plugin: tuple[str, ...], color: str) -> int:
    """Read the spec files in PATHS and report every fault in them. No function is loaded or run."""
    from gradverify.cli.engine import print_faults
    from gradverify.cli.run import find_specs
    from gradverify.plugins import load_plugins

    found = find_specs(paths, load_plugins(blocked(plugin)))
    print_faults(found.faults, color)
    files = f" in {len(found.files)} file{'' if len(found.files) == 1 else 's'}" if found.files else ""
    if found.faults:
        count = len(found.faults)
        click.echo(f"{count} fault{'' if count == 1 else 's'}{files}; `gradverify explain CODE` says more")
        return Exit.USAGE
    count = len(found.specs)
    click.echo(f"{count} valid spec{'' if count == 1 else 's'}{files}")
    return Exit.OK if found.specs else Exit.NOTHING
