"""A spec file's text to `Spec`s, and every fault in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradverify.core.variables import Variables
from gradverify.core.verdicts import AtKinks
from gradverify.spec.beyond import Rule, RulePart
from gradverify.spec.beyond_fields import read_rule
from gradverify.spec.claims import PAIR, plain
from gradverify.spec.errors import SpecFault
from gradverify.spec.fields import CLAIMS, KEYS, OWN_DATA, SPEC
from gradverify.spec.kinds import shorten
from gradverify.spec.model import Expect, ExpressionSource, ReferenceSource, SampledPoints, Source, Spec
from gradverify.spec.points import DEFAULT_SAMPLE
from gradverify.spec.reader import Context, Offers, describe, did_you_mean, listed
from gradverify.spec.rules import misfits
from gradverify.spec.settings import ABSOLUTE, RELATIVE
from gradverify.spec.source import SourceText
from gradverify.spec.yaml12 import Documents, Node, Problem, Scalar, read_documents
from gradverify.spec.yaml12 import Mapping as MappingNode
from gradverify.spec.yaml12 import Sequence as Sequence_

if TYPE_CHECKING:
    from gradverify.hookspecs import BackendOption

# Names of backends; as a mapping, each with its options (None: options are not checked).
KnownBackends = Mapping[str, "Sequence[BackendOption] | None"] | Collection[str]

RULE_KIND = "rule"  # of the function of a rule's spec that gives none: its composite is made of the parts' functions
_MAX_RULE_DEPTH = 8  # rules of rules of rules …
_SUFFIXES = (".grad.yaml", ".grad.yml", ".yaml", ".yml")
_ORDER = tuple(key.name for key in KEYS)


def parse_specs(
    text: str,
    file: str,
    known_backends: KnownBackends | None = None,
    *,
    kinds: Sequence[str] | None = None,
    require_claim: bool = True,
    methods: Callable[[], Mapping[str, str]] | None = None,
) -> tuple[list[Spec], list[SpecFault]]:
    """The sound specs of a text and all its faults, in the order of the text. Never raises for what the text holds.

    file: the name that faults give; relative files in the spec are looked for beside it.
    known_backends, kinds: the backends and the kinds of function references there are; None accepts any name.
    require_claim: False where the claim comes from elsewhere, as in grading.
    methods: tells the descent methods there are, each with what it does with `learning_rate`.
    """
    return parse_documents(text, file, offers_of(known_backends, kinds, require_claim, methods))


def offers_of(
    known_backends: KnownBackends | None = None,
    kinds: Sequence[str] | None = None,
    require_claim: bool = True,
    methods: Callable[[], Mapping[str, str]] | None = None,
) -> Offers:
    """What is installed, as the kinds of values read it."""
    backends: dict[str, tuple[BackendOption, ...] | None] | None = None
    if isinstance(known_backends, Mapping):
        backends = {name: None if options is None else tuple(options) for name, options in known_backends.items()}
    elif known_backends is not None:
        backends = dict.fromkeys(known_backends)
    return Offers(backends, None if kinds is None else tuple(kinds), require_claim, methods)


def parse_documents(
    text: str, file: str, offers: Offers, *, first_line: int = 1, first_index: int = 0
) -> tuple[list[Spec], list[SpecFault]]:
    """The same, for offers that are made already. first_line, first_index: where the text begins in its file."""
    text = text.removeprefix("\ufeff")  # a byte order mark, as some editors write
    return specs_of(read_documents(text), SourceText(text, file, first_line), offers, first_index)


def specs_of(
    documents: Documents, source: SourceText, offers: Offers, first_index: int = 0
) -> tuple[list[Spec], list[SpecFault]]:
    """The specs of YAML that has been read."""
    problems = list(documents.problems)
    roots = list(enumerate(documents.roots, first_index))
    # `---` at the very end, or before the first comment, makes an empty document that nobody meant.
    meant = [(index, root) for index, root in roots if not (isinstance(root, Scalar) and root.value is None)]
    if not meant and not problems:
        advice = "a spec needs at least `variables`, `function` and `gradient`"
        problems.append(Problem("empty-file", 0, 1, "there is no spec in this file", advice))
    specs: list[Spec] = []
    names: dict[str, Node] = {}
    directory = Path(source.file).parent
    resolved, _ = _key(source.file, first_index)
    for index, root in meant:
        if root is None:
            continue
        context = Context(source, offers, directory)
        spec = _document(root, index, context, Chain(((resolved, index),), {}))
        if spec is not None:
            key = root.key("name") if isinstance(root, MappingNode) else None
            earlier = names.setdefault(spec.name, key or root)
            if earlier is not (key or root):
                _name_twice(spec.name, key or root, earlier, context)
                spec = None
        problems += context.problems
        if spec is not None and not _spoilt(documents.problems, root):
            specs.append(spec)
    problems.sort(key=lambda problem: problem.start)
    return specs, [source.fault(problem) for problem in problems]


def _spoilt(problems: list[Problem], root: Node) -> bool:
    """Whether the text itself is at fault somewhere in this document: a key given twice, say."""
    return any(root.start <= problem.start < max(root.end, root.start + 1) for problem in problems)


def _name_twice(name: str, node: Node, earlier: Node, context: Context) -> None:
    message = f"another spec of this file is named `{shorten(name)}`"
    context.problems.append(
        Problem(
            "duplicate-name", node.start, _first_length(node), message, "give one of them another `name`", earlier.start
        )
    )


def _first_length(node: Node) -> int:
    return max(1, node.end - node.start) if isinstance(node, Scalar) else 1


def default_name(file: str, index: int) -> str:
    """What a spec is called that has no name: the file's name, and a number for all documents but the first."""
    base = Path(file).name
    stem = next(
        (base[: -len(s)] for s in _SUFFIXES if base.endswith(s) and len(base) > len(s)), Path(file).stem or "spec"
    )
    return stem if index == 0 else f"{stem}-{index + 1}"


SpecKey = tuple[str, int]  # a file, and the number of a document in it


@dataclass(frozen=True, slots=True)
class Chain:
    """The specs that are being read, each on behalf of the one before, and the parts of rules that have been read."""

    keys: tuple[SpecKey, ...]
    read: dict[SpecKey, Spec | str]

    def then(self, key: SpecKey) -> Chain:
        """The chain with one more spec."""
        return Chain((*self.keys, key), self.read)


def _key(file: str, index: int) -> SpecKey:
    return str(Path(file).resolve()), index


def _document(root: Node, index: int, context: Context, chain: Chain) -> Spec | None:
    """One spec, or None where it has faults (which the context has then). `chain` ends with the spec itself."""
    if not isinstance(root, MappingNode):
        context.bad("wrong-type", root, f"expected a spec, got {describe(root)}", "a spec is a mapping", length=1)
        return None
    values, extensions = _values(root, context, chain)
    with context.collecting():
        rule = read_rule(values, root, context)
        if rule is not None:
            extensions["rule"] = rule
            _check_parts(rule, root, context, chain)
    _check_together(values, root, context)
    if context.problems:
        return None
    for name in ("stationary", "properties", "descent"):
        if name in values:
            extensions[name] = values[name]
    return _spec(values, extensions, root, index, context)


def _values(root: MappingNode, context: Context, chain: Chain) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of the keys that could be read, in the format's own order: later keys build on earlier ones."""
    given: dict[str, Node] = {}
    own: dict[str, Any] = {}
    for key, node in root.entries:
        if key.text in SPEC.index:
            given[key.text] = node
        elif key.text.startswith(OWN_DATA):
            own[key.text] = plain(node)
        else:
            help = did_you_mean(key.text, SPEC.index)
            context.bad(
                "unknown-key", key, f"unknown key `{shorten(key.text)}`", help or "your own keys start with `x-`"
            )
    context.main_claim = next((name for name in CLAIMS if name in given), None)
    if context.main_claim is None and "of" in given:
        context.main_claim = "gradient"
    values: dict[str, Any] = {}
    for name in _ORDER:
        if name not in given:
            if name == "variables":
                with context.collecting():
                    _set_variables(_variables_of_parts(given, root, context, chain), context)
            continue
        with context.collecting():
            values[name] = SPEC.index[name].kind.read(given[name], context)
        if name in values and name == "variables":
            _set_variables(values[name], context)
        elif name in values and name == "domain":
            context.domain = values[name]
    return values, own


def _set_variables(variables: Variables, context: Context) -> None:
    context.variables = variables
    context.shapes |= {v.name: v.shape for v in variables}


def _variables_of_parts(given: Mapping[str, Node], root: MappingNode, context: Context, chain: Chain) -> Variables:
    """The variables of a rule that names none: those of its first part, of the last one for a chain."""
    if "rule" not in given or "of" not in given:
        help = "for example: variables: [x, y]"
        raise context.bad("missing-key", root, "a spec needs the key `variables`", help, length=1)
    silent = Context(context.source, context.offers, context.directory)  # `of` itself is read, and blamed, later
    parts = SPEC.index["of"].kind.read(given["of"], silent)
    rule = given["rule"]
    last = isinstance(rule, Scalar) and rule.value == "chain"
    found = _part(parts[-1 if last else 0], chain)
    if isinstance(found, Spec):
        return found.variables
    raise context.bad("bad-part", _item(given["of"], len(parts) - 1 if last else 0), found, _CHECK_FIRST)


_CHECK_FIRST = "`gradverify validate` shows what a file holds, and its faults"


def _item(of: Node, index: int) -> Node:
    return of.items[index] if isinstance(of, Sequence_) and index < len(of.items) else of


def _check_parts(rule: Rule, root: MappingNode, context: Context, chain: Chain) -> None:
    """Note every part of a rule that is no sound spec, refers back to the rule, or does not fit the others."""
    of = root.get("of")
    if of is None or any(problem.code == "bad-part" for problem in context.problems):
        return
    found = [_part(part, chain) for part in rule.parts]
    for index, part in enumerate(found):
        if not isinstance(part, Spec):
            context.bad("bad-part", _item(of, index), part, _CHECK_FIRST)
    specs = [part for part in found if isinstance(part, Spec)]
    if len(specs) < len(found) or context.variables is None:
        return
    for index, message, help in misfits(rule, specs, context.variables):
        context.bad("bad-part", _item(of, index), message, help)


def part_spec(part: RulePart) -> Spec | str:
    """The spec that a part of a rule names, or a sentence that says why there is none."""
    return _part(part, Chain((), {}))


def _part(part: RulePart, chain: Chain) -> Spec | str:
    label = part.label
    try:
        text = Path(part.file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError):
        return f"{label} cannot be read"
    documents = read_documents(text)
    named = [
        (index, root, _name_of(root, part.file, index))
        for index, root in enumerate(documents.roots)
        if isinstance(root, MappingNode)
    ]
    chosen = [(index, root) for index, root, name in named if part.name in (None, name)]
    names = [name for _, _, name in named]
    if not chosen and documents.problems:
        first = SourceText(text, part.file).fault(documents.problems[0])
        return f"{label} cannot be read: line {first.place.line}: {first.message}"
    if not chosen:
        help = did_you_mean(part.name or "", names, "its specs are")
        return f"{Path(part.file).name} holds no spec named `{shorten(part.name or '')}`{f'; {help}' if help else ''}"
    if len(chosen) > 1:
        file = Path(part.file).name
        return f"{file} holds {len(chosen)} specs; say which: {listed([f'{file}::{name}' for name in names], 4)}"
    index, root = chosen[0]
    key = _key(part.file, index)
    if key in chain.keys:
        way = [*chain.keys[chain.keys.index(key) :], key]
        return f"the rule refers to itself: {' → '.join(_short(k) for k in way)}"
    if len(chain.keys) > _MAX_RULE_DEPTH:
        return f"rules build on rules more than {_MAX_RULE_DEPTH} deep"
    if key not in chain.read:
        chain.read[key] = _sound(documents, root, index, SourceText(text, part.file), label, chain.then(key))
    return chain.read[key]


def _sound(
    documents: Documents, root: MappingNode, index: int, source: SourceText, label: str, chain: Chain
) -> Spec | str:
    context = Context(source, Offers(require_claim=False), Path(source.file).parent)
    spec = _document(root, index, context, chain)
    problems = [p for p in documents.problems if root.start <= p.start < max(root.end, root.start + 1)]
    problems += context.problems
    if spec is not None and not problems:
        return spec
    first = source.fault(min(problems, key=lambda p: p.start)) if problems else None
    told = f": line {first.place.line}: {first.message}" if first is not None else ""
    return f"{label} is no sound spec{told}"


def _name_of(root: MappingNode, file: str, index: int) -> str:
    node = root.get("name")
    given = node.value if isinstance(node, Scalar) and isinstance(node.value, str) else ""
    return given or default_name(file, index)


def _short(key: SpecKey) -> str:
    name = Path(key[0]).name
    return name if key[1] == 0 else f"{name} (document {key[1] + 1})"


def _check_together(values: dict[str, Any], root: MappingNode, context: Context) -> None:
    """What keys say of one another."""
    claims = [name for name in CLAIMS if root.get(name) is not None]
    is_rule = root.get("rule") is not None or root.get("of") is not None
    if "gradient" in claims and "jacobian" in claims:
        key = root.key("jacobian") or root
        help = "a `gradient` for a function that returns a number, a `jacobian` for one that returns a vector"
        context.bad("conflicting-keys", key, "a spec claims a gradient or a jacobian, not both", help)
    _complete_pair(values)
    if "function" not in values and root.get("function") is None and not is_rule:
        _function_missing(claims, root, context)
    function_is_pair = isinstance(values.get("function"), ReferenceSource) and values["function"].returns == PAIR
    claims_something = bool(claims) or is_rule or function_is_pair or _misspells_a_claim(root)
    if context.offers.require_claim and not claims_something:
        help = "add `gradient: …` (`jacobian: …` for a vector-valued function)"
        context.bad(
            "claim-missing", root, "there is nothing to check: no gradient, jacobian or hessian", help, length=1
        )
    _check_beyond(values, root, context, "gradient" in claims or is_rule or function_is_pair)
    function = values.get("function")
    if isinstance(function, ExpressionSource) and function.whole is not None and function.whole.shape:
        for name in ("gradient", "hessian"):
            named = root.key(name)
            if named is not None:
                shape = function.whole.shape
                message = f"the function is vector-valued (shape {shape}); only a function with one value has a {name}"
                help = "claim a `jacobian`" if name == "gradient" else "remove it, or make the function a number"
                context.bad("claim-of-vector", named, message, help)


def _check_beyond(values: Mapping[str, Any], root: MappingNode, context: Context, has_gradient: bool) -> None:
    """Note what is stated beyond a gradient that the function cannot have, or that nobody claims."""
    function = values.get("function")
    vector = isinstance(function, ExpressionSource) and function.whole is not None and bool(function.whole.shape)
    vector = vector or root.get("jacobian") is not None
    for name in ("stationary", "properties", "descent"):
        key = root.key(name)
        if key is None:
            continue
        if vector:
            message = f"the function is vector-valued; `{name}` needs a function with one value"
            context.bad("claim-of-vector", key, message, "remove it, or make the function a number")
        elif name != "stationary" and context.offers.require_claim and not has_gradient:
            message = f"`{name}` is about the claimed gradient, and none is claimed"
            context.bad("claim-missing", key, message, "add `gradient: …`")


def _misspells_a_claim(root: MappingNode) -> bool:
    """Whether an unknown key was meant to be a claim, so that none is missing."""
    unknown = (key.text for key, _ in root.entries if key.text not in SPEC.index)
    suggested = [did_you_mean(text, SPEC.index) for text in unknown if not text.startswith(OWN_DATA)]
    return any(f"`{name}`" in help for help in suggested for name in CLAIMS)


def _function_missing(claims: list[str], root: MappingNode, context: Context) -> None:
    help = "for example: function: x**2 + y**2"
    if claims:
        key = root.key(claims[0]) or root
        context.bad("claim-without-function", key, f"a {claims[0]} is claimed, but no `function` is given", help)
    else:
        context.bad("missing-key", root, "a spec needs the key `function`", help, length=1)


def _complete_pair(values: dict[str, Any]) -> None:
    """A reference that returns value and gradient serves as both, wherever it is given."""
    for here, there in (("gradient", "function"), ("function", "gradient")):
        source = values.get(here)
        if isinstance(source, ReferenceSource) and source.returns == PAIR and there not in values:
            values[there] = source


def _spec(values: dict[str, Any], extensions: dict[str, Any], root: MappingNode, index: int, context: Context) -> Spec:
    places = {key.text: context.place(key) for key, _ in root.entries}
    place = context.place(root)
    assert context.variables is not None
    relative, absolute = values.get("tolerance", (RELATIVE, ABSOLUTE))
    return Spec(
        name=values.get("name") or default_name(context.source.file, index),
        place=place,
        index=index,
        description=values.get("description", ""),
        source=values.get("source", ""),
        tags=values.get("tags", ()),
        variables=context.variables,
        function=_function(values, extensions),
        gradient=values.get("gradient"),
        jacobian=values.get("jacobian"),
        hessian=values.get("hessian"),
        points=values.get("points") or (SampledPoints(DEFAULT_SAMPLE, 0, "uniform", places.get("points", place)),),
        domain=values.get("domain", {}),
        constants=values.get("constants", {}),
        relative_tolerance=relative,
        absolute_tolerance=absolute,
        backends=values.get("backends"),
        precision=values.get("precision", "float64"),
        at_kinks=AtKinks(values.get("at_kinks", AtKinks.ACCEPT_SUBGRADIENT)),
        search_evaluations=values.get("search"),
        budget_evaluations=values.get("budget"),
        expect=values.get("expect", Expect()),
        places=places,
        extensions=extensions,
    )


def _function(values: Mapping[str, Any], extensions: Mapping[str, Any]) -> Source:
    if "function" in values:
        function: Source = values["function"]
        return function
    rule = extensions["rule"]
    assert isinstance(rule, Rule)
    return ReferenceSource(RULE_KIND, rule.kind)
