"""Avro schemas: what breaks the specification is refused with place and rule, odd but legal ones are taken."""

from __future__ import annotations

import json
from typing import Any

import avro.schema
import fastavro
import pytest

from gateway.compile.avro.schema import Fixed, Record, Union, name_of, parse_schema, walk
from gateway.errors import SchemaError
from gateway.model import Reference, SchemaVersion
from tests.unit.compile.compiled import accepted, reason, record_schema, refused, route_of, version_of
from tests.unit.compile.vectors import physical


def _record(*fields: Any, **more: Any) -> dict[str, Any]:
    return {**record_schema(*fields), **more}


def _fixed(size: Any, **more: Any) -> dict[str, Any]:
    return {"type": "fixed", "name": "F", "size": size, **more}


def _enum(*symbols: Any, **more: Any) -> dict[str, Any]:
    return {"type": "enum", "name": "E", "symbols": list(symbols), **more}


def _decimal(**more: Any) -> dict[str, Any]:
    return {"type": "bytes", "logicalType": "decimal", **more}


def _logical(base: Any, name: str, **more: Any) -> dict[str, Any]:
    return {"type": base, "logicalType": name, **more}


def _field(kind: Any, default: Any) -> dict[str, Any]:
    return {"name": "a", "type": kind, "default": default}


def _deep(levels: int) -> Any:
    schema: Any = "int"
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return schema


FORBIDDEN = [
    # names
    (_record(("a", "int"), name="1R"), "", "no Avro name"),
    (_record(("a", "int"), name="R-x"), "", "no Avro name"),
    (_record(("a", "int"), name=""), "", "no Avro name"),
    (_record(("a", "int"), name="Größe"), "", "no Avro name"),
    (_record(("a", "int"), name="a..R"), "", "no Avro name"),
    (_record(("a", "int"), namespace="a.1b"), "", "no Avro name"),
    (_record(("a", "int"), name=5), "", "text"),
    ({"type": "record", "fields": []}, "", '"name" is missing'),
    (_record(("a", "int"), name="int"), "", "primitive"),
    (_record(("a", "int"), name="x.string"), "", "primitive"),
    (_record(("PM2.5", "int")), "/fields/0", "aliases in the contract"),
    (_record(("SI7021-00", "int")), "/fields/0", "no Avro field name"),
    (_record(("", "int")), "/fields/0", "no Avro field name"),
    (_record(("a", "int"), ("b", _enum("A-B"))), "/fields/1/type/symbols/0", "no Avro symbol"),
    # fields
    (_record(("a", "int"), ("a", "int")), "/fields/1", "twice"),
    (_record({"name": "a", "type": "int", "aliases": ["b"]}, ("b", "int")), "/fields/1", "twice"),
    (_record({"name": "a", "type": "int", "aliases": ["b", "b"]}), "/fields/0", "twice"),
    (_record({"name": "a", "type": "int", "aliases": "b"}), "/fields/0", "list of names"),
    (_record({"name": "a"}), "/fields/0", '"type" is missing'),
    (_record({"type": "int"}), "/fields/0", '"name" is missing'),
    ({"type": "record", "name": "R"}, "", '"fields" is missing'),
    ({"type": "record", "name": "R", "fields": {}}, "/fields", "list"),
    ({"type": "record", "name": "R", "fields": ["a"]}, "/fields/0", "object"),
    # types
    ("integer", "", "unknown type"),
    ("R", "", "unknown type"),
    (_record(("a", "Missing")), "/fields/0/type", "unknown type"),
    ({"type": "list", "items": "int"}, "/type", "unknown type"),
    ({"items": "int"}, "", '"type"'),
    ({"type": 5}, "", '"type"'),
    ({"type": "array"}, "", '"items" is missing'),
    ({"type": "map"}, "", '"values" is missing'),
    ({"type": "map", "values": {"type": "array", "items": "x"}}, "/values/items", "unknown type"),
    ([5], "/0", "a name, an object or a list"),
    ("null-", "", "unknown type"),
    # named types defined twice
    (_record(("a", _enum("A")), ("b", _enum("B"))), "/fields/1/type", "defined twice"),
    (_record(("a", _record(("x", "int")))), "/fields/0/type", "defined twice"),
    (_record(("a", _fixed(1)), ("b", _enum("B", name="F"))), "/fields/1/type", "defined twice"),
    # enums and fixed
    (_enum("A", "B", "A"), "/symbols/2", "twice"),
    (_enum("A", default="C"), "", "default"),
    ({"type": "enum", "name": "E"}, "", '"symbols" is missing'),
    ({"type": "enum", "name": "E", "symbols": "A"}, "", "list of names"),
    (_enum("A", 5), "", "list of names"),
    (_fixed(-1), "", "size"),
    (_fixed("4"), "", "size"),
    (_fixed(True), "", "size"),
    (_fixed(1.0), "", "size"),
    ({"type": "fixed", "name": "F"}, "", '"size" is missing'),
    # unions
    ([], "", "branch"),
    (["int", ["null", "string"]], "/1", "union"),
    (["int", "int"], "", "two branches"),
    (["int", _logical("int", "date")], "", "two branches"),
    ([{"type": "array", "items": "int"}, {"type": "array", "items": "string"}], "", "two branches"),
    ([{"type": "map", "values": "int"}, {"type": "map", "values": "string"}], "", "two branches"),
    # logical types on wrong bases, with wrong parameters
    (_logical("long", "date"), "", "stands on int"),
    (_logical("string", "timestamp-millis"), "", "stands on long"),
    (_logical("int", "time-micros"), "", "stands on long"),
    (_logical("int", "timestamp-nanos"), "", "stands on long"),
    (_logical("string", "decimal", precision=4), "", "stands on bytes or fixed"),
    (_logical("bytes", "uuid"), "", "stands on fixed or string"),
    (_logical("bytes", "duration"), "", "stands on fixed"),
    (_fixed(15, logicalType="uuid"), "", "16 bytes"),
    (_fixed(11, logicalType="duration"), "", "12 bytes"),
    (_decimal(), "", "precision"),
    (_decimal(precision=0), "", "precision"),
    (_decimal(precision="4"), "", "precision"),
    (_decimal(precision=4001), "", "precision from 1 to 4000"),
    (_decimal(precision=99_999_999_999, scale=3), "", "precision"),
    (_decimal(precision=True), "", "precision"),
    (_decimal(precision=4, scale=5), "", "scale"),
    (_decimal(precision=4, scale=-1), "", "scale"),
    (_fixed(2, logicalType="decimal", precision=5), "", "holds 4 digits"),
    (_fixed(0, logicalType="decimal", precision=1), "", "holds 0 digits"),
    (_logical("bytes", "big-decimal"), "", "big-decimal"),
    # depth
    (_deep(101), "/items" * 101, "nested"),
]


def test_the_most_precise_decimal():
    """The limit itself is taken, on bytes and on a fixed of any size; its numbers are written exactly."""
    number = "9" * 4000
    wanted = int(number).to_bytes(1662, "big", signed=True)
    assert accepted(version_of(_decimal(precision=4000)), f'"{number}"').value.endswith(wanted)
    large = _fixed(1_000_000_000, logicalType="decimal", precision=4000)
    tree = parse_schema(version_of(large))
    assert isinstance(tree, Fixed)
    assert tree.size == 1_000_000_000


@pytest.mark.parametrize(("schema", "place", "rule"), FORBIDDEN, ids=[json.dumps(each[0])[:70] for each in FORBIDDEN])
def test_a_schema_that_breaks_a_rule_is_refused_with_place_and_rule(schema: Any, place: str, rule: str):
    """When the contract is compiled, with a pointer to the mistake and what is wrong there."""
    with pytest.raises(SchemaError, match=rule) as caught:
        route_of(version_of(json.dumps(schema) if not isinstance(schema, str) else f'"{schema}"'))
    assert caught.value.schema_path == place


@pytest.mark.parametrize("schema", [{"type": {"type": "int"}}, {"type": ["null", "int"]}], ids=str)
def test_the_type_of_a_type_is_a_name(schema: Any):
    """Only a field's type may be an object or a list; a schema's own is text (Avro 1.12, "Schema Declaration")."""
    with pytest.raises(SchemaError):
        route_of(version_of(schema))


DEFAULTS = [
    ("int", "5"), ("int", 5.5), ("int", 5.0), ("int", True), ("int", None), ("int", 2**31), ("long", 2**63),
    ("boolean", 0), ("boolean", "true"), ("null", 0), ("string", 5), ("string", None), ("double", "1"),
    ("double", True), ("float", 1e39), ("float", "NaN"), ("bytes", "\u0100"), ("bytes", [1]),
    (_fixed(2), "\x00"), (_enum("A"), "B"), (["null", "int"], "x"), (["int", "null"], "x"),
    ({"type": "array", "items": "int"}, {}), ({"type": "array", "items": "int"}, ["x"]),
    ({"type": "map", "values": "int"}, []), ({"type": "map", "values": "int"}, {"a": "x"}),
    (record_schema(("x", "int"), name="I"), {}), (record_schema(("x", "int"), name="I"), {"x": 1, "y": 2}),
    (record_schema(("x", "int"), name="I"), [1]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "default"), DEFAULTS, ids=str)
def test_a_default_that_its_type_cannot_hold_is_refused(kind: Any, default: Any):
    """A reader would fail on it; so would we, on the first message without the field."""
    with pytest.raises(SchemaError, match="default") as caught:
        route_of(version_of(record_schema(_field(kind, default), ("b", "int"))))
    assert caught.value.schema_path == "/fields/0"


FINE_DEFAULTS: list[tuple[Any, Any, str]] = [
    ("int", -1, "01"), ("double", 1, "000000000000f03f"), ("float", 1.5, "0000c03f"), ("string", "é", "04c3a9"),
    ("bytes", "\u00ff\x00", "04ff00"), (_fixed(2), "\u00ff\x01", "ff01"), (_enum("A", "B"), "B", "02"),
    (["null", "int"], None, "00"), (["int", "null"], 5, "000a"), (["null", "int"], 5, "020a"), ("null", None, ""),
    ({"type": "array", "items": "int"}, [], "00"), ({"type": "array", "items": "int"}, [1, 2], "04020400"),
    ({"type": "map", "values": "int"}, {"a": 1}, "0202610200"),
    (record_schema(("x", "int"), {"name": "y", "type": "int", "default": 7}, name="I"), {"x": 1}, "020e"),
    (_logical("long", "timestamp-millis"), 0, "00"), (_decimal(precision=4), "\x01", "0201"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "default", "body"), FINE_DEFAULTS, ids=str)
def test_a_default_is_filled_as_the_physical_value_that_the_schema_spells(kind: Any, default: Any, body: str):
    """Bytes are text of code points, a timestamp is its number, a union's default may fit any branch (Avro 1.12)."""
    record = accepted(version_of(record_schema(_field(kind, default), ("b", "int"))), '{"b":0}')
    assert record.value[5:].hex() == body + "00"
    assert [(each.path, each.code) for each in record.coercions] == [("/a", "default-filled")]


ODD = [
    ({"type": "int"}, "5", "0a"),
    ({"type": "error", "name": "Err", "fields": [{"name": "a", "type": "int"}]}, '{"a":5}', "0a"),
    (_logical("int", "no-such-type"), "5", "0a"),
    (_logical("string", "fancy"), '"x"', "0278"),
    (_record(("a", "int"), doc="d", custom={"x": 1}, aliases=["old.R"]), '{"a":5}', "0a"),
    (_record(("a", "int"), namespace=""), '{"a":5}', "0a"),
    (_record(("a", "int"), name="com.x.R"), '{"a":5}', "0a"),
    (_record({"name": "a", "type": "int", "order": "ignore", "doc": "d"}), '{"a":5}', "0a"),
    (_record({"name": "a", "type": "int", "aliases": ["SI7021-00", "PM2.5"]}), '{"PM2.5":5}', "0a"),
    (_fixed(0), '""', ""),
    (["null", _fixed(1), _fixed(2, name="G")], '"ff"', "02ff"),
    (["int"], "5", "000a"),
    (_record(("d", _decimal(precision=1))), '{"d":5}', "0205"),
    (_fixed(2, logicalType="decimal", precision=4), "5", "0005"),
    (_record(("_", "int"), ("_a1", "int")), '{"_":1,"_a1":2}', "0204"),
    (_deep(60), "[" * 60 + "]" * 60, "02" * 59 + "00" * 60),
]


@pytest.mark.parametrize(("schema", "payload", "body"), ODD, ids=[json.dumps(each[0])[:70] for each in ODD])
def test_an_odd_but_legal_schema_is_taken(schema: Any, payload: str, body: str):
    """What the specification allows or ignores is no mistake."""
    assert accepted(version_of(schema), payload, options={"bytes_encoding": "hex"}).value[5:].hex() == body


@pytest.mark.parametrize("schema", [each[0] for each in ODD], ids=str)
def test_what_is_taken_other_libraries_can_read_with(schema: Any):
    """Both fastavro and Apache's avro parse every odd schema, so readers of the topic can too."""
    fastavro.parse_schema(physical(schema))
    if "SI7021-00" not in json.dumps(schema):
        avro.schema.parse(json.dumps(physical(schema)))


# Names and namespaces


def test_a_name_is_looked_up_in_its_namespace():
    """An inner type takes the record's namespace; a full name reaches it from anywhere."""
    schema = {
        "type": "record", "name": "R", "namespace": "a.b",
        "fields": [
            {"name": "e", "type": _enum("X", "Y")},
            {"name": "f", "type": "E"},
            {"name": "g", "type": "a.b.E"},
        ],
    }  # fmt: skip
    tree = parse_schema(version_of(schema))
    assert isinstance(tree, Record)
    assert [name_of(field.type) for field in tree.fields] == ["a.b.E"] * 3
    assert tree.fields[0].type is tree.fields[1].type is tree.fields[2].type


def test_two_types_may_share_a_name_in_two_namespaces():
    """``a.E`` and ``b.E`` are two types, also as branches of one union."""
    schema = [_enum("X", name="a.E"), _enum("Y", name="b.E")]
    tree = parse_schema(version_of(schema))
    assert isinstance(tree, Union)
    assert [name_of(branch) for branch in tree.branches] == ["a.E", "b.E"]
    assert accepted(version_of(schema), '"Y"').value[5:] == b"\x02\x00"


def test_a_name_without_dots_means_only_its_own_namespace():
    """Avro's names: inside a namespace, ``F`` is ``x.F``, and the ``F`` without namespace is out of reach."""
    bare = {"name": "a", "type": {**_fixed(1), "namespace": ""}}
    with pytest.raises(SchemaError, match="unknown type"):
        parse_schema(version_of(_record(bare, ("b", "F"), name="x.R")))


def test_a_type_cannot_be_used_before_it_is_defined():
    """In the order of the text."""
    with pytest.raises(SchemaError, match="unknown type") as caught:
        parse_schema(version_of(_record(("a", "E"), ("b", _enum("X")))))
    assert caught.value.schema_path == "/fields/0/type"


# References


def _referenced(name: str, schema: Any, *, subject: str, inner: tuple[Reference, ...] = ()) -> Reference:
    return Reference(name, version_of(schema, subject=subject, references=inner))


def test_types_of_other_subjects_are_known():
    """By full name, across two levels of references, each subject read once."""
    unit = _referenced("geo.Unit", _enum("M", "FT", name="geo.Unit"), subject="unit")
    point = _referenced(
        "geo.Point", _record(("x", "double"), ("u", "geo.Unit"), name="geo.Point"), subject="point", inner=(unit,)
    )
    schema = _record(("p", "geo.Point"), ("u", "geo.Unit"))
    version = version_of(schema, references=(point, unit))
    record = accepted(version, '{"p":{"x":"1.5","u":"FT"},"u":"M"}')
    assert record.value[5:].hex() == "000000000000f83f0200"
    assert reason(refused(version, '{"p":{"x":1,"u":"KM"},"u":"M"}')) == ("not-in-enum", "/p/u")


def test_a_type_cannot_be_taken_over_by_a_reference():
    """A reference that defines what the schema, or another reference, defines is refused."""
    first, second = _referenced("E", _enum("A"), subject="one"), _referenced("E", _enum("B"), subject="two")
    with pytest.raises(SchemaError, match="defined twice"):
        parse_schema(version_of("E", references=(first, second)))
    with pytest.raises(SchemaError, match="defined twice"):
        parse_schema(version_of(_enum("C"), references=(first,)))


def test_a_mistake_in_a_reference_names_the_subject():
    """Not only the place: there are several texts."""
    broken = _referenced("geo.Point", _record(("x", "dubble"), name="geo.Point"), subject="point-value")
    with pytest.raises(SchemaError, match=r"geo\.Point.*point-value.*/fields/0/type.*dubble"):
        parse_schema(version_of("geo.Point", references=(broken,)))


def test_a_reference_that_is_not_there_is_an_unknown_type():
    """Nothing is fetched or guessed."""
    with pytest.raises(SchemaError, match="unknown type"):
        parse_schema(version_of(_record(("p", "geo.Point"))))


# Recursion


LIST = _record(("v", "int"), {"name": "next", "type": ["null", "R"], "default": None})
TREE = _record(("v", "int"), {"name": "kids", "type": {"type": "array", "items": "R"}})


def test_a_record_within_itself_is_one_type():
    """The tree has a cycle, and walking it ends."""
    tree = parse_schema(version_of(LIST))
    assert len(list(walk(tree))) == 4  # record, int, union, null
    assert isinstance(tree, Record)
    union = tree.fields[1].type
    assert isinstance(union, Union)
    assert union.branches[1] is tree


def test_recursive_records_are_encoded_at_every_level():
    """In unions, arrays and maps, with conversions inside."""
    assert accepted(version_of(LIST), '{"v":1,"next":{"v":"2","next":null}}').value[5:].hex() == "02020400"
    assert accepted(version_of(TREE), '{"v":1,"kids":[{"v":2,"kids":[]}]}').value[5:].hex() == "020204" + "0000"
    by_name = _record(("v", "int"), ("kids", {"type": "map", "values": "R"}))
    assert accepted(version_of(by_name), '{"v":1,"kids":{"a":{"v":2,"kids":{}}}}').value[5:].hex() == "02020261040000"


def test_two_records_within_each_other_are_encoded():
    """A contains B, and B contains A."""
    inner = _record(("a", ["null", "R"]), name="B")
    version = version_of(_record(("b", ["null", inner])))
    assert accepted(version, '{"b":{"a":{"b":null}}}').value[5:].hex() == "020200"


def test_a_refusal_deep_inside_has_its_path():
    """Through every level."""
    payload = '{"v":1,"kids":[{"v":2,"kids":[]},{"v":"x","kids":[]}]}'
    assert reason(refused(version_of(TREE), payload)) == ("invalid-number", "/kids/1/v")


@pytest.mark.parametrize(
    "text", ["", "{", "nonsense", "[1", '{"type":"int"} x', "NaN", '"int" "int"', "\ufeff" + '"int"']
)
def test_a_text_that_is_no_json_is_refused(text: str):
    """A registry that answers with garbage cannot make a route."""
    version = SchemaVersion("s", 1, 1, version_of("int").format, text)
    with pytest.raises(SchemaError):
        parse_schema(version)


def test_a_text_nested_without_end_is_refused():
    """Before Python's own limit is met, in the parser or in ours."""
    with pytest.raises(SchemaError):
        parse_schema(version_of("[" * 100_000))
    with pytest.raises(SchemaError):
        parse_schema(version_of('{"type":' * 500 + '"int"' + "}" * 500))
