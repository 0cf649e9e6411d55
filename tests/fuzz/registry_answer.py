"""Bodies of a registry's answers, and texts of its snapshot."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial

from gateway.errors import SchemaError
from gateway.model import Registered
from gateway.registry.answers import (
    UnusableAnswer,
    read_compatibility,
    read_registered,
    read_schema_id,
    read_subjects,
    read_verdict,
    write_registered,
)

_READERS: tuple[Callable[[object], object], ...] = (
    partial(read_registered, subject="t-value"),
    partial(read_registered, subject="t-value", version=1),
    read_subjects,
    read_compatibility,
    read_verdict,
    read_schema_id,
)


def seeds() -> Iterable[bytes]:
    """Answers of every kind."""
    reference = {"name": "geo.P", "subject": "geo", "version": 1}
    answers: list[object] = [
        {"subject": "s", "version": 1, "id": 7, "schema": '"string"'},
        {"version": 2, "id": 7, "schema": "{}", "schemaType": "JSON", "guid": "89791762-2336-4186-9674-299b90a802e2"},
        {"version": 1, "id": 7, "schema": "{}", "schemaType": "PROTOBUF", "references": [reference]},
        ["a", "b"],
        {"compatibilityLevel": "BACKWARD"},
        {"is_compatible": False, "messages": ["no"]},
        {"id": 1},
        {"error_code": 40401, "message": "Subject not found."},
    ]
    return [json.dumps(answer).encode() for answer in answers]


def check(data: bytes) -> None:
    """Fails where an answer brings about anything but a value, UnusableAnswer or SchemaError."""
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        return
    for read in _READERS:
        try:
            found = read(answer)
        except (UnusableAnswer, SchemaError) as exc:
            found = str(exc)
        assert not isinstance(found, str) or len(found) < 1_000
        if isinstance(found, Registered):
            assert read_registered(write_registered(found), found.subject) == found
