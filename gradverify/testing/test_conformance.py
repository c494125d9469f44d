"""`pytest --pyargs gradverify.testing --gradverify-backend NAME`: the conformance suite over installed backends."""

from __future__ import annotations

import pytest

from gradverify.plugins import load_plugins
from gradverify.testing.conformance import TRIAL_NAMES, USEFUL_ITEM, check_trial


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item for each backend that was named (all installed ones otherwise) and each trial."""
    plugins = load_plugins()
    asked = metafunc.config.getoption("gradverify_backend", default=None) or sorted(plugins.backends)
    for name in asked:
        if name not in plugins.backends:
            raise pytest.UsageError(plugins.why_missing(name))
    cases = [(name, trial) for name in asked for trial in (*TRIAL_NAMES, USEFUL_ITEM)]
    metafunc.parametrize(("name", "trial"), cases, ids=[f"{name}-{trial}" for name, trial in cases])


def test_backend_conforms(name: str, trial: str) -> None:
    """The backend keeps every law on this trial, or says that it does not apply."""
    check_trial(load_plugins().backends[name].value, trial)
