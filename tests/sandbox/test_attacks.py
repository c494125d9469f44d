"""Every attack is harmless, and called what it is: as the user that runs the tests, and as an ordinary one."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gradverify.sandbox import Zygote
from tests.sandbox.attacking import LIMITS, Attack, Outcome, all_attacks, carry_out
from tests.sandbox.ordinary_user import ORDINARY_USER, folder_for_everybody, interpreter_for_everybody


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with Zygote(LIMITS) as started:
        if started.level.rank < 3:
            pytest.skip(f"this machine reaches the level {started.level.name} only: see `gradverify doctor`")
        yield started


def judge(attack: Attack, outcome: Outcome) -> None:
    """It did no harm, has the status it must have, and what it tried is named."""
    assert outcome.harm == []
    assert outcome.status in attack.expect, outcome
    kinds = {text.partition(":")[0] for text in outcome.tried}
    assert kinds >= set(attack.settings.get("tried", "").split()), outcome
    assert bool(kinds) == (outcome.status == "policy-violation"), outcome
    assert attack.settings.get("prints", "") in outcome.stdout
    assert outcome.kind == attack.settings.get("kind", outcome.kind)


@pytest.mark.parametrize("attack", all_attacks(), ids=lambda attack: attack.name)
def test_it_is_harmless_and_classified_rightly(attack: Attack, zygote: Zygote, tmp_path: Path) -> None:
    judge(attack, carry_out(attack, zygote, tmp_path))


@pytest.mark.skipif(os.geteuid() != 0, reason="the tests run as an ordinary user already")
def test_all_of_it_holds_for_an_ordinary_user_too() -> None:
    with folder_for_everybody() as folder:
        file = folder / "outcomes.json"
        subprocess.run(
            [interpreter_for_everybody(), "-B", "-m", "tests.sandbox.attacking", str(file)],
            user=ORDINARY_USER,
            group=ORDINARY_USER,
            extra_groups=[],
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PATH": os.environ["PATH"]},
            cwd=Path(__file__).parents[2],
            check=True,
            timeout=300,
        )
        told = json.loads(file.read_text())
    assert told["uid"] == ORDINARY_USER
    for attack in all_attacks():
        judge(attack, Outcome(**told["outcomes"][attack.name]))
