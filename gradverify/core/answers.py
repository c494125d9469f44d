"""What asking a backend comes to, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gradverify.core.estimates import Estimates, Screened
from gradverify.core.problem import Problem, Request


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of asking one backend: estimates, or why there are none."""

    backend: str
    estimates: Estimates | None = None
    not_applicable: str | None = None
    broken: str | None = None  # names the plugin and its version
    seconds: float = 0.0
    screened: Screened | None = None  # in place of estimates, where a request was for screening
    too_many: bool = False  # does not apply for the number of components alone: a few directions can be asked about


Ask = Callable[[str, Problem, Request], Answer]
