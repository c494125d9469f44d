"""What an executor's worker does: plain data in, JSON text out, with the same limits and the same isolation as at home.

The specs run in a process of their own beside the executor's worker, so that one that hangs, exits or crashes costs
itself only, and what comes back to the parent was never in the hands of the user's code.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradverify import __version__
from gradverify.run.settings import VerifySettings
from gradverify.run.tasks import SpecMissingError, SpecStore, Task

if TYPE_CHECKING:
    from gradverify.plugins import Plugins
    from gradverify.spec.model import Spec


ELSEWHERE = "elsewhere"  # in the place of a trace: the result comes from another installation than the run's


class VersionMismatchError(Exception):
    """The worker has another version of gradverify than the one that made the batch."""


def make_batch(
    tasks: Sequence[Task],
    settings: VerifySettings,
    *,
    block: Sequence[str],
    seconds: float | None,
    memory_mb: int | None,
    folder: str,
) -> dict[str, Any]:
    """What `run_remotely` takes. folder: where `package.module:f` is looked for, if the worker has such a folder."""
    return {
        "gradverify": __version__,
        "block": list(block),
        "settings": settings.to_data(),
        "seconds": seconds,
        "memory_mb": memory_mb,
        "folder": folder,
        "tasks": [task.to_data() for task in tasks],
    }


def run_remotely(batch: Mapping[str, Any]) -> str:
    """Run every task of `batch`; the results, in their order, as JSON text.

    Each is `{"result", "output", "trace"}`, or `{"missing": reason}` where the spec cannot be found here. Raises
    `VersionMismatchError`.
    """
    if batch["gradverify"] != __version__:
        raise VersionMismatchError(f"the run has gradverify {batch['gradverify']}, this worker has {__version__}")
    plugins = _plugins(tuple(batch["block"]))
    store = SpecStore(tuple(plugins.backends))
    answers: list[dict[str, Any] | None] = []
    found: list[tuple[int, Spec, Task]] = []
    for data in batch["tasks"]:
        task = Task.from_data(data)
        try:
            found.append((len(answers), store.find(task), task))
            answers.append(None)
        except SpecMissingError as error:
            answers.append({"missing": str(error)})
    _run(batch, plugins, store, found, answers)
    return json.dumps({"environment": here(plugins), "answers": answers}, allow_nan=False)


def _run(
    batch: Mapping[str, Any],
    plugins: Plugins,
    store: SpecStore,
    found: Sequence[tuple[int, Spec, Task]],
    answers: list[dict[str, Any] | None],
) -> None:
    import gradverify.run.single  # noqa: F401 - here, so that not each of the processes that are forked from this one has to
    from gradverify.report.json_report import spec_to_message
    from gradverify.run.interrupt import Interrupts
    from gradverify.run.launch import Inheritance, start_method
    from gradverify.run.pool import Pool

    if not found:
        return
    folder = batch["folder"] if Path(batch["folder"]).is_dir() else None
    inherit = Inheritance(
        plugins=plugins, store=store, memory_mb=batch["memory_mb"], method=start_method(), folder=folder
    )
    with (
        Interrupts() as interrupts,
        Pool(
            [spec for _, spec, _ in found],
            inherit,
            VerifySettings.from_data(batch["settings"]),
            processes=1,
            seconds=batch["seconds"],
            interrupts=interrupts,
            on_tick=lambda: None,
            tasks=[task for _, _, task in found],
        ) as pool,
    ):
        for number, result in pool.run():
            data, trace = pool.raw.pop(number, (None, None))
            answers[found[number][0]] = {
                "result": spec_to_message(result) if data is None else data,
                "output": result.output,
                "trace": trace,
            }


@functools.lru_cache(maxsize=4)
def _plugins(block: tuple[str, ...]) -> Plugins:
    from gradverify.run.limits import single_threaded

    single_threaded()
    from gradverify.plugins import load_plugins

    return load_plugins(block)


@functools.lru_cache(maxsize=4)
def here(plugins: Plugins) -> str:
    """The digest of this process's gradverify, packages and plugins, as they were when it was first asked for: what is
    written to their files later is not what runs here."""
    from gradverify.cache.environment import environment_key, installation_key, unversioned_code

    return environment_key(installation_key(plugins.block), unversioned_code(plugins))
