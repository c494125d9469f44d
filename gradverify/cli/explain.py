"""`gradverify explain`."""

from __future__ import annotations

import difflib
import textwrap

import click

from gradverify.cli.exits import Exit

WIDTH = 100  # columns


@click.command("explain", short_help="Explain a code of a spec's fault or of a diagnosis; without one, list them.")
@click.argument("code", required=False)
def command(code: str | None) -> int:
    """Explain the CODE of a spec's fault, such as `unknown-key`, or of a diagnosis, such as `missing-chain-factor`.

    Without CODE, list all of them.
    """
    from gradverify.cli.faults import MEANINGS, explain_fault
    from gradverify.core.verdicts import Fault
    from gradverify.spec.codes import CODES, explain

    faults = {fault.value: fault for fault in Fault}
    if code is None:
        width = max(map(len, CODES), default=0)
        for name in sorted(CODES):
            click.echo(f"{name:<{width}}  {explain(name).strip().splitlines()[0]}")
        click.echo("\nLikely mistakes of a claim:\n")
        for name, fault in sorted(faults.items()):
            click.echo(f"{name:<{width}}  {MEANINGS[fault][0]}")
        return Exit.OK
    if code in faults and code not in CODES:
        lines = explain_fault(faults[code]).splitlines()
        click.echo("\n".join(textwrap.fill(line, WIDTH, break_on_hyphens=False) for line in lines))
        return Exit.OK
    if code not in CODES:
        close = difflib.get_close_matches(code, [*CODES, *faults], n=1)
        hint = f" Did you mean `{close[0]}`?" if close else " `gradverify explain` lists them."
        raise click.UsageError(f"there is no code `{code}`.{hint}")
    click.echo(explain(code).rstrip())
    return Exit.OK
