"""A gradient whose parameters no machine can hold: shards with a slice each, and one coordinator that sees sums.

A *shard* has a slice of the parameters x and of the claimed gradient g, as anything that can be sliced into arrays. It
answers with sums over its slice, and moves its slice along random directions whose signs it makes itself. The
coordinator adds the sums up, asks for the loss at x + t v, and decides. What travels is a `Displacement`, which is
plain data, and a few numbers back. docs/SCALE.md has the whole story and what it costs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from gradverify.core.answers import Answer
from gradverify.core.arrays import Vector
from gradverify.core.estimates import DoesNotApply
from gradverify.core.judge import Code
from gradverify.core.problem import Derivative, Domain, Precision, Problem, Request, Tolerance, one_line
from gradverify.core.projection import space, words
from gradverify.core.projection.compare import Comparison, Rules, compare
from gradverify.core.projection.directions import Direction, sizes
from gradverify.core.projection.reduced import Along, Means
from gradverify.core.projection.space import Block, Entry, Magnitudes, Summary
from gradverify.core.usable import check_estimates
from gradverify.core.variables import Shape, Variables
from gradverify.core.verdicts import Verdict

WINDOW = 1 << 22  # components that a shard has in memory at a time: 32 MB of each vector
ROUND_OFF_UNITS = 64.0  # of each claimed component, where the claim cannot be evaluated anew to measure its round-off


class Sliceable(Protocol):
    """A long vector of doubles: an array, a memory map, or anything that reads its slices from somewhere."""

    def __len__(self) -> int:
        """How many components it has."""

    def __getitem__(self, part: slice, /) -> Vector:
        """A slice of it as an array of float64."""


@dataclass(frozen=True, slots=True)
class Displacement:
    """A step from x: t times a direction. Plain data; `blocks` say how large each component's part of it is."""

    blocks: tuple[Block, ...]
    direction: Direction
    t: float


class Shard(Protocol):
    """What the coordinator asks of each machine; `blocks` are always those of the whole problem."""

    @property
    def start(self) -> int:
        """The index of its first component."""

    @property
    def stop(self) -> int:
        """One more than the index of its last component."""

    def magnitudes(self, blocks: Sequence[Block]) -> Sequence[Magnitudes]:
        """What x comes to on its part of each block."""

    def summaries(self, blocks: Sequence[Block]) -> Sequence[Summary]:
        """What g comes to on its part of each block."""

    def smaller(self, block: Block, threshold: float) -> int:
        """How many of its components of a block have s_i · |g_i| < threshold."""

    def products(self, blocks: Sequence[Block], directions: Sequence[Direction]) -> Sequence[float]:
        """Its part of g · v for each direction."""

    def entry(self, blocks: Sequence[Block], index: int) -> Entry:
        """One of its components."""


@dataclass(frozen=True, slots=True)
class ArrayShard:
    """A shard of slices of x and g, which begin at component `start`. Works on WINDOW components at a time."""

    start: int
    x: Sliceable
    g: Sliceable

    @property
    def stop(self) -> int:
        """One more than the index of its last component."""
        return self.start + len(self.x)

    def magnitudes(self, blocks: Sequence[Block]) -> list[Magnitudes]:
        """What x comes to on its part of each block."""
        return [
            sum((space.magnitudes(self._x(a, b)) for a, b in self._windows(block)), Magnitudes()) for block in blocks
        ]

    def summaries(self, blocks: Sequence[Block]) -> list[Summary]:
        """What g comes to on its part of each block."""
        return [
            sum(
                (space.summarise(self._x(a, b), self._g(a, b), block.scale, a) for a, b in self._windows(block)),
                Summary(),
            )
            for block in blocks
        ]

    def smaller(self, block: Block, threshold: float) -> int:
        """How many of its components of a block have s_i · |g_i| < threshold."""
        return sum(
            space.count_smaller(self._x(a, b), self._g(a, b), block.scale, threshold, a)
            for a, b in self._windows(block)
        )

    def products(self, blocks: Sequence[Block], directions: Sequence[Direction]) -> list[float]:
        """Its part of g · v for each direction."""
        totals = np.zeros(len(directions))
        for block in blocks:
            for a, b in self._windows(block):
                if any(d.within(a, b) for d in directions):
                    totals += space.partial_products(self._x(a, b), self._g(a, b), directions, block.scale, a)
        found: list[float] = totals.tolist()
        return found

    def entry(self, blocks: Sequence[Block], index: int) -> Entry:
        """One of its components."""
        block = next(b for b in blocks if b.start <= index < b.stop)
        x, g = self._x(index, index + 1), self._g(index, index + 1)
        size = sizes(x, block.scale)[0]
        return Entry(float(x[0]), float(g[0]), float(size))

    def moved(self, displacement: Displacement) -> Iterator[tuple[int, Vector]]:
        """Its slice of x + t v, window by window: the index of the first component, and a fresh array."""
        for block in displacement.blocks:
            for a, b in self._windows(block):
                yield a, space.moved(self._x(a, b), displacement.direction, displacement.t, block.scale, a)

    def _windows(self, block: Block) -> Iterator[tuple[int, int]]:
        first, last = max(self.start, block.start), min(self.stop, block.stop)
        for a in range(first, last, WINDOW):
            yield a, min(a + WINDOW, last)

    def _x(self, a: int, b: int) -> Vector:
        return np.asarray(self.x[a - self.start : b - self.start], dtype=np.float64)

    def _g(self, a: int, b: int) -> Vector:
        return np.asarray(self.g[a - self.start : b - self.start], dtype=np.float64)


Loss = Callable[[Displacement], float]


class ShardedProblem:
    """A claimed gradient in shards, and the loss at x + t v, which every machine helps to compute.

    variables: name → shape, in the order of the components.  shards: together all components, in order.
    loss: takes a `Displacement`; what it does with it, such as handing it to each machine, is its own affair.
    Raises `ValueError` where the shards are not all components, one after the other.
    """

    def __init__(self, variables: Mapping[str, int | Sequence[int]], shards: Sequence[Shard], loss: Loss) -> None:
        shapes: list[tuple[str, Shape]] = [
            (name, (shape,) if isinstance(shape, int) else tuple(shape)) for name, shape in variables.items()
        ]
        self.variables = Variables.of(shapes)
        self.shards, self.loss = tuple(shards), loss
        ends = [0, *(shard.stop for shard in shards)]
        for end, shard in zip(ends, shards, strict=False):
            if shard.start != end:
                raise ValueError(f"a shard begins at component {shard.start:,}, the one before it ends at {end:,}")
        if ends[-1] != self.variables.size:
            raise ValueError(f"the shards have {ends[-1]:,} components, the variables {self.variables.size:,}")
        bare = space.blocks_of([(v.name, v.size) for v in self.variables])
        parts = [shard.magnitudes(bare) for shard in self.shards]
        found = space.scales([sum(of_block, Magnitudes()) for of_block in zip(*parts, strict=True)])
        self.blocks = tuple(replace(b, scale=s) for b, s in zip(bare, found, strict=True))
        summed = [shard.summaries(self.blocks) for shard in self.shards]
        self._summaries = dict(
            zip(self.blocks, [sum(of_block, Summary()) for of_block in zip(*summed, strict=True)], strict=True)
        )
        self.evaluations = 0

    def summary(self, block: Block) -> Summary:
        """What g comes to on a block."""
        return self._summaries[block]

    def smaller(self, block: Block, threshold: float) -> int:
        """How many components of the block have s_i · |g_i| < threshold."""
        return sum(shard.smaller(block, threshold) for shard in self.shards)

    def products(self, directions: Sequence[Direction]) -> Vector:
        """g · v for each direction: the sum of the shards' parts."""
        parts = [shard.products(self.blocks, directions) for shard in self.shards]
        return np.array([math.fsum(of_one) for of_one in zip(*parts, strict=True)])

    def value(self, direction: Direction, t: float) -> float:
        """The loss at x + t v."""
        self.evaluations += 1
        return float(self.loss(Displacement(self.blocks, direction, t)))

    def entry(self, index: int) -> Entry:
        """One component, from the shard that has it."""
        shard = next(s for s in self.shards if s.start <= index < s.stop)
        return shard.entry(self.blocks, index)

    def noise(self, directions: Sequence[Direction]) -> Vector:
        """How far the claim's own round-off moves each g · v, from a few units of each component's."""
        sizes = np.zeros(len(directions))
        for i, direction in enumerate(directions):
            within = [b for b in self.blocks if direction.within(b.start, b.stop)]
            sizes[i] = direction.length * math.sqrt(sum(self.summary(b).norm2 for b in within))
        return ROUND_OFF_UNITS * Precision.FLOAT64.epsilon * sizes

    def round_off(self, index: int) -> float:
        """How far the claim's own round-off moves one component."""
        return ROUND_OFF_UNITS * Precision.FLOAT64.epsilon * abs(self.entry(index).claimed)


@dataclass(frozen=True, slots=True)
class WrongComponent:
    """A component of the claim that is wrong: its label, such as ∂f/∂W[3, 4], its flat index and what it should be."""

    label: str
    index: int
    claimed: float
    reference: float
    error_bound: float


@dataclass(frozen=True, slots=True)
class ShardedReport:
    """What came of checking a sharded gradient.

    reason: why it is no pass.  notes: which faults would have been seen.  evaluations: of the loss.
    """

    verdict: Verdict
    reason: str | None
    wrong_components: tuple[WrongComponent, ...]
    notes: tuple[str, ...]
    evaluations: int
    comparison: Comparison

    @property
    def passed(self) -> bool:
        """Whether the claim agrees along all directions."""
        return self.verdict is Verdict.PASS


def check_shards(
    problem: ShardedProblem, *, tolerance: float = 1e-6, backend: str | None = None, seed: int = 0
) -> ShardedReport:
    """Compare the claimed gradient of `problem` with its loss along random directions; evidence `projected`.

    tolerance: relative, as for `gradverify.check`.  backend: who estimates slopes of the loss; by default the first
    that can.  Raises `ValueError` where no backend can.
    """
    asked, name = _asker(backend)
    rest = Direction(seed, 0, ((0, 0),))
    value = problem.value(rest, 0.0)
    if not math.isfinite(value):
        nothing = Comparison()
        return ShardedReport(Verdict.ERROR, f"the loss is {value} at the point itself", (), (), 1, nothing)
    means = Means(name, asked, "sharded", Precision.FLOAT64, seed)
    found = compare(problem, value, Rules(Tolerance(tolerance), means))
    wrong = tuple(
        WrongComponent(_label(problem, part.index), part.index, part.claimed, part.reference, part.bound)
        for part in found.wrong
    )
    verdict = {Code.PASS: Verdict.PASS, Code.FAIL: Verdict.FAIL}.get(found.code, Verdict.INCONCLUSIVE)
    if found.not_finite:
        verdict = Verdict.FAIL
    reason = words.why(found, lambda index: _label(problem, index))
    return ShardedReport(verdict, reason, wrong, tuple(words.seen(found)), problem.evaluations, found)


def _label(problem: ShardedProblem, index: int) -> str:
    return f"∂f/∂{problem.variables.component_name(index)}"


def _asker(wanted: str | None) -> tuple[Callable[[str, Problem, Request], Answer], str]:
    """Something to ask backends with, and the backend to ask."""
    from gradverify.plugins import load_plugins  # which looks at what is installed

    plugins = load_plugins()
    if wanted is not None and wanted not in plugins.backends:
        raise ValueError(plugins.why_missing(wanted))

    def ask(name: str, problem: Problem, request: Request) -> Answer:
        registered = plugins.backends[name]
        try:
            estimates = registered.value.estimate(problem, request)
        except DoesNotApply as refusal:
            return Answer(name, not_applicable=str(refusal))
        except Exception as error:  # noqa: BLE001 - a plugin's fault, whatever it is, is named and no crash
            return Answer(name, broken=f"{registered.origin} raised {one_line(error)}")
        fault = check_estimates(problem, request, estimates)
        if fault is not None:
            return Answer(name, broken=f"{registered.origin} returned rubbish: {fault}")
        return Answer(name, estimates)

    sample = _sample()
    able = [name for name, one in plugins.backends.items() if one.value.why_not(sample) is None]
    chosen = [name for name in able if wanted in (None, name)]
    if not chosen:
        which = f"`{wanted}`" if wanted else "no installed backend"
        raise ValueError(f"{which} cannot estimate the slope of a function that is only given by its values")
    return ask, chosen[0]


def _sample() -> Problem:
    """A problem of the kind that backends are asked about."""

    class Nothing:
        blocks = ()

    return Problem(
        name="sample", derivative=Derivative.GRADIENT, variables=Variables.of([("t", (1,))]),
        function=Along(Nothing(), (), np.zeros(1)), domain=Domain.everywhere(1),  # type: ignore[arg-type]
    )  # fmt: skip
