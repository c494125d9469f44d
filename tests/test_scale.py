"""A gradient in shards comes to the verdict of the same gradient in one piece, and no shard is ever held whole."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import gradverify
from gradverify import scale
from gradverify.core.arrays import Vector
from gradverify.core.verdicts import Verdict
from gradverify.scale import ArrayShard, Displacement, ShardedProblem, ShardedReport, check_shards

N = 200_000
SHAPES = {"b": (100,), "w": (199, 1000), "c": (900,)}
CUTS = (0, 50, 70_001, 150_000, N)


class Windowed:
    """A vector in a file, of which slices are mapped for as long as they are used; remembers the longest."""

    def __init__(self, path: Path, start: int, stop: int) -> None:
        self.path, self.start, self.stop = path, start, stop
        self.longest = 0

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, part: slice) -> Vector:
        count = part.stop - part.start
        self.longest = max(self.longest, count)
        found: Vector = np.memmap(self.path, np.float64, "r", 8 * (self.start + part.start), (count,))
        return found


def f_of(parts: Sequence[tuple[float, float]]) -> float:
    """From the sums over slices of tanh x and of log(1 + x²): both whole sums, coupled by a square."""
    return sum(b for _, b in parts) + 1e-3 * sum(a for a, _ in parts) ** 2


def sums(x: Vector) -> tuple[float, float]:
    return float(np.tanh(x).sum()), float(np.log1p(x * x).sum())


def whole(b: Vector, w: Vector, c: Vector) -> float:
    return f_of([sums(part) for part in (b, w, c)])


def whole_gradient(b: Vector, w: Vector, c: Vector) -> list[Vector]:
    parts = np.split(gradient(np.concatenate([b, w.ravel(), c])), [100, 199_100])
    return [part.reshape(shape) for part, shape in zip(parts, SHAPES.values(), strict=True)]


def gradient(x: Vector) -> Vector:
    t = np.tanh(x)
    g: Vector = 2 * x / (1 + x * x) + 2e-3 * t.sum() * (1 - t * t)
    return g


@pytest.fixture
def x() -> Vector:
    return np.random.default_rng(0).normal(size=N)


def sharded(x: Vector, g: Vector, folder: Path) -> tuple[ShardedReport, list[ArrayShard]]:
    x.tofile(folder / "x")
    g.tofile(folder / "g")
    shards = [
        ArrayShard(a, Windowed(folder / "x", a, b), Windowed(folder / "g", a, b)) for a, b in itertools.pairwise(CUTS)
    ]

    def loss(displacement: Displacement) -> float:
        return f_of([sums(window) for shard in shards for _, window in shard.moved(displacement)])

    return check_shards(ShardedProblem(SHAPES, shards, loss)), shards


def test_a_right_gradient_in_shards_passes_as_it_does_in_one_piece(
    x: Vector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scale, "WINDOW", 10_000)
    found, shards = sharded(x, gradient(x), tmp_path)
    assert (found.verdict, found.reason) == (Verdict.PASS, None)
    assert "random directions only" in found.notes[0]
    assert all(one.longest <= 10_000 for s in shards for one in (s.x, s.g) if isinstance(one, Windowed))
    one_piece = gradverify.check(whole, whole_gradient, at=x, variables=SHAPES, backends=["finite-difference"])
    assert one_piece.result.verdict is found.verdict
    (check,) = [c for c in one_piece.result.checks if c.backend]
    told = check.details["projections"][0]["directions"]
    ours = [c.projection.claimed / c.direction.length for c in found.comparison.directions]
    assert [d["claimed"] for d in told] == pytest.approx(ours, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("index", "label"), [(7, "∂f/∂b[7]"), (70_001, "∂f/∂w[69, 901]"), (N - 1, "∂f/∂c[899]")])
def test_a_wrong_component_is_named_in_whichever_shard_it_is(x: Vector, tmp_path: Path, index: int, label: str) -> None:
    g = gradient(x)
    g[index] *= -1
    found, _ = sharded(x, g, tmp_path)
    assert found.verdict is Verdict.FAIL
    (wrong,) = found.wrong_components
    assert (wrong.label, wrong.index) == (label, index)
    assert abs(wrong.reference + wrong.claimed) < 1e-3 * abs(wrong.claimed)


def test_a_component_that_is_not_finite_fails_in_a_shard(x: Vector, tmp_path: Path) -> None:
    g = gradient(x)
    g[123_456] = np.nan
    found, _ = sharded(x, g, tmp_path)
    assert found.verdict is Verdict.FAIL
    assert "∂f/∂w[123, 356]" in str(found.reason)


def test_a_loss_that_is_not_finite_is_an_error() -> None:
    shard = ArrayShard(0, np.ones(1000), np.ones(1000))
    found = check_shards(ShardedProblem({"w": 1000}, [shard], lambda _: float("nan")))
    assert found.verdict is Verdict.ERROR


def test_shards_with_a_gap_between_them_are_refused() -> None:
    shards = [ArrayShard(0, np.ones(10), np.ones(10)), ArrayShard(11, np.ones(9), np.ones(9))]
    with pytest.raises(ValueError, match="begins at component 11, the one before it ends at 10"):
        ShardedProblem({"w": 20}, shards, lambda _: 0.0)


def test_an_unknown_backend_is_refused_by_name() -> None:
    shard = ArrayShard(0, np.ones(1000), np.ones(1000))
    with pytest.raises(ValueError, match="finite-differences"):
        check_shards(ShardedProblem({"w": 1000}, [shard], lambda _: 0.0), backend="finite-differences")


def test_the_example_of_the_page_passes(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[1] / "docs" / "SCALE.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(compile(example, "SCALE.md", "exec"), {})
    assert "random directions only" in capsys.readouterr().out
