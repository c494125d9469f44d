"""The frame of every page: one file that loads nothing, runs nothing, and shows whatever it is given as text."""

from __future__ import annotations

import html
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256

from gradverify.report.safe_text import visible

STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #2a7d4f; --part: #b07d12; --bad: #b3372f; --bar: #3f6fb5; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 0; } small { font-weight: normal; opacity: .75; }
section { border-left: .3rem solid var(--bad); margin: 1rem 0; padding: .2rem 0 .2rem 1rem; }
section.ok { border-color: var(--good); } section.partial { border-color: var(--part); }
section.grader-error { border-color: var(--line); }
table { border-collapse: collapse; margin: 1rem 0; } th, td { border-bottom: 1px solid var(--line); padding: .25rem
.7rem; text-align: left; vertical-align: top; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
svg { max-width: 100%; } svg rect { fill: var(--bar); } svg text { fill: currentColor; font: 12px system-ui; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .3rem 0; font-size: .85rem; }
.flag { color: var(--bad); } p.note { opacity: .8; }
"""


def escape(text: str) -> str:
    """Text as HTML shows it; what cannot be seen is written out."""
    return html.escape(visible(text))


def paragraphs(lines: Sequence[str]) -> str:
    """One paragraph a line."""
    return "".join(f"<p>{escape(line)}</p>" for line in lines if line)


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
