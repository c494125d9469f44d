"""Grading a gradient, Jacobian or Hessian: the student's entry takes the place of the spec's claim, and is verified.

In two phases. First the entry is asked at the points that its author can see; what it says then may be quoted to the
student. Only afterwards it meets hidden points, and from then on nothing but the score leaves.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Array, Matrix
from gradverify.core.conclude import component
from gradverify.core.diagnosis.diagnose import diagnose, subject
from gradverify.core.examine import ClaimValues, examine
from gradverify.core.judge import Code, judge
from gradverify.core.report import Component, Diagnosis
from gradverify.core.verdicts import Fault
from gradverify.core.verify import Verified, best_reference, show_point, verify, why_inconclusive
from gradverify.expression.text import to_text
from gradverify.grading import cheats
from gradverify.grading.bench import Bench
from gradverify.grading.claim import DEADLY, Seat, Seen, SubmissionClaim
from gradverify.grading.hidden import hidden_points
from gradverify.grading.model import (
    Credit,
    Feedback,
    Finding,
    Flag,
    FlagKind,
    Question,
    QuestionResult,
    Status,
    SubmissionLimits,
    Tally,
)
from gradverify.grading.score import Scored, points_for, score, status_for
from gradverify.grading.words import ENDED, ENDED_IN_IMPORT, FORBIDDEN, hint, lines, quoted, share
from gradverify.report.words import pair
from gradverify.sandbox.model import Status as Ended
from gradverify.spec.model import ExpressionSource

EXPLAINED = 4  # hidden points beside the visible ones that a wrong answer is looked at closely
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
WHILE_IMPORTED = "while it was imported"  # how the sandbox begins to tell of such an end
UNANSWERED = (Status.MISSING, Status.IMPORT_ERROR, Status.BAD_SIGNATURE, Status.GRADER_ERROR)
TRIED = {"file": FlagKind.TRIED_FILE, "network": FlagKind.TRIED_NETWORK, "process": FlagKind.TRIED_PROCESS}


@dataclass
class DerivativeGrading:
    """One question of one student."""

    bench: Bench
    seat: Seat
    limits: SubmissionLimits
    seed: int | None = None  # of the hidden points

    def __post_init__(self) -> None:
        bench, question = self.bench, self.bench.question
        problem = bench.problem
        self.claim = SubmissionClaim(
            self.seat, problem.variables, bench.loaded.constants, problem.derivative,
            problem.function.output_shape, problem.function if question.pass_function else None,
        )  # fmt: skip
        self._values: ClaimValues | None = None
        self._quotable: list[str] = []

    def look(self) -> None:
        """The first phase: the points that the student can see."""
        self._values = examine(self.claim, self.bench.visible, repeat=True)
        seen = self.seat.seen
        self._quotable = [quoted(text) for text in seen.raised[:1]]
        shapes = [f.message for f in self._values.failures.values() if f.fault is Fault.WRONG_SHAPE]
        self._quotable += [quoted(text) for text in shapes[:1]]
        if self.unanswered and seen.worst is not None:
            self._quotable = [quoted(seen.worst.detail)]

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
        codes, looked = self._codes(points, values)
        scored = score(codes, question.credit)
        worst = self.seat.seen.worst
        if worst is not None and worst.status is Ended.BROKEN:
            return self._ended(Status.GRADER_ERROR)
        if scored.fraction is None:
            reason = why_inconclusive(looked) if looked is not None else "no point could be decided"
            return self._ended(Status.GRADER_ERROR, reason)
        fraction = 0.0 if values.faults else scored.fraction
        status = status_for(fraction)
        if worst is not None and status is not Status.OK:
            status = STATUSES[worst.status]
        found: list[Diagnosis] = []
        if status in (Status.PARTIAL, Status.WRONG):
            if looked is None:  # every value is right: what is wrong shows in the claim by itself
                looked = self._verify(visible, self._values)
            found = _explained(self.bench, looked)
        suspect = cheats.Suspect(self.bench, self.claim, points, values, codes, visible.shape[0], self.seat.seen)
        flags = (*_flags(self.seat.seen, values, found), *cheats.evidence(suspect))
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
            staff=self._staff(status, scored, points, values, codes, looked, found, flags),
            seconds=self.seat.seen.seconds, visible=score(codes[:n], question.credit).points,
            hidden=score(codes[n:], question.credit).points if hidden.shape[0] else Tally(),
            hidden_seed=self.seed if hidden.shape[0] else None,
        )  # fmt: skip

    def _codes(self, points: Matrix, values: ClaimValues) -> tuple[Array, Verified | None]:
        """The verdict on each component at each point, and the close look at a wrong answer.

        A value that agrees with an exact reference is right, and that is all there is to say. For the others all
        quick backends are heard, at the visible points and at a few hidden ones; further points are looked at only for
        components that may still be right.
        """
        bench, question = self.bench, self.bench.question
        known = bench.references(points)
        finite = _finite(bench, points)
        if known is None:
            looked = self._verify(points, values)
            return looked.codes, looked
        codes = judge(values.values, known[0], known[1], bench.problem.tolerance)
        codes[sorted(values.failures)] = Code.FAIL
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
            return lines(ended_words(question, self.limits, status, self.seat))
        if question.feedback is Feedback.NONE:
            return ""
        text: list[str] = []
        if question.credit is Credit.PER_POINT:
            text.append(share(scored.points.right, scored.points.decided, "point"))
        elif not values.faults:
            text.append(share(scored.components.right, scored.components.decided, "component"))
        if status is Status.OK:
            return lines(text)
        n = self.bench.visible.shape[0]
        seen_wrong = (codes[:n] == Code.FAIL).any() or values.faults
        if not seen_wrong:
            text.append("It is right at all the points that you can see, and wrong at others.")
        text += self._quotable_lines()
        assert looked is not None
        text += hints(found, looked)
        if question.feedback is Feedback.FULL:
            text += self._in_full(found, looked, n)
        return lines(text)

    def _quotable_lines(self) -> list[str]:
        if self._quotable:
            return [f"It said: {text}" for text in self._quotable]
        return ["It raised an exception at a point that you cannot see."] if self.seat.seen.raised else []

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
        values: ClaimValues,
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
        text += [f"fault: {observation.message}" for observation in values.faults]
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
    flags = _flags(seat.seen, None, ())
    worst = seat.seen.worst
    told = [] if status is Status.GRADER_ERROR else [f"It said: {text}" for text in quotable]
    detail = reason or (worst.detail if worst is not None else "")
    return QuestionResult(
        name=question.name, status=status, score=0.0, max_score=question.points, extra=question.extra,
        feedback=question.feedback, flags=flags, seconds=seat.seen.seconds,
        student=lines(ended_words(question, limits, status, seat), told),
        staff=lines(f"{status}: {detail}" if detail else str(status), staff_lines(seat.seen, flags, None)),
    )  # fmt: skip


def ended_words(question: Question, limits: SubmissionLimits, status: Status, seat: Seat) -> str:
    """The sentence for a status that is no verdict on the numbers."""
    worst = seat.seen.worst
    in_import = worst is not None and worst.status in DEADLY and worst.detail.startswith(WHILE_IMPORTED)
    sentence = ENDED_IN_IMPORT.get(status, ENDED[status]) if in_import else ENDED[status]
    names = [*(["f"] if question.pass_function else []), *question.spec.variables.names, *question.spec.constants]
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


def hints(found: Sequence[Diagnosis], verified: Verified) -> list[str]:
    """The hints for a diagnosis, each once."""
    told: dict[str, None] = {}
    for diagnosis in found:
        parts = diagnosis.components or _wrong(verified)
        what = subject(verified, parts) if parts else "Your answer"
        by = "that variable" if len({p.index for p in parts}) != 1 else _variable(verified, parts[0])
        told[hint(diagnosis.fault, what, by, of_a_term="the term " in diagnosis.message)] = None
    return list(told)


def _wrong(verified: Verified) -> tuple[Component, ...]:
    wrong = np.flatnonzero((verified.codes == Code.FAIL).any(axis=0))
    return tuple(component(verified.problem, int(i)) for i in wrong)


def _variable(verified: Verified, part: Component) -> str:
    return verified.problem.variables.component_name(part.index % verified.problem.variables.size)


def _explained(bench: Bench, looked: Verified) -> list[Diagnosis]:
    return diagnose(looked, bench.ask, bench.part_function)


def _flags(seen: Seen, values: ClaimValues | None, found: Sequence[Diagnosis]) -> tuple[Flag, ...]:
    """What was seen at once: attempts, a changed input, two answers, a library that is not there."""
    flags: list[Flag] = []
    for text in seen.tried:
        kind = TRIED.get(text.partition(":")[0], FlagKind.OTHER)
        flags.append(Flag(kind, f"it tried {text}"))
    for observation in values.faults if values is not None else ():
        if observation.kind is Fault.NONDETERMINISTIC:
            flags.append(Flag(FlagKind.NONDETERMINISTIC, observation.message))
        elif observation.kind is Fault.MUTATES_INPUT:
            flags.append(Flag(FlagKind.MUTATES_INPUT, observation.message))
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
        return f"The right formula: {to_text(source.whole)}"
    parts = "; ".join(f"by {name}: {to_text(tree)}" for name, tree in (source.by_variable or {}).items())
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
