"""The words that every result is said in: verdicts, evidence levels, faults and notes."""

import enum


class Verdict(enum.StrEnum):
    """What a check, a point or a spec came to (docs/spec.md, "Verdicts")."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"  # the error bound is wider than what has to be decided
    ERROR = "error"  # the function, a backend or a limit broke; says nothing about the claim
    SKIPPED = "skipped"  # does not apply, with the reason


class Evidence(enum.StrEnum):
    """How strong a reference is, strongest first."""

    PROVED = "proved"  # identical as functions
    CERTIFIED = "certified"  # a rigorous enclosure at the points
    EXACT = "exact"  # to round-off
    ESTIMATED = "estimated"  # with an error bound
    PROJECTED = "projected"  # along random directions only

    @property
    def strength(self) -> int:
        """5 for the strongest level, 1 for the weakest."""
        return _STRENGTHS[self]


_STRENGTHS = {level: len(Evidence) - position for position, level in enumerate(Evidence)}


class Fault(enum.StrEnum):
    """What kind of mistake a wrong gradient is; the `fault` of a diagnosis or a blind spot."""

    SIGN = "sign"
    FACTOR = "factor"
    SWAPPED_COMPONENTS = "swapped-components"
    TRANSPOSED = "transposed"
    OFF_BY_ONE_INDEX = "off-by-one-index"
    MISSING_TERM = "missing-term"
    EXTRA_TERM = "extra-term"
    MISSING_CHAIN_FACTOR = "missing-chain-factor"
    MEAN_VS_SUM = "mean-vs-sum"
    ZEROED_COMPONENT = "zeroed-component"
    CONSTANT_OFFSET = "constant-offset"
    LOG_PARAMETER = "log-parameter"
    WRONG_BRANCH = "wrong-branch"
    SINGLE_PRECISION = "single-precision"
    NUMERICAL_DERIVATIVE = "numerical-derivative"
    MUTATES_INPUT = "mutates-input"
    NONDETERMINISTIC = "nondeterministic"
    NON_FINITE = "non-finite"
    WRONG_SHAPE = "wrong-shape"
    UNKNOWN = "unknown"


class NoteKind(enum.StrEnum):
    """Why a reference is less sharp, or of another kind, than it could be at some point."""

    KINK = "kink"  # f has one-sided slopes that differ
    JUMP = "jump"  # f itself is discontinuous
    EDGE = "edge"  # differences taken on one side, inside the domain
    NOISE = "noise"  # f is noisier than its round-off
    SINGLE_PRECISION = "single-precision"  # f computes in float32
    OVERFLOW = "overflow"  # f is not finite near the point
    OSCILLATION = "oscillation"  # f varies faster than the steps
    RANDOMNESS = "randomness"  # f differs between two calls at one point
    NOT_FINITE = "not-finite"  # the estimate itself is NaN or infinite
    COST = "cost"  # a budget ended the work early
    CONVENTION = "convention"  # row or column shape accepted
    OTHER = "other"


class AtKinks(enum.StrEnum):
    """What to do where f has no derivative."""

    ACCEPT_SUBGRADIENT = "accept-subgradient"
    FAIL = "fail"
    SKIP = "skip"
