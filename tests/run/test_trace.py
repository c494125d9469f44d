"""What a worker is seen to read and write while it runs specs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

WATCH = """
import json, pathlib, sys
from gradverify.run.trace import Tracer

path, later = pathlib.Path(sys.argv[1]), sys.argv[2]
tracer = Tracer()
tracer.install()
tracer.begin()
path.read_text()
tracer.end()
if later == "changes":
    path.write_text("other, and longer")
tracer.begin()
path.read_text()
if later == "writes":
    path.write_text("other")
print(json.dumps(tracer.end()["doubts"]))
"""


@pytest.mark.parametrize(
    ("later", "words"), [("reads", None), ("writes", "is written to"), ("changes", "changed while it was used")]
)
def test_a_file_that_an_earlier_spec_read_is_still_watched(tmp_path: Path, later: str, words: str | None) -> None:
    path = tmp_path / "counter.txt"
    path.write_text("1")
    command = [sys.executable, "-c", WATCH, str(path), later]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert json.loads(printed) == ([] if words is None else [f"{path} {words}"])


IMPORTING = """
import json, sys
from gradverify.run.trace import Tracer

sys.path.insert(0, sys.argv[1])
tracer = Tracer()
tracer.install()
tracer.begin()
import counting
print(json.dumps(tracer.end()["doubts"]))
"""


@pytest.mark.parametrize(
    ("source", "listed"),
    [
        ("import glob, os\nN = len(glob.glob(os.path.dirname(__file__) + '/*.csv'))\n", True),
        ("import os\nN = len(os.listdir(os.path.dirname(__file__)))\n", True),
        ("import pathlib\nN = len(list(pathlib.Path(__file__).parent.glob('*.csv')))\n", True),
        ("import json.tool\nN = 1\n", False),
    ],
)
def test_a_module_that_lists_a_folder_while_it_is_imported_is_seen(tmp_path: Path, source: str, listed: bool) -> None:
    (tmp_path / "counting.py").write_text(source)
    command = [sys.executable, "-c", IMPORTING, str(tmp_path)]
    doubts = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert any("a folder is listed" in doubt for doubt in doubts) is listed
