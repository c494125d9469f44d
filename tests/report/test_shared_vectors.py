"""Equal vectors of one result are kept once, and stay what they were."""

from __future__ import annotations

import math

from gradverify.report.codec import VECTOR


def test_equal_vectors_are_one_object() -> None:
    assert VECTOR.decode([1.5, 2.5]) is VECTOR.decode([1.5, 2.5])


def test_a_negative_zero_stays_one() -> None:
    VECTOR.decode([0.0, 1.0])
    assert math.copysign(1.0, VECTOR.decode([-0.0, 1.0])[0]) == -1.0
