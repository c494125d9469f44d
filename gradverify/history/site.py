"""The static site: file names and their text, from the runs of one branch."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from gradverify.history.badge import badge_of
from gradverify.history.index_page import index_page
from gradverify.history.records import RunRecord
from gradverify.history.spec_page import spec_page
from gradverify.history.trends import Trend, trends

MOST_NAME = 48  # characters of a spec's name in its file's


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the site speaks of its project. commit_url: with `{}` where the commit goes; None for no links."""

    title: str = "Gradients over time"
    commit_url: str | None = None

    def commit_link(self, commit: str | None) -> str | None:
        """Where a commit is shown."""
        return self.commit_url.replace("{}", commit) if commit and self.commit_url else None


def site(runs: Sequence[RunRecord], look: Look) -> dict[str, str]:
    """Every file of the site by its name; `runs` are oldest first."""
    told = trends(runs)
    pages = {trend.key: page_name(trend.key) for trend in told}
    badge = badge_of(runs[-1] if runs else None)
    files = {
        "index.html": index_page(runs, told, pages, look),
        "badge.svg": badge.svg(),
        "badge.json": badge.json(),
        "history.json": _data(told),
    }
    return files | {pages[trend.key]: spec_page(trend, look) for trend in told}


def page_name(key: str) -> str:
    """The file of a spec's page: readable, and different for different specs."""
    name = re.sub(r"[^a-z0-9]+", "-", key.rpartition("::")[2].lower()).strip("-")[:MOST_NAME]
    return f"spec-{name or 'unnamed'}-{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()[:10]}.html"


def _data(told: Sequence[Trend]) -> str:
    """What the pages show, for scripts."""
    specs = [
        {
            "spec": trend.key,
            "runs": [
                {
                    "commit": m.run.commit, "started": m.run.started, "verdict": m.spec.verdict.value,
                    "backend": m.spec.backend, "error": _number(m.spec.error),
                }
                for m in trend.moments
            ],
            "grew": [
                {"commit": trend.moments[g.at].run.commit, "started": trend.moments[g.at].run.started,
                 "before": _number(g.before), "after": _number(g.after)}
                for g in trend.growths
            ],
            "flaky": list(trend.flaky),
        }
        for trend in told
    ]  # fmt: skip
    return json.dumps({"format": 1, "specs": specs}, allow_nan=False, ensure_ascii=True, indent=1) + "\n"


def _number(value: float | None) -> float | str | None:
    return "inf" if value == float("inf") else value
