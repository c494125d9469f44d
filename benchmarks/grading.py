"""How fast a course is graded: `python benchmarks/grading.py [STUDENTS] [JOBS]`.

The goal is 200 submissions of 6 questions in at most 60 s on two cores. The submissions are those of specs/grading/,
repeated, so most have mistakes that are looked at closely; half of them are made right ones, as in a real course.
Submissions that wait for their time limit are left out: how long those take is the instructor's choice.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
COURSE = ROOT / "specs/grading"
WAITS = frozenset(("kim",))


def main() -> None:
    students = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    jobs = sys.argv[2] if len(sys.argv) > 2 else "2"
    samples = sorted(path for path in (COURSE / "submissions").glob("*.py") if path.stem not in WAITS)
    right = COURSE / "submissions/ada.py"
    with tempfile.TemporaryDirectory() as folder:
        subs = Path(folder) / "submissions"
        subs.mkdir()
        for index in range(students):
            source = right if index % 2 else samples[index // 2 % len(samples)]
            (subs / f"student{index:04d}.py").write_bytes(source.read_bytes())
        (Path(folder) / "secret").write_text("only for this benchmark, whose points nobody has to guess")
        text = (COURSE / "assignment.yaml").read_text().split("  - name: hessian")[0]
        (Path(folder) / "assignment.yaml").write_text(text)
        (Path(folder) / "course.yaml").write_bytes((COURSE / "course.yaml").read_bytes())
        started = time.perf_counter()
        done = subprocess.run(
            [
                sys.executable, "-m", "gradverify", "grade", f"{folder}/assignment.yaml", str(subs),
                "--out", f"{folder}/out", "--secret", f"{folder}/secret", "--min-isolation", "none", "-j", jobs, "-q",
            ],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        seconds = time.perf_counter() - started
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        report = json.loads((Path(folder) / "out/report.json").read_text())
        level = report["isolation"]["level"]
        print(done.stdout.strip())
        print(
            f"{students} submissions of {len(report['questions'])} questions with {jobs} processes: {seconds:.1f} s,"
            f" {1000 * seconds / students:.0f} ms a submission, {usage.ru_utime + usage.ru_stime:.1f} s of CPU,"
            f" isolation {level}, largest process {usage.ru_maxrss / 1024:.0f} MB"
        )


if __name__ == "__main__":
    main()
