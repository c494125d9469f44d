"""The page as a browser lays it out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gradverify.report.html.page import render_html
from tests.report.browser import CHROMIUM, measured
from tests.report.pictures import DESCENDED, LADDERED
from tests.report.sample import REPORT

WIDTHS = (360, 1600)


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium to look at the page with")
def test_the_page_fits_narrow_and_wide_screens_and_its_filters_work(tmp_path: Path) -> None:
    page = render_html(replace(REPORT, specs=(*REPORT.specs, LADDERED, DESCENDED)), {})
    told = measured(page, WIDTHS, tmp_path)
    assert [one["width"] for one in told] == list(WIDTHS)
    assert all(one["scroll"] <= one["width"] for one in told)  # nothing makes the page scroll sideways
    assert [(one["shown"], one["failed"], one["tagged"]) for one in told] == [(9, 4, 1)] * 2
    assert all(one["figures"] >= 1 for one in told)
