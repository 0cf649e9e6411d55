"""Schema texts: validity, sameness, GUIDs."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import replace

import pytest

from gateway.errors import SchemaError
from gateway.model import Format, ReferenceTo, SchemaVersion
from gateway.plan.compatibility.avro import parse_avro
from gateway.registry.development.schemas import (
    Definition,
    check_json_schema,
    identity,
    normalized,
    stored_text,
)


def version(text: str) -> SchemaVersion:
    return SchemaVersion("s", 1, 1, Format.JSON, text, None, ())


def avro(text: str) -> Definition:
    return Definition(Format.AVRO, text)


NESTED = """{"type":"record","name":"R","namespace":"a","fields":[
    {"name":"e","type":{"type":"enum","name":"E","symbols":["A"]}},
    {"name":"f","type":"E"}
]}"""
SAME = [
    ('"string"', '{"type":"string"}'),
    ('{"type":"record","name":"a.R","fields":[]}', '{"name":"R","namespace":"a","type":"record","fields":[ ]}'),
    (NESTED, NESTED.replace('"R","namespace":"a"', '"a.R"').replace('"E"', '"a.E"')),
    ('{"type":"array","items":"int"}', '{"items":{"type":"int"},"type":"array"}'),
    ('["null",{"type":"map","values":"int"}]', '["null",{"values":"int","type":"map"}]'),
]
DIFFERENT = [
    ('{"type":"enum","name":"E","symbols":["A","B"]}', '{"type":"enum","name":"E","symbols":["B","A"]}'),
    ('["null","int"]', '["int","null"]'),
    ('{"type":"record","name":"a.R","fields":[]}', '{"type":"record","name":"b.R","fields":[]}'),
    ('"long"', '{"type":"long","logicalType":"timestamp-millis"}'),
    (
        '{"type":"record","name":"R","fields":[{"name":"x","type":"int"}]}',
        '{"type":"record","name":"R","fields":[{"name":"x","type":"int","default":0}]}',
    ),
    (
        '{"type":"record","name":"R","fields":[]}',
        '{"type":"record","name":"R","doc":"a doc makes another schema","fields":[]}',
    ),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spelling_does_not_make_another_avro_schema(one, other):
    """White space, order of attributes, and how names and primitive types are written."""
    parse_avro(one)
    parse_avro(other)
    assert identity(avro(one)) == identity(avro(other))
    assert avro(one).guid == avro(other).guid


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_content_makes_another_avro_schema(one, other):
    """Everything that a reader can see."""
    assert identity(avro(one)) != identity(avro(other))
    assert identity(normalized(avro(one))) != identity(normalized(avro(other)))
    assert avro(one).guid != avro(other).guid


def test_the_order_of_keys_counts_in_json_schema_unless_normalised():
    """As in Confluent."""
    one, other = (Definition(Format.JSON, text) for text in ('{"a":1, "b":2}', '{"b":2,"a":1}'))
    assert identity(one) != identity(other)
    assert identity(normalized(one)) == identity(normalized(other))
    assert stored_text(normalized(other)) == '{"a":1,"b":2}'
    assert stored_text(other) == '{"b":2,"a":1}'


def test_references_metadata_and_rules_are_part_of_a_schema():
    """The order of references counts unless normalised, and there each stands once."""
    to_a, to_b = ReferenceTo("a", "a", 1), ReferenceTo("b", "b", 1)
    plain = Definition(Format.JSON, "{}", (to_a, to_b))
    swapped = Definition(Format.JSON, "{}", (to_b, to_a))
    twice = Definition(Format.JSON, "{}", (to_b, to_a, to_b))
    assert identity(plain) != identity(swapped)
    assert normalized(plain) == normalized(swapped) == normalized(twice)
    others = [
        Definition(Format.JSON, "{}"),
        Definition(Format.JSON, "{}", metadata={"properties": {"owner": "me"}}),
        Definition(Format.JSON, "{}", rule_set={"domainRules": []}),
        Definition(Format.AVRO, "{}"),
    ]
    assert len({identity(other) for other in others[:3]}) == 3


def test_a_guid_is_the_md5_of_the_stored_text():
    """With references and metadata behind it, as Confluent has it; spelling does not count."""
    stored = b'{"type":"record","name":"R","namespace":"p","fields":[]}'
    spelled = avro('{"name":"p.R", "fields":[], "type":"record"}')
    assert spelled.guid == str(uuid.UUID(hashlib.md5(stored).hexdigest()))
    more = replace(
        spelled,
        references=(ReferenceTo("n", "s", 258),),
        metadata={"properties": {"b": "2", "a": "1"}, "tags": {"t": ["y", "x"]}, "sensitive": ["a"]},
    )
    behind = b"ns\x00\x00\x01\x02\x01txya1b2a"
    assert more.guid == str(uuid.UUID(hashlib.md5(stored + behind).hexdigest()))
    assert replace(more, rule_set={"domainRules": []}).guid != more.guid


def test_the_stored_text_is_one_line_and_keeps_every_value():
    """Umlauts, big numbers and docs stay what they are."""
    text = json.dumps({"type": "record", "name": "R", "doc": "Größe", "big": 2**70, "fields": []}, indent=2)
    stored = stored_text(avro(text))
    assert "\n" not in stored
    assert "Größe" in stored
    assert json.loads(stored) == json.loads(text)


@pytest.mark.parametrize(
    "text", ["true", "{}", '{"$schema":"https://json-schema.org/draft/2020-12/schema","prefixItems":[{}]}']
)
def test_a_json_schema_is_an_object_or_a_boolean(text):
    """Of any draft."""
    check_json_schema(version(text))


@pytest.mark.parametrize("text", ["[]", "1", '{"type":"nonsense"}', '{"minLength":-1}', "[" * 100_000])
def test_an_invalid_json_schema_is_refused(text):
    """By its meta-schema."""
    with pytest.raises(SchemaError):
        check_json_schema(version(text))


def test_lists_of_names_under_dependencies_are_no_schemas():
    """The ordinary form of the keyword in drafts 4 to 7, with schemas beside it."""
    check_json_schema(version('{"dependencies": {"a": ["b", "c"], "b": {"required": ["c"]}}}'))
    with pytest.raises(SchemaError):
        check_json_schema(version('{"dependencies": {"a": ["b", 5]}}'))
