from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.expression.errors import ExpressionError
from gradverify.expression.parse import parse_expression
from tests.expression.strategies import SHAPES, expressions


def refusal(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text, SHAPES)
    return caught.value


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("x^2", "caret-power", "^"),
        ("1 + 2x", "expression-syntax", "2x"),
        ("2(x)", "expression-syntax", "("),
        ("x y", "expression-syntax", "y"),
        ("(x) 2", "expression-syntax", "2"),
        ("x +", "expression-syntax", ""),
        ("", "expression-syntax", ""),
        ("(x", "expression-syntax", ""),
        ("x)", "expression-syntax", ")"),
        ("x = 2", "expression-syntax", "="),
        ("|x|", "expression-syntax", "|"),
        ("[]", "expression-syntax", "["),
        ("v[::0]", "expression-syntax", ":"),
        ("v[]", "expression-syntax", "]"),
        ("x − y", "expression-syntax", "−"),
        ("x if y > 0", "expression-syntax", ""),
        ("1..2", "expression-syntax", ".2"),
        ("1_", "expression-syntax", "1_"),
        ("u + x", "unknown-name", "u"),
        ("х + 1", "unknown-name", "х"),
        ("𝐱", "unknown-name", "𝐱"),
        ("lambda x: x", "not-allowed", "lambda"),
        ("__import__('os')", "not-allowed", "'"),
        ("__import__(x)", "unknown-function", "__import__"),
        ("sine(x)", "unknown-function", "sine"),
        ("x(y)", "unknown-function", "x"),
        ("sin x", "wrong-arity", "sin"),
        ("sin**2(x)", "wrong-arity", "sin"),
        ("sin(x, y)", "wrong-arity", "sin"),
        ("sin()", "wrong-arity", "sin"),
        ("max(x, y)", "wrong-arity", "max"),
        ("sum(v, 0)", "wrong-arity", "sum"),
        ("maximum(x)", "wrong-arity", "maximum"),
        ("where(x > 0, x)", "wrong-arity", "where"),
        ("cumsum(W)", "wrong-arity", "cumsum"),
        ("eye(2, 3)", "expression-syntax", ","),
        ("eye((2, 3))", "wrong-arity", "eye"),
        ("W @ x", "shape-mismatch", "@"),
        ("v @ W", "shape-mismatch", "@"),
        ("1 + W*W.T", "shape-mismatch", "*"),
        ("[x, v]", "shape-mismatch", "["),
        ("trace(v)", "shape-mismatch", "trace"),
        ("outer(v, W)", "shape-mismatch", "outer"),
        ("max(v[3:])", "shape-mismatch", "max"),
        ("reshape(W, 5)", "shape-mismatch", "reshape"),
        ("concatenate([v, W])", "shape-mismatch", "concatenate"),
        ("ones(0)", "shape-mismatch", "0"),
        ("v[3]", "index-out-of-range", "["),
        ("v[-4]", "index-out-of-range", "["),
        ("v[0, 0]", "index-out-of-range", "["),
        ("x[0]", "index-out-of-range", "["),
        ("sum(W, axis=2)", "index-out-of-range", "sum"),
        ("np.sin(x)", "not-allowed", "np"),
        ("v.sum()", "not-allowed", "sum"),
        ("x.__class__", "not-allowed", "__class__"),
        ("f'{x}'", "not-allowed", "'"),
        ("'x'", "not-allowed", "'"),
        ("x := 2", "not-allowed", ":="),
        ("[x for x in v]", "not-allowed", "for"),
        ("{x}", "not-allowed", "{"),
        ("(x, y)", "not-allowed", ","),
        ("norm(v, ord=1)", "not-allowed", "ord"),
        ("sin(x, axis=0)", "not-allowed", "axis"),
        ("v[x]", "not-allowed", "x"),
        ("v[...]", "not-allowed", "..."),
        ("x // y", "not-allowed", "//"),
        ("2j", "not-allowed", "2j"),
        ("0x1f", "not-allowed", "0x1f"),
        ("await x", "not-allowed", "await"),
        ("[t**2 for t in v]", "not-allowed", "for"),
        ("x is y", "not-allowed", "is"),
        ("x & y", "condition-expected", "&"),
        ("x > 0 & y > 0", "condition-expected", "&"),
        ("not x", "condition-expected", "not"),
        ("where(x, 1, 2)", "condition-expected", "where"),
        ("x if y else 1", "condition-expected", "if"),
        ("1e999", "too-large", "1e999"),
        ("ones(100000000)", "too-large", "ones"),
        ("outer(ones(10000), ones(10000))", "too-large", "outer"),
    ],
)
def test_what_the_language_lacks_is_refused_with_a_code_and_a_place(text: str, code: str, place: str) -> None:
    error = refusal(text)
    assert (error.code, text[error.offset : error.offset + max(error.length, 1)][: len(place)]) == (code, place)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("x^2", "`**`"),
        ("sin^2(x)", "sin(x)**2"),
        ("sin**2(x)", "sin(x)**2"),
        ("2x", "2*x"),
        ("2 x", "2*x"),
        ("x (y)", "x*(…)"),
        ("ln(x)", "log(x)"),
        ("log(x, 2)", "log2(x)"),
        ("sqr(x)", "x**2"),
        ("sigmod(x)", "sigmoid"),
        ("xx", "did you mean `x`"),
        ("np.linalg.norm(v)", "write `norm` alone"),
        ("v.sum()", "sum(v)"),
        ("max(x, 0)", "maximum(a, b)"),
        ("sum(x, y)", "sum([a, b])"),
        ("x > 0 & y > 0", "(a > 0) & (b > 0)"),
        ("|x|", "abs(x)"),
        ("x!", "gammaln"),
        ("x²", "**2"),
        ("x = 1", "=="),
        ("x && y", "and"),
        ("x'", ".T"),
    ],
)
def test_common_slips_are_answered_with_the_right_spelling(text: str, advice: str) -> None:
    assert advice in refusal(text).help


def test_a_look_alike_letter_is_named_by_its_code_point() -> None:
    assert "U+0445" in refusal("х").message  # Cyrillic


def test_an_error_survives_pickling() -> None:
    error = refusal("x^2")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.code, copy.message, copy.offset, copy.length, copy.help) == (
        error.code,
        error.message,
        error.offset,
        error.length,
        error.help,
    )


def accepted_or_refused(text: str) -> None:
    """Nothing but a tree or an `ExpressionError` whose place is in the text."""
    try:
        parse_expression(text, SHAPES)
    except ExpressionError as error:
        assert 0 <= error.offset <= len(text)  # noqa: PT017 - both outcomes are right
        assert error.length >= 1  # noqa: PT017


@given(st.text(max_size=60))
def test_any_text_is_accepted_or_refused(text: str) -> None:
    accepted_or_refused(text)


@given(st.text(alphabet="xyvW01.e+-*/@%()[],:<>=&|~^ T\"'{}_²−if elsandortnumwherq", max_size=60))
def test_any_text_of_the_languages_own_characters_is_accepted_or_refused(text: str) -> None:
    accepted_or_refused(text)


_PIECES = [
    "x",
    "v",
    "W",
    "sin(",
    "sum(",
    "axis",
    "=",
    "0",
    "1.5",
    ")",
    "[",
    "]",
    ",",
    "+",
    "-",
    "**",
    "@",
    ".T",
    "if",
    "else",
]


@given(st.lists(st.sampled_from([*_PIECES, "not", "and", "<", "&", ":", "ones(", "where(", "."]), max_size=25))
def test_any_sequence_of_tokens_is_accepted_or_refused(pieces: list[str]) -> None:
    accepted_or_refused(" ".join(pieces))


@given(expressions(), st.integers(0), st.integers(0, 3), st.text(max_size=3))
def test_a_damaged_expression_is_accepted_or_refused(text: str, at: int, dropped: int, inserted: str) -> None:
    at %= len(text) + 1
    accepted_or_refused(text[:at] + inserted + text[at + dropped :])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("heaviside(x)", "where(x > 0, 1, 0)"),
        ("radians(x)", "x*pi/180"),
        ("norm(v, 1)", "sum(abs(v))"),
        ("norm(v, ord=1)", "sum(abs(v))"),
        ("var(v, ddof=1)", "n - 1"),
        ("v.dot(v)", "dot(v, …)"),
        ("cross(v, v)", "entries"),
        ("π*x", "write `pi`"),
    ],
)
def test_what_the_language_lacks_is_refused_with_what_to_write_instead(text: str, words: str) -> None:
    assert words in refusal(text).help
