"""Each layer holds without the others; the level says which there are; nothing is left behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from gradverify.sandbox import LEVELS, Limits, Status, Zygote, probe_level
from gradverify.sandbox.levels import level_of
from gradverify.sandbox.zygote import LAYERS, ZygoteError
from tests.sandbox.attacking import ATTACKS, LIMITS, carry_out, processes, read_attack, scratch

PATIENCE = 6000  # looks, until a test gives up
ALL: dict[str, bool | str] = {
    "rlimits": True,
    "seccomp": True,
    "landlock_abi": "7",
    "uid": "61200",
    "bubblewrap": False,
}


@pytest.mark.parametrize(
    ("lost", "name"),
    [
        ({}, "full"),
        ({"uid": False}, "landlock"),
        ({"uid": False, "bubblewrap": "0.8.0"}, "full"),
        ({"landlock_abi": False}, "seccomp"),
        ({"seccomp": False}, "rlimits"),
        ({"rlimits": False}, "none"),
    ],
)
def test_a_level_needs_every_layer_below_it(lost: dict[str, bool | str], name: str) -> None:
    assert level_of(ALL | lost).name == name


def test_levels_are_ordered() -> None:
    ranks = [
        level_of(ALL | lost).rank for lost in ({"rlimits": False}, {"seccomp": False}, {"landlock_abi": False}, {})
    ]
    assert ranks == sorted(ranks)
    assert LEVELS[0] == "none"


def test_this_machine_has_a_level() -> None:
    assert probe_level().name in LEVELS


def test_an_unknown_layer_cannot_be_left_out() -> None:
    with pytest.raises(ValueError, match="no layer is called 'armour'"):
        Zygote(LIMITS, without=["armour"])


WITHOUT = {
    "landlock": ("landlock", "bubblewrap"),
    "another_user": ("uid", "bubblewrap"),
    "notifications": ("notifications", "bubblewrap"),
    "namespaces": ("bubblewrap",),
}
SAMPLE = [
    "escape_udp_caught",
    "escape_outlive",
    "escape_read_caught",
    "escape_kill_grader",
    "resources_memory_list",
    "forge_every_descriptor",
]


@pytest.mark.parametrize("without", WITHOUT.values(), ids=WITHOUT)
def test_the_other_layers_hold_without(without: tuple[str, ...], tmp_path: Path) -> None:
    with Zygote(LIMITS, without=without) as zygote:
        if not zygote.level.details["seccomp"]:
            pytest.skip("this kernel has no seccomp")
        for name in SAMPLE:
            if name == "escape_read_caught" and "landlock" in without and not zygote.level.details["uid"]:
                continue  # files that its user may read can be read then: that is what this level means
            (tmp_path / name).mkdir()
            attack = read_attack(ATTACKS / f"{name}.py")
            outcome = carry_out(attack, zygote, tmp_path / name)
            assert outcome.harm == [], name
            assert outcome.status in attack.expect, (name, outcome)


def test_without_landlock_nothing_can_be_written_at_all(tmp_path: Path) -> None:
    source = """
import os, tempfile
def e():
    tempfile.TemporaryFile()
def f():
    os.makedirs("x")
def g():
    open("x", "w")
def h():
    os.remove("answers.py")
"""
    (tmp_path / "answers.py").write_text(source)
    with Zygote(LIMITS, without=["landlock"]) as zygote, zygote.open(tmp_path, "answers.py") as session:
        if not zygote.level.details["seccomp"]:
            pytest.skip("this kernel has no seccomp")
        assert [session.call(entry, ()).status for entry in "efgh"] == [Status.RAISED] * 4


@pytest.mark.parametrize("name", ["escape_outlive", "resources_fork_bomb_after_setsid"])
def test_where_forking_cannot_be_refused_what_was_forked_is_killed(name: str, tmp_path: Path) -> None:
    with Zygote(LIMITS, without=["seccomp"]) as zygote:
        outcome = carry_out(read_attack(ATTACKS / f"{name}.py"), zygote, tmp_path)
    assert outcome.harm == []
    assert outcome.status == "policy-violation"


LESS_OF_ROOT = """
import sys
from pathlib import Path
from gradverify.sandbox import Limits, Zygote
with Zygote(Limits()) as zygote, zygote.open(Path(sys.argv[1]), "answers.py") as session:
    answer = session.call("f", ())
    print(zygote.level.name, answer.status.value, answer.stdout)
"""


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root's rights to take some away")
@pytest.mark.parametrize("taken", ["-sys_admin", "-setuid,-setgid,-sys_admin", "-chown,-sys_admin", "-all"])
def test_a_root_with_less_rights_confines_as_well_as_it_can(taken: str, tmp_path: Path) -> None:
    source = "import os\ndef f():\n    print(os.getresuid()[0] != 0)"
    (tmp_path / "answers.py").write_text(source)
    command = ["setpriv", f"--bounding-set={taken}", sys.executable, "-c", LESS_OF_ROOT, str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    level, status, other_user = told.stdout.split()
    assert (status, level in LEVELS[2:], other_user) == ("ok", True, str(taken == "-sys_admin"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives submissions a user id of their own")
def test_a_folder_that_other_users_cannot_reach_is_said_at_once(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(ZygoteError, match="set TMPDIR"), Zygote(LIMITS, directory=tmp_path, without=["landlock"]):
        pass
    assert os.listdir(tmp_path) == []


def test_the_level_falls_with_its_layers() -> None:
    with Zygote(LIMITS, without=LAYERS) as zygote:
        assert zygote.level.name == "none"
        assert not any(zygote.level.details.values())


def test_a_layer_that_fails_later_is_the_graders_error(tmp_path: Path) -> None:
    (tmp_path / "answers.py").write_text("def f():\n    return 1.0")
    with Zygote(LIMITS, without=["seccomp", "bubblewrap"]) as zygote:
        zygote._level = level_of(ALL)  # as if the probe had found more than a submission's process then has
        with zygote.open(tmp_path, "answers.py") as session:
            answer = session.call("f", ())
    assert (answer.status, "reached the level rlimits only" in answer.detail) == (Status.BROKEN, True)


def test_a_killed_zygote_is_the_graders_error_and_the_next_call_has_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "answers.py").write_text("def f():\n    return 1.0\ndef spin():\n    while True: pass")
    with Zygote(Limits(seconds=0.2), without=["bubblewrap"]) as zygote, zygote.open(tmp_path, "answers.py") as session:
        assert session.call("f", ()).status is Status.OK
        assert zygote._process is not None
        zygote._process.kill()
        zygote._process.wait()
        assert session.call("f", ()).status is Status.BROKEN
        assert session.call("f", ()).status is Status.OK


def test_an_import_that_is_not_there_is_said_at_once() -> None:
    with pytest.raises(ZygoteError, match="no_such_package"), Zygote(LIMITS, imports=("no_such_package",)):
        pass


def test_what_was_asked_for_can_be_imported_and_nothing_else(tmp_path: Path) -> None:
    source = "import yaml\ndef f():\n    return 1.0\ndef g():\n    import pluggy"
    (tmp_path / "answers.py").write_text(source)
    with Zygote(LIMITS, imports=("numpy", "yaml")) as zygote, zygote.open(tmp_path, "answers.py") as session:
        assert session.call("f", ()).status is Status.OK
        assert "No module named 'pluggy'" in session.call("g", ()).detail


def test_a_submissions_process_has_five_descriptors_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "marker")
    source = """
import os
def f():
    def there(fd):
        try:
            os.fstat(fd)
        except OSError:
            return False
        return True
    print(sorted(os.environ))
    return [fd for fd in range(4096) if there(fd)]
"""
    (tmp_path / "answers.py").write_text(source)
    with open(os.devnull) as inherited, Zygote(LIMITS) as zygote, zygote.open(tmp_path, "answers.py") as session:
        os.set_inheritable(inherited.fileno(), True)
        answer = session.call("f", ())
    np.testing.assert_array_equal(answer.values[0], [0, 1, 2, 3, 4])
    assert answer.stdout == "['HOME', 'LANG', 'TMPDIR']\n"


def test_nothing_is_left_when_all_is_closed(tmp_path: Path) -> None:
    (tmp_path / "answers.py").write_text("def f():\n    while True: pass")
    with Zygote(Limits(seconds=0.2), directory=tmp_path) as zygote:
        session = zygote.open(tmp_path, "answers.py")
        session.call("f", ())
        session._start()  # and a process that is never closed
        assert processes(zygote)
        folder = scratch(zygote)
        zygote.close()
        assert not folder.exists()
        session.close()
    zygote.scratch = folder
    assert processes(zygote) == set()


KILLED = """
import os, sys, json
from pathlib import Path
from gradverify.sandbox import Limits, Zygote
with Zygote(Limits(seconds=60), without=json.loads(sys.argv[2])) as zygote:
    session = zygote.open(Path(sys.argv[1]), "answers.py")
    session._start()
    print(zygote.scratch, flush=True)
    session.call("f", ())
"""


def test_nothing_runs_on_when_the_grader_is_killed(tmp_path: Path) -> None:
    (tmp_path / "answers.py").write_text(
        "import signal\nsignal.signal(15, signal.SIG_IGN)\ndef f():\n    while True: pass"
    )
    for without in ([], ["bubblewrap"]):
        grader = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path), json.dumps(without)], stdout=subprocess.PIPE, text=True
        )
        assert grader.stdout is not None
        folder = grader.stdout.readline().strip()
        grader.send_signal(signal.SIGKILL)
        grader.wait()
        grader.stdout.close()
        zygote = Zygote(LIMITS)
        zygote.scratch = Path(folder)
        for _ in range(PATIENCE):
            if not processes(zygote):
                break
            time.sleep(0.01)  # each ends by itself: the zygote when its socket closes, and all others with it
        assert processes(zygote) == set()
        if without:
            assert not Path(folder).exists()


def test_a_hundred_submissions_leave_the_grader_as_large_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "answers.py").write_text("def f(x):\n    print('x' * 60000)\n    return x")
    x = np.zeros(1000)

    def kilobytes() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4

    with Zygote(LIMITS) as zygote:
        for number in range(120):
            if number == 20:
                before, descriptors = kilobytes(), len(os.listdir("/proc/self/fd"))
            with zygote.open(tmp_path, "answers.py") as session:
                assert session.call("f", (x,)).status is Status.OK
        assert len(os.listdir("/proc/self/fd")) == descriptors
        assert kilobytes() - before < 4000
