"""Texts as JSON Schemas: refused by a SchemaError, or compiled into what works."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.errors import SchemaError
from gateway.model import Format, Mode, Record, Rejection, SchemaVersion
from tests.fuzz.contracts import JSON
from tests.unit.compile.compiled import ARRIVAL, PREFIX, binding_of
from tests.unit.compile.vectors import read_cases

_PAYLOADS = (
    b"null",
    b"1",
    b'"1"',
    b"{}",
    b"[]",
    b'{"a":1,"b":"2","i":"3"}',
    b'{"v":"1","next":{"v":1}}',
    b'[1,"2"]',
    b"true",
)


def seeds() -> Iterable[bytes]:
    """Schemas of many features, and those of the vectors."""
    versions = [*(case.version for case in JSON), *(case.version for case in read_cases())]
    texts = {version.text for version in versions if version.format is Format.JSON}
    return [text.encode() for text in sorted(texts)]


def check(data: bytes) -> None:
    """Fails where a text is neither refused nor compiled into something that answers to payloads."""
    try:
        version = SchemaVersion("t-value", 1, 7, Format.JSON, data.decode(), None, ())
    except UnicodeDecodeError:
        return
    try:
        bindings = [binding_of(version, mode=mode, device=None) for mode in Mode]
        bindings.append(binding_of(version, device=None, options={"defaults": "fill"}))
    except SchemaError as exc:
        str(exc).encode("utf-8", "replace")
        return
    for binding in bindings:
        for payload in _PAYLOADS:
            outcome = binding.encode(payload, ARRIVAL)
            assert isinstance(outcome, Record | Rejection)
            if isinstance(outcome, Record) and not outcome.coercions:
                assert outcome.value == PREFIX + payload
