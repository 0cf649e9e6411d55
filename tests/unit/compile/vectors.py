"""The vectors of ``tests/vectors``: files that people write, as cases that a test runs.

The notation is described in tests/vectors/README.md. A file that breaks it stops the whole run: a
vector that is silently not run proves nothing.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastavro

from gateway.config.contract import Contract, Timestamp
from gateway.model import Code, Mode, SchemaVersion
from gateway.notation.pointer import Pointer
from gateway.notation.yaml import parse
from tests.unit.compile.compiled import DEPTH, contract_of, json_version, version_of

FOLDER = Path(__file__).parents[2] / "vectors"
MODES = {"S": Mode.STRICT, "L": Mode.LOSSLESS, "X": Mode.LENIENT}

_FILE_KEYS = {"about", "types", "groups"}
_RULE_KEYS = {"schema", "json_schema", "options", "overrides", "timestamp", "device", "fields", "depth"}
_GROUP_KEYS = _RULE_KEYS | {"about", "vectors"}
_VECTOR_KEYS = _RULE_KEYS | {"in", "in_hex", "spec", "bug", "note"} | set(MODES)
_ACCEPTED_KEYS = {"is", "hex", "avro", "json", "as", "stamp"}
_REFUSED_KEYS = {"code", "at", "params", "in", "says", "where", "then"}
_CODES = {str(code) for code in Code}

ABSENT: Any = object()
"""What a vector does not say; null is something else."""


class BadVector(Exception):
    """A file below ``tests/vectors`` breaks the notation."""


@dataclass(frozen=True)
class Refusal:
    """A payload must be rejected."""

    code: str
    path: str
    params: Mapping[str, Any]
    """Some of the violation's own; what is not named here is not checked."""
    passes_in: Any
    """The mode that the violation names as wide enough, None for none; ABSENT if that is not checked."""
    says: str
    """How the message ends; empty if that is not checked."""
    schema_path: Any
    """Pointer into the schema, or the URI of a place there; ABSENT if that is not checked."""
    then: Any
    """The refusals that follow, a tuple of Refusal; ABSENT if they are not checked."""


@dataclass(frozen=True)
class Unloadable:
    """The schema must be refused under the contract, before any payload comes."""

    says: str
    """A part of the reason."""


@dataclass(frozen=True)
class Acceptance:
    """A payload must become a record."""

    value: Mapping[str, Any]
    """What is known of it: ``is``, ``hex``, ``avro``, ``json``; at least one."""
    conversions: Mapping[str, tuple[str, ...]]
    """Path -> codes."""
    stamp: int | None
    """The record's timestamp, ms; None if that is not checked."""


@dataclass(frozen=True)
class Case:
    """One payload in one mode."""

    name: str
    version: SchemaVersion
    schema: Any
    """The schema's JSON."""
    payload: bytes
    contract: Contract
    """What a contract with the vector's mode, options, overrides, timestamp, device and fields declares."""
    declared: Mapping[str, Any]
    """The vector with what its group says of all, as the file has it."""
    depth: int
    """Most levels of nesting."""
    outcome: Refusal | Acceptance | Unloadable
    spec: int | None
    """Its number in the specification's own list."""
    bug: str | None
    """Why the code does not reach the outcome yet."""

    @property
    def mode(self) -> Mode:
        """The mode that it is about."""
        return self.contract.mode


def read_cases(folder: Path = FOLDER) -> list[Case]:
    """Every case of every file. Raises BadVector."""
    return [case for file in sorted(folder.glob("*.yaml")) for case in _read_file(file)]


def _read_file(file: Path) -> Iterator[Case]:
    document = parse(file.read_text("utf-8"))
    content = document.value
    _check_keys(content, _FILE_KEYS, file.name)
    types = content.get("types", {})
    for n, group in enumerate(content["groups"]):
        _check_keys(group, _GROUP_KEYS, f"{file.name}, group {n + 1}")
        for m, vector in enumerate(group["vectors"]):
            name = f"{file.stem}:{document.place(('groups', n, 'vectors', m)).line}"
            _check_keys(vector, _VECTOR_KEYS, name)
            yield from _read_vector(name, _completed(vector, group), types)


def _completed(vector: Mapping[str, Any], group: Mapping[str, Any]) -> dict[str, Any]:
    """The vector with what its group says of all; a schema of its own replaces the group's, of either kind."""
    own = {"schema", "json_schema"} & vector.keys()
    return {key: item for key, item in group.items() if not (own and key in {"schema", "json_schema"})} | dict(vector)


def _check_keys(found: Any, known: set[str], place: str) -> None:
    if not isinstance(found, dict) or not found.keys() <= known:
        raise BadVector(f"{place}: {found!r} is no mapping of {sorted(known)}")


def _read_vector(name: str, vector: Mapping[str, Any], types: Mapping[str, Any]) -> Iterator[Case]:
    if ("json_schema" in vector) == ("schema" in vector) or ("in" in vector) == ("in_hex" in vector):
        raise BadVector(f"{name}: exactly one of schema and json_schema, and one of in and in_hex")
    if "schema" in vector:
        schema = _resolve(vector["schema"], types)
        version = version_of(schema)
    else:
        schema = vector["json_schema"]
        version = json_version(schema)
    payload = _text_of(vector["in"]).encode() if "in" in vector else bytes.fromhex(vector["in_hex"])
    left: Any = None
    present = [letter for letter in MODES if letter in vector]
    if not present:
        raise BadVector(f"{name}: no mode has an outcome")
    for letter in present:
        written = left if vector[letter] == "=" else vector[letter]
        left = written
        bugs = vector.get("bug", {})
        yield Case(
            f"{name}-{letter}",
            version,
            schema,
            payload,
            _contract(vector, MODES[letter]),
            vector,
            vector.get("depth", DEPTH),
            _read_outcome(f"{name}-{letter}", written),
            vector.get("spec"),
            bugs.get(letter) if isinstance(bugs, dict) else bugs,
        )


def _text_of(written: Any) -> str:
    """The payload's text; of a list its parts in a row, ``[text, times]`` repeated."""
    if isinstance(written, str):
        return written
    return "".join(part if isinstance(part, str) else part[0] * part[1] for part in written)


def _contract(vector: Mapping[str, Any], mode: Mode) -> Contract:
    declared = vector.get("timestamp")
    if isinstance(declared, dict):
        rest = {key: item for key, item in declared.items() if key != "field"}
        declared = Timestamp(Pointer.parse(declared["field"]), **rest)
    plain: dict[str, Any] = {key: vector.get(key) for key in ("options", "overrides", "device", "fields")}
    return contract_of(mode=mode, timestamp=declared, **plain)


def _resolve(schema: Any, types: Mapping[str, Any]) -> Any:
    """The schema with the file's own names replaced, wherever a type can stand."""
    if isinstance(schema, str):
        return types.get(schema, schema)
    if isinstance(schema, list):
        return [_resolve(branch, types) for branch in schema]
    inner = {key: _resolve(schema[key], types) for key in ("type", "items", "values") if key in schema}
    if "fields" in schema:
        inner["fields"] = [_resolve(field, types) for field in schema["fields"]]
    return {**schema, **inner}


def _read_outcome(name: str, written: Any) -> Refusal | Acceptance | Unloadable:
    if isinstance(written, str):
        code, _, path = written.partition(" @")
        return _refusal(name, {"code": code, "at": path})
    if isinstance(written, dict) and "code" in written:
        return _refusal(name, written)
    if isinstance(written, dict) and written.keys() == {"load"} and written["load"]:
        return Unloadable(written["load"])
    _check_keys(written, _ACCEPTED_KEYS, name)
    value = {key: item for key, item in written.items() if key not in {"as", "stamp"}}
    if not value or not all(isinstance(value[key], str) for key in ("hex", "avro", "json") if key in value):
        raise BadVector(f"{name}: says nothing of the value, or not as text (quote it)")
    noted = written.get("as", {})
    by_path = noted if isinstance(noted, dict) else {"": noted}
    return Acceptance(
        value,
        {path: (codes,) if isinstance(codes, str) else tuple(codes) for path, codes in by_path.items()},
        written.get("stamp"),
    )


def _refusal(name: str, written: Mapping[str, Any]) -> Refusal:
    _check_keys(written, _REFUSED_KEYS, name)
    if written["code"] not in _CODES:
        raise BadVector(f"{name}: {written['code']!r} is no reason code")
    return Refusal(
        code=written["code"],
        path=written.get("at", ""),
        params=written.get("params", {}),
        passes_in=written.get("in", ABSENT),
        says=written.get("says", ""),
        schema_path=written.get("where", ABSENT),
        then=tuple(_read_outcome(name, each) for each in written["then"]) if "then" in written else ABSENT,
    )


def read_back(schema: Any, body: bytes) -> Any:
    """The value that fastavro reads, logical types physical. Fails where bytes are left over.

    Of a top-level ``bytes`` the body is the value: the registry's wire format gives it no length.
    """
    bare = physical(schema)
    if bare in ("bytes", {"type": "bytes"}):
        return body
    source = io.BytesIO(body)
    value = fastavro.schemaless_reader(source, fastavro.parse_schema(bare), None)
    rest = source.read()
    assert not rest, f"the reader leaves {rest!r} over"
    return value


def physical(schema: Any) -> Any:
    """The schema without logical types, so that readers give physical values."""
    if isinstance(schema, list):
        return [physical(branch) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    bare = {key: item for key, item in schema.items() if key not in {"logicalType", "precision", "scale"}}
    inner = {key: physical(bare[key]) for key in ("type", "items", "values") if key in bare}
    if "fields" in bare:
        inner["fields"] = [physical(field) for field in bare["fields"]]
    return {**bare, **inner}


def json_form(value: Any) -> Any:
    """An Avro value as JSON: bytes as latin-1 text, non-finite numbers as text."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[repr(value)]
    if isinstance(value, dict):
        return {key: json_form(item) for key, item in value.items()}
    if isinstance(value, list):
        return [json_form(item) for item in value]
    return value


def same(one: Any, other: Any) -> bool:
    """Equal as JSON values: numbers by value, ``true`` is not 1, the sign of zero counts among floats."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, float) and isinstance(other, float):
        return repr(one) == repr(other)
    return bool(one == other)


def column_of(payload: bytes) -> str:
    """The column of the table of Avro targets in which a whole payload stands. Raises ValueError for no JSON."""
    value = json.loads(payload, parse_float=str, parse_constant=_refuse_constant)
    if isinstance(value, str):
        text = payload.decode().strip()
        if not text.startswith('"'):
            return "integral float" if float(value).is_integer() else "non-integer"
        return "numeric string" if _is_number(value) else "other string"
    names = {bool: "boolean", int: "integer", dict: "object", list: "array", type(None): "null"}
    return names[type(value)]


def _refuse_constant(token: str) -> None:
    raise ValueError(token)


def _is_number(text: str) -> bool:
    try:
        return type(json.loads(text, parse_constant=_refuse_constant)) in {int, float} and text == text.strip()
    except ValueError:
        return False
