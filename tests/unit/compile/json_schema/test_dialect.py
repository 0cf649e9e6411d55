"""Drafts, references and patterns: what compiles and what is refused."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from gateway.errors import SchemaError
from gateway.model import Format, Mode, Record, Reference, SchemaVersion
from tests.unit.compile.compiled import accepted, encode, json_version, reason, refused, route_of

DRAFTS = [
    "http://json-schema.org/draft-04/schema#",
    "http://json-schema.org/draft-06/schema#",
    "http://json-schema.org/draft-07/schema#",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
]


@pytest.mark.parametrize("draft", DRAFTS)
def test_each_draft_compiles_validates_and_converts(draft: str):
    """Drafts 4, 6, 7, 2019-09 and 2020-12: a valid payload passes, a wrong one is refused, a leaf is converted."""
    version = json_version({"$schema": draft, "type": "object", "properties": {"n": {"type": "integer"}}})
    assert accepted(version, '{"n": 1}').value[5:] == b'{"n": 1}'
    assert accepted(version, '{"n":"1"}').value[5:] == b'{"n":1}'
    assert reason(refused(version, '{"n":"1"}', mode="strict")) == ("type-mismatch", "/n")


@pytest.mark.parametrize(
    "spelled",
    [
        "https://json-schema.org/draft-07/schema#",
        "https://json-schema.org/draft-07/schema",
        "http://json-schema.org/draft-07/schema",
        "http://json-schema.org/draft/2020-12/schema",
        "https://json-schema.org/draft/2020-12/schema#",
    ],
)
def test_the_spelling_of_a_draft_s_name_is_normalised(spelled: str):
    """Either scheme and a trailing # mean the same draft."""
    assert accepted(json_version({"$schema": spelled, "type": "integer"}), "1")


def test_without_a_draft_it_is_draft_07():
    """Confluent's rule: ``dependencies`` and array-valued ``items`` hold, ``prefixItems`` means nothing."""
    version = json_version({"items": [{"type": "integer"}], "prefixItems": [{"type": "string"}]})
    assert accepted(version, "[1]")
    assert reason(refused(version, '["x"]')) == ("invalid-number", "/0")


def test_draft_2020_12_has_its_own_tuples():
    """``prefixItems`` holds there."""
    version = json_version({"$schema": DRAFTS[4], "prefixItems": [{"type": "integer"}], "items": False})
    assert accepted(version, "[1]")
    assert reason(refused(version, "[1,2]"))[0] == "constraint-violated"


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize("mode", Mode)
def test_an_integral_float_is_an_integer(draft: str, mode: Mode):
    """3.0 is a valid integer in every mode and draft, draft 4 included, and keeps its bytes."""
    version = json_version({"$schema": draft, "type": "array", "items": {"type": ["integer", "null"]}})
    assert accepted(version, "[3.0, -0.0, 1e300]", mode=mode).value[5:] == b"[3.0, -0.0, 1e300]"
    assert reason(refused(version, "[3.5]", mode=mode)) == ("type-mismatch", "/0")


@pytest.mark.parametrize("draft", DRAFTS)
def test_an_integral_float_is_an_integer_by_a_reference_into_draft_4(draft: str):
    """The validator judges each referenced schema by its own draft; ours is one rule for all of them."""
    text = json.dumps({"$schema": "http://json-schema.org/draft-04/schema", "type": "integer"})
    reference = Reference("count.json", SchemaVersion("count", 1, 8, Format.JSON, text))
    version = json_version({"$schema": draft, "properties": {"n": {"$ref": "count.json"}}}, references=(reference,))
    assert accepted(version, '{"n":3.0}').value[5:] == b'{"n":3.0}'
    assert reason(refused(version, '{"n":3.5}')) == ("type-mismatch", "/n")


def test_a_float_of_draft_4_is_told_as_it_came():
    """A violation quotes the payload's 3.0, and only lenient mode makes text of it."""
    version = json_version({"$schema": DRAFTS[0], "type": "string"})
    violation = refused(version, "3.0").violations[0]
    assert (violation.value, violation.coercible_in) == ("3.0", Mode.LENIENT)
    assert accepted(version, "3.0", mode="lenient").value[5:] == b'"3.0"'


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"$schema": "http://json-schema.org/draft-05/schema#"}, "/$schema"),
        ({"$schema": 7}, "/$schema"),
        ({"type": "integr"}, "/type"),
        ({"properties": {"a": {"minimum": "0"}}}, "/properties/a/minimum"),
        ({"required": "a"}, "/required"),
        ([], ""),
        ("text", ""),
    ],
)
def test_a_schema_that_breaks_its_draft_is_refused_with_its_place(schema: Any, place: str):
    """The pointer leads to the mistake in the schema."""
    with pytest.raises(SchemaError) as caught:
        route_of(json_version(schema))
    assert caught.value.schema_path == place


def test_text_that_is_no_json_is_refused():
    """A registry that answers with garbage cannot make a route."""
    broken = SchemaVersion("s", 1, 1, json_version({}).format, "{")
    with pytest.raises(SchemaError, match="not JSON"):
        route_of(broken)


@pytest.mark.parametrize("schema", [True, {}])
def test_a_schema_may_take_everything(schema: Any):
    """``true`` and the empty schema pass every JSON value through."""
    for payload in ("null", '"x"', '{ "a" : [ ] }', "1.50"):
        assert accepted(json_version(schema), payload).value[5:] == payload.encode()


def test_a_schema_may_refuse_everything():
    """``false`` is a schema too."""
    assert reason(refused(json_version(False), "1"))[0] == "constraint-violated"


POSITION = {"type": "object", "required": ["lat"], "properties": {"lat": {"type": "number", "maximum": 90}}}


def _reference(
    name: str, schema: Any, *, subject: str = "position-value", inner: tuple[Reference, ...] = ()
) -> Reference:
    return Reference(name, json_version(schema, subject=subject, references=inner))


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize("name", ["position.json", "geo.Position", "http://example.com/geo/position.json"])
@pytest.mark.parametrize("root", [None, "http://example.com/schemas/reading.json"])
def test_a_reference_is_found_under_its_name_and_under_what_the_name_resolves_to(
    draft: str, name: str, root: str | None
):
    """Both names hold, the bare one and the one resolved against the root ``$id``, in every draft."""
    identity = {} if root is None else {"id" if "draft-04" in draft else "$id": root}
    schema = {"$schema": draft, **identity, "type": "object", "properties": {"pos": {"$ref": name}}}
    version = json_version(schema, references=(_reference(name, {"$schema": draft, **POSITION}),))
    assert accepted(version, '{"pos":{"lat":"89.5"}}').value[5:] == b'{"pos":{"lat":89.5}}'
    assert reason(refused(version, '{"pos":{"lat":91}}')) == ("constraint-violated", "/pos/lat")


def test_a_reference_may_have_references_and_an_id_of_its_own():
    """A referenced schema with its own ``$id`` resolves its own references against that."""
    unit = _reference("unit.json", {"enum": ["C", "F"]}, subject="unit-value")
    temperature = {
        "$id": "http://example.com/types/temperature.json",
        "properties": {"unit": {"$ref": "unit.json"}, "value": {"type": "number"}},
    }
    reference = _reference("temperature.json", temperature, subject="t", inner=(unit,))
    version = json_version({"properties": {"t": {"$ref": "temperature.json"}}}, references=(reference,))
    assert accepted(version, '{"t":{"unit":"C","value":"1"}}').value[5:] == b'{"t":{"unit":"C","value":1}}'
    assert reason(refused(version, '{"t":{"unit":"K"}}')) == ("not-in-enum", "/t/unit")


def test_a_pointer_into_a_reference_is_followed():
    """``name#/definitions/x`` leads into the referenced text."""
    reference = _reference("types.json", {"definitions": {"level": {"type": "integer", "minimum": 0}}})
    version = json_version({"properties": {"l": {"$ref": "types.json#/definitions/level"}}}, references=(reference,))
    assert accepted(version, '{"l":"3"}').value[5:] == b'{"l":3}'
    assert reason(refused(version, '{"l":-1}')) == ("constraint-violated", "/l")


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize("own", ["reading.json", "/schemas/reading.json", "a/b.json", "http://e.org/x/reading.json"])
def test_the_id_of_a_schema_may_be_relative(draft: str, own: str):
    """References are resolved against it all the same."""
    key = "id" if "draft-04" in draft else "$id"
    schema: Any = {"$schema": draft, key: own, "properties": {"pos": {"$ref": "position.json"}}}
    schema["properties"]["self"] = {"$ref": own.rpartition("/")[2]}
    version = json_version(schema, references=(_reference("position.json", POSITION),))
    assert accepted(version, '{"self":{"pos":{"lat":"1"}}}').value[5:] == b'{"self":{"pos":{"lat":1}}}'
    assert reason(refused(version, '{"self":{"pos":{"lat":91}}}')) == ("constraint-violated", "/self/pos/lat")


@pytest.mark.parametrize("draft", DRAFTS)
def test_a_reference_is_found_under_the_id_of_its_schema(draft: str):
    """Whatever it is called in the list of references."""
    key = "id" if "draft-04" in draft else "$id"
    own = "http://example.com/types/position.json"
    for wanted in (own, "position"):
        schema = {"$schema": draft, "properties": {"pos": {"$ref": wanted}}}
        version = json_version(schema, references=(_reference("position", {key: own, **POSITION}),))
        assert accepted(version, '{"pos":{"lat":"1"}}').value[5:] == b'{"pos":{"lat":1}}'
        assert reason(refused(version, '{"pos":{"lat":91}}')) == ("constraint-violated", "/pos/lat")


def test_references_of_a_reference_without_an_id_are_resolved_against_its_name():
    """The name is its address."""
    unit = _reference("unit.json", {"enum": ["C", "F"]}, subject="unit-value")
    reference = _reference("http://e.org/types/t.json", {"properties": {"unit": {"$ref": "unit.json"}}}, inner=(unit,))
    version = json_version({"$ref": "http://e.org/types/t.json"}, references=(reference,))
    assert accepted(version, '{"unit":"C"}')
    assert reason(refused(version, '{"unit":"K"}')) == ("not-in-enum", "/unit")


def test_a_name_may_need_escaping():
    """A reference called by words, which a URI writes with %20."""
    version = json_version({"$ref": "geo%20position"}, references=(_reference("geo position", POSITION),))
    assert reason(refused(version, '{"lat":91}')) == ("constraint-violated", "/lat")


def test_a_name_for_two_schemas_is_refused():
    """One text under one name twice is fine, by whatever way; two texts are a guess."""
    one, other = _reference("p.json", POSITION), _reference("p.json", {"type": "string"})
    assert accepted(json_version({"$ref": "p.json"}, references=(one, one)), '{"lat":1}')
    for references in ((one, other), (_reference("q.json", {}, inner=(other,)), one)):
        with pytest.raises(SchemaError, match=r"the reference 'p\.json' stands for two different schemas"):
            route_of(json_version({"$ref": "p.json"}, references=references))


def test_the_same_name_below_two_addresses_is_two_schemas():
    """Each referenced schema resolves its own references; the bare name is not a third meaning."""
    small, large = _reference("unit.json", {"maximum": 1}), _reference("unit.json", {"maximum": 9})
    one, other = "http://e.org/a/t.json", "http://e.org/b/t.json"
    references = (
        _reference(one, {"$id": one, "allOf": [{"$ref": "unit.json"}]}, inner=(small,)),
        _reference(other, {"$id": other, "allOf": [{"$ref": "unit.json"}]}, inner=(large,)),
    )
    version = json_version({"properties": {"a": {"$ref": one}, "b": {"$ref": other}}}, references=references)
    assert accepted(version, '{"a":1,"b":5}')
    assert reason(refused(version, '{"a":5,"b":5}')) == ("constraint-violated", "/a")


@pytest.mark.parametrize("root", [None, "http://example.com/schemas/reading.json"])
def test_references_of_a_reference_are_found_by_its_id_and_by_its_name(root: str | None):
    """The validator resolves against the one or the other, depending on the way that led there."""
    identity = {} if root is None else {"$id": root}
    own = "http://e.org/types/t.json"
    for wanted in ("t.json", own):
        unit = _reference("unit.json", {"maximum": 1})
        inner = _reference("t.json", {"$id": own, "properties": {"v": {"$ref": "unit.json"}}}, inner=(unit,))
        version = json_version({**identity, "properties": {"t": {"$ref": wanted}}}, references=(inner,))
        assert accepted(version, '{"t":{"v":1}}')
        assert reason(refused(version, '{"t":{"v":2}}')) == ("constraint-violated", "/t/v")


@pytest.mark.parametrize(
    ("outer", "inner", "is_tuple"),
    [
        (DRAFTS[2], None, True),
        (DRAFTS[4], None, False),
        (DRAFTS[4], DRAFTS[2], True),
        (DRAFTS[2], DRAFTS[4], False),
        (DRAFTS[4], "https://json-schema.org/draft-07/schema", True),
        (DRAFTS[0], "http://json-schema.org/draft/2020-12/schema#", False),
    ],
)
def test_a_reference_is_of_its_own_draft_or_that_of_the_schema_which_lists_it(
    outer: str, inner: str | None, is_tuple: bool
):
    """Array-valued ``items`` means a tuple up to 2019-09; ``prefixItems`` does since 2020-12."""
    tuples = {"items": [{"type": "integer"}]} if is_tuple else {"prefixItems": [{"type": "integer"}]}
    part = tuples if inner is None else {"$schema": inner, **tuples}
    schema = {"$schema": outer, "properties": {"v": {"$ref": "p.json"}}}
    version = json_version(schema, references=(_reference("p.json", part),))
    assert accepted(version, '{"v":["1","x"]}').value[5:] == b'{"v":[1,"x"]}'
    assert reason(refused(version, '{"v":["x"]}')) == ("invalid-number", "/v/0")


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ({"$schema": "http://json-schema.org/draft-05/schema"}, "reference 'p.json': /$schema: unknown dialect"),
        ({"properties": {"a": {"type": "integr"}}}, "/properties/a/type: not a valid schema of its draft"),
        ({"definitions": {"a": {"minimum": "0"}}}, "/definitions/a/minimum: not a valid schema of its draft"),
    ],
)
def test_a_reference_that_breaks_its_draft_is_refused_with_name_and_place(part: Any, told: str):
    """Also in a part that nothing refers to."""
    with pytest.raises(SchemaError, match=re.escape(told)) as caught:
        route_of(json_version({"properties": {"a": {"$ref": "p.json"}}}, references=(_reference("p.json", part),)))
    assert "p.json" in str(caught.value)


@pytest.mark.parametrize("whole", [True, False])
def test_a_reference_may_be_a_boolean(whole: bool):
    """``true`` takes everything, ``false`` nothing."""
    version = json_version({"properties": {"a": {"$ref": "p.json"}}}, references=(_reference("p.json", whole),))
    assert isinstance(encode(version, '{"a":1}'), Record) is whole


def test_a_cycle_of_references_between_subjects_is_followed():
    """A node of one subject holds nodes of the other, and back."""
    back = _reference("http://e.org/a.json", {"$id": "http://e.org/a.json"}, subject="a-value")
    other = _reference("b.json", {"properties": {"a": {"$ref": "a.json"}}, "$id": "http://e.org/b.json"}, inner=(back,))
    schema = {"$id": "http://e.org/a.json", "properties": {"b": {"$ref": "b.json"}, "n": {"type": "integer"}}}
    version = json_version(schema, references=(other,))
    assert accepted(version, '{"b":{"a":{"b":{"a":{"n":1}}}}}')
    assert reason(refused(version, '{"b":{"a":{"b":{"a":{"n":[]}}}}}')) == ("type-mismatch", "/b/a/b/a/n")


def test_local_references_and_recursion_hold():
    """``#``, ``#/definitions/...`` and a schema within itself."""
    tree = {
        "type": "object",
        "properties": {"n": {"type": "integer"}, "kids": {"type": "array", "items": {"$ref": "#"}}},
    }
    payload = '{"n":1,"kids":[{"n":"2","kids":[{"n":"3"}]}]}'
    record = accepted(json_version(tree), payload)
    assert record.value[5:] == b'{"n":1,"kids":[{"n":2,"kids":[{"n":3}]}]}'


def test_an_expensive_pattern_is_matched_in_linear_time():
    """``^(a+)+$`` on 50 000 letters: another engine takes seconds for 28 of them, and would not end on these."""
    version = json_version({"type": "string", "pattern": "^(a+)+$"})
    assert accepted(version, '"' + "a" * 50_000 + '"')
    assert reason(refused(version, '"' + "a" * 50_000 + '!"')) == ("constraint-violated", "")


def test_a_pattern_is_searched_and_unicode_counts_as_characters():
    """Not anchored, as the specification says; a length counts code points."""
    assert accepted(json_version({"pattern": "b"}), '"abc"')
    assert accepted(json_version({"maxLength": 1}), '"😀"')
    assert accepted(json_version({"pattern": r"^\d$"}), '"5"')


def test_a_format_is_an_annotation():
    """Formats are not asserted in any draft unless a contract could ask for it."""
    for draft in DRAFTS:
        assert accepted(json_version({"$schema": draft, "format": "ipv4"}), '"no address"')


def test_an_absolute_location_names_the_failing_keyword():
    """``schema_path`` leads to the keyword, in the referenced schema where that is where it stands."""
    reference = _reference("http://example.com/p.json", POSITION)
    version = json_version({"properties": {"p": {"$ref": "http://example.com/p.json"}}}, references=(reference,))
    violation = refused(version, '{"p":{"lat":91}}').violations[0]
    assert re.search(r"http://example\.com/p\.json#/properties/lat/maximum$", violation.schema_path)
    violation = refused(json_version({"properties": {"a": {"maximum": 1}}}), '{"a":2}').violations[0]
    assert violation.schema_path.endswith("/properties/a/maximum")
    assert violation.keyword == "maximum"


def test_a_schema_that_is_nested_too_deeply_is_refused():
    """Whichever library's walk runs out of stack first: the contract is told what to do."""
    schema: dict[str, object] = {"type": "integer"}
    for _ in range(300):
        schema = {"type": "object", "properties": {"a": schema}}
    with pytest.raises(SchemaError, match="nested too deeply to be compiled; take parts out"):
        route_of(json_version(schema))
