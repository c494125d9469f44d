"""Grading a gradient, Jacobian or Hessian: the student's entry takes the place of the spec's claim, and is verified.

In two phases. First the entry is asked at the points that its author can see; what it says then may be quoted to the
student. Only afterwards it meets hidden points, and from then on nothing but the score leaves.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Array, Mask, Matrix
from gradverify.core.conclude import component
from gradverify.core.diagnosis.diagnose import subject
from gradverify.core.examine import ClaimValues, apart, examine, two_answers
from gradverify.core.judge import Code, judge
from gradverify.core.problem import Observation
from gradverify.core.report import Component, Diagnosis
from gradverify.core.verdicts import Fault
from gradverify.core.verify import Verified, best_reference, show_point, verify, why_inconclusive
from gradverify.expression.text import to_text
from gradverify.grading import cheats
from gradverify.grading.bench import Bench
from gradverify.grading.claim import NOT_USABLE, Seat, Seen, SubmissionClaim
from gradverify.grading.hidden import hidden_points
from gradverify.grading.model import (
    Credit,
    Feedback,
    Finding,
    Flag,
    FlagKind,
    Kind,
    Question,
    QuestionResult,
    Status,
    SubmissionLimits,
    Tally,
)
from gradverify.grading.score import Scored, points_for, score, status_for
from gradverify.grading.suspect import Suspect
from gradverify.grading.traced import Handed
from gradverify.grading.words import (
    ENDED,
    FORBIDDEN,
    HINTS,
    ROUNDED,
    SCATTERS,
    WHOLE,
    advice,
    attempted,
    hint_for,
    lines,
    quoted,
    sentence,
    share,
)
from gradverify.report.words import pair
from gradverify.run.formulas import diagnosed
from gradverify.sandbox.model import Answer
from gradverify.sandbox.model import Status as Ended
from gradverify.spec.model import ExpressionSource

EXPLAINED = 4  # hidden points beside the visible ones that a wrong answer is looked at closely
MOST_PLACES = 6  # decimals of answers that are taken to be rounded
ROUNDED_WITHIN = 1e-6  # of the last decimal
MOST_SHOWN = 3  # points that feedback shows, and components at each
# Faults whose message, with constants and terms but without any point, may be shown with `feedback: full`.
TELLABLE = frozenset(
    (
        Fault.SIGN, Fault.FACTOR, Fault.SWAPPED_COMPONENTS, Fault.TRANSPOSED, Fault.OFF_BY_ONE_INDEX,
        Fault.MISSING_TERM, Fault.EXTRA_TERM, Fault.MISSING_CHAIN_FACTOR, Fault.MEAN_VS_SUM, Fault.ZEROED_COMPONENT,
        Fault.CONSTANT_OFFSET, Fault.LOG_PARAMETER, Fault.SINGLE_PRECISION,
    )
)  # fmt: skip
STATUSES = {
    Ended.MISSING: Status.MISSING,
    Ended.IMPORT_ERROR: Status.IMPORT_ERROR,
    Ended.BAD_SIGNATURE: Status.BAD_SIGNATURE,
    Ended.TIMEOUT: Status.TIMEOUT,
    Ended.MEMORY: Status.MEMORY,
    Ended.CRASHED: Status.CRASHED,
    Ended.POLICY: Status.POLICY_VIOLATION,
    Ended.BROKEN: Status.GRADER_ERROR,
}
# Where there was no time to look closely, a gap of this part of the largest reference is taken for round-off.
UNMEASURED = 1e-9
UNANSWERED = (Status.MISSING, Status.IMPORT_ERROR, Status.BAD_SIGNATURE, Status.GRADER_ERROR)
TRIED = {"file": FlagKind.TRIED_FILE, "network": FlagKind.TRIED_NETWORK, "process": FlagKind.TRIED_PROCESS}

DESCENT_ARGUMENTS = ("f", "grad_f", "x0", "learning_rate", "max_iters", "tol")


@dataclass(frozen=True, slots=True)
class _Changed:
    """Answers at visible points that a second call changed: their rows, the second answers there, and the words."""

    rows: list[int]
    values: ClaimValues
    observation: Observation


@dataclass
class DerivativeGrading:
    """One question of one student."""

    bench: Bench
    seat: Seat
    limits: SubmissionLimits
    seed: int | None = None  # of the hidden points
    handed: Handed | None = None

    def __post_init__(self) -> None:
        bench, question = self.bench, self.bench.question
        problem = bench.problem
        self.claim = SubmissionClaim(
            self.seat, problem.variables, bench.loaded.constants, problem.derivative,
            problem.function.output_shape, problem.function if question.pass_function else None,
        )  # fmt: skip
        self._values: ClaimValues | None = None
        self._quotable: list[str] = []
        self._returned_said = False  # that what came back is no array of numbers at all, whatever its shape

    def look(self) -> None:
        """The first phase: the points that the student can see."""
        self._values = examine(self.claim, self.bench.visible, repeat=False)
        seen = self.seat.seen
        count = sum(f.fault is None for f in self._values.failures.values())
        where = "" if count == self.bench.visible.shape[0] else " at some of the points that you can see"
        self._quotable = [f"Your function raised an exception{where}: {quoted(text)}" for text in seen.raised[:1]]
        shapes = [f.message for f in self._values.failures.values() if f.fault is Fault.WRONG_SHAPE]
        claimed = f"the claimed {self.claim.derivative.value}"
        shapes = [text.replace(claimed, "your answer") for text in shapes]
        self._returned_said = any(text.startswith(NOT_USABLE) for text in shapes[:1])
        self._quotable += [f"What came back: {quoted(text)}{'' if text.endswith('?') else '.'}" for text in shapes[:1]]
        self._quotable += [sentence for text in seen.raised[:1] if (sentence := advice(text))]
        if seen.worst is not None and (self.unanswered or seen.worst.tried):
            self._quotable = [said(seen.worst)]

    @property
    def unanswered(self) -> bool:
        """Whether the entry cannot be called at all."""
        worst = self.seat.seen.worst
        return worst is not None and STATUSES[worst.status] in UNANSWERED

    def grade(self) -> QuestionResult:
        """The second phase: hidden points, the verdict, its explanation."""
        assert self._values is not None, "look() comes first"
        question = self.bench.question
        worst = self.seat.seen.worst
        if worst is not None and STATUSES[worst.status] in UNANSWERED:
            return self._ended(STATUSES[worst.status])
        visible = self.bench.visible
        hidden = hidden_points(question, self.seed) if question.hidden and self.seed is not None else visible[:0]
        values = self._values
        if hidden.shape[0]:
            values = _joined(values, examine(self.claim, hidden, repeat=False), visible.shape[0])
        points = np.concatenate([visible, hidden])
        worst = self.seat.seen.worst
        if worst is not None and worst.status is Ended.BROKEN:
            return self._ended(Status.GRADER_ERROR)
        self.seat.investigate()
        changed = self._changed_answers()
        codes, looked = self._all_codes(points, values, changed)
        scored = score(codes, question.credit)
        if scored.fraction is None:
            reason = why_inconclusive(looked) if looked is not None else "no point could be decided"
            return self._ended(Status.GRADER_ERROR, reason)
        fraction = scored.fraction
        status = status_for(fraction)
        if worst is not None and status is not Status.OK:
            status = STATUSES[worst.status]
        found: list[Diagnosis] = []
        if status in (Status.PARTIAL, Status.WRONG):
            assert looked is not None  # nothing else is wrong
            found = self._explained(looked, changed)
        observed = (*values.faults, *((changed.observation,) if changed is not None else ()))
        suspect = Suspect(self.bench, self.claim, points, values, codes, visible.shape[0], self.seat.seen, self.handed)
        evidence = () if changed is not None else cheats.evidence(suspect)  # asking it again would show nothing
        # Numbers alone may mistake a penalty for a large step's error; a text that holds no quotient has made none.
        differences = [] if self.handed is not None and not self.handed.text.passages else found
        flags = (*_flags(self.seat.seen, observed, differences), *evidence)
        flags += (Flag(FlagKind.OTHER, self.seat.turned),) if self.seat.turned else ()
        flags = tuple(dict.fromkeys(flags))
        forbidden = [flag.kind for flag in flags if flag.kind in question.forbid]
        if forbidden:
            fraction, status = 0.0, Status.POLICY_VIOLATION
        n = visible.shape[0]
        return QuestionResult(
            name=question.name, status=status, score=points_for(fraction, question.points),
            max_score=question.points, extra=question.extra, feedback=question.feedback,
            diagnosis=tuple(Finding(d.fault, d.components, d.message) for d in found), flags=flags,
            student=self._student(status, scored, codes, values, found, looked, forbidden),
            staff=self._staff(status, scored, points, observed, codes, looked, found, flags),
            seconds=self.seat.seen.seconds, visible=score(codes[:n], question.credit).points,
            hidden=score(codes[n:], question.credit).points if hidden.shape[0] else Tally(),
            hidden_seed=self.seed if hidden.shape[0] else None,
        )  # fmt: skip

    def _changed_answers(self) -> _Changed | None:
        """What the entry answers otherwise at visible points when it is asked there once more."""
        first, visible = self._values, self.bench.visible
        assert first is not None
        if self.seat.seen.deaths:
            return None  # it is wrong by itself, and asking again may cost a time limit each
        second = examine(self.claim, visible[::-1].copy(), repeat=False)
        back = list(range(visible.shape[0]))[::-1]
        second = _rows(second, back)
        differs: Mask = np.asarray(apart(second.values, first.values).any(axis=1))
        for row in range(visible.shape[0]):
            if (row in second.failures) != (row in first.failures):
                differs[row] = not self.seat.exhausted
            elif row in second.failures:
                differs[row] = False
        rows = np.flatnonzero(differs).tolist()
        if not rows:
            return None
        return _Changed(rows, _rows(second, rows), two_answers(first.values, second.values, rows[0]))

    def _all_codes(
        self, points: Matrix, values: ClaimValues, changed: _Changed | None
    ) -> tuple[Array, Verified | None]:
        """The verdict on each component at each point; a second answer that is wrong counts, whatever the first was."""
        k = points.shape[0]
        if changed is None:
            return self._codes(points, values)
        every = np.concatenate([points, points[changed.rows]])
        codes, looked = self._codes(every, _joined(values, changed.values, k), steady=False)
        for row, second in zip(changed.rows, codes[k:], strict=True):
            codes[row][second == Code.FAIL] = Code.FAIL
        return codes[:k], looked

    def _explained(self, looked: Verified, changed: _Changed | None) -> list[Diagnosis]:
        """Why the answer is wrong; what raised or has no right shape says so, and the other points are looked at."""
        bench = self.bench
        if changed is not None:
            message = changed.observation.message
            return [Diagnosis(fault=Fault.NONDETERMINISTIC, components=(), message=message, confidence=1.0)]
        found = diagnosed(looked, bench.ask, bench.loaded.constants)
        rest = [row for row in range(looked.points.shape[0]) if row not in looked.claim.failures]
        if looked.claim.failures and (looked.codes[rest] == Code.FAIL).any():
            others = self._verify(looked.points[rest], _rows(looked.claim, rest))
            found += diagnosed(others, bench.ask, bench.loaded.constants)
        return found

    def _codes(self, points: Matrix, values: ClaimValues, *, steady: bool = True) -> tuple[Array, Verified | None]:
        """The verdict on each component at each point, and the close look at a wrong answer.

        Two things are decided otherwise than for a spec. What could not be looked at closely, for want of time, is held
        against nobody. And an entry's own scatter excuses some values, but not most of them: who is right where the
        points are known, and answers with noise elsewhere, is not right. An entry that is not `steady`, whose answers
        change from call to call, is excused by its scatter nowhere.
        """
        known = self.bench.references(points)
        codes, looked = self._judged(points, values, known)
        if known is None or looked is None:
            return codes, looked
        blurred = (codes == Code.INCONCLUSIVE) & (self._at_first_sight(values, known) == Code.FAIL)
        most = np.count_nonzero(blurred, axis=0) > np.count_nonzero(codes == Code.PASS, axis=0)
        codes[blurred & (most if steady else True)] = Code.FAIL
        if self.seat.exhausted:
            with np.errstate(all="ignore"):
                size = np.max(np.abs(known[0][np.isfinite(known[0])]), initial=0.0)
                small = np.abs(values.values - known[0]) <= UNMEASURED * size
            codes[(codes == Code.FAIL) & small] = Code.INCONCLUSIVE
        return codes, looked

    def _at_first_sight(self, values: ClaimValues, known: tuple[Array, Array]) -> Array:
        """The verdicts without a close look at the entry: those that pass are right."""
        codes = judge(values.values, known[0], known[1], self.bench.problem.tolerance)
        codes[sorted(values.failures)] = Code.FAIL
        return codes

    def _judged(
        self, points: Matrix, values: ClaimValues, known: tuple[Array, Array] | None
    ) -> tuple[Array, Verified | None]:
        """The verdict on each component at each point, and the close look at a wrong answer.

        A value that agrees with an exact reference is right, and that is all there is to say. For the others all
        quick backends are heard, at the visible points and at a few hidden ones; further points are looked at only for
        components that may still be right.
        """
        bench, question = self.bench, self.bench.question
        finite = _finite(bench, points)
        if known is None:
            looked = self._verify(points, values)
            return looked.codes, looked
        codes = self._at_first_sight(values, known)
        codes[~finite] = Code.INCONCLUSIVE
        bad = np.flatnonzero((codes != Code.PASS).any(axis=1) & finite)
        if not bad.size:
            return codes, None
        n = bench.visible.shape[0]
        close = [*range(n), *[int(row) for row in bad if row >= n][:EXPLAINED]]
        looked = self._verify(points[close], _rows(values, close))
        codes[close] = looked.codes
        settled = (looked.codes == Code.FAIL).any(axis=0)
        each = question.credit is Credit.PER_POINT
        rest = [
            int(row) for row in bad
            if int(row) not in close and (each or (codes[row] != Code.PASS)[~settled].any())
        ]  # fmt: skip
        others = [int(row) for row in bad if int(row) not in close and int(row) not in rest]
        for row in others:
            codes[row, settled] = Code.FAIL
        if rest:
            part = _rows(values, rest)
            if not each:  # a component that is wrong already is not looked at again
                kept = part.values.copy()
                kept[:, settled] = known[0][rest][:, settled]
                part = dataclasses.replace(part, values=kept)
            codes[rest] = self._verify(points[rest], part).codes
            if not each:
                codes[np.array(rest)[:, None], np.flatnonzero(settled)[None, :]] = Code.FAIL
        return codes, looked

    def _verify(self, points: Matrix, values: ClaimValues) -> Verified:
        problem = dataclasses.replace(self.bench.problem, claim=self.claim)
        bench = self.bench
        values = dataclasses.replace(values, faults=())  # they have been seen; here the numbers are judged
        return verify(problem, points, bench.confirming, bench.ask, bench.question.spec.at_kinks, values)

    def _ended(self, status: Status, reason: str = "") -> QuestionResult:
        return ended(self.bench.question, self.seat, self.limits, status, self._quotable, reason)

    def _student(
        self,
        status: Status,
        scored: Scored,
        codes: Array,
        values: ClaimValues,
        found: Sequence[Diagnosis],
        looked: Verified | None,
        forbidden: Sequence[FlagKind],
    ) -> str:
        question = self.bench.question
        if forbidden:
            return lines([FORBIDDEN[kind] for kind in dict.fromkeys(forbidden)])
        if status in ENDED:
            why = self._quotable if status is Status.POLICY_VIOLATION else []
            return lines(ended_words(question, self.limits, status), why)
        if question.feedback is Feedback.NONE:
            return ""
        text: list[str] = []
        if question.credit is Credit.PER_POINT:
            text.append(share(scored.points.right, scored.points.decided, "point"))
        else:
            text.append(share(scored.components.right, scored.components.decided, "component"))
        notes = [HINTS[Fault.MUTATES_INPUT]] if any(o.kind is Fault.MUTATES_INPUT for o in values.faults) else []
        claimed = f"the claimed {self.claim.derivative.value}"
        notes += [
            note.message.replace(claimed, "your answer").replace(" (row or column convention)", "")
            for note in (self._values.notes if self._values is not None else ())  # none that hidden points could colour
        ]
        told = [f"Note: {note[0].lower()}{note[1:].rstrip('.')}." for note in dict.fromkeys(notes)]
        if status is Status.OK:
            return lines(text, told)
        n = self.bench.visible.shape[0]
        if not (codes[:n] == Code.FAIL).any():
            text.append("It is right at all the points that you can see, and wrong at others.")
        text += self._quotable_lines()
        if not found:
            text.append(SCATTERS)
        assert looked is not None
        text += self._rounded() or hints(found, looked, returned_said=self._returned_said)
        if question.feedback is Feedback.FULL:
            text += self._in_full(found, looked, n)
        return lines(text, told)

    def _rounded(self) -> list[str]:
        """That the answers are rounded, where they are, and right but for that."""
        known, values = self.bench.references(self.bench.visible), self._values
        if known is None or values is None or not np.isfinite(values.values).all():
            return []
        for places, unit in enumerate(10.0 ** -np.arange(MOST_PLACES + 1)):
            near = np.abs(values.values - np.rint(values.values / unit) * unit) <= ROUNDED_WITHIN * unit
            if near.all():
                off = np.abs(values.values - known[0])
                if (off <= unit).all() and (off > ROUNDED_WITHIN * unit).any():
                    return [WHOLE if places == 0 else ROUNDED.format(places=places)]
                return []
        return []

    def _quotable_lines(self) -> list[str]:
        if self._quotable:
            return self._quotable
        return ["Your function raised an exception at a point that you cannot see."] if self.seat.seen.raised else []

    def _in_full(self, found: Sequence[Diagnosis], looked: Verified, n: int) -> list[str]:
        """The numbers at visible points, what the mistake amounts to, and the instructor's formula."""
        text = [f"{d.message}." for d in found if d.fault in TELLABLE]
        reference, _ = best_reference(looked)
        rows = np.flatnonzero((looked.codes[:n] == Code.FAIL).any(axis=1))[:MOST_SHOWN]
        for row in rows.tolist():
            at = show_point(looked.points[row])
            if row in looked.claim.failures:
                continue  # there is no number of theirs to show
            for i in np.flatnonzero(looked.codes[row] == Code.FAIL)[:MOST_SHOWN].tolist():
                yours, right = pair(float(looked.claim.values[row, i]), float(reference[row, i]))
                text.append(f"At {at}, {component(looked.problem, i).label} is {right}; you have {yours}.")
        formula = _formula(self.bench.question)
        return [*text, formula] if formula else text

    def _staff(
        self,
        status: Status,
        scored: Scored,
        points: Matrix,
        observed: Sequence[Observation],
        codes: Array,
        looked: Verified | None,
        found: Sequence[Diagnosis],
        flags: Sequence[Flag],
    ) -> str:
        n = self.bench.visible.shape[0]
        text = [
            f"{status}: {scored.components.right} of {scored.components.decided} components,"
            f" {scored.points.right} of {scored.points.decided} points right"
            f" ({n} visible, {points.shape[0] - n} hidden); compared with {', '.join(self.bench.confirming)}"
        ]
        text += [f"{d.fault}: {d.message}" for d in found]
        text += [f"fault: {observation.message}" for observation in observed]
        if looked is not None:
            reference, bound = best_reference(looked)
            for row in np.flatnonzero((looked.codes == Code.FAIL).any(axis=1))[:MOST_SHOWN].tolist():
                where = "visible" if row < n else "hidden"
                for i in np.flatnonzero(looked.codes[row] == Code.FAIL)[:MOST_SHOWN].tolist():
                    label = component(looked.problem, i).label
                    text.append(
                        f"{where} {show_point(looked.points[row])}: {label} claimed {looked.claim.values[row, i]:.10g},"
                        f" reference {reference[row, i]:.10g} ± {bound[row, i]:.1g}"
                    )
        undecided = int(np.count_nonzero((codes == Code.INCONCLUSIVE) | (codes == Code.EXCUSED)))
        if undecided:
            text.append(f"{undecided} values could not be decided and do not count")
        if self.seat.exhausted:
            text.append(f"the grader's own questions were given up: {self.seat.why_exhausted}")
        return lines(text, staff_lines(self.seat.seen, flags, self.seed))


def ended(
    question: Question,
    seat: Seat,
    limits: SubmissionLimits,
    status: Status,
    quotable: Sequence[str] = (),
    reason: str = "",
) -> QuestionResult:
    """The result of a question whose entry could not be judged."""
    flags = _flags(seat.seen, (), ())
    worst = seat.seen.worst
    told = [] if status is Status.GRADER_ERROR else list(quotable)
    detail = reason or (worst.detail if worst is not None else "")
    return QuestionResult(
        name=question.name, status=status, score=0.0, max_score=question.points, extra=question.extra,
        feedback=question.feedback, flags=flags, seconds=seat.seen.seconds,
        student=lines(ended_words(question, limits, status), told),
        staff=lines(f"{status}: {detail}" if detail else str(status), staff_lines(seat.seen, flags, None)),
    )  # fmt: skip


def ended_words(question: Question, limits: SubmissionLimits, status: Status) -> str:
    """The sentence for a status that is no verdict on the numbers."""
    sentence = ENDED[status]
    names = [*(["f"] if question.pass_function else []), *question.spec.variables.names, *question.spec.constants]
    if question.kind is Kind.DESCENT:
        names = list(DESCENT_ARGUMENTS)
    return sentence.format(
        entry=question.entry, arguments=", ".join(names), seconds=limits.seconds, memory=limits.memory_mb
    )


def staff_lines(seen: Seen, flags: Sequence[Flag], seed: int | None) -> list[str]:
    """What staff is told of any question: flags with their evidence, what it said, printed and tried."""
    text = [f"flag {flag.kind}: {flag.evidence}" for flag in flags]
    text += [f"raised: {said}" for said in seen.raised[:3]]
    if seen.worst is not None:
        text.append(f"ended with {seen.worst.status.value}: {seen.worst.detail}")
    if seen.output:
        text.append(f"printed: {seen.output.strip()[:500]}")
    text.append(f"{seen.requests} calls in {seen.seconds:.3f} s")
    if seed is not None:
        text.append(f"hidden points: seed {seed}")
    return text


def hints(found: Sequence[Diagnosis], verified: Verified, *, returned_said: bool = False) -> list[str]:
    """The hints for a diagnosis, each once. An exception has been quoted, and calls for no mathematics.

    returned_said: that it returned what is no array of numbers has been quoted too, and its shape is no matter.
    """
    said_of: dict[str, dict[Component, None]] = {}  # whose hint each is
    raised = {failure.message for failure in verified.claim.failures.values()}
    for diagnosis in found:
        if not diagnosis.components and diagnosis.message in raised and diagnosis.fault is not Fault.WRONG_SHAPE:
            continue
        if returned_said and diagnosis.fault is Fault.WRONG_SHAPE and diagnosis.message.startswith(NOT_USABLE):
            continue
        parts = diagnosis.components or _wrong(verified)
        said_of.setdefault(hint_for(diagnosis), {}).update(dict.fromkeys(parts))
    told = []
    for text, whose in said_of.items():
        what = subject(verified, tuple(whose)) if whose else "Your answer"
        what = f"A{what[1:]}" if what.startswith("all ") else what
        same = len({part.index for part in whose}) == 1
        told.append(text.format(what=what, by=_variable(verified, next(iter(whose))) if same else "that variable"))
    return told


def _wrong(verified: Verified) -> tuple[Component, ...]:
    wrong = np.flatnonzero((verified.codes == Code.FAIL).any(axis=0))
    return tuple(component(verified.problem, int(i)) for i in wrong)


def _variable(verified: Verified, part: Component) -> str:
    return verified.problem.variables.component_name(part.index % verified.problem.variables.size)


def said(worst: Answer) -> str:
    """What is said of an entry that cannot be called at all, or that tried what it may not."""
    if worst.tried:
        return attempted(worst.tried)
    return sentence(quoted(worst.detail).rstrip("."))


def _flags(seen: Seen, observed: Sequence[Observation], found: Sequence[Diagnosis]) -> tuple[Flag, ...]:
    """What was seen at once: attempts, a changed input, two answers, a library that is not there."""
    flags: list[Flag] = []
    for text in seen.tried:
        kind = TRIED.get(text.partition(":")[0], FlagKind.OTHER)
        flags.append(Flag(kind, f"it tried {text}"))
    for observation in observed:
        if observation.kind is Fault.NONDETERMINISTIC:
            flags.append(Flag(FlagKind.NONDETERMINISTIC, observation.message))
        elif observation.kind is Fault.MUTATES_INPUT:
            flags.append(Flag(FlagKind.MUTATES_INPUT, observation.message))
    flags += [
        Flag(FlagKind.OTHER, f"it called {odd}, which is refused: a complex step, or numbers that carry derivatives?")
        for odd in seen.odd_calls
    ]
    flags += [Flag(FlagKind.NUMERICAL_DERIVATIVE, d.message) for d in found if d.fault is Fault.NUMERICAL_DERIVATIVE]
    library = cheats.library_wanted([*seen.raised, seen.worst.detail if seen.worst is not None else ""])
    if library is not None:
        flags.append(Flag(FlagKind.AUTODIFF, f"it wants to import {library}, which differentiates"))
    return tuple(dict.fromkeys(flags))


def _formula(question: Question) -> str:
    """The instructor's formula, where the spec has it as an expression."""
    source = getattr(question.spec, question.kind.value, None)
    if not isinstance(source, ExpressionSource):
        return ""
    if source.whole is not None:
        return f"The right formula: `{to_text(source.whole)}`"
    parts = "; ".join(f"by {name}: `{to_text(tree)}`" for name, tree in (source.by_variable or {}).items())
    return f"The right formula: {parts}"


def _finite(bench: Bench, points: Matrix) -> Array:
    values = bench.problem.function.evaluate(points).values
    return np.atleast_1d(np.isfinite(values.reshape((points.shape[0], -1))).all(axis=1))


def _joined(first: ClaimValues, second: ClaimValues, offset: int) -> ClaimValues:
    return ClaimValues(
        np.concatenate([first.values, second.values]),
        {**first.failures, **{row + offset: failure for row, failure in second.failures.items()}},
        tuple({o.kind: o for o in (*second.faults, *first.faults)}.values()),
        (*first.notes, *second.notes),
        first.evaluations + second.evaluations,
    )


def _rows(values: ClaimValues, rows: Sequence[int]) -> ClaimValues:
    """The values at some points; failures keep their meaning under the new numbers."""
    failures = {new: values.failures[old] for new, old in enumerate(rows) if old in values.failures}
    renumbered = {new: dataclasses.replace(failure, row=new) for new, failure in failures.items()}
    return ClaimValues(values.values[list(rows)], renumbered, values.faults, values.notes, values.evaluations)
