"""The rules by which one JSON Schema takes what another one took."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.compile.json_schema.dialect import DRAFT_2020
from gateway.compile.json_schema.references import Documents
from gateway.plan.compatibility.json_schema import find_objections
from gateway.plan.compatibility.objections import Objection, Rule

OPEN: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}}
CLOSED = {**OPEN, "additionalProperties": False}
TWO = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}
PAIR = {**TWO, "additionalProperties": False}
WANTING: dict[str, Any] = {
    "type": "object",
    "properties": {"a": {"type": "number"}},
    "dependencies": {"a": ["b"]},
}


def objections(old: Any, new: Any) -> list[Objection]:
    """What stands against reading data of ``old`` with ``new``."""
    return find_objections(Documents(old, {}), Documents(new, {}), newer_is_wide=True)


def is_valid(schema: Any, value: Any) -> bool:
    return jsonschema_rs.Draft7Validator(schema, validate_formats=False).is_valid(value)


REFUSED: list[tuple[str, Any, Any, Rule, str, Any]] = [
    ("a type", {"type": ["string", "null"]}, {"type": "string"}, Rule.TYPE_NARROWED, "", None),
    ("a fraction", {"type": "number"}, {"type": "integer"}, Rule.TYPE_NARROWED, "", 1.5),
    ("any type", {}, {"type": "string"}, Rule.TYPE_NARROWED, "", 1),
    ("a symbol", {"enum": ["a", "b"]}, {"enum": ["a"]}, Rule.ENUM_NARROWED, "", "b"),
    ("an enum where there was none", {"type": "string"}, {"enum": ["a"]}, Rule.ENUM_NARROWED, "", "x"),
    ("a constant", {"const": 1}, {"const": 2}, Rule.ENUM_NARROWED, "", 1),
    ("a boolean's value", {"type": "boolean"}, {"const": True}, Rule.ENUM_NARROWED, "", False),
    ("a minimum", {"type": "integer"}, {"type": "integer", "minimum": 0}, Rule.LIMIT_NARROWED, "", -1),
    ("a higher minimum", {"minimum": 0}, {"minimum": 1}, Rule.LIMIT_NARROWED, "", 0),
    ("an open minimum", {"minimum": 0}, {"exclusiveMinimum": 0}, Rule.LIMIT_NARROWED, "", 0),
    ("a maximum", {"maximum": 2}, {"maximum": 1}, Rule.LIMIT_NARROWED, "", 2),
    ("a multiple", {"multipleOf": 0.1}, {"multipleOf": 0.2}, Rule.LIMIT_NARROWED, "", 0.1),
    ("a length", {"type": "string"}, {"type": "string", "maxLength": 2}, Rule.LIMIT_NARROWED, "", "abc"),
    ("a shortest length", {"minLength": 1}, {"minLength": 2}, Rule.LIMIT_NARROWED, "", "a"),
    ("a number of items", {"type": "array"}, {"type": "array", "maxItems": 1}, Rule.LIMIT_NARROWED, "", [1, 2]),
    ("different items", {"type": "array"}, {"type": "array", "uniqueItems": True}, Rule.LIMIT_NARROWED, "", [1, 1]),
    ("a number of properties", OPEN, {**OPEN, "maxProperties": 1}, Rule.LIMIT_NARROWED, "", {"a": "", "b": 1}),
    ("a pattern", {"type": "string"}, {"type": "string", "pattern": "^a"}, Rule.PATTERN_ADDED, "", "b"),
    ("everything", {"type": "string"}, False, Rule.FORBIDDEN, "", "a"),
    ("a required property", OPEN, {**OPEN, "required": ["a"]}, Rule.REQUIRED_ADDED, "", {}),
    ("a property in an open model", OPEN, TWO, Rule.PROPERTY_ADDED, "/properties/b", {"b": "x"}),
    (
        "a property gone from a closed model",
        {**TWO, "additionalProperties": False},
        CLOSED,
        Rule.PROPERTY_REMOVED,
        "",
        {"b": 1},
    ),
    ("a model that closes", OPEN, CLOSED, Rule.MODEL_CLOSED, "", {"z": 1}),
    (
        "a map's values",
        {"type": "object", "additionalProperties": {"type": "number"}},
        {"type": "object", "additionalProperties": {"type": "integer"}},
        Rule.TYPE_NARROWED,
        "/additionalProperties",
        {"z": 1.5},
    ),
    ("items", {"type": "array"}, {"type": "array", "items": {"type": "string"}}, Rule.ITEMS_RESTRICTED, "/items", [1]),
    (
        "an item by its position",
        {"items": [{"type": "number"}, {"type": "string"}]},
        {"items": [{"type": "number"}, {"type": "number"}]},
        Rule.TYPE_NARROWED,
        "/items/1",
        [1, "a"],
    ),
    (
        "an alternative",
        {"anyOf": [{"type": "string"}, {"type": "number"}]},
        {"anyOf": [{"type": "string"}]},
        Rule.ALTERNATIVE_REMOVED,
        "",
        1,
    ),
    (
        "a type that alternatives replace",
        {"type": ["string", "null"]},
        {"oneOf": [{"type": "string"}, {"type": "number"}]},
        Rule.ALTERNATIVE_REMOVED,
        "",
        None,
    ),
    (
        "behind a reference",
        {"properties": {"a": {"$ref": "#/definitions/t"}}, "definitions": {"t": {"type": "number"}}},
        {"properties": {"a": {"$ref": "#/definitions/u"}}, "definitions": {"u": {"type": "integer"}}},
        Rule.TYPE_NARROWED,
        "/definitions/u",
        {"a": 0.5},
    ),
    (
        "in one of several that hold together",
        {"allOf": [{"type": "object"}]},
        {"allOf": [{"type": "object"}, {"required": ["a"]}]},
        Rule.REQUIRED_ADDED,
        "/allOf/1",
        {},
    ),
    ("a length beyond a closed model", PAIR, {**PAIR, "maxProperties": 1}, Rule.LIMIT_NARROWED, "", {"a": "", "b": 1}),
    ("an item of a listed list", {"const": [1]}, {"items": {"type": "string"}}, Rule.TYPE_NARROWED, "/items", [1]),
    (
        "a property of a listed object",
        {"enum": [{"a": 1}]},
        {"properties": {"a": {"type": "string"}}},
        Rule.TYPE_NARROWED,
        "/properties/a",
        {"a": 1},
    ),
    ("a listed text", {"enum": ["a", "ab"]}, {"maxLength": 1}, Rule.LIMIT_NARROWED, "", "ab"),
    ("whole numbers", {"type": "number", "multipleOf": 0.5}, {"type": "integer"}, Rule.TYPE_NARROWED, "", 0.5),
    (
        "beside names that want others",
        WANTING,
        {**WANTING, "properties": {"a": {"type": "integer"}}},
        Rule.TYPE_NARROWED,
        "/properties/a",
        {"a": 0.5, "b": 1},
    ),
    (
        "in a list of itself",
        {"type": "object", "properties": {"in": {"items": {"$ref": "#"}}, "n": {"type": "number"}}},
        {"type": "object", "properties": {"in": {"items": {"$ref": "#"}}, "n": {"type": "integer"}}},
        Rule.TYPE_NARROWED,
        "/properties/n",
        {"in": [{"n": 0.5}]},
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "rule", "path", "witness"), [case[1:] for case in REFUSED], ids=[c[0] for c in REFUSED]
)
def test_what_is_refused_for_certain(old: Any, new: Any, rule: Rule, path: str, witness: Any) -> None:
    """With the rule and the place, and there is a value that shows it."""
    assert is_valid(old, witness)
    assert not is_valid(new, witness)
    [objection] = objections(old, new)
    assert (objection.rule, objection.path, objection.is_certain) == (rule, path, True)


TAKEN: dict[str, tuple[Any, Any]] = {
    "the same": (TWO, TWO),
    "descriptions": (OPEN, {**OPEN, "title": "t", "description": "d", "$id": "http://x/y"}),
    "a type more": ({"type": "integer"}, {"type": ["number", "null"]}),
    "a symbol more": ({"enum": ["a"]}, {"enum": ["a", "b"]}),
    "a constant among symbols": ({"const": "a"}, {"enum": ["a", "b"]}),
    "symbols within a length": ({"enum": ["a", "bc"]}, {"type": "string"}),
    "numbers within limits": ({"enum": [1, 2]}, {"minimum": 1, "maximum": 2}),
    "a lower minimum": ({"minimum": 1}, {"minimum": 0}),
    "an open minimum that becomes closed": ({"exclusiveMinimum": 0}, {"minimum": 0}),
    "a multiple of a multiple": ({"multipleOf": 0.4}, {"multipleOf": 0.2}),
    "integers are multiples of 1": ({"type": "integer"}, {"type": "integer", "multipleOf": 1}),
    "limits of another type": ({"type": "integer"}, {"type": "integer", "minLength": 3, "required": ["a"]}),
    "a property in a closed model": (CLOSED, {**TWO, "additionalProperties": False}),
    "a property gone from an open model": (TWO, OPEN),
    "a model that opens": (CLOSED, OPEN),
    "an open property that stays open": (OPEN, {**OPEN, "properties": {**OPEN["properties"], "b": {}}}),
    "a required property less": ({**OPEN, "required": ["a"]}, OPEN),
    "a property that was required anyway": ({"required": ["a"], "minProperties": 1}, {"minProperties": 1}),
    "an alternative more": (
        {"anyOf": [{"type": "string"}]},
        {"anyOf": [{"type": "string"}, {"type": "number"}]},
    ),
    "an alternative of another type in oneOf": (
        {"oneOf": [{"type": "string"}, {"type": "null"}]},
        {"oneOf": [{"type": "null"}, {"type": "number"}, {"type": "string"}]},
    ),
    "a type that becomes nullable": ({"type": "string"}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
    "alternatives that were types": ({"oneOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["string", "null"]}),
    "what stays as it was beside others": (
        {"not": {"const": 1}, "if": {"type": "string"}, "then": {"minLength": 1}, "minimum": 2},
        {"not": {"const": 1}, "if": {"type": "string"}, "then": {"minLength": 1}, "minimum": 1},
    ),
    "a definition that moved": (
        {"$ref": "#/definitions/t", "definitions": {"t": OPEN}},
        {"$ref": "#/$defs/u", "$defs": {"u": OPEN}},
    ),
    "a tree that gets a property less": (
        {"properties": {"in": {"items": {"$ref": "#"}}, "n": {"type": "number"}}},
        {"properties": {"in": {"items": {"$ref": "#"}}}},
    ),
    "an open limit of integers": ({"type": "integer", "exclusiveMinimum": 0}, {"type": "integer", "minimum": 1}),
    "a limit between integers": ({"type": "integer", "maximum": 2}, {"type": "integer", "maximum": 2.5}),
    "a limit of multiples": ({"multipleOf": 0.3, "maximum": 0.3}, {"multipleOf": 0.3, "exclusiveMaximum": 0.6}),
    "multiples of one": ({"type": "number", "multipleOf": 1}, {"type": "integer"}),
    "multiples of two": ({"allOf": [{"multipleOf": 2}, {"multipleOf": 3}]}, {"multipleOf": 6}),
    "integers between limits": ({"type": "integer", "minimum": 1, "exclusiveMaximum": 3}, {"enum": [1, 2]}),
    "listed values within limits": ({"enum": [1, 5, "a"], "minimum": 3, "minLength": 2}, {"const": 5}),
    "a length that a closed model has": (PAIR, {**PAIR, "maxProperties": 2}),
    "a length that a tuple has": (
        {"items": [{}, {}], "additionalItems": False},
        {"items": [{}, {}], "additionalItems": False, "maxItems": 2},
    ),
    "one item, which is different": ({"maxItems": 1}, {"uniqueItems": True}),
    "an empty list": ({"const": []}, {"type": "array", "items": {"type": "string"}}),
    "an empty text": ({"type": "string", "maxLength": 0}, {"const": ""}),
    "all properties of a closed model": ({**PAIR, "minProperties": 2}, {**PAIR, "required": ["a", "b"]}),
    "a property that a required one wants": ({**WANTING, "required": ["a"]}, {**WANTING, "required": ["b"]}),
    "a property that says nothing that counts": (OPEN, {**OPEN, "properties": {"a": True, "b": {"x-unit": "bar"}}}),
    "what was never there": (
        {"type": "object", "required": ["a"], "properties": {"a": False}},
        {"type": "object", "maxProperties": 0},
    ),
    "an item behind the end of lists": ({"items": [{}, False]}, {"items": [{}, {}, {"type": "string"}]}),
    "a pattern that stays": (
        {"patternProperties": {"^x": {"type": "integer"}}, "additionalProperties": False},
        {"patternProperties": {"^x": {"type": "number"}}, "additionalProperties": False},
    ),
}


@pytest.mark.parametrize(("old", "new"), TAKEN.values(), ids=TAKEN)
def test_what_is_taken(old: Any, new: Any) -> None:
    """Without a word."""
    assert objections(old, new) == []


UNDECIDED: dict[str, tuple[Any, Any]] = {
    "another pattern": ({"pattern": "^a+$"}, {"pattern": "^a*$"}),
    "a required property with a default": (OPEN, {**OPEN, "properties": {"a": {"default": ""}}, "required": ["a"]}),
    "a condition": ({"type": "string"}, {"if": {"const": "a"}, "then": {"minLength": 1}}),
    "overlapping alternatives": (
        {"oneOf": [{"type": "string", "maxLength": 3}]},
        {"oneOf": [{"type": "string"}, {"minLength": 1}]},
    ),
    "behind what is not understood": ({"not": {"const": 1}}, {"not": {"const": 1}, "minimum": 1}),
    "a pattern that may match every text": ({"type": "string"}, {"type": "string", "pattern": "^.*$"}),
    "a length of lists of different items": (
        {"type": "array", "items": {"type": "boolean"}, "uniqueItems": True},
        {"type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "maxItems": 2},
    ),
    "different items where each has its own place": (
        {"items": [{"type": "string"}, {"type": "null"}], "additionalItems": False},
        {"uniqueItems": True},
    ),
    "a property for which there is no room": (
        {"type": "object", "required": ["a"], "maxProperties": 1},
        {"type": "object", "properties": {"b": {"type": "string"}}},
    ),
    "beside names that want what is forbidden": (
        {**WANTING, "properties": {"a": {"type": "number"}, "b": False}},
        {**WANTING, "properties": {"a": {"type": "integer"}, "b": False}},
    ),
    "texts that a pattern leaves": ({"type": "string", "pattern": "^(a|b)$"}, {"enum": ["a", "b"]}),
    "an unknown reference": ({"$ref": "other.json"}, {"$ref": "other.json"}),
    "unevaluated properties": (
        {"$schema": DRAFT_2020, "unevaluatedProperties": False},
        {"$schema": DRAFT_2020, "unevaluatedProperties": False, "allOf": [OPEN]},
    ),
}


@pytest.mark.parametrize(("old", "new"), UNDECIDED.values(), ids=UNDECIDED)
def test_what_the_rules_do_not_decide(old: Any, new: Any) -> None:
    """It is never said to be fine, nor to be certainly wrong."""
    found = objections(old, new)
    assert found
    assert not any(objection.is_certain for objection in found)


def test_alternatives_within_an_all_of_are_taken_apart_once() -> None:
    """Each is put in the place of its keyword; the ``allOf`` around them must not bring the keyword back."""
    old = {"title": "reading", "allOf": [{"not": False, "anyOf": [{"type": "null"}, {"type": "string"}]}]}
    assert {each.path for each in objections(old, False)} == {""}
    assert not objections(old, {"type": ["null", "string"]})
    assert [each.rule for each in objections(old, {"type": "string"})] == [Rule.TYPE_NARROWED]


@pytest.mark.parametrize(("levels", "is_compared"), [(50, True), (90, False)])
def test_schemas_in_schemas_are_compared_as_far_as_python_goes(levels: int, is_compared: bool) -> None:
    def nested(leaf: str, levels: int) -> dict[str, Any]:
        return {"type": leaf} if levels == 0 else {"properties": {"a": nested(leaf, levels - 1)}}

    assert (
        any(each.is_certain for each in objections(nested("integer", levels), nested("string", levels))) is is_compared
    )
    assert objections(nested("integer", levels), nested("string", levels))


def test_alternatives_in_alternatives_end() -> None:
    def nested(leaf: str, levels: int) -> dict[str, Any]:
        inner = {"type": leaf} if levels == 0 else nested(leaf, levels - 1)
        return {"anyOf": [{"type": "object", "properties": {"a": inner}}, {"type": "null"}]}

    assert {each.rule for each in objections(nested("integer", 60), nested("string", 60))} == {Rule.NOT_COVERED}


HALVES = st.sampled_from([-1, -0.5, 0, 0.5, 1, 1.5, 2])
LIMITED_NUMBERS = st.fixed_dictionaries(
    {"type": st.sampled_from(["integer", "number"])},
    optional={
        **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), HALVES),
        "multipleOf": st.sampled_from([0.5, 1, 1.5, 2]),
        "enum": st.lists(HALVES, min_size=1, max_size=3, unique=True),
    },
)
QUARTERS = [n / 4 if n % 4 else n // 4 for n in range(-100, 101)]


@given(LIMITED_NUMBERS, LIMITED_NUMBERS)
def test_of_numbers_all_is_known(old: Any, new: Any) -> None:
    """What is fine loses none, and what is certain loses one; nothing is left open."""
    is_lost = any(is_valid(old, number) and not is_valid(new, number) for number in QUARTERS)
    found = objections(old, new)
    assert bool(found) is is_lost
    assert all(each.is_certain for each in found)


NAMES = st.sampled_from(["a", "b", "xa"])
SCALARS = st.sampled_from([None, True, 0, 1, 2.5, -3, "", "a", "abc"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)


def _schemas() -> st.SearchStrategy[Any]:
    types = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
    own = st.fixed_dictionaries(
        {},
        optional={
            "type": types | st.lists(types, min_size=1, max_size=3, unique=True),
            "enum": st.lists(SCALARS, min_size=1, max_size=3, unique_by=repr),
            "minimum": st.integers(-3, 2),
            "exclusiveMaximum": st.integers(0, 3),
            "multipleOf": st.sampled_from([0.5, 1, 2]),
            "maxLength": st.integers(0, 3),
            "minItems": st.integers(0, 2),
            "uniqueItems": st.booleans(),
            "pattern": st.sampled_from(["^a", "b"]),
            "required": st.lists(NAMES, max_size=2, unique=True),
            "maxProperties": st.integers(0, 2),
        },
    )

    def around(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        few = st.lists(inner, min_size=1, max_size=2)
        nested = st.fixed_dictionaries(
            {},
            optional={
                "properties": st.dictionaries(NAMES, inner, max_size=2),
                "patternProperties": st.dictionaries(st.sampled_from(["^x", "a$"]), inner, max_size=1),
                "additionalProperties": inner,
                "items": inner | few,
                "additionalItems": inner,
                "allOf": few,
                "anyOf": few,
                "oneOf": few,
                "not": inner,
                "if": inner,
                "then": inner,
                "contains": inner,
                "propertyNames": inner,
            },
        )
        return st.builds(lambda a, b: {**a, **b}, own, nested)

    return st.recursive(st.booleans() | own, around, max_leaves=5)


@st.composite
def _pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    """Two schemas that have much in common, as two versions have."""
    old, other = draw(_schemas()), draw(_schemas())
    if not isinstance(old, dict) or not isinstance(other, dict):
        return old, other
    new = {key: value for key, value in old.items() if draw(st.integers(0, 3))}
    return old, new | {key: value for key, value in other.items() if not draw(st.integers(0, 2))}


@given(_pairs(), st.lists(VALUES, min_size=20, max_size=40))
def test_what_is_taken_is_really_taken(pair: tuple[Any, Any], values: list[Any]) -> None:
    """Where nothing stands against it, no value that was valid is invalid."""
    old, new = pair
    if objections(old, new):
        return
    for value in values:
        assert is_valid(new, value) or not is_valid(old, value), (old, new, value)
