"""`gradverify doctor`."""

from __future__ import annotations

import click

from gradverify.cli.exits import Exit


@click.command("doctor", short_help="What this installation and this machine offer.")
def command() -> int:
    """Print versions, plugins, and how specs are run on this machine. Exit code 3 if something is broken."""
    import importlib.metadata
    import os
    import platform
    import sys

    import gradverify
    from gradverify.run.limits import THREAD_VARIABLES, available_cores, cgroup_quota, single_threaded

    before = {name: os.environ[name] for name in THREAD_VARIABLES if name in os.environ}
    single_threaded()
    from gradverify.plugins import load_plugins
    from gradverify.run.launch import start_method

    plugins = load_plugins()
    statuses = plugins.statuses
    _line("gradverify", f"{gradverify.__version__} in {os.path.dirname(gradverify.__file__)}")
    _line("Python", f"{platform.python_version()} ({sys.executable})")
    _line("system", platform.platform())
    for name in ("numpy", "sympy", "autograd", "pluggy", "PyYAML", "click", "rich"):
        try:
            _line(name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            _line(name, "NOT INSTALLED")
    quota = cgroup_quota()
    _line("cores", f"{available_cores()} usable of {os.cpu_count()} (control group quota: {quota:g})")
    _line("workers", f"started by {start_method()}")
    _line("threads", ", ".join(f"{k}={v}" for k, v in before.items()) or "one for each worker")
    for status in statuses:
        reason = f": {status.reason}" if status.reason else ""
        _line("plugin", f"{status.name} ({status.distribution} {status.version}) is {status.status.value}{reason}")
    _line("backends", ", ".join(plugins.backends) or "none")
    _line("loaders", ", ".join(plugins.loaders) or "none")
    _line("reports", ", ".join(plugins.reporters) or "none")
    from gradverify.cli.sandbox_advice import sandbox_lines

    for name, text in sandbox_lines():
        _line(name, text)
    healthy = bool(plugins.backends) and not plugins.warnings
    for warning in plugins.warnings:
        _line("warning", warning)
    return Exit.OK if healthy else Exit.INTERNAL


def _line(name: str, text: str) -> None:
    click.echo(f"{name:<11} {text}")
