"""Shards: every spec in exactly one, and where it is depends on nothing but its own name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.run.shards import Shard, parse_shard, shard_of

counts = st.integers(1, 1000)


@given(st.text(), counts)
def test_a_spec_belongs_to_exactly_one_shard(name: str, count: int) -> None:
    assert [index for index in range(1, count + 1) if Shard(index, count).has(name)] == [shard_of(name, count)]


def test_where_a_spec_belongs_is_the_same_in_every_version() -> None:
    assert [shard_of(f"specs/a.yaml::s{i}", 4) for i in range(8)] == [4, 3, 4, 3, 2, 2, 2, 1]


def test_shards_of_many_specs_are_about_equal() -> None:
    sizes = [sum(Shard(index, 10).has(f"a.yaml::s{i}") for i in range(10_000)) for index in range(1, 11)]
    assert sum(sizes) == 10_000
    assert max(sizes) - min(sizes) < 200  # six standard deviations of a binomial count


@pytest.mark.parametrize("text", ["0/4", "5/4", "1/0", "-1/4", "1", "a/b", "1/4/5", "", "1.5/4", "²/4"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no shard"):
        parse_shard(text)


def test_a_shard_is_written_as_it_is_read() -> None:
    assert str(parse_shard(" 2/8 ")) == "2/8"
