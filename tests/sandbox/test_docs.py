"""docs/SANDBOX.md shows what happens, and names every status, level and layer."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gradverify.sandbox import LEVELS, Status
from gradverify.sandbox.inside.seccomp import ACCUSED
from gradverify.sandbox.process import TRIED_KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "SANDBOX.md").read_text()


def test_the_example_prints_what_the_page_shows(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (wanted,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    told = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert told.stdout == wanted


WORDS = {*(status.value for status in Status), *LEVELS, *ACCUSED, *TRIED_KINDS, "forgery"}


@pytest.mark.parametrize("word", sorted(WORDS))
def test_every_word_that_a_report_may_use_is_explained(word: str) -> None:
    assert f"`{word}`" in PAGE
