"""A spec's constants as arrays: written in the spec, or read from .npy and .csv files (never pickled data)."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gradverify.core.arrays import Array
from gradverify.hookspecs import LoadError
from gradverify.spec.model import Constant


def read_constants(constants: Mapping[str, Constant]) -> dict[str, Array]:
    """Every constant as a float64 array of its shape. Raises `LoadError` naming the constant and the file."""
    return {name: _read(name, constant) for name, constant in constants.items()}


def _read(name: str, constant: Constant) -> Array:
    if constant.file is None:
        return np.asarray(constant.value, dtype=np.float64).reshape(constant.shape)
    path = Path(constant.file)
    try:
        array = np.load(path, allow_pickle=False) if path.suffix == ".npy" else _read_csv(path)
        array = np.asarray(array, dtype=np.float64)
    except (OSError, ValueError) as error:
        raise LoadError(f"constant `{name}` cannot be read from {path.name}: {error}") from None
    if array.size != np.prod(constant.shape, dtype=int):
        raise LoadError(f"constant `{name}`: {path.name} changed while the run was going on")
    return array.reshape(constant.shape)


def _read_csv(path: Path) -> Array:
    """Rows of numbers; a first line that is no numbers is a header."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.reader(file) if row and any(cell.strip() for cell in row)]
    try:
        first: list[list[float]] = [[float(cell) for cell in rows[0]]] if rows else []
    except ValueError:
        first = []
    return np.asarray(first + [[float(cell) for cell in row] for row in rows[1:]], dtype=np.float64)
