"""JSON bodies of the REST interface: what requests hold, what answers show.

Key names and omissions are Confluent's: ``schemaType`` is left out for AVRO, empty ``references``,
``metadata`` and ``ruleSet`` are left out altogether.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.model import Format, ReferenceTo
from gateway.notation.strict_json import read_strict_json
from gateway.registry.answers import MAX_INT
from gateway.registry.development import refusals
from gateway.registry.development.schemas import Definition
from gateway.registry.development.store import LATEST, Entry

MOST_DIGITS: Final = len(str(MAX_INT))
"""Of a number in a path."""


def read_body(raw: bytes) -> dict[str, Any]:
    """The JSON object that a request carries. Raises Refused (400)."""
    try:
        body = read_strict_json(raw)  # what it takes besides could not be answered with
    except (ValueError, RecursionError) as exc:
        raise refusals.Refused(400, 400, f"the body is not JSON: {exc}") from exc
    if not isinstance(body, dict):
        raise refusals.Refused(400, 400, "the body is not a JSON object")
    return body


def read_definition(body: Mapping[str, Any]) -> Definition:
    """The schema in a request; without text it is empty, which may stand for the latest. Raises Refused (42201)."""
    kind = body.get("schemaType") or Format.AVRO
    if not isinstance(kind, str) or kind not in set(Format):
        raise refusals.invalid_schema(str(kind), f"Invalid schema type {kind}; this registry holds {', '.join(Format)}")
    text = body.get("schema") or ""
    if not isinstance(text, str):
        raise refusals.invalid_schema(kind, "the schema is not a text")
    references = body.get("references") or []
    try:
        read = tuple(ReferenceTo(str(ref["name"]), str(ref["subject"]), int(ref["version"])) for ref in references)
    except (TypeError, KeyError, ValueError) as exc:
        raise refusals.invalid_schema(kind, "a reference needs a name, a subject and a version") from exc
    if any(not 1 <= reference.version <= MAX_INT and reference.version != LATEST for reference in read):
        raise refusals.invalid_schema(kind, "a reference needs a version from 1 on, or -1 for the latest")
    metadata, rule_set = body.get("metadata") or None, body.get("ruleSet") or None
    if metadata is not None and not _is_metadata(metadata):
        raise refusals.Refused(
            400, 400, "metadata has tags, lists of text by name; properties, text by name; sensitive"
        )
    if rule_set is not None and not isinstance(rule_set, dict):
        raise refusals.Refused(400, 400, "ruleSet is not a JSON object")
    return Definition(Format(kind), text.strip(), read, metadata, rule_set)


def _is_metadata(metadata: Any) -> bool:
    """Whether a request's metadata has the form that it is kept in; keys of other names are kept as they are."""
    if not isinstance(metadata, dict):
        return False
    tags, properties, sensitive = (metadata.get(key) or {} for key in ("tags", "properties", "sensitive"))
    return (
        isinstance(tags, dict)
        and all(isinstance(words, list) for words in tags.values())
        and isinstance(properties, dict)
        and isinstance(sensitive, list | dict)
    )


def read_import(body: Mapping[str, Any]) -> dict[str, int | None]:
    """ID and version that a registration brings along; an ID below 0 and a version below 1 stand for none."""
    read: dict[str, int | None] = {}
    for key, name, lowest in (("id", "schema_id", 0), ("version", "version", 1)):
        value = body.get(key)
        read[name] = value if type(value) is int and lowest <= value <= MAX_INT else None
    return read


def read_version(text: str) -> int:
    """A version number or LATEST, read as Java does. Raises Refused (42202)."""
    word = text.strip().lower()
    if word in {"latest", "-1"}:
        return LATEST
    digits = word.removeprefix("+")
    is_number = digits.isascii() and digits.isdigit() and len(digits.lstrip("0")) <= MOST_DIGITS
    if not is_number or not 1 <= int(digits) <= MAX_INT:
        raise refusals.invalid_version(text)
    return int(digits)


def show_definition(definition: Definition) -> dict[str, Any]:
    """A schema, without what a subject adds to it."""
    shown: dict[str, Any] = {"guid": definition.guid, "schema": definition.text}
    if definition.format is not Format.AVRO:
        shown["schemaType"] = definition.format.value
    if definition.references:
        shown["references"] = [
            {"name": ref.name, "subject": ref.subject, "version": ref.version} for ref in definition.references
        ]
    if definition.metadata:
        shown["metadata"] = definition.metadata
    if definition.rule_set:
        shown["ruleSet"] = definition.rule_set
    return shown


def show_entry(entry: Entry) -> dict[str, Any]:
    """One version of a subject."""
    place = {"subject": entry.subject, "version": entry.version, "id": entry.schema_id}
    return place | show_definition(entry.definition)
