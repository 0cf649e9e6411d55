"""A keyword says something in the drafts that have it, and nothing in the others."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from gateway.compile.json_schema.dialect import DRAFT_4, DRAFT_6, DRAFT_7, DRAFT_2019, DRAFT_2020, DRAFTS
from gateway.compile.json_schema.references import Documents
from gateway.compile.json_schema.validator import make_validator
from gateway.plan.compatibility.json_schema import find_objections
from gateway.plan.compatibility.objections import Objection, Rule

ASKING: list[tuple[str, dict[str, Any], Any, set[str]]] = [
    ("const", {"const": 2}, 3, {DRAFT_6, DRAFT_7, DRAFT_2019, DRAFT_2020}),
    ("enum", {"enum": [2]}, 3, set(DRAFTS)),
    ("contains", {"contains": {"type": "string"}}, [1], {DRAFT_6, DRAFT_7, DRAFT_2019, DRAFT_2020}),
    ("minContains", {"contains": {}, "minContains": 2}, [1], {DRAFT_2019, DRAFT_2020}),
    ("maxContains", {"contains": {}, "maxContains": 1}, [1, 2], {DRAFT_2019, DRAFT_2020}),
    ("propertyNames", {"propertyNames": {"maxLength": 1}}, {"ab": 1}, {DRAFT_6, DRAFT_7, DRAFT_2019, DRAFT_2020}),
    ("if", {"if": {}, "then": {"type": "string"}}, 1, {DRAFT_7, DRAFT_2019, DRAFT_2020}),
    ("dependencies", {"dependencies": {"a": ["b"]}}, {"a": 1}, set(DRAFTS)),
    ("dependentRequired", {"dependentRequired": {"a": ["b"]}}, {"a": 1}, {DRAFT_2019, DRAFT_2020}),
    ("dependentSchemas", {"dependentSchemas": {"a": {"type": "null"}}}, {"a": 1}, {DRAFT_2019, DRAFT_2020}),
    ("unevaluatedProperties", {"unevaluatedProperties": {"type": "null"}}, {"a": 1}, {DRAFT_2019, DRAFT_2020}),
    ("unevaluatedItems", {"unevaluatedItems": {"type": "null"}}, [1], {DRAFT_2019, DRAFT_2020}),
    ("exclusiveMinimum", {"exclusiveMinimum": 2}, 2, {DRAFT_6, DRAFT_7, DRAFT_2019, DRAFT_2020}),
    ("exclusiveMaximum of draft 4", {"maximum": 2, "exclusiveMaximum": True}, 2, {DRAFT_4}),
    ("prefixItems", {"prefixItems": [{"type": "string"}]}, [1], {DRAFT_2020}),
    ("a list of items", {"items": [{"type": "string"}]}, [1], set(DRAFTS) - {DRAFT_2020}),
    ("additionalItems", {"items": [{}], "additionalItems": {"type": "null"}}, [1, 2], set(DRAFTS) - {DRAFT_2020}),
    ("additionalItems alone", {"additionalItems": {"type": "null"}}, [1, 2], set()),
    ("contentEncoding", {"contentEncoding": "base64"}, "not base64!", {DRAFT_6, DRAFT_7}),
    ("contentMediaType", {"contentMediaType": "application/json"}, "{", {DRAFT_6, DRAFT_7}),
    ("beside a $ref", {"$ref": "#/definitions/x", "maximum": 1, "definitions": {"x": {}}}, 2, {DRAFT_2019, DRAFT_2020}),
    ("$dynamicRef", {"$dynamicRef": "#/definitions/x", "definitions": {"x": {"type": "null"}}}, 2, {DRAFT_2020}),
    (
        "$recursiveRef",
        {"type": "object", "additionalProperties": {"$recursiveRef": "#"}},
        {"a": 1},
        {DRAFT_2019},
    ),
]
"""Keywords, a value that they refuse, and the drafts in which they do."""

BESIDE: dict[str, dict[str, Any]] = {
    "minContains": {"contains": {}},
    "maxContains": {"contains": {}},
    "exclusiveMaximum of draft 4": {"maximum": 2},
    "$recursiveRef": {"type": "object"},
}
"""What stands beside the keyword anyway, where it needs that."""

WRITTEN: list[tuple[str, str, dict[str, Any], Any]] = [
    (name, draft, schema, witness)
    for name, schema, witness, drafts in ASKING
    for draft in DRAFTS
    if (name != "exclusiveMinimum" or draft != DRAFT_4)  # its meta-schema refuses that
    and (name != "exclusiveMaximum of draft 4" or draft == DRAFT_4)
    and (draft != DRAFT_2020 or not isinstance(schema.get("items"), list))
]


def objections(old: Any, new: Any) -> list[Objection]:
    """What stands against reading data of ``old`` with ``new``."""
    return find_objections(Documents(old, {}), Documents(new, {}), newer_is_wide=True)


def asks(name: str, draft: str) -> bool:
    return any(name == each and draft in drafts for each, _, _, drafts in ASKING)


@pytest.mark.parametrize(
    ("name", "draft", "schema", "witness"), WRITTEN, ids=[f"{name} {draft[-14:]}" for name, draft, _, _ in WRITTEN]
)
def test_a_keyword_where_it_counts_and_where_it_does_not(
    name: str, draft: str, schema: dict[str, Any], witness: Any
) -> None:
    """Added it is an objection only where the validator refuses a value by it, and else it is fine."""
    old, new = ({"$schema": draft, **keywords} for keywords in (BESIDE.get(name, {}), schema))
    assert make_validator(new, {}).is_valid(witness) is not asks(name, draft)
    assert make_validator(old, {}).is_valid(witness)
    assert bool(objections(old, new)) is asks(name, draft)


@pytest.mark.parametrize(("name", "schema", "witness"), [each[:3] for each in ASKING], ids=[each[0] for each in ASKING])
def test_a_text_that_moves_to_another_draft(name: str, schema: dict[str, Any], witness: Any) -> None:
    """It is never fine where a value that was taken is refused now."""
    for earlier, later in product([draft for each, draft, _, _ in WRITTEN if each == name], repeat=2):
        old, new = {"$schema": earlier, **schema}, {"$schema": later, **schema}
        if make_validator(old, {}).is_valid(witness) and not make_validator(new, {}).is_valid(witness):
            assert objections(old, new), (earlier, later)


def test_tuples_are_what_the_draft_says() -> None:
    """Before 2020-12 ``prefixItems`` is no keyword: neither a description that goes, nor one that stays."""
    positions = {"prefixItems": [{"type": "string"}]}
    [objection] = objections({"$schema": DRAFT_7, **positions}, {"$schema": DRAFT_7, "items": positions["prefixItems"]})
    assert (objection.rule, objection.is_certain) == (Rule.ITEMS_RESTRICTED, True)
    [objection] = objections({"$schema": DRAFT_7, **positions}, {"$schema": DRAFT_2020, **positions})
    assert (objection.rule, objection.is_certain) == (Rule.ITEMS_RESTRICTED, True)
    plain = {"items": {"type": "integer"}}
    assert objections({**positions, **plain}, plain) == objections(plain, {**positions, **plain}) == []


def test_keywords_that_depend_on_others_do_not_outlive_them() -> None:
    """With alternatives taken apart ``unevaluatedProperties`` would mean something else."""
    closed = {"$schema": DRAFT_2020, "unevaluatedProperties": False}
    old = {**closed, "anyOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]}
    assert objections(old, closed)
    assert objections(old, old) == []
