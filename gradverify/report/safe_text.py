"""Text from outside made harmless for each medium: plain text, Markdown, workflow commands.

Names, reasons and output may come from hostile code; nothing of theirs may colour, hide, link, command or break.
"""

from __future__ import annotations

import re

# Control characters (with ESC, so ANSI sequences), DEL and C1, the marks that reorder text, and lone surrogates.
_INVISIBLE = "\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff"
_UNPRINTABLE = re.compile(f"[{_INVISIBLE}\ud800-\udfff]")
# With what GitHub adds: mentions, formulas, `:emoji:` and addresses that become links by themselves.
_MARKDOWN = re.compile(r"[\\`*_{}\[\]<>&|~#!@$]|:(?=\S)|(?<=www)\.", re.IGNORECASE)
# What a CI system takes for a command when a job prints it, indented or not. GitHub: `::` at the start of a line, once
# white space is cut off, and the older `##[` anywhere in it (actions/runner, ActionCommand.cs); Azure: `##vso[`;
# TeamCity: `##teamcity[`.
_COMMANDS = re.compile(r"^([^\S\n]*)(?=::)|##(?=\w*\[)", re.MULTILINE)
_LINE_START = re.compile(r"^(\s*)([-+=]|\d+(?=[.)]))")


def visible(text: str) -> str:
    r"""The text with everything that cannot be seen written out, as in `\x1b[31m`; line breaks and tabs stay."""
    return _UNPRINTABLE.sub(_written_out, text.replace("\r\n", "\n"))


def _written_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def one_line(text: str, most: int | None = None) -> str:
    """`visible` text on one line, cut to `most` characters."""
    flat = " ".join(visible(text).split())
    return cut(flat, most) if most is not None else flat


def written_out(text: str) -> str:
    r"""`visible` text on one line, with line breaks and tabs written out as `\n` and `\t`."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def cut(text: str, most: int) -> str:
    """At most `most` characters, the last an ellipsis where something is missing."""
    return text if len(text) <= most else text[: max(most - 1, 0)] + "…"


def markdown_text(text: str) -> str:
    """One line that Markdown shows as it is: no markup, HTML, link, mention, formula or table cell comes out of it.

    Character references are used because they hold everywhere, in table cells too, where a backslash does not.
    """
    flat = _MARKDOWN.sub(lambda match: f"&#{ord(match[0])};", one_line(text))
    return _LINE_START.sub(lambda match: f"{match[1]}&#{ord(match[2][0])};{match[2][1:]}", flat)


def markdown_block(text: str) -> list[str]:
    """Text as a code block, with a fence longer than any run of backticks in it."""
    body = visible(text).rstrip("\n")
    longest = max((len(run) for run in re.findall("`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence + "text", *body.split("\n"), fence]


def uncommanding(text: str) -> str:
    r"""Text for a job's log, in which no line is a command to the CI system: `\::error::` and `##\[error]` are none."""
    return _COMMANDS.sub(lambda match: f"{match[0]}\\", text)


def command_data(text: str) -> str:
    """The message of a GitHub workflow command (escapes of actions/toolkit, `command.ts`)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def command_property(text: str) -> str:
    """A property of a GitHub workflow command."""
    return command_data(text).replace(":", "%3A").replace(",", "%2C")
