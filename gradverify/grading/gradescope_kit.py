"""Gradescope's autograder as a zip archive: the assignment, this gradverify, setup.sh and run_autograder.

The layout and the metadata are those of gradescope/autograder_samples (docs/specs.md, docs/submission_metadata.md).
Everything is readable by root alone before a submission runs, and submissions run as another user, confined.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
import zipfile
from pathlib import Path

from gradverify.grading.intake import Submission
from gradverify.grading.model import Assignment

PROJECT = "gradverify"
MOST_METADATA = 10_000_000

SETUP = """#!/usr/bin/env bash
# Runs once, when Gradescope builds the image (Ubuntu 22.04, whose own Python is too old).
set -euo pipefail
apt-get update
apt-get install -y python3.11 python3.11-venv
python3.11 -m venv /autograder/venv
/autograder/venv/bin/pip install --no-cache-dir {requirements}
id student >/dev/null 2>&1 || useradd --no-create-home --shell /usr/sbin/nologin student
"""

# AUTOGRADER and PYTHON can be set to try the archive outside Gradescope.
RUN = """#!/usr/bin/env bash
# Runs for each submission.
set -uo pipefail
root="${{AUTOGRADER:-/autograder}}"
python="${{PYTHON:-$root/venv/bin/python}}"
mkdir -p "$root/results"
chmod -R go-rwx "$root/source/assignment" 2>/dev/null
export PYTHONPATH="$root/source/vendor"
"$python" -P -m gradverify grade "$root/source/assignment/{assignment}" --autograder "$root" \\
    --secret "$root/source/assignment/secret" --min-isolation "${{MIN_ISOLATION:-{level}}}" -j 1
code=$?
if [ ! -s "$root/results/results.json" ]; then
    echo '{{"score": 0, "output": "The grader failed. That is not your fault; your instructor has to look at it.",'\\
        '"stdout_visibility": "hidden", "tests": []}}' > "$root/results/results.json"
fi
exit 0
"""
LEVEL = "seccomp"  # Landlock depends on the kernel that Gradescope runs, which is not documented


class KitError(Exception):
    """The archive cannot be written; the message says why."""


def assignment_files(assignment: Assignment) -> list[Path]:
    """What the archive holds of the assignment. Raises KitError where a file lies outside its folder."""
    base = Path(assignment.file).resolve().parent
    files = sorted({Path(file).resolve() for file in assignment.files})
    outside = [file for file in files if not file.is_relative_to(base)]
    if outside:
        raise KitError(f"{outside[0]} lies outside {base}; put the assignment's files below its own folder")
    return files


def write_kit(assignment: Assignment, secret: bytes, target: Path) -> None:
    """Write the autograder archive of `assignment`."""
    base = Path(assignment.file).resolve().parent
    files = assignment_files(assignment)
    temporary = target.with_name(f".{target.name}.new")  # it holds the secret
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            _add(archive, "setup.sh", SETUP.format(requirements=" ".join(_requirements())), executable=True)
            run = RUN.format(assignment=Path(assignment.file).resolve().relative_to(base), level=LEVEL)
            _add(archive, "run_autograder", run, executable=True)
            for file in files:
                archive.write(file, f"assignment/{file.relative_to(base)}")
            _add(archive, "assignment/secret", secret.decode() + "\n")
            _add_packages(archive)
        os.replace(temporary, target)
    except OSError as error:
        raise KitError(f"{target} cannot be written: {error.strerror}") from None
    finally:
        temporary.unlink(missing_ok=True)


def _add(archive: zipfile.ZipFile, name: str, text: str, *, executable: bool = False) -> None:
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.external_attr = (0o100755 if executable else 0o100600) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, text)


def _requirements() -> list[str]:
    """What gradverify needs, in the versions that it runs with here."""
    needed = [text for text in importlib.metadata.requires(PROJECT) or () if "extra ==" not in text]
    names = [re.split(r"[ <>=!~;\[]", text, maxsplit=1)[0] for text in needed]
    return [f"'{name}=={importlib.metadata.version(name)}'" for name in names]


def _packages() -> list[str]:
    """gradverify, and the packages of the plugins that it ships."""
    points = importlib.metadata.distribution(PROJECT).entry_points
    return [PROJECT, *sorted({point.module.partition(".")[0] for point in points if point.group == PROJECT})]


def _add_packages(archive: zipfile.ZipFile) -> None:
    """gradverify itself and its plugins, with the metadata by which they are found."""
    for name in _packages():
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise KitError(f"the package {name} is not installed")
        folder = Path(spec.origin).parent
        for file in sorted(folder.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                archive.write(file, f"vendor/{name}/{file.relative_to(folder)}")
    distribution = importlib.metadata.distribution(PROJECT)
    info = f"vendor/{PROJECT}-{distribution.version}.dist-info"
    for name in ("METADATA", "entry_points.txt"):
        text = distribution.read_text(name)
        if text is not None:
            _add(archive, f"{info}/{name}", text)


def submission_in(root: Path) -> Submission:
    """The submission that Gradescope hands to the autograder, named by its submitters."""
    name = "submission"
    try:
        path = root / "submission_metadata.json"
        if path.stat().st_size <= MOST_METADATA:
            metadata = json.loads(path.read_text(encoding="utf-8"))
            users = metadata.get("users", []) if isinstance(metadata, dict) else []
            people = [str(u.get("email") or u.get("id") or "") for u in users if isinstance(u, dict)]
            name = " & ".join(sorted(filter(None, people))) or name
    except (OSError, ValueError, AttributeError, TypeError):
        pass  # the name decides the hidden points alone
    return Submission(name, (root / "submission",))
