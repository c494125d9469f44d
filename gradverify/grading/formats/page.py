"""The frame of every page: one file that loads nothing, runs nothing, and shows whatever it is given as text."""

from __future__ import annotations

import html
import re
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256

from gradverify.report.safe_text import visible

STYLE = """
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --text: #1c2330; --quiet: #5b6472; --line: #dde1e7;
  --good: #1d7a46; --part: #8f5f00; --bad: #b42318; --none: #5b6472; --bar: #3f6fb5; --link: #1f5fbf; --code: #eef1f5; }
@media (prefers-color-scheme: dark) { :root { --page: #12161d; --card: #1a2029; --text: #e4e8ee; --quiet: #9aa4b2;
  --line: #2d3541; --good: #57c785; --part: #e3b341; --bad: #ff8379; --none: #9aa4b2; --bar: #6d9be0; --link: #8ab4f8;
  --code: #252d38; } }
* { box-sizing: border-box; }
body { font: 16px/1.55 system-ui, sans-serif; margin: 0 auto; max-width: 64rem; padding: 1.5rem 1rem 3rem;
  background: var(--page); color: var(--text); overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .3rem; } h2 { font-size: 1.15rem; margin: 0 0 .6rem; }
p { margin: .35rem 0; } a { color: var(--link); } small, .quiet { color: var(--quiet); font-weight: normal; }
code { background: var(--code); border-radius: .25rem; padding: .05rem .3rem; font-size: .9em; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; margin: 1rem 0;
  padding: .9rem 1.1rem; }
section.question { border-left: .35rem solid var(--bad); }
section.ok { border-left-color: var(--good); } section.partial { border-left-color: var(--part); }
section.waiting, section.grader-error { border-left-color: var(--none); }
section.question > header { display: flex; flex-wrap: wrap; gap: .2rem 1rem; align-items: baseline; }
section.question h2 { margin: 0; flex: 1 1 12rem; }
.score { font-size: 1.3rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.facts { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1rem 0; padding: 0; list-style: none; }
.facts li { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .5rem .9rem;
  flex: 1 1 7.5rem; }
.facts b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th { color: var(--quiet); font-weight: 600; font-size: .85rem; } th, td { border-bottom: 1px solid var(--line);
  padding: .45rem .8rem .45rem 0; text-align: left; vertical-align: top; } tr:last-child > td { border-bottom: 0; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.name { overflow-wrap: anywhere; min-width: 7rem; } td.words { min-width: 15rem; overflow-wrap: anywhere; }
tr.more > td { padding-top: 0; } tr.has-more > td { border-bottom: 0; padding-bottom: .15rem; }
.status { font-size: .82rem; font-weight: 600; white-space: nowrap; color: var(--bad); }
.status.ok { color: var(--good); } .status.partial { color: var(--part); } .status.grader-error { color: var(--none); }
svg { display: block; width: 100%; max-width: 44rem; height: auto; } svg rect { fill: var(--bar); }
svg text { fill: var(--text); font: 12px system-ui, sans-serif; text-anchor: middle; }
svg text.axis { fill: var(--quiet); } svg line { stroke: var(--line); }
summary { cursor: pointer; color: var(--quiet); font-size: .9rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .5rem 0; padding: .6rem .8rem; font-size: .85rem;
  background: var(--code); border-radius: .4rem; }
.alert { color: var(--bad); } ul.told { margin: .5rem 0 0; padding-left: 1.2rem; } ul.told li { margin: .25rem 0; }
@media (max-width: 40rem) {
  body { padding: 1rem .6rem 2rem; } section { padding: .8rem .8rem; } svg text { font-size: 22px; }
  table.stack, table.stack tbody, table.stack tr, table.stack td { display: block; }
  table.stack tr.head { display: none; }
  table.stack td { border: 0; padding: .1rem 0; text-align: left; min-width: 0; }
  table.stack tr { border-bottom: 1px solid var(--line); padding: .5rem 0; }
  table.stack td[data-name]::before { content: attr(data-name) " "; color: var(--quiet); font-size: .85rem; }
}
@media print { body { background: none; max-width: none; } section { break-inside: avoid; } }
"""
_CODE = re.compile(r"`([^`]+)`")


def escape(text: str) -> str:
    """Text as HTML shows it; what cannot be seen is written out."""
    return html.escape(visible(text))


def sentence(text: str) -> str:
    """Text in which names in backquotes are shown as code."""
    parts = _CODE.split(text)
    return "".join(f"<code>{escape(part)}</code>" if i % 2 else escape(part) for i, part in enumerate(parts))


def items(lines: Sequence[str]) -> str:
    """One item a line; a single line is a paragraph."""
    told = [sentence(line) for line in lines if line]
    if len(told) < 2:
        return "".join(f"<p>{line}</p>" for line in told)
    return f'<ul class="told">{"".join(f"<li>{line}</li>" for line in told)}</ul>'


def table(head: Sequence[tuple[str, str]], rows: str, *, stack: bool = False) -> str:
    """A table, whose head has each column's class and title.

    Where the window is narrow it scrolls by itself, or its cells stand below one another (`stack`).
    """
    titles = "".join(
        f'<th scope="col" class="{kind}">{escape(name)}</th>' if kind else f'<th scope="col">{escape(name)}</th>'
        for kind, name in head
    )
    kind = ' class="stack"' if stack else ""
    return f'<div class="wide"><table{kind}><tr class="head">{titles}</tr>{rows}</table></div>'


def document(title: str, body: str) -> str:
    """A whole page. The policy allows this one style sheet and nothing else."""
    digest = b64encode(sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )
