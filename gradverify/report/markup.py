"""HTML and SVG that cannot be broken by what is put into it: whatever is not markup already is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable

from gradverify.report.safe_text import cut, visible

VOID = frozenset({"br", "hr", "input", "link", "meta"})  # of HTML: they have no end
SHAPES = frozenset({"circle", "line", "path", "polyline", "rect"})  # of SVG: they have no content here

Attribute = str | int | float | bool | None


class Markup(str):
    """Text that is markup, made by `element` or `text`."""

    __slots__ = ()


Child = Markup | str | None


def text(value: str, most: int | None = None) -> Markup:
    """Text as it is read: markup in it is shown, what cannot be seen is written out."""
    shown = visible(value)
    return Markup(html.escape(cut(shown, most) if most is not None else shown, quote=True))


def element(name: str, /, *children: Child, **attributes: Attribute) -> Markup:
    """`<name …>children</name>`. `class_` and `for_` lose their underscore, `aria_label` becomes `aria-label`.

    An attribute that is None or False is left out; True stands for itself. `viewBox` and its kin keep their case.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in VOID:
        return Markup(f"<{name}{written}>")
    if name in SHAPES and not children:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{join(children)}</{name}>")


def join(children: Iterable[Child], between: str = "") -> Markup:
    """Several children behind one another."""
    return Markup(between.join(child if isinstance(child, Markup) else text(child) for child in children if child))


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    shown = coordinate(value) if isinstance(value, (int, float)) else text(value)
    return f' {name}="{shown}"'


def coordinate(value: float) -> str:
    """A length in pixels with one decimal, which is as fine as anybody sees."""
    shown = f"{value:.1f}"
    return shown.removesuffix(".0").replace("-0", "0") if shown in ("-0.0", "0.0") else shown.removesuffix(".0")
