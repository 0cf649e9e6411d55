"""Which draft a schema is written in, and a validator for it that never fetches anything.

``jsonschema-rs`` validates; ``jsonschema`` checks the schema against its draft's meta-schema, because it
says where a schema is wrong. Both would fetch ``http`` and ``file`` references by default: the validator
is offline, and knows only the references that the registry resolved.

3.0 is an integer in every draft. Draft 4 alone says otherwise (later drafts: "1.0 is an integer"), and the same
payload should not be good under one version of a schema and bad under the next because of its ``$schema``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import urljoin

import jsonschema
import jsonschema.protocols
import jsonschema_rs

from gateway.errors import SchemaError
from gateway.model import Reference, SchemaVersion
from gateway.notation.pointer import Pointer

_DRAFTS: Mapping[str, tuple[Any, type[jsonschema.protocols.Validator]]] = {
    "http://json-schema.org/draft-04/schema": (jsonschema_rs.Draft4Validator, jsonschema.Draft4Validator),
    "http://json-schema.org/draft-06/schema": (jsonschema_rs.Draft6Validator, jsonschema.Draft6Validator),
    "http://json-schema.org/draft-07/schema": (jsonschema_rs.Draft7Validator, jsonschema.Draft7Validator),
    "https://json-schema.org/draft/2019-09/schema": (
        jsonschema_rs.Draft201909Validator,
        jsonschema.Draft201909Validator,
    ),
    "https://json-schema.org/draft/2020-12/schema": (
        jsonschema_rs.Draft202012Validator,
        jsonschema.Draft202012Validator,
    ),
}
DRAFT_4 = "http://json-schema.org/draft-04/schema"
_DEFAULT = "http://json-schema.org/draft-07/schema"
"""Where ``$schema`` is absent: Confluent's own rule; the Python libraries differ among each other."""
_ROOT = "json-schema:///"
"""Base URI of a schema without ``$id``, as jsonschema-rs names it."""


def parse_schema(version: SchemaVersion) -> Any:
    """The schema's JSON. Raises SchemaError."""
    try:
        source = json.loads(version.text)
    except (ValueError, RecursionError) as exc:
        raise SchemaError(f"the schema is not JSON: {exc}") from exc
    if not isinstance(source, dict | bool):
        raise SchemaError("a JSON Schema is an object, or true or false")
    return source


class Validator(Protocol):
    """The part of a ``jsonschema_rs`` validator that is used."""

    def is_valid(self, value: Any, /) -> bool:
        """Whether a decoded payload satisfies the schema."""

    def iter_errors(self, value: Any, /) -> Iterable[Any]:
        """Every violation, as ``jsonschema_rs.ValidationError``."""


def make_validator(version: SchemaVersion, source: Any) -> Validator:
    """A validator of the parsed schema and its references. Raises SchemaError."""
    fast, careful = _DRAFTS[draft_of(source)]
    try:
        careful.check_schema(source)
    except jsonschema.SchemaError as exc:
        place = str(Pointer(tuple(str(step) for step in exc.absolute_path)))
        raise SchemaError(f"not a valid schema of its draft: {exc.message[:200]}", place) from exc
    references = list(resources(version, source))
    try:
        # Linear-time patterns only: "^(a+)+$" took another engine 6.5 s on 28 characters.
        validator: Validator = fast(
            source,
            registry=jsonschema_rs.Registry(references) if references else None,
            offline=True,
            validate_formats=False,
            pattern_options=jsonschema_rs.RegexOptions(),
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as exc:
        raise SchemaError(_why_not(exc)) from exc
    # A name of draft 4 anywhere: the validator judges each referenced schema by its own draft.
    mentions_draft_4 = any("draft-04" in json.dumps(text) for text in (source, *(text for _, text in references)))
    return _WholeFloats(validator) if mentions_draft_4 else validator


class _WholeFloats:
    """A validator that takes 3.0 for 3: there is no other difference between the two in any keyword."""

    def __init__(self, validator: Validator) -> None:
        self._validator = validator

    def is_valid(self, value: Any) -> bool:
        return self._validator.is_valid(_whole(value))

    def iter_errors(self, value: Any) -> Iterable[Any]:
        return self._validator.iter_errors(_whole(value))


def _whole(value: Any) -> Any:
    """The value with 3 for each 3.0; what has none is not copied."""
    kind = type(value)
    if kind is float:
        return int(value) if value.is_integer() else value
    if kind is dict:
        changed = {key: whole for key, item in value.items() if (whole := _whole(item)) is not item}
        return {**value, **changed} if changed else value
    if kind is list:
        items = [_whole(item) for item in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value


def draft_of(source: Any) -> str:
    """The URI of the schema's draft, normalised. Raises SchemaError for one that we do not know."""
    declared = source.get("$schema", _DEFAULT) if isinstance(source, dict) else _DEFAULT
    if not isinstance(declared, str):
        raise SchemaError('"$schema" is a URI', "/$schema")
    bare = declared.removesuffix("#")
    for uri in (bare, bare.replace("https://", "http://", 1), bare.replace("http://", "https://", 1)):
        if uri in _DRAFTS:
            return uri
    known = ", ".join(_DRAFTS)
    raise SchemaError(f"unknown dialect {declared!r}; supported are {known}", "/$schema")


def is_before_2019(draft: str) -> bool:
    """Whether a draft, as ``draft_of`` names it, is 7 or older."""
    return draft.startswith("http://")


def resources(version: SchemaVersion, source: Any) -> Iterator[tuple[str, Any]]:
    """Every reference under the URI that its name resolves to, and under the bare name (as Java registers them)."""
    seen: set[str] = set()
    waiting: list[tuple[str, Reference]] = [(_base_of(source), reference) for reference in version.references]
    while waiting:
        base, reference = waiting.pop()
        text = parse_schema(reference.schema)
        for uri in dict.fromkeys((urljoin(base, reference.name), reference.name)):
            if uri not in seen:
                seen.add(uri)
                yield uri, text
        own = _base_of(text)
        inner = own if own != _ROOT else base
        waiting.extend((inner, below) for below in reference.schema.references)


def _base_of(source: Any) -> str:
    if not isinstance(source, dict):
        return _ROOT
    base = source.get("$id", source.get("id", _ROOT))
    return base if isinstance(base, str) and base else _ROOT


def _why_not(exc: Exception) -> str:
    text = str(exc).splitlines()[0]
    if "not present in a registry" in text:
        return f"{text.partition(' and retrieving')[0]}: register it and list it under references; nothing is fetched"
    if '"regex"' in text:
        return f"{text}: patterns are matched in linear time, without lookaround and backreferences"
    return text
