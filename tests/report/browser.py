"""A headless Chromium, where there is one: pages as they are really laid out."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
LONGEST = 240  # seconds
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--virtual-time-budget=5000",
)  # fmt: skip
HARNESS = """<!DOCTYPE html><meta charset="utf-8"><body>%s<output id="told"></output><script>
addEventListener("load", () => {
  const told = [...document.querySelectorAll("iframe")].map(frame => {
    const page = frame.contentDocument;
    const shown = () => [...page.querySelectorAll(".spec")].filter(e => e.getClientRects().length).length;
    const choose = id => { const radio = page.getElementById(id); if (radio) radio.click(); return shown(); };
    const all = shown(), failed = choose("v-fail"); choose("v-all");
    return {width: frame.clientWidth, scroll: page.documentElement.scrollWidth, shown: all, failed,
            tagged: choose("t1-only"),
            figures: [...page.querySelectorAll("svg.figure")]
              .filter(e => e.getBoundingClientRect().height > 50).length};
  });
  document.getElementById("told").textContent = JSON.stringify(told);
});</script>"""


def measured(page: str, widths: tuple[int, ...], folder: Path) -> list[dict[str, Any]]:
    """Lay `page` out at each width; what it measures and what its filters leave."""
    assert CHROMIUM is not None
    frames = (
        f'<iframe srcdoc="{html.escape(page)}" style="width:{w}px;height:900px;border:0"></iframe>' for w in widths
    )
    file = folder / "harness.html"
    file.write_text(HARNESS % "".join(frames), encoding="utf-8")
    finished = subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", file.as_uri()],
        capture_output=True, encoding="utf-8", timeout=LONGEST, check=True,
    )  # fmt: skip
    found = re.search(r'<output id="told">(.*?)</output>', finished.stdout)
    assert found is not None, finished.stdout[-500:]
    told: list[dict[str, Any]] = json.loads(html.unescape(found[1]))
    return told
