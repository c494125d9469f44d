"""JUnit XML in two dialects.

`located` (default) gives each testcase the file and line of its spec, which GitLab, Codecov and GitHub's annotations
use. `strict` passes both
public schemas, Jenkins' junit-10.xsd and the Ant-style JUnit.xsd, which allow neither. Common to both: one flat
testsuite a spec file, one
testcase a check, unique names without floating-point numbers, at most three decimals of seconds, and the message
repeated in the text, which is
all that some consumers show.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import PurePath

from gradverify.core.report import Check, Report, SpecResult
from gradverify.core.verdicts import Verdict
from gradverify.report import words
from gradverify.report.terminal import MOST_ROWS

LOCATED, STRICT = "located", "strict"
FAMILY = "family"  # the option that chooses

# XML 1.0 allows no other characters (section 2.2); DEL and the C1 controls are allowed and best avoided.
_ILLEGAL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MOST_TEXT = 20_000  # characters of one element: consumers cut or refuse more


def render_junit(report: Report, options: Mapping[str, str]) -> str:
    """The report as JUnit XML; `options["family"]` is `located` or `strict`."""
    strict = options.get(FAMILY, LOCATED) == STRICT
    root = ET.Element("testsuites")
    tallies: Counter[str] = Counter()
    for number, (file, specs) in enumerate(groupby(report.specs, key=lambda spec: spec.file)):
        suite, counts = _suite(file, list(specs), report, number, strict=strict)
        root.append(suite)
        tallies += counts
    if not strict:
        root.set("name", "gradverify")
        root.set("time", _seconds(report.seconds))
        for key in ("tests", "failures", "errors"):
            root.set(key, str(tallies[key]))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(
    file: str, specs: Sequence[SpecResult], report: Report, number: int, *, strict: bool
) -> tuple[ET.Element, Counter[str]]:
    path = PurePath(file)
    cases = [case for spec in specs for case in _cases(spec, strict=strict)]
    counts: Counter[str] = Counter(tests=len(cases), failures=0, errors=0, skipped=0)
    for case in cases:
        for tag, key in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            counts[key] += case.find(tag) is not None
    suite = ET.Element(
        "testsuite",
        {
            "package": token(".".join(part for part in path.parent.parts if part != "/") or "specs"),
            "id": str(number),
            "name": token(path.name),
            "timestamp": text(report.started[:19]),
            "hostname": "localhost",
            **{key: str(counts[key]) for key in ("tests", "failures", "errors", "skipped")},
            "time": _seconds(sum(spec.seconds for spec in specs)),
        },
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (("gradverify", report.gradverify), ("isolation", report.isolation), ("seed", str(report.seed))):
        ET.SubElement(properties, "property", {"name": name, "value": text(value)})
    suite.extend(cases)
    ET.SubElement(suite, "system-out")
    ET.SubElement(suite, "system-err")
    return suite, counts


def _cases(spec: SpecResult, *, strict: bool) -> Iterator[ET.Element]:
    classname = token(_classname(spec))
    seen: Counter[str] = Counter()
    for check in spec.checks:
        label = words.check_label(check)
        seen[label] += 1
        name = label if seen[label] == 1 else f"{label} {seen[label]}"
        yield _excused(spec, _case(spec, check, classname, token(name), strict=strict), strict=strict)
    if not words.as_expected(spec) and not _shows_it(spec):
        # `expect: fail` and found right, or a reason that belongs to no check: the spec itself is the testcase.
        case = _element("verdict", classname, 0.0, spec.file, spec.line, strict=strict)
        _problem(
            case,
            "failure" if spec.verdict is Verdict.FAIL else "error",
            spec.reason or spec.verdict.value,
            "Verdict",
            "",
        )
        yield _excused(spec, case, strict=strict)


def _shows_it(spec: SpecResult) -> bool:
    """Whether a check already shows, in JUnit's terms, that the spec did not come out as expected."""
    if spec.expected != "pass" and spec.verdict is Verdict.FAIL:
        return False
    return any(check.verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE) for check in spec.checks)


def _excused(spec: SpecResult, case: ET.Element, *, strict: bool) -> ET.Element:
    """A failure that the baseline has is shown as skipped, as pytest shows what is expected to fail."""
    problem = next((found for tag in ("failure", "error") if (found := case.find(tag)) is not None), None)
    if spec.known and problem is not None:
        case.remove(problem)
        message = f"known failure: {problem.get('message', '')}"
        skipped = ET.SubElement(case, "skipped", {} if strict else {"message": message, "type": "gradverify.known"})
        skipped.text = f"known failure, in the baseline\n{problem.text}"
    return case


def _classname(spec: SpecResult) -> str:
    path = PurePath(spec.file)
    parts = [part for part in (*path.parent.parts, path.name.split(".")[0]) if part not in ("/", ".", "..")]
    return ".".join([*(part.replace(".", "_") for part in parts), spec.name.replace(".", "_")])


def _case(spec: SpecResult, check: Check, classname: str, name: str, *, strict: bool) -> ET.Element:
    case = _element(name, classname, check.seconds, spec.file, check.line or spec.line, strict=strict)
    if words.as_expected(spec):
        if check.verdict is Verdict.SKIPPED:
            ET.SubElement(case, "skipped", {} if strict else {"message": text(check.reason or "")}).text = text(
                check.reason or ""
            )
        elif check.verdict is Verdict.ERROR:
            _problem(case, "error", check.reason or "error", "CheckError", "")
        elif check.verdict is Verdict.FAIL and not strict:
            ET.SubElement(case, "system-out").text = text(f"found wrong, as expected: {check.reason or ''}")
        return case
    match check.verdict:
        case Verdict.FAIL if spec.expected == "pass":
            _problem(case, "failure", _message(spec, check), "GradientMismatch", _story(spec, check))
        case Verdict.ERROR:
            _problem(case, "error", check.reason or "error", "CheckError", "")
        case Verdict.INCONCLUSIVE if spec.verdict is not Verdict.FAIL:
            _problem(case, "error", f"inconclusive: {check.reason or ''}", "Inconclusive", "")
        case Verdict.SKIPPED:
            ET.SubElement(case, "skipped", {} if strict else {"message": text(check.reason or "")}).text = text(
                check.reason or ""
            )
        case _:
            pass
    return case


def _element(name: str, classname: str, seconds: float, file: str, line: int, *, strict: bool) -> ET.Element:
    attributes = {"name": name, "classname": classname, "time": _seconds(seconds)}
    if not strict:
        attributes |= {"file": text(file), "line": str(line)}
    return ET.Element("testcase", attributes)


def _problem(case: ET.Element, tag: str, message: str, kind: str, story: str) -> None:
    first = text(" ".join(message.split()))
    ET.SubElement(case, tag, {"message": first, "type": kind}).text = text(f"{message}\n{story}".strip())


def _message(spec: SpecResult, check: Check) -> str:
    """The number that matters first: `∂f/∂z: max rel. error 2.0e+00 at (1, 2, 3)`."""
    found = words.worst_point([check])
    if found is None or not found[1].wrong_components or check.max_relative_error is None:
        return check.reason or spec.reason or "wrong"
    parts = found[1].wrong_components
    names = ", ".join(p.label for p in parts[:3]) + (f" and {len(parts) - 3} more" if len(parts) > 3 else "")
    return f"max rel. error {check.max_relative_error:.1e}: {names} at {words.point(found[1].at)}"


def _story(spec: SpecResult, check: Check) -> str:
    lines = [check.reason or ""]
    found = words.worst_point([check])
    if found is not None:
        lines.append(f"at {words.point(found[1].at)}:")
        for part in found[1].wrong_components[:MOST_ROWS]:
            label, claimed, reference, bound, error = words.component_row(found[1], part)
            lines.append(f"  {label}: claimed {claimed}, reference {reference} ± {bound}, relative error {error}")
    lines += [f"likely mistake ({d.fault.value}): {d.message}" for d in spec.diagnosis]
    if spec.counterexample is not None:
        lines.append(f"counterexample: {spec.counterexample.message}")
    return "\n".join(line for line in lines if line)


def _seconds(value: float) -> str:
    return f"{max(0.0, value):.3f}"


def token(value: str) -> str:
    """For attributes of type xs:token: no leading, trailing or repeated white space, and never empty."""
    return text(" ".join(value.split())) or "unnamed"


def text(value: str) -> str:
    """Without characters that XML forbids, written as `#xNN` instead; cut to a bounded length."""
    cut = value if len(value) <= MOST_TEXT else value[: MOST_TEXT - 1] + "…"
    return _ILLEGAL.sub(lambda match: f"#x{ord(match.group()):02X}", cut)
