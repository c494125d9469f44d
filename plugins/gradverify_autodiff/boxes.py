"""Traced values: what they hold, whether something holds one, and the error where their connection is cut."""

from __future__ import annotations

from typing import Any

from autograd.tracer import getval, isbox


class LostConnectionError(TypeError):
    """The user's code turns a traced value into a plain one."""


def plain_value(value: Any) -> Any:
    """`value` without its traces."""
    while isbox(value):
        value = getval(value)
    return value


def holds_traced(value: Any) -> bool:
    """Whether `value` is traced, or a list or tuple that holds something traced."""
    return isbox(value) or (isinstance(value, (list, tuple)) and any(map(holds_traced, value)))
