"""Several figures on one sheet: an SVG file that stands by itself."""

from __future__ import annotations

from collections.abc import Sequence

from gradverify.report.figures.frame import Figure
from gradverify.report.figures.style import sheet
from gradverify.report.markup import Markup, coordinate, element, join
from gradverify.report.safe_text import cut

COLUMNS = 2
GAP = 20.0  # pixels between figures and around them
HEAD = 58.0  # for the title and the line below it
LEAST_WIDTH = 520.0
CHARACTERS = 0.13  # of the line below the title, for each pixel of the sheet's width


def sheet_of(figures: Sequence[Figure], title: str, below: str) -> str:
    """The figures, one at least, in two columns, below a title and one more line."""
    rows = [figures[i : i + COLUMNS] for i in range(0, len(figures), COLUMNS)]
    column = max(figure.width for figure in figures) + GAP
    width = max(LEAST_WIDTH, GAP + column * min(COLUMNS, len(figures)))
    placed: list[Markup] = []
    y = GAP + HEAD
    for row in rows:
        x = GAP
        for figure in row:
            placed.append(element("g", figure.markup, transform=f"translate({coordinate(x)} {coordinate(y)})"))
            x += column
        y += max(figure.height for figure in row) + GAP
    most = int(width * CHARACTERS)
    head = (
        element("text", cut(title, most), x=GAP, y=GAP + 18, class_="heading"),
        element("text", cut(below, most), x=GAP, y=GAP + 40, class_="note"),
    )
    style = element("style", Markup(sheet()))
    whole = element(
        "svg", style, element("rect", width=width, height=y, class_="ground"), *head, join(placed),
        xmlns="http://www.w3.org/2000/svg", class_="figure", width=width, height=y,
        viewBox=f"0 0 {coordinate(width)} {coordinate(y)}",
    )  # fmt: skip
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{whole}\n'
