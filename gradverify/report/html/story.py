"""One spec on the page: a line that says how it went, and behind it everything that is known."""

from __future__ import annotations

from collections.abc import Sequence

from gradverify.core.report import BlindSpot, SpecResult
from gradverify.core.verdicts import Verdict
from gradverify.report import words
from gradverify.report.figures.frame import Figure
from gradverify.report.figures.of_spec import descent_figures, has_figures, ladder_figures
from gradverify.report.findings import headline
from gradverify.report.html.comparison import comparison
from gradverify.report.html.descents import descent_table
from gradverify.report.html.parts import badge, bullets, evidence, facts, section, table
from gradverify.report.markup import Child, Markup, element, join
from gradverify.report.safe_text import one_line

MOST_NAME = 160  # characters of a name
MOST_TEXT = 1_500  # of a sentence
MOST_EIGENVALUES = 6
LONG_HEADLINE = 140  # characters; longer ones are not set large
MOST_FORMULAS = 6
LONG_FORMULA = 120  # characters; longer ones are folded
MOST_FORMULA = 4_000
MOST_CHECKS = 40
MOST_SPOTS = 8
MOST_OUTPUT = 4_000  # characters of what the functions printed
CHECKS = (
    ("check", ""), ("verdict", "text"), ("evidence", "text"), ("max. rel. error", ""), ("evaluations", ""),
    ("time", ""), ("", "text wrap"),
)  # fmt: skip


def story(spec: SpecResult, anchor: str, classes: Sequence[str], *, unfolded: bool, whole: bool, drawn: bool) -> Markup:
    """The spec as a `details` element; without its inside, or its figures, where the page has no room left for them."""
    inside = (
        _inside(spec, drawn) if whole else element("p", "left out for size; the JSON report has it", class_="muted")
    )
    return element(
        "details", element("summary", *_line(spec)), element("div", inside, class_="body"),
        class_=" ".join(("spec", spec.verdict.value, *classes)), id=anchor, open=unfolded,
    )  # fmt: skip


def _line(spec: SpecResult) -> list[Child]:
    failed_as_expected = spec.expected != "pass" and spec.verdict is Verdict.PASS
    about: list[Child] = []
    if failed_as_expected:
        about.append("wrong, as expected")
    elif spec.verdict is Verdict.PASS:
        about.append(evidence(spec.evidence))
    if spec.blind_spots:
        count = len(spec.blind_spots)
        about.append(f"{count} blind spot{'s' if count > 1 else ''}")
    if spec.tags:
        about.append(one_line(", ".join(spec.tags), MOST_NAME))
    return [
        badge(spec.verdict),
        element("span", one_line(spec.name, MOST_NAME), class_="name"),
        element("span", join([part for part in about if part], " · "), class_="small muted") if about else None,
        element("span", one_line(f"{spec.file}:{spec.line}", MOST_NAME), class_="place"),
    ]


def _inside(spec: SpecResult, draw: bool) -> Markup:
    drawn = _figures("How the reference came about", ladder_figures(spec)) if draw else _undrawn(spec)
    told = join((_headline(spec), _diagnosis(spec), _formulas(spec), _counterexample(spec), comparison(spec)))
    right = element("div", drawn) if drawn else None
    upper = element("div", element("div", told), right, class_="columns two" if drawn else "columns")
    descents = section("Descent with the claimed gradient", descent_table(spec))
    drawn_descents = _figures(None, descent_figures(spec)) if draw else None
    return join(
        (upper, descents, drawn_descents, _checks(spec), _blind_spots(spec), _notes(spec), _output(spec), _about(spec))
    )


def _undrawn(spec: SpecResult) -> Markup | None:
    if not has_figures(spec):
        return None
    command = element("code", one_line(f"gradverify plot {spec.file}::{spec.name} -o figure.svg", MOST_TEXT))
    return element("p", "Figures are left out for size; ", command, " draws them.", class_="muted small")


def _figures(title: str | None, figures: Sequence[Figure]) -> Markup | None:
    if not figures:
        return None
    drawn = element("div", *(figure.markup for figure in figures), class_="figures")
    return section(title, drawn) if title is not None else drawn


def _headline(spec: SpecResult) -> Markup | None:
    if spec.verdict is not Verdict.PASS:
        told = headline(spec)
        reason = one_line(spec.reason or "", MOST_TEXT)
        more = element("p", reason, class_="muted") if reason not in ("", told) else None
        kind = "headline" if len(told) <= LONG_HEADLINE else "headline long"
        return join((element("p", one_line(told, MOST_TEXT), class_=kind), more))
    if spec.expected != "pass":
        return element("p", f"This spec is wrong on purpose (expect: {one_line(spec.expected)}), and was found wrong.")
    return None


def _diagnosis(spec: SpecResult) -> Markup | None:
    if not spec.diagnosis:
        return None
    told = [
        element(
            "p", element("span", f"Likely mistake: {d.fault.value}", class_="fault"), " — ",
            one_line(d.message, MOST_TEXT), element("span", f" ({d.confidence:.0%} sure)", class_="muted"),
        )
        for d in spec.diagnosis[:MOST_FORMULAS]
    ]  # fmt: skip
    return element("div", *told, class_="callout" if spec.verdict is Verdict.FAIL else "callout plain")


def _formulas(spec: SpecResult) -> Markup | None:
    if spec.found is not Verdict.FAIL:
        return None
    found = words.formulas(spec.checks)
    rows = [
        (None, (one_line(name), _code(right), _code(difference) if difference else "–"))
        for name, right, difference in found[:MOST_FORMULAS]
    ]
    if not rows:
        return None
    head = (("component", ""), ("right formula", "text wrap"), ("claimed − right", "text wrap"))
    left = len(found) - len(rows)
    more = element("p", f"… and {left} more", class_="muted small") if left else None
    return section("Right formula", table(head, rows), more)


def _code(formula: str) -> Markup:
    shown = element("code", one_line(formula, MOST_FORMULA))
    if len(formula) <= LONG_FORMULA:
        return shown
    begin = element("code", one_line(formula, LONG_FORMULA))
    return element("details", element("summary", begin, f" ({len(formula):,} characters)"), shown, class_="more")


def _counterexample(spec: SpecResult) -> Markup | None:
    found = spec.counterexample
    if found is None:
        return None
    said = one_line(found.message or f"fails at {words.point(found.at)}", MOST_TEXT)
    numbers = (
        ("claimed", words.point(found.claimed)),
        ("reference", words.point(found.reference)),
    )
    return section("Counterexample", element("p", said), facts(numbers))


def _checks(spec: SpecResult) -> Markup | None:
    if not spec.checks:
        return None
    rows: list[tuple[str | None, list[Child]]] = []
    for check in spec.checks[:MOST_CHECKS]:
        error = "" if check.max_relative_error is None else f"{check.max_relative_error:.1e}"
        count = check.details.get("evaluations")
        counted = f"{count:,}" if isinstance(count, int) and not isinstance(count, bool) and count < 2**63 else ""
        reason = one_line(check.reason or _method(check.details), MOST_TEXT)
        level = evidence(check.evidence)
        time = f"{check.seconds * 1e3:.1f} ms" if check.seconds else ""
        rows.append((None, [words.check_label(check), badge(check.verdict), level, error, counted, time, reason]))
    left = len(spec.checks) - len(rows)
    more = element("p", f"… and {left} more checks", class_="muted small") if left else None
    told = [i for i in range(len(CHECKS)) if any(cells[i] for _, cells in rows)]  # columns that say something
    return section("Checks", table([CHECKS[i] for i in told], [(c, [r[i] for i in told]) for c, r in rows]), more)


def _method(details: dict[str, object]) -> str:
    """What a check that gives no reason has to tell: how it was proved, what was looked at."""
    proof = details.get("proof")
    method = proof.get("method") if isinstance(proof, dict) else None
    if isinstance(method, str):
        return f"by {method}"
    eigenvalues = details.get("eigenvalues")
    if isinstance(eigenvalues, list) and eigenvalues and all(isinstance(v, float) for v in eigenvalues):
        shown = ", ".join(f"{value:.6g}" for value in eigenvalues[:MOST_EIGENVALUES])
        return f"the Hessian's eigenvalues are {shown}{', …' if len(eigenvalues) > MOST_EIGENVALUES else ''}"
    for key, what in (("directions", "directions at each point"), ("candidates", "other points looked at")):
        count = details.get(key)
        if isinstance(count, int) and not isinstance(count, bool) and 0 < count < 2**63:
            return f"{count:,} {what}"
    return ""


def _blind_spots(spec: SpecResult) -> Markup | None:
    parts: list[Child] = []
    if spec.mutants is not None and spec.mutants[1]:
        caught, every = spec.mutants
        share = min(100.0, 100.0 * caught / every)
        meter = element("span", element("i", style=f"width:{share:.0f}%"), class_="meter", aria_hidden="true")
        parts.append(element("p", meter, f"The points catch {caught} of {every} deliberate mistakes."))
    spots = [_spot(spot) for spot in spec.blind_spots]
    return section("What the points could not have revealed", *parts, bullets(spots, MOST_SPOTS))


def _spot(spot: BlindSpot) -> str:
    better = f"; {words.point(spot.better_point)} would show it" if spot.better_point else ""
    return one_line(spot.message, MOST_TEXT) + better


def _notes(spec: SpecResult) -> Markup | None:
    notes = [*spec.notes, *(note for check in spec.checks for point in check.points for note in point.notes)]
    return section("Notes", bullets([one_line(note, MOST_TEXT) for note in dict.fromkeys(notes)], MOST_SPOTS))


def _output(spec: SpecResult) -> Markup | None:
    if not spec.output:
        return None
    return section("Printed by the functions", element("pre", cut_lines(spec.output), tabindex=0))


def cut_lines(text: str) -> str:
    """The first characters of a long output."""
    return text if len(text) <= MOST_OUTPUT else text[:MOST_OUTPUT] + "\n…"


def _about(spec: SpecResult) -> Markup | None:
    count = spec.evaluations
    evaluated = ", ".join(
        f"{what} at {number:,} points"
        for what, number in (("f", count.function), ("the claim", count.gradient))
        if number
    )
    source = spec.gradient_source
    told = (
        f"{evaluated} evaluated" if evaluated else "",
        f"{spec.seconds:.3g} s" if spec.seconds else "",
        one_line(f"gradient in {source[0]}:{source[1]}", MOST_TEXT) if source else "",
    )
    known = [element("li", part) for part in told if part]
    return element("ul", *known, class_="facts") if known else None
