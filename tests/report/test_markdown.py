"""Markdown that shows text as it is, judged by a Markdown parser."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from markdown_it import MarkdownIt

from gradverify.core.report import Report, SpecResult
from gradverify.report.markdown import render_markdown
from gradverify.report.safe_text import markdown_text
from tests.report.sample import BROKEN, REPORT, RIGHT, UNDECIDED, WRONG
from tests.report.strategies import texts

# Everything that could be abused is on, above all raw HTML.
PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

MARKUP = {
    "link_open", "image", "html_inline", "html_block", "em_open", "strong_open", "code_inline", "heading_open",
    "s_open", "bullet_list_open", "ordered_list_open", "fence", "code_block", "hr", "blockquote_open",
}  # fmt: skip


def tokens(text: str) -> list[str]:
    return [t.type for block in PARSER.parse(text) for t in (block, *(block.children or ()))]


def test_failures_come_first_and_otherwise_the_order_is_the_terminals() -> None:
    def named(name: str, error: float) -> SpecResult:
        return replace(WRONG, name=name, checks=(replace(WRONG.checks[0], max_relative_error=error),))

    report = replace(REPORT, specs=(UNDECIDED, BROKEN, named("first", 0.1), RIGHT, named("second", 0.9)))
    text = render_markdown(report, {})
    names = [line.split(" | ")[1] for line in text.splitlines() if line.startswith("| ") and line.count("|") == 5]
    assert names[1:] == ["first", "second", *(markdown_text(spec.name) for spec in (BROKEN, UNDECIDED))]


@given(texts)
def test_escaped_text_has_no_markup_left(text: str) -> None:
    assert not set(tokens(markdown_text(text))) & MARKUP


@pytest.mark.parametrize(
    "text", ["[a](b)", "<b>x</b>", "# head", "- item", "1. item", "`x`", "**x**", "![a](b)", "> q", "---", "~~x~~"]
)
def test_each_kind_of_markup_is_shown_and_not_obeyed(text: str) -> None:
    assert set(tokens(text)) & MARKUP
    assert not set(tokens(markdown_text(text))) & MARKUP
    shown = "".join(t.content for block in PARSER.parse(markdown_text(text)) for t in block.children or ())
    assert shown == text


@given(texts, texts)
def test_a_name_adds_no_cell_and_no_row_to_the_table(name: str, reason: str) -> None:
    report: Report = replace(REPORT, specs=(replace(WRONG, name=name, reason=reason, checks=()),), plugins=())
    kinds = tokens(render_markdown(report, {}))
    assert (kinds.count("tr_open"), kinds.count("td_open")) == (2, 4)


def test_what_was_printed_cannot_leave_its_code_block() -> None:
    report = replace(REPORT, specs=(replace(WRONG, output="```\n<script>\n````\n# head"),))
    fences = [block for block in PARSER.parse(render_markdown(report, {})) if block.type == "fence"]
    assert [f.content for f in fences] == ["```\n<script>\n````\n# head\n"]
