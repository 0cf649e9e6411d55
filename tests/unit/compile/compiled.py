"""Schema + what a contract declares -> a compiled route, as every test of this folder needs it.

Options are given as contract.yaml spells them and go through the same typed reading, so a test cannot
declare what a contract could not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from gateway.compile.binding import Binding
from gateway.compile.route import Route, compile_route
from gateway.config.contract import Contract, Scalar, Timestamp
from gateway.config.options import Options, misplaced
from gateway.model import Format, Mode, Record, Reference, Rejection, SchemaVersion
from gateway.notation.pointer import Pattern, Pointer
from gateway.notation.template import Template
from gateway.notation.topics import TopicFilter

ARRIVAL = 1_700_000_000_000
"""2023-11-14T22:13:20Z, ms: when every payload of these tests arrives."""
ARRIVAL_TEXT = "2023-11-14T22:13:20.000Z"
SCHEMA_ID = 7
PREFIX = b"\x00\x00\x00\x00\x07"
GUID = "89791762-2336-4186-9674-299b90a802e2"
TOPIC = "plant/b1/p7/readings"
"""The MQTT topic on which every payload arrives where a test says nothing else."""
DEPTH = 64

_OPTIONS = TypeAdapter(Options)


def version_of(
    schema: Any, *, references: tuple[Reference, ...] = (), subject: str = "t-value", guid: str | None = GUID
) -> SchemaVersion:
    """A registered Avro schema, given as JSON value or as text."""
    text = schema if isinstance(schema, str) and schema[:1] in {"{", "[", '"'} else json.dumps(schema)
    return SchemaVersion(subject, 1, SCHEMA_ID, Format.AVRO, text, guid, references)


def json_version(schema: Any, *, references: tuple[Reference, ...] = (), subject: str = "t-value") -> SchemaVersion:
    """A registered JSON Schema, given as JSON value."""
    return SchemaVersion(subject, 1, SCHEMA_ID, Format.JSON, json.dumps(schema), GUID, references)


def options_of(declared: Mapping[str, Any]) -> Options:
    """Options as contract.yaml spells them. Raises pydantic's ValidationError."""
    return _OPTIONS.validate_python(dict(declared))


def contract_of(
    *,
    mqtt: str = "plant/{building}/{device}/readings",
    topic: str = "t",
    name: str = "line/pump",
    mode: Mode | str = Mode.LOSSLESS,
    options: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    where: Mapping[str, tuple[Scalar, ...]] | None = None,
    device: str | None = None,
    key: str = "{device}",
    fields: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    timestamp: Timestamp | str | None = None,
    framing: Literal["prefix", "header"] = "prefix",
) -> Contract:
    """A contract, its parts as contract.yaml spells them. An option that ``mode`` forbids fails the test."""
    own = options_of(options or {})
    below = tuple((Pattern.parse(place), options_of(declared)) for place, declared in (overrides or {}).items())
    wrong = misplaced(own, Mode(mode), override=False)
    for _, declared in below:
        wrong += misplaced(declared, Mode(mode), override=True)
    assert not wrong, f"a contract could not declare this: {wrong}"
    return Contract(
        name=name,
        folder=Path("schemas") / name,
        filter=TopicFilter.parse(mqtt),
        topic=Template.parse(topic),
        mode=Mode(mode),
        options=own,
        overrides=below,
        where=dict(where or {}),
        device=None if device is None else Pointer.parse(device),
        key=Template.parse(key),
        fields={Pointer.parse(place): Template.parse(text) for place, text in (fields or {}).items()},
        headers={header: Template.parse(text) for header, text in (headers or {}).items()},
        timestamp=Timestamp(Pointer.parse(timestamp)) if isinstance(timestamp, str) else timestamp,
        framing=framing,
    )


def route_of(version: SchemaVersion, *, depth: int = DEPTH, **declared: Any) -> Route:
    """The compiled route of a schema under a contract. Raises SchemaError."""
    contract = contract_of(**declared)
    return compile_route(contract, contract.variants()[0], version, depth=depth)


def binding_of(version: SchemaVersion, *, on: str = TOPIC, depth: int = DEPTH, **declared: Any) -> Binding:
    """The compiled route bound to the MQTT topic ``on``."""
    route = route_of(version, depth=depth, **declared)
    captures = route.contract.filter.match(on)
    assert captures is not None, f"{route.contract.filter.text} does not match {on}"
    return Binding(route, on, captures)


def encode(version: SchemaVersion, payload: str | bytes, **declared: Any) -> Record | Rejection:
    """What becomes of one payload."""
    data = payload.encode() if isinstance(payload, str) else payload
    return binding_of(version, **declared).encode(data, ARRIVAL)


def accepted(version: SchemaVersion, payload: str | bytes, **declared: Any) -> Record:
    """The record of a payload that must be accepted."""
    outcome = encode(version, payload, **declared)
    assert isinstance(outcome, Record), outcome
    return outcome


def refused(version: SchemaVersion, payload: str | bytes, **declared: Any) -> Rejection:
    """The rejection of a payload that must be refused."""
    outcome = encode(version, payload, **declared)
    assert isinstance(outcome, Rejection), outcome
    return outcome


def conversions(record: Record) -> list[tuple[str, str]]:
    """``(path, code)`` of every recorded conversion, in order."""
    return [(coercion.path, coercion.code) for coercion in record.coercions]


def reason(rejection: Rejection) -> tuple[str, str]:
    """``(code, path)`` of the first violation."""
    return str(rejection.code), rejection.violations[0].path


def record_schema(*fields: tuple[str, Any] | Mapping[str, Any], name: str = "R") -> dict[str, Any]:
    """A record's schema; a field is ``(name, type)`` or a field object."""
    return {
        "type": "record",
        "name": name,
        "fields": [{"name": each[0], "type": each[1]} if isinstance(each, tuple) else dict(each) for each in fields],
    }
