"""Where a JSON Schema plainly has a property, and where it may have one."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.compile.json_schema.properties import declares, may_have
from gateway.notation.pointer import Pointer

CLOSED = {
    "properties": {
        "temp": {"type": "number"},
        "gone": False,
        "gone_too": {"$ref": "#/definitions/Never"},
        "position": {"$ref": "#/definitions/Position"},
        "open": {"type": "object"},
        "chained": {"$ref": "#/definitions/First"},
        "elsewhere": {"$ref": "geo.json"},
        "nowhere": {"$ref": "#/definitions/Missing"},
        "cycle": {"$ref": "#/definitions/Cycle"},
        "list": {"type": "array", "items": {"$ref": "#/definitions/Position"}},
        "named": {"patternProperties": {"^x": {}}, "additionalProperties": False},
        "typed": {"properties": {"a": {}}, "additionalProperties": {"type": "string"}},
        "a/b~": {"properties": {"c": {}}, "additionalProperties": False},
        "true": True,
    },
    "additionalProperties": False,
    "definitions": {
        "Never": False,
        "Position": {"properties": {"lat": {}, "inner": {"$ref": "#"}}, "additionalProperties": False},
        "First": {"$ref": "#/definitions/Second"},
        "Second": {"$ref": "#/definitions/Position"},
        "Cycle": {"$ref": "#/definitions/Cycle"},
    },
}


@pytest.mark.parametrize(
    ("place", "may"),
    [
        ("", True),
        ("/temp", True),
        ("/tmp", False),
        ("/gone", False),
        ("/gone/deeper", False),
        ("/gone_too", False),
        ("/position", True),
        ("/position/lat", True),
        ("/position/lon", False),
        ("/position/inner/temp", True),
        ("/position/inner/tmp", False),
        ("/open/anything", True),
        ("/open/any/thing", True),
        ("/chained/lat", True),
        ("/chained/lon", False),
        ("/elsewhere/lat", True),
        ("/nowhere/lat", True),
        ("/cycle/lat", True),
        ("/list/0/lon", True),
        ("/named/x1", True),
        ("/named/y1", True),
        ("/typed/a", True),
        ("/typed/b", True),
        ("/a~1b~0/c", True),
        ("/a~1b~0/d", False),
        ("/true/anything", True),
    ],
)
def test_only_a_plainly_closed_object_has_no_other_properties(place: str, may: bool):
    """What is less plain than ``properties`` and ``additionalProperties: false`` may have anything."""
    assert may_have(CLOSED, Pointer.parse(place)) is may


@pytest.mark.parametrize(("source", "may"), [(True, True), (False, False), ({}, True)])
def test_a_schema_of_one_word(source: Any, may: bool):
    """``true`` and ``{}`` may have everything, ``false`` nothing."""
    assert may_have(source, Pointer.parse("/a")) is may
    assert may_have(source, Pointer.parse("")) is may


@pytest.mark.parametrize(
    ("place", "has"),
    [
        ("", True),
        ("/temp", True),
        ("/tmp", False),
        ("/gone", True),
        ("/position/lat", True),
        ("/position/lon", False),
        ("/position/inner/temp", True),
        ("/chained/lat", True),
        ("/open/anything", False),
        ("/elsewhere/lat", False),
        ("/nowhere/lat", False),
        ("/cycle/lat", False),
        ("/list/*/lat", True),
        ("/list/*/lon", False),
        ("/list/0/lat", False),
        ("/position/*", False),
        ("/a~1b~0/c", True),
        ("/true/anything", False),
    ],
)
def test_a_property_is_declared_only_where_its_name_stands(place: str, has: bool):
    """A schema that merely allows a name does not declare it."""
    assert declares(CLOSED, Pointer.parse(place)) is has
