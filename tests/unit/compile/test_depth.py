"""Payloads of the deepest nesting that gateway.yaml allows: judged as flat ones are, also far down in a stack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from gateway.config.settings import MOST_DEPTH
from gateway.model import Code, Rejection, SchemaVersion
from tests.unit.compile.compiled import encode, json_version, version_of

T = TypeVar("T")

FRAMES = 60
"""Twice as many as are below the encoder when a message arrives."""

ITSELF = {"$defs": {"t": {"anyOf": [{"properties": {"n": {"$ref": "#/$defs/t"}}}, {"type": "null"}]}}}
TREE = {
    "type": "record",
    "name": "R",
    "fields": [{"name": "n", "type": ["null", "R", "int", {"type": "array", "items": ["R", "null"]}]}],
}


def under(frames: int, work: Callable[[], T]) -> T:
    """What ``work`` returns, called that much deeper."""
    return work() if frames == 0 else under(frames - 1, work)


def outcome(version: SchemaVersion, mode: str, payload: bytes) -> Code | None:
    """Why the payload is refused; None if it becomes a record."""
    found = under(FRAMES, lambda: encode(version, payload, mode=mode, depth=MOST_DEPTH))
    return found.code if isinstance(found, Rejection) else None


def lists(levels: int) -> bytes:
    """An object with lists, nested that deep as a whole."""
    return b'{"n":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


def objects(levels: int, leaf: bytes) -> bytes:
    """Objects, nested that deep."""
    return b'{"n":' * levels + leaf + b"}" * levels


@pytest.mark.parametrize("mode", ["strict", "lossless", "lenient"])
@pytest.mark.parametrize(
    ("schema", "payload", "code"),
    [
        ({"properties": {"n": {"type": "integer"}}}, lists(MOST_DEPTH), Code.TYPE_MISMATCH),
        ({"properties": {"n": {"type": "array"}}, "required": ["z"]}, lists(MOST_DEPTH), Code.MISSING_REQUIRED),
        ({"properties": {"n": {"uniqueItems": True}}}, lists(MOST_DEPTH), None),
        ({"minProperties": 3}, objects(MOST_DEPTH, b"1"), Code.CONSTRAINT_VIOLATED),
        (
            {**ITSELF, "allOf": [{"$ref": "#/$defs/t"}], "required": ["z"]},
            objects(MOST_DEPTH, b"1"),
            Code.MISSING_REQUIRED,
        ),
    ],
)
def test_json_schema(schema: dict[str, Any], payload: bytes, code: Code | None, mode: str) -> None:
    """Refused for what is wrong with it: telling that must not be too deep for the validator."""
    assert outcome(json_version(schema), mode, payload) == code


@pytest.mark.parametrize("mode", ["strict", "lossless", "lenient"])
@pytest.mark.parametrize(
    ("payload", "code"), [(objects(MOST_DEPTH, b"1"), None), (objects(MOST_DEPTH, b"1.5"), Code.UNION_NO_MATCH)]
)
def test_an_avro_union_that_contains_itself(payload: bytes, code: Code | None, mode: str) -> None:
    """Each level costs many frames."""
    assert outcome(version_of(TREE), mode, payload) == code


@pytest.mark.parametrize("version", [json_version(True), version_of(TREE)])
def test_one_level_more(version: SchemaVersion) -> None:
    """Is the payload's limit."""
    assert outcome(version, "lossless", objects(MOST_DEPTH + 1, b"1")) == Code.PAYLOAD_LIMIT
