"""Any report that the types allow, with any text in it."""

from __future__ import annotations

from hypothesis import strategies as st

from gradverify.core.report import (
    BlindSpot,
    Check,
    Component,
    Counterexample,
    DescentRun,
    Diagnosis,
    Evaluations,
    PluginInfo,
    PointResult,
    Report,
    SpecResult,
)
from gradverify.core.verdicts import Evidence, Fault, Verdict

# What breaks media: markup, commands, control characters, halves of surrogate pairs, and very ordinary names.
nasty = st.sampled_from(
    [
        "",
        "::error::x",
        "]]>",
        "<script>",
        "[a](http://b.c)",
        "| | |",
        "\x1b[31m",
        "\ud800",
        "\x00",
        "a,b:c%\r\n",
        "@you",
    ]
)
texts = st.one_of(nasty, st.text(alphabet=st.characters(), max_size=12))
words = st.sampled_from(["x", "bowl", "W", "a.yaml", "specs/b.yaml", "/abs/c.py"])
names = st.one_of(texts, words)
numbers = st.floats(allow_nan=False)  # NaN is no identity; a test of its own covers it
vectors = st.lists(numbers, max_size=3).map(tuple)
counts = st.integers(0, 2**40)
shapes = st.lists(st.integers(0, 9), max_size=3).map(tuple)
seconds = st.floats(0, 1e6)
maybe_text = st.none() | texts
verdicts = st.sampled_from(Verdict)
evidences = st.none() | st.sampled_from(Evidence)
details = st.dictionaries(
    texts, st.recursive(st.none() | st.booleans() | counts | texts, st.lists, max_leaves=4), max_size=2
)
sources = st.none() | st.tuples(names, counts)


def several(strategy: st.SearchStrategy[object], most: int = 2) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(strategy, max_size=most).map(tuple)


components = st.builds(
    Component,
    index=st.integers(0, 4),
    variable=names,
    position=shapes,
    output=st.none() | st.integers(0, 4),
    label=names,
)
points = st.builds(
    PointResult, at=vectors, claimed=st.none() | vectors, reference=st.none() | vectors,
    error_bound=st.none() | vectors, tolerance=st.none() | vectors, verdict=verdicts,
    wrong_components=several(components), reason=maybe_text, notes=several(texts),
)  # fmt: skip
checks = st.builds(
    Check, kind=st.sampled_from(["gradient", "search", "known-value"]) | texts, backend=maybe_text, verdict=verdicts,
    evidence=evidences, reason=maybe_text, seconds=seconds, max_relative_error=st.none() | numbers,
    points=several(points), name=maybe_text, line=st.none() | counts, details=details,
)  # fmt: skip
specs = st.builds(
    SpecResult, name=names, file=names, line=counts, tags=several(texts), verdict=verdicts, found=verdicts,
    expected=st.sampled_from(["pass", "fail", "fail: sign"]), evidence=evidences, reason=maybe_text, seconds=seconds,
    evaluations=st.builds(Evaluations, function=counts, gradient=counts),
    variables=several(st.tuples(names, shapes)), function_source=sources, gradient_source=sources,
    checks=several(checks), wrong_components=several(components),
    diagnosis=several(
        st.builds(
            Diagnosis, fault=st.sampled_from(Fault), components=several(components), message=texts,
            confidence=st.floats(0, 1),
        )
    ),
    counterexample=st.none()
    | st.builds(
        Counterexample, at=vectors, claimed=vectors, reference=vectors, error_bound=vectors, message=texts
    ),
    blind_spots=several(
        st.builds(
            BlindSpot, fault=st.sampled_from(Fault), components=several(components), message=texts,
            better_point=st.none() | vectors,
        )
    ),
    descent=several(
        st.builds(
            DescentRun, name=texts, behaviour=texts, iterations=counts, final_point=vectors, final_value=numbers,
            rate=st.none() | numbers, trajectory=several(vectors), values=vectors, details=details,
        )
    ),
    notes=several(texts), output=texts,
)  # fmt: skip
plugins = st.builds(
    PluginInfo, name=texts, version=texts, status=st.sampled_from(["ok", "blocked", "failed"]), reason=maybe_text
)
reports = st.builds(
    Report, gradverify=texts, started=st.just("2026-01-02T03:04:05+00:00") | texts, seconds=seconds, isolation=texts,
    plugins=several(plugins), specs=several(specs, 3), interrupted=st.booleans(), not_run=several(texts), seed=counts,
)  # fmt: skip
