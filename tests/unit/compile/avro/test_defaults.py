"""Defaults of an Avro schema: what is filled in, and what is refused before any payload comes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.compile.avro.defaults import MOST_VALUES
from gateway.errors import SchemaError
from tests.unit.compile.avro.verdicts import VERDICTS, Verdict
from tests.unit.compile.compiled import accepted, record_schema, route_of, version_of


@pytest.mark.parametrize("verdict", VERDICTS["forbidden defaults"])
def test_a_default_that_its_type_cannot_hold_is_refused(verdict: Verdict):
    """A reader would fail on it; so would we, on the first message without the field."""
    with pytest.raises(SchemaError, match="is no value of the field's type") as caught:
        route_of(version_of(verdict.schema))
    assert caught.value.schema_path == "/fields/0"


@pytest.mark.parametrize("verdict", VERDICTS["allowed defaults"])
def test_a_default_is_filled_as_the_physical_value_that_the_schema_spells(verdict: Verdict):
    """Bytes are text of code points, a timestamp is its number, a union's default one of the first branch it fits."""
    record = accepted(version_of(verdict.schema), '{"b":0}')
    assert record.value[5:].hex() == verdict.line["avro"] + "00"
    assert [(each.path, each.code) for each in record.coercions] == [("/a", "default-filled")]


@pytest.mark.parametrize(
    ("kind", "default"),
    [
        ("double", "1" + "0" * 400),  # an integer that no double holds
        ("double", "1e999"),
        ("double", "-1e999"),
        ("double", "NaN"),
        ("float", "Infinity"),
        ("string", r'"\ud800"'),  # half of a surrogate pair
        ({"type": "map", "values": "int"}, r'{"\udfff":1}'),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, "[]"),
    ],
)
def test_a_default_that_only_pythons_json_can_read_is_refused(kind: Any, default: str):
    """No traceback, and no value that JSON cannot spell."""
    text = json.dumps(record_schema({"name": "a", "type": kind, "default": 5})).replace('"default": 5', '"default": %s')
    with pytest.raises(SchemaError):
        route_of(version_of(text % default))


def test_a_default_that_contains_itself_is_refused():
    """The default of the field within the default of the field: it never ends."""
    kids = {"name": "r", "type": ["null", "R"], "default": {}}
    with pytest.raises(SchemaError, match="nested too deep") as caught:
        route_of(version_of(record_schema(kids)))
    assert caught.value.schema_path == "/fields/0"


@pytest.mark.parametrize("around", ["array", "map", "record", "union"])
def test_a_default_may_be_as_deep_as_a_schema_s_defaults_ever_are(around: str):
    """64 levels, whatever is nested; deeper, it is refused and no traceback."""
    for levels, fits in ((64, True), (65, False)):
        kind, default = _wrapped(around, levels)
        version = version_of(record_schema({"name": "a", "type": kind, "default": default}, ("b", "int")))
        if fits:
            assert route_of(version)
        else:
            with pytest.raises(SchemaError, match="the default is nested too deep") as caught:
                route_of(version)
            assert caught.value.schema_path == "/fields/0"


def _wrapped(around: str, levels: int) -> tuple[Any, Any]:
    """A type of so many levels, and a default of as many."""
    if around == "union":  # a union counts as a level of its own
        kind, default = _wrapped("array", levels - 1)
        return ["null", kind], default
    kind, default = "int", 5
    for n in range(levels):
        match around:
            case "array":
                kind, default = {"type": "array", "items": kind}, [default]
            case "map":
                kind, default = {"type": "map", "values": kind}, {"k": default}
            case _:
                kind, default = record_schema(("x", kind), name=f"I{n}"), {"x": default}
    return kind, default


def test_a_default_may_unfold_to_so_many_values():
    """Each value counts, and the list around them: more are refused, for a few lines of schema can mean millions."""

    def version(items: int) -> Any:
        kind = {"type": "array", "items": "null"}
        return version_of(record_schema({"name": "a", "type": kind, "default": [None] * items}, ("b", "int")))

    assert MOST_VALUES == 100_000
    assert route_of(version(MOST_VALUES - 1))
    with pytest.raises(SchemaError, match="more than 100000 values by the defaults inside it") as caught:
        route_of(version(MOST_VALUES))
    assert caught.value.schema_path == "/fields/0"


def test_of_a_long_default_the_message_has_the_beginning():
    """80 characters, as JSON."""
    version = version_of(record_schema({"name": "a", "type": "int", "default": "x" * 200}))
    with pytest.raises(SchemaError) as caught:
        route_of(version)
    assert f'the default "{"x" * 79} is no value' in str(caught.value)
