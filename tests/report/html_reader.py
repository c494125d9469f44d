"""An independent reading of an HTML page: its elements and text, and whatever would reach for the network."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"meta", "link", "input", "br", "hr"})
FETCHING = frozenset(
    {"src", "srcset", "href", "xlink:href", "poster", "action", "formaction", "data", "ping"}
)  # fmt: skip
ACTIVE = frozenset({"script", "iframe", "object", "embed", "base", "form", "img", "audio", "video", "foreignobject"})


@dataclass
class Element:
    name: str
    attributes: dict[str, str | None]
    text: str = ""


@dataclass
class Page:
    elements: list[Element] = field(default_factory=list)
    style: str = ""
    faults: list[str] = field(default_factory=list)

    def named(self, name: str) -> list[Element]:
        return [element for element in self.elements if element.name == name]

    @property
    def text(self) -> str:
        return " ".join(element.text for element in self.elements)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(set(names)) != len(names):
            self.page.faults.append(f"<{tag}> has an attribute twice")
        element = Element(tag, dict(attrs))
        self.page.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.page.elements.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1].name != tag:
            self.page.faults.append(f"</{tag}> closes nothing")
            return
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1].text += data

    def finish(self) -> Page:
        self.close()
        self.page.faults += [f"<{element.name}> is never closed" for element in self._open]
        self.page.style = " ".join(element.text for element in self.page.named("style"))
        return self.page


def read(html: str) -> Page:
    """Parse a page; what is not nested properly is among the faults."""
    reader = _Reader()
    reader.feed(html)
    return reader.finish()


def reaching_out(page: Page) -> list[str]:
    """Everything on the page that could fetch, run or lead outside of the folder that it lies in."""
    found = [f"<{element.name}>" for element in page.elements if element.name in ACTIVE]
    for element in page.elements:
        for name, value in element.attributes.items():
            target = value or ""
            outside = name in FETCHING and not re.match(
                r"#|data:image/svg\+xml,|[\w.-]+\.(?:html|svg|json)(?:#|$)", target
            )
            if outside or name.startswith("on"):
                found.append(f"<{element.name} {name}={target!r}>")
    found += re.findall(r"url\(|@import|expression\(|image-set\(", page.style)
    return found
