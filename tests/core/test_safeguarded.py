"""Which of very many variables move what a safeguard bounds is found out by moving halves of them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gradverify.core.arrays import Mask
from gradverify.core.safeguarded import halves, who_moves

COUNTS = st.integers(2, 70)


def answers(depends: Mask) -> Mask:
    """How entries answer to halves of variables; depends: (n, entries)."""
    return np.asarray(halves(len(depends)).astype(int) @ depends.astype(int) > 0)


@given(COUNTS, st.data())
def test_entries_that_one_variable_each_moves_name_these_variables(n: int, data: st.DataObject) -> None:
    movers = data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=12))
    depends = np.zeros((n, len(movers)), dtype=bool)
    depends[movers, np.arange(len(movers))] = True
    assert set(np.flatnonzero(who_moves(answers(depends), n)).tolist()) == set(movers)


@given(COUNTS, st.integers(1, 6), st.integers(0, 1000))
def test_no_variable_that_moves_an_entry_with_others_is_left_out(n: int, entries: int, seed: int) -> None:
    depends = np.random.default_rng(seed).uniform(size=(n, entries)) < 0.1
    assert (who_moves(answers(depends), n) | ~depends.any(axis=1)).all()


@given(COUNTS)
def test_what_nothing_moves_names_nobody(n: int) -> None:
    assert not who_moves(answers(np.zeros((n, 3), dtype=bool)), n).any()
