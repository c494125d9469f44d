"""A task in, a result out, both plain JSON values: all that a worker does, whoever started it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gradverify.core.problem import one_line
from gradverify.core.report import SpecResult
from gradverify.report.json_report import spec_to_message
from gradverify.run.brevity import brief
from gradverify.run.outcome import broken
from gradverify.run.phases import during
from gradverify.run.settings import VerifySettings
from gradverify.run.tasks import SpecMissingError, SpecStore, Task
from gradverify.spec.model import Spec

if TYPE_CHECKING:
    from gradverify.plugins import Plugins

Progress = Callable[[str], None]


def run_task(
    task: Task, store: SpecStore, plugins: Plugins, settings: VerifySettings, progress: Progress = lambda _phase: None
) -> dict[str, Any]:
    """One task; whatever it raises becomes its result, so nothing is raised but for want of memory."""
    try:
        spec = store.find(task)
    except SpecMissingError as error:
        return {"missing": str(error)}
    return spec_to_message(run_guarded(spec, plugins, settings, progress))


def run_guarded(spec: Spec, plugins: Plugins, settings: VerifySettings, progress: Progress) -> SpecResult:
    """`run_spec`, and an `error` result where even that raises: user code may raise `SystemExit` and the like."""
    from gradverify.run.single import run_spec

    phase = "loading"

    def follow(text: str) -> None:
        nonlocal phase
        phase = text
        progress(text)

    started = time.perf_counter()
    try:
        return brief(run_spec(spec, plugins, settings, follow))
    except BaseException as error:  # noqa: BLE001 - user code may raise anything, and it costs this spec only
        return broken(spec, f"{one_line(error)}, {during(phase)}", seconds=time.perf_counter() - started)
