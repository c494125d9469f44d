"""Options that several commands share; each is also a setting of pyproject.toml, and GRADVERIFY_NAME outside."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
NO_LIMIT = "none"
LEAST_MEMORY = 160  # MB of address space: measured, specs in expressions run with 132, with 128 without SymPy


class Limit(click.ParamType[Any]):
    """A positive number that is no less than `least`, or `none`."""

    def __init__(self, name: str, kind: type[int] | type[float], *, least: float = 0) -> None:
        self.name = name
        self._kind = kind
        self._least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; NO_LIMIT stays as it is, as click takes None for "not given"."""
        if isinstance(value, str) and value.strip().lower() == NO_LIMIT:
            return NO_LIMIT
        try:
            number = self._kind(value)
        except (TypeError, ValueError):
            number = 0
        if not 0 < number < math.inf:
            self.fail(
                f"{value!r} is not a positive {'integer' if self._kind is int else 'number'} or `none`", param, ctx
            )
        if not number >= self._least:
            self.fail(f"{number:g} is too little for a worker to start; {self._least:g} or more, or `none`", param, ctx)
        return number


class Jobs(click.ParamType[Any]):
    """A number of processes, or `auto`."""

    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; `auto` is the number of cores that this process may use."""
        if isinstance(value, str) and value.strip().lower() == "auto":
            from gradverify.run.limits import available_cores

            return available_cores()
        try:
            number = int(value)
        except (TypeError, ValueError):
            number = 0
        if number < 1:
            self.fail(f"{value!r} is not a number of processes (1 or more) or `auto`", param, ctx)
        return number


class ShardType(click.ParamType[Any]):
    """Part I of N, as I/N."""

    name = "I/N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The `Shard`."""
        from gradverify.run.shards import Shard, parse_shard

        if isinstance(value, Shard):
            return value
        try:
            return parse_shard(str(value))
        except ValueError as error:
            return self.fail(str(error), param, ctx)


def option(*names: str, **more: Any) -> Callable[[F], F]:
    """A click option that is also read from the environment, as GRADVERIFY_ and its long name."""
    long = next(name for name in names if name.startswith("--")).split("/")[0]
    more.setdefault("envvar", "GRADVERIFY_" + long.removeprefix("--").replace("-", "_").upper())
    return click.option(*names, **more)


def together(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    """Several decorators as one; the first is the first in the help."""

    def decorate(function: F) -> F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def limit(value: float | str) -> float | None:
    """A `Limit`'s value with None for no limit."""
    return None if isinstance(value, str) else value


def blocked(plugin_arguments: Sequence[str]) -> tuple[str, ...]:
    """The names in `-p no:NAME`."""
    names = []
    for argument in plugin_arguments:
        prefix, _, name = argument.partition(":")
        if prefix != "no" or not name:
            raise click.UsageError(f"-p {argument}: write `-p no:NAME` to block the plugin NAME")
        names.append(name)
    return tuple(names)


plugin_option: Callable[[F], F] = option(
    "-p", "--plugin", multiple=True, metavar="no:NAME", help="Block the plugin NAME (repeatable)."
)
color_option: Callable[[F], F] = option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colours; NO_COLOR and FORCE_COLOR count as well.",
)

report_option: Callable[[F], F] = option(
    "--report", multiple=True, metavar="KIND:FILE",
    help="Write a report (repeatable); `-` is standard output. Kinds: ctrf, github (needs no FILE), github-summary, "
    "gitlab, html, json, junit, markdown, sarif, tap, text, and those of plugins.",
)  # fmt: skip
junit_option: Callable[[F], F] = option(
    "--junit-family", type=click.Choice(["located", "strict"]), default="located", show_default=True,
    help="With file and line, or as the public schemas allow.",
)  # fmt: skip

engine_options: Callable[[F], F] = together(
    option("--backend", multiple=True, metavar="NAME", help="Use these backends only (repeatable)."),
    option(
        "--timeout", type=Limit("SECONDS", float), default=60.0, show_default=True,
        help="Time limit for each spec, and anew when it is run again without what hung; `none` for no limit.",
    ),
    option(
        "--memory", type=Limit("MB", int, least=LEAST_MEMORY), default=4096, show_default=True,
        help="Address space of each worker process; `none` for no limit (CUDA reserves a lot).",
    ),
    report_option,
    junit_option,
    option("--allow-inconclusive", is_flag=True, help="What could not be decided is no failure."),
    option(
        "--seed", type=click.IntRange(min=0), default=0, show_default=True,
        help="All random choices follow from it.",
    ),
    plugin_option,
    click.option("-q", "--quiet", is_flag=True, help="The summary line alone."),
    click.option("-v", "--verbose", is_flag=True, help="A line for each spec."),
    color_option,
)  # fmt: skip
