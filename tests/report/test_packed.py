"""Points in messages: the same numbers come out, bit for bit, and nothing but such points is read."""

from __future__ import annotations

import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.core.report import Component, PointResult
from gradverify.core.verdicts import Verdict
from gradverify.report.codec import DataError
from gradverify.report.packed import pack, unpack

numbers = st.floats(allow_nan=True, allow_infinity=True)


@st.composite
def ordinary_points(draw: st.DrawFn) -> list[PointResult]:
    at, size = draw(st.integers(0, 4)), draw(st.integers(1, 4))
    verdict = draw(st.sampled_from(Verdict))

    def vector(length: int) -> tuple[float, ...]:
        return tuple(draw(st.lists(numbers, min_size=length, max_size=length)))

    return [
        PointResult(
            at=vector(at), claimed=vector(size), reference=vector(size), error_bound=vector(size),
            tolerance=vector(size), verdict=verdict,
        )
        for _ in range(draw(st.integers(1, 4)))
    ]  # fmt: skip


def bits(point: PointResult) -> list[bytes]:
    vectors = (point.at, point.claimed, point.reference, point.error_bound, point.tolerance)
    return [struct.pack(f"<{len(vector)}d", *vector) for vector in vectors if vector is not None]


@given(ordinary_points())
def test_ordinary_points_come_back_bit_for_bit(points: list[PointResult]) -> None:
    packed = pack(points)
    assert packed is not None
    back = unpack(json.loads(json.dumps(packed, allow_nan=False)))
    assert [bits(point) for point in back] == [bits(point) for point in points]
    assert [point.verdict for point in back] == [point.verdict for point in points]


PLAIN = PointResult(
    at=(1.0,), claimed=(2.0,), reference=(2.0,), error_bound=(1e-9,), tolerance=(1e-6,), verdict=Verdict.PASS
)


@pytest.mark.parametrize(
    "odd",
    [
        PointResult(at=(1.0,), verdict=Verdict.PASS),
        PointResult(at=(1.0,), claimed=(2.0,), reference=(2.0,), verdict=Verdict.PASS),
        PointResult(at=(1.0,), claimed=(2.0, 3.0), reference=(2.0,), error_bound=(0.0,), tolerance=(0.0, 1.0, 2.0),
                    verdict=Verdict.PASS),
        PointResult(at=(1.0,), claimed=(2.0,), reference=(2.0,), error_bound=(0.0,), tolerance=(0.0,),
                    verdict=Verdict.FAIL),
        PointResult(at=(1.0,), claimed=(2.0,), reference=(2.0,), error_bound=(0.0,), tolerance=(0.0,),
                    verdict=Verdict.PASS, notes=("a kink",)),
        PointResult(at=(1.0,), claimed=(2.0,), reference=(2.0,), error_bound=(0.0,), tolerance=(0.0,),
                    verdict=Verdict.PASS, reason="excused"),
        PointResult(at=(1.0,), claimed=(2.0,), reference=(2.0,), error_bound=(0.0,), tolerance=(0.0,),
                    verdict=Verdict.PASS, components=(0,)),
        PointResult(at=(1.0,), claimed=(2.0,), reference=(2.0,), error_bound=(0.0,), tolerance=(0.0,),
                    verdict=Verdict.PASS, wrong_components=(Component(0, "x", (), None, "x"),)),
    ],
)  # fmt: skip
def test_a_point_out_of_the_ordinary_is_written_in_full(odd: PointResult) -> None:
    assert pack([PLAIN, odd]) is None


@pytest.mark.parametrize(
    "change",
    [
        {"at": -1},
        {"at": True},
        {"at": 2},
        {"at": 1 << 40},
        {"values": 1.0},
        {"verdict": "fine"},
        {"verdict": ["pass"]},
        {"numbers": "no base64!"},
        {"numbers": "ä"},
        {"numbers": 5},
        {"numbers": "AAAA"},
        {"more": 1},
    ],
)
def test_anything_else_is_refused(change: dict[str, object]) -> None:
    packed = pack([PLAIN])
    assert packed is not None
    with pytest.raises(DataError):
        unpack({**packed, **change})


def test_a_point_needs_a_number() -> None:
    with pytest.raises(DataError):
        unpack({"at": 0, "values": 0, "verdict": "pass", "numbers": ""})


def test_not_a_number_is_packed_as_such() -> None:
    packed = pack([PointResult(at=(math.nan,), claimed=(math.inf,), reference=(-0.0,), error_bound=(0.0,),
                               tolerance=(1.0,), verdict=Verdict.INCONCLUSIVE)])  # fmt: skip
    assert packed is not None
    (point,) = unpack(packed)
    assert math.isnan(point.at[0])
    assert point.claimed == (math.inf,)
    assert math.copysign(1.0, (point.reference or (1.0,))[0]) == -1.0
