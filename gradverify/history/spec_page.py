"""The page of one spec: its error over time, what happened, and its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradverify.core.verdicts import Verdict
from gradverify.history.page_parts import MOST_TEXT, STYLE, commit, error, growth, strip, when
from gradverify.history.trends import GROWTH, Trend
from gradverify.report.figures.trend import Dot, trend_figure
from gradverify.report.html.document import document
from gradverify.report.html.parts import badge, table
from gradverify.report.markup import Child, Markup, element, join
from gradverify.report.safe_text import one_line

if TYPE_CHECKING:
    from gradverify.history.site import Look

MOST_RUNS = 100  # in the table
MOST_EVENTS = 40
RUNS = (
    ("time (UTC)", ""), ("commit", "text"), ("status", "text"), ("error", ""), ("measured by", "text"),
    ("evidence", "text"), ("", "text wrap"),
)  # fmt: skip


def spec_page(trend: Trend, look: Look) -> str:
    """The page."""
    last = trend.last
    title = one_line(last.name, MOST_TEXT)
    top = element(
        "header",
        element("p", element("a", one_line(look.title), href="index.html"), class_="small"),
        element("h1", title),
        element("p", badge(last.verdict), " ", strip(trend), class_="verdict"),
        element("ul", *(element("li", fact) for fact in _facts(trend)), class_="facts"),
        class_="top",
    )
    main = element("main", top, _figure(trend), _events(trend, look), _runs(trend, look))
    return document(f"{title} – {look.title}", main, STYLE)


def _facts(trend: Trend) -> list[str]:
    last = trend.last
    facts = [one_line(f"{last.file}:{last.line}", MOST_TEXT), f"{len(trend.moments)} runs"]
    if last.expected != "pass":
        facts.append(f"expected: {one_line(last.expected)}")
    return facts


def _figure(trend: Trend) -> Markup | None:
    grew = {grown.at for grown in trend.growths}
    dots = [
        Dot(one_line(m.run.label, 16), m.spec.verdict, m.spec.error, grew=i in grew)
        for i, m in enumerate(trend.moments)
    ]
    figure = trend_figure(dots, "Measured error")
    if figure is None:
        return None
    return element("div", figure.markup, class_="panel chart", tabindex=0, role="group", aria_label="measured error")


def _events(trend: Trend, look: Look) -> Markup | None:
    """What happened, newest first."""
    events: list[tuple[int, Child]] = [(grown.at, growth(trend, grown, look)) for grown in trend.growths]
    for change in trend.changes:
        run = trend.moments[change.at].run
        said = (
            badge(change.before),
            " became ",
            badge(change.after),
            " with ",
            commit(run, look),
            f" on {when(run.started)}",
        )
        events.append((change.at, join(said)))
    for name in trend.flaky:
        last = max(i for i, m in enumerate(trend.moments) if m.run.commit == name)
        events.append((last, join(("flaky: different results on one commit, ", element("code", name[:12])))))
    if not events:
        return None
    events.sort(key=lambda event: -event[0])
    shown = [element("li", what) for _, what in events[:MOST_EVENTS]]
    note = f"An error grew where it is at least {GROWTH:g} times the median of the runs before, by the same backend."
    return join(
        (
            element("h2", "What happened"),
            element("ul", *shown, class_="plain panel news"),
            element("p", note, class_="muted small"),
        )
    )


def _runs(trend: Trend, look: Look) -> Markup:
    rows = [
        (
            "wrong" if m.spec.verdict is Verdict.FAIL else None,
            (
                when(m.run.started), commit(m.run, look), badge(m.spec.verdict), error(m.spec.error),
                one_line(m.spec.backend or "–"), m.spec.evidence.value if m.spec.evidence is not None else "–",
                one_line("; ".join(part for part in (m.spec.fault, m.spec.reason) if part), MOST_TEXT),
            ),
        )
        for m in list(reversed(trend.moments))[:MOST_RUNS]
    ]  # fmt: skip
    return join((element("h2", "Runs"), element("div", table(RUNS, rows), class_="panel")))
