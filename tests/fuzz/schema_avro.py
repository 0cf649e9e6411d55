"""Texts as Avro schemas: refused by a SchemaError, or compiled into what works."""

from __future__ import annotations

import json
from collections.abc import Iterable

from gateway.compile.readback import compile_readback
from gateway.errors import SchemaError
from gateway.model import Format, Mode, Record, Rejection, SchemaVersion
from tests.fuzz.contracts import AVRO
from tests.unit.compile.compiled import ARRIVAL, PREFIX, binding_of
from tests.unit.compile.vectors import read_cases

_PAYLOADS = (
    b"null",
    b"1",
    b'"x"',
    b"{}",
    b"[]",
    b'{"a":1,"b":"2"}',
    b'{"v":null,"next":{"v":"1"}}',
    b"[1,null]",
    b"true",
)


def seeds() -> Iterable[bytes]:
    """Schemas of many features, and those of the vectors."""
    versions = [*(case.version for case in AVRO), *(case.version for case in read_cases())]
    texts = {version.text for version in versions if version.format is Format.AVRO}
    for text in sorted(texts):
        yield text.encode()
    yield json.dumps(["null", {"type": "record", "name": "a.B", "fields": [{"name": "b", "type": "B"}]}]).encode()


def check(data: bytes) -> None:
    """Fails where a text is neither refused nor compiled into something that answers to payloads."""
    try:
        version = SchemaVersion("t-value", 1, 7, Format.AVRO, data.decode(), None, ())
    except UnicodeDecodeError:
        return
    try:
        bindings = [binding_of(version, mode=mode, device=None) for mode in Mode]
        read_back = compile_readback(version)
    except SchemaError as exc:
        str(exc).encode("utf-8", "replace")
        return
    for binding in bindings:
        for payload in _PAYLOADS:
            outcome = binding.encode(payload, ARRIVAL)
            assert isinstance(outcome, Record | Rejection)
            if isinstance(outcome, Record):
                read_back(outcome.value.removeprefix(PREFIX))
