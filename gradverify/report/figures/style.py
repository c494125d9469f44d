"""The figures' style sheet: by classes, so that a page's own colours and a file's follow the same rules."""

from __future__ import annotations

from collections.abc import Callable

SERIES = 8  # colours of lines that are shown together; then they repeat

# Okabe & Ito (2008), a palette that colour-blind readers tell apart, made darker or lighter for contrast.
_LIGHT = {
    "ground": "#ffffff", "ink": "#1d2129", "muted": "#596271", "line": "#d9dce1", "faint": "#eceef1",
    "accent": "#0b61a4", "fail": "#b4232a",
    "s0": "#0b61a4", "s1": "#b25400", "s2": "#00795a", "s3": "#9b3f86", "s4": "#7a6a00", "s5": "#2f7fb5",
    "s6": "#5b3fa6", "s7": "#555b66",
}  # fmt: skip
_DARK = {
    "ground": "#1a1e25", "ink": "#e6e9ee", "muted": "#a3adbb", "line": "#39404b", "faint": "#272d36",
    "accent": "#6cb4ee", "fail": "#ff8f88",
    "s0": "#6cb4ee", "s1": "#f2a65a", "s2": "#4fc9a4", "s3": "#e39bd0", "s4": "#dccb55", "s5": "#a6d5f7",
    "s6": "#b7a3f2", "s7": "#b8bec9",
}  # fmt: skip


def colours(*, dark: bool = False) -> str:
    """The palette as custom properties, for a page that also has colours of its own."""
    return "".join(f"--f-{name}:{value};" for name, value in (_DARK if dark else _LIGHT).items())


def page_rules() -> str:
    """The rules for figures on a page that sets the properties of `colours`."""
    return _rules(lambda name: f"var(--f-{name})")


def sheet() -> str:
    """The style sheet of a figure that is a file of its own: literal colours, as not every renderer knows variables."""
    return f"{_rules(_LIGHT.__getitem__)}@media (prefers-color-scheme:dark){{{_rules(_DARK.__getitem__)}}}"


def _rules(colour: Callable[[str], str]) -> str:
    c = colour
    series = "".join(f".figure .s{i}{{stroke:{c(f's{i}')}}}" for i in range(SERIES))
    return (
        ".figure{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;font-size:12px}"
        f".figure text{{fill:{c('ink')}}}.figure .title{{font-size:13px;font-weight:600}}"
        f".figure .tick,.figure .axis,.figure .key,.figure .note{{fill:{c('muted')}}}"
        ".figure .heading{font-size:18px;font-weight:600}"
        ".figure .middle{text-anchor:middle}.figure .end{text-anchor:end}"
        f".figure .ground{{fill:{c('ground')}}}.figure path{{fill:none}}"
        f".figure .grid{{stroke:{c('faint')};stroke-width:1}}"
        f".figure .window{{fill:none;stroke:{c('line')};stroke-width:1}}"
        f".figure .curve{{stroke:{c('accent')};stroke-width:1.6;stroke-linejoin:round}}"
        f".figure .roundoff{{stroke:{c('s1')};stroke-width:1.3;stroke-dasharray:2 3}}"
        f".figure .bound{{stroke:{c('muted')};stroke-width:1.3;stroke-dasharray:7 4}}"
        f".figure .gap{{stroke:{c('fail')};stroke-width:1.8}}"
        f".figure .near{{stroke:{c('s2')};stroke-width:1.6}}"
        f".figure .level{{stroke:{c('muted')};stroke-width:.8;opacity:.6}}"
        ".figure .run{stroke-width:1.8;stroke-linejoin:round}"
        + series +
        ".figure .s1,.figure .s5{stroke-dasharray:7 3}.figure .s2,.figure .s6{stroke-dasharray:2 3}"
        ".figure .s3,.figure .s7{stroke-dasharray:9 3 2 3}"
        ".figure .dots{stroke-linecap:round;stroke-dasharray:none;stroke-width:5}"
        f".figure .begin{{fill:{c('ground')};stroke:{c('ink')};stroke-width:1.6}}.figure .finish{{fill:{c('ink')}}}"
    )  # fmt: skip
