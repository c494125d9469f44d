"""Whatever a file holds, its author is told by faults: reading never raises."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gradverify.spec.codes import CODES
from gradverify.spec.errors import render_all
from gradverify.spec.fields import KEYS
from gradverify.spec.load import load_specs
from gradverify.spec.parse import parse_specs

SOUND = [entry.right for entry in CODES.values() if entry.right and len(entry.right) < 500]
PIECES = st.sampled_from([
    "[", "]", "{", "}", ": ", ", ", "\n", "- ", "'", '"', "x", "1", "-1e400", ".nan", "null", "true", "*a", "&a ",
    "|\n  ", "^",
    "**", "θ", "\t", "#", "---\n", "!!x ", "{sample: 3}", "{at: [1]}", "(0, 1)", "\\", "\x85", "\u2028", "𝄞", "points",
    "w[0]", "<<: ",
])  # fmt: skip
VALUES = st.recursive(
    st.sampled_from(["1", "x", "[]", "{}", "", "-1", "'1'", "2*x", "on", ".inf", "a: b", "python", "3.5", "inf"]),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
    | st.dictionaries(
        st.sampled_from(["x", "y", "at", "sample", "python", "file", "fail", "evaluations", "returns", "start"]),
        inner, max_size=3,
    ).map(lambda items: "{" + ", ".join(f"{k}: {v}" for k, v in items.items()) + "}"),
    max_leaves=8,
)  # fmt: skip


def read(text: str) -> None:
    specs, faults = parse_specs(text, "s.yaml", ["sympy"], kinds=("python",))
    assert specs or faults or not text.strip()
    for fault in faults:
        assert fault.code in CODES
        line = fault.line_text
        assert 1 <= fault.place.column <= len(line) + 1
        assert fault.place.column - 1 + fault.length <= max(len(line), fault.place.column)
    render_all(faults, colour=True)


@given(st.text(max_size=300))
def test_any_text_gives_faults_only(text: str) -> None:
    read(text)


@given(
    st.sampled_from(SOUND), st.lists(st.tuples(st.integers(0, 500), st.integers(0, 8), PIECES), min_size=1, max_size=4)
)
def test_a_sound_spec_that_was_damaged_gives_faults_only(text: str, edits: list[tuple[int, int, str]]) -> None:
    for place, length, piece in edits:
        at = place % (len(text) + 1)
        text = text[:at] + piece + text[at + length :]
    read(text)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from([key.name for key in KEYS]), VALUES, max_size=8))
def test_any_values_under_the_keys_give_faults_only(values: dict[str, str]) -> None:
    read("".join(f"{name}: {value}\n" for name, value in values.items()))


@given(st.binary(max_size=200) | st.sampled_from(SOUND).map(str.encode))
def test_any_bytes_in_a_file_give_faults_only(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.yaml"
        path.write_bytes(data)
        found = load_specs([path])
        assert found.specs or found.faults
        load_specs([folder])


@given(st.sampled_from(SOUND), st.sampled_from(["\r\n", "\r"]))
def test_line_ends_make_no_difference(text: str, newline: str) -> None:
    plain = parse_specs(text, "s.yaml")
    other = parse_specs(text.replace("\n", newline), "s.yaml")
    assert [fault.code for fault in plain[1]] == [fault.code for fault in other[1]]
    assert [spec.function for spec in plain[0]] == [spec.function for spec in other[0]]
