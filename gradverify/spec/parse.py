"""The text of a file to specs, and to every fault in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gradverify.core.variables import Variables
from gradverify.core.verdicts import AtKinks
from gradverify.spec.beyond_fields import read_rule
from gradverify.spec.errors import SpecFault
from gradverify.spec.fields import BY_NAME, CLAIMS, FIELDS, OWN
from gradverify.spec.kinds import shorten
from gradverify.spec.model import Expect, ExpressionSource, SampledPoints, Spec
from gradverify.spec.points import DEFAULT_SAMPLE
from gradverify.spec.reader import Bad, Context, Offers, describe, did_you_mean
from gradverify.spec.settings import ABSOLUTE, RELATIVE
from gradverify.spec.source import SourceText
from gradverify.spec.yaml12 import Mapping as MappingNode
from gradverify.spec.yaml12 import Node, Problem, read_documents

EXTENSIONS = ("stationary", "properties", "descent")
DEFAULT_OFFERS = Offers()


def parse_specs(text: str, file: str, offers: Offers = DEFAULT_OFFERS) -> tuple[list[Spec], list[SpecFault]]:
    """All specs of a file that are valid, and all faults of those that are not. `file` is what messages call it."""
    source = SourceText(text, file)
    documents = read_documents(text)
    problems = list(documents.problems)
    specs: list[Spec] = []
    if not documents.roots and not problems:
        problems.append(
            Problem("empty-file", 0, 1, "there is no spec in this file", "a spec needs `variables` and `function`")
        )
    for index, root in enumerate(documents.roots):
        if root is None:
            continue
        context = Context(source, offers, Path(file).parent)
        spec = _document(root, index, context)
        problems += context.problems
        if spec is not None and not context.problems:
            specs.append(spec)
    return specs, [source.fault(problem) for problem in sorted(problems, key=lambda p: p.start)]


def _document(root: Node, index: int, context: Context) -> Spec | None:
    if not isinstance(root, MappingNode):
        context.bad("wrong-type", root, f"a spec is a mapping, this is {describe(root)}", "for example: function: x**2")
        return None
    _check_keys(root, context)
    claims = [name for name in CLAIMS if root.get(name) is not None]
    context.main_claim = claims[0] if claims else None
    values = _values(root, context)
    rule = None
    with context.collecting():
        rule = read_rule(values, root, context)
    if root.get("function") is None and rule is None:
        context.bad(
            "missing-key", root, "a spec needs the key `function`", "for example: function: x**2 + y**2", length=1
        )
    if root.get("variables") is None:
        context.bad("missing-key", root, "a spec needs the key `variables`", "for example: variables: [x, y]", length=1)
    _check_claims(root, values, claims, rule is not None, context)
    if context.problems:
        return None
    return _spec(root, index, values, rule, context)


def _check_keys(root: MappingNode, context: Context) -> None:
    for key, _ in root.entries:
        if key.text not in BY_NAME and not key.text.startswith(OWN):
            help = did_you_mean(key.text, BY_NAME, "known keys")
            context.bad("unknown-key", key, f"unknown key `{shorten(key.text)}`", help)


def _values(root: MappingNode, context: Context) -> dict[str, Any]:
    """What each key holds, read in the order in which they need one another."""
    values: dict[str, Any] = {}
    for field in FIELDS:
        node = root.get(field.name)
        if node is None:
            continue
        try:
            values[field.name] = field.kind.read(node, context)
        except Bad:
            continue
        if field.name == "variables":
            variables: Variables = values["variables"]
            context.variables = variables
            context.shapes |= {v.name: v.shape for v in variables}
        elif field.name == "domain":
            context.domain = values["domain"]
    return values


def _check_claims(
    root: MappingNode, values: Mapping[str, Any], claims: list[str], ruled: bool, context: Context
) -> None:
    function = values.get("function")
    if not claims and not ruled and context.offers.require_claim:
        at = root.key("function") or root
        context.bad(
            "claim-missing",
            at,
            "nothing is claimed of the function",
            "add `gradient`, or `jacobian` for a vector-valued one",
        )
    if isinstance(function, ExpressionSource) and function.whole is not None:
        vector = function.whole.shape != ()
        for name in claims:
            key = root.key(name)
            if key is not None and vector and name != "jacobian":
                shape = function.whole.shape
                context.bad(
                    "claim-of-vector", key, f"the function has {shape[0]} outputs; a {name} belongs to a scalar function",
                    "claim a `jacobian`",
                )  # fmt: skip
    if "jacobian" in claims and ("gradient" in claims or "hessian" in claims):
        key = root.key("jacobian")
        if key is not None:
            other = next(name for name in claims if name != "jacobian")
            context.bad(
                "conflicting-keys", key, f"`jacobian` is for vector-valued functions, `{other}` for scalar ones"
            )


def _spec(root: MappingNode, index: int, values: Mapping[str, Any], rule: Any, context: Context) -> Spec:
    place = context.place(root)
    relative, absolute = values.get("tolerance", (RELATIVE, ABSOLUTE))
    extensions = {name: values[name] for name in EXTENSIONS if name in values}
    if rule is not None:
        extensions["rule"] = rule
    function = values.get("function")
    return Spec(
        name=values.get("name") or _default_name(place.file, index),
        place=place, index=index,
        description=values.get("description", ""), source=values.get("source", ""), tags=values.get("tags", ()),
        variables=values["variables"],
        function=function if function is not None else ExpressionSource(None),
        gradient=values.get("gradient"), jacobian=values.get("jacobian"), hessian=values.get("hessian"),
        points=values.get("points") or (SampledPoints(DEFAULT_SAMPLE, 0, "uniform", place),),
        domain=values.get("domain", {}), constants=values.get("constants", {}),
        relative_tolerance=relative, absolute_tolerance=absolute, backends=values.get("backends"),
        precision=values.get("precision", "float64"),
        at_kinks=AtKinks(values.get("at_kinks", AtKinks.ACCEPT_SUBGRADIENT.value)),
        search_evaluations=values.get("search"), budget_evaluations=values.get("budget"),
        expect=values.get("expect", Expect()),
        places={key.text: context.place(key) for key, _ in root.entries}, extensions=extensions,
    )  # fmt: skip


def _default_name(file: str, index: int) -> str:
    """The file's name without its endings, numbered from the second document on."""
    stem = Path(file).name.split(".")[0] or "spec"
    return stem if index == 0 else f"{stem}-{index + 1}"
