"""`gradverify explain`."""

from __future__ import annotations

import difflib

import click

from gradverify.cli.exits import Exit


@click.command("explain", short_help="Explain a fault's code; without one, list them.")
@click.argument("code", required=False)
def command(code: str | None) -> int:
    """Explain the CODE of a spec fault, such as `unknown-key`; without CODE, list all of them."""
    from gradverify.spec.codes import CODES, explain

    if code is None:
        width = max(map(len, CODES), default=0)
        for name in sorted(CODES):
            click.echo(f"{name:<{width}}  {explain(name).strip().splitlines()[0]}")
        return Exit.OK
    if code not in CODES:
        close = difflib.get_close_matches(code, CODES, n=1)
        hint = f" Did you mean `{close[0]}`?" if close else " `gradverify explain` lists them."
        raise click.UsageError(f"there is no code `{code}`.{hint}")
    click.echo(explain(code).rstrip())
    return Exit.OK
