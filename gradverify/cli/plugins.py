"""`gradverify plugins`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from gradverify.cli.exits import Exit
from gradverify.cli.options import blocked, plugin_option

if TYPE_CHECKING:
    from gradverify.plugins import PluginStatus


@click.command("plugins", short_help="List plugins: version, status, hooks, backends.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@plugin_option
def command(as_json: bool, plugin: tuple[str, ...]) -> int:
    """List the installed plugins with version, status, hooks and backends; those that failed with the reason."""
    from gradverify.plugins import load_plugins

    statuses = load_plugins(blocked(plugin)).statuses
    if as_json:
        click.echo(json.dumps([_data(status) for status in statuses], indent=1))
        return Exit.OK
    rows = [("plugin", "version", "status", "backends", "import"), *map(_row, statuses)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for status in statuses:
        if status.reason:
            click.echo(f"\n{status.name}: {status.reason}")
    return Exit.OK


def _row(status: PluginStatus) -> tuple[str, ...]:
    version = f"{status.distribution} {status.version}"
    return status.name, version, status.status.value, ", ".join(status.backends) or "-", f"{status.import_ms:.0f} ms"


def _data(status: PluginStatus) -> dict[str, object]:
    return {
        "name": status.name,
        "distribution": status.distribution,
        "version": status.version,
        "status": status.status.value,
        "reason": status.reason,
        "hooks": list(status.hooks),
        "backends": list(status.backends),
    }
