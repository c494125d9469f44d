"""The command line: the commands, and what becomes of errors that no command expects."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Sequence

import click

import gradverify
from gradverify.cli.config import ConfigError, read_settings
from gradverify.cli.exits import Exit

# Where each command lives. A command's module imports nothing heavy; what it needs is imported when it runs.
COMMANDS = {
    "run": "gradverify.cli.run",
    "check": "gradverify.cli.check",
    "grade": "gradverify.cli.grade",
    "audit": "gradverify.cli.audit",
    "plot": "gradverify.cli.plot",
    "history": "gradverify.cli.history",
    "site": "gradverify.cli.site",
    "init": "gradverify.cli.init",
    "validate": "gradverify.cli.validate",
    "schema": "gradverify.cli.schema",
    "explain": "gradverify.cli.explain",
    "merge": "gradverify.cli.merge",
    "cache": "gradverify.cli.cache",
    "plugins": "gradverify.cli.plugins",
    "doctor": "gradverify.cli.doctor",
    "completion": "gradverify.cli.completion",
}
DEBUG_VARIABLE = "GRADVERIFY_DEBUG"
# New objects until the collector looks at them: Python's 700 are few beside the thousands that a spec's tree and result
# are made of, none of which is in a cycle. Worker processes inherit it.
YOUNG_OBJECTS = 50_000


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order in which people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command, or None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The same, with the nearest name for one that does not exist."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            if close and "mean" not in error.message:
                raise click.UsageError(f"{error.message} Did you mean `{close[0]}`?", error.ctx) from None
            raise


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 all as expected; 1 a gradient failed, stayed inconclusive or could not be checked (`error`); "
    "2 usage or spec error; 3 internal error, or a backend that was asked for broke; 5 nothing selected; "
    "130 interrupted.",
)
@click.version_option(gradverify.__version__, prog_name="gradverify")
@click.option("--debug", is_flag=True, envvar=DEBUG_VARIABLE, help="Show tracebacks of internal errors.")
@click.pass_context
def command(ctx: click.Context, debug: bool) -> None:
    """Is this gradient right? Checks hand-written derivatives against several independent backends."""
    ctx.ensure_object(dict)["debug"] = debug
    settings = read_settings()
    ctx.default_map = dict.fromkeys(COMMANDS, settings)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started it
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - as long as the process lives
    gc.set_threshold(YOUNG_OBJECTS)
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output has seen enough
        code = Exit.OK
        _discard_output()
    except OSError as error:
        _complain(f"cannot write the output: {error.strerror or error}")
        code = Exit.INTERNAL
        _discard_output()
    gc.freeze()  # the process ends: its collector need not look through thousands of specs and results once more
    sys.exit(int(code))


def _discard_output() -> None:
    """Nothing can be written: send what is still buffered nowhere, or the interpreter's end trips on it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _run(arguments: Sequence[str]) -> int:
    try:
        result = command.main(list(arguments), prog_name="gradverify", standalone_mode=False)
    except ConfigError as error:
        _complain(str(error))
        return Exit.USAGE
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except (KeyboardInterrupt, click.Abort):
        _complain("interrupted")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, people get a sentence, not a traceback
        return _internal(error, debug="--debug" in arguments or bool(os.environ.get(DEBUG_VARIABLE)))
    return result if isinstance(result, int) else Exit.OK


def _internal(error: Exception, *, debug: bool) -> int:
    from gradverify.run.journal import FULL
    from gradverify.run.pool import PoolError

    if debug:
        import traceback

        traceback.print_exception(error)
    if isinstance(error, PoolError):
        _complain(str(error))
        return Exit.INTERNAL
    if isinstance(error, OSError) and error.errno in FULL:
        _discard_output()
        _complain(f"cannot write the output: {error.strerror}")
        return Exit.INTERNAL
    text = " ".join(str(error).split())
    _complain(
        f"{type(error).__name__}: {text}\nThis is a bug in gradverify {gradverify.__version__}; please report it."
        + ("" if debug else " `gradverify --debug …` shows where it happened.")
    )
    return Exit.INTERNAL


def _complain(text: str) -> None:
    click.echo(f"gradverify: {text}", err=True)


if __name__ == "__main__":
    main()
