"""Text to a tree with static shapes. The grammar is Python's for formulas; nothing is ever compiled or run.

A parser of our own rather than Python's `ast`: that one gives up on sums of some thousand terms (RecursionError and
MemoryError, at lengths that differ between versions), counts places in UTF-8 bytes, and has no good word for `2x`.
Here chains are loops, nesting is bounded, and every complaint has its place.

    expression: either ['if' either 'else' expression]
    either:     binary operators from `_LEVELS`, `not` among them
    unary:      ('-' | '+' | '~') unary | postfix ['**' unary]
    postfix:    primary ('[' index ']' | '.T')*
    primary:    number | name | function '(' arguments ')' | '(' expression ')' | '[' expression, … ']'
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import lru_cache

from gradverify.core.variables import Shape
from gradverify.expression import build
from gradverify.expression.build import error
from gradverify.expression.errors import ExpressionError
from gradverify.expression.nodes import Call, Name, Node
from gradverify.expression.shapes import IndexPart
from gradverify.expression.tokens import Kind, Token, tokenize
from gradverify.expression.vocabulary import (
    ADVICE,
    ALIASES,
    ALONG_AXIS,
    BUILTIN_NAMES,
    FUNCTIONS,
    REDUCTIONS,
)
from gradverify.expression.walk import children

# Levels of the tree, so that comparing, hashing and pickling one, all of which recurse, stays within Python's limits.
MAX_HEIGHT = 60
# Nested grammar rules: a level of the tree takes four at most, so that the text of every tree can be read again.
# Each costs about two Python frames, of 1,000 by default.
MAX_NESTING = 4 * (MAX_HEIGHT + 2)

_OR, _AND, _NOT, _COMPARE, _BIT_OR, _BIT_AND, _SUM, _PRODUCT = range(8)
_LEVELS = {
    "or": _OR,
    "and": _AND,
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), _COMPARE),
    "|": _BIT_OR,
    "&": _BIT_AND,
    **dict.fromkeys("+-", _SUM),
    **dict.fromkeys("*/@%", _PRODUCT),
}
_LOGICAL = {"or": "logical_or", "|": "logical_or", "and": "logical_and", "&": "logical_and"}
_ARITHMETIC = {"+": "add", "*": "multiply", "/": "divide", "%": "remainder"}
_NUMBER, _SYMBOL, _END = (
    Kind.NUMBER,
    Kind.SYMBOL,
    Kind.END,
)  # looking them up in the enumeration takes as long as the rest
# What stands behind an operand that has no power, index, attribute or argument.
_AFTER_ALONE = frozenset(("+", "-", "*", "/", ")", ",", ""))
_KEYWORDS = frozenset(("if", "else", "and", "or", "not"))
_FOREIGN = frozenset(("lambda", "for", "in", "is", "await", "yield", "async", "import", "from"))
_MODULES = frozenset(("np", "numpy", "math", "jnp", "torch", "tf", "sp", "scipy", "sympy", "cmath", "anp", "special"))
OTHER = {
    "ord": "`norm` is Euclidean; the 1-norm is `sum(abs(v))`, the largest entry `max(abs(v))`",
    "p": "`norm` is Euclidean; others are `sum(abs(v)**p)**(1/p)`",
    "ddof": "`var` divides by n; for n − 1 write `sum((v - mean(v))**2)/(n - 1)`",
    "keepdims": "add the axis again with `reshape`, or write `outer`",
}
_SPELLED_BY_AXIS = REDUCTIONS | ALONG_AXIS | {"concatenate"}


def parse_expression(text: str, shapes: Mapping[str, Shape]) -> Node:
    """The tree of `text`, over the variables and constants of `shapes`.

    Raises `ExpressionError`, whose offset counts characters of `text`. A name of `shapes` wins over `pi` and `e`.
    A condition as a whole is a number, 1 where true, else 0.
    """
    try:
        parser = _Parser(tokenize(text), shapes)
        return build.as_number(parser.whole())
    except RecursionError:  # the caller's own stack is nearly used up
        raise ExpressionError("too-deep", "the expression is nested too deeply", 0, max(1, len(text))) from None


@lru_cache(maxsize=1024)
def _variable(name: str, shape: Shape) -> Name:
    """The node, one for all places and specs where it stands: thousands of specs are held at a time."""
    return Name(name, shape)


class _Parser:
    """One pass over the tokens."""

    def __init__(self, tokens: list[Token], shapes: Mapping[str, Shape]) -> None:
        self.tokens = tokens
        self.shapes = shapes
        self.position = 0
        self.here = tokens[0]  # the token to be read next
        self.nesting = 0
        self.heights: dict[int, tuple[int, Node]] = {}  # by id; holding the node keeps its id its own

    # The grammar, from the loosest rule to the tightest.

    def whole(self) -> Node:
        """An expression and nothing behind it."""
        if len(self.tokens) == 1:
            raise error("expression-syntax", "the expression is empty", self.here)
        node = self.expression()
        if self.position < len(self.tokens) - 1:
            raise self.unexpected()
        return node

    def expression(self) -> Node:
        """`a if condition else b`, or less."""
        self.enter()
        node = self.either(_OR)
        if self.here.text == "if":
            token = self.take()
            condition = self.either(_OR)
            self.expect("else")
            node = self.made(build.where(condition, node, self.expression(), token), token)
        self.nesting -= 1
        return node

    def either(self, level: int) -> Node:
        """Operands joined by operators of `level` or tighter."""
        self.enter()
        token = self.here
        node = self.negation() if token.text == "not" and level <= _NOT else self.alone(token) or self.unary()
        while (found := self.level()) is not None and found >= level:
            node = self.comparisons(node) if found == _COMPARE else self.chain(node, found)
        self.nesting -= 1
        return node

    def alone(self, token: Token) -> Node | None:
        """An operand that is no more than a number or a variable, as most are; None for any other."""
        kind = token.kind
        if kind is _SYMBOL or kind is _END or self.tokens[self.position + 1].text not in _AFTER_ALONE:
            return None
        if kind is _NUMBER:
            self.take()
            return build.number(token)
        if token.text not in self.shapes or token.text in _KEYWORDS:
            return None
        self.take()
        return _variable(token.text, tuple(self.shapes[token.text]))

    def level(self) -> int | None:
        """The level of the operator here."""
        return _LEVELS.get(self.here.text)  # no number is written like an operator

    def negation(self) -> Node:
        token = self.take()
        return self.made(build.logical("logical_not", [self.either(_NOT)], token), token)

    def comparisons(self, node: Node) -> Node:
        """`a < b < c` is `(a < b) & (b < c)`."""
        found: list[Node] = []
        first = self.here
        while self.level() == _COMPARE:
            token = self.take()
            right = self.either(_COMPARE + 1)
            found.append(self.made(build.compare(token, node, right), token))
            node = right
        return found[0] if len(found) == 1 else self.made(build.logical("logical_and", found, first), first)

    def chain(self, node: Node, level: int) -> Node:
        """All operands of one level: `a - b + c` is one sum, `a*b/c*d` is ((a*b)/c)*d.

        A run of one operator is one node however long, so that long sums make flat trees.
        """
        while self.level() == level:
            token = self.take()
            if level == _SUM:
                node = self.sum(node, token)
                continue
            function = _LOGICAL.get(token.text) or _ARITHMETIC.get(token.text, "matmul")
            operands = [node, self.either(level + 1)]
            while function in ("multiply", "logical_and", "logical_or") and self.here.text == token.text:
                self.take()
                operands.append(self.either(level + 1))
            node = self.made(self.operation(function, operands, token), token)
        return node

    def operation(self, function: str, operands: list[Node], token: Token) -> Node:
        if function in ("logical_and", "logical_or"):
            return build.logical(function, operands, token)
        if function == "matmul":
            return build.matmul(function, operands[0], operands[1], token)
        return build.elementwise(function, operands, token)

    def sum(self, node: Node, first: Token) -> Node:
        """The terms from `first`, a plus or minus, to the end of the sum; a − b + c is a + (−b) + c, to the bit."""
        right = self.either(_SUM + 1)
        if self.level() != _SUM:
            return self.made(build.elementwise("add" if first.text == "+" else "subtract", [node, right], first), first)
        terms = [node, right if first.text == "+" else self.made(build.negated(right), first)]
        while self.level() == _SUM:
            token = self.take()
            term = self.either(_SUM + 1)
            terms.append(term if token.text == "+" else self.made(build.negated(term), token))
        return self.made(build.elementwise("add", terms, first), first)

    def unary(self) -> Node:
        self.enter()
        token = self.here
        if token.text in ("-", "+", "~") and token.kind is _SYMBOL:
            self.take()
            operand = self.unary()
            if token.text == "-":
                node = self.made(build.negated(operand), token)
            elif token.text == "+":
                node = build.as_number(operand)
            else:
                node = self.made(build.logical("logical_not", [operand], token), token)
        else:
            node = self.postfix()
            if self.here.text == "**":
                token = self.take()
                node = self.made(build.elementwise("power", [node, self.unary()], token), token)
        self.nesting -= 1
        return node

    def postfix(self) -> Node:
        start = self.here
        node = self.primary()
        while True:
            token = self.here
            if token.text == "[":
                node = self.made(build.index(node, self.index_parts(), token), token)
            elif token.text == ".":
                node = self.made(self.attribute(node, start), token)
            elif token.text == "(" or token.kind is Kind.NUMBER or self.is_operand(token):
                raise self.missing_operator(start)
            else:
                return node

    def primary(self) -> Node:
        token = self.here
        if token.kind is _NUMBER:
            return build.number(self.take())
        if token.kind is Kind.NAME:
            return self.name()
        if token.text == "(":
            self.take()
            node = self.expression()
            if self.here.text == ",":
                raise error("not-allowed", "tuples are not allowed here", self.here, "a list is written `[a, b]`")
            self.expect(")")
            return node
        if token.text == "[":
            return self.made(build.stack(self.listed("[", "]"), token), token)
        raise self.unexpected()

    # Names and calls.

    def name(self) -> Node:
        token = self.here
        name = token.text
        if name in _KEYWORDS:
            raise self.unexpected()
        self.take()
        function = ALIASES.get(name, name)
        if self.here.text == "(" and function in FUNCTIONS:
            return self.made(self.call(function, token), token)
        if name in self.shapes:
            if self.here.text == "(":
                raise self.missing_operator(token)
            return _variable(name, tuple(self.shapes[name]))
        if self.here.text == "(" and name not in BUILTIN_NAMES:
            raise self.unknown("function", token, sorted({*FUNCTIONS, *ALIASES}))
        if name in BUILTIN_NAMES:
            return _variable(name, ())
        if self.here.text == "." and name in _MODULES:
            raise self.module(token)
        if function in FUNCTIONS:
            advice = f"write `{name}(x)`" + (f", and `{name}(x)**2` for its square" if self.here.text == "**" else "")
            raise error("wrong-arity", f"`{name}` is a function and needs arguments in parentheses", token, advice)
        raise self.unknown("name", token, [*self.shapes, *BUILTIN_NAMES])

    def unknown(self, kind: str, token: Token, known: list[str]) -> ExpressionError:
        """An unknown name, with the nearest known one or advice; the words of Python that explain it come first."""
        foreign = next((t for t in self.tokens if t.text in _FOREIGN and t.text not in self.shapes), None)
        if foreign is not None:
            return self.foreign(foreign)
        close = difflib.get_close_matches(token.text, known, n=1)
        if token.text in ADVICE:
            advice = ADVICE[token.text]
        elif close:
            advice = f"did you mean `{close[0]}`?"
        elif kind == "name" and known:
            advice = f"known names: {', '.join(f'`{n}`' for n in known[:10])}{', …' if len(known) > 10 else ''}"
        else:
            advice = ""
        strange = next((c for c in token.text if not c.isascii()), None)
        spelled = f" (`{strange}` is U+{ord(strange):04X}, no letter of the keyboard's alphabet)" if strange else ""
        shown = token.text if len(token.text) <= 60 else token.text[:60] + "…"
        return error(f"unknown-{kind}", f"unknown {kind} `{shown}`{spelled}", token, advice)

    def foreign(self, token: Token) -> ExpressionError:
        """A word of Python's that formulas do without."""
        advice = ADVICE.get(token.text, "")
        return error("not-allowed", f"`{token.text}` is not allowed in an expression", token, advice)

    def module(self, token: Token) -> ExpressionError:
        at = self.position
        while self.tokens[at].text == "." and self.tokens[at + 1].kind is Kind.NAME:
            at += 2
        name = self.tokens[at - 1].text
        advice = "" if name == token.text else f"write `{name}` alone"
        return error("not-allowed", f"`{token.text}.` is not needed and not allowed", token, advice)

    def call(self, function: str, token: Token) -> Node:
        if function in ("ones", "zeros", "eye"):
            self.expect("(")
            shape = self.shape_argument()
            self.expect(")")
            return build.filled(function, shape, token)
        if function == "reshape":
            self.expect("(")
            node = self.expression()
            self.expect(",")
            shape = self.shape_argument()
            self.expect(")")
            return build.reshape(node, shape, token)
        if function == "concatenate":
            return self.concatenate(token)
        arguments, axis = self.arguments(function)
        return build.call(function, arguments, axis, token)

    def arguments(self, function: str) -> tuple[list[Node], int | None]:
        """`(a, b, axis=0)`."""
        self.expect("(")
        found: list[Node] = []
        axis: int | None = None
        while self.here.text != ")":
            following = self.tokens[self.position + 1] if self.here.kind is Kind.NAME else self.here
            if following.text == "=":
                axis = self.axis(function)
                break
            found.append(self.expression())
            if self.here.text != ",":
                break
            self.take()
        self.expect(")")
        return found, axis

    def axis(self, function: str) -> int | None:
        token = self.take()
        if token.text != "axis" or function not in _SPELLED_BY_AXIS:
            raise error(
                "not-allowed",
                f"`{token.text}=` is not an argument here",
                token,
                OTHER.get(token.text, "only `axis=` has a name"),
            )
        self.expect("=")
        if self.here.text == "None":
            self.take()
            axis = None
        else:
            axis = self.integer("an axis is a whole number")
        if self.here.text == ",":
            self.take()
        return axis

    def concatenate(self, token: Token) -> Node:
        self.expect("(")
        if self.here.text not in ("[", "("):
            raise error("wrong-arity", "`concatenate` takes a list of arrays", token, "write `concatenate([a, b])`")
        items = self.listed(self.here.text, "]" if self.here.text == "[" else ")")
        axis: int | None = 0
        if self.here.text == ",":
            self.take()
            if self.here.text != ")":
                axis = self.axis("concatenate")
        self.expect(")")
        return build.concatenate(items, axis or 0, token)

    def shape_argument(self) -> Shape:
        """`3`, `(2, 3)` or `[2, 3]`."""
        if self.here.text not in ("(", "["):
            return (self.length(),)
        closing = ")" if self.take().text == "(" else "]"
        lengths: list[int] = []
        while self.here.text != closing:
            lengths.append(self.length())
            if self.here.text != ",":
                break
            self.take()
        self.expect(closing)
        return tuple(lengths)

    def length(self) -> int:
        token = self.here
        length = self.integer("a shape is made of whole numbers")
        if length < 1:
            raise error("shape-mismatch", f"an axis has a length of at least 1, not {length}", token)
        return length

    # Lists, indices, attributes.

    def listed(self, opening: str, closing: str) -> list[Node]:
        """Expressions between brackets, at least one."""
        token = self.expect(opening)
        items: list[Node] = []
        while self.here.text != closing:
            items.append(self.expression())
            if self.here.text != ",":
                break
            self.take()
        self.expect(closing)
        if not items:
            raise error("expression-syntax", "a list cannot be empty", token)
        return items

    def index_parts(self) -> tuple[IndexPart, ...]:
        self.expect("[")
        parts: list[IndexPart] = []
        while self.here.text != "]":
            parts.append(self.index_part())
            if self.here.text != ",":
                break
            self.take()
        token = self.expect("]")
        if not parts:
            raise error("expression-syntax", "an index is missing", token)
        return tuple(parts)

    def index_part(self) -> IndexPart:
        bounds: list[int | None] = [None]
        first = self.here
        while self.here.text not in ("]", ",") and self.here.kind is not _END:
            if self.here.text == ":":
                self.take()
                bounds.append(None)
            elif bounds[-1] is None:
                bounds[-1] = self.integer("an index is a constant whole number or a slice")
            else:
                raise self.unexpected()
        if len(bounds) == 1:
            if bounds[0] is None:
                raise self.unexpected()
            return bounds[0]
        if len(bounds) > 3:
            raise error("expression-syntax", "a slice has at most three parts", first)
        start, stop, step = (*bounds, None)[:3]
        if step == 0:
            raise error("expression-syntax", "a slice cannot have a step of 0", first)
        return start, stop, step

    def integer(self, rule: str) -> int:
        """A whole number, perhaps with a sign."""
        token = self.here
        sign = 1
        while self.here.text in ("-", "+"):
            sign = -sign if self.take().text == "-" else sign
        digits = self.here.text.replace("_", "")
        if self.here.kind is not Kind.NUMBER or not digits.isdigit():
            raise error("not-allowed", rule, self.here if self.here.kind is not Kind.END else token)
        if len(digits) > 15:  # far beyond any axis, and cheap to convert
            raise error("index-out-of-range", f"{digits[:15]}… is out of range", self.here)
        self.take()
        return sign * int(digits)

    def attribute(self, node: Node, start: Token) -> Node:
        self.expect(".")
        token = self.here
        if token.kind is Kind.NAME and token.text == "T":
            self.take()
            return build.transpose(node)
        method = ALIASES.get(token.text, token.text)
        before = start.text if start.kind is Kind.NAME else "…"
        rest = ", …" if method in ("dot", "matmul", "outer", "reshape", "clip", "power") else ""
        advice = f"write `{token.text}({before}{rest})`" if method in FUNCTIONS else "`.T` is the only attribute"
        raise error("not-allowed", f"`.{token.text}` is not allowed", token, advice)

    # The tokens.

    def take(self) -> Token:
        token = self.here
        if token.kind is not _END:
            self.position += 1
            self.here = self.tokens[self.position]
        return token

    def expect(self, text: str) -> Token:
        if self.here.text != text or self.here.kind is Kind.END:
            raise self.unexpected(text)
        return self.take()

    def enter(self) -> None:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise error("too-deep", "the expression is nested too deeply", self.here)

    def made(self, node: Node, token: Token) -> Node:
        """`node`, unless it makes the tree too high. Names and numbers are of height 1, and are not noted."""
        heights, height = self.heights, 1
        for child in node.arguments if type(node) is Call else children(node):
            known = heights.get(id(child))
            if known is not None and known[0] > height:
                height = known[0]
        if height >= MAX_HEIGHT:
            raise error("too-deep", "the expression is nested too deeply", token)
        heights[id(node)] = height + 1, node
        return node

    def is_operand(self, token: Token) -> bool:
        return token.kind is Kind.NAME and token.text not in _KEYWORDS

    def missing_operator(self, start: Token) -> ExpressionError:
        """Two operands side by side."""
        token = self.here
        foreign = next((t for t in (start, token) if t.text in _FOREIGN), None)
        if foreign is not None and foreign.text not in self.shapes:
            return self.foreign(foreign)
        before = start.text if self.tokens.index(start) == self.position - 1 else "…"
        if token.text == "(" and start.kind is Kind.NAME and before != "…":
            advice = f"multiplication needs `*`: write `{before}*(…)`"
            return error("unknown-function", f"`{before}` is not a function", start, advice)
        after = token.text if token.kind is not Kind.SYMBOL else "(…)"
        advice = f"multiplication needs `*`: write `{before}*{after}`"
        return error("expression-syntax", f"an operator is missing before `{token.text}`", token, advice)

    def unexpected(self, wanted: str = "") -> ExpressionError:
        """A token that cannot stand here."""
        token = self.here
        expected = f", `{wanted}` is expected" if wanted else ""
        if token.kind is Kind.END:
            return error("expression-syntax", f"the expression ends too early{expected}", token)
        if token.text == "=":
            return error("expression-syntax", "`=` is not an operator here", token, "an equality is written `==`")
        if token.text == "|" and not wanted:
            return error("expression-syntax", "`|` cannot stand here", token, "an absolute value is `abs(x)`")
        if token.text == "*" and not wanted:
            return error("expression-syntax", "`*` cannot stand here", token)
        return error("expression-syntax", f"`{token.text}` cannot stand here{expected}", token)
