"""docs/spec.md: its examples are specs, its tables are the definition's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gradverify.spec.errors import render_all
from gradverify.spec.fields import KEYS, RECORDS
from gradverify.spec.kinds import Key
from gradverify.spec.parse import parse_specs
from gradverify.spec.reference import reference_table
from gradverify.spec.schema import spec_schema

PAGE = (Path(__file__).parents[2] / "docs/spec.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_of_the_reference_is_a_sound_spec(text: str) -> None:
    specs, faults = parse_specs(text, "example.yaml", ["finite-difference", "sympy"], kinds=("python",))
    assert not faults, render_all(faults)
    assert specs


@pytest.mark.parametrize("heading", sorted(RECORDS))
def test_the_tables_of_the_reference_are_those_of_the_definition(heading: str) -> None:
    assert reference_table(heading) in PAGE


def test_the_schema_has_exactly_the_keys_that_the_reference_describes() -> None:
    table = PAGE.split("## All keys\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(spec_schema()["properties"])


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_a_key_has_a_description_and_an_example(key: Key) -> None:
    assert key.description.endswith(".")
    assert key.example


def test_the_faults_that_the_reference_shows_look_like_this() -> None:
    text = "variables: [x]\nfunction: x\nbackends: [sympi]\ngradient: 1\n"
    _, faults = parse_specs(text, "rosenbrock.yaml", ["autodiff", "finite-difference", "sympy"])
    assert render_all(faults) in PAGE
