"""What every page has in common: its head, its style sheet, and a policy that lets nothing in."""

from __future__ import annotations

from gradverify.report.html.style import page_style
from gradverify.report.markup import Markup, element
from gradverify.report.safe_text import one_line

MOST_TITLE = 300  # characters
GENERATOR = "gradverify"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"  # nothing is fetched, whatever is on the page
# A white sheet with ∇, so that browsers do not ask a server for an icon.
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M1 2h14L8 15z'"
    " fill='none' stroke='%230b61a4' stroke-width='2'/%3E%3C/svg%3E"
)


def document(title: str, main: Markup, more_style: str = "") -> str:
    """A whole page."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="generator", content=GENERATOR),
        element("meta", name="color-scheme", content="light dark"),
        element("title", one_line(title, MOST_TITLE)),
        element("link", rel="icon", href=ICON),
        element("style", Markup(page_style() + more_style)),
    )
    return f"<!DOCTYPE html>\n{element('html', head, element('body', main), lang='en')}\n"
