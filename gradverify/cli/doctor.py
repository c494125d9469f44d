"""`gradverify doctor`."""

from __future__ import annotations

from pathlib import Path

import click

from gradverify.cli.exits import Exit

# The variable that each CI system sets in its jobs.
CI_SYSTEMS = {
    "GITHUB_ACTIONS": "GitHub Actions",
    "GITLAB_CI": "GitLab CI/CD",
    "JENKINS_URL": "Jenkins",
    "TF_BUILD": "Azure Pipelines",
    "BUILDKITE": "Buildkite",
    "CIRCLECI": "CircleCI",
}


@click.command("doctor", short_help="What this installation and this machine offer.")
def command() -> int:
    """Print versions, plugins, how specs are run on this machine, and what the project here adds.

    Exit code 3 if something is broken.
    """
    import importlib.metadata
    import math
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
    limited = f"{quota:g}" if quota < math.inf else "none"
    _line("cores", f"{available_cores()} usable of {os.cpu_count()} (control group quota: {limited})")
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
    _line("executors", ", ".join(["processes", *sorted(plugins.executors)]))
    _project()
    healthy = bool(plugins.backends) and not plugins.warnings
    for warning in plugins.warnings:
        _line("warning", warning)
    return Exit.OK if healthy else Exit.INTERNAL


def _project() -> None:
    """What the project that the command is called in adds: settings, the cache, the journal, CI."""
    import os
    import shutil

    from gradverify.cache.store import RESULT, Store
    from gradverify.cli.config import find_file, read_settings
    from gradverify.cli.state import project_state

    file = find_file(Path.cwd())
    settings = read_settings()
    _line("settings", f"{len(settings)} of {file}" if file is not None else "no pyproject.toml here or above")
    variables = sorted(name for name in os.environ if name.startswith("GRADVERIFY_"))
    _line("variables", ", ".join(f"{name}={os.environ[name]}" for name in variables) or "no GRADVERIFY_… is set")
    state = project_state()
    folder = Path(settings.get("cache_dir", state.cache))
    store = Store(folder, may_write=False)
    count = store.sizes().get(RESULT, 0)
    store.close()
    results = f"{count} result{'' if count == 1 else 's'}"
    _line("cache", f"{folder}: {results}{', not writable' if not _writable(folder) else ''}")
    for note in store.notes:
        _line("warning", note)
    _line("journal", f"{state.journal}{'' if state.journal.exists() else ' (none yet)'}")
    _line("free space", f"{shutil.disk_usage(state.root).free / 1e9:.1f} GB in {state.root}")
    systems = [name for variable, name in CI_SYSTEMS.items() if os.environ.get(variable)]
    _line("CI", ", ".join(systems) or "none is seen")


def _writable(folder: Path) -> bool:
    import os

    place = next(path for path in (folder, *folder.parents) if path.exists())
    return os.access(place, os.W_OK)


def _line(name: str, text: str) -> None:
    click.echo(f"{name:<11} {text}")
