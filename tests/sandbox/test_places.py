"""What a submission says never tells where it ran, in no usual spelling; and honest messages stay as they are."""

from __future__ import annotations

import base64
import codecs
from collections.abc import Callable
from pathlib import Path

import pytest

from gradverify.sandbox.places import WITHHELD, Places

FOLDER = Path("/tmp/gradverify-grade-ib3kmm2y/gradverify-vnw7el_h/33f3f2659cbffe62")
ROOT = Path("/srv/course/venv/lib/python3.11/site-packages")
PLACES = Places(FOLDER, Path("/tmp"), ROOT)

SPELLINGS: dict[str, Callable[[str], str]] = {
    "other separators": lambda text: text.replace("/", "|"),
    "spaced out": " ".join,
    "backwards": lambda text: text[::-1],
    "capitals": lambda text: text.upper().replace("/", "_"),
    "hexadecimal": lambda text: text.encode().hex(),
    "Base64": lambda text: base64.b64encode(text.encode()).decode(),
    "Base64 of a part": lambda text: base64.b64encode(text[5:-3].encode()).decode(),
    "character codes": lambda text: str([ord(c) for c in text]),
    "rot13": lambda text: codecs.encode(text, "rot13").replace("/", "!"),
    "the last part": lambda text: text.rpartition("/")[2],
    "one part": lambda text: text.split("/")[2],
    "a piece of a part": lambda text: text[-9:-2],
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_where_it_ran_is_told_in_no_spelling(spelling: str) -> None:
    told = PLACES.message(f"ValueError: {SPELLINGS[spelling](str(FOLDER))} (line 6)")
    assert told == f"ValueError: {WITHHELD} (line 6)"


@pytest.mark.parametrize("spelling", ["other separators", "spaced out", "backwards", "hexadecimal"])
def test_where_gradverify_is_installed_is_told_in_no_spelling(spelling: str) -> None:
    assert WITHHELD in PLACES.message(f"ValueError: {SPELLINGS[spelling](f'{ROOT}/gradverify/sandbox/inside.py')}")


def test_an_exceptions_own_name_tells_nothing_either() -> None:
    assert PLACES.message("E_33f3f2659cbffe62: no (line 2)") == f"{WITHHELD} (line 2)"


@pytest.mark.parametrize(
    "text",
    [
        "ValueError: operands could not be broadcast together with shapes (3,) (2,) (line 12)",
        "ModuleNotFoundError: No module named 'gradverify'",
        "TypeError: unsupported operand type(s) for +: 'NoneType' and 'float' (line 3)",
        "AttributeError: '<object at 0x7f4e587ed210>' object has no attribute 'T' (line 7)",
        "ValueError: 3.141592653589793 2.718281828459045 is not 33.265 (line 4)",
        "NameError: name 'grade' is not defined. Did you mean: 'grad'? (line 5)",
        "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0",
    ],
)
def test_an_honest_message_stays_as_it_is(text: str) -> None:
    assert PLACES.message(text) == text


def test_a_path_that_is_written_as_one_is_cut_and_the_rest_stays() -> None:
    told = PLACES.message(f"FileNotFoundError: [Errno 2] No such file or directory: '{FOLDER}/data.csv' (line 2)")
    assert told == "FileNotFoundError: [Errno 2] No such file or directory: 'data.csv' (line 2)"
