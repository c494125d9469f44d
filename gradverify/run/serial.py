"""Specs one after another in this process: for the Python API, where a function may exist nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gradverify.core.report import SpecResult
from gradverify.run.settings import VerifySettings
from gradverify.spec.model import Spec

if TYPE_CHECKING:
    from gradverify.plugins import Plugins


def run_serial(specs: Sequence[Spec], plugins: Plugins, settings: VerifySettings) -> Iterator[tuple[int, SpecResult]]:
    """Number and result of each spec, in order. No isolation: what ends the process ends the run."""
    from gradverify.run.single import run_spec

    for number, spec in enumerate(specs):
        yield number, run_spec(spec, plugins, settings)
