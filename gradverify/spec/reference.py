"""The tables of docs/spec.md, made from the definition of the format."""

from __future__ import annotations

from gradverify.spec.fields import RECORDS


def reference_table(heading: str) -> str:
    """The table of one mapping's keys: what each takes, its default, what it means, an example."""
    lines = ["| key | takes | default | meaning | example |", "|---|---|---|---|---|"]
    for key in RECORDS[heading].keys:
        default = "required" if key.required else key.default or "see below"
        cells = (f"`{key.name}`", key.kind.words, default, key.description, f"`{key.name}: {key.example}`")
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines)
