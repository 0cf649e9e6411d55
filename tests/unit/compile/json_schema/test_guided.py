"""Conversions that the validator's errors ask for: wherever in a schema of whatever draft the type comes from."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from gateway.model import Mode, Record, Reference, Rejection
from tests.suites.generated import schemas, values
from tests.suites.official import DRAFTS
from tests.unit.compile.compiled import ARRIVAL, accepted, binding_of, conversions, json_version, reason, refused

EVERY = tuple(DRAFTS)
FROM_6, FROM_7, FROM_2019 = EVERY[1:], EVERY[2:], EVERY[3:]
OLD, TO_2019, NEW = EVERY[:3], EVERY[:4], EVERY[4:]

Schema = dict[str, Any]


class Place(NamedTuple):
    """Where a type comes from."""

    drafts: tuple[str, ...]
    around: Callable[[Schema], Schema]
    """The schema with the type in it."""
    payload: Callable[[Any], Any] = lambda value: {"a": value}
    """The payload with the value in it."""
    path: str = "/a"
    references: bool = False
    """Whether the type is what the registry has under ``type.json``."""


def _field(schema: Any) -> Schema:
    return {"properties": {"a": schema}}


def _first(value: Any) -> Any:
    return [value]


PLACES: dict[str, Place] = {
    "properties": Place(EVERY, _field),
    "the whole payload": Place(EVERY, lambda kind: kind, lambda value: value, ""),
    "$ref": Place(EVERY, lambda kind: {**_field({"$ref": "#/definitions/t"}), "definitions": {"t": kind}}),
    "$ref to $ref": Place(
        EVERY,
        lambda kind: {
            **_field({"$ref": "#/definitions/s"}),
            "definitions": {"s": {"$ref": "#/definitions/t"}, "t": kind},
        },
    ),
    "$ref of the whole": Place(EVERY, lambda kind: {"$ref": "#/definitions/o", "definitions": {"o": _field(kind)}}),
    "$ref to the registry": Place(EVERY, lambda _: _field({"$ref": "type.json"}), references=True),
    "$ref beside other keywords": Place(
        FROM_2019,
        lambda kind: {**_field({"$ref": "#/$defs/t", "title": "a"}), "maxProperties": 9, "$defs": {"t": kind}},
    ),
    "$ref to an anchor": Place(
        FROM_2019, lambda kind: {**_field({"$ref": "#t"}), "$defs": {"t": {"$anchor": "t", **kind}}}
    ),
    "$ref to a name in the document": Place(
        ("draft6", "draft7"), lambda kind: {**_field({"$ref": "#t"}), "definitions": {"t": {"$id": "#t", **kind}}}
    ),
    "$ref to a document inside": Place(
        FROM_6,
        lambda kind: {**_field({"$ref": "http://e.org/t"}), "definitions": {"t": {"$id": "http://e.org/t", **kind}}},
    ),
    "$ref to itself": Place(
        EVERY,
        lambda kind: {"properties": {"a": kind, "n": {"$ref": "#"}}},
        lambda value: {"n": {"n": {"a": value}}},
        "/n/n/a",
    ),
    "$recursiveRef": Place(
        ("draft2019-09",),
        lambda kind: {"$recursiveAnchor": True, "properties": {"a": kind, "n": {"$recursiveRef": "#"}}},
        lambda value: {"n": {"a": value}},
        "/n/a",
    ),
    "$dynamicRef": Place(
        NEW,
        lambda kind: {"$dynamicAnchor": "n", "properties": {"a": kind}, "additionalProperties": {"$dynamicRef": "#n"}},
        lambda value: {"x": {"a": value}},
        "/x/a",
    ),
    "$dynamicRef, chosen from outside": Place(
        NEW,
        lambda kind: {
            "$id": "http://e.org/numbers",
            "$ref": "list",
            "$defs": {
                "kind": {"$dynamicAnchor": "kind", **kind},
                "list": {
                    "$id": "list",
                    "items": {"$dynamicRef": "#kind"},
                    "$defs": {"any": {"$dynamicAnchor": "kind"}},
                },
            },
        },
        _first,
        "/*",
    ),
    "allOf": Place(EVERY, lambda kind: {"allOf": [{"minProperties": 1}, _field(kind)]}),
    "allOf of the value": Place(EVERY, lambda kind: _field({"allOf": [{"title": "a"}, kind]})),
    "allOf, closed": Place(FROM_2019, lambda kind: {"allOf": [_field(kind)], "unevaluatedProperties": False}),
    "$ref, closed": Place(
        FROM_2019, lambda kind: {"$ref": "#/$defs/o", "$defs": {"o": _field(kind)}, "unevaluatedProperties": False}
    ),
    "allOf of a tuple, closed": Place(
        NEW, lambda kind: {"allOf": [{"prefixItems": [kind]}], "unevaluatedItems": False}, _first, "/*"
    ),
    "anyOf of the value": Place(EVERY, lambda kind: _field({"anyOf": [{"enum": [[]]}, kind]})),
    "oneOf of the value": Place(EVERY, lambda kind: _field({"oneOf": [kind, {"enum": [[]]}]})),
    "anyOf by a constant": Place(
        EVERY,
        lambda kind: {"anyOf": [{"properties": {"k": {"enum": [0]}, "a": kind}}, {"properties": {"k": {"enum": [1]}}}]},
        lambda value: {"k": 0, "a": value},
    ),
    "anyOf, closed": Place(
        FROM_2019, lambda kind: {"anyOf": [_field(kind), {"required": ["z"]}], "unevaluatedProperties": False}
    ),
    "items": Place(EVERY, lambda kind: {"items": kind}, _first, "/*"),
    "list of items": Place(TO_2019, lambda kind: {"items": [{}, kind]}, lambda value: [0, value], "/*"),
    "additionalItems": Place(
        TO_2019, lambda kind: {"items": [{}], "additionalItems": kind}, lambda value: [0, value], "/*"
    ),
    "prefixItems": Place(NEW, lambda kind: {"prefixItems": [{}, kind]}, lambda value: [0, value], "/*"),
    "items behind prefixItems": Place(
        NEW, lambda kind: {"prefixItems": [{}], "items": kind}, lambda value: [0, value, value], "/*"
    ),
    "additionalProperties": Place(EVERY, lambda kind: {"properties": {"b": {}}, "additionalProperties": kind}),
    "patternProperties": Place(EVERY, lambda kind: {"patternProperties": {"^[ab]$": kind}}),
    "patternProperties and properties": Place(EVERY, lambda kind: {**_field({}), "patternProperties": {"a": kind}}),
    "then": Place(FROM_7, lambda kind: {"if": {"required": ["a"]}, "then": _field(kind)}),
    "else": Place(FROM_7, lambda kind: {"if": {"required": ["z"]}, "then": False, "else": _field(kind)}),
    "then, by a constant": Place(
        FROM_7,
        lambda kind: {"if": _field({"not": {"const": []}}), "then": _field(kind), "else": False},
    ),
    "dependencies": Place(OLD, lambda kind: {"dependencies": {"a": _field(kind)}}),
    "dependentSchemas": Place(FROM_2019, lambda kind: {"dependentSchemas": {"a": _field(kind)}}),
}


class Conversion(NamedTuple):
    """A value of another type than the schema wants."""

    kind: Schema
    value: Any
    becomes: Any
    code: str
    mode: Mode = Mode.LOSSLESS


CONVERSIONS = (
    Conversion({"type": "integer"}, "5", 5, "string-to-number"),
    Conversion({"type": "integer", "minimum": 3}, "5", 5, "string-to-number"),
    Conversion({"type": "integer", "enum": [4, 5]}, "5", 5, "string-to-number"),
    Conversion({"type": "number"}, "2.5", 2.5, "string-to-number"),
    Conversion({"type": ["null", "number"]}, "2.5", 2.5, "string-to-number"),
    Conversion({"type": "boolean"}, 1, True, "number-to-boolean"),
    Conversion({"type": "boolean"}, "false", False, "string-to-boolean"),
    Conversion({"type": "string", "maxLength": 3}, 5, "5", "integer-to-string"),
    Conversion({"type": "integer"}, True, 1, "boolean-to-number", Mode.LENIENT),
    Conversion({"type": "string"}, 2.5, "2.5", "number-to-string", Mode.LENIENT),
    Conversion({"type": "string"}, False, "false", "boolean-to-string", Mode.LENIENT),
    Conversion({"type": "null"}, "", None, "token-to-null", Mode.LENIENT),
    Conversion({"type": "array", "minItems": 1}, 5, [5], "wrapped-in-array", Mode.LENIENT),
)


def _version(draft: str, place: Place, kind: Schema) -> Any:
    references = (Reference("type.json", json_version(kind)),) if place.references else ()
    return json_version({"$schema": DRAFTS[draft], **place.around(kind)}, references=references)


EACH = [pytest.param(draft, place, id=f"{name}-{draft}") for name, place in PLACES.items() for draft in place.drafts]


@pytest.mark.parametrize(("draft", "place"), EACH)
def test_every_conversion_works_wherever_the_type_comes_from(draft: str, place: Place):
    """Converted, recorded with its place, valid then; the mode below refuses it; valid payloads keep their bytes."""
    for kind, value, becomes, code, mode in CONVERSIONS:
        version = _version(draft, place, kind)
        payload, valid = (json.dumps(place.payload(each)) for each in (value, becomes))
        record = accepted(version, payload, mode=mode)
        assert json.loads(record.value[5:]) == place.payload(becomes), kind
        assert set(conversions(record)) == {(place.path, code)}, kind
        refused(version, payload, mode=Mode.STRICT if mode is Mode.LOSSLESS else Mode.LOSSLESS)
        for text in (valid, f" {valid}\n"):
            kept = accepted(version, text, mode=Mode.STRICT)
            assert (kept.value[5:], kept.coercions) == (text.encode(), ())
        again = accepted(version, record.value[5:], mode=Mode.STRICT)
        assert again.value == record.value


@pytest.mark.parametrize(("draft", "place"), EACH)
def test_what_no_conversion_makes_valid_is_never_written(draft: str, place: Place):
    """Text that is no number, a number out of bounds, an enum's stranger, an object: refused in every mode."""
    wrong: list[tuple[Schema, Any]] = [
        ({"type": "integer"}, "x"),
        ({"type": "integer"}, {}),
        ({"type": "integer", "minimum": 9}, "5"),
    ]
    wrong += [({"type": "integer", "enum": [4]}, "5"), ({"type": "string", "maxLength": 1}, 55), ({"type": "null"}, 0)]
    for kind, value in wrong:
        version = _version(draft, place, kind)
        for mode in Mode:
            rejection = refused(version, json.dumps(place.payload(value)), mode=mode)
            assert rejection.code != "unknown-field", (kind, value)


SILENT: dict[str, tuple[tuple[str, ...], Schema, Any, str]] = {
    "not": (EVERY, {"properties": {"a": {"not": {"type": "string"}}}}, {"a": "5"}, "constraint-violated"),
    "enum": (EVERY, {"properties": {"a": {"enum": [5]}}}, {"a": "5"}, "not-in-enum"),
    "const": (FROM_6, {"properties": {"a": {"const": 5}}}, {"a": "5"}, "not-in-enum"),
    "contains": (FROM_6, {"contains": {"type": "integer"}}, ["5"], "constraint-violated"),
    "propertyNames": (FROM_6, {"propertyNames": {"type": "integer"}}, {"5": 1}, "constraint-violated"),
    "minimum": (EVERY, {"properties": {"a": {"minimum": 9}}}, {"a": 5}, "constraint-violated"),
    "required in a branch": (EVERY, {"anyOf": [{"required": ["b"]}, {"type": "array"}]}, {"a": "5"}, "union-no-match"),
    "uniqueItems": (EVERY, {"items": {"type": "integer"}, "uniqueItems": True}, ["5", "5"], "constraint-violated"),
    "alternatives in alternatives": (
        EVERY, {"anyOf": [{"properties": {"a": {"oneOf": [{"type": "integer"}, {"type": "null"}]}}}, {"type": "null"}]},
        {"a": "5"}, "union-no-match",
    ),
    "what is left over": (
        FROM_2019, {"properties": {"b": {}}, "unevaluatedProperties": {"type": "integer"}}, {"a": "5"}, "unknown-field",
    ),
    "items that are left over": (
        FROM_2019, {"unevaluatedItems": {"type": "integer"}}, ["5"], "constraint-violated",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SILENT)
def test_what_names_no_type_is_not_converted(name: str):
    """Where the validator does not say which type it wants, nothing is guessed."""
    drafts, schema, payload, code = SILENT[name]
    for draft in drafts:
        version = json_version({"$schema": DRAFTS[draft], **schema})
        for mode in (Mode.LOSSLESS, Mode.LENIENT):
            options = {"wrap_scalar": False, "unknown_fields": "reject"} if mode is Mode.LENIENT else {}
            assert refused(version, json.dumps(payload), mode=mode, options=options).code == code, draft


@pytest.mark.parametrize("draft", FROM_2019)
def test_an_unknown_field_beside_a_wrong_type_is_still_unknown(draft: str):
    """What only follows from a wrong type is not told; a field that the schema names nowhere is."""
    closed = {"$schema": DRAFTS[draft], "allOf": [{"properties": {"a": {"type": "integer"}, "b": {}}}]}
    version = json_version({**closed, "unevaluatedProperties": False})
    for mode in (Mode.STRICT, Mode.LOSSLESS):
        assert [(each.code, each.path) for each in refused(version, '{"a":"x","b":1}', mode=mode).violations] == [
            ("type-mismatch" if mode is Mode.STRICT else "invalid-number", "/a")
        ]
    assert reason(refused(version, '{"a":"5","tmp":1}')) == ("unknown-field", "/tmp")
    assert [each.path for each in refused(version, '{"a":"x","tmp":1}').violations] == ["/tmp", "/a"]
    version = json_version({**closed, "required": ["temp"], "unevaluatedProperties": False})
    assert [each.path for each in refused(version, '{"a":1,"tmp":1}').violations] == ["/tmp", "/temp"]


def test_dropping_is_not_advised_where_nothing_would_be_dropped():
    """Only a plain additionalProperties drops."""
    fields: Schema = {"properties": {"a": {}}}
    plain = json_version({**fields, "additionalProperties": False})
    assert "unknown_fields: drop" in refused(plain, '{"a":1,"x":2}').violations[0].message
    evaluated = json_version({"$schema": DRAFTS["draft2020-12"], **fields, "unevaluatedProperties": False})
    assert "unknown_fields" not in refused(evaluated, '{"a":1,"x":2}').violations[0].message


@pytest.mark.parametrize("draft", DRAFTS)
def test_generated_schemas_convert_only_into_what_is_valid(draft: str):
    """Valid payloads keep their bytes in every mode; what is converted is valid, recorded, and a wider mode's, too."""

    @settings(max_examples=120, deadline=None)
    @given(schemas(draft), st.lists(values(), min_size=1, max_size=8))
    def holds(schema: Any, payloads: list[Any]) -> None:
        version = json_version(schema)
        strict, lossless, lenient = (binding_of(version, mode=mode) for mode in Mode)
        for payload in payloads:
            text = json.dumps(payload).encode()
            outcomes = [binding.encode(text, ARRIVAL) for binding in (strict, lossless, lenient)]
            taken = [outcome for outcome in outcomes if isinstance(outcome, Record)]
            event(f"accepted by {len(taken)}")
            assert outcomes[3 - len(taken) :] == taken, "a wider mode refuses what a narrower takes"
            for record in taken:
                assert record.value == taken[0].value
                assert isinstance(strict.encode(record.value[5:], ARRIVAL), Record)
                assert bool(record.coercions) is not isinstance(outcomes[0], Record)
            if isinstance(outcomes[0], Record):
                assert outcomes[0].value[5:] == text
            assert all(isinstance(outcome, Record | Rejection) for outcome in outcomes)

    holds()
