"""The page as a browser lays it out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gradverify.history.records import run_of
from gradverify.history.site import Look, page_name, site
from gradverify.report.html.page import render_html
from tests.history.samples import commit, report, result
from tests.report.browser import CHROMIUM, measured
from tests.report.pictures import DESCENDED, LADDERED
from tests.report.sample import REPORT

WIDTHS = (360, 1600)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium to look at the pages with")


def test_the_page_fits_narrow_and_wide_screens_and_its_filters_work(tmp_path: Path) -> None:
    page = render_html(replace(REPORT, specs=(*REPORT.specs, LADDERED, DESCENDED)), {})
    told = measured(page, WIDTHS, tmp_path)
    assert [one["width"] for one in told] == list(WIDTHS)
    assert all(one["scroll"] <= one["width"] for one in told)  # nothing makes the page scroll sideways
    assert [(one["shown"], one["failed"], one["tagged"]) for one in told] == [(9, 4, 1)] * 2
    assert all(one["figures"] >= 1 for one in told)


def test_the_pages_of_a_history_fit_narrow_and_wide_screens(tmp_path: Path) -> None:
    history = [run_of(report(day, result(error=10.0**-day)), commit(day), "main") for day in range(1, 29)]
    files = site(history, Look())
    for number, name in enumerate(["index.html", page_name("specs/a.yaml::bowl")]):
        folder = tmp_path / str(number)
        folder.mkdir()
        told = measured(files[name], WIDTHS, folder)
        assert [one["scroll"] <= one["width"] for one in told] == [True, True]
