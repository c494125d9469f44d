"""What a spec is at, as text that a worker leaves on its page and its parent reads when it is late or dead."""

from __future__ import annotations

SLOW_CALL = 1e-3  # s: from here on it is worth a thought how many calls of a function a spec has time for

_CLAUSES = {
    "loading": "while its function was loaded and first called",
    "search": "while searching for counterexamples",
    "explanation": "while explaining the result",
    "figures": "while evaluating what only figures need",
}
_BACKEND = "backend "
_TAKES, _A_CALL = " (the function takes ", " s a call)"


def backend_phase(name: str, seconds_a_call: float) -> str:
    """The phase in which a backend is asked."""
    return slowed(f"{_BACKEND}{name}", seconds_a_call)


def slowed(phase: str, seconds_a_call: float) -> str:
    """A phase in which the function is called; it says how slow that is, where that may be why the phase is long."""
    return f"{phase}{_TAKES}{seconds_a_call:.2g}{_A_CALL}" if seconds_a_call >= SLOW_CALL else phase


def backend_of(phase: str) -> str | None:
    """The backend that is asked in `phase`, if one is."""
    return phase.removeprefix(_BACKEND).partition(_TAKES)[0] if phase.startswith(_BACKEND) else None


def seconds_a_call(phase: str) -> float:
    """What `slowed` said of the function; 0 where it is not slow, or not known to be."""
    number = phase.partition(_TAKES)[2].removesuffix(_A_CALL)
    try:
        return float(number)
    except ValueError:
        return 0.0


def during(phase: str) -> str:
    """A phase as a clause: "while running backend sympy", "while its function was loaded and first called"."""
    if phase.startswith(_BACKEND):
        return f"while running {phase}"
    if phase.startswith("before"):
        return phase
    return _CLAUSES.get(phase, f"while {phase}")
