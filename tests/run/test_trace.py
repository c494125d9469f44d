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
