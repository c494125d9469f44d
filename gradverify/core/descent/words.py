"""What a descent did, in words. Iterations are counted from 1: the first step leads from the start to iterate 1."""

from __future__ import annotations

import numpy as np

from gradverify.core.arrays import Vector
from gradverify.core.descent.behaviour import GROWING, Behaviour, tail_of
from gradverify.core.descent.run import Stop, Trajectory
from gradverify.core.variables import Variables
from gradverify.core.verify import show_point

EXPECTED = {
    Behaviour.CONVERGES: "expected to converge",
    Behaviour.SLOW: "expected to be slow",
    Behaviour.OSCILLATES: "expected to oscillate",
    Behaviour.DIVERGES: "expected to diverge",
}


def counted(number: int, what: str = "iteration") -> str:
    """`1 iteration`, `34 iterations`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def happened(
    trajectory: Trajectory,
    behaviour: Behaviour,
    tolerance: float,
    variables: Variables,
    failure: str | None = None,
) -> str:
    """A clause that follows "it ": `converged after 34 iterations, at (0, 0)`.

    tolerance: the descent's `gradient_tolerance`.  failure: what the functions said when they failed, if they did.
    """
    count = counted(trajectory.iterations)
    match behaviour:
        case Behaviour.CONVERGES:
            return f"converged after {count}, at {show_point(trajectory.last)}{_climbed(trajectory)}"
        case Behaviour.DIVERGES:
            return f"diverged: {_how_far(trajectory, variables, failure)}"
        case Behaviour.OSCILLATES:
            length = float(np.median(trajectory.lengths[trajectory.lengths.size // 2 :]))
            return f"went to and fro without coming closer: after {count} its steps are still {length:.3g} long"
        case Behaviour.SLOW:
            return _on_its_way(trajectory, tolerance)


def _climbed(trajectory: Trajectory) -> str:
    first, last = float(trajectory.values[0]), float(trajectory.values[-1])
    return f", but f rose on the way, from {first:.6g} to {last:.6g}" if last > first else ""


def _how_far(trajectory: Trajectory, variables: Variables, failure: str | None) -> str:
    number, last = trajectory.iterations, trajectory.last
    match trajectory.stop:
        case Stop.LEFT_DOMAIN:
            return f"in iteration {number} it left the domain, at {show_point(last)}"
        case Stop.FAR_OUT:
            j = int(np.argmax(np.abs(last)))
            name = variables.component_name(j)
            return f"in iteration {number} it left every bound, with {name} = {float(last[j]):.3g}"
        case Stop.NOT_FINITE:
            what = "x" if not np.isfinite(last).all() else "f" if not np.isfinite(trajectory.values[-1]) else "g"
            said = f" ({failure})" if failure and what != "x" else ""
            stopped = "stopped being finite" if number else "is not finite"
            return f"{what} {stopped} {f'in iteration {number}' if number else 'at the start'}{said}"
        case _:
            first, end = float(trajectory.values[0]), float(trajectory.values[-1])
            tail = tail_of(trajectory)
            grow = (
                f"its steps grow by a factor of {tail.growth:.3g} each, and " if tail and tail.growth > GROWING else ""
            )
            return f"{grow}f rose from {first:.6g} to {end:.6g} in {counted(number)}"


def _on_its_way(trajectory: Trajectory, tolerance: float) -> str:
    first, end, norm = float(trajectory.values[0]), float(trajectory.values[-1]), float(trajectory.norms[-1])
    count = counted(trajectory.iterations)
    if trajectory.stop is Stop.METHOD:
        return (
            f"stopped after {count}: the method found no step along −g that lowers f, which is {end:.6g};"
            f" ‖g‖ is {norm:.3g} there, and {tolerance:g} was wanted"
        )
    moved = "fell" if end <= first else "rose"
    tail = tail_of(trajectory)
    grow = ", with growing steps: f seems to have no minimum this way" if tail and tail.growth >= GROWING else ""
    return (
        f"was still on its way after {count}: f {moved} from {first:.6g} to {end:.6g}{grow};"
        f" ‖g‖ is {norm:.3g}, and {tolerance:g} was wanted"
    )


def away(end: Vector, target: Vector) -> float:
    """The distance in the largest component; NaN where the end is not finite."""
    with np.errstate(all="ignore"):
        return float(np.max(np.abs(end - target), initial=0.0))
