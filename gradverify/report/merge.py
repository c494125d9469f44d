"""Several reports as one: of shards, of machines, of runs over different folders; and what does not fit together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gradverify.core.report import PluginInfo, Report, SpecResult

MOST_NAMED = 10  # specs that one sentence names


@dataclass(frozen=True, slots=True)
class Part:
    """A report and the name by which people know it."""

    origin: str
    report: Report


@dataclass(frozen=True, slots=True)
class Merged:
    """One report, what is wrong with it (each a sentence), and what is merely remarkable."""

    report: Report
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def spec_key(result: SpecResult) -> str:
    """What a spec is known by: `file::name`."""
    return f"{result.file}::{result.name}"


def merge_reports(parts: Sequence[Part], *, expect: int | None = None, expected: Iterable[str] | None = None) -> Merged:
    """All specs of `parts`, which must be at least one, in the order of their files and lines.

    expect: how many specs there have to be. expected: their keys, in the order that the report is to have.
    The shards that the reports say they are have to be complete, whatever is expected.
    """
    where: dict[str, list[str]] = {}
    specs: dict[str, SpecResult] = {}
    for part in parts:
        for result in part.report.specs:
            where.setdefault(spec_key(result), []).append(part.origin)
            specs.setdefault(spec_key(result), result)
    keys = sorted(specs, key=lambda key: (specs[key].file, specs[key].line, key))
    doubles: dict[tuple[str, ...], list[str]] = {}
    for key, origins in where.items():
        if len(origins) > 1:
            doubles.setdefault(tuple(origins), []).append(key)
    faults = [
        sentence
        for origins, names in doubles.items()
        for sentence in _several(f"in {len(origins)} reports ({', '.join(origins)})", names)
    ]
    if expected is not None:
        wanted = list(dict.fromkeys(expected))
        faults += _several("missing", [key for key in wanted if key not in specs])
        faults += _several("not expected", [key for key in keys if key not in set(wanted)])
        order = {key: number for number, key in enumerate(wanted)}
        keys.sort(key=lambda key: order.get(key, len(order)))
    if expect is not None and len(specs) != expect:
        faults.append(f"there are {len(specs)} specs, not {expect}")
    faults += _incomplete_shards(parts)
    unfinished = tuple(name for part in parts for name in part.report.not_run)
    reports = [part.report for part in parts]
    merged = Report(
        gradverify=reports[0].gradverify,
        started=min(report.started for report in reports),
        seconds=_span(reports),
        isolation=", ".join(dict.fromkeys(report.isolation for report in reports)),
        plugins=_plugins(reports),
        specs=tuple(specs[key] for key in keys),
        interrupted=any(report.interrupted for report in reports),
        not_run=unfinished,
        seed=reports[0].seed,
    )
    return Merged(merged, tuple(faults), tuple(_differences(parts)))


def _several(what: str, keys: Sequence[str]) -> list[str]:
    if not keys:
        return []
    named = ", ".join(keys[:MOST_NAMED]) + (f" and {len(keys) - MOST_NAMED} more" if len(keys) > MOST_NAMED else "")
    return [f"{len(keys)} spec{' is' if len(keys) == 1 else 's are'} {what}: {named}"]


def _incomplete_shards(parts: Sequence[Part]) -> list[str]:
    shards = [part.report.shard for part in parts if part.report.shard is not None]
    if not shards:
        return []
    counts = {shard.count for shard in shards}
    if len(counts) > 1:
        return [f"the reports are shards of different divisions: {', '.join(f'1/{n}' for n in sorted(counts))}"]
    count = shards[0].count
    there = {shard.index for shard in shards}
    missing = [f"{index}/{count}" for index in range(1, count + 1) if index not in there]
    if missing:
        shown = ", ".join(missing[:MOST_NAMED]) + (" …" if len(missing) > MOST_NAMED else "")
        return [f"{len(missing)} of {count} shards {'is' if len(missing) == 1 else 'are'} missing: {shown}"]
    totals = {shard.specs for shard in shards}
    if len(totals) > 1:
        return [f"the shards are of different sets of specs: of {', '.join(str(n) for n in sorted(totals))} specs"]
    found = sum(len(part.report.specs) + len(part.report.not_run) for part in parts if part.report.shard is not None)
    if found != shards[0].specs:
        return [f"the shards have {found} specs together, not {shards[0].specs}"]
    return []


def _differences(parts: Sequence[Part]) -> Iterable[str]:
    versions = {part.report.gradverify for part in parts}
    if len(versions) > 1:
        yield f"the reports come from different versions of gradverify: {', '.join(sorted(versions))}"
    seeds = {part.report.seed for part in parts}
    if len(seeds) > 1:
        yield f"the reports were made with different seeds: {', '.join(str(seed) for seed in sorted(seeds))}"


def _plugins(reports: Sequence[Report]) -> tuple[PluginInfo, ...]:
    """Every plugin that took part, those of the first report first."""
    return tuple(dict.fromkeys(plugin for report in reports for plugin in report.plugins))


def _span(reports: Sequence[Report]) -> float:
    """Seconds from the first start to the last end, as far as the clocks of several machines agree."""
    try:
        starts = [dt.datetime.fromisoformat(report.started).timestamp() for report in reports]
    except ValueError:
        return max(report.seconds for report in reports)
    ends = [start + report.seconds for start, report in zip(starts, reports, strict=True)]
    return max(0.0, max(ends) - min(starts))
