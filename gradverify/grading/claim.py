"""A student's entry as a claimed derivative: a `Function` whose every evaluation is one request to the sandbox.

Nothing but numbers comes back, and they are assembled and compared out here, by the machinery that verifies specs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from gradverify.core.arrays import Array, Vector
from gradverify.core.assembly import WrongShape, assemble
from gradverify.core.problem import Derivative, Evaluation, Failure, Function, Observation
from gradverify.core.variables import Shape, Variables
from gradverify.core.verdicts import Fault, NoteKind
from gradverify.functions.callables import arguments
from gradverify.sandbox.model import ODD, Answer, RemoteFunction
from gradverify.sandbox.model import Status as Ended

STICKY = frozenset((Ended.MISSING, Ended.IMPORT_ERROR, Ended.BAD_SIGNATURE, Ended.BROKEN))  # asking again is no use
DEADLY = frozenset((Ended.TIMEOUT, Ended.MEMORY, Ended.CRASHED, Ended.POLICY))  # the process ended with the call
MOST_DEATHS = 3  # after so many the rest is not asked: each costs a new process
MOST_CALLS = 200_000  # of f, for one question
MOST_KEPT_CALLS = 4_000  # points at which f was called that are looked at for a stencil
TURNED, TURNED_SECONDS = 20.0, 1.0  # how much longer than ever before an answer takes that is told
TOO_LONG = "they took as long as the submission may"
MOST_OUTPUT = 2_000  # characters of what was printed that staff sees
NOT_USABLE = "it returned"  # begins what is said of a return value that is no array of numbers
COMPLEX = "complex numbers without imaginary parts were taken for real ones"


class Caller(Protocol):
    """What a submission is called through; a sandbox session is one."""

    def call(self, entry: str, arguments: Sequence[Any], *, seconds: float | None = None) -> Answer:
        """Call `entry`; never raises for what the submission does."""


@dataclass(slots=True)
class Seen:
    """What was seen while a submission answered."""

    worst: Answer | None = None  # the first answer that ended more than itself
    raised: list[str] = field(default_factory=list)  # texts of exceptions; the student's, so for staff
    tried: dict[str, None] = field(default_factory=dict)
    output: str = ""
    seconds: float = 0.0
    slowest: float = 0.0  # seconds of one answer
    requests: int = 0
    deaths: int = 0
    calls: int = 0  # of f, where the entry got it
    odd_calls: dict[str, None] = field(default_factory=dict)  # what other than real numbers f was called with

    def note(self, answer: Answer) -> None:
        """Take down what an answer shows besides its numbers."""
        self.seconds += answer.seconds
        self.slowest = max(self.slowest, answer.seconds)
        self.requests += 1
        self._note_traces(answer)
        if answer.stdout and len(self.output) < MOST_OUTPUT:
            self.output = (self.output + answer.stdout)[:MOST_OUTPUT]
        if answer.status is Ended.RAISED and answer.detail not in self.raised[:20]:
            self.raised.append(answer.detail)
        if answer.status in STICKY or answer.status in DEADLY:
            self.deaths += answer.status in DEADLY
            if self.worst is None:
                self.worst = answer

    def note_quietly(self, answer: Answer) -> None:
        """Take down of an answer that the grader wanted for itself what may not be missed: attempts, and deaths."""
        self._note_traces(answer)
        self.deaths += answer.status in DEADLY

    def _note_traces(self, answer: Answer) -> None:
        self.tried |= dict.fromkeys(answer.tried)
        self.odd_calls |= dict.fromkeys(name for name in answer.calls if ODD in name)


@dataclass(slots=True)
class Seat:
    """One question's part of a submission: its entry, the time it has left, and what was seen."""

    caller: Caller
    entry: str
    seconds: float  # of wall clock that all its calls may take together
    seen: Seen = field(default_factory=Seen)
    exhausted: bool = False  # the grader could not ask all that it wanted to know
    why_exhausted: str = ""  # for staff
    turned: str = ""  # how it behaved otherwise once the points were over
    _extra: float | None = None  # seconds left for the grader's own questions; None before it has any

    def investigate(self) -> None:
        """From here on calls are the grader's own: to explain an answer, or to see where it comes from.

        They have as much time again and no consequences: what becomes of them changes neither the status nor what is
        quoted, and when the time is over they stop. An entry that hung or crashed is not asked any further.
        """
        self._extra = self.seconds
        if self.seen.worst is not None:
            self._give_up(f"the entry had ended with {self.seen.worst.status.value}")

    def _give_up(self, why: str) -> None:
        self.exhausted, self.why_exhausted = True, self.why_exhausted or why

    def ask(self, given: Sequence[Any]) -> Answer:
        """One call, unless there is no use in asking: then the answer that ended it all."""
        if self._extra is not None:
            return self._asked_quietly(given, self._extra)
        worst = self.seen.worst
        left = self.seconds - self.seen.seconds
        if worst is not None and (worst.status in STICKY or self.seen.deaths >= MOST_DEATHS):
            return worst
        if not left > 0:
            return Answer(status=Ended.TIMEOUT, detail="the time for this question is spent")
        answer = self.caller.call(self.entry, given, seconds=left)
        self.seen.note(answer)
        return answer

    def _asked_quietly(self, given: Sequence[Any], left: float) -> Answer:
        if self.exhausted or not left > 0 or self.seen.deaths >= MOST_DEATHS:
            self._give_up("its process ended too often" if self.seen.deaths >= MOST_DEATHS else TOO_LONG)
            return Answer(status=Ended.TIMEOUT, detail="it was not asked")
        answer = self.caller.call(self.entry, given, seconds=left)
        self._extra = left - answer.seconds
        self.seen.note_quietly(answer)
        # Out of time after a moment says that the grader had used it up, and nothing of the entry.
        ended = answer.status in DEADLY and answer.status is not Ended.TIMEOUT
        if not self.turned and (ended or answer.seconds > TURNED * self.seen.slowest + TURNED_SECONDS):
            self.turned = (
                f"it answered at the points within {self.seen.slowest:.3g} s each, and when it was asked further:"
                f" {answer.status.value} after {answer.seconds:.3g} s"
            )
        if answer.status is Ended.TIMEOUT:
            self._give_up(TOO_LONG)
        return answer


@dataclass(slots=True)
class SubmissionClaim:
    """A student's derivative. `output_shape` is the derivative's."""

    seat: Seat
    variables: Variables
    constants: Mapping[str, Array]
    derivative: Derivative
    outputs: Shape  # of f
    function: Function | None = None  # f, where the entry gets it as its first argument
    called_at: list[tuple[Vector, Vector]] = field(default_factory=list)  # (point asked, point at which f was called)
    tilt: Vector | None = None  # a slope that f is given in addition, to see whether the answer follows
    kind: str = "submission"

    @property
    def output_shape(self) -> Shape:
        n = self.variables.size
        lead = self.outputs if self.derivative is Derivative.JACOBIAN else ()
        return (n, n) if self.derivative is Derivative.HESSIAN else (*lead, n)

    def evaluate(self, points: Array) -> Evaluation:
        values = np.full((points.shape[0], *self.output_shape), np.nan)
        failures: list[Failure] = []
        observations: list[Observation] = []
        for row in range(points.shape[0]):
            point = np.asarray(points[row].real, dtype=np.float64)
            answer = self.seat.ask(self._given(point))
            if answer.status is not Ended.OK:
                failures.append(Failure(row, f"{answer.status.value}: {answer.detail}"))
                continue
            if answer.mutated:
                message = f"the claimed {self.derivative.value} changes its input"
                observations.append(Observation(Fault.MUTATES_INPUT, message, row))
            try:
                assembled = assemble(raw_value(answer), self.variables, self.derivative, self.outputs)
            except WrongShape as error:
                failures.append(Failure(row, str(error), fault=Fault.WRONG_SHAPE))
                continue
            if assembled.convention is not None:
                observations.append(Observation(NoteKind.CONVENTION, assembled.convention, row))
            if any(name.startswith("complex") for name in answer.dtypes):
                observations.append(Observation(NoteKind.CONVENTION, COMPLEX, row))
            values[row] = assembled.value
        return Evaluation(values, tuple(failures), tuple(observations))

    def _given(self, point: Vector) -> list[Any]:
        given = [plain_argument(a) for a in (*arguments(point, self.variables), *self.constants.values())]
        if self.function is not None:
            given.insert(0, RemoteFunction("f", self._answerer(self.function, point)))
        return given

    def _answerer(self, function: Function, asked: Vector) -> Callable[..., float | Array]:
        def answer(*parts: Array) -> float | Array:
            self.seat.seen.calls += 1
            if self.seat.seen.calls > MOST_CALLS:
                raise ValueError("f was called too often")
            point = point_of(parts, self.variables)
            if len(self.called_at) < MOST_KEPT_CALLS:
                self.called_at.append((asked, point))
            if self.tilt is None:
                return value_at(function, point)
            more = float(self.tilt @ (point - asked))
            return value_at(function, point) + (more**2 / 2 if self.derivative is Derivative.HESSIAN else more)

        return answer


def plain_argument(value: Any) -> Any:
    """A number as a Python float, an array as it is."""
    array = np.asarray(value, dtype=np.float64)
    return float(array) if array.shape == () else array


def point_of(parts: Sequence[Array], variables: Variables) -> Vector:
    """The point vector that a call of f was made with: one argument a variable, or the whole vector."""
    sizes = [int(part.size) for part in parts]
    if sizes not in ([v.size for v in variables], [variables.size]):
        raise ValueError(f"f takes {len(variables)} arguments ({', '.join(variables.names)}); here are {len(parts)}")
    return np.concatenate([part.ravel() for part in parts])


def value_at(function: Function, point: Vector) -> float | Array:
    """f at one point; NaN where f fails, whose message may tell more than a student should know."""
    values = np.asarray(function.evaluate(point[None, :]).values[0], dtype=np.float64)
    return float(values) if values.shape == () else values


def raw_value(answer: Answer) -> Any:
    """What the entry returned, as `assemble` reads it: numbers alone. Raises WrongShape for what holds none."""
    match answer.kind:
        case "array":
            return answer.values[0]
        case "tuple":
            return list(answer.values)
        case "dict":
            return dict(zip(answer.keys, answer.values, strict=True))
        case "none":
            raise WrongShape(f"{NOT_USABLE} None: is there a `return` at its end?")
        case _:
            raise WrongShape(f"{NOT_USABLE} something that cannot be used: {answer.detail or 'unknown'}")
