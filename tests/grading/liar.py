"""A grading process that dies, lies or hangs for some students, and grades the others by the bytes they wrote."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from gradverify.grading.archive import digest_of

ME: Any = sys.stdin


def say(data: object) -> None:
    print(json.dumps(data), flush=True)


ME.readline()
say({"ready": {"level": "none", "details": {}}})
ME.readline()
for line in ME:
    student = json.loads(line)["student"]
    match student:
        case "dies":
            os._exit(9)
        case "hangs":
            time.sleep(600)
        case "babbles":
            print("no JSON", flush=True)
        case "forges":
            say({"done": {"student": "forges", "status": "ok", "score": float("1e9")}})
        case _:
            sources = tuple(map(Path, json.loads(line)["sources"]))
            score = float(sources[0].stat().st_size) if sources[0].exists() else 1.0
            digest = digest_of(sources)
            say({"done": {"student": student, "status": "ok", "score": score, "max_score": 10.0, "digest": digest}})
