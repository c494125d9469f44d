"""The JSON Schema says of a spec what the parser says, as far as structure goes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gradverify.hookspecs import BackendOption
from gradverify.spec.claims import plain
from gradverify.spec.codes import CODES
from gradverify.spec.fields import KEYS
from gradverify.spec.schema import spec_schema
from gradverify.spec.yaml12 import Scalar, read_documents

ROOT = Path(__file__).parents[2]
SECONDS = BackendOption("seconds", {"type": "number", "exclusiveMinimum": 0}, "How long a proof may take.")
SCHEMA = spec_schema({"sympy": (SECONDS,), "finite-difference": (), "autodiff": ()})
VALIDATOR = Draft202012Validator(SCHEMA)


def documents(text: str) -> list[Any]:
    roots = read_documents(text).roots
    return [plain(r) for r in roots if r is not None and not (isinstance(r, Scalar) and r.value is None)]


def is_valid(text: str) -> bool:
    found = documents(text)
    return bool(found) and all(VALIDATOR.is_valid(document) for document in found)


def texts() -> list[tuple[str, str]]:
    page = (ROOT / "docs/spec.md").read_text()
    found = [(f"docs-{i}", text) for i, text in enumerate(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL))]
    found += [
        (path.stem, path.read_text())
        for path in sorted((ROOT / "specs").rglob("*.yaml"))
        if "grading" not in path.parts
    ]
    return found + [(f"code-{code}", entry.right) for code, entry in CODES.items() if entry.right]


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in texts()])
def test_every_sound_spec_is_valid(text: str) -> None:
    for document in documents(text):
        if "assignment" not in document:
            VALIDATOR.validate(document)


@pytest.mark.parametrize("code", [code for code, entry in CODES.items() if entry.structural])
def test_every_structural_fault_is_invalid(code: str) -> None:
    assert not is_valid(CODES[code].wrong)


XY = "variables: [x, y]\nfunction: x**2 + 3*y\ngradient: [2*x, 3]\n"


@pytest.mark.parametrize(
    "wrong",
    [
        "3", "[1]", XY.replace("function: x**2 + 3*y\n", ""), XY + "gradient2: 1\n", XY + "points: {x: 1}\n",
        XY + "points: [[a, 1]]\n",
        XY + "points: [{at: [1, 2], sample: 3}]\n", XY + "points: [{sample: 1, sede: 2}]\n", XY + "domain: [1]\n",
        XY + "domain: {x: 1..2}\n", XY + "tolerance: {relative: x}\n", XY + "search: sometimes\n", XY + "budget: 5\n",
        XY + "expect: {fail: sgin}\n", XY + "backends: {sympy: {seconds: 0}}\n", XY + "backends: []\n",
        XY + "tags: [1]\n",
        XY + "descent: [{learning_rate: 1}]\n", XY + "descent: [{start: [1, 2], learning_rate: -1}]\n",
        XY + "stationary: [{at: [1, 2], kind: hill}]\n", XY + "weights: [1]\n", XY + "properties: [smooth]\n",
        XY + "constants: {a: b}\n", XY + "constants: {a: {path: b.npy}}\n", XY.replace("[2*x, 3]", "{python: 3}"),
        XY.replace("[2*x, 3]", '{python: "a:b", retruns: value_and_gradient}'), XY.replace("[2*x, 3]", "true"),
    ],
)  # fmt: skip
def test_what_is_structurally_wrong_is_invalid(wrong: str) -> None:
    assert is_valid(XY)
    assert not is_valid(wrong)


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_the_example_of_each_key_is_valid_and_described(key: Any) -> None:
    entry = SCHEMA["properties"][key.name]
    (value,) = documents(f"{key.name}: {key.example}\n")
    assert Draft202012Validator({**entry, "$defs": SCHEMA["$defs"]}).is_valid(value[key.name])
    assert entry["description"]


def test_options_of_backends_are_described_for_editors() -> None:
    options = SCHEMA["properties"]["backends"]["anyOf"][1]["properties"]["sympy"]
    assert "How long a proof may take." in str(options)


def test_without_backends_any_name_is_valid() -> None:
    (document,) = documents(XY + "backends: [whatever]\n")
    assert Draft202012Validator(spec_schema()).is_valid(document)
    assert not VALIDATOR.is_valid(document)


def test_a_spec_whose_claim_comes_from_elsewhere_may_be_valid() -> None:
    (document,) = documents("variables: [x]\nfunction: x\n")
    assert not VALIDATOR.is_valid(document)
    assert Draft202012Validator(spec_schema(require_claim=False)).is_valid(document)
