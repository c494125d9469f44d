"""Specs as entries: what of a spec decides its result, as text, without its meaning."""

from __future__ import annotations

import os
from collections.abc import Sequence

from gradverify.cache.digests import digest
from gradverify.cache.keys import Entry, Files
from gradverify.spec.beyond import Rule
from gradverify.spec.documents import DocumentTexts
from gradverify.spec.model import ExpressionSource, ReferenceSource, Source, Spec


def sources_of(spec: Spec) -> tuple[Source, ...]:
    """The function and the claims of a spec."""
    return tuple(source for source in (spec.function, spec.gradient, spec.jacobian, spec.hessian) if source is not None)


def is_self_contained(spec: Spec) -> bool:
    """Whether the spec's text and the data files that it names say all that there is: expressions only, no rule."""
    return all(isinstance(source, ExpressionSource) for source in sources_of(spec)) and not isinstance(
        spec.extensions.get("rule"), Rule
    )


def loader_kinds(spec: Spec) -> frozenset[str]:
    """The function loaders that the spec needs."""
    return frozenset(source.kind for source in sources_of(spec) if isinstance(source, ReferenceSource))


def named_files(spec: Spec) -> tuple[str, ...]:
    """The files that a spec's text names, absolute: constants' data and the parts of a rule."""
    files = [constant.file for constant in spec.constants.values() if constant.file is not None]
    rule = spec.extensions.get("rule")
    if isinstance(rule, Rule):
        files += [part.file for part in rule.parts]
    return tuple(sorted(set(map(os.path.abspath, files))))


def entries_of(specs: Sequence[Spec], files: Files) -> list[Entry | None]:
    """What identifies each of `specs`, all those of a file together; None where its text cannot be told."""
    texts = DocumentTexts(specs, files.is_settled)
    return [_entry(spec, texts) for spec in specs]


def _entry(spec: Spec, texts: DocumentTexts) -> Entry | None:
    document = texts.find(spec)
    if document is None:
        return None
    text = digest(*document.lines)
    backends = tuple(spec.backends or ())
    return Entry(spec.index, spec.name, spec.place.line, spec.tags, backends, text, named_files(spec))
