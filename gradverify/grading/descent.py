"""Grading a descent routine: `entry(f, grad_f, x0, learning_rate, max_iters, tol)` → x, history of x, history of f.

f and the instructor's gradient are answered outside the sandbox. The history that comes back is recomputed here: every
step must be −η ∇f at the iterate before it, every value f's own, and what the descent came to is judged by the spec's
expectations, with the same rules as for specs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from gradverify.core.arrays import Array, Matrix, Vector
from gradverify.core.descent.behaviour import Behaviour, behaviour, linear_rate
from gradverify.core.descent.expect import Ran, judge
from gradverify.core.descent.run import DescentTask, RateUse, Trajectory, descend
from gradverify.core.judge import Code
from gradverify.core.problem import Derivative
from gradverify.core.verdicts import Fault, Verdict
from gradverify.grading.bench import Bench
from gradverify.grading.claim import Seat, point_of, value_at
from gradverify.grading.derivative import STATUSES, TRIED, UNANSWERED, ended, ended_words, said, staff_lines
from gradverify.grading.hidden import hidden_points
from gradverify.grading.model import (
    Feedback,
    Finding,
    Flag,
    FlagKind,
    QuestionResult,
    Status,
    SubmissionLimits,
    Tally,
)
from gradverify.grading.score import points_for, score, status_for
from gradverify.grading.words import ENDED, HINTS, advice, lines, quoted, share
from gradverify.run.descents import expectation
from gradverify.sandbox.model import Answer, RemoteFunction
from gradverify.sandbox.model import Status as Ended
from gradverify.spec.beyond import Descent, DescentExpectation

SAME = 1e-8  # relative: how far a step or a value may be off what it should be; round-off of any formula is below
MOST_CALLS = 2_000_000  # of f and grad_f together
FAR_OUT = 1e100  # beyond this a routine may stop as it likes
EARLIEST = 4  # iterates by which a fault of the steps is told from chance

CHECKS = ("returns", "start", "steps", "values", "end", "stopping", "calls")
GROUNDS = ("start", "steps", "calls")  # without these a run is no descent of x0, whatever it comes to
EXPECTED = ("behaviour", "minimiser", "value", "iterations", "rate", "monotone")

HINT_OF: dict[str, str] = {
    "returns": (
        "It should return three things: the last point, the history of points with one row an iterate (the start"
        " first), and the history of f with one number an iterate."
    ),
    "start": "The history should begin with x0 itself.",
    "steps": "Look at one step: from where you stand, in which direction and how far do you go?",
    "values": "The history of f should hold f at each iterate, in the same order as the history of points.",
    "end": "The point returned should be the last one of its history.",
    "stopping": (
        "When does it stop? As soon as the gradient's length is at most tol, and after max_iters steps at the latest."
    ),
    "calls": "It should descend by grad_f, the function that it is given.",
    "behaviour": "Run `{run}` does not end the way it should.",
    "minimiser": "Run `{run}` does not end where it should.",
    "value": "In run `{run}`, f at the end is not what it should be.",
    "iterations": "Run `{run}` takes another number of iterations than it should.",
    "rate": "Run `{run}` does not approach at the rate that it should.",
    "monotone": "In run `{run}`, f does not fall or rise the way it should.",
}
UPHILL = "Your steps go uphill. Does the gradient point to where f grows, or to where it falls?"
OTHER_LENGTH = "Your steps have the right direction and another length. By what do you multiply the gradient?"
STALE = "Your steps use the gradient of another iterate than the one they start from. When is it computed?"
ALIASED = (
    "Every row of your history of points is the same. What does a list hold after `append(x)`, when x itself is"
    " changed later?"
)
NO_STEP = "It takes no step. Does its loop run, and does the history grow in it?"
GROUND = (
    "What a run comes to counts only where the run begins at x0, calls grad_f, and every step goes by learning_rate"
    " against the gradient."
)
SHIFTED = "Your history of f is shifted against the history of points. Which value belongs to which point?"


@dataclass(frozen=True, slots=True)
class Judged:
    """One run, judged: a code for each check, and what is wrong in words for both sides."""

    codes: dict[str, Code]
    findings: tuple[Finding, ...] = ()
    hints: tuple[str, ...] = ()
    full: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()  # what each finding is about


@dataclass
class DescentGrading:
    """One descent question of one student."""

    bench: Bench
    seat: Seat
    limits: SubmissionLimits
    seed: int | None = None
    _visible: list[Judged] = field(default_factory=list)
    _quotable: list[str] = field(default_factory=list)
    _flags: dict[Flag, None] = field(default_factory=dict)
    _raised: list[str] = field(default_factory=list)  # by run

    def look(self) -> None:
        """The spec's own descents: their starts are no secret."""
        for descent in self.bench.question.spec.extensions["descent"]:
            self._visible.append(self._run(descent))
        where = "" if len(self._raised) == len(self._visible) else " in some of its runs"
        self._quotable = [f"Your function raised an exception{where}: {quoted(text)}" for text in self._raised[:1]]
        self._quotable += [sentence for text in self._raised[:1] if (sentence := advice(text))]
        worst = self.seat.seen.worst
        if worst is not None and (self.unanswered or worst.tried):
            self._quotable = [said(worst)]

    @property
    def unanswered(self) -> bool:
        """Whether the entry cannot be called at all."""
        worst = self.seat.seen.worst
        return worst is not None and STATUSES[worst.status] in UNANSWERED

    def grade(self) -> QuestionResult:
        """Descents from hidden starts, and the score of all."""
        question = self.bench.question
        worst = self.seat.seen.worst
        if worst is not None and self.unanswered:
            return ended(question, self.seat, self.limits, STATUSES[worst.status], self._quotable)
        hidden: list[Judged] = []
        if question.hidden is not None and self.seed is not None:
            first: Descent = question.spec.extensions["descent"][0]
            hidden += [self._run(_from(first, start)) for start in hidden_points(question, self.seed)]
        runs = [*self._visible, *hidden]
        names = [name for name in (*CHECKS, *EXPECTED) if any(name in run.codes for run in runs)]
        codes = np.array([[run.codes.get(name, Code.SKIPPED) for name in names] for run in runs], dtype=np.int8)
        scored = score(codes, question.credit)
        worst = self.seat.seen.worst
        if scored.fraction is None or (worst is not None and worst.status is Ended.BROKEN):
            return ended(question, self.seat, self.limits, Status.GRADER_ERROR)
        status = status_for(scored.fraction)
        if worst is not None and status is not Status.OK:
            status = STATUSES[worst.status]
        flags = tuple(self._flags) + _tried(self.seat)
        n = len(self._visible)
        return QuestionResult(
            name=question.name, status=status, score=points_for(scored.fraction, question.points),
            max_score=question.points, extra=question.extra, feedback=question.feedback,
            diagnosis=_first_of_each(runs) if status in (Status.PARTIAL, Status.WRONG) else (), flags=flags,
            student=self._student(status, scored.components, hidden),
            staff=self._staff(status, names, codes, runs, flags),
            seconds=self.seat.seen.seconds, visible=score(codes[:n], question.credit).points,
            hidden=score(codes[n:], question.credit).points if hidden else Tally(),
            hidden_seed=self.seed if hidden else None,
        )  # fmt: skip

    def _run(self, descent: Descent) -> Judged:
        """Ask for one descent, and judge what comes back."""
        called = {"f": 0, "grad_f": 0}
        start = np.array(descent.start, dtype=np.float64)
        rate = 0.0 if descent.learning_rate is None else float(descent.learning_rate)
        given = [
            RemoteFunction("f", self._answerer("f", called)),
            RemoteFunction("grad_f", self._answerer("grad_f", called)),
            start.copy(), rate, int(descent.max_iterations), float(descent.gradient_tolerance),
        ]  # fmt: skip
        answer = self.seat.ask(given)
        if answer.status is Ended.RAISED:
            self._raised.append(answer.detail)
        if answer.status is not Ended.OK:
            return Judged(dict.fromkeys((*CHECKS, *_keys(descent.expect)), Code.FAIL))
        if answer.mutated:
            self._flags[Flag(FlagKind.MUTATES_INPUT, "it changes x0")] = None
        if called["grad_f"] == 0:
            self._flags[Flag(FlagKind.OTHER, "it never called the grad_f that it was given")] = None
        history = _history(answer, start.size, descent.max_iterations + 2)
        if isinstance(history, str):
            codes = dict.fromkeys((*CHECKS, *_keys(descent.expect)), Code.FAIL)
            finding = Finding(Fault.WRONG_SHAPE, (), f"run `{descent.name}`: {history}")
            return Judged(codes, (finding,), (HINT_OF["returns"],), (history,), ("returns",))
        return self._judge(descent, history, called["grad_f"], answer)

    def _answerer(self, name: str, called: dict[str, int]) -> Callable[..., float | Array]:
        function = self.bench.loaded.function if name == "f" else self.bench.loaded.claims[Derivative.GRADIENT]
        variables = self.bench.problem.variables

        def answer(*parts: Array) -> float | Array:
            called[name] += 1
            if sum(called.values()) > MOST_CALLS:
                raise ValueError(f"{name} was called too often")
            return value_at(function, point_of(parts, variables))

        return answer

    def _judge(self, descent: Descent, history: _History, calls: int, answer: Answer) -> Judged:
        points, loaded = history.points, self.bench.loaded
        with np.errstate(all="ignore"):
            finite = np.isfinite(points).all(axis=1)
            values = np.full(points.shape[0], np.nan)
            gradients = np.full(points.shape, np.nan)
            if finite.any():
                values[finite] = loaded.function.evaluate(points[finite]).values.reshape(-1)
                slopes = loaded.claims[Derivative.GRADIENT].evaluate(points[finite]).values
                gradients[finite] = slopes.reshape((-1, points.shape[1]))
        start = np.array(descent.start)
        codes: dict[str, Code] = {"returns": Code.PASS}
        findings: list[Finding] = []
        hints: list[str] = []
        full: list[str] = []
        about: list[str] = []

        def check(name: str, good: bool, fault: Fault = Fault.UNKNOWN, told: str = "", words: str = "") -> None:
            codes[name] = Code.PASS if good else Code.FAIL
            if not good:
                findings.append(Finding(fault, (), f"run `{descent.name}`: {words or name}"))
                about.append(name)
                hints.append(told or HINT_OF[name])

        aliased = points.shape[0] > 2 and bool((points == points[0]).all()) and not np.array_equal(points[0], start)
        check("start", _near(points[0], start), told=ALIASED if aliased else "", words=f"it starts at {points[0][:6]}")
        good, fault, told, words = _steps(points, gradients, descent, aliased)
        check("steps", good, fault, told, words)
        lost = _lost_without_need(points, gradients, descent.learning_rate or 0.0)
        good, fault, told = _values(history.values, values)
        check("values", good and not lost, fault, told, "the history of f is not f at the history of points")
        check(
            "end",
            _near(history.last, history.end) and not lost,
            words=f"x is {history.last[:6]}, the history ends elsewhere",
        )
        good, words = _stopping(points, values, gradients, descent)
        check("stopping", good and not lost, Fault.OFF_BY_ONE_INDEX if "one" in words else Fault.UNKNOWN, words=words)
        check("calls", calls > 0, words="grad_f was never called")
        # What a run came to is to the credit of its descent only if it was one.
        baseless = any(codes[name] is Code.FAIL for name in GROUNDS)
        if baseless and _keys(descent.expect):
            codes |= dict.fromkeys(_keys(descent.expect), Code.FAIL)
            hints.append(GROUND)
        for key, message in _outcome(self.bench, descent, points, values, gradients):
            if baseless and message is None:
                continue
            codes[key] = Code.PASS if message is None else Code.FAIL
            if message is not None:
                findings.append(Finding(Fault.UNKNOWN, (), f"run `{descent.name}`: {message}"))
                about.append(key)
                if not baseless:  # else it follows from what is wrong with the steps
                    hints.append(HINT_OF[key].format(run=descent.name))
                full.append(f"Run `{descent.name}`: {message}.")
        if answer.mutated:
            hints.append(HINTS[Fault.MUTATES_INPUT])
            findings.append(Finding(Fault.MUTATES_INPUT, (), f"run `{descent.name}`: it changes x0"))
            about.append("x0")
        return Judged(codes, tuple(findings), tuple(hints), tuple(full), tuple(about))

    def _student(self, status: Status, checks: Tally, hidden: Sequence[Judged]) -> str:
        question = self.bench.question
        if status in ENDED:
            why = self._quotable if status is Status.POLICY_VIOLATION else []
            return lines(ended_words(question, self.limits, status), why)
        if question.feedback is Feedback.NONE:
            return ""
        text = [share(checks.right, checks.decided, "check")]
        if status is Status.OK:
            changes_x0 = any(flag.kind is FlagKind.MUTATES_INPUT for flag in self._flags)
            text += [f"Note: y{HINTS[Fault.MUTATES_INPUT][1:]}"] if changes_x0 else []
        else:
            text += self._quotable
            told = [h for run in self._visible for h in run.hints]
            if not told and not self._quotable:
                text.append("It is right from all the starts that you can see, and wrong from others.")
                told = [h for run in hidden for h in run.hints]
            text += list(dict.fromkeys(told))
            if question.feedback is Feedback.FULL:
                text += list(dict.fromkeys(line for run in self._visible for line in run.full))
        return lines(text)

    def _staff(
        self, status: Status, names: Sequence[str], codes: Array, runs: Sequence[Judged], flags: Sequence[Flag]
    ) -> str:
        wrong = [name for i, name in enumerate(names) if (codes[:, i] == Code.FAIL).any()]
        head = f"{status}: {len(runs)} runs; wrong: {', '.join(wrong) or 'nothing'}"
        found = list(dict.fromkeys(f"{f.fault}: {f.message}" for run in runs for f in run.findings))
        return lines(head, found[:12], staff_lines(self.seat.seen, flags, self.seed))


def _lost_without_need(points: Matrix, gradients: Matrix, learning_rate: float) -> bool:
    """Whether the iterates stop being finite where the right step is finite: what follows is to nobody's credit."""
    finite = np.isfinite(points).all(axis=1)
    if finite.all():
        return False
    first = int(np.argmin(finite))
    if first == 0:
        return True
    with np.errstate(all="ignore"):
        right = points[first - 1] - learning_rate * gradients[first - 1]
    return bool((np.abs(right) <= FAR_OUT).all())


@dataclass(frozen=True, slots=True)
class _History:
    """What the routine returned: points (k + 1, n), values (k + 1,), last (n,)."""

    last: Vector
    points: Matrix
    values: Vector
    end: Vector  # the last row of the points, before those too many were cut off


def _history(answer: Answer, n: int, most: int) -> _History | str:
    """The three arrays, at most `most` iterates of them, or what is wrong with their shapes."""
    if answer.kind != "tuple" or len(answer.values) != 3:
        one = {"none": "None", "other": answer.detail or "no numbers"}.get(answer.kind, f"one {answer.kind}")
        count = f"{len(answer.values)} things" if answer.kind == "tuple" else one
        return f"it returned {count}, expected three (x, x_history, f_history)"
    last, points, values = (np.asarray(v, dtype=np.float64) for v in answer.values)
    if last.size != n:
        return f"x has shape {last.shape}, expected ({n},)"
    if points.size == 0 or points.size % n or (points.ndim != 2 and n > 1):
        return f"x_history has shape {points.shape}, expected one row of {n} an iterate"
    rows = points.reshape((-1, n))
    if points.ndim == 2 and points.shape[1] != n:
        return f"x_history has shape {points.shape}, expected one row of {n} an iterate"
    if values.size not in (rows.shape[0], rows.shape[0] - 1, rows.shape[0] + 1):
        return f"f_history has {values.size} numbers, x_history {rows.shape[0]} rows"
    return _History(last.reshape(n), rows[:most], values.reshape(-1)[:most], rows[-1])


def _near(a: Array, b: Array) -> bool:
    with np.errstate(all="ignore"):
        scale = np.max(np.abs(b), initial=0.0)
        return bool(
            a.shape == b.shape
            and ((np.abs(a - b) <= SAME * max(1e-300, float(scale))) | (a == b) | (np.isnan(a) & np.isnan(b))).all()
        )


def _steps(points: Matrix, gradients: Matrix, descent: Descent, aliased: bool) -> tuple[bool, Fault, str, str]:
    """Whether every step is −η g, and if not, what it is instead."""
    rate = float(descent.learning_rate or 0.0)
    with np.errstate(all="ignore"):
        steps = np.diff(points, axis=0)
        wanted = -rate * gradients[:-1]
        # Where the step that should be taken leads to a point, one must be there: NaN and infinity are none.
        usable = np.isfinite(points[:-1] + wanted).all(axis=1)
        scale = np.max(np.abs(points[:-1]), axis=1, initial=0.0) + np.max(np.abs(wanted), axis=1, initial=0.0)
        off = np.max(np.abs(steps - wanted), axis=1, initial=0.0)
        # The step is a difference of iterates: it carries their rounding.
        good = ~usable | (off <= SAME * scale)
    if aliased:
        return False, Fault.MUTATES_INPUT, ALIASED, "every row of the history is the same array"
    if not points.shape[0] > 1:
        arrived = bool(np.linalg.norm(gradients[0]) <= descent.gradient_tolerance)
        return arrived, Fault.UNKNOWN, NO_STEP, "it took no step"
    if good.all():
        return True, Fault.UNKNOWN, "", ""
    s, w = steps[usable][:EARLIEST], wanted[usable][:EARLIEST]
    first = int(np.argmin(good))
    words = f"step {first + 1} is {steps[first][:6]}, and −η·g is {wanted[first][:6]}"
    if _near(s, -w):
        return False, Fault.SIGN, UPHILL, f"the steps go uphill; {words}"
    with np.errstate(all="ignore"):
        along = np.sum(s * w, axis=1) / (np.linalg.norm(s, axis=1) * np.linalg.norm(w, axis=1))
    if bool((np.abs(along) >= 1 - SAME).all()):
        if (along < 0).all():
            return False, Fault.SIGN, UPHILL, f"the steps go uphill and have another length; {words}"
        if (along > 0).all():
            return False, Fault.FACTOR, OTHER_LENGTH, f"right direction, wrong length; {words}"
    if s.shape[0] > 2 and _near(steps[usable][1:EARLIEST], wanted[usable][: EARLIEST - 1]):
        return False, Fault.OFF_BY_ONE_INDEX, STALE, f"steps use the gradient of the iterate before; {words}"
    return False, Fault.UNKNOWN, "", words


def _values(said: Vector, values: Vector) -> tuple[bool, Fault, str]:
    if said.size == values.size and _rows_near(said, values):
        return True, Fault.UNKNOWN, ""
    least = min(said.size, values.size) - 1
    shifted = least > 0 and (_rows_near(said[:least], values[1 : least + 1]) or said.size != values.size)
    return False, Fault.OFF_BY_ONE_INDEX if shifted else Fault.UNKNOWN, SHIFTED if shifted else ""


def _rows_near(a: Vector, b: Vector) -> bool:
    """Each number by its own size, and to the round-off of the largest."""
    with np.errstate(all="ignore"):
        near = np.abs(a - b) <= SAME * np.maximum(np.abs(b), 1e-6 * np.nanmax(np.abs(b[:1]), initial=1e-300))
        return bool(a.shape == b.shape and (near | (a == b) | (~np.isfinite(a) & ~np.isfinite(b))).all())


def _stopping(points: Matrix, values: Vector, gradients: Matrix, descent: Descent) -> tuple[bool, str]:
    """Whether it stops when ‖g‖ ≤ tol, or after max_iters steps; a routine may see that one iterate later."""
    steps = points.shape[0] - 1
    with np.errstate(all="ignore"):
        norms = np.linalg.norm(gradients, axis=1)
        arrived = np.flatnonzero(norms <= descent.gradient_tolerance)
        lost = ~np.isfinite(values) | ~np.isfinite(points).all(axis=1) | (np.max(np.abs(points), axis=1) > FAR_OUT)
    if steps > descent.max_iterations:
        return False, f"it took {steps} steps, max_iters is {descent.max_iterations}: one too many at least"
    if lost.any() or steps == descent.max_iterations:
        late = arrived.size and arrived[0] < steps - 1
        return not late, f"it went on for {steps - int(arrived[0])} steps after ‖g‖ ≤ tol" if late else ""
    if not arrived.size:
        norm = float(norms[-1])
        one = " (one step short of max_iters)" if steps == descent.max_iterations - 1 else ""
        return False, f"it stopped after {steps} steps at ‖g‖ = {norm:.3g}, before tol and max_iters{one}"
    if steps - int(arrived[0]) > 1:
        return False, f"it went on for {steps - int(arrived[0])} steps after ‖g‖ ≤ tol"
    return True, ""


@dataclass(frozen=True)
class _Replay:
    """A method that goes where the student's routine went."""

    points: Matrix
    name: str = "replay"
    learning_rate: RateUse = RateUse.OPTIONAL

    def start(self, task: DescentTask) -> Callable[[Vector, Vector], Vector | None]:  # noqa: ARG002
        rows = iter(self.points[1:])
        return lambda x, g: next(rows, None)  # noqa: ARG005


def _outcome(
    bench: Bench, descent: Descent, points: Matrix, values: Vector, gradients: Matrix
) -> list[tuple[str, str | None]]:
    """Each expectation of the spec, with what is wrong; None where it came true. What is undecided is left out."""
    keys = _keys(descent.expect)
    if not keys or points.shape[0] < 1:
        return []
    trajectory = _replayed(bench, points, values, gradients, descent)
    named = behaviour(trajectory)
    minimiser = descent.expect.minimiser
    at_minimiser = None
    if minimiser is not None:
        at_minimiser = float(value_at(bench.loaded.function, np.array(minimiser, dtype=np.float64)))
    ran = Ran(
        trajectory=trajectory, behaviour=named,
        rate=linear_rate(trajectory) if named in (Behaviour.CONVERGES, Behaviour.SLOW) else None,
        gradient_tolerance=descent.gradient_tolerance, variables=bench.problem.variables,
        value_at_minimiser=at_minimiser,
    )  # fmt: skip
    found = {finding.key: finding for finding in judge(ran, expectation(descent.expect))}
    out: list[tuple[str, str | None]] = []
    for key in keys:
        finding = found.get(key)
        if finding is None:
            out.append((key, None))
        elif finding.verdict is Verdict.FAIL:
            out.append((key, finding.message))
    return out


def _replayed(bench: Bench, points: Matrix, values: Vector, gradients: Matrix, descent: Descent) -> Trajectory:
    """The student's history as a trajectory: f and its gradient are ours, the iterates theirs."""
    at = iter(range(points.shape[0]))
    now = {"row": next(at)}

    def value(x: Vector) -> float:  # noqa: ARG001 - asked in the order of the iterates
        return float(values[now["row"]])

    def gradient(x: Vector) -> Vector:  # noqa: ARG001
        row = now["row"]
        now["row"] = next(at, row)
        return np.asarray(gradients[row])

    return descend(
        value, gradient, points[0], _Replay(points), descent.learning_rate,
        max_iterations=max(1, points.shape[0] - 1), gradient_tolerance=descent.gradient_tolerance,
        domain=bench.problem.domain,
    )  # fmt: skip


def _keys(expect: DescentExpectation) -> tuple[str, ...]:
    return tuple(key for key in EXPECTED if getattr(expect, key) is not None)


def _from(descent: Descent, start: Vector) -> Descent:
    """The same descent from another start; what it comes to there nobody has said."""
    return dataclasses.replace(
        descent, name="a hidden start", start=tuple(float(v) for v in start), expect=DescentExpectation()
    )


def _first_of_each(runs: Sequence[Judged]) -> tuple[Finding, ...]:
    """The findings, each check's first of each fault: what is wrong in one run is wrong in the others too."""
    first: dict[tuple[str, str], Finding] = {}
    for run in runs:
        for finding, name in zip(run.findings, run.checks, strict=True):
            first.setdefault((finding.fault.value, name), finding)
    return tuple(first.values())


def _tried(seat: Seat) -> tuple[Flag, ...]:
    return tuple(Flag(TRIED.get(t.partition(":")[0], FlagKind.OTHER), f"it tried {t}") for t in seat.seen.tried)
