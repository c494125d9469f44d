"""Contrast of the page's colours, by WCAG 2.2: 4.5 for text, 3 for lines that carry meaning."""

from __future__ import annotations

import re

import pytest

from gradverify.history.badge import COLOURS
from gradverify.report.figures.style import SERIES
from gradverify.report.html.style import page_style

TEXT, LINES = 4.5, 3.0
LIGHT, DARK = re.findall(r":root\{([^}]*)\}", page_style())[:2]
VERDICTS = ("pass", "fail", "inconclusive", "error", "skipped")


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(2 * d for d in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.fixture(params=[LIGHT, DARK], ids=["light", "dark"])
def palette(request: pytest.FixtureRequest) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+):(#\w+);", request.param))


def test_black_on_white_has_the_largest_contrast() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21.0)


def test_text_is_legible_on_every_ground(palette: dict[str, str]) -> None:
    for ink in ("ink", "muted", "accent"):
        for ground in ("ground", "card"):
            assert contrast(palette[ink], palette[ground]) >= TEXT, (ink, ground)
    assert contrast(palette["ink"], palette["faint"]) >= TEXT
    assert contrast(palette["muted"], palette["faint"]) >= TEXT


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_verdict_is_legible_on_its_badge_and_on_a_card(palette: dict[str, str], verdict: str) -> None:
    assert contrast(palette[verdict], palette[f"{verdict}-bg"]) >= TEXT
    assert contrast(palette[verdict], palette["card"]) >= TEXT
    assert contrast(palette["ink"], palette["fail-bg"]) >= TEXT


def test_every_line_of_a_figure_stands_out(palette: dict[str, str]) -> None:
    for name in (*(f"f-s{i}" for i in range(SERIES)), "f-accent", "f-fail", "f-muted"):
        assert contrast(palette[name], palette["card"]) >= LINES, name
    assert contrast(palette["f-ink"], palette["f-ground"]) >= TEXT


@pytest.mark.parametrize("colour", COLOURS.values(), ids=list(COLOURS))
def test_a_badge_is_legible(colour: str) -> None:
    assert contrast("#ffffff", colour) >= TEXT
