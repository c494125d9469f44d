"""SARIF 2.1.0 for code scanning: the place is the gradient's own source line, the spec is the related place.

Shaped by what GitHub reads (docs/report.md): relative URIs, a rule for each fault, and fingerprints without line
numbers, so that an alert survives lines that move.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from gradverify.core.report import PluginInfo, Report
from gradverify.core.verdicts import Fault, Verdict
from gradverify.report.findings import NOT_WRONG, Finding, findings, relative_path
from gradverify.report.json_report import to_json
from gradverify.report.safe_text import cut, one_line

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MOST_RESULTS = 5_000  # GitHub stores 25,000 and shows 5,000 a run
MOST_EXTENSIONS = 100  # tool extensions a run, GitHub's limit
MOST_DESCRIPTION = 1_024  # characters of a rule's description, GitHub's limit

_RULES: dict[str, str] = {
    **{fault.value: f"The claimed derivative is wrong; likely mistake: {fault.value}." for fault in Fault},
    Fault.UNKNOWN.value: "The claimed derivative is wrong, in no way that has a name.",
    NOT_WRONG: "A spec that should be found wrong was not, or not in the way expected.",
    Verdict.INCONCLUSIVE.value: "No backend could decide whether the claimed derivative is right.",
    Verdict.ERROR.value: "The function, a backend or a limit broke, so nothing was decided.",
}
_LEVELS = {Verdict.FAIL: "error", Verdict.ERROR: "warning", Verdict.INCONCLUSIVE: "warning"}
_HELP = "Run `gradverify explain {rule}`, or see the spec's story in the log of `gradverify run`."


def render_sarif(report: Report, options: Mapping[str, str]) -> str:
    """The report as SARIF. `options["root"]` is the repository's root, `options["category"]` tells runs apart."""
    found = [item for item in findings(report) if item.spec.verdict in _LEVELS]
    shown = found[:MOST_RESULTS]
    rules = sorted({item.rule for item in shown})
    seen: Counter[str] = Counter()
    run: dict[str, Any] = {
        "tool": {
            "driver": {"name": "gradverify", "semanticVersion": report.gradverify, "rules": [_rule(r) for r in rules]},
            "extensions": [_extension(plugin) for plugin in report.plugins[:MOST_EXTENSIONS]],
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": not report.interrupted}],
        "results": [_result(item, rules.index(item.rule), options, seen) for item in shown],
    }
    if options.get("category"):
        run["automationDetails"] = {"id": options["category"].rstrip("/") + "/"}
    if len(found) > len(shown):
        run["properties"] = {"resultsLeftOut": len(found) - len(shown)}
    return to_json({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(rule: str) -> dict[str, Any]:
    text = cut(_RULES[rule], MOST_DESCRIPTION)
    return {
        "id": rule,
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "help": {"text": _HELP.format(rule=rule)},
        "defaultConfiguration": {"level": "warning" if rule in (Verdict.INCONCLUSIVE, Verdict.ERROR) else "error"},
    }


def _extension(plugin: PluginInfo) -> dict[str, Any]:
    extension: dict[str, Any] = {"name": one_line(plugin.name) or "unnamed"}
    if plugin.version:
        extension["version"] = one_line(plugin.version)
    return extension


def _result(item: Finding, rule_index: int, options: Mapping[str, str], seen: Counter[str]) -> dict[str, Any]:
    spec = item.spec
    text = f"{one_line(spec.name)}: {item.message}"
    result: dict[str, Any] = {
        "ruleId": item.rule,
        "ruleIndex": rule_index,
        "level": "note" if spec.known else _LEVELS[spec.verdict],
        "message": {"text": _message("\n".join([text, *item.details]))},
        "locations": [_location(item.file, item.line, options)],
        "partialFingerprints": {"primaryLocationLineHash": _fingerprint(item, options, seen)},
    }
    if spec.known:
        result["suppressions"] = [{"kind": "external", "justification": "a known failure: it is in the baseline"}]
    if item.file != spec.file:
        related = _location(spec.file, max(spec.line, 1), options)
        result["relatedLocations"] = [related | {"id": 0, "message": {"text": "the spec"}}]
    return result


def _message(text: str) -> str:
    """Without `[text](target)`, which a SARIF message shows as a link (SARIF 2.1.0, section 3.11.6)."""
    return text.replace("](", "] (")


def _location(file: str, line: int, options: Mapping[str, str]) -> dict[str, Any]:
    region = {"startLine": line, "startColumn": 1, "endLine": line, "endColumn": 2}
    uri = quote(relative_path(file, options), safe="/:", errors="backslashreplace")
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}


def _fingerprint(item: Finding, options: Mapping[str, str], seen: Counter[str]) -> str:
    """Of the spec, the rule and the components; the number behind the colon tells equal ones apart."""
    parts = (
        relative_path(item.spec.file, options),
        item.spec.name,
        item.rule,
        *(c.label for c in item.spec.wrong_components),
    )
    key = digest(*parts)
    seen[key] += 1
    return f"{key}:{seen[key]}"


def digest(*parts: str) -> str:
    """16 hexadecimal digits of the parts' SHA-256; no two lists of parts run together."""
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]
