"""The site's first page: how things stand, what needs attention, and every spec with its trend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gradverify.core.verdicts import Verdict
from gradverify.history.page_parts import STYLE, commit, counted, error, growth, newest_first, strip, when
from gradverify.history.records import RunRecord
from gradverify.history.trends import Trend
from gradverify.report.figures.trend import sparkline
from gradverify.report.html.document import document
from gradverify.report.html.parts import badge, table
from gradverify.report.markup import Child, Markup, element, join
from gradverify.report.safe_text import one_line

if TYPE_CHECKING:
    from gradverify.history.site import Look

MOST_RUNS = 30
MOST_SPECS = 10_000
MOST_NEWS = 40
RECENT = 20  # runs: what grew or was flaky before is on the spec's own page
SPECS = (
    ("spec", ""), ("now", "text"), ("last runs", "text"), ("error now", ""), ("over time", "text"),
    ("measured by", "text"),
)  # fmt: skip
RUNS = (
    ("time (UTC)", ""),
    ("commit", "text"),
    ("branch", "text"),
    ("specs", "text"),
    ("seconds", ""),
    ("gradverify", "text"),
)


def index_page(runs: Sequence[RunRecord], told: Sequence[Trend], pages: Mapping[str, str], look: Look) -> str:
    """The page; `pages` has the file of each spec's own page."""
    now = {spec.key for spec in runs[-1].specs} if runs else set()
    current = [trend for trend in told if trend.key in now]
    main = element(
        "main", _top(runs, look), _news(runs, current, pages, look), _specs(current, pages),
        _gone([trend for trend in told if trend.key not in now], pages), _runs(runs, look),
    )  # fmt: skip
    return document(look.title, main, STYLE)


def _top(runs: Sequence[RunRecord], look: Look) -> Markup:
    title = element("h1", one_line(look.title))
    if not runs:
        return element("header", title, element("p", "There are no runs yet."), class_="top")
    last = runs[-1]
    facts = [
        join(("last run ", when(last.started), " UTC")),
        join(("commit ", commit(last, look))),
        f"branch {one_line(last.branch)}" if last.branch else None,
        f"{len(runs)} run{'s' if len(runs) > 1 else ''}",
        element("a", "badge", href="badge.svg"),
        element("a", "data", href="history.json"),
    ]
    return element(
        "header", title, element("p", counted(last), " of ", str(len(last.specs)), " specs", class_="verdict"),
        element("ul", *(element("li", fact) for fact in facts if fact), class_="facts"), class_="top",
    )  # fmt: skip


def _news(runs: Sequence[RunRecord], told: Sequence[Trend], pages: Mapping[str, str], look: Look) -> Markup | None:
    """What is not as it should be, and what became worse or unsteady not long ago."""
    recent = {id(run) for run in runs[-RECENT:]}
    items: list[Child] = []
    for trend in told:
        link = element("a", one_line(trend.last.name), href=pages[trend.key])
        if trend.last.verdict is not Verdict.PASS:
            reason = f": {one_line(trend.last.reason, 300)}" if trend.last.reason else ""
            items.append(join((badge(trend.last.verdict), " ", link, reason)))
        items += [
            join((link, ": ", growth(trend, grown, look)))
            for grown in trend.growths
            if id(trend.moments[grown.at].run) in recent
        ]
        commits = {m.run.commit for m in trend.moments if id(m.run) in recent}
        for name in trend.flaky:
            if name in commits:
                items.append(
                    join((link, ": flaky, it had different results on one commit, ", element("code", name[:12])))
                )
    if not items:
        return None
    left = len(items) - MOST_NEWS
    shown = [element("li", item) for item in items[:MOST_NEWS]]
    more = element("li", f"… and {left} more", class_="muted") if left > 0 else None
    return join((element("h2", "Needs attention"), element("ul", *shown, more, class_="plain panel news")))


def _specs(told: Sequence[Trend], pages: Mapping[str, str]) -> Markup | None:
    if not told:
        return None
    order = sorted(told, key=lambda trend: trend.last.verdict is Verdict.PASS)[:MOST_SPECS]
    rows = [
        (
            None,
            (
                element("a", one_line(trend.last.name, 120), href=pages[trend.key], title=one_line(trend.last.file)),
                badge(trend.last.verdict), strip(trend), error(trend.last.error),
                sparkline([m.spec.error for m in trend.moments[-60:]]), one_line(trend.last.backend or "–"),
            ),
        )
        for trend in order
    ]  # fmt: skip
    return join((element("h2", "Specs"), element("div", table(SPECS, rows), class_="panel")))


def _gone(told: Sequence[Trend], pages: Mapping[str, str]) -> Markup | None:
    if not told:
        return None
    links = [
        element("li", element("a", one_line(trend.key, 160), href=pages[trend.key])) for trend in told[:MOST_SPECS]
    ]
    summary = element("summary", f"{len(told)} spec{'s' if len(told) > 1 else ''} not in the last run")
    return element("details", summary, element("ul", *links, class_="plain"), class_="more")


def _runs(runs: Sequence[RunRecord], look: Look) -> Markup | None:
    if not runs:
        return None
    rows = [
        (
            None,
            (
                when(run.started), commit(run, look), one_line(run.branch or "–", 60),
                join((counted(run), " interrupted" if run.interrupted else None)), f"{run.seconds:.1f}",
                one_line(run.gradverify, 40),
            ),
        )
        for run in newest_first(runs, MOST_RUNS)
    ]  # fmt: skip
    return join((element("h2", "Runs"), element("div", table(RUNS, rows), class_="panel")))
