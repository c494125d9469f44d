"""A grading process: strict JSON lines in, strict JSON lines out; `python -m gradverify.grading.worker`.

It is trusted (it compares), and a process of its own all the same: whatever it dies of costs one student. Its zygote is
started before the secret is read, so that nothing a submission's process inherits has ever held it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from gradverify.run.limits import die_with_parent, single_threaded


def main() -> None:
    """Serve until the parent closes the line."""
    single_threaded()
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what an instructor's function prints is no message
    requests = _requests(sys.stdin)
    first = next(requests, None)
    if first is None:
        return
    die_with_parent(int(first["parent"]))
    serve(first, requests, out)


def serve(first: dict[str, Any], requests: Iterator[dict[str, Any]], out: TextIO) -> None:
    """Load the assignment of the first request, then grade one submission a request."""
    from gradverify.grading.assignment import load_assignment
    from gradverify.grading.codec import student_to_data
    from gradverify.grading.intake import Submission
    from gradverify.grading.leftovers import staging_folder
    from gradverify.grading.student import Course, grade_student
    from gradverify.sandbox import Limits, Zygote

    def say(kind: str, data: Any) -> None:
        out.write(json.dumps({kind: data}, allow_nan=False) + "\n")
        out.flush()

    limits = Limits(seconds=float(first["seconds"]), memory_mb=int(first["memory_mb"]))
    with staging_folder() as folder, Zygote(limits, tuple(first["imports"]), folder) as zygote:
        from gradverify.grading.bench import Plan, make_bench
        from gradverify.plugins import load_plugins

        plugins = load_plugins(tuple(first["block"]))
        parsed = load_assignment(first["assignment"], plugins.backend_options(), tuple(plugins.loaders))
        if parsed.assignment is None:
            say("broken", "the assignment cannot be read any more")
            return
        plans = {name: Plan.from_data(data) for name, data in first["plans"].items()}
        benches = {q.name: make_bench(q, plugins, plans.get(q.name)) for q in parsed.assignment.questions}
        level = zygote.level
        say("ready", {"level": level.name, "details": dict(level.details)})
        secret_request = next(requests, None)
        if secret_request is None:
            return
        course = Course(parsed.assignment, benches, bytes.fromhex(secret_request["secret"]), zygote, folder)
        for request in requests:
            submission = Submission(request["student"], tuple(Path(source) for source in request["sources"]))
            partial = bool(request.get("partial"))
            result = grade_student(
                course, submission, (lambda r: say("partial", student_to_data(r))) if partial else lambda _: None
            )
            say("done", student_to_data(result))


def _requests(stream: TextIO) -> Iterator[dict[str, Any]]:
    for line in stream:
        request = json.loads(line)
        assert isinstance(request, dict)
        yield request


if __name__ == "__main__":
    main()
