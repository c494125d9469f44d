"""The format: every key of a spec, in the one table that parsing, the JSON Schema and the reference build on."""

from __future__ import annotations

from gradverify.core.verdicts import AtKinks
from gradverify.spec.beyond_fields import (
    DESCENT,
    EXPECTATION,
    PARTS,
    PROPERTIES,
    RULE,
    STATIONARY,
    WEIGHTS,
    DescentsKind,
)
from gradverify.spec.claims import ClaimKind, FunctionKind
from gradverify.spec.constants import FILE, ConstantsKind
from gradverify.spec.kinds import Choice, Key, ListOf, Record, Text
from gradverify.spec.points import KNOWN_POINT, SAMPLE, PointsKind
from gradverify.spec.settings import (
    BUDGET,
    EXPECT,
    SEARCH,
    TOLERANCE,
    BackendsKind,
    ExpectKind,
    SearchKind,
    ToleranceKind,
)
from gradverify.spec.variables import DomainKind, VariablesKind

OWN_DATA = "x-"  # keys that start so are the user's own
CLAIMS = ("gradient", "jacobian", "hessian")
_BY_VARIABLE = "expression, list, mapping by variable, or `{python: …}`"

KEYS: tuple[Key, ...] = (
    Key(
        name="name", kind=Text(line=True), example="quadratic",
        default="the file's name, with -2, -3 … for later documents",
        description="What reports call the spec. Unique in a run.",
    ),
    Key(
        name="description", kind=Text(), example="A bowl in three variables.", default="none",
        description="What the spec is about, for people.",
    ),
    Key(
        name="source", kind=Text(), example="Nocedal & Wright 2006, section 2.1", default="none",
        description="Where the function comes from.",
    ),
    Key(
        name="tags", kind=ListOf(Text(line=True), "list of texts", distinct=True, single=True), example="[textbook]",
        default="none", description="Words by which runs select specs (`gradverify run -t textbook`).",
    ),
    Key(
        name="variables", kind=VariablesKind(), example="{w: 3, b: []}",
        description=(
            "Scalar names in the order of the point vector, or names with shapes: the point vector is their"
            " concatenation, each in C order. Required, unless a rule takes them from its parts."
        ),
    ),
    Key(
        name="constants", kind=ConstantsKind(), example="{a: 1.5, X: [[1, 2], [3, 4]]}", default="none",
        description=(
            "Numbers and arrays that expressions use by name and Python functions get by keyword."
            " A `{file: …}` is a .npy or .csv file beside the spec; pickled data is refused."
        ),
    ),
    Key(
        name="domain", kind=DomainKind(), example='{w: [-10, 10], b: "(0, inf)"}', default="everywhere",
        description=(
            "Where the function may be evaluated: [a, b] is closed, \"(a, b)\" open, `inf` allowed."
            " One interval counts for all variables. Points lie inside, and so does whatever is evaluated."
        ),
    ),
    Key(
        name="function", kind=FunctionKind(), example="sum(w**2) + b",
        description=(
            "The function: an expression, a list of expressions (vector-valued), or a reference such as"
            " `{python: \"losses.py:loss\"}`. Required, unless a claim returns value and gradient, or a rule is given."
        ),
    ),
    Key(
        name="gradient", kind=ClaimKind("gradient", _BY_VARIABLE), example="{w: 2*w, b: 1}",
        description="The claimed gradient of a scalar function: in the variables' order, by name, or as one array.",
    ),
    Key(
        name="jacobian", kind=ClaimKind("jacobian", _BY_VARIABLE), example="[[2*x, 0], [y, x]]",
        description="The claimed Jacobian of a vector-valued function, shape (m, n): entry i, j is ∂fᵢ/∂xⱼ.",
    ),
    Key(
        name="hessian", kind=ClaimKind("hessian", _BY_VARIABLE), example="[[2, 0], [0, 2]]",
        description="The claimed Hessian of a scalar function, shape (n, n), or by two variables.",
    ),
    Key(
        name="points", kind=PointsKind(), example="[[1, 2, 3], {sample: 25, seed: 1}]",
        default="[{sample: 5, seed: 0}]",
        description="Where the claim is checked: points in the variables' order or by name, known values, samples.",
    ),
    Key(
        name="tolerance", kind=ToleranceKind(), example="{relative: 1e-8, absolute: 0}",
        default="{relative: 1e-6, absolute: 0}",
        description="How far a claimed component may be off and still be right. One number is the relative tolerance.",
    ),
    Key(
        name="backends", kind=BackendsKind(), example="[finite-difference, sympy]", default="all that apply",
        description="The backends to check with; as a mapping, with options for each.",
    ),
    Key(
        name="precision", default="float64", default_value="float64", example="float32",
        kind=Choice({"float64": "double precision", "float32": "single precision; the default tolerance follows"}),
        description="The floating-point format that the function computes in.",
    ),
    Key(
        name="at_kinks", default="accept-subgradient", default_value=AtKinks.ACCEPT_SUBGRADIENT.value, example="fail",
        kind=Choice(
            {
                "accept-subgradient": "a claim between the one-sided slopes is right",
                "fail": "a point where f has no derivative fails",
                "skip": "such a point is left out",
            }
        ),
        description="What to do where f has no derivative.",
    ),
    Key(
        name="search", kind=SearchKind(), default="on", default_value="on", example="{evaluations: 2000}",
        description="Whether to look for counterexamples beyond the points, inside the domain, and how hard.",
    ),
    Key(
        name="budget", kind=BUDGET, default="each backend's own", example="{evaluations: 5000}",
        description="How many evaluations of the function a backend may spend; past it, checks use random directions.",
    ),
    Key(
        name="expect", kind=ExpectKind(), default="pass", default_value="pass", example="{fail: sign}",
        description="What the claim is expected to come to: `fail` for one that is wrong on purpose.",
    ),
    Key(
        name="stationary", kind=ListOf(STATIONARY, "list of mappings", least=1), default="none",
        example="[{at: [0, 0, 1], kind: saddle}]",
        description="Points where the gradient vanishes, and what kind they are.",
    ),
    Key(
        name="properties", kind=ListOf(PROPERTIES, "list of words", distinct=True), default="none",
        example="[directional, steepest-ascent]", description="Facts about gradients that are checked of the claim.",
    ),
    Key(
        name="descent", kind=DescentsKind(), default="none",
        example="[{start: [4, 3], learning_rate: 0.2, expect: {behaviour: converges}}]",
        description="Descents with the claimed gradient, and what is expected of them.",
    ),
    Key(
        name="rule", kind=RULE, default="none", example="linear-combination",
        description="Build the claim from the claimed gradients of other specs, by this rule.",
    ),
    Key(
        name="of", kind=PARTS, default="none", example="[f.yaml, g.yaml]",
        description="The specs that a rule builds on, relative to this one; `file.yaml::name` for one of several.",
    ),
    Key(
        name="weights", kind=WEIGHTS, default="all 1", example="[2, -3]",
        description="The weights of a linear combination, one a part.",
    ),
)  # fmt: skip

SPEC = Record(KEYS, lambda values, node, context: values, "a spec")

# Every mapping of the format that has fixed keys, by the heading it has in the reference.
RECORDS: dict[str, Record] = {
    "spec": SPEC,
    "constants file": FILE,
    "known point": KNOWN_POINT,
    "sample": SAMPLE,
    "tolerance": TOLERANCE,
    "search": SEARCH,
    "budget": BUDGET,
    "expect": EXPECT,
    "stationary": STATIONARY,
    "descent": DESCENT,
    "descent expect": EXPECTATION,
}
