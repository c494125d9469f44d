"""A folder of submissions to students: files, folders and archives, also under the names of bulk downloads.

Canvas      ada_lovelace_12345_67890_gradients-1.py, lovelaceada_LATE_12345_67890_gradients.py
Moodle      Ada Lovelace_123456_assignsubmission_file/gradients.py, or …_assignsubmission_file_gradients.py
Gradescope  submission_123456789/gradients.py beside submission_metadata.yml, which names the submitters
otherwise   the student's name is the file's or folder's name without its ending
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gradverify.grading.archive import IGNORED
from gradverify.grading.bulk import CANVAS, GRADESCOPE, MOODLE
from gradverify.grading.names import alike, shown, shown_names, spelled
from gradverify.spec.yaml12 import Mapping, Node, Scalar, Sequence, read_documents

METADATA = "submission_metadata.yml"
ENDINGS = (".py", ".zip", ".ipynb", ".tar.gz", ".tgz", ".txt", ".tar")
NOT_SUBMISSIONS = frozenset(("submission_metadata.yml", "readme.md", "readme.txt", "desktop.ini", "thumbs.db"))
NOT_ENDINGS = (".csv", ".yml", ".yaml", ".json", ".jsonl", ".secret", ".md", ".html")
MOST_METADATA = 10_000_000  # bytes
# What systems and editors leave in a folder, which nobody asks after.
LITTER = frozenset((".DS_Store", ".git", ".gitignore", ".gitattributes", ".gitkeep", ".directory", ".idea", ".vscode"))
MOST_HIDDEN = 5  # names beginning with a dot that are told one by one
# The grader's own files beside the students' folders, in small letters.
RESERVED = frozenset(("journal.jsonl", "journal.new", "report.json", "gradebook.csv", "index.html"))


@dataclass(frozen=True, slots=True)
class Submission:
    """One student's submission as it lies there."""

    student: str
    sources: tuple[Path, ...]  # several where a platform delivers each file by itself


@dataclass(frozen=True, slots=True)
class Intake:
    """All submissions in the order of their students, and what was strange about the folder."""

    submissions: tuple[Submission, ...]
    notes: tuple[str, ...] = ()


def find_submissions(path: Path) -> Intake:
    """The submissions in the folder `path`; a single file is a course of one."""
    if not path.is_dir():
        return Intake((Submission(_without_ending(readable(path.name)), (path,)),))
    notes: list[str] = []
    names = _gradescope_names(path / METADATA, notes)
    found: dict[tuple[str, str], list[Path]] = {}
    hidden: list[str] = []
    for entry in sorted(path.iterdir(), key=lambda p: p.name):
        name = entry.name
        lower = name.lower()
        if name in IGNORED or name in LITTER or name.startswith("._") or lower in NOT_SUBMISSIONS:
            continue
        if name.startswith("."):
            hidden.append(f"passed over: {shown(readable(name))} begins with a dot, as hidden files do")
            continue
        if lower.endswith(NOT_ENDINGS) and not CANVAS.fullmatch(name) and not entry.is_dir():
            notes.append(f"passed over: {shown(readable(name))} is no submission")
            continue
        student, key = _student_of(entry, names)
        found.setdefault((readable(student), key), []).append(entry)
    notes += hidden[:MOST_HIDDEN]
    if len(hidden) > MOST_HIDDEN:
        notes.append(f"passed over: {len(hidden) - MOST_HIDDEN} more whose names begin with a dot")
    submissions = tuple(_unique(found, notes))
    return Intake(submissions, (*notes, *_look_alike(submissions)))


def _student_of(entry: Path, names: dict[str, str]) -> tuple[str, str]:
    """The student's name, and a key that is the same for all entries that belong together."""
    name = entry.name
    moodle = MOODLE.fullmatch(name)
    if moodle is not None:
        return moodle["student"], f"moodle {moodle['id']}"
    gradescope = GRADESCOPE.fullmatch(name)
    if gradescope is not None and entry.is_dir():
        return names.get(name, name), name
    canvas = CANVAS.fullmatch(name)
    if canvas is not None and not entry.is_dir():
        return canvas["student"], f"canvas {canvas['user']}"
    return _without_ending(name), name


def readable(name: str) -> str:
    """A file's name with the bytes that are not UTF-8 replaced: as such they could neither be written nor hashed."""
    return re.sub(r"[\ud800-\udfff]", "\ufffd", name)


def _without_ending(name: str) -> str:
    lower = name.lower()
    ending = next((e for e in ENDINGS if lower.endswith(e) and len(name) > len(e)), "")
    return name[: len(name) - len(ending)] if ending else name


def _unique(found: dict[tuple[str, str], list[Path]], notes: list[str]) -> Iterable[Submission]:
    """Students with different names; two that share one keep it with the number or the ending that tells them apart."""
    shared: dict[str, int] = {}
    for student, _ in found:
        shared[student] = shared.get(student, 0) + 1
    taken: set[str] = set()
    for (student, key), paths in found.items():
        name = student
        if shared[student] > 1:
            short = readable(key)
            name = f"{student} ({short.split(' ')[-1]})" if " " in short or short == student else short
            notes.append(
                f"{shared[student]} submissions are named `{shown(student)}`; one is graded as `{shown(name)}`"
            )
        while name in taken:
            name += "'"
        taken.add(name)
        yield Submission(name, tuple(paths))


def _look_alike(submissions: Iterable[Submission]) -> list[str]:
    """Students whose names differ, and look the same or nearly so: two people, or one who handed in twice."""
    of = {submission.student: submission for submission in submissions}
    told = shown_names(of)
    return [
        "these names look alike, and each is graded as a student: "
        + ", ".join(f"`{told[name]}` ({spelled(readable(of[name].sources[0].name))})" for name in group)
        for group in alike(of).values()
        if len(group) > 1
    ]


def _gradescope_names(path: Path, notes: list[str]) -> dict[str, str]:
    """The submitters of each folder of a Gradescope export."""
    try:
        if not path.is_file() or path.stat().st_size > MOST_METADATA:
            return {}
        documents = read_documents(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        notes.append(f"{METADATA} cannot be read; students are called by their submissions' numbers")
        return {}
    root = documents.roots[0] if documents.roots else None
    if documents.problems or not isinstance(root, Mapping):
        notes.append(f"{METADATA} cannot be read; students are called by their submissions' numbers")
        return {}
    found: dict[str, str] = {}
    for key, value in root.entries:
        submitters = value.get(":submitters") if isinstance(value, Mapping) else None
        people = [_person(item) for item in submitters.items] if isinstance(submitters, Sequence) else []
        named = [person for person in people if person]
        if named:
            found[key.text] = " & ".join(named)
    return found


def _person(node: Node) -> str:
    if not isinstance(node, Mapping):
        return ""
    for key in (":name", ":email", ":sid"):
        value = node.get(key)
        if isinstance(value, Scalar) and value.text.strip():
            return value.text.strip()
    return ""


def folder_names(students: Iterable[str]) -> dict[str, str]:
    """For each student a folder name that is harmless on every system, each all different and none a file of ours."""
    found: dict[str, str] = {}
    taken: set[str] = set(RESERVED)
    for student in students:
        clean = re.sub(r"[^\w .@&+()-]", "_", student).strip(" .")[:80].strip(" .") or "student"
        name, number = clean, 2
        while name.casefold() in taken:
            name, number = f"{clean}-{number}", number + 1
        taken.add(name.casefold())
        found[student] = name
    return found
