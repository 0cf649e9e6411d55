"""Where a JSON Schema has a property: what can be said without more than ``properties`` and local ``$ref``."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.compile.json_schema.properties import declares, may_have, types_at
from gateway.notation.pointer import Pointer

CLOSED = {"properties": {"a": {"type": "string"}}, "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "pointer", "possible"),
    [
        (CLOSED, "", True),
        (CLOSED, "/a", True),
        (CLOSED, "/b", False),
        ({"properties": {"a": {}}}, "/b", True),
        ({"properties": {"a": {}}, "additionalProperties": False, "patternProperties": {"^b": {}}}, "/b", True),
        ({"additionalProperties": False}, "/a", False),
        ({"properties": {"a": CLOSED}}, "/a/a", True),
        ({"properties": {"a": CLOSED}}, "/a/b", False),
        (True, "/a", True),
        (False, "", False),
        (False, "/a", False),
        ({"properties": {"a": False}}, "/a", False),
        ({"properties": {"a": False}}, "/a/b", False),
        ({"properties": {"a": {"$ref": "#/$defs/closed"}}, "$defs": {"closed": CLOSED}}, "/a/b", False),
        ({"properties": {"a": {"$ref": "#"}}, "additionalProperties": False}, "/a/a/a", True),
        ({"properties": {"a": {"$ref": "#"}}, "additionalProperties": False}, "/a/a/b", False),
        # What is less plain may have it: another document, an anchor, nothing there, a circle.
        ({"$ref": "other.json"}, "/a", True),
        ({"$ref": "#anchor"}, "/a", True),
        ({"$ref": "#/$defs/none"}, "/a", True),
        ({"$ref": "#"}, "/a", True),
        ({"$ref": 7}, "/a", True),
    ],
)
def test_whether_a_payload_can_have_it(schema: Any, pointer: str, possible: bool) -> None:
    """False only where the schema plainly forbids it."""
    assert may_have(schema, Pointer.parse(pointer)) is possible


@pytest.mark.parametrize(
    ("schema", "pointer", "declared"),
    [
        (CLOSED, "/a", True),
        (CLOSED, "/b", False),
        ({"properties": {"a": {"items": CLOSED}}}, "/a/*/a", True),
        ({"properties": {"a": {"items": CLOSED}}}, "/a/*/b", False),
        ({"properties": {"a": {"items": CLOSED}}}, "/a/0/a", False),
        ({"properties": {"*": CLOSED}}, "/*/a", True),
        ({"properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": CLOSED}}, "/a/a", True),
        ({"properties": {"a": True}}, "/a/a", False),
        ({"additionalProperties": {"type": "string"}}, "/a", False),
        (True, "/a", False),
        (True, "/*", False),
    ],
)
def test_whether_the_schema_names_it(schema: Any, pointer: str, declared: bool) -> None:
    """Only what is written there by name counts, and items of arrays as ``*``."""
    assert declares(schema, Pointer.parse(pointer)) is declared


@pytest.mark.parametrize(
    ("schema", "pointer", "types"),
    [
        (CLOSED, "/a", {"string"}),
        (CLOSED, "/b", None),
        ({"type": ["object", "null"]}, "", {"object", "null"}),
        ({"properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"type": "integer"}}}, "/a", {"integer"}),
        ({"properties": {"a": {}}}, "/a", None),
        ({"properties": {"a": True}}, "/a", None),
        ({"properties": {"a": True}}, "/a/a", None),
        (True, "/a", None),
    ],
)
def test_the_types_that_it_names(schema: Any, pointer: str, types: set[str] | None) -> None:
    """None where it names none."""
    assert types_at(schema, Pointer.parse(pointer)) == types
