"""Runs specs with backends that misbehave, and prints the report: `python -m tests.run.scenario METHOD FILE …`."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from gradverify.run.limits import single_threaded

single_threaded()

from gradverify.plugins import load_plugins  # noqa: E402 - after the line above, or NumPy starts threads
from gradverify.report.json_report import render_json  # noqa: E402
from gradverify.run.session import RunSettings, run_specs  # noqa: E402
from gradverify.spec.load import load_specs  # noqa: E402


class Bad:
    """A backend that does something else than estimating."""

    def __init__(self, name: str, deed: Any) -> None:
        self.name = name
        self._deed = deed

    def why_not(self, problem: Any) -> str | None:
        return None

    def estimate(self, problem: Any, request: Any) -> Any:
        self._deed()


def backends() -> Iterable[Bad]:
    return [
        Bad("hanging", lambda: time.sleep(600)),
        Bad("crashing", lambda: ctypes.string_at(0)),
        Bad("leaving", lambda: os._exit(5)),
        Bad("raising", lambda: 1 / 0),
        Bad("rubbish", lambda: None),
    ]


def plugin() -> object:
    from gradverify.hookspecs import hookimpl

    return SimpleNamespace(gradverify_backends=hookimpl(backends))


if __name__ == "__main__":
    method, *paths = sys.argv[1:]
    plugins = load_plugins(extra={"misbehaving": plugin()} if method == "fork" else None)
    files = load_specs(paths, plugins.backend_options())
    settings = RunSettings(processes=2, seconds=20.0 if method == "spawn" else 2.0, start_method=method)
    print(render_json(run_specs(files.specs, plugins, settings)))
