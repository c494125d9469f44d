"""Small parts that every section of the page is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gradverify.core.verdicts import Evidence, Verdict
from gradverify.report.markup import Child, Markup, element, join

MARKS = {
    Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.INCONCLUSIVE: "?", Verdict.ERROR: "!", Verdict.SKIPPED: "–",
}  # fmt: skip
EVIDENCE_MEANS = {
    Evidence.PROVED: "identical as functions, or proved not to be",
    Evidence.CERTIFIED: "the reference is a rigorous enclosure at the points",
    Evidence.EXACT: "the reference is exact to round-off",
    Evidence.ESTIMATED: "the reference has an estimated error bound",
    Evidence.PROJECTED: "only random directions were compared",
}


def badge(verdict: Verdict, label: str | None = None) -> Markup:
    """A verdict with its mark, so that it does not depend on the colour."""
    return element("span", f"{MARKS[verdict]} {label or verdict.value}", class_=f"badge {verdict.value}")


def evidence(level: Evidence | None) -> Markup | None:
    """An evidence level with its meaning."""
    if level is None:
        return None
    return element("span", level.value, title=EVIDENCE_MEANS[level])


def table(head: Sequence[tuple[str, str]], rows: Iterable[tuple[str | None, Sequence[Child]]]) -> Markup:
    """A table that scrolls by itself where it is too wide. head: title and class of each column; rows: class, cells."""
    titles = [element("th", title, class_=kind or None, scope="col") for title, kind in head]
    lines = [
        element(
            "tr",
            *(element("td", cell, class_=kind or None) for cell, (_, kind) in zip(cells, head, strict=True)),
            class_=name,
        )
        for name, cells in rows
    ]
    whole = element("table", element("thead", element("tr", *titles)), element("tbody", *lines))
    return element("div", whole, class_="scroll", tabindex=0, role="group", aria_label="table")


def facts(pairs: Iterable[tuple[str, Child]]) -> Markup | None:
    """Terms and what they are; None where there are none."""
    known = [(term, what) for term, what in pairs if what]
    if not known:
        return None
    return element("dl", *(join((element("dt", term), element("dd", what))) for term, what in known))


def bullets(items: Sequence[Child], most: int) -> Markup | None:
    """A list of at most `most` items, and how many there are beyond."""
    if not items:
        return None
    shown = [element("li", item) for item in items[:most]]
    if len(items) > most:
        shown.append(element("li", f"… and {len(items) - most} more", class_="muted"))
    return element("ul", *shown, class_="plain")


def section(title: str, *content: Child | None) -> Markup | None:
    """A titled part; None where it would be empty."""
    inside = join(content)
    return join((element("h3", title), inside)) if inside else None
