"""A claimed gradient with very many components against one backend, along random directions.

1. The components are put into at most MOST_GROUPS groups by how much f changes with them, so that no small block of
   parameters is compared only in the shadow of a huge one; each group has directions of its own.
2. For each group the backend is asked for f's slope along one direction, then along the others, and each is judged.
3. Where one differs from g · v, group testing finds components that may be to blame, the backend is asked about each of
   them alone, and it is judged like any component. What is found wrong is put right, and the comparison goes on. A
   fault that rough differences show clearly is looked for before the backend is asked for anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from gradverify.core.estimates import Note
from gradverify.core.judge import Code, judge
from gradverify.core.problem import Tolerance
from gradverify.core.projection.directions import Direction, Ranges, sign
from gradverify.core.projection.judge import Projection, judge_projection
from gradverify.core.projection.locate import CLEAR, STEP, Locator, Suspect, most_tests, noise_of
from gradverify.core.projection.reduced import Means, slopes_along
from gradverify.core.projection.space import Block, Space, Summary

# Sixteen directions hide a fault that is large enough to be seen with probability 2⁻¹⁶ = 1.5e-5.
DIRECTIONS = 16
# Evaluations of f for all directions at one point, where the spec has no budget: two for each direction of MOST_GROUPS
# groups, and some to spare for those that need a second look.
EVALUATIONS = 90
MOST_GROUPS = 4
GROUP_EVALUATIONS = 72  # those that are planned for; with more groups each has fewer directions
FEWEST_DIRECTIONS = 6
# A block stays in a group while a fault of this part of its typical component would show beside the group's tolerance.
SHOWN = 0.1
MOST_LOCATED = 8  # wrong components that are looked for at one point; more are a fault of the whole, not of components
FAULTS_PAID = 4  # as many may be far from one another; neighbours cost next to nothing
LOCATING = 24  # evaluations for one of them beyond the halving: steps to choose from, and the component's own estimate
ROUND_OFF_UNITS = 64.0  # of g · v, in units of ε · ‖v∘g‖₂; see `partial_product`
# A difference above this part of ‖v∘g‖₂ is no round-off of the claim, which then need not be measured.
ROUND_OFF_LIMIT = 1e-5
# The search before any backend is asked takes a larger difference for a fault at once: it costs less than the claim's
# round-off, which is measured by evaluating the claim again and again.
CLAIM_NOISE = 1e-8  # of ‖v∘g‖₂
NOISE = 4.0  # units of round-off in a value of f
BENDING = 8  # evaluations without which it is not worth finding out how much f bends: four, and a direction
BEND_RATIO = 16.0  # between the two steps that tell curvature, which shrinks by its square, from a kink
SMOOTH = 2.0  # by which the even part may exceed that of a parabola
LITTLE = (
    1e-3 / 4
)  # of the slope that a bend may be, for a backend to take f for smooth: what quick looks ask, and a margin
PILOT = 60  # evaluations that the first direction of a group may take: those of a whole ladder of steps
LONGEST, SHORTEST = 1e3, 1.0  # times the components' own sizes: see `natural_length`
APART = 4.0  # the step that confirms a component differs by this factor at least from the one that found it
# A fault of more than this part of the component is no round-off of the claim, which then need not be measured.
SMALL_FAULT = 1e-2
CONFIRMED = 0.1  # of a component's fault: what its own reference must be good for


@dataclass(frozen=True)
class Group:
    """Blocks that are compared along the same directions, and what the claim comes to on them."""

    number: int
    blocks: tuple[Block, ...]
    summaries: tuple[Summary, ...]

    @cached_property
    def ranges(self) -> Ranges:
        """Their components; adjacent blocks are joined."""
        joined: list[tuple[int, int]] = []
        for block in sorted(self.blocks, key=lambda b: b.start):
            if joined and joined[-1][1] == block.start:
                joined[-1] = (joined[-1][0], block.stop)
            else:
                joined.append((block.start, block.stop))
        return tuple(joined)

    @cached_property
    def summary(self) -> Summary:
        """Of all its blocks."""
        return sum(self.summaries, Summary())

    @cached_property
    def norm(self) -> float:
        """‖s∘g‖₂."""
        return float(np.sqrt(self.summary.norm2))


def rms(summary: Summary) -> float:
    """The typical |s_i g_i| of a block: by how much f changes with one of its components."""
    return float(np.sqrt(summary.norm2 / summary.count)) if summary.count else 0.0


def grouped(blocks: Sequence[Block], summaries: Sequence[Summary], relative: float) -> tuple[Group, ...]:
    """The groups, largest components first."""
    order = sorted(zip(blocks, summaries, strict=True), key=lambda pair: -rms(pair[1]))
    groups: list[list[tuple[Block, Summary]]] = []
    norm2 = 0.0
    for block, summary in order:
        hidden = SHOWN * rms(summary) < relative * np.sqrt(norm2 + summary.norm2) and rms(summary) > 0
        if not groups or (hidden and len(groups) < MOST_GROUPS):
            groups.append([])
            norm2 = 0.0
        groups[-1].append((block, summary))
        norm2 += summary.norm2
    return tuple(
        Group(number, tuple(b for b, _ in part), tuple(s for _, s in part)) for number, part in enumerate(groups)
    )


@dataclass(frozen=True, slots=True)
class Compared:
    """One direction, and what came of it."""

    direction: Direction
    group: int
    projection: Projection
    code: Code


@dataclass(frozen=True, slots=True)
class Located:
    """A component that was looked at by itself."""

    index: int
    claimed: float
    reference: float
    bound: float
    code: Code


@dataclass(frozen=True, slots=True)
class Seen:
    """What the directions say of one group. Sizes are in the unit of f: a component's fault times its s_i.

    unseen: faults up to this size are not ruled out.  typical: the root mean square of s_i · claimed_i.
    smallest: that of the block with the smallest ones.  hidden: components smaller than `unseen`: these could be wrong
    altogether without being seen.
    """

    names: tuple[str, ...]
    components: int
    directions: int
    unseen: float
    typical: float
    smallest: float
    hidden: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that came of one point."""

    directions: tuple[Compared, ...] = ()
    located: tuple[Located, ...] = ()
    seen: tuple[Seen, ...] = ()
    notes: tuple[Note, ...] = ()
    evaluations: int = 0  # of f, for the directions
    locating: int = 0  # of f, for finding and confirming components
    not_moved: int = 0  # components on an end of their domain
    not_finite: int = 0  # components whose claim is NaN or infinite
    first_not_finite: int | None = None
    undecided: int = 0  # directions whose slope could not be told
    broken: str | None = None  # why there is no comparison

    @property
    def wrong(self) -> tuple[Located, ...]:
        """The components that were judged wrong."""
        return tuple(part for part in self.located if part.code == Code.FAIL)

    @property
    def code(self) -> Code:
        """Pass, fail or inconclusive for the point."""
        if self.wrong or any(c.code == Code.FAIL for c in self.directions):
            return Code.FAIL
        everything = bool(self.seen) and all(seen.directions for seen in self.seen)
        if (
            everything
            and not self.not_moved
            and not self.undecided
            and all(c.code == Code.PASS for c in self.directions)
        ):
            return Code.PASS
        return Code.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class Rules:
    """What a comparison is held to."""

    tolerance: Tolerance
    means: Means
    budget: int | None = None  # evaluations of f at this point; None: EVALUATIONS

    @property
    def evaluations(self) -> int:
        """The budget for the directions."""
        return EVALUATIONS if self.budget is None else self.budget


def compare(space: Space, value: float, rules: Rules) -> Comparison:
    """Compare the claim of `space` with slopes of f; `value` is f(x)."""
    summaries = [space.summary(block) for block in space.blocks]
    whole = sum(summaries, Summary())
    if whole.not_finite:
        return Comparison(not_finite=whole.not_finite, first_not_finite=whole.first)
    groups = grouped(space.blocks, summaries, rules.tolerance.relative)
    work = _Work(space, value, rules, groups)
    each = min(DIRECTIONS, max(FEWEST_DIRECTIONS, GROUP_EVALUATIONS // (2 * len(groups))))
    for place, group in enumerate(groups, start=1):
        work.bend(group)
        work.search_at_once(group)
        work.look([work.direction(group, 0)], PILOT)
        if work.worth_more(group):
            # What is left of its share: a group that is hard to tell must not cost the others their directions.
            share = rules.evaluations * place // len(groups) - work.spent
            work.look([work.direction(group, number) for number in range(1, each)], share)
    return work.concluded(whole)


@dataclass(slots=True)
class _Work:
    """One comparison while it is being made."""

    space: Space
    value: float
    rules: Rules
    groups: tuple[Group, ...]
    compared: list[tuple[Direction, int, Projection]] = field(default_factory=list)
    located: list[Located] = field(default_factory=list)
    corrections: dict[int, float] = field(default_factory=dict)  # component → (claimed − reference) · s
    notes: dict[str, Note] = field(default_factory=dict)
    centre: float | None = None
    spent: int = 0
    locating: int = 0
    broken: str | None = None
    undecided: int = 0  # directions whose slope could not be told
    exhausted: bool = False  # the search for components has come to its end
    steepness: dict[int, float] = field(default_factory=dict)  # by group: how much of a slope is added; see `bend`
    slopes: dict[int, dict[float, float]] = field(default_factory=dict)  # by group and step: rough, along direction 0

    def direction(self, group: Group, number: int) -> Direction:
        """The group's direction of that number."""
        length = natural_length(self.value, group.norm)
        key = group.number * 2**32 + number
        return Direction(self.rules.means.seed, key, group.ranges, min(length, self.rules.means.farthest))

    def bend(self, group: Group) -> None:
        """Find out how much f bends along a direction, and how much of a slope has to be added for its sake.

        All components bend f the same way, while their slopes cancel: with n of them the curvature is about √n times
        as large beside the slope as with one. To backends that makes f look kinked. It is not, if the part of f that
        is even in t shrinks like t²: a kink's shrinks like t.
        """
        if self.rules.evaluations - self.spent < BENDING or not group.norm > 0:
            return
        direction = self.direction(group, 0)
        even = []
        for step in (STEP, STEP / BEND_RATIO):
            up, down = self.space.value(direction, step), self.space.value(direction, -step)
            even.append(abs(up - self.value + (down - self.value)))
            self.spent += 2
            self.slopes.setdefault(group.number, {})[step] = (up - down) / (2 * step)
        noise = 4 * NOISE * self.rules.means.precision.epsilon * abs(self.value)
        if even[1] <= SMOOTH * even[0] / BEND_RATIO**2 + noise:
            self.steepness[group.number] = max(1.0, even[0] / STEP / (LITTLE * group.norm * direction.length))

    def search_at_once(self, group: Group) -> None:
        """Look for wrong components before any backend is asked, where the differences of `bend` show a fault clearly.

        Slopes along a direction that differs would climb whole ladders of steps, to be told again once the components
        to blame have been put right. What is found here is a suspicion all the same, and confirmed as always; where it
        comes to nothing, the backend is asked as if nothing had been looked for.
        """
        slopes = self.slopes.get(group.number)
        if slopes is None:
            return
        direction = self.direction(group, 0)
        claimed = self.claimed(direction)
        locator = self._locator(direction, 2 * most_tests(direction.size) + LOCATING)
        suspects: Iterable[Suspect] = ()
        for step, other in ((STEP, STEP / BEND_RATIO), (STEP * BEND_RATIO, STEP)):
            if step not in slopes:
                slopes[step] = locator.slope(step)
            gap = claimed - slopes[step]
            locator.step, locator.error = step, abs(slopes[step] - slopes[other]) + self._noise(step)
            if abs(gap) > 2 * CLEAR * locator.error:
                if not self._is_round_off(direction, gap, group.norm):
                    suspects = locator.follow(gap, locator.error)
                break
            # A longer step shows what hides behind round-off, as long as no curvature does.
            hidden = abs(gap) > 2 * self._noise(step) and locator.error <= self._noise(step) + self._noise(other)
            if not (hidden and step * BEND_RATIO * direction.length < locator.farthest):
                break
        self._confirm_all(direction, locator, suspects)

    def _noise(self, step: float) -> float:
        return noise_of(self.value, self.rules.means.precision.epsilon, step)

    def _is_round_off(self, direction: Direction, gap: float, norm: float) -> bool:
        """Whether the claim's own round-off may be all that makes up `gap`."""
        if not abs(gap) <= CLAIM_NOISE * norm * direction.length:
            return False
        return abs(gap) <= float(self.space.noise([direction])[0])

    def worth_more(self, group: Group) -> bool:
        """Whether more directions could tell more than the first one: not where its bound was too wide to decide."""
        own = [p for _, number, p in self.compared if number == group.number]
        return any(p.suspicious or judge_projection(p, self.rules.tolerance) == Code.PASS for p in own)

    def look(self, directions: list[Direction], budget: int) -> None:
        """Ask for the slopes along `directions`; where they differ, look for the components to blame and ask again.

        budget: evaluations for them, as far as those of the whole comparison go.
        """
        pending = directions
        while pending and self.broken is None:
            undecided = self._ask(pending, min(budget, self.rules.evaluations - self.spent))
            if undecided and self._suspicious() is None:
                # They differ at a quick look, and nothing was left for a closer one: one of them gets it all the same.
                before = self.spent
                undecided = self._ask(undecided[:1], PILOT) + undecided[1:]
                self.locating += self.spent - before
                self.spent = before
            worst = self._suspicious()
            if worst is None or not self._locate(*worst):
                self.undecided += len(undecided)
                break
            pending = undecided

    def _ask(self, directions: list[Direction], left: int) -> list[Direction]:
        """Enter what comes of `directions`; those that got no slope for want of evaluations are returned."""
        affordable = directions[: max(0, (left - 2) // 2)]
        if not affordable:
            return []
        claimed = self.space.products(affordable) - np.array([self._correction(d) for d in affordable])
        norms = np.array([self._group(d).norm * d.length for d in affordable])
        steep = max(self.steepness.get(self._group(d).number, 1.0) for d in affordable)
        slopes = slopes_along(
            self.space, affordable, claimed, steep * norms, self.rules.tolerance.relative / steep, self.rules.means,
            left, self.centre,
        )  # fmt: skip
        self.spent += slopes.evaluations
        self.broken = slopes.broken
        self.centre = self.value
        for note in slopes.notes:
            self.notes.setdefault(note.message, replace(note, components=()))
        without = []
        for i, direction in enumerate(affordable):
            if not np.isfinite(slopes.bounds[i]):
                without.append(direction)
                continue
            group = self._group(direction)
            norm, summary = float(norms[i]), group.summary
            projection = Projection(
                claimed=float(claimed[i]), value=float(slopes.values[i]), bound=float(slopes.bounds[i]),
                round_off=max(ROUND_OFF_UNITS * self.rules.means.precision.epsilon * norm, self._slack(direction)),
                norm=norm,
                reach=float(np.sqrt(summary.reach2)) * direction.length,
                total=summary.norm1 * direction.length,
            )  # fmt: skip
            self.compared.append((direction, group.number, projection))
        return without

    def claimed(self, direction: Direction) -> float:
        """g · v, with the components that were found wrong put right."""
        return float(self.space.products([direction])[0]) - self._correction(direction)

    def _correction(self, direction: Direction) -> float:
        return sum(
            direction.length * sign(direction, index) * fault
            for index, fault in self.corrections.items()
            if direction.within(index, index + 1)
        )

    def _group(self, direction: Direction) -> Group:
        return self.groups[direction.number >> 32]

    def _suspicious(self) -> tuple[Direction, Projection] | None:
        """The direction that differs most, the claim's own round-off taken into account."""
        self._measure_round_off()
        found = [(d, p) for d, _, p in self.compared if p.suspicious and np.isfinite(p.gap)]
        return max(found, key=lambda pair: pair[1].gap / (pair[1].bound + pair[1].round_off), default=None)

    def _measure_round_off(self) -> None:
        small = [i for i, (_, _, p) in enumerate(self.compared) if p.suspicious and p.gap <= ROUND_OFF_LIMIT * p.norm]
        if not small:
            return
        noise = self.space.noise([self.compared[i][0] for i in small])
        for i, level in zip(small, noise, strict=True):
            direction, group, p = self.compared[i]
            self.compared[i] = (direction, group, replace(p, round_off=max(p.round_off, float(level))))

    def _locate(self, direction: Direction, projection: Projection) -> bool:
        """Look for wrong components along `direction`; whether one was found that explains some of the difference."""
        if self.exhausted or len(self.located) >= MOST_LOCATED:
            return False
        budget = FAULTS_PAID * (2 * most_tests(direction.size) + LOCATING) - self.locating
        locator = self._locator(direction, budget)
        gap, bound = projection.claimed - projection.value, projection.bound + projection.round_off
        found = self._confirm_all(direction, locator, locator.suspects(gap, bound))
        self.exhausted = not found
        if found:
            self._correct()
        return found

    def _locator(self, direction: Direction, budget: int) -> Locator:
        return Locator(
            self.space, direction, self.claimed, self.value, self.rules.means.precision.epsilon, budget,
            self.rules.means.farthest,
        )  # fmt: skip

    def _confirm_all(self, direction: Direction, locator: Locator, suspects: Iterable[Suspect]) -> bool:
        """Confirm the components that `locator` comes upon, one by one; whether any was found wrong."""
        found = False
        known = set(self.corrections)
        for suspect in suspects:
            if suspect.index in known or len(self.located) >= MOST_LOCATED:
                break
            if self._confirm(direction, suspect):
                found = True
        self.locating += locator.evaluations
        return found

    def _confirm(self, along: Direction, suspect: Suspect) -> bool:
        """Ask for the component's own derivative and judge it; whether its claim differs from it."""
        entry = self.space.entry(suspect.index)
        if not entry.size > 0:
            return False
        signed = sign(along, suspect.index)
        expected = entry.claimed * entry.size - signed * suspect.gap / along.length  # of the true derivative, times s
        expected -= self.corrections.get(suspect.index, 0.0)
        length = natural_length(self.value, abs(expected))
        # A reference that is held against what a difference with the same step has shown would agree with its error.
        if along.length / APART < length < along.length * APART:
            length = along.length * 2 * APART
        length = min(length, self.rules.means.farthest)
        alone = replace(along, ranges=((suspect.index, suspect.index + 1),), length=length)
        fault = abs(suspect.gap / along.length)
        relative = max(self.rules.tolerance.relative, CONFIRMED * fault / max(abs(expected), fault))
        slopes = slopes_along(
            self.space, [alone], np.array([signed * expected * length]), np.array([abs(expected) * length]), relative,
            self.rules.means, 2 * LOCATING, self.value,
        )  # fmt: skip
        self.locating += slopes.evaluations
        scale = signed * length * entry.size
        reference, bound = float(slopes.values[0]) / scale, float(slopes.bounds[0]) / abs(scale)
        if not np.isfinite(reference) or not abs(entry.claimed - reference) > bound:
            return False
        if abs(entry.claimed - reference) <= SMALL_FAULT * abs(reference):
            bound += self.space.round_off(suspect.index)
        code = judge(np.array([entry.claimed]), np.array([reference]), np.array([bound]), self.rules.tolerance)[0]
        self.located.append(Located(suspect.index, entry.claimed, reference, bound, Code(int(code))))
        self.corrections[suspect.index] = (entry.claimed - reference) * entry.size
        return True

    def _correct(self) -> None:
        """Hold the slopes that are known against the claim as it has been put right."""
        products = self.space.products([direction for direction, _, _ in self.compared])
        for i, (direction, group, p) in enumerate(self.compared):
            claimed = float(products[i]) - self._correction(direction)
            round_off = max(p.round_off, self._slack(direction))
            self.compared[i] = (direction, group, replace(p, claimed=claimed, round_off=round_off))

    def _slack(self, direction: Direction) -> float:
        """What the located components' own references may be off by is off along the direction as well."""
        return sum(
            direction.length * self.space.entry(part.index).size * part.bound
            for part in self.located
            if direction.within(part.index, part.index + 1)
        )

    def concluded(self, whole: Summary) -> Comparison:
        """Everything, judged."""
        compared = tuple(
            Compared(direction, group, p, judge_projection(p, self.rules.tolerance))
            for direction, group, p in self.compared
        )
        return Comparison(
            directions=compared, located=tuple(self.located), seen=tuple(self._seen(g, compared) for g in self.groups),
            notes=tuple(self.notes.values()), evaluations=self.spent, locating=self.locating,
            not_moved=whole.count - whole.moved, undecided=self.undecided,
            broken=self.broken if not self.compared else None,
        )  # fmt: skip

    def _seen(self, group: Group, compared: Sequence[Compared]) -> Seen:
        own = [c for c in compared if c.group == group.number]
        unseen = max((c.projection.unseen / c.direction.length for c in own), default=np.inf)
        return Seen(
            names=tuple(b.name for b in group.blocks), components=group.summary.count, directions=len(own),
            unseen=unseen, typical=rms(group.summary), smallest=min((rms(s) for s in group.summaries), default=0.0),
            hidden=sum(self.space.smaller(block, unseen) for block in group.blocks),
        )  # fmt: skip


def natural_length(value: float, norm: float) -> float:
    """How long a direction with ‖s∘g‖₂ = norm should be for a function of size `value`.

    A difference with step h is off by NOISE · ε |f| / h + h² · f‴ / 6, so that the best step is the cube root of
    6 NOISE ε |f| / f‴, where f‴ is about as large as the slope. Backends take it for that of ε, as if slope and f were
    of one size and a single value in the last place uncertain; the length makes up for it.
    """
    if not (np.isfinite(value) and norm > 0):
        return SHORTEST
    return float(min(max(np.cbrt(6 * NOISE * abs(value) / norm), SHORTEST), LONGEST))
