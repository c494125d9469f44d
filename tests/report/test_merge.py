"""Reports of parts make one report, and what is missing or double is named."""

from __future__ import annotations

import dataclasses
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.core.report import PluginInfo, Report, ShardInfo, SpecResult
from gradverify.core.verdicts import Verdict
from gradverify.report.merge import MOST_NAMED, Merged, Part, merge_reports, spec_key
from gradverify.run.shards import shard_of

COUNT = 12
SPECS = tuple(
    SpecResult(name=f"s{i}", file=f"specs/{'ab'[i % 2]}.yaml", line=i, verdict=Verdict.PASS, found=Verdict.PASS)
    for i in range(COUNT)
)
ORDER = sorted(map(spec_key, SPECS), key=lambda key: (key.partition("::")[0], int(key.rpartition("s")[2])))


def report(*specs: SpecResult, **more: object) -> Report:
    base = Report(
        gradverify="1", started="2026-01-01T00:00:00+00:00", seconds=2.0, isolation="processes",
        plugins=(PluginInfo(name="sympy", version="1"),), specs=specs,
    )  # fmt: skip
    return dataclasses.replace(base, **more)  # type: ignore[arg-type]


def shards(count: int) -> list[Report]:
    return [
        report(
            *(spec for spec in SPECS if shard_of(spec_key(spec), count) == index),
            shard=ShardInfo(index=index, count=count, specs=COUNT),
        )
        for index in range(1, count + 1)
    ]


def merged(reports: list[Report], **expect: object) -> Merged:
    return merge_reports([Part(f"{number}.json", one) for number, one in enumerate(reports)], **expect)  # type: ignore[arg-type]


@given(st.integers(1, 20), st.randoms())
def test_shards_in_any_order_are_the_whole(count: int, chance: random.Random) -> None:
    parts = shards(count)
    chance.shuffle(parts)
    found = merged(parts, expect=COUNT, expected=ORDER)
    assert found.faults == ()
    assert [spec_key(spec) for spec in found.report.specs] == ORDER


@given(st.integers(2, 20), st.data())
def test_a_shard_that_is_missing_is_named_without_anything_being_expected(count: int, data: st.DataObject) -> None:
    parts = shards(count)
    index = data.draw(st.integers(1, count))
    del parts[index - 1]
    assert merged(parts).faults == (f"1 of {count} shards is missing: {index}/{count}",)


@given(st.integers(0, COUNT - 1))
def test_a_spec_that_is_missing_is_named(number: int) -> None:
    (fault,) = merged([report(*SPECS[:number], *SPECS[number + 1 :])], expected=ORDER).faults
    assert fault == f"1 spec is missing: {spec_key(SPECS[number])}"


def test_a_spec_that_is_there_twice_is_named_with_both_reports() -> None:
    found = merged([report(*SPECS), report(SPECS[3])])
    assert found.faults == (f"1 spec is in 2 reports (0.json, 1.json): {spec_key(SPECS[3])}",)
    assert len(found.report.specs) == COUNT


def test_one_report_given_twice_is_one_sentence() -> None:
    (fault,) = merged([report(*SPECS), report(*SPECS)]).faults
    assert fault.startswith(f"{COUNT} specs are in 2 reports (0.json, 1.json): ")
    assert fault.count("::") <= MOST_NAMED


def test_one_name_in_two_files_is_no_double() -> None:
    assert merged([report(SPECS[0]), report(dataclasses.replace(SPECS[0], file="other.yaml"))]).faults == ()


def test_a_spec_too_many_is_named() -> None:
    assert "not expected: specs/b.yaml::s1" in merged([report(*SPECS)], expected=[ORDER[0], *ORDER[1:6]]).faults[0]


def test_a_wrong_number_is_a_fault() -> None:
    assert merged([report(*SPECS)], expect=COUNT + 1).faults == (f"there are {COUNT} specs, not {COUNT + 1}",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shard": ShardInfo(index=1, count=3, specs=COUNT)}, "different divisions"),
        ({"shard": ShardInfo(index=1, count=2, specs=COUNT - 1)}, "different sets of specs"),
        ({"specs": ()}, f"together, not {COUNT}"),
    ],
)
def test_shards_that_do_not_belong_together_are_a_fault(change: dict[str, object], words: str) -> None:
    first, second = shards(2)
    (fault,) = merged([dataclasses.replace(first, **change), second]).faults  # type: ignore[arg-type]
    assert words in fault


def test_what_a_stopped_shard_did_not_run_is_counted_and_the_whole_is_interrupted() -> None:
    first, second = shards(2)
    first = dataclasses.replace(first, specs=first.specs[1:], not_run=(first.specs[0].name,), interrupted=True)
    found = merged([first, second])
    assert found.faults == ()
    assert found.report.interrupted
    assert found.report.not_run == first.not_run


def test_other_versions_and_seeds_are_remarked() -> None:
    found = merged([report(SPECS[0]), report(SPECS[1], gradverify="2", seed=5)])
    assert [word for note in found.notes for word in ("versions", "seeds") if word in note] == ["versions", "seeds"]


def test_the_time_is_from_the_first_start_to_the_last_end() -> None:
    later = report(SPECS[1], started="2026-01-01T00:00:10+00:00", seconds=5.0)
    found = merged([later, report(SPECS[0])]).report
    assert (found.started, found.seconds) == ("2026-01-01T00:00:00+00:00", 15.0)
