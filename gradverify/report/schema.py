"""The published JSON Schema of the JSON report, made from the same definition that writes and reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradverify.core.report import FORMAT
from gradverify.report.json_report import REPORT

SCHEMA_FILE = Path(__file__).with_name("report.schema.json")


def report_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"gradverify report, format {FORMAT}",
        **REPORT.schema,
    }
