"""Compatibility levels: which versions are compared, in which direction, and with what outcome."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.config.contract import Compatibility
from gateway.model import Format, SchemaVersion
from gateway.registry.development.compatibility import incompatibilities


def record(*fields: dict[str, Any]) -> str:
    return json.dumps({"type": "record", "name": "R", "fields": list(fields)})


X = {"name": "x", "type": "int"}
WIDE_X = {"name": "x", "type": "long"}
Y = {"name": "y", "type": "string"}
Y_DEFAULT = {"name": "y", "type": "string", "default": ""}


def allowed(level: str, *texts: str) -> bool:
    """Whether the last of ``texts`` may follow the others."""
    *earlier, new = [SchemaVersion("s", number, number, Format.AVRO, text) for number, text in enumerate(texts, 1)]
    return not incompatibilities(new, earlier, Compatibility(level))


@pytest.mark.parametrize(
    ("change", "old", "new", "backward", "forward"),
    [
        ("field added with default", record(X), record(X, Y_DEFAULT), True, True),
        ("field added without default", record(X), record(X, Y), False, True),
        ("field removed that had a default", record(X, Y_DEFAULT), record(X), True, True),
        ("field removed that had none", record(X, Y), record(X), True, False),
        ("int becomes long", record(X), record(WIDE_X), True, False),
        ("long becomes int", record(WIDE_X), record(X), False, True),
        ("type changed", record(X), record({"name": "x", "type": "string"}), False, False),
        ("union widened", '["null","int"]', '["null","int","string"]', True, False),
        ("type becomes a union of it", record(X), record({"name": "x", "type": ["null", "int"]}), True, False),
        (
            "symbol added",
            '{"type":"enum","name":"E","symbols":["A"]}',
            '{"type":"enum","name":"E","symbols":["A","B"]}',
            True,
            False,
        ),
        (
            "symbol removed, default given",
            '{"type":"enum","name":"E","symbols":["A","B"]}',
            '{"type":"enum","name":"E","symbols":["A"],"default":"A"}',
            True,
            True,
        ),
        (
            "size changed",
            '{"type":"fixed","name":"F","size":4}',
            '{"type":"fixed","name":"F","size":5}',
            False,
            False,
        ),
        ("renamed", record(X), record(X).replace('"R"', '"S"'), False, False),
        (
            "renamed with alias",
            record(X),
            json.dumps({"type": "record", "name": "S", "aliases": ["R"], "fields": [X]}),
            True,
            False,
        ),
        ("string and bytes", '"string"', '"bytes"', True, True),
    ],
)
def test_levels_agree_with_the_specification(change, old, new, backward, forward):
    """Backward: new reads old. Forward: old reads new. Full: both. None: anything [Avro, Schema Resolution]."""
    assert allowed("BACKWARD", old, new) is backward, change
    assert allowed("FORWARD", old, new) is forward, change
    assert allowed("FULL", old, new) is (backward and forward), change
    assert allowed("NONE", old, new), change


@pytest.mark.parametrize("level", ["BACKWARD", "FORWARD", "FULL"])
def test_transitive_levels_look_at_every_earlier_version(level):
    """What the version before last cannot live with is found by the transitive level only."""
    changed = record({"name": "y", "type": "int", "default": 0})
    texts = (record(Y_DEFAULT), record(), changed)
    assert allowed(level, *texts)
    assert not allowed(f"{level}_TRANSITIVE", *texts)


def test_a_recursive_schema_is_compared_to_its_end():
    """A list node that refers to itself ends, with the difference inside found."""
    node = '{"type":"record","name":"N","fields":[{"name":"v","type":"%s"},{"name":"n","type":["null","N"]}]}'
    assert allowed("FULL", node % "int", node % "int")
    assert not allowed("BACKWARD", node % "string", node % "int")


def test_the_reason_names_kind_field_version_and_level():
    """What a person needs to mend the schema, in Confluent's form."""
    old = record(X)
    versions = [SchemaVersion("s", number, 1, Format.AVRO, text) for number, text in ((4, old), (5, record(X, Y)))]
    reasons = incompatibilities(versions[1], versions[:1], Compatibility.BACKWARD)
    assert "READER_FIELD_MISSING_DEFAULT_VALUE" in reasons[0]
    assert "/fields/1" in reasons[0]
    assert "'y'" in reasons[0]
    assert reasons[1:] == ["{oldSchemaVersion: 4}", f"{{oldSchema: '{old}'}}", "{compatibility: 'BACKWARD'}"]


@pytest.mark.parametrize("level", ["BACKWARD", "FORWARD", "FULL_TRANSITIVE"])
def test_logical_types_do_not_count(level):
    """As with Confluent's registry, which compares what stands below them; ``gateway schemas check`` is stricter."""
    money = '{"type":"bytes","logicalType":"decimal","precision":6,"scale":%d}'
    time = '{"type":"long","logicalType":"timestamp-%s"}'
    assert allowed(level, money % 2, money % 3)
    assert allowed(level, time % "millis", time % "micros")
    assert allowed(level, time % "millis", '"long"')
