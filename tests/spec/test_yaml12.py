"""YAML text to trees: YAML 1.2's types, refused surprises, bounded size."""

from __future__ import annotations

import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gradverify.spec import yaml12
from gradverify.spec.yaml12 import Mapping, Scalar, Sequence, read_documents, resolve


def only(text: str) -> Mapping:
    documents = read_documents(text)
    assert documents.problems == []
    root = documents.roots[0]
    assert isinstance(root, Mapping)
    return root


def codes(text: str) -> list[str]:
    return [problem.code for problem in read_documents(text).problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-6", 1e-6), ("1E6", 1e6), (".5", 0.5), ("-1.", -1.0), ("+12", 12), ("010", 10), ("0x1F", 31), ("0o17", 15),
        (".inf", math.inf), ("-.Inf", -math.inf), ("null", None), ("~", None), ("", None), ("true", True),
        ("FALSE", False),
    ],
)  # fmt: skip
def test_plain_scalars_have_the_types_of_yaml_1_2(text: str, value: object) -> None:
    found = resolve(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    ["no", "on", "y", "Yes", "1_000", "0b11", "1:30", "2020-01-01", "1e", "e5", "inf", "nan", "0x", "--1", "1.2.3"],
)
def test_what_only_yaml_1_1_takes_for_something_else_is_text(text: str) -> None:
    assert resolve(text) == text


def test_nan_is_a_number() -> None:
    value = resolve(".nan")
    assert isinstance(value, float)
    assert math.isnan(value)


def test_quotes_make_text_of_a_number() -> None:
    node = only('a: "1"').get("a")
    assert isinstance(node, Scalar)
    assert node.value == "1"


def test_an_endless_integer_is_read_as_a_float() -> None:
    assert resolve("9" * 5000) == math.inf


def test_places_count_characters_not_bytes() -> None:
    text = "é𝄞: 𝄞𝄞\nb: x\n"
    node = only(text).get("b")
    assert node is not None
    assert text[node.start : node.end] == "x"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_places_do_not_depend_on_the_line_ends(newline: str) -> None:
    text = newline.join(("a: 1", "b: [x,", "  yy]", ""))
    node = only(text).get("b")
    assert isinstance(node, Sequence)
    assert text[node.items[1].start : node.items[1].end] == "yy"


def test_a_second_key_of_one_name_is_refused_and_the_first_kept() -> None:
    documents = read_documents("a: 1\na: 2\n")
    assert [(p.code, p.start, p.earlier) for p in documents.problems] == [("duplicate-key", 5, 0)]
    root = documents.roots[0]
    assert isinstance(root, Mapping)
    assert [(key.text, value.end) for key, value in root.entries] == [("a", 4)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: !!python/object:os.system x", "yaml-tag"), ("a: !mine [1]", "yaml-tag"), ("a: !!int '3'", "yaml-tag"),
        ("<<: {a: 1}", "merge-key"), ("a: *b", "unknown-alias"), ("a: &a [*a]", "alias-bomb"),
        ("? [1, 2]\n: 3", "wrong-type"), ("{a: 1}: 2", "wrong-type"), ("a: [1", "yaml-syntax"),
        ("a: 'x", "yaml-syntax"),
        ("a: @b", "yaml-syntax"), ("a:\n\t- b", "yaml-syntax"), ("a: 1\n b: 2", "yaml-syntax"),
        ("%YAML 3.0\n---\na: 1", "yaml-syntax"), ("a: \x00", "bad-character"), ("a: \ud800", "bad-character"),
        ("a: \ufeff", "bad-character"), ("a: \x1b[31m", "bad-character"), ('a: "\\ud800"', "yaml-syntax"),
        ("[" * 100, "too-deep"), ("- " * 100, "too-deep"), ("{a: " * 100, "too-deep"),
        ("a: " + "[" * 100_000, "too-deep"),
    ],
)  # fmt: skip
def test_what_is_refused_is_one_placed_problem(text: str, code: str) -> None:
    problems = read_documents(text).problems
    assert [problem.code for problem in problems] == [code]
    assert 0 <= problems[0].start <= len(text)


def test_a_text_tag_is_harmless_and_makes_text() -> None:
    node = only("a: !!str 12").get("a")
    assert isinstance(node, Scalar)
    assert node.value == "12"


def test_aliases_may_repeat_what_was_said() -> None:
    root = only("a: &a [1, 2]\nb: *a\n")
    assert root.get("a") is root.get("b")


def test_a_billion_laughs_are_refused() -> None:
    lines = ["l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]" for i in range(1, 10)]
    assert codes("\n".join(lines)) == ["alias-bomb"]


def test_a_syntax_error_costs_its_own_document_only() -> None:
    documents = read_documents("a: 1\n---\nb: [\n---\nc: 3\n---\nd: }\n---\ne: 5\n")
    assert [root is not None for root in documents.roots] == [True, False, True, False, True]
    assert [p.code for p in documents.problems] == ["yaml-syntax", "yaml-syntax"]


def test_a_file_of_broken_documents_is_given_up_in_time() -> None:
    assert len(codes("a: [\n---\n" * 5000)) <= yaml12.MAX_REPORTED


def test_a_large_file_is_read() -> None:
    text = "points:\n" + "- [1.5, -2.25e-3, 3]\n" * 50_000
    assert len(text) > 1_000_000
    node = only(text).get("points")
    assert isinstance(node, Sequence)
    assert len(node.items) == 50_000


def test_a_file_that_is_too_large_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml12, "MAX_CHARACTERS", 10)
    assert codes("a: 12345678") == ["file-too-large"]
    assert codes("a: 1234567") == []


SAMPLES = ["a: [1, {b: 'x'}]\nc: |\n  l\n  m\n", "- a\n- - b\n  - c\n", "a: &x 1\nb: *x\n", 'a: "\\x41\\n"\n', "a: [\n"]


@pytest.mark.parametrize("text", SAMPLES)
def test_reading_without_libyaml_gives_the_same(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = read_documents(text)
    monkeypatch.setattr(yaml12, "_PARSER", yaml.SafeLoader)
    slow = read_documents(text)
    assert [outline(root) for root in fast.roots] == [outline(root) for root in slow.roots]
    assert [p.code for p in fast.problems] == [p.code for p in slow.problems]


def outline(node: yaml12.Node | None) -> object:
    if node is None:
        return None
    if isinstance(node, Scalar):
        return node.text, node.value, node.style, node.start, node.end
    if isinstance(node, Sequence):
        return node.start, [outline(item) for item in node.items]
    return node.start, [(outline(key), outline(value)) for key, value in node.entries]


@given(st.text(max_size=200) | st.text(alphabet="ab:[]{}&*!|>-'\"#,\n\t 01", max_size=60))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    documents = read_documents(text)
    assert all(0 <= problem.start <= len(text) for problem in documents.problems)


@given(st.text(alphabet="ab:[]{}&*!|>-'\"#,\n 01", max_size=60))
def test_any_text_is_read_without_libyaml_as_well(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml12, "_PARSER", yaml.SafeLoader)
        read_documents(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_that_python_writes_is_read_back(value: float) -> None:
    found = resolve(repr(value))
    assert found == value
    assert type(found) is float
