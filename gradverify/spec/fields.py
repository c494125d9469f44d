"""Every key of a spec: the one definition that parsing, the JSON Schema and the reference are made from.

The order is the order of reading: what later keys need (variables, constants, the domain) comes first.
"""

from __future__ import annotations

from gradverify.core.verdicts import AtKinks
from gradverify.spec.beyond_fields import PARTS, PROPERTIES, RULE, STATIONARY, WEIGHTS, DescentsKind
from gradverify.spec.claims import ClaimKind, FunctionKind
from gradverify.spec.constants import ConstantsKind
from gradverify.spec.kinds import Choice, Key, ListOf, Text
from gradverify.spec.points import PointsKind
from gradverify.spec.settings import EVALUATIONS, BackendsKind, ExpectKind, SearchKind, ToleranceKind
from gradverify.spec.variables import DomainKind, VariablesKind

PRECISIONS = {"float64": "double precision", "float32": "single precision: the tolerance follows, unless it is given"}

AT_KINKS = {
    AtKinks.ACCEPT_SUBGRADIENT.value: "any slope between the one-sided ones is right",
    AtKinks.FAIL.value: "a point at a kink is a failure",
    AtKinks.SKIP.value: "components at a kink are left out",
}

FIELDS: tuple[Key, ...] = (
    Key(
        name="name", kind=Text(line=True), example="rosenbrock", default="the file's name",
        description="What reports call the spec; unique in a run.",
    ),
    Key(name="description", kind=Text(), example="A banana-shaped valley.", default="none", description="What people should know of it."),
    Key(name="source", kind=Text(), example="Rosenbrock 1960", default="none", description="Where the function comes from."),
    Key(
        name="tags", kind=ListOf(Text(line=True), "list of words", distinct=True, single=True), example="[textbook]",
        default="none", description="Words to select specs by, with `--tag`.",
    ),
    Key(
        name="variables", kind=VariablesKind(), example="[x, y]", required=True,
        description="Scalars in the order of the point vector, or a mapping from name to shape.",
    ),
    Key(
        name="constants", kind=ConstantsKind(), example="{a: 1.5, X: {file: data.npy}}", default="none",
        description="Numbers, nested lists, or .npy and .csv files.",
    ),
    Key(
        name="domain", kind=DomainKind(), example='{x: [-10, 10], y: "(0, inf)"}', default="everywhere",
        description="Where the function is defined: [a, b] closed, (a, b) open, inf allowed.",
    ),
    Key(
        name="function", kind=FunctionKind(), example="x**2 + y**2", required=True,
        description="An expression, a list of expressions (vector-valued), or a reference to code.",
    ),
    Key(
        name="gradient", kind=ClaimKind("gradient", "expressions by variable, or a reference"), example="[2*x, 2*y]",
        default="none", description="The claimed gradient of a scalar function.",
    ),
    Key(
        name="jacobian", kind=ClaimKind("jacobian", "rows of expressions, or a reference"), example="[[1, 0], [y, x]]",
        default="none", description="The claimed Jacobian of a vector-valued function: entry i, j is ∂fᵢ/∂xⱼ.",
    ),
    Key(
        name="hessian", kind=ClaimKind("hessian", "rows of expressions, or a reference"), example="[[2, 0], [0, 2]]",
        default="none", description="The claimed Hessian of a scalar function.",
    ),
    Key(
        name="points", kind=PointsKind(), example="[[1, 2], {sample: 10, seed: 1}]", default="{sample: 5, seed: 0}",
        description="Where to check: listed points, points with a known derivative, and drawn ones.",
    ),
    Key(
        name="tolerance", kind=ToleranceKind(), example="{relative: 1e-6, absolute: 0}", default="{relative: 1e-6, absolute: 0}",
        description="How far the claim may be off, each component on its own scale.",
    ),
    Key(
        name="backends", kind=BackendsKind(), example="[finite-difference, sympy]", default="all that apply",
        description="Which backends to ask, perhaps with options.",
    ),
    Key(
        name="precision", kind=Choice(PRECISIONS), example="float32", default="float64", default_value="float64",
        description="The floating-point format that the function computes in.",
    ),
    Key(
        name="at_kinks", kind=Choice(AT_KINKS), example="skip", default="accept-subgradient",
        default_value="accept-subgradient", description="What to do where the function has no derivative.",
    ),
    Key(
        name="search", kind=SearchKind(), example="{evaluations: 5000}", default="on, with a small budget",
        description="Look for counterexamples beyond the listed points.",
    ),
    Key(
        name="budget", kind=EVALUATIONS, example="{evaluations: 100000}", default="each backend's own",
        description="How many evaluations of the function a backend may spend.",
    ),
    Key(
        name="expect", kind=ExpectKind(), example="{fail: sign}", default="pass",
        description="`fail` for a spec that is wrong on purpose, perhaps with the diagnosis that it must get.",
    ),
    Key(
        name="stationary", kind=ListOf(STATIONARY, "list of mappings", least=1), example="[{at: [0, 0], kind: minimum}]",
        default="none", description="Points where the gradient vanishes, with their kind.",
    ),
    Key(
        name="properties", kind=ListOf(PROPERTIES, "list of properties", distinct=True, single=True), example="[directional]",
        default="none", description="Geometric properties of the gradient to check.",
    ),
    Key(
        name="descent", kind=DescentsKind(), example="[{start: [4, 3], learning_rate: 0.2}]", default="none",
        description="Descents with the claimed gradient, and what has to come of them.",
    ),
    Key(
        name="rule", kind=RULE, example="product", default="none",
        description="How this function is made of other specs, whose claimed gradients make its own.",
    ),
    Key(name="of", kind=PARTS, example="[f.yaml, g.yaml]", default="none", description="The specs that `rule` combines."),
    Key(name="weights", kind=WEIGHTS, example="[2, -3]", default="1 for each", description="The weights of a linear combination."),
)  # fmt: skip

BY_NAME = {field.name: field for field in FIELDS}
CLAIMS = ("gradient", "jacobian", "hessian")
OWN = "x-"  # keys that begin so are users' own and are not read
