"""The HTML report: one page that stands by itself and that nothing in it can break."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from gradverify.core.report import DescentRun, PluginInfo, Report, SpecResult
from gradverify.core.verdicts import Verdict
from gradverify.report.html.page import render_html
from gradverify.report.html.parts import MARKS
from tests.report.html_reader import Page, reaching_out, read
from tests.report.pictures import DESCENDED, LADDER, LADDERED
from tests.report.sample import EMPTY, REPORT, RIGHT, WRONG
from tests.report.strategies import reports

DRAWN = replace(REPORT, specs=(*REPORT.specs, LADDERED, DESCENDED))
HOSTILE = (
    "<script>alert(1)</script>", "</style><script>", '" onmouseover="alert(1)', "</title><img src=x>", "[a](http://b.c)",
    "\x1b[31mred\x1b[0m", "\u202egnp.exe", "javascript:alert(1)", "&lt;b&gt;", "<svg onload=x>", "]]>", "\x00\ud800",
)  # fmt: skip


def page_of(*specs: SpecResult, **options: str) -> Page:
    return read(render_html(replace(REPORT, specs=specs), options))


def hostile(text: str) -> Report:
    spec = replace(
        LADDERED, name=text, file=text, tags=(text,), reason=text, notes=(text,), output=text,
        variables=((text, ()), ("y", ()), ("z", ())), gradient_source=(text, 1),
        checks=tuple(
            replace(c, name=text, reason=text, details={
                "ladder": [{**LADDER, "component": text}], "proof": {"method": text},
                "formulas": [{"component": text, "right": text, "difference": text}],
            }) for c in LADDERED.checks
        ),
        diagnosis=tuple(replace(d, message=text) for d in WRONG.diagnosis),
        descent=tuple(replace(run, name=text, behaviour=text) for run in DESCENDED.descent),
    )  # fmt: skip
    return replace(
        REPORT, specs=(spec, replace(spec, variables=((text, ()), ("y", ())))), started=text, gradverify=text,
        not_run=(text,), plugins=(PluginInfo(name=text, version=text, status="failed", reason=text),),
    )  # fmt: skip


def test_the_page_refers_to_nothing_outside_itself() -> None:
    assert reaching_out(read(render_html(DRAWN, {}))) == []


@pytest.mark.parametrize(
    "twin",
    [
        "<script>1</script>", '<img src="a.png">', '<a href="http://b.c">x</a>', '<p onclick="x">',
        "<style>@import 'a'</style>", '<link rel="stylesheet" href="//cdn">', "<style>p{background:url(a)}</style>",
    ],
)  # fmt: skip
def test_what_would_reach_out_is_noticed(twin: str) -> None:
    assert reaching_out(read(twin)) != []


def test_a_policy_forbids_what_the_page_does_not_need() -> None:
    (policy,) = [
        m.attributes["content"]
        for m in read(render_html(EMPTY, {})).named("meta")
        if m.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_shown_and_does_nothing(text: str) -> None:
    html = render_html(hostile(text), {"title": text})
    page = read(html)
    assert (page.faults, reaching_out(page)) == ([], [])
    assert not set(html) & {"\x1b", "\x00", "\u202e", "\ud800"}
    assert {element.name for element in page.elements} == {e.name for e in read(render_html(hostile("x"), {})).elements}


@settings(
    max_examples=25, deadline=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)  # fmt: skip
@given(reports)
def test_any_report_is_a_page_in_order(report: Report) -> None:
    page = read(render_html(report, {}))
    assert (page.faults, reaching_out(page)) == ([], [])
    assert len(page.named("details")) >= len(report.specs)


def test_what_failed_is_first_and_unfolded_and_what_passed_is_folded() -> None:
    specs = [
        e for e in read(render_html(DRAWN, {})).named("details") if "spec" in (e.attributes["class"] or "").split()
    ]
    kinds = [(e.attributes["class"] or "").split()[1] for e in specs]
    assert kinds == sorted(kinds, key=["fail", "error", "inconclusive", "skipped", "pass"].index)
    assert ["open" in e.attributes for e in specs] == [kind != "pass" for kind in kinds]


def test_every_verdict_and_tag_has_a_filter_that_a_keyboard_reaches() -> None:
    page = read(render_html(DRAWN, {}))
    radios = {e.attributes["id"]: e.attributes for e in page.named("input")}
    assert set(radios) >= {"v-all", "v-fail", "v-error", "v-inconclusive", "v-pass", "t-all", "t1-only", "t2-only"}
    assert all(a["type"] == "radio" and "hidden" not in a for a in radios.values())
    for name in set(radios) - {"v-all", "t-all"}:
        assert f"body:has(#{name}:checked) .spec:not(" in page.style


def test_claimed_and_reference_stand_side_by_side_and_the_wrong_component_is_marked() -> None:
    page = page_of(WRONG)
    assert "∂f/∂z is wrong: claimed 4, reference -4 ± 1.0e-15 at (1, 2, 3)" in page.text
    rows = [e.attributes.get("class") for e in page.named("tr")]
    cells = [e.text for e in page.named("td")]
    start = cells.index("component 0")
    assert cells[start : start + 15] == [
        "component 0", "8", "8", "1.0e-15", "0.0e+00",
        "component 1", "3", "3", "1.0e-15", "0.0e+00",
        "∂f/∂z", "4", "-4", "1.0e-15", "2.0e+00",
    ]  # fmt: skip
    assert rows.count("wrong") == 1
    assert all(
        word in page.text for word in ("Likely mistake: sign", "2 - 2*z", "4*z - 4", "fails at x = 0, y = 0, z = 0")
    )


def test_the_blind_spots_of_what_passed_are_told() -> None:
    text = page_of(RIGHT).text
    assert "The points catch 7 of 8 deliberate mistakes." in text
    assert "∂f/∂z could have the wrong sign; (1, 0.5) would show it" in text


def test_a_ladder_is_drawn_with_its_bound_and_the_size_of_the_fault() -> None:
    texts = [e.text for e in page_of(LADDERED).named("text")]
    assert "∂f/∂z: error against step size" in texts
    assert {"step size h", "error of the derivative", "error bound 3.0e-11", "the claim is off by 8"} <= set(texts)


def test_descents_are_drawn_over_level_sets_and_compared() -> None:
    page = page_of(DESCENDED)
    classes = [e.attributes.get("class") for e in page.named("path")]
    assert classes.count("level") > 10
    assert {"run s0", "run s1"} <= set(classes)
    texts = {e.text for e in page.named("text")}
    assert {"just right, η = 0.2: converges", "too far, η = 0.6: diverges", "iteration", "x", "y"} <= texts


def test_what_a_descent_came_to_stands_in_a_table() -> None:
    cells = [e.text for e in page_of(DESCENDED).named("td")]
    start = cells.index("just right")
    assert cells[start : start + 9] == [
        "just right", "", "–", "0.2", "converges", "12", "0.6", "7.581e-05", "(0.00870713, 1.2288e-08)",
    ]  # fmt: skip


def test_what_is_no_ladder_and_no_grid_is_not_drawn() -> None:
    rubbish: list[Any] = [
        None,
        {},
        [1],
        "x",
        {**LADDER, "steps": ["a"]},
        {**LADDER, "values": []},
        {**LADDER, "claimed": None},
    ]
    check = replace(LADDERED.checks[0], details={"ladder": rubbish})
    runs = tuple(
        DescentRun(
            name="r", behaviour="slow", iterations=1, final_point=(0.0, 0.0), final_value=0.0, rate=None,
            trajectory=((1.0, 1.0), (0.0, 0.0)), values=(1.0, 0.0), details={"contours": data},
        )
        for data in ({"x": [0, 1]}, {"x": [0, 1], "y": [1, 0], "f": [[1, 2], [3, 4]]}, 7, {"x": 1, "y": 2, "f": 3})
    )  # fmt: skip
    page = page_of(replace(LADDERED, checks=(check,)), replace(DESCENDED, descent=runs))
    assert page.faults == []
    assert "level" not in [e.attributes.get("class") for e in page.named("path")]
    assert not any("error against step size" in e.text for e in page.named("text"))


def test_a_page_of_many_specs_stays_within_its_limit() -> None:
    specs = [replace(WRONG, name=f"wrong-{i}") for i in range(30)] + [
        replace(RIGHT, name=f"right-{i}") for i in range(400)
    ]
    html = render_html(replace(REPORT, specs=tuple(specs)), {"limit": "100000"})
    page = read(html)
    assert all(f"right-{i}" in html for i in range(400))
    assert page.text.count("left out for size") > 300
    bare = len(render_html(replace(REPORT, specs=tuple(specs)), {"limit": "0"}))
    assert len(html) < bare + 100_000 + 10_000


def test_only_so_many_specs_are_drawn_and_the_others_say_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradverify.report.html.page.MOST_DRAWN", 2)
    page = page_of(*(replace(LADDERED, name=f"n{i}") for i in range(5)))
    assert sum("error against step size" in e.text for e in page.named("text")) == 2
    assert page.text.count("Figures are left out for size") == 3
    assert "gradverify plot specs/sample.yaml::n4 -o figure.svg" in page.text


def test_a_run_that_was_stopped_does_not_look_like_one_that_passed() -> None:
    stopped = read(render_html(replace(REPORT, specs=(RIGHT,)), {}))
    finished = read(render_html(replace(REPORT, specs=(RIGHT,), interrupted=False, not_run=()), {}))
    first = [
        next(e for e in page.named("span") if "badge" in (e.attributes.get("class") or ""))
        for page in (stopped, finished)
    ]
    assert [e.attributes["class"] for e in first] == ["badge inconclusive", "badge pass"]


@pytest.mark.parametrize("verdict", Verdict)
def test_a_verdict_is_told_by_a_mark_and_a_word_besides_the_colour(verdict: Verdict) -> None:
    page = page_of(replace(RIGHT, verdict=verdict, checks=()))
    badges = [e for e in page.named("span") if (e.attributes.get("class") or "") == f"badge {verdict.value}"]
    assert [e.text for e in badges] == [f"{MARKS[verdict]} {verdict.value}"] * len(badges)
    assert badges
    assert len(set(MARKS.values())) == len(Verdict)
