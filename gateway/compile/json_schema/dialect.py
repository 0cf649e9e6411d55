"""Which draft a schema is written in, and which references it and its references may use.

- Absent, ``$schema`` means draft-07: Confluent's own rule. In a reference it means the draft of the schema that lists
  the reference, as for Confluent's libraries and the official test suite; the validator would take 2020-12.
- ``https`` and a trailing ``#`` in the name of a draft do not matter, in a reference neither.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urldefrag, urljoin

from gateway.errors import SchemaError
from gateway.model import Reference, SchemaVersion
from gateway.notation.pointer import Pointer
from gateway.notation.strict_json import read_strict_json

DRAFT_4 = "http://json-schema.org/draft-04/schema"
DRAFT_6 = "http://json-schema.org/draft-06/schema"
DRAFT_7 = "http://json-schema.org/draft-07/schema"
DRAFT_2019 = "https://json-schema.org/draft/2019-09/schema"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"
DRAFTS = (DRAFT_4, DRAFT_6, DRAFT_7, DRAFT_2019, DRAFT_2020)

ROOT = "json-schema:///"
"""Base URI of a schema without ``$id``, and what a relative one is resolved against."""
_STAND_IN = "http://json-schema.invalid/"
"""For ROOT in ``urljoin``, which resolves against schemes that it knows only."""
_MOST_TEXT = 4_000_000
"""Characters of a schema, and of it and its references together; it takes seconds to compile that much."""
_MOST_LEVELS = 200
"""Of nesting in the text of a schema; the validator takes 255."""
_TOLD_LEVELS = 4
"""Steps that are told of a place that is too deep."""
_TOO_DEEP = "the schema is nested too deeply to be compiled; take parts out into definitions"

_IN_URIS = "%:/?#[]@!$&'()*+,;=~"
"""Characters that a reference's name may have as a URI; others, such as a space, are escaped."""


def parse_schema(version: SchemaVersion) -> Any:
    """The schema's JSON. Raises SchemaError."""
    if len(version.text) > _MOST_TEXT:
        raise SchemaError(f"the schema has {len(version.text)} characters, more than {_MOST_TEXT}; say less")
    try:
        source = read_strict_json(version.text)
    except RecursionError as exc:
        raise SchemaError(_TOO_DEEP) from exc
    except ValueError as exc:
        raise SchemaError(f"the schema is not JSON: {exc}") from exc
    if not isinstance(source, dict | bool):
        raise SchemaError("a JSON Schema is an object, or true or false")
    deep = _first_deep(source)
    if deep is not None:
        raise SchemaError(_TOO_DEEP, deep)
    return source


def _first_deep(source: Any) -> str | None:
    """Where, in its first steps, a value begins that is nested too deeply; None for a value that is not."""
    level: list[tuple[tuple[str, ...], Any]] = [((), source)]
    for depth in range(_MOST_LEVELS):
        named = depth < _TOLD_LEVELS
        level = [
            ((*steps, str(key)) if named else steps, inner)
            for steps, each in level
            if isinstance(each, dict | list)
            for key, inner in (each.items() if isinstance(each, dict) else enumerate(each))
        ]
    return str(Pointer(level[0][0])) if level else None


def draft_of(source: Any, absent: str = DRAFT_7) -> str:
    """The URI of the schema's draft, normalised. Raises SchemaError for one that we do not know."""
    declared = source.get("$schema", absent) if isinstance(source, dict) else absent
    if not isinstance(declared, str):
        raise SchemaError('"$schema" is a URI', "/$schema")
    bare = declared.removesuffix("#")
    for uri in (bare, bare.replace("https://", "http://", 1), bare.replace("http://", "https://", 1)):
        if uri in DRAFTS:
            return uri
    known = ", ".join(DRAFTS)
    raise SchemaError(f"unknown dialect {declared!r}; supported are {known}", "/$schema")


def is_before_2019(draft: str) -> bool:
    """Whether a draft, as ``draft_of`` names it, is 7 or older."""
    return draft in {DRAFT_4, DRAFT_6, DRAFT_7}


def join(base: str, uri: str) -> str:
    """``uri`` resolved against ``base``."""
    joined = urljoin(base.replace(ROOT, _STAND_IN, 1), uri)
    return ROOT + joined.removeprefix(_STAND_IN) if joined.startswith(_STAND_IN) else joined


def base_of(source: Any, around: str = ROOT) -> str:
    """The URI against which a document's references are resolved, ``around`` being where it was found."""
    if not isinstance(source, dict):
        return around
    own = source.get("id" if draft_of(source) == DRAFT_4 else "$id")
    return urldefrag(join(around, own))[0] if isinstance(own, str) else around


def documents_of(version: SchemaVersion, source: Any) -> dict[str, Any]:
    """Every reference by URI, with its draft written into it: what ``$ref`` may lead to.

    A reference has its name, resolved against the URI of the schema that lists it: against its ``$id`` as well as
    against the name under which it is a reference itself (the validator asks for both). These must be unique.
    Besides, it has the bare name, as Java registers it, and its own ``$id``; they stand back. Raises SchemaError.
    """
    found: dict[str, Any] = {}
    texts: dict[str, str] = {}
    others: list[tuple[str, Any]] = []
    characters = len(version.text)
    own = base_of(source)
    waiting: list[tuple[tuple[str, ...], str, Reference]] = [
        ((own,), draft_of(source), reference) for reference in version.references
    ]
    for bases, draft, reference in waiting:
        name = quote(reference.name, safe=_IN_URIS)
        uris = list(dict.fromkeys(join(base, name) for base in bases))
        if any(texts.setdefault(uri, reference.schema.text) != reference.schema.text for uri in uris):
            raise SchemaError(f"the reference {reference.name!r} stands for two different schemas")
        if found.keys() >= set(uris):
            continue
        characters += len(reference.schema.text)
        if characters > _MOST_TEXT:
            raise SchemaError(f"the schema and its references have more than {_MOST_TEXT} characters; say less")
        document = _read(reference, draft)
        found |= dict.fromkeys(uris, document)
        inner = [base_of(document, uri) for uri in uris]
        others += [(uri, document) for uri in (join(ROOT, name), *inner)]
        around = tuple(dict.fromkeys((*inner, *uris)))
        waiting += [(around, draft_of(document, draft), below) for below in reference.schema.references]
    for uri, document in others:
        if uri != own:
            found.setdefault(uri, document)
    return found


def _read(reference: Reference, around: str) -> Any:
    """The schema of a reference, its draft written into it; ``around`` is that of the schema that lists it."""
    try:
        document = parse_schema(reference.schema)
        return {**document, "$schema": draft_of(document, around)} if isinstance(document, dict) else document
    except SchemaError as exc:
        raise SchemaError(f"reference {reference.name!r}: {exc}") from exc
