"""A badge for a README: as SVG, and as JSON for shields.io's endpoint (https://shields.io/badges/endpoint-badge)."""

from __future__ import annotations

import json
from dataclasses import dataclass

from gradverify.core.verdicts import Verdict
from gradverify.history.records import RunRecord
from gradverify.report.markup import element

LABEL = "gradients"
CHARACTER = 6.4  # pixels of an average one at 11 px; `textLength` makes the text fit whatever the font
PADDING = 7.0
HEIGHT = 20.0
# shields.io's names and the colours behind them, dark enough for white text.
COLOURS = {"brightgreen": "#2f7d32", "red": "#b4232a", "yellow": "#8a6100", "lightgrey": "#5f6670"}


@dataclass(frozen=True, slots=True)
class Badge:
    """What it says, and a colour by shields.io's name."""

    message: str
    colour: str

    @property
    def data(self) -> dict[str, str | int]:
        """As shields.io wants it."""
        return {"schemaVersion": 1, "label": LABEL, "message": self.message, "color": self.colour}

    def json(self) -> str:
        """The endpoint's whole answer."""
        return json.dumps(self.data) + "\n"

    def svg(self) -> str:
        """The badge itself: a label on grey, the message on its colour."""
        left, right = (round(len(text) * CHARACTER + 2 * PADDING) for text in (LABEL, self.message))
        whole = element(
            "svg",
            element("title", f"{LABEL}: {self.message}"),
            element("rect", width=left + right, height=HEIGHT, rx=3, fill=COLOURS[self.colour]),
            element("path", d=f"M3 0h{left - 3}v20h-{left - 3}a3 3 0 0 1 -3 -3v-14a3 3 0 0 1 3 -3z", fill="#454b55"),
            element(
                "g",
                *(
                    element("text", text, x=x, y=14, textLength=round(len(text) * CHARACTER))
                    for text, x in ((LABEL, PADDING), (self.message, left + PADDING))
                ),
                fill="#fff", font_size=11, font_family="Verdana,'DejaVu Sans',sans-serif",
            ),
            xmlns="http://www.w3.org/2000/svg", width=left + right, height=HEIGHT, role="img",
        )  # fmt: skip
        return f"{whole}\n"


def badge_of(run: RunRecord | None) -> Badge:
    """What the newest run came to."""
    if run is None or not run.specs:
        return Badge("no runs", "lightgrey")
    counts = run.counts
    every = len(run.specs)
    wrong = counts[Verdict.FAIL] + counts[Verdict.ERROR]
    if wrong:
        return Badge(f"{wrong} of {every} failing", "red")
    if run.interrupted:
        return Badge("incomplete", "yellow")
    open_ = counts[Verdict.INCONCLUSIVE] + counts[Verdict.SKIPPED]
    return Badge(f"{open_} of {every} undecided", "yellow") if open_ else Badge(f"{every} ok", "brightgreen")
