"""Sharded, memory-mapped parameters, in processes of which none is allowed the memory for its own slice.

Four worker processes have a quarter of the parameters and of the claimed gradient each, in files. Their address space
is limited (RLIMIT_AS) to what they have before they begin and MORE bytes, less than either vector takes; so is
the coordinator's, in this process's child. What travels between them are displacements and sums.
"""

from __future__ import annotations

import itertools
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

MACHINES = 4
MORE = 48 * 2**20
WINDOW = 1 << 18  # components that a worker has in memory at a time
WRONG_AT = 0.7  # of the components: where the wrong twin is wrong


class Windowed:
    """A vector in a file, of which slices are mapped for as long as they are used."""

    def __init__(self, path: str, start: int, stop: int) -> None:
        self.path, self.start, self.stop = path, start, stop

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, part: slice) -> Any:
        return np.memmap(self.path, np.float64, "r", 8 * (self.start + part.start), (part.stop - part.start,))


def limited() -> None:
    """Allow this process MORE bytes of address space than it has now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    allowed = pages * resource.getpagesize() + MORE
    resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))


def sums(x: Any) -> tuple[float, float]:
    """What a slice adds to the two sums that the loss is made of."""
    return float(np.tanh(x).sum()), float(np.log1p(x * x).sum())


def loss_of(parts: Sequence[tuple[float, float]], n: int) -> float:
    """The loss from the sums of all slices: a mean, and the square of another one, which couples all parameters."""
    return sum(b for _, b in parts) / n + (sum(a for a, _ in parts) / n - 0.1) ** 2


def gradient_of(x: Any, tanh_sum: float, n: int) -> Any:
    t = np.tanh(x)
    return (2 * x / (1 + x * x) + 2 * (tanh_sum / n - 0.1) * (1 - t * t)) / n


def work(pipe: Connection, folder: str, gradient: str, start: int, stop: int) -> None:
    """One machine: answers what it is asked about its slice until it is told to stop."""
    from gradverify import scale

    scale.WINDOW = WINDOW
    shard = scale.ArrayShard(
        start, Windowed(f"{folder}/x", start, stop), Windowed(f"{folder}/{gradient}", start, stop)
    )  # fmt: skip
    limited()
    while True:
        name, arguments = pipe.recv()
        if name == "stop":
            return
        if name == "loss":
            found = np.array([sums(window) for _, window in shard.moved(*arguments)]).sum(axis=0)
            pipe.send(found.tolist())
        elif name == "hold":  # proof that the limit holds: the slice itself does not fit
            try:
                np.fromfile(f"{folder}/x", count=stop - start)
                pipe.send("it fits")
            except MemoryError:
                pipe.send("MemoryError")
        else:
            pipe.send(getattr(shard, name)(*arguments))


@dataclass(frozen=True, slots=True)
class Remote:
    """A shard on the other side of a pipe."""

    start: int
    stop: int
    pipe: Connection

    def ask(self, name: str, *arguments: Any) -> Any:
        self.pipe.send((name, arguments))
        return self.pipe.recv()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *arguments: self.ask(name, *arguments)


def coordinate(shapes: Mapping[str, int], remotes: Sequence[Remote]) -> Any:
    """The check, with no parameter in this process."""
    from gradverify.scale import Displacement, ShardedProblem, check_shards

    n = remotes[-1].stop

    def loss(displacement: Displacement) -> float:
        for remote in remotes:
            remote.pipe.send(("loss", (displacement,)))
        return loss_of([remote.pipe.recv() for remote in remotes], n)

    return check_shards(ShardedProblem(shapes, remotes, loss))


def write(folder: str, n: int) -> int:
    """The files x, right and wrong; the index where `wrong` is wrong."""
    rng, total = np.random.default_rng(0), 0.0
    with Path(folder, "x").open("wb") as file:
        for start in range(0, n, WINDOW):
            x = rng.standard_normal(min(WINDOW, n - start))
            total += float(np.tanh(x).sum())
            x.tofile(file)
    index = int(WRONG_AT * n)
    for name in ("right", "wrong"):
        with Path(folder, name).open("wb") as file:
            for start in range(0, n, WINDOW):
                x = Windowed(f"{folder}/x", 0, n)[start : min(start + WINDOW, n)]
                g = gradient_of(x, total, n)
                if name == "wrong" and start <= index < start + g.size:
                    g[index - start] *= -1
                g.tofile(file)
    return index


def in_shards(folder: str, gradient: str, n: int, pipe: Connection) -> None:
    """The coordinator's process: starts the workers, limits itself, checks, and tells what came of it."""
    context = multiprocessing.get_context("spawn")
    cuts = [n * i // MACHINES for i in range(MACHINES + 1)]
    remotes, processes = [], []
    for start, stop in itertools.pairwise(cuts):
        near, far = context.Pipe()
        process = context.Process(target=work, args=(far, folder, gradient, start, stop), daemon=True)
        process.start()
        remotes.append(Remote(start, stop, near))
        processes.append(process)
    held = {remote.ask("hold") for remote in remotes}
    import gradverify_finite_difference.backend  # noqa: F401 - loaded before memory is counted

    limited()
    started = time.perf_counter()
    report = coordinate({"w": n}, remotes)
    seconds = time.perf_counter() - started
    for remote, process in zip(remotes, processes, strict=True):
        remote.pipe.send(("stop", ()))
        process.join()
    pipe.send(
        (report.verdict.value, [w.label for w in report.wrong_components], report.evaluations, seconds, sorted(held))
    )


def in_one_piece(folder: str, gradient: str, n: int) -> tuple[str, list[str]]:
    """The same check by `gradverify.check`, with everything in this process's memory."""
    import gradverify

    x, g = np.fromfile(f"{folder}/x"), np.fromfile(f"{folder}/{gradient}")

    def loss(w: Any) -> float:
        return loss_of([sums(part) for part in np.array_split(w, n // WINDOW + 1)], n)

    report = gradverify.check(
        loss, lambda _w: g, at=x, backends=["finite-difference"], variables={"w": (n,)}, search=False
    )  # fmt: skip
    return report.result.verdict.value, [c.label for c in report.result.wrong_components]


def print_shards(n: int) -> None:
    """The table: each claim in shards and in one piece."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        index = write(folder, n)
        print(
            f"{n:,} parameters ({8 * n / 2**20:.0f} MB each for x and g) on {MACHINES} processes; each, and the"
            f" coordinator, may use {MORE / 2**20:.0f} MB beyond the interpreter and its libraries. The wrong claim is"
            f" wrong at w[{index}].\n"
        )
        print(
            "| claim | in shards | wrong | evaluations | time | reading its slice at once | in one piece | wrong |\n"
            "|---|---|---|---|---|---|---|---|"
        )
        for gradient in ("right", "wrong"):
            near, far = context.Pipe()
            process = context.Process(target=in_shards, args=(folder, gradient, n, far))
            process.start()
            far.close()  # so that a coordinator that dies is noticed
            verdict, wrong, evaluations, seconds, held = near.recv()
            process.join()
            other, other_wrong = in_one_piece(folder, gradient, n)
            print(
                f"| {gradient} | {verdict} | {', '.join(wrong)} | {evaluations} | {seconds:.1f} s | {', '.join(held)} |"
                f" {other} | {', '.join(other_wrong)} |",
                flush=True,
            )
    print()
