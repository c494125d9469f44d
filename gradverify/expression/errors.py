"""The one error of the expression language: a code, a sentence, a place in the text, and a way out."""

from __future__ import annotations


class ExpressionError(Exception):
    """An expression that cannot be accepted.

    code: stable, in kebab case; docs/expressions.md explains each.  offset, length: the faulty characters of the text.
    help: one sentence that says what to write instead; empty where nothing better can be said.
    """

    def __init__(self, code: str, message: str, offset: int = 0, length: int = 1, help: str = "") -> None:
        super().__init__(code, message, offset, length, help)  # all of them, so that pickling keeps them
        self.code = code
        self.message = message
        self.offset = offset
        self.length = length
        self.help = help

    def __str__(self) -> str:
        return self.message
