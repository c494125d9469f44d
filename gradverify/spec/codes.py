"""Every code that a fault of a spec can have, explained: what `gradverify explain` and docs/errors.md say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import dedent, indent


@dataclass(frozen=True, slots=True)
class Code:
    """A code: what it means in a line, what lies behind it, and a text that has it beside one that has not.

    files: what lies beside the spec of the examples.  structural: whether a JSON Schema can find the fault as well.
    """

    title: str
    explanation: str
    wrong: str = ""
    right: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    structural: bool = False


# What the examples vary: {0} stands for the line at issue.
_F = "variables: [x, y]\nfunction: x**2 + 3*y\n"
_FG = _F + "gradient: [2*x, 3]\n"
_W = "variables: {w: 3}\nfunction: sum(w**2)\ngradient: 2*w\n"


def _code(
    title: str,
    explanation: str,
    wrong: str = "",
    right: str = "",
    *,
    structural: bool = False,
    files: Mapping[str, bytes] | None = None,
) -> Code:
    return Code(title, dedent(explanation).strip(), wrong, right, files or {}, structural)


_PICKLED = b"\x93NUMPY\x01\x00\x36\x00{'descr': '|O', 'fortran_order': False, 'shape': (3,)}\n"
_DATA = "variables: {{w: 2}}\nconstants: {{X: {{file: {0}}}}}\nfunction: sum((X @ w)**2)\ngradient: 2*X.T @ (X @ w)\n"
_EXPRESSION = "variables: [x, y]\nfunction: {0}\ngradient: [2*x, 3]\n"

CODES: dict[str, Code] = {
    "alias-bomb": _code(
        "aliases that stand for too much, or for themselves",
        """
        A YAML alias (`*name`) repeats what its anchor (`&name`) marks. Aliases of aliases grow beyond all measure, so
        one document may stand for 100,000 further values at most, and nothing may contain itself.
        """,
        _FG + "x-loop: &loop [1, *loop]\n",
        _FG + "x-once: &once [1, 2]\nx-again: *once\n",
    ),
    "bad-character": _code(
        "a character that YAML does not allow",
        """
        Control characters, such as NUL, cannot stand in a YAML file. They usually come from copying, or from a file
        that is no text at all.
        """,
        _FG + "description: a\x00b\n",
        _FG + "description: a b\n",
    ),
    "bad-choice": _code(
        "a word that is not one of those possible",
        "Some keys take one of a few words. The fault lists them, or names the one that is nearest.",
        _FG + "precision: double\n",
        _FG + "precision: float64\n",
        structural=True,
    ),
    "bad-data-file": _code(
        "a constant's file that holds no array of numbers",
        """
        Constants are read from .npy files that hold real numbers, and from .csv files in which each line has equally
        many numbers; the first line may be a header. The message says what stands in the way. What the file holds is
        never quoted.
        """,
        _DATA.format("data.csv"),
        _DATA.format("good.csv"),
        files={"data.csv": b"a,b\n1,2\n3,oops\n", "good.csv": b"a,b\n1,2\n3,4\n"},
    ),
    "bad-domain": _code(
        "an interval that cannot be read, or is empty",
        """
        An interval is `[a, b]` with both ends, `"(a, b)"` without them, or a mixture; `inf` is allowed. Its lower end
        is below its upper one. Open intervals need quotes in braces, where YAML takes the comma for itself.
        """,
        _FG + "domain: {x: [1, 0]}\n",
        _FG + 'domain: {x: "[0, 1)"}\n',
    ),
    "bad-encoding": _code(
        "a file that is not UTF-8",
        "Spec files are read as UTF-8, with or without a byte order mark. Save the file in that encoding.",
    ),
    "bad-name": _code(
        "a name that expressions cannot use",
        """
        Variables and constants are named with letters, digits and `_`, the first one no digit, as in Python; Greek
        letters are letters. The words `if`, `else`, `and`, `or`, `not` belong to the expression language. An array is
        one variable with a shape, not one for each entry.
        """,
        "variables: [2x]\nfunction: 3\ngradient: [0]\n",
        "variables: [x2]\nfunction: 3*x2\ngradient: [3]\n",
        structural=True,
    ),
    "bad-part": _code(
        "a part of a rule that is no sound spec, or does not fit",
        """
        Each part of a rule is a spec without faults that claims a derivative: the only one of its file, or the one
        named after `::`. Its variables are the rule's, with the same shapes; in a chain f(g(x)), f takes as many
        numbers as g returns. A rule cannot build on itself, however many other rules lie between. A rule without
        `variables` takes those of its first part (a chain those of its last).
        """,
        "rule: product\nof: [f.yaml, f.yaml]\n",
        "rule: product\nof: [g.yaml, g.yaml]\n",
        files={"f.yaml": b"variables: [x]\n", "g.yaml": b"variables: [x]\nfunction: x**2\ngradient: [2*x]\n"},
    ),
    "bad-reference": _code(
        "a reference to Python code that names no function",
        "A reference says which file or module, and after a colon which function.",
        "variables: [x]\nfunction: {python: losses.py}\ngradient: [2*x]\n",
        'variables: [x]\nfunction: {python: "losses.py:loss"}\ngradient: [2*x]\n',
        structural=True,
    ),
    "bad-shape": _code(
        "a shape that is none, or numbers in another shape than the variable's",
        """
        A variable's shape is a length, or a list of lengths: `[]` is a scalar, `3` a vector, `[2, 3]` a matrix. A point
        gives a variable's numbers nested as its shape says, or one after the other in C order.
        """,
        "variables: {w: -3}\nfunction: sum(w**2)\ngradient: 2*w\n",
        _W,
        structural=True,
    ),
    "caret-power": _code(
        "`^` for a power",
        "Powers are written `**`, as in Python.",
        _EXPRESSION.format("x^2 + 3*y"),
        _EXPRESSION.format("x**2 + 3*y"),
    ),
    "claim-missing": _code(
        "a spec that claims nothing",
        "There is something to check only where a `gradient`, `jacobian` or `hessian` is claimed.",
        _F,
        _FG,
        structural=True,
    ),
    "claim-of-vector": _code(
        "a gradient or Hessian of a vector-valued function",
        """
        Only a function with one value has a gradient. A function given as a list is vector-valued, even with one entry,
        and so is an expression whose shape is a vector's.
        """,
        "variables: [x, y]\nfunction: [x*y, x + y]\ngradient: [y, x]\n",
        "variables: [x, y]\nfunction: [x*y, x + y]\njacobian: [[y, x], [1, 1]]\n",
    ),
    "claim-without-function": _code(
        "a claim without the function that it is the derivative of",
        "The claim is checked against derivatives of `function`, so that has to be given as well.",
        "variables: [x]\ngradient: [2*x]\n",
        "variables: [x]\nfunction: x**2\ngradient: [2*x]\n",
        structural=True,
    ),
    "condition-expected": _code(
        "a number where a condition is needed",
        "`and`, `or`, `not`, `where` and `if` decide by conditions. A number is none: write `x != 0`.",
        _EXPRESSION.format('"where(x, x**2, 0) + 3*y"'),
        _EXPRESSION.format('"where(x != 0, x**2, 0) + 3*y"'),
    ),
    "conflicting-keys": _code(
        "two keys that exclude each other",
        "The message names the two. A gradient belongs to a function with one value, a jacobian to a vector.",
        _FG + "jacobian: [[2*x, 3]]\n",
        _FG,
        structural=True,
    ),
    "contradiction": _code(
        "expectations of a descent that cannot all come true",
        """
        What diverges or oscillates ends at no minimiser; what is slow takes every iteration that it is allowed; no
        more iterations can be expected than `max_iterations` allows.
        """,
        _FG + "descent: [{start: [1, 2], learning_rate: 2, expect: {behaviour: diverges, value: 0}}]\n",
        _FG + "descent: [{start: [1, 2], learning_rate: 2, expect: {behaviour: diverges}}]\n",
    ),
    "duplicate-entry": _code(
        "something listed twice",
        "Variables, backends, tags and properties are each named once; a constant cannot have a variable's name.",
        _FG + "tags: [easy, easy]\n",
        _FG + "tags: [easy]\n",
        structural=True,
    ),
    "duplicate-key": _code(
        "a key given twice",
        "YAML allows a key once in a mapping. Many readers silently take the last one; here it is a fault.",
        _FG + "tolerance: 1e-6\ntolerance: 1e-8\n",
        _FG + "tolerance: 1e-8\n",
    ),
    "duplicate-name": _code(
        "two specs with one name",
        """
        Names are unique in a run, so that reports and `path::name` mean one spec. A spec without `name` is called like
        its file. Two descents of one spec have different names as well.
        """,
        "name: a\n" + _FG + "---\nname: a\n" + _FG,
        "name: a\n" + _FG + "---\nname: b\n" + _FG,
    ),
    "empty-file": _code(
        "a file without a spec",
        "The file is empty, or holds nothing but comments.",
        "# to be written\n",
        _FG,
    ),
    "expression-syntax": _code(
        "a formula that cannot be read",
        """
        Formulas follow Python's syntax, see docs/expressions.md. Multiplication needs its `*`, brackets come in pairs.
        """,
        _EXPRESSION.format("x**2 + 3y"),
        _EXPRESSION.format("x**2 + 3*y"),
    ),
    "file-too-large": _code(
        "a file of more than 50 million characters",
        "Put long arrays into .npy or .csv files and name them under `constants`.",
    ),
    "function-shape": _code(
        "a function whose value is a matrix",
        "A function returns a number or a vector. Sum the matrix up, or take `reshape(…, n)` of it.",
        "variables: {w: 3}\nfunction: outer(w, w)\njacobian: w\n",
        "variables: {w: 3}\nfunction: sum(outer(w, w))\ngradient: 2*sum(w)*ones(3)\n",
    ),
    "index-out-of-range": _code(
        "an index or axis that an array does not have",
        "Indices count from 0, negative ones from the end. Scalars have none.",
        "variables: {w: 3}\nfunction: w[3]**2\ngradient: 2*w\n",
        "variables: {w: 3}\nfunction: w[2]**2\ngradient: '[0, 0, 2*w[2]]'\n",
    ),
    "merge-key": _code(
        "a YAML merge key (`<<`)",
        "YAML 1.2 has no merge keys, and with them it is hard to see what a spec says. Write the keys out.",
        "x-all: &all {precision: float64}\n" + _FG + "<<: *all\n",
        _FG + "precision: float64\n",
    ),
    "missing-component": _code(
        "a claim or point that leaves a variable out",
        "By name, every variable is given. A derivative that vanishes is written 0.",
        _F + "gradient: {x: 2*x}\n",
        _F + "gradient: {x: 2*x, y: 3}\n",
    ),
    "missing-file": _code(
        "a file that is not there",
        "Paths in a spec are relative to the spec's own folder, those on the command line to the current one.",
        _DATA.format("data.csv"),
        _DATA.format("good.csv"),
        files={"good.csv": b"1,2\n3,4\n"},
    ),
    "missing-key": _code(
        "a key that has to be there",
        "A spec needs `variables`, `function` and a claim; other mappings have required keys of their own.",
        "function: x**2\ngradient: [2*x]\n",
        "variables: [x]\nfunction: x**2\ngradient: [2*x]\n",
        structural=True,
    ),
    "not-a-number": _code(
        "something else where a number belongs",
        """
        Numbers are YAML 1.2's: `1e-6`, `.5`, `0x1F`. In quotes they are text. Formulas are read in `function` and the
        claims only: write 0.5 for 1/2.
        """,
        _FG + 'points: [["1", 2]]\n',
        _FG + "points: [[1, 2]]\n",
        structural=True,
    ),
    "not-allowed": _code(
        "something that formulas do not have",
        """
        Formulas are data, not programs: attributes, quotes, assignments, comments and complex numbers are not part of
        the language (docs/expressions.md).
        """,
        _EXPRESSION.format("np.square(x) + 3*y"),
        _EXPRESSION.format("square(x) + 3*y"),
    ),
    "not-finite": _code(
        "NaN or infinity where a number belongs",
        "Only the ends of a domain may be infinite.",
        _FG + "points: [[.nan, 0]]\n",
        _FG + "points: [[1, 0]]\n",
    ),
    "out-of-range": _code(
        "a number outside what makes sense",
        "Tolerances are not negative, learning rates are positive, counts are whole numbers. The message says which.",
        _FG + "tolerance: -1e-6\n",
        _FG + "tolerance: 1e-6\n",
        structural=True,
    ),
    "pickled-data": _code(
        "a .npy file with Python objects",
        """
        Reading Python objects means running what the file says (pickle), so such files are refused. Save an array of
        numbers instead: `np.save("data.npy", np.asarray(data, dtype=float))`.
        """,
        _DATA.format("data.npy"),
        _DATA.format("good.csv"),
        files={"data.npy": _PICKLED, "good.csv": b"1,2\n3,4\n"},
    ),
    "point-outside-domain": _code(
        "a point outside the domain",
        "Points, starts of descents and stationary points lie inside `domain`. An open end does not belong to it.",
        _FG + "domain: {x: [0, 1]}\npoints: [[2, 0]]\n",
        _FG + "domain: {x: [0, 1]}\npoints: [[0.5, 0]]\n",
    ),
    "ragged-list": _code(
        "rows of different lengths or shapes",
        "The entries of an array all have one shape.",
        _FG + "constants: {A: [[1, 2], [3]]}\n",
        _FG + "constants: {A: [[1, 2], [3, 4]]}\n",
    ),
    "shape-mismatch": _code(
        "arrays whose shapes do not go together",
        "Shapes follow NumPy's rules: operators broadcast, `@` needs the same inner length on both sides.",
        _W + "constants: {A: [[1, 2], [3, 4]]}\nhessian: A @ w\n",
        _W + "constants: {A: [[2, 0, 0], [0, 2, 0], [0, 0, 2]]}\nhessian: A\n",
    ),
    "too-deep": _code(
        "something nested too deeply",
        "Lists and mappings go 64 levels deep at most, formulas about 60 parentheses, rules of rules 8 levels.",
        _FG + "x-deep: " + "[" * 70 + "]" * 70 + "\n",
        _FG + "x-deep: [[[[]]]]\n",
    ),
    "too-large": _code(
        "an array in a formula that is too large",
        "Put large arrays into `constants`, or sum up over smaller ones.",
        "variables: {w: 3}\nfunction: sum(w)*sum(eye(100000))\ngradient: w\n",
        "variables: {w: 3}\nfunction: sum(w)*sum(eye(10))\ngradient: 10*ones(3)\n",
    ),
    "too-long": _code(
        "a formula of more than 100,000 characters",
        "No formula by hand is that long. Write sums over arrays with `sum`, or use a Python function.",
        "variables: [x]\nfunction: " + "x + " * 26_000 + "x\ngradient: [1]\n",
        "variables: [x]\nfunction: 26001*x\ngradient: [26001]\n",
    ),
    "unknown-alias": _code(
        "an alias without its anchor, or a formula that starts with `*`",
        "In YAML, a plain value that starts with `*` is an alias. A formula that starts so needs quotes.",
        _FG + "x-more: *common\n",
        _FG + "x-common: &common [1, 2]\nx-more: *common\n",
    ),
    "unknown-backend": _code(
        "a backend that is not installed",
        "`gradverify plugins` lists the installed backends; each comes from a plugin that may be missing or blocked.",
        _FG + "backends: [sympi]\n",
        _FG + "backends: [sympy]\n",
        structural=True,
    ),
    "unknown-function": _code(
        "a function that formulas do not have",
        "docs/expressions.md lists the functions; they have NumPy's names.",
        _EXPRESSION.format("ln(x**2) + 3*y"),
        _EXPRESSION.format("log(x**2) + 3*y"),
    ),
    "unknown-key": _code(
        "a key that the format does not have",
        "The fault names the nearest key there is. Keys that start with `x-` are yours and are not read.",
        _FG + "tolerence: 1e-8\n",
        _FG + "tolerance: 1e-8\n",
        structural=True,
    ),
    "unknown-kind": _code(
        "a kind of function that no plugin loads",
        "`python` is always there; others, such as `torch`, come from plugins.",
        'variables: [x]\nfunction: {pyhton: "losses.py:loss"}\ngradient: [2*x]\n',
        'variables: [x]\nfunction: {python: "losses.py:loss"}\ngradient: [2*x]\n',
        structural=True,
    ),
    "unknown-method": _code(
        "a descent method that no plugin offers",
        """
        `gradient-descent`, `momentum`, `nesterov` and `backtracking` are always there, and SciPy's minimisers as
        `scipy:L-BFGS-B` and so on; others come from plugins.
        """,
    ),
    "unknown-name": _code(
        "a name in a formula that is neither variable nor constant",
        "Every name is one of `variables` or `constants`, or `pi` or `e`.",
        _EXPRESSION.format("x**2 + 3*z"),
        _EXPRESSION.format("x**2 + 3*y"),
    ),
    "unknown-option": _code(
        "an option that a backend does not have",
        "`gradverify schema` lists every backend's options.",
        _FG + "backends: {sympy: {secs: 5}}\n",
        _FG + "backends: {sympy: {seconds: 5}}\n",
        structural=True,
    ),
    "unknown-spec": _code(
        "a name after `::` that no spec of the file has",
        "`gradverify run file.yaml::name` runs one spec of a file; `gradverify run --list file.yaml` lists them.",
    ),
    "unknown-variable": _code(
        "a variable that is not among `variables`",
        "Claims, points and domains by name use the names under `variables`.",
        _FG + "domain: {z: [0, 1]}\n",
        _FG + "domain: {y: [0, 1]}\n",
    ),
    "unreadable-file": _code(
        "a file that cannot be read",
        "The operating system refused; the message has its reason.",
    ),
    "wrong-arity": _code(
        "a function in a formula with too few or too many arguments",
        "Reductions such as `sum` and `max` take one array: write `maximum(a, b)` or `max([a, b])`.",
        _EXPRESSION.format('"max(x**2, 0) + 3*y"'),
        _EXPRESSION.format('"maximum(x**2, 0) + 3*y"'),
    ),
    "wrong-known-value": _code(
        "a known derivative of another kind than the claim",
        "A known value at a point is compared with the claim: a `gradient` where a gradient is claimed.",
        _FG + "points:\n  - {at: [1, 2], hessian: [[2, 0], [0, 0]]}\n",
        _FG + "points:\n  - {at: [1, 2], gradient: [2, 3]}\n",
    ),
    "wrong-length": _code(
        "too many or too few entries",
        """
        A point has one number for each component of the point vector: all variables one after the other. Other lists
        have lengths of their own, which the message says.
        """,
        _FG + "points: [[1, 2, 3]]\n",
        _FG + "points: [[1, 2]]\n",
    ),
    "wrong-option": _code(
        "a backend's option with a value that it cannot take",
        "`gradverify schema` says what each option takes.",
        _FG + "backends: {sympy: {seconds: soon}}\n",
        _FG + "backends: {sympy: {seconds: 5}}\n",
        structural=True,
    ),
    "wrong-type": _code(
        "a value of the wrong kind",
        """
        A list where a mapping belongs, a number where text belongs, and the like. Often quotes are missing: in braces
        and brackets YAML takes commas for its own, so `where(a, b, c)` needs quotes there.
        """,
        _FG + "name: 3\n",
        _FG + 'name: "3"\n',
        structural=True,
    ),
    "yaml-syntax": _code(
        "text that is no YAML",
        """
        Brackets, quotes and indentation have to be right before anything else can be read. Formulas with brackets or
        commas need quotes inside YAML's own lists and braces; so does text with `: ` in it.
        """,
        "variables: {w: 2}\nfunction: w[0]*w[1]\ngradient: [w[1], w[0]]\n",
        'variables: {w: 2}\nfunction: w[0]*w[1]\ngradient: ["w[1]", "w[0]"]\n',
    ),
    "yaml-tag": _code(
        "a YAML tag",
        "Tags such as `!!python/tuple` ask a reader to construct things. None is needed here and none is obeyed.",
        _FG + "points: !!python/tuple [[1, 2]]\n",
        _FG + "points: [[1, 2]]\n",
    ),
}

LONGEST_SHOWN = 2_000  # characters of an example; some are long on purpose


def explain(code: str) -> str:
    """The title of `code` on the first line, then what is behind it and the examples. Raises `KeyError`."""
    entry = CODES[code]
    parts = [entry.title, entry.explanation]
    for label, text in (("Wrong", entry.wrong), ("Right", entry.right)):
        if text and len(text) <= LONGEST_SHOWN:
            parts.append(f"{label}:\n\n{indent(shown(text).rstrip(), '    ')}")
    return "\n\n".join(parts) + "\n"


def shown(text: str) -> str:
    """An example as it can be printed."""
    return text.replace("\x00", "\N{SYMBOL FOR NULL}")


def errors_page() -> str:
    """docs/errors.md."""
    parts = [
        "# Faults of spec files\n",
        "Every fault has a code. `gradverify explain CODE` prints what this page says of it.\n",
        "This page is made from `gradverify/spec/codes.py`; each example is tested.\n",
    ]
    for code, entry in sorted(CODES.items()):
        parts.append(f"## {code}\n\n*{entry.title[0].upper()}{entry.title[1:]}.* {entry.explanation}\n")
        for label, text in (("Wrong", entry.wrong), ("Right", entry.right)):
            if text and len(text) <= LONGEST_SHOWN:
                parts.append(f"{label}:\n\n```\n{shown(text).rstrip()}\n```\n")
    return "\n".join(parts)
