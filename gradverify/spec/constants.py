"""`constants`: numbers, nested lists, and files of numbers, of which only the shape is read here."""

from __future__ import annotations

import contextlib
import csv
import math
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradverify.core.variables import Shape
from gradverify.spec.kinds import Key, Record, Text, number, shorten, wrong_type
from gradverify.spec.model import Constant
from gradverify.spec.reader import Bad, Context, Offers, did_you_mean
from gradverify.spec.variables import NAME_PATTERN, check_name
from gradverify.spec.yaml12 import Mapping, Node, Sequence

FILE = Record(
    (
        Key(
            name="file", kind=Text(line=True), required=True, example="data.npy",
            description="A .npy file, or a .csv file of numbers with an optional header line; relative to the spec.",
        ),
    ),
    lambda values, node, context: values["file"],
    "a constant's file",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ConstantsKind:
    """A mapping from name to number, nested list or file."""

    words: str = "mapping from name to number, nested list or `{file: …}`"

    def read(self, node: Node, context: Context) -> dict[str, Constant]:
        if not isinstance(node, Mapping):
            raise wrong_type(context, node, "a mapping from name to value", "for example: {a: 1.5}")
        found: dict[str, Constant] = {}
        whole = True
        for key, value in node.entries:
            try:
                name = check_name(key, "a constant", context)
                if context.variables is not None and name in context.variables:
                    raise context.bad(
                        "duplicate-entry", key, f"`{name}` is a variable already", "rename one of the two"
                    )
                found[name] = _constant(value, context)
            except Bad:
                context.unsure.add(key.text)
                whole = False
        context.constants |= found
        context.shapes |= {name: constant.shape for name, constant in found.items()}
        if not whole:
            raise Bad
        return found

    def schema(self, offers: Offers) -> dict[str, Any]:
        nested: dict[str, Any] = {
            "anyOf": [{"type": "number"}, {"type": "array", "items": {"$ref": "#/$defs/numbers"}}]
        }
        return {
            "type": "object",
            "propertyNames": {"pattern": NAME_PATTERN},
            "additionalProperties": {"anyOf": [*nested["anyOf"], FILE.schema(offers)]},
        }


def _constant(node: Node, context: Context) -> Constant:
    if isinstance(node, Mapping):
        name = FILE.read(node, context)
        at = node.get("file")
        assert at is not None
        return _file(name, at, context)
    values, shape = nested(node, context)
    return Constant(shape, values)


def nested(node: Node, context: Context) -> tuple[Any, Shape]:
    """A number or nested list as nested tuples, and its shape; ragged lists are refused."""
    if not isinstance(node, Sequence):
        return number(node, context), ()
    if not node.items:
        raise context.bad("wrong-length", node, "an empty list holds no numbers")
    values: list[Any] = []
    shapes: list[tuple[Shape, Node]] = []
    whole = True
    for item in node.items:
        try:
            value, shape = nested(item, context)
        except Bad:
            whole = False
            continue
        values.append(value)
        shapes.append((shape, item))
    if not whole:
        raise Bad
    first = shapes[0][0]
    for shape, item in shapes:
        if shape != first:
            message = f"the rows of an array must have one shape; this one has {shape}, the first {first}"
            raise context.bad("ragged-list", item, message)
    return tuple(values), (len(values), *first)


def find_file(name: str, node: Node, endings: tuple[str, ...], context: Context) -> Path:
    """The file that `name` means, seen from the spec; a missing one is a fault, with the nearest name there is."""
    path = (context.directory / name).absolute()
    there: list[str] = []
    with contextlib.suppress(OSError, ValueError):  # a name too long for the file system, say, is a missing file
        if path.is_file():
            return path
        there = [p.name for p in path.parent.iterdir() if p.name.endswith(endings)]
    help = did_you_mean(path.name, there)
    raise context.bad("missing-file", node, f"there is no file {shorten(name, 80)}", help)


def _file(name: str, node: Node, context: Context) -> Constant:
    path = find_file(name, node, (".npy", ".csv"), context)
    try:
        if path.suffix == ".npy":
            return Constant(npy_shape(path), file=str(path))
        if path.suffix == ".csv":
            return Constant(csv_shape(path), file=str(path))
    except (OSError, ValueError, csv.Error) as error:
        code = "pickled-data" if isinstance(error, PickledError) else "bad-data-file"
        if isinstance(error, UnicodeDecodeError):
            reason = "it is no text"
        else:
            reason = (error.strerror or "") if isinstance(error, OSError) else str(error)
        raise context.bad(code, node, f"{shorten(name, 80)} cannot be used: {reason}") from None
    raise context.bad("bad-data-file", node, f"{shorten(name, 80)} is neither a .npy nor a .csv file")


class PickledError(ValueError):
    """A .npy file with Python objects, which only unpickling could read."""


_HEADER = re.compile(
    r"\{\s*'descr'\s*:\s*(?P<descr>'[^']*'|\[.*\])\s*,\s*'fortran_order'\s*:\s*(?:True|False)\s*,"
    r"\s*'shape'\s*:\s*\((?P<shape>[0-9,\s]*)\)\s*,?\s*\}\s*",
    re.DOTALL,
)
_REAL = re.compile(r"'[<>|=]?(?:f(?P<float>2|4|8|16)|[iu](?P<int>1|2|4|8)|b1|\?)'")


def npy_shape(path: Path) -> Shape:
    """The shape in the header of a .npy file (NumPy's format versions 1 to 3), read without NumPy.

    Raises `ValueError` for what holds anything but real numbers, or less data than it says.
    """
    with path.open("rb") as file:
        magic = file.read(8)
        if len(magic) < 8 or magic[:6] != b"\x93NUMPY" or magic[6] not in (1, 2, 3):
            raise ValueError("it is not a .npy file")
        form = "<H" if magic[6] == 1 else "<I"
        raw = file.read(struct.calcsize(form))
        length = struct.unpack(form, raw)[0] if len(raw) == struct.calcsize(form) else -1
        if not 0 <= length <= 65_536:
            raise ValueError("its header is damaged")
        header = file.read(length)
        data_start = file.tell()
    match = _HEADER.fullmatch(header.decode("utf-8" if magic[6] == 3 else "latin-1"))
    if match is None:
        raise ValueError("its header is damaged")
    kind = match["descr"]
    if "O" in kind:
        raise PickledError("it holds Python objects (pickled data), which could run code")
    real = _REAL.fullmatch(kind)
    if real is None:
        raise ValueError(f"it holds {shorten(kind)}, not real numbers")
    shape = tuple(int(part) for part in match["shape"].split(",") if part.strip())
    size = int(real["float"] or real["int"] or 1)
    if path.stat().st_size - data_start < math.prod(shape) * size:
        raise ValueError("it is cut off: its header promises more data")
    return shape


def csv_shape(path: Path) -> Shape:
    """(rows,) for one column, else (rows, columns); a first line that is no numbers is a header.

    Never quotes what the file holds: it may be any file of the machine.
    """
    rows = columns = 0
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        first = True
        for row in reader:
            if not row or not any(cell.strip() for cell in row):
                continue
            try:
                finite = all(math.isfinite(float(cell)) for cell in row)
            except ValueError:
                if first:
                    first = False
                    continue
                raise ValueError(f"line {reader.line_num} holds something that is no number") from None
            first = False
            if not finite:
                raise ValueError(f"line {reader.line_num} holds a number that is not finite")
            if rows and len(row) != columns:
                raise ValueError(f"line {reader.line_num} has {len(row)} entries, the lines above {columns}")
            rows, columns = rows + 1, len(row)
    if not rows:
        raise ValueError("it holds no numbers")
    return (rows,) if columns == 1 else (rows, columns)
