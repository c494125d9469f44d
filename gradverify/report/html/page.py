"""The whole page: what came out, filters, what needs attention, and everything else folded away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from gradverify.core.report import Report, SpecResult
from gradverify.core.verdicts import Verdict
from gradverify.report import words
from gradverify.report.figures.of_spec import has_figures
from gradverify.report.findings import findings
from gradverify.report.html.document import document
from gradverify.report.html.parts import MARKS, badge
from gradverify.report.html.story import story
from gradverify.report.markup import Markup, element, join, text
from gradverify.report.safe_text import one_line

LIMIT = 16_000_000  # bytes of the page: what a browser opens at once on a small machine
MOST_DRAWN = 300  # specs whose figures are drawn: the worst first; each takes some 20 ms and 50 kB
MOST_UNFOLDED = 40  # specs; the others unfold by themselves when they are looked for
MOST_IN_INDEX = 60
FEWEST_FOR_INDEX = 4
MOST_TAGS = 40
MOST_TEXT = 600
_ORDER = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.SKIPPED, Verdict.PASS)
_NAMES = {
    Verdict.PASS: "passed", Verdict.FAIL: "failed", Verdict.INCONCLUSIVE: "inconclusive", Verdict.ERROR: "with errors",
    Verdict.SKIPPED: "skipped",
}  # fmt: skip


def render_html(report: Report, options: Mapping[str, str]) -> str:
    """The report as one page; `options["title"]` is its title, `options["limit"]` its greatest size in bytes."""
    return page(report, title=options.get("title", "Gradient report"), limit=int(options.get("limit", LIMIT)))


def page(report: Report, *, title: str, limit: int) -> str:
    """The page. Beyond `limit` bytes specs are shown by one line each."""
    bad = [finding.spec for finding in findings(report)]
    good = [spec for spec in report.specs if spec.verdict is Verdict.PASS]
    tags = _tags(report.specs)
    numbers = {id(spec): f"s{number}" for number, spec in enumerate(report.specs, 1)}
    room = _Room(limit)
    attention = [
        room.take(spec, numbers[id(spec)], tags, unfolded=number < MOST_UNFOLDED) for number, spec in enumerate(bad)
    ]
    passed = [room.take(spec, numbers[id(spec)], tags, unfolded=False) for spec in good]
    main = element(
        "main",
        _top(report, title),
        _filters(report, tags),
        _index(bad, numbers),
        join((element("h2", "Needs attention"), *attention)) if attention else None,
        join((element("h2", "As expected"), *passed)) if passed else None,
        _footer(report),
    )
    return document(title, main, _tag_rules(tags))


class _Room:
    """What is left of the page's size: the first specs are told whole, the last by one line."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._drawings = MOST_DRAWN

    def take(self, spec: SpecResult, anchor: str, tags: Mapping[str, str], *, unfolded: bool) -> Markup:
        """The spec, as long as there is room for it."""
        classes = [tags[tag] for tag in dict.fromkeys(spec.tags) if tag in tags]
        drawn = self._drawings > 0
        told = story(spec, anchor, classes, unfolded=unfolded, whole=self._left > 0, drawn=drawn)
        self._drawings -= has_figures(spec)
        self._left -= len(told.encode("utf-8", "replace"))
        return told


def _top(report: Report, title: str) -> Markup:
    said = words.summary_line(
        report.summary, report.seconds, not_run=len(report.not_run), interrupted=report.interrupted
    )
    facts = [
        f"gradverify {one_line(report.gradverify, MOST_TEXT)}",
        _when(one_line(report.started, MOST_TEXT)),
        f"seed {report.seed}",
        f"isolation: {one_line(report.isolation, MOST_TEXT)}",
        *(one_line(f"{p.name} {p.version}", MOST_TEXT) for p in report.plugins if p.status == "ok"),
    ]
    told = (
        one_line(f"plugin {p.name} {p.version} does not work: {p.reason or ''}", MOST_TEXT)
        for p in report.plugins
        if p.status == "failed"
    )
    broken = [element("p", sentence, class_="alert") for sentence in told]
    missing = None
    if report.not_run:
        names = ", ".join(one_line(name, 60) for name in report.not_run[:10])
        more = f", … ({len(report.not_run)} in all)" if len(report.not_run) > 10 else ""
        missing = element("p", f"Not run: {names}{more}", class_="alert")
    return element(
        "header",
        element("h1", one_line(title, MOST_TEXT)),
        element("p", badge(_worst(report)), " ", said, class_="verdict"),
        element("ul", *(element("li", fact) for fact in facts), class_="facts"),
        *broken, missing, class_="top",
    )  # fmt: skip


def _worst(report: Report) -> Verdict:
    """What the run came to; a run that was stopped has not passed."""
    verdicts = {spec.verdict for spec in report.specs}
    found = next((verdict for verdict in _ORDER if verdict in verdicts), Verdict.SKIPPED)
    return Verdict.INCONCLUSIVE if found is Verdict.PASS and (report.interrupted or report.not_run) else found


def _when(started: str) -> str:
    return started.replace("T", " ").replace("+00:00", " UTC")


def _filters(report: Report, tags: Mapping[str, str]) -> Markup | None:
    if len(report.specs) < 2:
        return None
    counts = report.summary
    verdicts = [
        _chip("v", "v-all", "all", counts["specs"], checked=True),
        *(
            _chip("v", f"v-{verdict.value}", _NAMES[verdict], counts[verdict.value], kind=verdict)
            for verdict in _ORDER
            if counts[verdict.value]
        ),
    ]
    parts = [element("fieldset", element("legend", "verdict"), *verdicts)]
    if tags:
        used = Counter(tag for spec in report.specs for tag in set(spec.tags))
        chips = [_chip("t", f"{mark}-only", one_line(tag, 40), used[tag]) for tag, mark in tags.items()]
        everything = _chip("t", "t-all", "all", len(report.specs), checked=True)
        parts.append(element("fieldset", element("legend", "tag"), everything, *chips, class_="tags"))
    return element("div", *parts, class_="filters")


def _chip(
    group: str, name: str, label: str, count: int, *, checked: bool = False, kind: Verdict | None = None
) -> Markup:
    mark = element("span", MARKS[kind], class_="mark", aria_hidden="true") if kind is not None else None
    return element(
        "label",
        element("input", type="radio", name=group, id=name, checked=checked),
        mark, label, element("b", f"{count:,}"), class_=f"chip {kind.value}" if kind is not None else "chip",
    )  # fmt: skip


def _tags(specs: Sequence[SpecResult]) -> dict[str, str]:
    """The most used tags in alphabetical order, each with a class name of its own."""
    used = Counter(tag for spec in specs for tag in set(spec.tags))
    most = sorted(tag for tag, _ in used.most_common(MOST_TAGS))
    return {tag: f"t{number}" for number, tag in enumerate(most, 1)}


def _tag_rules(tags: Mapping[str, str]) -> str:
    """Hide what the chosen filter leaves out; a heading above nothing goes as well."""
    chosen = [(f"#v-{verdict.value}", f".{verdict.value}") for verdict in _ORDER]
    chosen += [(f"#{mark}-only", f".{mark}") for mark in tags.values()]
    return "".join(f"body:has({radio}:checked) .spec:not({kind}){{display:none}}" for radio, kind in chosen)


def _index(specs: Sequence[SpecResult], anchors: Mapping[int, str]) -> Markup | None:
    if len(specs) < FEWEST_FOR_INDEX:
        return None
    items = [
        element(
            "li",
            element("a", one_line(spec.name, 80), href=f"#{anchors[id(spec)]}"),
            element("span", one_line(spec.reason or spec.verdict.value, MOST_TEXT)),
        )
        for spec in specs[:MOST_IN_INDEX]
    ]
    left = len(specs) - len(items)
    more = element("li", f"… and {left} more below", class_="muted") if left > 0 else None
    return element("nav", element("h2", "At a glance"), element("ol", *items, more), aria_label="Needs attention")


def _footer(report: Report) -> Markup:
    reading = (
        "A verdict compares the claim with a reference whose error is bounded: it passes within the tolerance, fails"
        " beyond tolerance and bound together, and is inconclusive where the bound is too wide to decide."
    )
    return element("footer", element("p", reading), element("p", text(_when(report.started)), ", one page, no network"))
