"""`gradverify completion`."""

from __future__ import annotations

import click

from gradverify.cli.exits import Exit

PROGRAM = "gradverify"
VARIABLE = "_GRADVERIFY_COMPLETE"  # by which click's scripts ask for completions

WHERE = {
    "bash": 'eval "$(gradverify completion bash)" in ~/.bashrc',
    "zsh": 'eval "$(gradverify completion zsh)" in ~/.zshrc, after compinit',
    "fish": "gradverify completion fish > ~/.config/fish/completions/gradverify.fish",
}


@click.command("completion", short_help="A script that completes commands and options in a shell.")
@click.argument("shell", type=click.Choice(list(WHERE)))
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print the script for SHELL.

    \b
    bash: eval "$(gradverify completion bash)" in ~/.bashrc
    zsh:  eval "$(gradverify completion zsh)" in ~/.zshrc, after compinit
    fish: gradverify completion fish > ~/.config/fish/completions/gradverify.fish
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:  # click knows all three since version 8.0
        raise click.UsageError(f"this version of click knows no {shell}")
    completion = kind(ctx.find_root().command, {}, PROGRAM, VARIABLE)
    click.echo(completion.source_template % completion.source_vars())
    return Exit.OK
