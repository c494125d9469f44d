"""No file of a student's holds where the grader keeps things, however the submission tries to say it."""

from __future__ import annotations

import re
from pathlib import Path

from gradverify.sandbox import probe_level
from gradverify.sandbox.places import WITHHELD
from tests.grading.support import RIGHT, assignment_in, run

WALKS = {
    "other-separators": "raise ValueError(os.getcwd().replace('/', '|'))",
    "backwards": "raise ValueError(os.getcwd()[::-1])",
    "the-parent": "raise ValueError(os.getcwd().split('/')[-2])",
    "frames": "raise ValueError(sys._getframe(1).f_code.co_filename.replace('/', ' '))",
    "a-traceback": "raise ValueError(fallen().tb_frame.f_back.f_code.co_filename.replace('/', '!'))",
    "a-key": "return {os.getcwd(): 1.0, 'y': 2.0}",
}
HEAD = """\
import os, sys


def fallen():
    try:
        1 / 0
    except ZeroDivisionError as error:
        return error.__traceback__




def grad(x, y):
    """


def test_no_file_of_a_students_tells_where_it_ran(tmp_path: Path) -> None:
    assignment_in(tmp_path)
    folder = tmp_path / "all"
    folder.mkdir()
    for name, line in WALKS.items():
        (folder / f"{name}.py").write_text(f"{HEAD}{line}\n")
    (folder / "at-import.py").write_text(f"import os\n\nraise ValueError(os.getcwd().replace('/', '|'))\n\n{RIGHT}")
    done = run(
        "grade", "hw.yaml", "all", "--out", "out", "-j", "2", "--min-isolation", probe_level().name,
        *(part for name in ("gradescope", "prairielearn", "coursera", "check50") for part in ("--format", name)),
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for name in (*WALKS, "at-import"):
        texts = [path.read_text() for path in (tmp_path / "out" / name).iterdir()]
        assert len(texts) == 6
        for text in texts:
            plain = re.sub(r"<style>.*?</style>|sha256-[^']*'", "", text, flags=re.DOTALL)
            assert "gradverify" not in re.sub(r"[\W_]", "", plain).lower()
            assert "yfirevdarg" not in plain
        assert name == "a-key" or any(WITHHELD in text for text in texts), texts[0]
