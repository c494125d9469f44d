"""A spec's verified claims, and the means that verified them: what all further checks build on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gradverify.core.arrays import Matrix
from gradverify.core.problem import Domain, Problem, Request
from gradverify.core.verify import Answer, Verified
from gradverify.functions.build import Loaded
from gradverify.spec.model import Spec


@dataclass(frozen=True, slots=True)
class Verification:
    """A spec's verified claims and the means that verified them: what further checks build on."""

    spec: Spec
    loaded: Loaded
    domain: Domain
    points: Matrix
    backends: tuple[str, ...]
    ask: Callable[[str, Problem, Request], Answer]
    verified: tuple[Verified, ...]
    quietly: Callable[[str, Problem, Request], Answer]  # `ask` for the search and the explanation, which stay the phase


def line_of(spec: Spec, key: str) -> int:
    """The line of the spec's file that has `key`, or that begins the spec."""
    place = spec.places.get(key)
    return place.line if place is not None else spec.place.line
