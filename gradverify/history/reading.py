"""A JSON report from a file that anybody may have written."""

from __future__ import annotations

from pathlib import Path

from gradverify.core.report import Report
from gradverify.report.json_report import report_from_text

MOST_BYTES = 2_000_000_000


class ReadingError(Exception):
    """The file is no report; the message names it and what is wrong."""


def read_report(path: Path) -> Report:
    """The report in `path`. Raises `ReadingError`."""
    try:
        if path.is_file() and path.stat().st_size > MOST_BYTES:
            raise ReadingError(f"{path} is larger than {MOST_BYTES:,} bytes")
        return report_from_text(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ReadingError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ReadingError(f"{path} is no JSON report: it is not UTF-8 text") from None
    except ValueError as error:
        raise ReadingError(f"{path} is no JSON report of gradverify: {error}") from None
