"""The static site."""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from gradverify.core.verdicts import Verdict
from gradverify.history.badge import badge_of
from gradverify.history.records import RunRecord, run_of
from gradverify.history.site import Look, page_name, site
from tests.history.samples import commit, report, result, runs, verdicts
from tests.report.html_reader import Page, reaching_out, read

GOLDEN = Path(__file__).parent / "golden"
LOOK = Look(commit_url="https://example.org/commit/{}")
HISTORY = [
    run_of(
        report(d, result("bowl", error=e), result("quadratic", v, 2.0 if v is Verdict.FAIL else 1e-16)),
        commit(c), "main",
    )
    for d, (e, v, c) in enumerate(
        [
            (1e-16, Verdict.PASS, 1), (2e-16, Verdict.PASS, 2), (3e-7, Verdict.PASS, 3), (3e-7, Verdict.FAIL, 4),
            (3e-7, Verdict.INCONCLUSIVE, 4),
        ],
        1,
    )
]  # fmt: skip
HOSTILE = '<script>alert(1)</script>"\x1b[31m\u202e&amp;'


def pages(history: list[RunRecord], look: Look = LOOK) -> dict[str, Page]:
    return {name: read(text) for name, text in site(history, look).items() if name.endswith(".html")}


@pytest.mark.parametrize(
    "name", ["index.html", page_name("specs/a.yaml::bowl"), "badge.svg", "badge.json", "history.json"]
)
def test_the_file_is_what_was_reviewed(name: str) -> None:
    text = site(HISTORY, LOOK)[name]
    path = GOLDEN / re.sub(r"-[0-9a-f]{10}", "", name)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_the_pages_need_nothing_from_outside() -> None:
    for page in pages(HISTORY, Look()).values():
        assert (page.faults, reaching_out(page)) == ([], [])


def test_every_link_inside_the_site_leads_to_a_file_of_it() -> None:
    files = site(HISTORY, Look())
    targets = [e.attributes["href"] or "" for page in pages(HISTORY, Look()).values() for e in page.named("a")]
    assert targets
    assert set(targets) <= set(files)


def test_the_commit_that_made_an_error_grow_is_named_and_linked() -> None:
    for page in (pages(HISTORY)["index.html"], pages(HISTORY)[page_name("specs/a.yaml::bowl")]):
        assert "error grew from 1.5e-16 to 3.0e-07, at least 3e+06 times, with" in page.text
        assert f"https://example.org/commit/{commit(3)}" in [e.attributes.get("href") for e in page.named("a")]


def test_a_status_that_changes_on_one_commit_is_called_flaky() -> None:
    page = pages(HISTORY)["index.html"]
    assert "flaky, it had different results on one commit" in page.text


def test_a_spec_that_left_is_still_shown() -> None:
    history = [*runs([1e-16, 1e-16], "gone"), run_of(report(9, result("here")), commit(9), "main")]
    found = pages(history)
    assert "1 spec not in the last run" in found["index.html"].text
    assert page_name("specs/a.yaml::gone") in found


def test_hostile_names_are_shown_and_do_nothing() -> None:
    spec = replace(result(HOSTILE, Verdict.FAIL), file=HOSTILE, reason=HOSTILE)
    history = [replace(run_of(report(d, spec), None, None), branch=HOSTILE, gradverify=HOSTILE) for d in (1, 2)]
    for name, text in site(history, Look(title=HOSTILE)).items():
        assert re.fullmatch(r"[a-z0-9.-]+", name)
        assert not set(text) & {"\x1b", "\u202e"}
        if name.endswith(".html"):
            assert (read(text).faults, reaching_out(read(text))) == ([], [])


def test_no_runs_make_a_page_that_says_so() -> None:
    files = site([], Look())
    assert "There are no runs yet." in files["index.html"]
    assert json.loads(files["badge.json"])["message"] == "no runs"


def test_specs_with_similar_names_have_pages_of_their_own() -> None:
    assert len({page_name(key) for key in ("a::x y", "a::x-y", "b::x y", "a::∂", "a::∇")}) == 5


@pytest.mark.parametrize(
    ("found", "message", "colour"),
    [
        ((Verdict.PASS, Verdict.PASS), "2 ok", "brightgreen"),
        ((Verdict.PASS, Verdict.FAIL), "1 of 2 failing", "red"),
        ((Verdict.ERROR, Verdict.FAIL), "2 of 2 failing", "red"),
        ((Verdict.PASS, Verdict.INCONCLUSIVE), "1 of 2 undecided", "yellow"),
    ],
)
def test_the_badge_says_what_the_last_run_came_to(found: tuple[Verdict, ...], message: str, colour: str) -> None:
    run = run_of(report(1, *(result(f"s{i}", v) for i, v in enumerate(found))), None, None)
    badge = badge_of(run)
    assert json.loads(badge.json()) == {"schemaVersion": 1, "label": "gradients", "message": message, "color": colour}
    root = ET.fromstring(badge.svg())
    assert [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")] == ["gradients", message]


def test_a_run_that_was_interrupted_has_no_green_badge() -> None:
    (run,) = verdicts(Verdict.PASS)
    assert badge_of(replace(run, interrupted=True)).message == "incomplete"


def test_an_infinite_error_is_json() -> None:
    data = json.loads(site(runs([1e-16, float("inf")]), Look())["history.json"], parse_constant=pytest.fail)
    assert [r["error"] for r in data["specs"][0]["runs"]] == [1e-16, "inf"]
