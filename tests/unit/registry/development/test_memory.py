"""The development registry's memory: after a restart it is what it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.model import Format, ReferenceTo
from gateway.registry.development.memory import FILE_NAME, keep, recall
from gateway.registry.development.schemas import Definition
from gateway.registry.development.store import Store


def filled() -> Store:
    """A store with everything that can be in one."""
    store = Store()
    store.register("part", Definition(Format.AVRO, '{"type":"record","name":"Part","fields":[]}'))
    whole = '{"type":"record","name":"Whole","fields":[{"name":"p","type":"Part"}]}'
    store.register("whole", Definition(Format.AVRO, whole, (ReferenceTo("Part", "part", 1),)))
    store.register(":.lab:json", Definition(Format.JSON, '{"title":"Größe"}', metadata={"properties": {"a": "b"}}))
    store.register("gone", Definition(Format.JSON, "true"))
    store.delete_subject("gone")
    store.register("erased", Definition(Format.JSON, "false"))
    store.delete_subject("erased")
    store.delete_subject("erased", permanent=True)
    store.rules.set_level(None, "FULL")
    store.rules.set_level("part", "NONE")
    store.set_mode("whole", "READONLY")
    return store


def test_what_is_kept_is_recalled(tmp_path: Path):
    """Versions, deleted ones too, IDs that were ever given, levels and modes."""
    before, after = filled(), Store()
    keep(before, tmp_path)
    assert recall(after, tmp_path)
    assert list(after.everywhere()) == list(before.everywhere())
    assert after.ids == before.ids
    assert after.rules.dump() == before.rules.dump()
    erased = after.register("new", Definition(Format.JSON, '{"title":"new"}'))
    assert erased.schema_id not in before.ids.values()


def test_nothing_kept_is_an_empty_start(tmp_path: Path):
    """The first start."""
    assert not recall(Store(), tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"[]",
        b"[" * 100_000,
        b"{}",
        json.dumps({"format": 2}).encode(),
        json.dumps({"format": 1, "rules": {"level": "SIDEWARD"}}).encode(),
        json.dumps({"format": 1, "rules": None}).encode(),
    ],
)
def test_a_damaged_memory_stops_the_start(tmp_path: Path, damage: bytes):
    """Starting empty would hand out its IDs again: the message says what to do instead."""
    (tmp_path / FILE_NAME).write_bytes(damage)
    with pytest.raises(ConfigError, match="move it away") as refused:
        recall(Store(), tmp_path)
    assert str(tmp_path / FILE_NAME) in str(refused.value)
