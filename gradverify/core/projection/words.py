"""What directions showed, in words: what was seen, what would have been seen, and why nothing could be decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradverify.core.judge import Code
from gradverify.core.projection.compare import MOST_LOCATED, Comparison, Seen

MOST_NAMES = 3  # blocks named in one sentence
MOST_LISTED = 64  # blocks named in a report's details


def seen(comparison: Comparison) -> list[str]:
    """One sentence a group: which faults its directions would have shown."""
    return [_seen(part, len(comparison.seen)) for part in comparison.seen if part.directions]


def _seen(part: Seen, groups: int) -> str:
    whose = f" of {_names(part)}" if groups > 1 else ""
    text = (
        f"{part.components:,} components{whose} were compared along {part.directions} random directions only: a fault"
        f" of more than {_relative(part)} in any one component would have been seen, beside other faults with"
        f" probability 1 − 2^−{part.directions} at least"
    )
    if part.hidden:
        text += f"; {part.hidden:,} components are smaller than that and could be wrong altogether"
    return text


def _relative(part: Seen) -> str:
    if not part.typical > 0:
        return f"{part.unseen:.1e} (in the unit of f, when the component moves by its own size)"
    return f"{part.unseen / part.typical:.1e} of a typical component"


def _names(part: Seen) -> str:
    shown = ", ".join(part.names[:MOST_NAMES])
    return shown + (f" and {len(part.names) - MOST_NAMES} more" if len(part.names) > MOST_NAMES else "")


def why(comparison: Comparison, label: Callable[[int], str]) -> str | None:
    """Why the point does not pass, as a clause; None where it does."""
    if comparison.code == Code.PASS:
        return None
    if comparison.not_finite:
        where = label(comparison.first_not_finite or 0)
        return f"{comparison.not_finite:,} claimed components are not finite, {where} the first of them"
    if comparison.code == Code.FAIL:
        return _wrong(comparison)
    if comparison.broken is not None:
        return comparison.broken
    if comparison.not_moved:
        return f"{comparison.not_moved:,} components lie on an end of their domain, where no direction moves them"
    if comparison.undecided and comparison.directions and all(c.code == Code.PASS for c in comparison.directions):
        about = "; ".join(note.message for note in comparison.notes)
        return f"f's slope could not be told along {comparison.undecided} random directions ({about})"
    if not all(part.directions for part in comparison.seen):
        return "the budget of evaluations does not suffice for a direction through every group of components"
    worst = max(comparison.directions, key=lambda c: c.projection.unseen / (c.projection.norm or 1.0))
    p = worst.projection
    scale = p.norm or 1.0
    about = "; ".join(note.message for note in comparison.notes)
    if p.suspicious:
        text = (
            f"along a random direction claim and reference differ by {p.gap / scale:.1e} of what is usual, which no"
            " component could be found to account for"
        )
    else:
        text = f"along random directions the reference has an error bound of {p.bound / scale:.1e} of what is usual"
        text += ", wider than the tolerance" if p.gap <= p.bound else ""
    return f"{text} ({about})" if about else text


def has_more(comparison: Comparison) -> bool:
    """Whether the components that were found wrong do not account for all that directions show."""
    return any(c.code == Code.FAIL for c in comparison.directions)


def _wrong(comparison: Comparison) -> str:
    differs = has_more(comparison)
    if not comparison.wrong:
        return "the claim is wrong along random directions, in more components than could be told apart"
    count = len(comparison.wrong)
    found = f"{count} wrong component{'' if count == 1 else 's'} found by group testing"
    if differs:
        more = "there are more" if len(comparison.located) >= MOST_LOCATED else "these do not account for all of it"
        return f"{found}; {more}"
    return found


def details(comparison: Comparison) -> dict[str, Any]:
    """Everything as plain values, for reports."""
    return {
        "evaluations": comparison.evaluations,
        "evaluations_to_locate": comparison.locating,
        "groups": [
            {
                "variables": list(part.names[:MOST_LISTED]),
                "components": part.components,
                "directions": part.directions,
                "fault_not_seen": _number(part.unseen),
                "typical_component": _number(part.typical),
                "smallest_typical_component": _number(part.smallest),
                "components_below": part.hidden,
            }
            for part in comparison.seen
        ],
        "directions": [
            {
                "group": c.group,
                "seed": c.direction.seed,
                "number": c.direction.number,
                "claimed": _number(c.projection.claimed / c.direction.length),
                "reference": _number(c.projection.value / c.direction.length),
                "error_bound": _number(c.projection.bound / c.direction.length),
                "verdict": c.code.name.lower(),
            }
            for c in comparison.directions
        ],
    }


def _number(value: float) -> float | str:
    return float(value) if np.isfinite(value) else str(float(value))
