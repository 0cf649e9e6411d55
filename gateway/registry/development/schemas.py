"""Schema texts as a registry sees them: are they valid, are two of them the same, what is their GUID.

- JSON Schema is held against its meta-schema (draft-07 where ``$schema`` is absent or unknown, as
  Confluent does). Remote ``$ref`` are never fetched.
- Two Avro texts are the same schema if they differ in white space, order of attributes or the way
  names are written (``name`` + ``namespace`` or full name). Two JSON Schemas are the same if they
  differ in white space only; normalised, also in the order of keys.

Pure: no I/O, no subjects.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import jsonschema

from gateway.compile.json_schema.dialect import draft_of, parse_schema
from gateway.errors import SchemaError
from gateway.model import Format, ReferenceTo, SchemaVersion
from gateway.plan.avro_text import canonical
from gateway.plan.compatibility.json_documents import documents


@dataclass(frozen=True)
class Definition:
    """The content of a schema, apart from who registered it."""

    format: Format
    text: str
    references: tuple[ReferenceTo, ...] = ()
    metadata: Mapping[str, Any] | None = None
    rule_set: Mapping[str, Any] | None = None

    @cached_property
    def guid(self) -> str:
        """A UUID made from the content alone, the one that Confluent gives to a schema without rules.

        It is the MD5 of the stored text, the references and the metadata; numbers count as they are written.
        """
        digest = hashlib.md5(stored_text(self).encode(), usedforsecurity=False)
        for reference in self.references:
            digest.update(f"{reference.name}{reference.subject}".encode() + reference.version.to_bytes(4, signed=True))
        if self.metadata is not None:
            digest.update(b"\1" + "".join(_metadata_words(self.metadata)).encode())
        if self.rule_set is not None:
            digest.update(b"\1" + _one_line(self.rule_set, sort_keys=True).encode())
        return str(uuid.UUID(bytes=digest.digest()))


def check_json_schema(version: SchemaVersion) -> None:
    """Raises SchemaError if a schema, or what it refers to, breaks the meta-schema of its draft."""
    schema = parse_schema(version)
    if isinstance(schema, dict) and not isinstance(schema.get("$schema", ""), str):
        raise SchemaError('"$schema" is a URI', "/$schema")
    try:
        validator = jsonschema.validators.validator_for(schema, default=jsonschema.Draft7Validator)
        validator.check_schema(schema)
    except jsonschema.SchemaError as exc:
        raise SchemaError(exc.message, exc.json_path) from exc
    except RecursionError as exc:
        raise SchemaError("nested too deeply") from exc
    except (ValueError, TypeError) as exc:
        raise SchemaError(str(exc)) from exc
    documents(with_known_dialects(version))


def with_known_dialects(version: SchemaVersion) -> SchemaVersion:
    """The JSON Schema without any ``$schema`` that nobody knows: to Confluent's registry it says nothing.

    The same with what it refers to. For comparing only: texts are kept as they came. Raises SchemaError.
    """
    references = tuple(
        replace(reference, schema=with_known_dialects(reference.schema)) for reference in version.references
    )
    tree = parse_schema(version)
    waiting, is_changed = [tree], False
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict) and isinstance(part.get("$schema"), str) and not _is_known(part):
            del part["$schema"]
            is_changed = True
        waiting += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return replace(version, text=json.dumps(tree) if is_changed else version.text, references=references)


def _is_known(schema: Mapping[str, Any]) -> bool:
    try:
        draft_of(schema)
    except SchemaError:
        return False
    return True


def stored_text(definition: Definition) -> str:
    """The text as a registry keeps it, on one line: Avro as Java writes it, JSON Schema with its keys as they came."""
    tree = json.loads(definition.text)
    return _one_line(canonical(tree) if definition.format is Format.AVRO else tree)


def normalized(definition: Definition) -> Definition:
    """The one spelling of a schema: references in order, each once, and in JSON Schema keys in order."""
    by_place = {(each.name, each.subject, each.version): each for each in definition.references}
    text = definition.text
    if definition.format is Format.JSON:
        text = _one_line(json.loads(text), sort_keys=True)
    ordered = sorted(by_place.values(), key=lambda each: (each.subject, each.version))
    return replace(definition, text=text, references=tuple(ordered))


def identity(definition: Definition) -> str:
    """Equal for definitions that are the same schema with the same references, metadata and rules."""
    tree = json.loads(definition.text)
    references = [(reference.name, reference.subject, reference.version) for reference in definition.references]
    is_avro = definition.format is Format.AVRO
    body = json.dumps(canonical(tree), sort_keys=True) if is_avro else json.dumps(tree)
    return json.dumps([definition.format.value, body, references, definition.metadata, definition.rule_set])


def _metadata_words(metadata: Mapping[str, Any]) -> Iterator[str]:
    """Tags, properties and what is sensitive, each in order."""
    for key, words in sorted((metadata.get("tags") or {}).items()):
        yield from (key, *sorted(map(str, words)))
    for key, value in sorted((metadata.get("properties") or {}).items()):
        yield from (key, str(value))
    yield from sorted(map(str, metadata.get("sensitive") or ()))


def _one_line(tree: Any, *, sort_keys: bool = False) -> str:
    return json.dumps(tree, separators=(",", ":"), ensure_ascii=False, sort_keys=sort_keys)
