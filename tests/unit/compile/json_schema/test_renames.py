"""Other names of fields under JSON Schema: what holds beyond the vectors."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.errors import SchemaError
from gateway.model import Mode
from tests.unit.compile.compiled import accepted, conversions, json_version, reason, refused, route_of

READING = {
    "type": "object",
    "required": ["id", "temp"],
    "properties": {
        "id": {"type": "string"},
        "temp": {"type": "number"},
        "pos": {"$ref": "#/definitions/Position"},
    },
    "additionalProperties": False,
    "definitions": {"Position": {"properties": {"lat": {"type": "number"}}, "additionalProperties": False}},
}
NAMES = {"/temp": {"aliases": ["t", "Temp/C"]}, "/pos": {"aliases": ["p"]}, "/pos/lat": {"aliases": ["la"]}}


@pytest.mark.parametrize("mode", Mode)
def test_other_names_hold_in_every_mode(mode: Mode):
    """A renamed field is a conversion that is recorded, and none of the value."""
    record = accepted(json_version(READING), '{"id":"p","t":1.50}', mode=mode, overrides=NAMES)
    assert record.value[5:] == b'{"id":"p","temp":1.5}'
    assert conversions(record) == [("/temp", "renamed")]


def test_names_are_put_right_from_the_outside_in():
    """The path of an alias is that of the fields' own names, and the order of the keys stays."""
    record = accepted(json_version(READING), '{"p":{"la":"1.5"},"Temp/C":2,"id":"p"}', overrides=NAMES)
    assert record.value[5:] == b'{"pos":{"lat":1.5},"temp":2,"id":"p"}'
    renamed = [path for path, code in conversions(record) if code == "renamed"]
    assert sorted(renamed) == ["/pos", "/pos/lat", "/temp"]


def test_a_violation_points_to_the_name_in_the_payload():
    """The dead letter speaks of what the device sent."""
    violations = refused(json_version(READING), '{"id":"p","Temp/C":"x","p":{"la":[]}}', overrides=NAMES).violations
    assert {(violation.path, violation.value) for violation in violations} == {("/Temp~1C", "x"), ("/p/la", None)}


def test_a_missing_field_is_told_with_its_other_names():
    """Whoever mends the device sees which names would do."""
    violation = refused(json_version(READING), '{"id":"p"}', overrides=NAMES).violations[0]
    assert (violation.code, violation.params) == ("missing-required", {"field": "temp", "aliases": ["t", "Temp/C"]})


def test_every_object_with_a_field_under_two_names_is_told():
    """``duplicate-key`` at the object, with the names; what else is wrong is not looked for."""
    payload = '{"t":1,"temp":2,"p":{"lat":1,"la":2},"un":1}'
    rejection = refused(json_version(READING), payload, overrides=NAMES)
    assert [(violation.path, violation.params["names"]) for violation in rejection.violations] == [
        ("", ["t", "temp"]),
        ("/p", ["la", "lat"]),
    ]
    assert {str(violation.code) for violation in rejection.violations} == {"duplicate-key"}


def test_two_other_names_of_one_field_clash_too():
    """Which of the two values is meant is not guessed."""
    rejection = refused(json_version(READING), '{"t":1,"id":"p","Temp/C":2}', overrides=NAMES)
    assert (reason(rejection), rejection.violations[0].params["names"]) == (("duplicate-key", ""), ["Temp/C", "t"])


def test_a_field_under_three_names_is_told_once():
    """Each such field of an object, with all its names."""
    overrides = {"/a": {"aliases": ["x", "y"]}, "/b": {"aliases": ["z"]}}
    version = json_version({"properties": {"a": {}, "b": {}}})
    rejection = refused(version, '{"x":1,"b":1,"a":2,"z":2,"y":3}', overrides=overrides)
    assert [violation.params["names"] for violation in rejection.violations] == [["a", "x", "y"], ["b", "z"]]


def test_a_payload_without_other_names_keeps_its_bytes():
    """Declared aliases cost the clean payload nothing."""
    payload = '{ "id":"p", "temp" : 1.50, "pos": {"lat": 1.0} }'
    record = accepted(json_version(READING), payload, overrides=NAMES)
    assert (record.value[5:], record.coercions) == (payload.encode(), ())


def test_a_name_in_another_place_is_an_unknown_field():
    """An alias holds at its path only."""
    rejection = refused(json_version(READING), '{"id":"p","temp":1,"pos":{"t":1}}', overrides=NAMES)
    assert reason(rejection) == ("unknown-field", "/pos/t")


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ({"/temp": {"aliases": ["id"]}}, "has a field of that name"),
        ({"/pos/lat": {"aliases": ["x"]}, "/pos/x": {"aliases": ["lat"]}}, "has a field of that name"),
        ({"/temp": {"aliases": ["x"]}, "/id": {"aliases": ["x"]}}, "would be /id and 'temp'"),
    ],
)
def test_a_name_that_is_another_field_s_is_refused_when_the_contract_is_compiled(overrides: Any, told: str):
    """One name, one field: otherwise a device's field would silently become another one."""
    with pytest.raises(SchemaError, match=told):
        route_of(json_version(READING), overrides=overrides)


def test_items_and_map_keys_are_met_by_a_star():
    """``*`` is any item of an array and any key of a map, and two patterns may meet in one place."""
    version = json_version({"properties": {"l": {"items": {}}}, "additionalProperties": True})
    overrides = {"/*/a": {"aliases": ["x"]}, "/m/b": {"aliases": ["y"]}, "/l/*/c": {"aliases": ["z"]}}
    record = accepted(
        version, '{"m":{"x":1,"y":2},"n":{"x":1,"y":2},"l":[{"z":1},[{"z":1}],{"c":2}]}', overrides=overrides
    )
    assert record.value[5:] == b'{"m":{"a":1,"b":2},"n":{"a":1,"y":2},"l":[{"c":1},[{"z":1}],{"c":2}]}'
    assert conversions(record) == [("/m/a", "renamed"), ("/m/b", "renamed"), ("/n/a", "renamed"), ("/l/*/c", "renamed")]
