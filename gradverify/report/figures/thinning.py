"""Long sequences, shortened so that their picture stays the same."""

from __future__ import annotations

import math
from collections.abc import Sequence


def thinned(values: Sequence[float], most: int) -> list[int]:
    """At most about `most` indices: of each stretch the least and the largest value, so that oscillations stay."""
    count = len(values)
    if count <= most:
        return list(range(count))
    stretches = max(1, (most - 2) // 2)
    kept = {0, count - 1}
    for stretch in range(stretches):
        indices = range(stretch * count // stretches, (stretch + 1) * count // stretches)
        finite = [i for i in indices if math.isfinite(values[i])]
        if finite:
            kept |= {min(finite, key=values.__getitem__), max(finite, key=values.__getitem__)}
    return sorted(kept)
