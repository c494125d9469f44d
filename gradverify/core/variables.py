"""Named variables and the point vector that they are concatenated into."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradverify.core.arrays import Array

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable: a scalar (shape ()) or an array, and where it starts in the point vector.

    size: the number of components.  components: where they stand in the point vector. Both are asked for in every call
    of a function.
    """

    name: str
    shape: Shape
    offset: int
    size: int = field(init=False, compare=False, repr=False)
    components: slice = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", math.prod(self.shape))
        object.__setattr__(self, "components", slice(self.offset, self.offset + self.size))


@dataclass(frozen=True)
class Variables:
    """The variables of a function, in the order of the point vector, each in C order."""

    items: tuple[Variable, ...]

    @classmethod
    def of(cls, shapes: Sequence[tuple[str, Shape]]) -> Variables:
        """Lay out `(name, shape)` pairs one behind the other."""
        items: list[Variable] = []
        offset = 0
        for name, shape in shapes:
            items.append(Variable(name, tuple(shape), offset))
            offset += items[-1].size
        return cls(tuple(items))

    def __iter__(self) -> Iterator[Variable]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, name: str) -> Variable:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @cached_property
    def _by_name(self) -> dict[str, Variable]:
        return {variable.name: variable for variable in self.items}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names, in order."""
        return tuple(variable.name for variable in self.items)

    @cached_property
    def size(self) -> int:
        """The length n of the point vector."""
        return sum(variable.size for variable in self.items)

    def locate(self, index: int) -> tuple[Variable, Shape]:
        """The variable that component `index` of the point vector belongs to, and its position there."""
        for variable in self.items:
            if index < variable.offset + variable.size:
                position: list[int] = []
                rest = index - variable.offset
                for length in reversed(variable.shape):
                    rest, at = divmod(rest, length)
                    position.append(at)
                return variable, tuple(reversed(position))
        raise IndexError(index)

    def component_name(self, index: int) -> str:
        """What people call component `index`: `x`, `w[3]`, `W[0, 2]` (counted from 0)."""
        variable, position = self.locate(index)
        return variable.name + (f"[{', '.join(map(str, position))}]" if position else "")

    def split(self, points: Array) -> dict[str, Array]:
        """Cut points of shape (k, n) into one array of shape (k, *shape) for each variable."""
        rows = points.shape[0]
        return {
            name: points[:, part.start] if shape == () else points[:, part].reshape((rows, *shape))
            for name, shape, part in self._layout
        }

    @cached_property
    def _layout(self) -> tuple[tuple[str, Shape, slice], ...]:
        return tuple((v.name, v.shape, v.components) for v in self.items)
