"""YAML text to a tree with places: PyYAML scans and parses, YAML 1.2's core rules give the scalars their types.

Nothing is ever constructed from a tag. Depth, size and what aliases expand to are bounded, so that no text can hurt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

MAX_CHARACTERS = 50_000_000  # ten times the largest spec that anybody is expected to write
MAX_DEPTH = 64  # levels of nesting; a spec needs about six
MAX_ALIASED = 100_000  # nodes that the aliases of one document may stand for, all in all

# PyYAML with libyaml is about eight times as fast; both emit the same events.
_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True, eq=False)
class Scalar:
    """A single value; `value` is what YAML 1.2 makes of it, `text` what is written (escapes resolved)."""

    text: str
    value: bool | int | float | str | None
    style: str  # "" plain, "'", '"', "|" or ">"
    start: int  # in the text, counted in characters from 0
    end: int
    weight: int = 1  # nodes, after expanding aliases


@dataclass(slots=True, eq=False)
class Sequence:
    """A list."""

    items: list[Node]
    start: int
    end: int
    weight: int = 1


@dataclass(slots=True, eq=False)
class Mapping:
    """A mapping whose keys are all different names, in the order of the text."""

    entries: list[tuple[Scalar, Node]]
    start: int
    end: int
    weight: int = 1

    def get(self, name: str) -> Node | None:
        """The value under `name`."""
        return next((value for key, value in self.entries if key.text == name), None)

    def key(self, name: str) -> Scalar | None:
        """Where `name` itself is written."""
        return next((key for key, _ in self.entries if key.text == name), None)


Node = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a text: `length` characters from `start`."""

    code: str
    start: int
    length: int
    message: str
    help: str = ""
    earlier: int | None = None  # another place that the message is about: where a repeated name was first given


@dataclass(slots=True)
class Documents:
    """What a text holds: the root of each document (None for one that cannot be read), and all that is wrong."""

    roots: list[Node | None] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_NEXT_DOCUMENT = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
MAX_REPORTED = 20  # faulty characters, and documents with a syntax error, that are reported one by one


def read_documents(text: str) -> Documents:
    """All documents of `text`. A syntax error costs its own document only."""
    found = Documents()
    if len(text) > MAX_CHARACTERS:
        found.problems.append(
            Problem("file-too-large", 0, 1, f"the file has {len(text):,} characters, {MAX_CHARACTERS:,} are allowed")
        )
        return found
    for match in _FORBIDDEN.finditer(text):
        character = match.group()
        found.problems.append(
            Problem("bad-character", match.start(), 1, f"the character U+{ord(character):04X} is not allowed in YAML")
        )
        if len(found.problems) == MAX_REPORTED:
            break
    if found.problems:
        return found
    start = 0
    while True:
        stopped = _Composer(text[start:], start, found).compose()
        if stopped is None or len(found.problems) >= MAX_REPORTED:
            return found
        # Documents behind the broken one are still worth reading.
        following = _NEXT_DOCUMENT.search(text, max(stopped, start + 1))
        if following is None:
            return found
        start = following.start()


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not been seen."""

    node: Sequence | Mapping
    anchor: str | None
    names: dict[str, Scalar]  # the keys of a mapping so far
    key: Scalar | None = None  # the key that waits for its value


class _Composer:
    """Events to trees, without recursion."""

    def __init__(self, text: str, offset: int, found: Documents) -> None:
        self.text = text
        self.offset = offset
        self.found = found
        self.anchors: dict[str, Node] = {}
        self.open: list[_Open] = []
        self.aliased = 0
        self.document_start = offset

    def complain(
        self, code: str, start: int, length: int, message: str, help: str = "", earlier: int | None = None
    ) -> None:
        self.found.problems.append(Problem(code, start, max(1, length), message, help, earlier))

    def compose(self) -> int | None:
        """Read on until the end, or to a fault behind which nothing of the document can be trusted: where it is."""
        try:
            parser = _PARSER(self.text)
            while (event := parser.get_event()) is not None:
                stopped = self.take(event)
                if stopped is not None:
                    return self.give_up(stopped)
        except yaml.MarkedYAMLError as error:
            return self.give_up(self.syntax(error))
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            first = str(error).partition("\n")[0]
            self.complain("yaml-syntax", self.document_start, 1, f"this is no YAML: {first}")
            return self.give_up(self.document_start)
        return None

    def give_up(self, at: int) -> int:
        self.found.roots.append(None)
        return at

    def syntax(self, error: yaml.MarkedYAMLError) -> int:
        mark = error.problem_mark or error.context_mark
        index = min(mark.index, max(0, len(self.text) - 1)) if mark is not None else 0
        if "nesting depth" in (error.problem or ""):
            return self.too_deep(self.offset + index)
        message = " ".join(part for part in (error.problem, error.context) if part) or "this is no YAML"
        opened = self.open[-1].node.start - self.offset if self.open else index
        self.complain("yaml-syntax", self.offset + index, 1, message, _advice(self.text, index, opened))
        return self.offset + index

    def take(self, event: Any) -> int | None:
        """One event; returns where the document has to be given up, if so."""
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self.put(self.scalar(event), event.anchor)
        elif kind is yaml.SequenceStartEvent or kind is yaml.MappingStartEvent:
            return self.start(event, kind is yaml.MappingStartEvent)
        elif kind is yaml.SequenceEndEvent or kind is yaml.MappingEndEvent:
            closed = self.open.pop()
            closed.node.end = self.offset + event.end_mark.index
            self.put(closed.node, closed.anchor)
        elif kind is yaml.AliasEvent:
            return self.alias(event)
        elif kind is yaml.DocumentStartEvent:
            self.anchors.clear()
            self.aliased = 0
            self.document_start = self.offset + event.start_mark.index
        return None

    def start(self, event: Any, is_mapping: bool) -> int | None:
        start: int = self.offset + event.start_mark.index
        end: int = self.offset + event.end_mark.index
        if event.tag is not None and event.tag != "!":
            self.tag(start)
        if len(self.open) >= MAX_DEPTH:
            return self.too_deep(start)
        node = Mapping([], start, end) if is_mapping else Sequence([], start, end)
        self.open.append(_Open(node, event.anchor, {}))
        return None

    def too_deep(self, start: int) -> int:
        """Nested too deep for us, or already for the scanner (libyaml 0.2.6 stops at 1,000 levels of its own)."""
        self.complain("too-deep", start, 1, f"this is nested more than {MAX_DEPTH} levels deep")
        return start

    def tag(self, start: int) -> None:
        written = _TAG.search(self.text, start - self.offset)
        shown = written.group() if written else "!"
        at = self.offset + written.start() if written else start
        self.complain("yaml-tag", at, len(shown), f"the tag `{shown}` has no meaning here", "remove the tag")

    def alias(self, event: Any) -> int | None:
        start: int = self.offset + event.start_mark.index
        end: int = self.offset + event.end_mark.index
        target = self.anchors.get(event.anchor)
        if target is None:
            if any(opened.anchor == event.anchor for opened in self.open):
                self.complain("alias-bomb", start, end - start, f"`*{event.anchor}` stands inside what it refers to")
            else:
                advice = f'an expression that starts with `*` needs quotes: "*{event.anchor}"'
                message = f"there is no anchor `&{event.anchor}` before this alias"
                self.complain("unknown-alias", start, end - start, message, advice)
            self.put(Scalar("", None, "", start, end), None)
            return None
        self.aliased += target.weight
        if self.aliased > MAX_ALIASED:
            message = f"the aliases of this document stand for more than {MAX_ALIASED:,} values"
            self.complain("alias-bomb", start, end - start, message, "write the values out, or put them into a file")
            return start
        self.put(target, None)
        return None

    def scalar(self, event: Any) -> Scalar:
        text, style = event.value, event.style or ""
        start: int = self.offset + event.start_mark.index
        end: int = self.offset + event.end_mark.index
        style = "" if style == ":" else style
        if event.tag is not None and event.tag != "!":
            if event.tag != "tag:yaml.org,2002:str":
                self.tag(start)
            return Scalar(text, text, style, start, end)
        return Scalar(text, text if style or event.tag else resolve(text), style, start, end)

    def put(self, node: Node, anchor: str | None) -> None:
        """A finished node takes its place in what is open."""
        if anchor is not None:
            self.anchors[anchor] = node
        if not self.open:
            self.found.roots.append(node)
            return
        opened = self.open[-1]
        parent = opened.node
        if isinstance(parent, Sequence):
            parent.items.append(node)
            parent.weight += node.weight
        elif opened.key is None:
            opened.key = self.key(opened.names, node)
        else:
            if opened.key.weight:  # a refused key has weight 0; its value goes with it
                parent.entries.append((opened.key, node))
                parent.weight += node.weight + 1
            opened.key = None

    def key(self, names: dict[str, Scalar], node: Node) -> Scalar:
        """The key that `node` is; one of weight 0 if it has to be refused."""
        refused = Scalar("", None, "", node.start, node.end, weight=0)
        if not isinstance(node, Scalar):
            advice = "an expression in braces or brackets needs quotes"
            self.complain("wrong-type", node.start, 1, "a key must be a name, not a list or a mapping", advice)
            return refused
        if node.text == "<<" and not node.style:
            advice = "write the keys out (YAML 1.2 has no merge keys)"
            self.complain("merge-key", node.start, 2, "merge keys (`<<`) are not supported", advice)
            return refused
        earlier = names.setdefault(node.text, node)
        if earlier is not node:
            message = f"the key `{node.text}` is given twice"
            self.complain(
                "duplicate-key", node.start, node.end - node.start, message, "keep one of them", earlier.start
            )
            return refused
        return node


_TAG = re.compile(r"![^\s,\[\]{}]*")
_NUMBER = re.compile(
    r"(?P<integer>[-+]?[0-9]+)|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|(?P<based>0o[0-7]+|0x[0-9a-fA-F]+)"
)
_WORDS: dict[str, bool | float | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    **{sign + word: float(sign + "inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
    ".nan": float("nan"), ".NaN": float("nan"), ".NAN": float("nan"),
}  # fmt: skip
_LONGEST_INTEGER = 300  # digits; more are beyond floating point anyway, and quadratic to read


def resolve(text: str) -> bool | int | float | str | None:
    """The value of a plain scalar by YAML 1.2's core schema (chapter 10.3.2): `010` is ten, `no` and `1_000` are
    text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    if match.lastgroup is None or len(text) > _LONGEST_INTEGER:
        return float(text) if match.lastgroup != "based" else text
    return int(text) if match.lastgroup == "integer" else int(text, 0)


def _advice(text: str, index: int, opened: int) -> str:
    """What usually lies behind a syntax error at `index`; `opened` is where the innermost open collection starts."""
    line_start = text.rfind("\n", 0, index) + 1
    before, character = text[line_start:index], text[index : index + 1]
    if character == "\t" or (not before.strip() and "\t" in before) or before.endswith("\t"):
        return "indent with spaces, YAML allows no tabs there"
    if character in ("@", "`", "%"):
        return f"text that starts with `{character}` needs quotes"
    if text[opened : opened + 1] in ("[", "{"):
        return "an expression with brackets or commas needs quotes inside a list or mapping; so does an open interval"
    if character == ":":
        return "text that contains `: ` needs quotes; or is the indentation of this line wrong?"
    return ""
