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
from dataclasses import dataclass, replace
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


def stored_text(definition: Definition) -> str:
    """The text as a registry keeps it: one line, attributes as they were written."""
    return json.dumps(json.loads(definition.text), separators=(",", ":"), ensure_ascii=False)


def normalized(definition: Definition) -> Definition:
    """The one spelling of a schema: references in order, each once, and in JSON Schema keys in order.

    Avro texts keep the order that people know: ``identity`` does not look at it.
    """
    by_place = {(each.name, each.subject, each.version): each for each in definition.references}
    text = definition.text
    if definition.format is Format.JSON:
        text = json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False, sort_keys=True)
    return replace(definition, text=text, references=tuple(by_place[place] for place in sorted(by_place)))


def identity(definition: Definition) -> str:
    """Equal for definitions that are the same schema with the same references, metadata and rules."""
    tree = json.loads(definition.text)
    references = [(reference.name, reference.subject, reference.version) for reference in definition.references]
    is_avro = definition.format is Format.AVRO
    body = json.dumps(_canonical(tree, ""), sort_keys=True) if is_avro else json.dumps(tree)
    return json.dumps([definition.format.value, body, references, definition.metadata, definition.rule_set])


def guid(definition: Definition) -> str:
    """A UUID made from the content alone: the same schema has the same GUID in every registry of this kind."""
    digest = hashlib.md5(identity(definition).encode(), usedforsecurity=False)
    return str(uuid.UUID(bytes=digest.digest()))


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
