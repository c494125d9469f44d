"""`gradverify doctor` says how well submissions are confined here, and how to get what is missing."""

from pathlib import Path

import pytest

from gradverify.cli.sandbox_advice import MEANING, advice
from gradverify.sandbox import LEVELS, probe_level
from tests.cli.support import gradverify

EVERYTHING: dict[str, bool | str] = {
    "rlimits": True,
    "uid": "61200",
    "landlock_abi": "7",
    "seccomp": True,
    "notifications": True,
    "bubblewrap": "0.8.0",
    "own_pid_namespace": True,
}


def test_doctor_names_the_level_of_this_machine(tmp_path: Path) -> None:
    assert f"sandbox     level {probe_level().name}: " in gradverify("doctor", cwd=tmp_path).stdout


def test_every_level_is_explained() -> None:
    assert tuple(MEANING) == LEVELS


def test_nothing_is_advised_where_nothing_is_missing() -> None:
    assert advice(EVERYTHING, root=True) == []


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({"seccomp": False}, "CONFIG_SECCOMP_FILTER"),
        ({"notifications": False}, "Linux 5.0"),
        ({"landlock_abi": False}, "Linux 5.13"),
        ({"bubblewrap": False, "uid": False}, "apt install bubblewrap"),
        ({"uid": False}, "CAP_SETUID"),
    ],
)
def test_what_is_missing_has_a_remedy(missing: dict[str, bool | str], words: str) -> None:
    assert words in " ".join(advice(EVERYTHING | missing, root=True))
