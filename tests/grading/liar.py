"""A grading process that dies, lies or hangs for some students, and grades the others."""

import json
import os
import sys
import time
from typing import Any

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
            say({"done": {"student": student, "status": "ok", "score": 1.0, "max_score": 1.0}})
