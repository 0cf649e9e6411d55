"""What Schema Registry answers, read strictly: from decoded JSON to values, or ``UnusableAnswer``.

Rules
- Nothing is taken on trust: a proxy's page, a half-written body or a hostile server must never get
  a schema ID into a record or a text into the cache.
- What a registry may leave out is None: AVRO's ``schemaType``, ``guid`` before Confluent 8 and in
  Karapace, Apicurio and Redpanda, ``references`` where there are none.
- Fields that are not read are not looked at, so that newer registries can add some.

Pure: no I/O. The snapshot file holds versions in the same form, and is read by the same functions.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.config.contract import Compatibility
from gateway.errors import GatewayError, UnsupportedFormat
from gateway.model import Format, ReferenceTo, Registered

MAX_INT = 2**31 - 1
"""Schema IDs and versions are Java ints."""


class UnusableAnswer(GatewayError):
    """An answer is not what the protocol says: wrong type, wrong range, or about something else."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A schema that is to be looked up, compared or registered."""

    format: Format
    text: str
    references: tuple[ReferenceTo, ...] = ()


def read_registered(answer: object, subject: str, version: int | None = None) -> Registered:
    """The version in ``answer``, listed under ``subject``, which must be ``version`` where one was asked for.

    ``subject`` is the name we asked for: a registry with aliases answers with another one. Raises
    UnusableAnswer; UnsupportedFormat where the schema type is one that the gateway does not take.
    """
    body = _mapping(answer, "a schema version")
    found = _integer(body, "version", 1)
    if version is not None and found != version:
        raise UnusableAnswer(f"asked for version {version} of {subject!r}, got version {found}")
    return Registered(
        subject=subject,
        version=found,
        schema_id=_integer(body, "id", 0),
        format=_format(body, subject, found),
        text=_schema_text(body),
        guid=_guid(body),
        references=tuple(_references(body)),
        extras=tuple(name for name in ("metadata", "ruleSet") if body.get(name)),
    )


def read_schema(answer: object) -> Candidate | None:
    """The schema in the answer to a question for a schema ID; None for a type that the gateway does not take.

    Raises UnusableAnswer.
    """
    body = _mapping(answer, "a schema")
    try:
        form = _format(body, "", 0)
    except UnsupportedFormat:
        return None
    return Candidate(form, _schema_text(body), tuple(_references(body)))


def read_place(answer: object) -> tuple[int, int]:
    """Version and schema ID of the version in ``answer``, of whatever type its schema is. Raises UnusableAnswer."""
    body = _mapping(answer, "a schema version")
    return _integer(body, "version", 1), _integer(body, "id", 0)


def write_registered(registered: Registered) -> dict[str, Any]:
    """What ``read_registered`` reads back: the form of the REST interface and of the snapshot file."""
    return {
        "subject": registered.subject,
        "version": registered.version,
        "id": registered.schema_id,
        "guid": registered.guid,
        **write_candidate(Candidate(registered.format, registered.text, registered.references)),
    }


def write_candidate(candidate: Candidate) -> dict[str, Any]:
    """The request body for a schema."""
    return {
        "schemaType": candidate.format.value,
        "schema": candidate.text,
        "references": [
            {"name": reference.name, "subject": reference.subject, "version": reference.version}
            for reference in candidate.references
        ],
    }


def read_subjects(answer: object) -> list[str]:
    """The names in the answer to a list of subjects. Raises UnusableAnswer."""
    if not isinstance(answer, list) or not all(isinstance(name, str) and name for name in answer):
        raise UnusableAnswer(f"a list of subjects was expected, got {_kind(answer)}")
    return answer


def read_numbers(answer: object) -> list[int]:
    """The numbers in the answer to a list of versions or schema IDs, in order. Raises UnusableAnswer."""
    if not isinstance(answer, list) or not all(type(number) is int and 1 <= number <= MAX_INT for number in answer):
        raise UnusableAnswer(f"a list of numbers was expected, got {_kind(answer)}")
    return sorted(answer)


def read_owners(answer: object) -> list[str]:
    """The subjects in the answer to a schema ID's versions. Raises UnusableAnswer."""
    if not isinstance(answer, list):
        raise UnusableAnswer(f"a list of versions was expected, got {_kind(answer)}")
    return read_subjects([_mapping(entry, "a version").get("subject") for entry in answer])


def read_compatibility(answer: object) -> Compatibility:
    """The level in the answer to GET /config, which is ``compatibilityLevel`` there. Raises UnusableAnswer."""
    body = _mapping(answer, "a configuration")
    level: Any = body.get("compatibilityLevel")
    try:
        return Compatibility(level)
    except ValueError as exc:
        raise UnusableAnswer(f"'compatibilityLevel' is {level!r}, which is not a compatibility level") from exc


def read_verdict(answer: object) -> tuple[bool, tuple[str, ...]]:
    """Whether a candidate is compatible, and the registry's reasons if it gives any. Raises UnusableAnswer."""
    body = _mapping(answer, "a compatibility verdict")
    compatible = body.get("is_compatible")
    if not isinstance(compatible, bool):
        raise UnusableAnswer(f"'is_compatible' is {_kind(compatible)}, not true or false")
    messages = body.get("messages") or []
    if not isinstance(messages, list):
        raise UnusableAnswer(f"'messages' is {_kind(messages)}, not a list")
    return compatible, tuple(str(message) for message in messages)


def read_schema_id(answer: object) -> int:
    """The schema ID in the answer to a registration. Raises UnusableAnswer."""
    return _integer(_mapping(answer, "a registration"), "id", 0)


def _mapping(answer: object, what: str) -> Mapping[str, Any]:
    if not isinstance(answer, dict):
        raise UnusableAnswer(f"{what} was expected, got {_kind(answer)}")
    return answer


def _integer(body: Mapping[str, Any], key: str, lowest: int) -> int:
    value = body.get(key)
    if type(value) is not int or not lowest <= value <= MAX_INT:
        shown = value if type(value) is int else _kind(value)
        raise UnusableAnswer(f"{key!r} is {shown}, not a number between {lowest} and {MAX_INT}")
    return value


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise UnusableAnswer(f"{key!r} is {_kind(value)}, not a non-empty string")
    return value


def _format(body: Mapping[str, Any], subject: str, version: int) -> Format:
    value = body.get("schemaType")
    if value is None:
        return Format.AVRO
    if not isinstance(value, str):
        raise UnusableAnswer(f"'schemaType' is {_kind(value)}, not a string")
    try:
        return Format(value)
    except ValueError as exc:
        message = f"subject {subject!r} holds a schema of type {value[:40]!r}; the gateway takes {', '.join(Format)}"
        raise UnsupportedFormat(message, version) from exc


def _schema_text(body: Mapping[str, Any]) -> str:
    text = _text(body, "schema")
    try:
        json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise UnusableAnswer(f"'schema' is not JSON: {exc}") from exc
    return text


def _guid(body: Mapping[str, Any]) -> str | None:
    value = body.get("guid")
    if value is None:
        return None
    if not isinstance(value, str):
        raise UnusableAnswer(f"'guid' is {_kind(value)}, not a string")
    try:
        return str(uuid.UUID(value))
    except ValueError as exc:
        raise UnusableAnswer(f"'guid' is {value[:40]!r}, not a UUID") from exc


def _references(body: Mapping[str, Any]) -> list[ReferenceTo]:
    values = body.get("references")
    if values is None:
        return []
    if not isinstance(values, list):
        raise UnusableAnswer(f"'references' is {_kind(values)}, not a list")
    read = []
    for value in values:
        reference = _mapping(value, "a reference")
        read.append(
            ReferenceTo(_text(reference, "name"), _text(reference, "subject"), _integer(reference, "version", 1)),
        )
    return read


def _kind(value: object) -> str:
    """What a JSON value is called; never the value itself, which may be anything."""
    if value is None:
        return "nothing"
    if value == "":
        return "an empty string"
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "an object"}
    return names[type(value)]
