"""docs/report.md names every kind of report."""

from __future__ import annotations

import re
from pathlib import Path

from gradverify.report.reporters import BUNDLED

PAGE = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8")


def test_every_bundled_reporter_is_documented_and_no_other() -> None:
    kinds = re.findall(r"^\| `([\w-]+)` \|", PAGE.split("## Words")[0], re.MULTILINE)
    assert kinds == [reporter.name for reporter in BUNDLED]
