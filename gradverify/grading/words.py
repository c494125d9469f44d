"""What students are told: words that teach and do not give the answer away.

A hint names the component and the kind of mistake, and asks the question that leads on. It holds no number. Whatever
the submission itself said (an exception's text, say) is shown only if it was said before the submission had seen
anything that is hidden from its author.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradverify.core.report import Diagnosis
from gradverify.core.verdicts import Fault
from gradverify.grading.model import FlagKind, Status, SubmissionLimits
from gradverify.report.safe_text import one_line
from gradverify.sandbox.model import Answer
from gradverify.sandbox.places import without_paths

# {what} names the components, {by} the variable that they are derivatives by.
HINTS: dict[Fault, str] = {
    Fault.SIGN: "{what}: right size, wrong sign. Which way does f change when {by} grows?",
    Fault.FACTOR: (
        "{what}: off by a factor. Which exponents and coefficients come down when you differentiate by {by}?"
    ),
    Fault.SWAPPED_COMPONENTS: (
        "{what}: the values look right, but each stands in another's place. In which order do the variables come?"
    ),
    Fault.TRANSPOSED: (
        "{what}: the entries look right, but rows and columns are exchanged. Which index counts outputs, which inputs?"
    ),
    Fault.OFF_BY_ONE_INDEX: "{what}: entries hold their neighbours' values. Where does your index start, and end?",
    Fault.MISSING_TERM: (
        "{what}: a term is missing. Which of f's terms contain {by}? Each of them has to be differentiated."
    ),
    Fault.EXTRA_TERM: "{what}: there is a term too many. Does every term of f depend on {by}?",
    Fault.MISSING_CHAIN_FACTOR: (
        "{what}: think of the chain rule. What is the inner function, and what is its own derivative by {by}?"
    ),
    Fault.MEAN_VS_SUM: "{what}: a sum and a mean are mixed up. Does f add up over the data, or average?",
    Fault.ZEROED_COMPONENT: "{what}: your answer is always 0. Does f really stay the same when {by} changes?",
    Fault.CONSTANT_OFFSET: (
        "{what}: off by the same amount everywhere. What becomes of a constant, and of a linear term, when you"
        " differentiate?"
    ),
    Fault.LOG_PARAMETER: "{what}: by what did you differentiate: by {by} itself, or by its logarithm?",
    Fault.WRONG_BRANCH: (
        "{what}: right in one region, wrong in another. f is made of pieces: is each of them differentiated?"
    ),
    Fault.SINGLE_PRECISION: (
        "{what}: only the first few digits are right. Is everything computed in double precision (float64)?"
    ),
    Fault.NUMERICAL_DERIVATIVE: (
        "{what}: this behaves like a difference quotient, and its error shows. Can you find the formula?"
    ),
    Fault.MUTATES_INPUT: "Your function changes the arrays that it is given. Work on a copy of them.",
    Fault.NONDETERMINISTIC: (
        "The same point gives different answers when it is asked twice. What does your function remember, or draw at"
        " random?"
    ),
    Fault.NON_FINITE: (
        "{what}: your answer is not a finite number where f is. Do you divide by something that can be 0, or take the"
        " logarithm or the root of something that cannot be?"
    ),
    Fault.WRONG_SHAPE: "The answer has the wrong shape. How many numbers should come out, and in which arrangement?",
    Fault.UNKNOWN: (
        "{what}: not right yet. Hold everything but {by} fixed and differentiate; then try a point where you can do"
        " the sums by hand."
    ),
}

ENDED: dict[Status, str] = {
    Status.MISSING: "`{entry}` was not found in your file.",
    Status.IMPORT_ERROR: "Your file could not be imported, so nothing in it could be called.",
    Status.BAD_SIGNATURE: "`{entry}` could not be called with the arguments ({arguments}).",
    Status.TIMEOUT: "`{entry}` was still running when its {seconds:g} seconds were over. Is there a loop without end?",
    Status.MEMORY: "`{entry}` asked for more memory than the {memory} MB that it may use.",
    Status.CRASHED: "`{entry}` ended the whole program instead of returning. Does it call exit(), or replace"
    " parts of Python or NumPy?",
    Status.POLICY_VIOLATION: "`{entry}` tried to do something that submissions may not do.",
    Status.GRADER_ERROR: (
        "This question could not be graded. That is not your fault, and your instructor has been told."
    ),
}

# Where the end came while the file was imported, no entry is to blame.
NOT_IMPORTED = "Your file could not be imported, so nothing in it could be called."
ENDED_IN_IMPORT: dict[Status, str] = {
    Status.IMPORT_ERROR: "Your file could not be imported.",
    Status.TIMEOUT: (
        "Your file was still being imported when its time was over. Is there a loop without end, or a long computation,"
        " outside of all functions?"
    ),
    Status.MEMORY: "While it was imported, your file asked for more memory than the {memory} MB that it may use.",
    Status.CRASHED: "While it was imported, your file ended the whole program. Does it call exit(), or"
    " replace parts of Python or NumPy?",
    Status.POLICY_VIOLATION: "While it was imported, your file tried to do something that submissions may not do.",
}

FORBIDDEN: dict[FlagKind, str] = {
    FlagKind.NUMERICAL_DERIVATIVE: (
        "This question asks for a formula, and your answer looks like a difference quotient. If it is none, talk to"
        " your instructor."
    ),
    FlagKind.AUTODIFF: (
        "This question asks for a formula; libraries that differentiate are not allowed. If you used none, talk to"
        " your instructor."
    ),
    FlagKind.MUTATES_INPUT: (
        "Your function changes the arrays that it is given, which this question does not allow. Work on a copy of them."
    ),
}

WHOLE = "Your answers are whole numbers, and should not be. Is there an array of integers, or `//`, on the way?"
ROUNDED = "Your answers have {places} decimals. Do not round them."
SCATTERS = "Your answers jump about where the point hardly moves. Which step of your computation makes them do so?"

# The same faults of one term only.
OF_A_TERM: dict[Fault, str] = {
    Fault.SIGN: "{what}: one of its terms has the wrong sign. Which way does each term of f change when {by} grows?",
    Fault.FACTOR: (
        "{what}: one of its terms is off by a factor. Which exponents and coefficients come down when you differentiate"
        " each term of f by {by}?"
    ),
}

# The same faults of one part, where a variable stands in several places: factors of a product, or deeper inside.
OF_A_PART: dict[Fault, str] = {
    Fault.SIGN: (
        "{what}: one of its parts has the wrong sign. Where {by} stands in several places of f, each adds a part to the"
        " derivative: which way does f change through each?"
    ),
    Fault.FACTOR: (
        "{what}: one of its parts is off by a factor. Where {by} stands in several places of f, each adds a part to the"
        " derivative: which exponents, coefficients and inner derivatives come down in each?"
    ),
    Fault.MISSING_TERM: (
        "{what}: a part is missing. Where {by} stands in several places of f (in two factors, say: think of the product"
        " rule), each adds a part to the derivative. Are all of them there?"
    ),
}

# What is tried, by the sandbox's kinds; {what} is the call.
ATTEMPTS = {
    "file": "use a file outside its own folder ({what})",
    "network": "use the network ({what})",
    "process": "start another program or process ({what})",
    "native": "call into C code ({what})",
    "forgery": "send the grader a message of its own making",
}
OTHER_ATTEMPT = "do what submissions may not do ({what})"

# Sentences that lead on from what Python says: a part of its text, and the way out.
ADVICE = (
    ("EOFError", "Nobody types anything in while it is graded: remove the calls of input()."),
    ("reading from stdin", "Nobody types anything in while it is graded: remove the calls of input()."),
    ("null bytes", "Save the file as UTF-8 text."),
    ("FileNotFoundError", "Only the files that you handed in are there."),
    ("get_ipython", "This line belongs to a notebook; a Python file has to do without it."),
    ("TabError", "Indent with spaces alone."),
    ("IndentationError", "Indent with spaces alone, and the same number at each level."),
)
MODULES = "You can import Python's own modules and {modules}; remove the other imports, and what needs them."


def hint_for(diagnosis: Diagnosis) -> str:
    """The hint for a fault of components, or of one term or part of them; {what} names them, {by} the variable."""
    words: Mapping[Fault, str] = {}
    if "the part of the derivative " in diagnosis.message:
        words = OF_A_PART
    elif "the term " in diagnosis.message:
        words = OF_A_TERM
    return words.get(diagnosis.fault, HINTS[diagnosis.fault])


def attempted(tried: Sequence[str]) -> str:
    """What was tried, for the one who tried it: `It tried to start another program or process (os.system('cls'))`."""
    if not tried:
        return ""
    named = next((attempt for attempt in tried if ", line " in attempt), tried[0])  # the kernel's reports have no line
    kind, _, what = named.partition(": ")
    return f"It tried to {ATTEMPTS.get(kind, OTHER_ATTEMPT).format(what=quoted(what))}."


def advice(text: str, imports: Sequence[str] = ()) -> str:
    """What to do about what Python said, where that can be told."""
    if "No module named" in text and imports:
        return MODULES.format(modules=", ".join(imports))
    return next((sentence for part, sentence in ADVICE if part in text), "")


def import_words(ended: Answer, limits: SubmissionLimits, imports: Sequence[str]) -> str:
    """What a student reads of a file whose import did not end well."""
    status = Status(ended.status.value)
    if status is Status.GRADER_ERROR:
        return ""
    told = ENDED_IN_IMPORT.get(status, NOT_IMPORTED).format(memory=limits.memory_mb)
    if status is Status.POLICY_VIOLATION:
        return f"{told} {attempted(ended.tried)}".strip()
    if status is not Status.IMPORT_ERROR:
        return told
    return f"{told} Python says: {quoted(ended.detail)}. {advice(ended.detail, imports)}".strip()


def quoted(text: str, most: int = 200) -> str:
    """Something that the submission said, on one line and without any path of ours."""
    return one_line(without_paths(text), most)


def sentence(text: str) -> str:
    """Text as a sentence: a capital first, and a full stop; a name that stands first keeps its letters."""
    first = text.split(" ", 1)[0]
    ended = text if text.endswith((".", "!", "?")) else f"{text}."
    return ended[:1].upper() + ended[1:] if first.rstrip(",:;").isalpha() and first.islower() else ended


def share(right: int, of: int, what: str) -> str:
    """`All 3 components are right.`, `2 of 3 components are right.`, `None of …`."""
    plural = what if of == 1 else f"{what}s"
    if right == of:
        return f"The {what} is right." if of == 1 else f"{'Both' if of == 2 else f'All {of}'} {plural} are right."
    if right == 0:
        none = f"Neither of the 2 {plural}" if of == 2 else f"None of the {of} {plural}"
        return f"The {what} is not right yet." if of == 1 else f"{none} is right yet."
    return f"{right} of {of} {plural} {'is' if right == 1 else 'are'} right."


def lines(*parts: str | Sequence[str]) -> str:
    """Lines of text, without the empty ones."""
    flat: list[str] = []
    for part in parts:
        flat += [part] if isinstance(part, str) else list(part)
    return "\n".join(part for part in flat if part)
