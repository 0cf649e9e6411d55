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
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema

from gateway.errors import SchemaError
from gateway.model import Format, ReferenceTo

_PRIMITIVE = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
_NAMED = frozenset({"record", "error", "enum", "fixed"})


@dataclass(frozen=True, slots=True)
class Definition:
    """The content of a schema, apart from who registered it."""

    format: Format
    text: str
    references: tuple[ReferenceTo, ...] = ()
    metadata: Mapping[str, Any] | None = None
    rule_set: Mapping[str, Any] | None = None


def check_json_schema(text: str) -> None:
    """Raises SchemaError if ``text`` breaks the meta-schema of its draft."""
    try:
        schema = json.loads(text)
        if type(schema) not in {dict, bool}:
            raise SchemaError("a JSON Schema is an object or a boolean")
        validator = jsonschema.validators.validator_for(schema, default=jsonschema.Draft7Validator)
        validator.check_schema(schema)
    except jsonschema.SchemaError as exc:
        raise SchemaError(exc.message, exc.json_path) from exc
    except RecursionError as exc:
        raise SchemaError("nested too deeply") from exc
    except (ValueError, TypeError) as exc:
        raise SchemaError(str(exc)) from exc


def stored_text(definition: Definition, *, normalize: bool) -> str:
    """The text as a registry keeps it: one line, attributes as they were written, or sorted if normalised."""
    tree = json.loads(definition.text)
    return json.dumps(tree, separators=(",", ":"), ensure_ascii=False, sort_keys=normalize and _sortable(definition))


def identity(definition: Definition, *, normalize: bool) -> str:
    """Equal for definitions that are the same schema with the same references, metadata and rules."""
    tree = json.loads(definition.text)
    references = [(reference.name, reference.subject, reference.version) for reference in definition.references]
    if definition.format is Format.AVRO:
        body = json.dumps(_canonical(tree, ""), sort_keys=True)
    else:
        body = json.dumps(tree, sort_keys=normalize)
    parts = [
        definition.format.value,
        body,
        sorted(references) if normalize else references,
        definition.metadata,
        definition.rule_set,
    ]
    return json.dumps(parts, sort_keys=False)


def guid(definition: Definition) -> str:
    """A UUID made from the content alone: the same schema has the same GUID in every registry of this kind."""
    digest = hashlib.md5(identity(definition, normalize=False).encode(), usedforsecurity=False)
    return str(uuid.UUID(bytes=digest.digest()))


def _sortable(definition: Definition) -> bool:
    """Whether the order of keys means nothing to readers; Avro texts keep the order people know."""
    return definition.format is Format.JSON


def _canonical(schema: Any, namespace: str) -> Any:
    """An Avro schema with every name in full and primitive types as plain strings [Avro, Names]."""
    if isinstance(schema, str):
        return schema if schema in _PRIMITIVE else _full_name(schema, namespace)
    if isinstance(schema, list):
        return [_canonical(branch, namespace) for branch in schema]
    kind = schema["type"]
    if kind in _PRIMITIVE and len(schema) == 1:
        return kind
    canonical = dict(schema)
    if kind in _NAMED:
        canonical["name"] = _full_name(schema["name"], schema.get("namespace", namespace))
        canonical.pop("namespace", None)
        inner = canonical["name"].rpartition(".")[0]
        if "fields" in schema:
            canonical["fields"] = [{**field, "type": _canonical(field["type"], inner)} for field in schema["fields"]]
    for key in ("items", "values"):
        if kind in {"array", "map"} and key in schema:
            canonical[key] = _canonical(schema[key], namespace)
    return canonical


def _full_name(name: str, namespace: str | None) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"
