"""Avro schemas: what breaks the specification is refused with place and rule, odd but legal ones are taken."""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Callable
from typing import Any

import avro.schema
import fastavro
import pytest

from gateway.compile.avro.parser import parse_schema
from gateway.compile.avro.schema import Fixed, Record, Union, name_of, walk
from gateway.compile.readback import read_back
from gateway.errors import SchemaError
from gateway.model import Reference, SchemaVersion
from tests.unit.compile.avro.verdicts import VERDICTS, Verdict
from tests.unit.compile.compiled import accepted, reason, record_schema, refused, route_of, version_of


def _version(schema: Any) -> SchemaVersion:
    return version_of(json.dumps(schema)) if isinstance(schema, str) else version_of(schema)


@pytest.mark.parametrize("verdict", VERDICTS["forbidden"])
def test_a_schema_that_breaks_a_rule_is_refused_with_place_and_rule(verdict: Verdict):
    """When the contract is compiled, with a pointer to the mistake and what is wrong there."""
    with pytest.raises(SchemaError) as caught:
        route_of(_version(verdict.schema))
    assert caught.value.schema_path == verdict.line["at"]
    assert verdict.line["rule"] in str(caught.value)


@pytest.mark.parametrize("verdict", VERDICTS["allowed"])
def test_an_odd_but_legal_schema_is_taken(verdict: Verdict):
    """What the specification allows or ignores is no mistake; what was written with it can be shown."""
    version = _version(verdict.schema)
    record = accepted(version, verdict.line["in"], options={"bytes_encoding": "hex"})
    assert record.value[5:].hex() == verdict.line["avro"]
    read_back(version, record.value[5:])


def _taken_by(schema: Any) -> set[str]:
    """The libraries that take the schema; what they raise for one that they do not take has no common type."""
    libraries: dict[str, Callable[[], Any]] = {
        "fastavro": lambda: fastavro.parse_schema(schema),
        "avro": lambda: avro.schema.parse(json.dumps(schema)),
    }
    taken: set[str] = set()
    for name, parse_one in libraries.items():
        with warnings.catch_warnings(), contextlib.suppress(Exception):
            warnings.simplefilter("ignore")  # of logical types that avro ignores
            parse_one()
            taken.add(name)
    return taken


@pytest.mark.parametrize("verdict", VERDICTS["forbidden"] + VERDICTS["forbidden defaults"])
def test_the_libraries_that_take_a_forbidden_schema_are_known(verdict: Verdict):
    """A second opinion: where fastavro or Apache's avro is laxer, the table says so; its groups say why we are not."""
    assert _taken_by(verdict.schema) == set(verdict.line.get("taken_by", ()))


@pytest.mark.parametrize("verdict", VERDICTS["allowed"] + VERDICTS["allowed defaults"])
def test_what_is_taken_other_libraries_can_read_with(verdict: Verdict):
    """Both parse every schema that we take, but for those of which the table says otherwise."""
    assert {"fastavro", "avro"} - _taken_by(verdict.schema) == set(verdict.line.get("refused_by", ()))


def _decimal(**more: Any) -> dict[str, Any]:
    return {"type": "bytes", "logicalType": "decimal", **more}


def _fixed(size: Any, **more: Any) -> dict[str, Any]:
    return {"type": "fixed", "name": "F", "size": size, **more}


def _enum(*symbols: Any, **more: Any) -> dict[str, Any]:
    return {"type": "enum", "name": "E", "symbols": list(symbols), **more}


def _record(*fields: Any, **more: Any) -> dict[str, Any]:
    return {**record_schema(*fields), **more}


def test_the_most_precise_decimal():
    """The limit itself is taken, on bytes and on a fixed of any size; its numbers are written exactly."""
    number = "9" * 4000
    wanted = int(number).to_bytes(1662, "big", signed=True)
    assert accepted(version_of(_decimal(precision=4000)), f'"{number}"').value.endswith(wanted)
    large = _fixed(1_000_000_000, logicalType="decimal", precision=4000)
    tree = parse_schema(version_of(large))
    assert isinstance(tree, Fixed)
    assert tree.size == 1_000_000_000


def _deep(levels: int) -> Any:
    schema: Any = "int"
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return schema


def test_a_schema_has_at_most_a_hundred_levels():
    """That many are taken, one more is refused at its place."""
    assert accepted(version_of(_deep(60)), "[" * 60 + "]" * 60).value[5:].hex() == "02" * 59 + "00" * 60
    parse_schema(version_of(_deep(100)))
    with pytest.raises(SchemaError, match="nested more than 100 levels") as caught:
        parse_schema(version_of(_deep(101)))
    assert caught.value.schema_path == "/items" * 101


def test_a_name_of_the_contract_means_one_field():
    """A contract's alias may not be a name or alias of another field: which one is meant is never guessed."""
    version = version_of(_record(("a", "int"), {"name": "b", "type": "int", "aliases": ["c"]}))
    for alias, owner in (("b", "b"), ("c", "b")):
        with pytest.raises(SchemaError, match=f"'{alias}' cannot be 'a', it is a name of '{owner}'|name of 'a'"):
            route_of(version, overrides={"/a": {"aliases": [alias]}})
    with pytest.raises(SchemaError, match="'x' cannot be 'b', it is a name of 'a'"):
        route_of(version, overrides={"/a": {"aliases": ["x"]}, "/b": {"aliases": ["x"]}})
    assert accepted(version, '{"a":1,"c":2}', overrides={"/b": {"aliases": ["c", "b"]}}).value[5:] == b"\x02\x04"


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
