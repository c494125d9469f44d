"""Text to tokens, each with its place. Characters that the language does not have are explained here."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from gradverify.expression.errors import ExpressionError
from gradverify.expression.vocabulary import FUNCTIONS

MAX_LENGTH = 100_000  # characters: more than any hand-written formula, little enough to parse in a blink


class Kind(enum.Enum):
    """What a token is."""

    NUMBER = "number"
    NAME = "name"
    SYMBOL = "symbol"  # operators and brackets
    END = "end"


@dataclass(slots=True)  # frozen ones take three times as long to make, and there are many
class Token:
    """A piece of the text; `offset` counts characters from 0."""

    kind: Kind
    text: str
    offset: int

    @property
    def end(self) -> int:
        """The offset just behind the token."""
        return self.offset + len(self.text)


_TOKEN = re.compile(
    r"""[ \t\r\n\f]*
        (?:
        (?P<number>(?:[0-9](?:_?[0-9])*(?:\.(?:[0-9](?:_?[0-9])*)?)?|\.[0-9](?:_?[0-9])*)
                   (?:[eE][+-]?[0-9](?:_?[0-9])*)?)
      | (?P<name>[^\W0-9]\w*)
      | (?P<symbol>\*\*|//|<<|>>|<=|>=|==|!=|<>|:=|&&|\|\||->|\.\.\.|[-+*/%@<>=&|~()\[\],.:])
        )""",
    re.VERBOSE,
)
_SPACES = " \t\r\n\f"
_KINDS = {"number": Kind.NUMBER, "name": Kind.NAME, "symbol": Kind.SYMBOL}
_SYMBOL = Kind.SYMBOL  # looking it up in the enumeration takes as long as the rest
_REFUSED_SYMBOLS = {
    "//": ("not-allowed", "`//` is not an operator here", "write `floor(a/b)`"),
    "<<": ("not-allowed", "`<<` is not an operator here", ""),
    ">>": ("not-allowed", "`>>` is not an operator here", ""),
    "<>": ("expression-syntax", "`<>` is not an operator here", "write `!=`"),
    ":=": ("not-allowed", "assignment is not allowed in an expression", ""),
    "&&": ("expression-syntax", "`&&` is not an operator here", "write `and`, or `&` between parentheses"),
    "||": ("expression-syntax", "`||` is not an operator here", "write `or`, or `|` between parentheses"),
    "->": ("not-allowed", "`->` is not an operator here", ""),
    "...": ("not-allowed", "`...` is not allowed in an expression", "write every index, `:` for a whole axis"),
}
_REFUSED_CHARACTERS = {
    "^": ("caret-power", "`^` is not the power operator", "write `**`"),
    '"': ("not-allowed", "text in quotes is not allowed in an expression", ""),
    "'": ("not-allowed", "text in quotes is not allowed in an expression", "write transposes as `.T`"),
    "{": ("not-allowed", "braces are not allowed in an expression", "group with `(` and `)`"),
    "}": ("not-allowed", "braces are not allowed in an expression", "group with `(` and `)`"),
    ";": ("not-allowed", "an expression is one formula, `;` cannot separate several", ""),
    "#": ("not-allowed", "comments are not allowed in an expression", ""),
    "\\": ("not-allowed", "`\\` is not allowed in an expression", "lines may simply be continued"),
    "!": ("expression-syntax", "`!` is not an operator here", "n! is `exp(gammaln(n + 1))`; unequal is `!=`"),
    "−": ("expression-syntax", "`−` (U+2212) is not the minus sign of the keyboard", "write `-`"),
    "–": ("expression-syntax", "`–` (U+2013) is a dash, not a minus sign", "write `-`"),
    "×": ("expression-syntax", "`×` is not an operator here", "write `*`"),
    "·": ("expression-syntax", "`·` is not an operator here", "write `*`, or `dot(a, b)`"),
    "⋅": ("expression-syntax", "`⋅` is not an operator here", "write `*`, or `dot(a, b)`"),
    "÷": ("expression-syntax", "`÷` is not an operator here", "write `/`"),
    "√": ("expression-syntax", "`√` is not a function here", "write `sqrt(x)`"),
    "≤": ("expression-syntax", "`≤` is not an operator here", "write `<=`"),
    "≥": ("expression-syntax", "`≥` is not an operator here", "write `>=`"),
    "≠": ("expression-syntax", "`≠` is not an operator here", "write `!=`"),
    "²": ("expression-syntax", "`²` is not an operator here", "write `**2`"),
    "³": ("expression-syntax", "`³` is not an operator here", "write `**3`"),
    "ᵀ": ("expression-syntax", "`ᵀ` is not an operator here", "write `.T`"),
}


def tokenize(text: str) -> list[Token]:
    """The tokens of `text` and a last one of kind END. Linear in the length; raises `ExpressionError`."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError("too-long", f"the expression has {len(text):,} characters, {MAX_LENGTH:,} are allowed")
    tokens: list[Token] = []
    position, end, match_at = 0, len(text.rstrip(_SPACES)), _TOKEN.match
    while position < end:
        match = match_at(text, position)
        if match is None:
            at = end - len(text[position:end].lstrip(_SPACES))
            if text[at] == "^" and tokens and tokens[-1].text in FUNCTIONS:
                raise _power_of_function(tokens[-1], at)
            raise _strange(text[at], at)
        name = match.lastgroup or ""
        kind, piece, position = _KINDS[name], match[name], match.end()
        if kind is _SYMBOL and piece not in _REFUSED_SYMBOLS:  # half of all tokens
            tokens.append(Token(kind, piece, position - len(piece)))
        else:
            tokens.append(_token(kind, piece, position - len(piece), text))
    tokens.append(Token(Kind.END, "", len(text)))
    return tokens


def _power_of_function(function: Token, offset: int) -> ExpressionError:
    advice = f"the square of `{function.text}(x)` is `{function.text}(x)**2`"
    return ExpressionError("caret-power", "`^` is not the power operator", offset, 1, advice)


def _token(kind: Kind, piece: str, offset: int, text: str) -> Token:
    """A token, unless the language refuses it."""
    if kind is Kind.SYMBOL and piece in _REFUSED_SYMBOLS:
        code, message, advice = _REFUSED_SYMBOLS[piece]
        raise ExpressionError(code, message, offset, len(piece), advice)
    if kind is Kind.NUMBER:
        _check_after_number(piece, offset, text)
    if kind is Kind.NAME and not piece.isidentifier():  # `x²` matches \w, and is no name
        at = next(i for i, c in enumerate(piece) if not piece[: i + 1].isidentifier())
        raise _strange(piece[at], offset + at)
    return Token(kind, piece, offset)


def _check_after_number(number: str, offset: int, text: str) -> None:
    """A number must not run into a name: `2x`, `1j`, `0xff`, `1_`."""
    following = text[offset + len(number) : offset + len(number) + 1]
    if not following.isalnum() and following != "_":  # what \w matches
        return
    rest = re.match(r"\w+", text[offset + len(number) : offset + len(number) + 40])
    assert rest is not None
    name = rest.group()
    length = len(number) + len(name)
    if name[0] in _REFUSED_CHARACTERS:
        raise _strange(name[0], offset + len(number))
    if name in ("j", "J"):
        raise ExpressionError("not-allowed", "complex numbers are not allowed in an expression", offset, length)
    if number == "0" and name[0] in "xXbBoO" and name[1:2].isalnum():
        raise ExpressionError("not-allowed", "numbers are written in decimal", offset, length)
    if not name.isidentifier() or name.startswith("_"):
        raise ExpressionError("expression-syntax", f"`{number}{name}` is not a number", offset, length)
    advice = f"multiplication needs `*`: write `{number}*{name}`"
    raise ExpressionError(
        "expression-syntax", f"`{number}{name}` is neither a number nor a name", offset, length, advice
    )


def _strange(character: str, offset: int) -> ExpressionError:
    """The error for a character that starts no token."""
    if character in _REFUSED_CHARACTERS:
        code, message, advice = _REFUSED_CHARACTERS[character]
        return ExpressionError(code, message, offset, 1, advice)
    shown = f"`{character}`" if character.isprintable() else "a character"
    return ExpressionError("expression-syntax", f"{shown} (U+{ord(character):04X}) has no meaning here", offset)
