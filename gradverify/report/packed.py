"""The points of a check, written short: all their numbers as one text, for messages, journals and the cache.

A result's numbers are most of it, and reading and writing them one by one as decimal text was most of what a message
cost. Points that are out of the ordinary (a wrong component, a reason, a note, a missing vector) are written in full.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Sequence
from itertools import chain
from typing import Any

from gradverify.core.report import PointResult
from gradverify.core.verdicts import Verdict
from gradverify.report.codec import Codec, DataError, quote, shared

MOST_NUMBERS = 1 << 23  # as many as fit a frame (64 MiB) in base64
_KEYS = frozenset(("at", "values", "verdict", "numbers"))
_VERDICTS = {verdict.value: verdict for verdict in Verdict}


def packable(points: Codec) -> Codec:
    """`points`, a codec for a sequence of points, but short where all are ordinary; it reads both forms."""
    in_full, from_full = points.shortest, points.decode

    def short(values: Sequence[PointResult]) -> Any:
        return pack(values) or in_full(values)

    def decode(data: object) -> tuple[PointResult, ...]:
        return unpack(data) if type(data) is dict else from_full(data)

    return Codec(points.encode, decode, points.schema, short)


def pack(points: Sequence[PointResult]) -> dict[str, Any] | None:
    """Ordinary points as one object; None where there are none, or any is out of the ordinary."""
    if not points:
        return None
    first = points[0]
    if first.claimed is None:
        return None
    at, size, verdict = len(first.at), len(first.claimed), first.verdict
    vectors: list[Sequence[float]] = []
    for point in points:
        four = (point.claimed, point.reference, point.error_bound, point.tolerance)
        given = [vector for vector in four if vector is not None]
        if (
            len(given) < len(four) or point.verdict is not verdict or len(point.at) != at
            or point.wrong_components or point.notes or point.reason is not None or point.components is not None
        ):  # fmt: skip
            return None
        vectors += (point.at, *given)
    numbers = list(chain.from_iterable(vectors))
    if len(numbers) != len(points) * (at + 4 * size) or any(len(vector) != size for vector in vectors[1::5]):
        return None
    data = base64.b64encode(struct.pack(f"<{len(numbers)}d", *numbers)).decode("ascii")
    return {"at": at, "values": size, "verdict": verdict.value, "numbers": data}


def unpack(data: dict[Any, Any]) -> tuple[PointResult, ...]:
    """The inverse of `pack`. Raises `DataError` on anything else."""
    if data.keys() != _KEYS:
        raise DataError("expected packed points with at, values, verdict and numbers")
    at, size, verdict, text = data["at"], data["values"], data["verdict"], data["numbers"]
    if type(at) is not int or type(size) is not int or not 0 <= at <= MOST_NUMBERS or not 0 <= size <= MOST_NUMBERS:
        raise DataError(f"expected counts of numbers, got {quote(at)} and {quote(size)}")
    if type(verdict) is not str or verdict not in _VERDICTS:
        raise DataError(f"expected a verdict, got {quote(verdict)}")
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True) if type(text) is str else b"?"
    except (UnicodeEncodeError, binascii.Error):
        raw = b"?"
    row = at + 4 * size
    if len(raw) % 8 or not row or len(raw) % (8 * row):
        raise DataError(f"expected numbers in rows of {row}, got {quote(text)}")
    numbers = struct.unpack(f"<{len(raw) // 8}d", raw)
    word = _VERDICTS[verdict]
    points = []
    for start in range(0, len(numbers), row):
        a = start + at
        b, c, d = a + size, a + 2 * size, a + 3 * size
        points.append(
            PointResult(
                at=shared(numbers[start:a]), claimed=shared(numbers[a:b]), reference=shared(numbers[b:c]),
                error_bound=numbers[c:d], tolerance=numbers[d : start + row], verdict=word,
            )
        )  # fmt: skip
    return tuple(points)
