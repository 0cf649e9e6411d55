"""Avro schemas as Java's library writes them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.errors import SchemaError
from gateway.plan.avro_text import canonical, check_field_names


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('{"type":"string"}', '"string"'),
        ('{"type":{"type":"string"}}', '"string"'),
        ('{"logicalType":"date","type":"int"}', '{"type":"int","logicalType":"date"}'),
        ('["null",{"type":"int"}]', '["null","int"]'),
        ('{"items":{"type":"int"},"x":1,"type":"array"}', '{"type":"array","items":"int","x":1}'),
        ('{"values":"p.E","type":"map"}', '{"type":"map","values":"p.E"}'),
        (
            '{"fields":[],"doc":"d","namespace":"p","name":"R","type":"record","own":[1]}',
            '{"type":"record","name":"R","namespace":"p","doc":"d","fields":[],"own":[1]}',
        ),
        ('{"type":"record","name":"p.R","fields":[]}', '{"type":"record","name":"R","namespace":"p","fields":[]}'),
        (
            '{"type":"enum","name":"E","default":"A","symbols":["A"],"aliases":["p.F","E2"],"own":1,"namespace":"p"}',
            '{"type":"enum","name":"E","namespace":"p","symbols":["A"],"default":"A","own":1,"aliases":["F","E2"]}',
        ),
        ('{"type":"fixed","size":2,"name":"F"}', '{"type":"fixed","name":"F","size":2}'),
        (
            (
                '{"type":"record","name":"p.R","fields":[{"own":1,"aliases":["b"],"order":"ignore","default":"","doc":"d",'
                '"type":{"type":"string"},"name":"a"},{"name":"c","type":"int","order":"ascending","aliases":[]}]}'
            ),
            (
                '{"type":"record","name":"R","namespace":"p","fields":[{"name":"a","type":"string","doc":"d","default":"",'
                '"order":"ignore","aliases":["b"],"own":1},{"name":"c","type":"int"}]}'
            ),
        ),
        (
            (
                '{"type":"record","name":"p.R","fields":[{"name":"a","type":{"type":"enum","name":"p.E","symbols":["A"]}},'
                '{"name":"b","type":"p.E"},{"name":"c","type":"q.X"},{"name":"d","type":"p.map"},'
                '{"name":"e","type":{"type":"fixed","name":"F","namespace":"","size":1}}]}'
            ),
            (
                '{"type":"record","name":"R","namespace":"p","fields":[{"name":"a","type":{"type":"enum","name":"E",'
                '"symbols":["A"]}},{"name":"b","type":"E"},{"name":"c","type":"q.X"},{"name":"d","type":"p.map"},'
                '{"name":"e","type":{"type":"fixed","name":"F","namespace":"","size":1}}]}'
            ),
        ),
    ],
)
def test_the_spelling(text: str, written: str) -> None:
    """The order of keys, short names, and what is left out; written again it stays."""
    assert json.dumps(canonical(json.loads(text)), separators=(",", ":")) == written
    assert canonical(json.loads(written)) == json.loads(written)


@pytest.mark.parametrize(
    "around",
    [
        lambda inner: inner,
        lambda inner: ["null", inner],
        lambda inner: {"type": "array", "items": inner},
        lambda inner: {"type": "map", "values": inner},
        lambda inner: {"type": "record", "name": "O", "fields": [{"name": "o", "type": inner}]},
    ],
)
def test_field_names(around: Any) -> None:
    """Wherever the record stands."""
    for name, is_good in (("a_1", True), ("a-b", False), ("1a", False), ("ä", False), ("", False)):
        schema = around({"type": "record", "name": "R", "fields": [{"name": name, "type": "int"}]})
        if is_good:
            check_field_names(schema)
        else:
            with pytest.raises(SchemaError):
                check_field_names(schema)
