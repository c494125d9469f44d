"""The published conformance suite."""

from __future__ import annotations

from gradverify_sympy.backend import SympyBackend

from gradverify.testing import backend_conformance

test_the_sympy_backend_conforms = backend_conformance(SympyBackend())
