"""What the site's pages have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradverify.core.verdicts import Verdict
from gradverify.history.records import RunRecord
from gradverify.history.trends import FLOOR, Growth, Trend
from gradverify.report.html.parts import MARKS
from gradverify.report.markup import Markup, element, join
from gradverify.report.safe_text import one_line

if TYPE_CHECKING:
    from gradverify.history.site import Look

MOST_IN_STRIP = 30  # runs
MOST_TEXT = 400  # characters
STYLE = """
.strip{display:inline-flex;gap:2px;vertical-align:middle}
.strip i{width:7px;height:18px;border-radius:2px;background:var(--skipped);display:block}
.strip .pass{background:var(--pass)}.strip .fail{background:var(--fail)}
.strip .error{background:var(--error);height:12px}
.strip .inconclusive{background:var(--inconclusive);height:12px}.strip .fail{height:22px}.strip{align-items:flex-end}
.spark{display:block}td:has(.spark){padding-top:0;padding-bottom:0}
.panel{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px 18px;margin:10px 0}
.panel.chart{overflow-x:auto}.panel.chart .figure{width:100%;min-width:620px;height:auto;max-width:1100px}
.figure .at{fill:var(--skipped)}.figure .at.pass{fill:var(--pass)}.figure .at.fail{fill:var(--fail)}
.figure .at.error{fill:var(--error)}.figure .at.inconclusive{fill:var(--inconclusive)}
.figure .grew{fill:none;stroke:var(--fail);stroke-width:1.6}
.panel table{width:100%}.panel td{vertical-align:middle}.panel.news{list-style:none;padding:10px 18px}
.panel td code{white-space:nowrap}tr.wrong td{color:inherit;font-weight:inherit}
"""


def commit(run: RunRecord, look: Look) -> Markup:
    """A run's commit, as a link where the site knows where commits are shown."""
    if run.commit is None:
        return element("span", "–", class_="muted")
    shown = element("code", one_line(run.commit[:12]))
    link = look.commit_link(run.commit)
    return element("a", shown, href=link, rel="noreferrer") if link else shown


def when(started: str) -> str:
    """`2026-11-25 14:03`, UTC."""
    return one_line(started[:16].replace("T", " "))


def error(value: float | None) -> str:
    """A relative error, or that none was measured."""
    return "–" if value is None else f"{value:.1e}"


def strip(trend: Trend) -> Markup:
    """The last runs as a row of bars, whose height tells as much as their colour."""
    last = trend.moments[-MOST_IN_STRIP:]
    counts = {verdict: sum(m.spec.verdict is verdict for m in last) for verdict in Verdict}
    told = ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items() if count)
    bars = [
        element("i", class_=m.spec.verdict.value, title=one_line(f"{m.run.label}: {m.spec.verdict.value}"))
        for m in last
    ]
    return element("span", *bars, class_="strip", role="img", aria_label=f"the last {len(last)} runs: {told}")


def growth(trend: Trend, grown: Growth, look: Look) -> Markup:
    """`error grew from 2.0e-16 to 3.1e-07 (3.1e+06 times as large) with 0f3a…`."""
    run = trend.moments[grown.at].run
    at_least = "at least " if grown.before < FLOOR else ""
    said = f"error grew from {grown.before:.1e} to {grown.after:.1e}, {at_least}{grown.factor:,.3g} times, with "
    return join((said, commit(run, look), f" on {when(run.started)}"))


def counted(run: RunRecord) -> Markup:
    """The counts of a run that are not 0."""
    parts = [
        element("span", f"{MARKS[verdict]} {count}", class_=f"badge {verdict.value}", title=verdict.value)
        for verdict, count in run.counts.items()
        if count
    ]
    return join(parts, " ")


def newest_first(runs: Sequence[RunRecord], most: int) -> list[RunRecord]:
    """The last runs, the newest at the top."""
    return list(reversed(runs[-most:]))
