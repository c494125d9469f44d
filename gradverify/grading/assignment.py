"""An assignment file to an `Assignment`, by the machinery that reads specs: every fault has its place."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import re
import sys
from collections.abc import Mapping as Mapping_
from collections.abc import Sequence as Sequence_
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradverify.grading.model import (
    Assignment,
    Credit,
    Feedback,
    FlagKind,
    Kind,
    Question,
    SubmissionLimits,
)
from gradverify.spec.constants import find_file
from gradverify.spec.errors import SpecFault
from gradverify.spec.fields import OWN_DATA
from gradverify.spec.kinds import Choice, Flag, Integer, Key, ListOf, Number, Record, Text, read_keys, shorten
from gradverify.spec.load import load_specs
from gradverify.spec.model import ExpressionSource, Place, ReferenceSource, SampledPoints, Spec
from gradverify.spec.points import DISTRIBUTIONS, MAX_SAMPLES
from gradverify.spec.reader import Context, Offers, describe, did_you_mean, suggestion
from gradverify.spec.search import SEPARATOR
from gradverify.spec.source import SourceText
from gradverify.spec.yaml12 import MAX_CHARACTERS, Node, Scalar, Sequence, read_documents
from gradverify.spec.yaml12 import Mapping as MappingNode

if TYPE_CHECKING:
    from gradverify.hookspecs import BackendOption

DEFAULT_FILE = "submission.py"
FILE_PATTERN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,60}\.py")
MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
ENTRY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Libraries that differentiate; an assignment that forbids autodiff cannot offer them.
AUTODIFF_LIBRARIES = (
    "jax", "torch", "autograd", "tensorflow", "sympy", "casadi", "aesara", "pytensor", "theano", "numdifftools",
    "jacobi", "tinygrad", "mxnet", "algopy", "symengine",
)  # fmt: skip
MOST_MEMORY_MB = 65_536


@dataclass(frozen=True, slots=True)
class Pattern:
    """Text of a certain form."""

    form: re.Pattern[str]
    words: str
    help: str

    def read(self, node: Node, context: Context) -> str:
        text = Text(line=True).read(node, context)
        if not self.form.fullmatch(text):
            raise context.bad("bad-choice", node, f"`{shorten(text)}` is not possible here", self.help)
        return text

    def schema(self, offers: Offers) -> dict[str, Any]:  # noqa: ARG002 - one protocol for all kinds
        return {"type": "string", "pattern": f"^{self.form.pattern}$"}


@dataclass(frozen=True, slots=True)
class InstalledModule:
    """A module's name that can be imported here: what cannot would fail every student, or the grader."""

    words: str = "module"

    def read(self, node: Node, context: Context) -> str:
        name = Pattern(MODULE, self.words, "a module's name, such as numpy").read(node, context)
        if not is_installed(name):
            known = {*importlib.metadata.packages_distributions(), *sys.stdlib_module_names}
            help = did_you_mean(name, sorted(known)) if suggestion(name, known) else "install it, or remove it here"
            raise context.bad("bad-choice", node, f"no module `{shorten(name)}` can be imported here", help)
        return name

    def schema(self, offers: Offers) -> dict[str, Any]:  # noqa: ARG002
        return {"type": "string", "pattern": f"^{MODULE.pattern}$"}


def is_installed(name: str) -> bool:
    """Whether the module can be found. Of a submodule the packages around it are imported, as graders do anyway."""
    try:
        return importlib.util.find_spec(name) is not None
    except Exception:  # noqa: BLE001 - what a package raises while it is imported says that it cannot be
        return name in sys.modules


@dataclass(slots=True)
class AssignmentContext(Context):
    """A document while it is read, with the specs that it refers to."""

    beside: Path = Path()  # the assignment's folder, as it was given
    spec_faults: list[SpecFault] = field(default_factory=list)
    spec_files: list[Path] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SpecReference:
    """`file.yaml` or `file.yaml::name`, read at once."""

    words: str = "spec file"

    def read(self, node: Node, context: Context) -> Spec:
        text = Text(line=True).read(node, context)
        file, _, name = text.partition(SEPARATOR)
        find_file(file, node, (".yaml", ".yml"), context)
        assert isinstance(context, AssignmentContext)
        path = context.beside / file  # as short as the assignment's own path
        found = load_specs(
            [f"{path}{SEPARATOR}{name}" if name else path],
            context.offers.backends and {k: v or () for k, v in context.offers.backends.items()},
            kinds=context.offers.kinds,
            require_claim=False,
        )
        if path not in context.spec_files:
            context.spec_files.append(path)
            context.spec_faults += found.faults
        elif any(fault.code == "unknown-spec" for fault in found.faults):
            context.spec_faults += [fault for fault in found.faults if fault.code == "unknown-spec"]
        if not found.specs:
            count = len(found.faults)
            faults = f"{count} fault{'' if count == 1 else 's'}, listed here as well" if count else "no spec in it"
            raise context.bad("bad-part", node, f"{shorten(text, 80)} cannot be used: {faults}")
        if len(found.specs) > 1:
            names = [spec.name for spec in found.specs]
            help = f"write {file}::{names[0]}, for example"
            raise context.bad("bad-part", node, f"{shorten(file, 80)} holds {len(names)} specs", help)
        return found.specs[0]

    def schema(self, offers: Offers) -> dict[str, Any]:  # noqa: ARG002
        return {"type": "string", "minLength": 1}


HIDDEN = Record(
    (
        Key(
            name="sample", kind=Integer(1, MAX_SAMPLES), required=True, example="20",
            description="How many points to draw for each student.",
        ),
        Key(
            name="distribution", kind=Choice(DISTRIBUTIONS), example="normal", default="uniform",
            default_value="uniform", description="How the points are distributed.",
        ),
    ),
    lambda values, node, context: SampledPoints(
        values["sample"], 0, values.get("distribution", "uniform"), context.place(node)
    ),
    "`hidden_points`",
)  # fmt: skip

_CREDIT = Choice(
    {
        "per-component": "the share of components that are right at all points (of a descent: of its checks)",
        "per-point": "the share of points at which all components are right (of a descent: of its runs)",
        "all-or-nothing": "all points or none",
    }
)
_FEEDBACK = Choice(
    {
        "full": "the numbers at the visible points, the mistake, and the instructor's formula where the spec has one",
        "hint": "the kind of mistake, in words that do not give the answer away",
        "none": "the score alone",
    }
)
_KIND = Choice(
    {
        "gradient": "the gradient of a function with one value",
        "jacobian": "the Jacobian of a vector-valued function",
        "hessian": "the Hessian of a function with one value",
        "descent": "a routine that descends: f, grad_f, x0, learning_rate, max_iters, tol",
    }
)
_FORBID = Choice(
    {
        "numerical-derivative": "finite differences in place of a formula",
        "autodiff": "a library that differentiates",
        "mutates-input": "changing the arrays that the function is given",
    }
)

QUESTION_KEYS: tuple[Key, ...] = (
    Key(
        name="name", kind=Text(line=True), required=True, example="quadratic",
        description="What students and reports call the question. Unique in the assignment.",
    ),
    Key(
        name="points", kind=Number(minimum=0.0), required=True, example="10",
        description="What a right answer scores.",
    ),
    Key(
        name="spec", kind=SpecReference(), required=True, example="quadratic.yaml",
        description=(
            "The spec that decides it, relative to the assignment; `file.yaml::name` for one of several. Its function"
            " is what the student differentiates; its own claim, if it has one, is the instructor's and is checked"
            " before anybody is graded."
        ),
    ),
    Key(
        name="entry", kind=Pattern(ENTRY, "name", "a Python function's name, such as grad_f"), required=True,
        example="grad_quadratic",
        description="The function's name in the student's file. It gets the spec's variables and constants in order.",
    ),
    Key(
        name="kind", kind=_KIND, example="hessian",
        default="descent if the spec has `descent`, else what the spec claims, else gradient or jacobian by its shape",
        description="What is asked for.",
    ),
    Key(
        name="credit", kind=_CREDIT, example="per-point", default="per-component", default_value="per-component",
        description="How an answer that is right in part is credited.",
    ),
    Key(
        name="hidden_points", kind=HIDDEN, example="{sample: 20}", default="none",
        description="Points beyond the spec's, drawn for each student from the secret and the student's name.",
    ),
    Key(
        name="feedback", kind=_FEEDBACK, example="full", default="hint", default_value="hint",
        description="How much the student is told.",
    ),
    Key(
        name="forbid", kind=ListOf(_FORBID, "list of words", distinct=True), example="[numerical-derivative]",
        default="nothing", description="What costs the question's points where it is found.",
    ),
    Key(
        name="depends_on", kind=ListOf(Text(line=True), "list of names", distinct=True, single=True),
        example="[quadratic]", default="nothing",
        description="Questions that have to be right before this one is graded.",
    ),
    Key(
        name="extra", kind=Flag(), example="true", default="false", default_value=False,
        description="Extra credit: its points do not count towards full marks.",
    ),
    Key(
        name="pass_function", kind=Flag(), example="true", default="false", default_value=False,
        description="Give the student's entry f as its first argument; its calls are counted.",
    ),
)  # fmt: skip

KINDS_OF_DERIVATIVE = {"gradient": Kind.GRADIENT, "jacobian": Kind.JACOBIAN, "hessian": Kind.HESSIAN}


def _question(values: dict[str, Any], node: MappingNode, context: Context) -> Question:
    spec: Spec = values["spec"]
    kind = Kind(values["kind"]) if "kind" in values else _kind_of(spec)
    question = Question(
        name=values["name"], place=context.place(node), points=values["points"], entry=values["entry"], kind=kind,
        spec=spec, credit=Credit(values.get("credit", Credit.PER_COMPONENT)),
        feedback=Feedback(values.get("feedback", Feedback.HINT)), hidden=values.get("hidden_points"),
        forbid=tuple(FlagKind(word) for word in values.get("forbid", ())),
        depends_on=values.get("depends_on", ()), extra=values.get("extra", False),
        pass_function=values.get("pass_function", False),
    )  # fmt: skip
    _check_together(question, node, context)
    return question


def _kind_of(spec: Spec) -> Kind:
    if "descent" in spec.extensions:
        return Kind.DESCENT
    for name, kind in KINDS_OF_DERIVATIVE.items():
        if getattr(spec, name) is not None:
            return kind
    return Kind.JACOBIAN if _is_vector(spec) else Kind.GRADIENT


def _is_vector(spec: Spec) -> bool:
    function = spec.function
    return isinstance(function, ExpressionSource) and function.whole is not None and bool(function.whole.shape)


def _check_together(question: Question, node: MappingNode, context: Context) -> None:
    """What the keys of one question say of one another, and of the spec."""
    spec_node = node.get("spec") or node
    if question.kind is Kind.DESCENT:
        if "descent" not in question.spec.extensions:
            help = "add `descent: [{start: …, learning_rate: …, expect: {behaviour: converges}}]` to the spec"
            raise context.bad(
                "missing-key", spec_node, "a descent is graded by the spec's `descent`; it has none", help
            )
        if not any(getattr(question.spec, name) is not None for name in ("gradient",)):
            help = "add the right `gradient` to the spec: it is what the student's routine gets as grad_f"
            raise context.bad("claim-missing", spec_node, "a descent needs the spec's `gradient`", help)
        for name in ("forbid", "pass_function"):
            key = node.key(name)
            if key is not None and getattr(question, name):
                raise context.bad("conflicting-keys", key, f"a descent takes no `{name}`", "remove it")
    elif question.kind in (Kind.GRADIENT, Kind.HESSIAN) and _is_vector(question.spec):
        at = node.get("kind") or spec_node
        message = f"the spec's function is vector-valued; only a function with one value has a {question.kind}"
        raise context.bad("claim-of-vector", at, message, "ask for its jacobian")


QUESTION = Record(QUESTION_KEYS, _question, "a question")

SUBMISSION = Record(
    (
        Key(
            name="file", required=True, example="gradients.py", description="The file that students hand in.",
            kind=Pattern(FILE_PATTERN, "file name", "a Python file's name without folders, such as gradients.py"),
        ),
    ),
    lambda values, node, context: values["file"],
    "`submission`",
)  # fmt: skip

LIMITS = Record(
    (
        Key(
            name="seconds", kind=Number(above=0.0), example="10", default="10", default_value=10,
            description="Wall clock for all calls of one question together.",
        ),
        Key(
            name="memory_mb", kind=Integer(16, MOST_MEMORY_MB), example="512", default="512", default_value=512,
            description="Memory for a submission's process.",
        ),
    ),
    lambda values, node, context: SubmissionLimits(**values),
    "`limits`",
)  # fmt: skip

KEYS: tuple[Key, ...] = (
    Key(
        name="assignment", kind=Text(line=True), required=True, example="gradients-1",
        description="The assignment's name. Hidden points depend on it.",
    ),
    Key(
        name="title", kind=Text(line=True), example="Gradients and descent", default="the name",
        description="What people read.",
    ),
    Key(
        name="submission", kind=SUBMISSION, example="{file: gradients.py}", default=f"{{file: {DEFAULT_FILE}}}",
        description="What students hand in.",
    ),
    Key(
        name="limits", kind=LIMITS, example="{seconds: 10, memory_mb: 512}", default="10 s and 512 MB",
        description="What a submission may use.",
    ),
    Key(
        name="imports", example="[numpy, math]", default="[numpy, math]",
        kind=ListOf(InstalledModule(), "list of modules", distinct=True),
        description="The modules that submissions may import beside Python's harmless ones; nothing else is there.",
    ),
    Key(
        name="max_score", kind=Number(above=0.0), example="30", default="the sum of the questions without `extra`",
        description="Full marks. Points beyond it are extra credit.",
    ),
    Key(
        name="questions", kind=ListOf(QUESTION, "list of questions", least=1), required=True,
        example="[{name: quadratic, points: 10, spec: quadratic.yaml, entry: grad_quadratic}]",
        description="The questions.",
    ),
)  # fmt: skip

ASSIGNMENT = Record(KEYS, lambda values, node, context: values, "an assignment")
RECORDS: dict[str, Record] = {
    "assignment": ASSIGNMENT,
    "submission": SUBMISSION,
    "limits": LIMITS,
    "question": QUESTION,
    "hidden_points": HIDDEN,
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """An assignment, or why there is none."""

    assignment: Assignment | None
    faults: tuple[SpecFault, ...]


def load_assignment(
    path: Path | str,
    backends: Mapping_[str, Sequence_[BackendOption]] | None = None,
    kinds: Sequence_[str] | None = None,
) -> Parsed:
    """Read an assignment file and the specs that it names. Never raises for what they hold."""
    path = Path(path)
    try:
        if path.stat().st_size > MAX_CHARACTERS:
            return _only(path, "file-too-large", f"the file has {path.stat().st_size:,} bytes")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        there = [p.name for p in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        return _only(path, "missing-file", f"there is no file {path}", did_you_mean(path.name, there))
    except UnicodeDecodeError:
        return _only(path, "bad-encoding", "the file is not UTF-8", "save it as UTF-8")
    except (OSError, ValueError) as error:
        return _only(path, "unreadable-file", f"{path} cannot be read: {getattr(error, 'strerror', None) or error}")
    return parse_assignment(text, path, backends, kinds)


def parse_assignment(
    text: str,
    path: Path,
    backends: Mapping_[str, Sequence_[BackendOption]] | None = None,
    kinds: Sequence_[str] | None = None,
) -> Parsed:
    """The assignment in `text`; relative files are looked for beside `path`."""
    source = SourceText(text, str(path))
    documents = read_documents(text)
    known = None if backends is None else {name: tuple(options) for name, options in backends.items()}
    offers = Offers(known, None if kinds is None else tuple(kinds), require_claim=False)
    context = AssignmentContext(source, offers, path.resolve().parent, beside=path.parent)
    context.problems += documents.problems
    roots = [root for root in documents.roots if root is not None]
    assignment = None
    meant = [root for root in roots if not (isinstance(root, Scalar) and root.value is None)]
    if not meant and not context.problems:
        return _only(path, "empty-file", "there is no assignment in this file", "start with `assignment: a-name`")
    if len(meant) > 1:
        context.bad("conflicting-keys", meant[1], "an assignment file holds one document", "remove the rest", length=1)
    if meant:
        with context.collecting():
            assignment = _assignment(meant[0], path, context)
    context.problems.sort(key=lambda problem: problem.start)
    faults = tuple(dict.fromkeys([*(source.fault(p) for p in context.problems), *context.spec_faults]))
    return Parsed(None if faults else assignment, faults)


def _only(path: Path, code: str, message: str, help: str = "") -> Parsed:
    return Parsed(None, (SpecFault(code, Place(str(path), 1, 1), 1, message, "", help),))


def _assignment(root: Node, path: Path, context: AssignmentContext) -> Assignment:
    if not isinstance(root, MappingNode):
        help = "an assignment is a mapping with `assignment` and `questions`"
        raise context.bad("wrong-type", root, f"expected an assignment, got {describe(root)}", help, length=1)
    entries = [(key, value) for key, value in root.entries if not key.text.startswith(OWN_DATA)]
    values = read_keys(ASSIGNMENT, replace(root, entries=entries), context)
    questions: tuple[Question, ...] = values["questions"]
    nodes = root.get("questions")
    assert isinstance(nodes, Sequence)
    _check_questions(questions, nodes, values, root, context)
    imports: tuple[str, ...] = values.get("imports", ("numpy", "math"))
    files = [path, *context.spec_files, *(Path(file) for q in questions for file in _files_of(q.spec))]
    counted = sum(q.points for q in questions if not q.extra)
    return Assignment(
        name=values["assignment"], title=values.get("title", values["assignment"]), file=str(path),
        submission_file=values.get("submission", DEFAULT_FILE), limits=values.get("limits", SubmissionLimits()),
        imports=imports, questions=questions, max_score=values.get("max_score", counted),
        files=tuple(dict.fromkeys(str(file) for file in files)),
    )  # fmt: skip


def _check_questions(
    questions: tuple[Question, ...],
    nodes: Sequence,
    values: Mapping_[str, Any],
    root: MappingNode,
    context: AssignmentContext,
) -> None:
    """What the questions say of one another and of the assignment."""
    seen: dict[str, int] = {}
    for index, (question, node) in enumerate(zip(questions, nodes.items, strict=True)):
        at = _value(node, "name")
        if question.name in seen:
            context.bad("duplicate-name", at, f"another question is named `{shorten(question.name)}`", "rename it")
        seen.setdefault(question.name, index)
    for index, (question, node) in enumerate(zip(questions, nodes.items, strict=True)):
        at = _value(node, "depends_on")
        for name in question.depends_on:
            if name not in seen:
                help = did_you_mean(name, [q.name for q in questions if q is not question], "the questions are")
                context.bad("unknown-name", at, f"no question is named `{shorten(name)}`", help)
            elif seen[name] >= index:
                help = "a question depends on earlier ones: change their order"
                context.bad("conflicting-keys", at, f"`{shorten(name)}` does not stand before this question", help)
    imports = values.get("imports", ())
    libraries = [module for module in imports if module.partition(".")[0] in AUTODIFF_LIBRARIES]
    forbidding = [q.name for q in questions if FlagKind.AUTODIFF in q.forbid]
    if libraries and forbidding:
        at = root.get("imports") or root
        message = f"`{libraries[0]}` differentiates, and the question `{shorten(forbidding[0])}` forbids autodiff"
        context.bad("conflicting-keys", at, message, "remove one of the two")
    counted = sum(q.points for q in questions if not q.extra)
    if not counted > 0:
        context.bad("out-of-range", nodes, "no question counts: all have 0 points or are extra credit", length=1)
    elif values.get("max_score", counted) > sum(q.points for q in questions):
        at = root.get("max_score") or root
        context.bad("out-of-range", at, f"full marks cannot be reached: the questions have {counted:g} points")


def _value(node: Node, name: str) -> Node:
    found = node.get(name) if isinstance(node, MappingNode) else None
    return node if found is None else found


def _files_of(spec: Spec) -> list[str]:
    """The files beside the spec that it is made of."""
    directory = Path(spec.place.file).resolve().parent
    found = [constant.file for constant in spec.constants.values() if constant.file is not None]
    for source in (spec.function, spec.gradient, spec.jacobian, spec.hessian):
        if isinstance(source, ReferenceSource):
            file = directory / source.target.rpartition(":")[0]
            if file.is_file():
                found.append(str(file))
    return found


def fingerprint(assignment: Assignment, secret: bytes) -> str:
    """Changes whenever anything that decides grades changes: the assignment, its specs and their files, the secret."""
    digest = hashlib.sha256(secret)
    for file in assignment.files:
        path = Path(file)
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
