"""Values of one tree after another that have most of their parts in common, at the same points.

A changed formula shares all but the way to the changed part with the formula as it was written: what it shares is
neither compiled nor computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from itertools import islice
from typing import Any

from gradverify.expression.evaluate import Arithmetic, literal_value, named, step_function
from gradverify.expression.nodes import Node
from gradverify.expression.program import Compiler, Step


class Variants:
    """Evaluates variants of `tree`, whose own values are kept.

    values, rows, constants: as in `evaluate_tree`, which gives the same numbers.
    """

    def __init__(
        self, tree: Node, values: Mapping[str, Any], arithmetic: Arithmetic, rows: int, constants: Mapping[str, Any]
    ) -> None:
        self._tree = tree  # its parts are known by their ids, and must live
        self._values, self._arithmetic, self._rows, self._constants = values, arithmetic, rows, constants
        self._functions: dict[tuple[str, tuple[Hashable, ...] | None], Callable[..., Any]] = {}
        self._compiler = Compiler()
        self._slots: dict[int, Any] = {}  # by the compiler's own numbers
        self._done = (0, 0, 0)  # names, literals and steps that have their values
        self._compiler.add(tree)
        with arithmetic.context():
            self._compute()
        self._kept, self._known = len(self._compiler.steps), len(self._compiler.known)

    def value(self, tree: Node) -> Any:
        """The value of `tree`, of shape (rows, *tree.shape); it may share memory with the values given."""
        compiler = self._compiler
        slot, shape = compiler.add(tree), (self._rows, *tree.shape)
        try:
            with self._arithmetic.context():
                self._compute()
                result = self._slots[slot]
                if result.shape != shape:
                    result = self._arithmetic.functions["broadcast_to"](result, shape)
        finally:  # what is the variant's own goes: its nodes may die, and their ids name others
            for _ in range(len(compiler.known) - self._known):
                compiler.known.popitem()
            for _ in range(len(compiler.steps) - self._kept):
                self._slots.pop(3 * compiler.steps.popitem()[1] + 2, None)
            self._done = (*self._done[:2], min(self._done[2], self._kept))
        return result

    def _compute(self) -> None:
        """Values for all that the compiler knows and that has none yet."""
        compiler, slots = self._compiler, self._slots
        names, literals, steps = self._done
        for name, k in islice(compiler.names.items(), names, None):
            slots[3 * k] = named(name, self._values, self._constants, self._arithmetic)
        for k, literal in islice(compiler.literals.values(), literals, None):
            slots[3 * k + 1] = literal_value(literal, self._arithmetic)
        self._done = len(compiler.names), len(compiler.literals), steps
        for (operation, arguments, detail), k in islice(compiler.steps.items(), steps, None):
            function = self._functions.get((operation, detail))
            if function is None:
                function = step_function(Step(operation, arguments, detail, ()), self._arithmetic)
                self._functions[operation, detail] = function
            slots[3 * k + 2] = function(*[slots[argument] for argument in arguments])
        self._done = len(compiler.names), len(compiler.literals), len(compiler.steps)
