"""What a reader gets back from an encoded record: the JSON form that ``becomes`` and ``gateway try`` show.

Avro is read by fastavro, from the registered text and not from our own tree of it: were both wrong in
the same way, nobody would see it. Logical types are taken off first, so that their physical values come
back: a timestamp is its number, a decimal its bytes.

The JSON form: bytes and fixed as latin-1 text, unions untagged, ``NaN``, ``Infinity`` and ``-Infinity``
as text, a number beyond binary64 (JSON Schema only) as ``Decimal``.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import fastavro
import msgspec

from gateway.compile import json_text
from gateway.compile.avro.schema import PRIMITIVES
from gateway.errors import SchemaError
from gateway.model import Format, Reference, SchemaVersion

_MEANINGLESS = frozenset({"logicalType", "default", "aliases", "doc"})
"""Attributes that say nothing about the bytes; a default that only fastavro finds odd must not stop a reading."""
_COMPLEX = frozenset({"record", "error", "enum", "fixed", "array", "map"})

_decode = json_text.make_decoder(exact=False)
_decode_huge = json_text.make_decoder(exact=True)

ReadBack = Callable[[bytes], Any]
"""What stands behind the wire prefix -> its JSON form."""


def compile_readback(version: SchemaVersion) -> ReadBack:
    """The reader of bytes that were encoded with ``version``. Raises SchemaError where fastavro takes it for no schema.

    The bytes must be whole: the reader raises ValueError for what is cut or has more behind it.
    """
    if version.format is Format.JSON:
        return _read_json
    schema = _readable(version)
    if schema == "bytes" or (isinstance(schema, dict) and schema.get("type") == "bytes"):
        return lambda body: body.decode("latin-1")  # at the top without a length, as Confluent's clients write it

    def read_avro(body: bytes) -> Any:
        stream = io.BytesIO(body)
        try:
            value = fastavro.schemaless_reader(stream, schema, None)
        except (EOFError, StopIteration, IndexError) as exc:
            raise ValueError(f"{len(body)} bytes end in the middle of a value of {version.subject!r}") from exc
        if stream.tell() != len(body):
            raise ValueError(f"{len(body) - stream.tell()} bytes stand behind the value of {version.subject!r}")
        return _json_form(value)

    return read_avro


def read_back(version: SchemaVersion, body: bytes) -> Any:
    """The JSON form of ``body``, which was encoded with ``version`` and has no wire prefix."""
    return compile_readback(version)(body)


def _read_json(body: bytes) -> Any:
    try:
        return _decode(body)
    except msgspec.ValidationError:
        return _decode_huge(body)


def _json_form(value: Any) -> Any:
    """A value as fastavro reads physical types, in JSON's terms."""
    match value:
        case dict():
            return {key: _json_form(item) for key, item in value.items()}
        case list():
            return [_json_form(item) for item in value]
        case bytes():
            return value.decode("latin-1")
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case _:
            return value


def _readable(version: SchemaVersion) -> Any:
    """The schema for fastavro, all references put in where they are first used. Raises SchemaError."""
    named: dict[str, Any] = {}
    try:
        _parse_references(version.references, named, set())
        parsed = fastavro.parse_schema(_physical(_read_json(version.text.encode())), named_schemas=named)
    except (fastavro.schema.SchemaParseException, fastavro.schema.UnknownType, ValueError, KeyError) as exc:
        raise SchemaError(f"fastavro cannot read with the schema of {version.subject!r}: {exc}") from exc
    return fastavro.parse_schema(_whole(parsed, named, set()))


def _parse_references(references: Iterable[Reference], named: dict[str, Any], seen: set[tuple[str, int]]) -> None:
    """Adds the named types of all references to ``named``, innermost first, each version once."""
    for reference in references:
        schema = reference.schema
        if (schema.subject, schema.version) not in seen:
            seen.add((schema.subject, schema.version))
            _parse_references(schema.references, named, seen)
            fastavro.parse_schema(_physical(_read_json(schema.text.encode())), named_schemas=named)


def _physical(source: Any) -> Any:
    """A schema without what does not decide about its bytes."""
    match source:
        case {"type": str() as name} if name not in PRIMITIVES | _COMPLEX:
            return name  # an object around a name, which fastavro does not look into
        case dict():
            bare = {key: value for key, value in source.items() if key not in _MEANINGLESS}
            inner = {key: _physical(bare[key]) for key in ("items", "values") if key in bare}
            if "fields" in bare:
                inner["fields"] = [
                    {"name": field["name"], "type": _physical(field["type"])} for field in source["fields"]
                ]
            return bare | inner
        case list():
            return [_physical(item) for item in source]
        case _:
            return source


def _whole(parsed: Any, named: Mapping[str, Any], defined: set[str]) -> Any:
    """A parsed schema (names in full) in which each named type is defined where it first stands."""
    match parsed:
        case str() if parsed not in PRIMITIVES and parsed not in defined:
            return _whole(named[parsed], named, defined)
        case list():
            return [_whole(branch, named, defined) for branch in parsed]
        case dict():
            if "name" in parsed and "type" in parsed and parsed["type"] in {"record", "error", "enum", "fixed"}:
                defined.add(parsed["name"])
            whole = {key: value for key, value in parsed.items() if not key.startswith("__")}
            for key in ("type", "items", "values"):
                inner = whole.get(key)
                if isinstance(inner, dict | list) or (isinstance(inner, str) and inner in named):
                    whole[key] = _whole(inner, named, defined)
            if "fields" in whole:
                whole["fields"] = [{**each, "type": _whole(each["type"], named, defined)} for each in whole["fields"]]
            return whole
        case _:
            return parsed
