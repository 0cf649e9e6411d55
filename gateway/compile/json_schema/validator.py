"""A validator for a schema that never fetches anything.

``jsonschema-rs`` validates, also the schema and its references against their drafts' meta-schemas; ``jsonschema`` is
asked where a schema is wrong, because it picks the most telling of the errors. Both would fetch ``http`` and ``file``
references by default: the validator is offline, and knows only the references that the registry resolved.

3.0 is an integer in every draft. Draft 4 alone says otherwise (later drafts: "1.0 is an integer"), and the same
payload should not be good under one version of a schema and bad under the next because of its ``$schema``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, Protocol

import jsonschema
import jsonschema.protocols
import jsonschema_rs
from jsonschema.exceptions import best_match

from gateway.compile.json_schema.dialect import DRAFT_4, DRAFT_6, DRAFT_7, DRAFT_2019, DRAFT_2020, ROOT, draft_of
from gateway.compile.json_schema.integers import Guarded, bound_integers
from gateway.compile.json_schema.patterns import check_patterns
from gateway.compile.json_schema.subschemas import subschemas
from gateway.config.options import FORMATS
from gateway.errors import SchemaError
from gateway.notation.pointer import Pointer

_VALIDATORS: Mapping[str, tuple[Any, type[jsonschema.protocols.Validator]]] = {
    DRAFT_4: (jsonschema_rs.Draft4Validator, jsonschema.Draft4Validator),
    DRAFT_6: (jsonschema_rs.Draft6Validator, jsonschema.Draft6Validator),
    DRAFT_7: (jsonschema_rs.Draft7Validator, jsonschema.Draft7Validator),
    DRAFT_2019: (jsonschema_rs.Draft201909Validator, jsonschema.Draft201909Validator),
    DRAFT_2020: (jsonschema_rs.Draft202012Validator, jsonschema.Draft202012Validator),
}


_EXACT = 2**53
"""Below it a whole double is the number that was written."""
_OF_EVERY_DRAFT = frozenset(
    {"date-time", "date", "time", "email", "idn-email", "hostname", "ipv4", "ipv6", "uri", "regex"}
)
"""Formats that the validator itself checks in all drafts."""


class Validator(Protocol):
    """The part of a ``jsonschema_rs`` validator that is used."""

    def is_valid(self, value: Any, /) -> bool:
        """Whether a decoded payload satisfies the schema."""

    def iter_errors(self, value: Any, /) -> Iterable[Any]:
        """Every violation, as ``jsonschema_rs.ValidationError``; all of them are found before the first is told."""

    def validate(self, value: Any, /) -> None:
        """Raises the first violation, a ``jsonschema_rs.ValidationError``."""


def check_schemas(source: Any, references: Mapping[str, Any]) -> None:
    """Raises SchemaError where a schema, or what it may refer to, breaks its draft or has a pattern that we refuse."""
    _check(source)
    for uri, document in references.items():
        try:
            _check(document)
        except SchemaError as exc:
            raise SchemaError(f"reference {uri!r}: {exc}") from exc


def _check(source: Any) -> None:
    draft = draft_of(source)
    if not _meta_validator(draft).is_valid(source):
        _, careful = _VALIDATORS[draft]
        error = best_match(careful(careful.META_SCHEMA).iter_errors(source))
        assert error is not None, "both libraries pass the official tests of all that the meta-schemas use"
        place = str(Pointer(tuple(str(step) for step in error.absolute_path)))
        raise SchemaError(f"not a valid schema of its draft: {error.message[:200]}", place)
    check_patterns(source)
    if draft == DRAFT_2019:
        _check_recursion(source)


def _check_recursion(source: Any) -> None:
    """Raises SchemaError for a ``$recursiveRef`` that the validator would take for ``#``, whatever stands there."""
    for steps, schema in subschemas(source):
        if schema.get("$recursiveRef", "#") != "#":
            place = str(Pointer((*steps, "$recursiveRef")))
            raise SchemaError('draft 2019-09 allows "#" only; refer to anything else by $ref', place)


@cache
def _meta_validator(draft: str) -> Validator:
    """Judges schemas of a draft, a hundred times faster than the one that tells where they are wrong.

    Without formats: the only one that counts is that of patterns, which are examined by themselves.
    """
    fast, careful = _VALIDATORS[draft]
    made: Validator = fast(careful.META_SCHEMA, offline=True, validate_formats=False)
    return made


def make_validator(
    source: Any, references: Mapping[str, Any], *, formats: frozenset[str] = frozenset(), int64: bool = False
) -> Validator:
    """A validator of a checked schema and the references it may use, by URI. Raises SchemaError.

    It checks ``formats``, and with ``int64`` that integers have 64 bits.
    """
    validator = _validator_of(source, references, formats)
    if int64:
        bounded = bound_integers({"": source, **{f"@{uri}": document for uri, document in references.items()}})
        others = {key[1:]: document for key, document in bounded.items() if key}
        validator = Guarded(validator, _WholeFloats(_validator_of(bounded[""], others, frozenset()), int))
    # A name of draft 4 anywhere: the validator judges each referenced schema by its own draft.
    mentions_draft_4 = any("draft-04" in json.dumps(text) for text in (source, *references.values()))
    return _WholeFloats(validator) if mentions_draft_4 else validator


def _validator_of(source: Any, references: Mapping[str, Any], formats: frozenset[str]) -> Validator:
    fast, _ = _VALIDATORS[draft_of(source)]
    try:
        # Linear-time patterns only: "^(a+)+$" took another engine 6.5 s on 28 characters.
        validator: Validator = fast(
            source,
            registry=jsonschema_rs.Registry(list(references.items())) if references else None,
            base_uri=ROOT,
            offline=True,
            validate_formats=bool(formats),
            formats=_checks(formats) if formats else None,
            pattern_options=jsonschema_rs.RegexOptions(),
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as exc:
        raise SchemaError(_why_not(exc)) from exc
    return validator


@cache
def _checks(formats: frozenset[str]) -> Mapping[str, Callable[[str], bool]]:
    """What makes every draft check these formats and no others.

    A format that only later drafts have is that of draft 2020-12: people write ``uuid`` in draft-07, too.
    """
    later = formats - _OF_EVERY_DRAFT
    made = {name: jsonschema_rs.Draft202012Validator({"format": name}, validate_formats=True) for name in later}
    checks: dict[str, Callable[[str], bool]] = {name: validator.is_valid for name, validator in made.items()}
    return {**checks, **{name: _takes_any for name in FORMATS if name not in formats}}


def _takes_any(_text: str) -> bool:
    return True


def _as_written(number: float) -> int:
    """The whole number that a double's shortest form says: 10^30 for 1e30. So the validator reads doubles."""
    return int(number) if abs(number) < _EXACT else int(Decimal(repr(number)))


class _WholeFloats:
    """A validator that takes 3.0 for 3: there is no other difference between the two in any keyword."""

    def __init__(self, validator: Validator, whole: Callable[[float], int] = _as_written) -> None:
        self._validator = validator
        self._integer = whole

    def is_valid(self, value: Any) -> bool:
        return self._validator.is_valid(_whole(value, self._integer))

    def iter_errors(self, value: Any) -> Iterable[Any]:
        return self._validator.iter_errors(_whole(value, self._integer))

    def validate(self, value: Any) -> None:
        self._validator.validate(_whole(value, self._integer))


def _whole(value: Any, integer: Callable[[float], int]) -> Any:
    """The value with 3 for each 3.0; what has none is not copied."""
    kind = type(value)
    if kind is float:
        return integer(value) if value.is_integer() else value
    if kind is dict:
        changed = {key: whole for key, item in value.items() if (whole := _whole(item, integer)) is not item}
        return {**value, **changed} if changed else value
    if kind is list:
        items = [_whole(item, integer) for item in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value


def _why_not(exc: Exception) -> str:
    text = str(exc).splitlines()[0]
    if "not present in a registry" in text:
        return f"{text.partition(' and retrieving')[0]}: register it and list it under references; nothing is fetched"
    return text
