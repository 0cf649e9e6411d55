"""What changed contracts and schemas would mean for payloads."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any

import fastavro
import pytest

from gateway.config.contract import DEFAULT_DEAD_LETTERS
from gateway.config.settings import Limits
from gateway.errors import ConfigError
from gateway.kafka.reader import StoredRecord
from gateway.model import Format, SchemaVersion
from gateway.plan import impact
from gateway.plan.impact import Turn
from gateway.plan.lines import Line
from gateway.service.inspection.folders import Circumstances
from gateway.service.schema_impact import Replay, prepare, replay_stored
from tests.parts.git import Repository
from tests.parts.projects import READING, ProjectFiles

NOW = 1_780_000_000_000
AROUND = Circumstances(DEFAULT_DEAD_LETTERS, Limits())
Found = list[tuple[Turn, str, str, str, int]]


class Project:
    """A committed contract ``pump``, and its files."""

    def __init__(self, folder: Path) -> None:
        self.files = ProjectFiles(folder)
        self.files.declare("pump")
        self._repository = Repository(folder)
        self._repository.commit()

    def change(self, schema: Any = None, **contract: Any) -> None:
        """What is proposed: another schema, other keys of contract.yaml."""
        folder = self.files.contracts / "pump"
        if schema is not None:
            (folder / "schema.avsc").write_text(json.dumps(schema))
        declared = {"mqtt": "pump/{device}", "topic": "pump", **contract}
        (folder / "contract.yaml").write_text(json.dumps(declared))

    def replay(self, *payloads: Any, since: str = "HEAD") -> Replay:
        """Of devices p0, p1, ..."""
        replay = prepare(self.files.contracts, AROUND, since, NOW)
        for n, payload in enumerate(payloads):
            replay.add(Line(json.dumps(payload).encode(), f"pump/p{n}"), NOW)
        return replay


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def groups(replay: Replay) -> Found:
    return [(sort.turn, sort.contract, sort.code, sort.path, group.count) for sort, group in replay.impact.sorted()]


def with_field(**field: Any) -> Any:
    return {**READING, "fields": [*READING["fields"], field]}


GOOD = {"n": 1, "temp": 21.5}


def test_nothing_changed(project: Project) -> None:
    replay = project.replay(GOOD, {"n": "x"}, {})
    assert (replay.impact.compared, replay.impact.rejected, groups(replay)) == (3, 2, [])


CHANGES: dict[str, tuple[Any, dict[str, Any], list[Any], Found]] = {
    "a field that must be there": (
        with_field(name="unit", type="string"),
        {},
        [GOOD, GOOD],
        [(Turn.REJECTED, "pump", "missing-required", "/unit", 2)],
    ),
    "a field with a default": (
        with_field(name="unit", type="string", default="C"),
        {},
        [GOOD],
        [(Turn.CHANGED, "pump", "default-filled", "/unit", 1)],
    ),
    "a field that was unknown": (
        with_field(name="unit", type=["null", "string"], default=None),
        {},
        [{**GOOD, "unit": "C"}, {**GOOD, "other": 1}],
        [
            (Turn.ACCEPTED, "pump", "unknown-field", "/unit", 1),
        ],
    ),
    "another type": (
        {**READING, "fields": [{"name": "n", "type": "string"}, {"name": "temp", "type": "double"}]},
        {},
        [GOOD],
        [(Turn.CHANGED, "pump", "integer-to-string", "/n", 1)],
    ),
    "a conversion that is not made any more": (
        {**READING, "fields": [{"name": "n", "type": "long"}, {"name": "temp", "type": "string"}]},
        {},
        [{"n": 1, "temp": "21.5"}],
        [(Turn.CHANGED, "pump", "no string-to-number", "/temp", 1)],
    ),
    "a stricter mode": (
        None,
        {"mode": "strict"},
        [GOOD, {"n": 1, "temp": "21.5"}],
        [(Turn.REJECTED, "pump", "type-mismatch", "/temp", 1)],
    ),
    "an option": (
        None,
        {"overrides": {"/temp": {"decimal_separator": ","}}},
        [{"n": 1, "temp": "21,5"}, {"n": 1, "temp": "hot"}],
        [(Turn.ACCEPTED, "pump", "invalid-number", "/temp", 1)],
    ),
    "another reason": (
        {**READING, "fields": [{"name": "n", "type": "long"}, {"name": "temp", "type": "boolean"}]},
        {},
        [{"n": 1, "temp": "hot"}],
        [(Turn.REASON, "pump", "invalid-boolean", "/temp", 1)],
    ),
    "another key": (None, {"key": "{topic}"}, [GOOD], [(Turn.CHANGED, "pump", "key", "", 1)]),
    "another topic": (
        None,
        {"topic": "pumps", "subject": "pump-value"},
        [GOOD],
        [(Turn.CHANGED, "pump", "topic", "", 1)],
    ),
    "another filter": (None, {"mqtt": "pumps/{device}"}, [GOOD], [(Turn.REJECTED, "", "no-route", "", 1)]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_fares_differently(project: Project, change: tuple[Any, dict[str, Any], list[Any], Found]) -> None:
    schema, contract, payloads, wanted = change
    project.change(schema, **contract)
    assert groups(project.replay(*payloads)) == wanted


def test_a_value_that_no_conversion_explains(tmp_path: Path) -> None:
    """The smallest payload of all devices is the example."""
    files = ProjectFiles(tmp_path)
    schema = {"type": "object", "properties": {"s": {"type": "string"}}}
    folder = files.declare("pump", schema, fields={"/site": "a"})
    Repository(tmp_path).commit()
    (folder / "contract.yaml").write_text(
        json.dumps({"mqtt": "pump/{device}", "topic": "pump", "fields": {"/site": "b"}})
    )
    replay = prepare(files.contracts, AROUND, "HEAD", NOW)
    for n, size in enumerate((3, 1, 2)):
        replay.add(Line(b'{"s":"%s"}' % (b"x" * size), f"pump/p{n}"), NOW)
    [(sort, group)] = replay.impact.sorted()
    assert (sort.code, sort.path, group.count) == ("value", "/site", 3)
    assert (group.example, group.topic, list(group.devices)) == (b'{"s":"x"}', "pump/p1", ["p0", "p1", "p2"])


def test_items_of_lists_are_one_place(tmp_path: Path) -> None:
    files = ProjectFiles(tmp_path)
    folder = files.declare("pump", {"type": "object", "properties": {"r": {"items": {"type": "number"}}}})
    Repository(tmp_path).commit()
    (folder / "schema.json").write_text(json.dumps({"properties": {"r": {"items": {"type": "number", "maximum": 5}}}}))
    replay = prepare(files.contracts, AROUND, "HEAD", NOW)
    for value in (7, 8):
        replay.add(Line(b'{"r":[1,%d]}' % value, "pump/p"), NOW)
    assert groups(replay) == [(Turn.REJECTED, "pump", "constraint-violated", "/r/*", 2)]


def test_a_new_contract_takes_what_nobody_took(tmp_path: Path) -> None:
    files = ProjectFiles(tmp_path)
    Repository(tmp_path).commit({"README": ""})
    files.declare("pump")
    replay = prepare(files.contracts, AROUND, "HEAD", NOW)
    replay.add(Line(json.dumps(GOOD).encode(), "pump/p"), NOW)
    assert groups(replay) == [(Turn.ACCEPTED, "", "no-route", "", 1)]


def test_what_cannot_be_used(project: Project) -> None:
    with pytest.raises(ConfigError, match="no commit 'nowhere'"):
        project.replay(since="nowhere")
    project.change({"type": "record", "name": "R", "fields": [{"name": "n", "type": "none"}]})
    with pytest.raises(ConfigError, match=r"schema\.avsc"):
        project.replay()


def test_a_schema_that_no_folder_holds_is_left_out(project: Project) -> None:
    project.files.declare("gate", schema=None, subject="elsewhere-value")
    assert project.replay(GOOD).left_out == ("elsewhere-value",)


def test_messages_of_a_schema_that_is_not_known_on_one_side_are_not_judged(project: Project) -> None:
    """It was, or will be, registered by somebody else: that no folder has it says nothing about them."""
    (project.files.contracts / "pump/schema.avsc").unlink()
    replay = project.replay(GOOD, GOOD)
    assert (replay.left_out, replay.unjudged) == (("pump-value",), 2)
    assert (replay.impact.compared, groups(replay)) == (0, [])


def test_payloads_up_to_the_limit_of_gateway_yaml_are_judged(project: Project) -> None:
    """One above the default limit, where gateway.yaml allows more."""
    project.change({**READING, "fields": [{"name": "n", "type": "string"}, {"name": "temp", "type": "boolean"}]})
    around = Circumstances(DEFAULT_DEAD_LETTERS, Limits(payload_bytes=2_000_000))
    replay = prepare(project.files.contracts, around, "HEAD", NOW)
    replay.add(Line(json.dumps(GOOD).encode() + b" " * 1_500_000, "pump/p"), NOW)
    assert groups(replay) == [(Turn.REJECTED, "pump", "type-mismatch", "/temp", 1)]


def test_memory_is_bounded(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Devices may invent names and fields without end."""
    monkeypatch.setattr(impact, "MOST_GROUPS", 3)
    monkeypatch.setattr(impact, "MOST_DEVICES", 2)
    project.change(None, options={"unknown_fields": "drop"})
    replay = project.replay(*({**GOOD, f"f{n}": 1} for n in range(6)))
    found = groups(replay)
    assert sum(count for *_, count in found) == 6
    assert len(found) == 4
    assert found[0][3:] == ("other places", 3)
    assert max(len(group.devices) for _, group in replay.impact.sorted()) == 2


class Topics:
    """A Kafka of lists."""

    def __init__(self) -> None:
        self.records: dict[str, list[StoredRecord]] = {}

    def write(self, topic: str, value: bytes | None, at: int = NOW, key: bytes | None = b"p7", **headers: str) -> None:
        """Appends a record, with headers ``gw-...``."""
        listed = [(f"gw-{name}".replace("_", "-"), text.encode()) for name, text in headers.items()]
        self.records.setdefault(topic, []).append(StoredRecord(topic, 0, 0, at, key, value, [*listed]))

    async def read(
        self, topic: str, *, since_ms: int | None = None, follow: bool = False
    ) -> AsyncGenerator[StoredRecord, None]:
        """Obeys ``TopicReader.read``."""
        assert not follow
        for record in self.records.get(topic, []):
            if record.timestamp >= (since_ms or 0):
                yield record


def avro(value: Any, schema: Any = READING, schema_id: int = 9) -> bytes:
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(schema), value)
    return b"\0" + schema_id.to_bytes(4, "big") + body.getvalue()


async def versions(subject: str) -> Mapping[int, SchemaVersion]:
    return {9: SchemaVersion(subject, 1, 9, Format.AVRO, json.dumps(READING))} if subject == "pump-value" else {}


async def test_what_kafka_holds_is_replayed(project: Project) -> None:
    """Dead letters on their own topic, records as what became of them; since a moment, and only what is whole."""
    project.change({**READING, "fields": [{"name": "n", "type": "int"}, {"name": "temp", "type": "string"}]})
    replay, kafka = project.replay(), Topics()
    kafka.write("pump.dlq", b'{"n":1,"temp":"hot"}', mqtt_topic="pump/p1")
    kafka.write("pump.dlq", b'{"n":1,"te', mqtt_topic="pump/p1", payload_bytes="1000")
    kafka.write("pump.dlq", b"{}", at=NOW - 1, mqtt_topic="pump/p1")
    kafka.write("pump.dlq", b"not ours")
    kafka.write("pump", avro({"n": 1 << 40, "temp": 1.0}))
    kafka.write("pump", avro(GOOD))
    for unusable in (None, b"", b"\0\0\0\0\x08", b"\0\0\0\0\x09\x02"):
        kafka.write("pump", unusable)
    await replay_stored(replay, kafka, versions, ["pump.dlq", "gateway.dlq"], ["pump"], NOW)
    assert (replay.impact.compared, replay.unusable) == (3, 6)
    assert groups(replay) == [
        (Turn.REJECTED, "pump", "out-of-range", "/n", 1),
        (Turn.REJECTED, "pump", "type-mismatch", "/temp", 1),
        (Turn.ACCEPTED, "pump", "invalid-number", "/temp", 1),
    ]
    [device] = next(group for sort, group in replay.impact.sorted() if sort.code == "out-of-range").devices
    assert device == "p7"


async def test_records_are_where_they_were_written(project: Project) -> None:
    """Also where a topic or filter is to be another one: those of the committed contracts are read, too."""
    project.change(None, mqtt="pumps/{device}", topic="pumps", subject="pump-value")
    replay, kafka = project.replay(), Topics()
    assert (replay.topics, replay.dead_letters) == (["pump", "pumps"], ["pump.dlq", "pumps.dlq"])
    kafka.write("pump", avro(GOOD))
    await replay_stored(replay, kafka, versions, replay.dead_letters, replay.topics, NOW)
    assert groups(replay) == [(Turn.REJECTED, "", "no-route", "", 1)]


async def test_a_record_that_the_committed_contract_does_not_take_back_says_nothing(project: Project) -> None:
    """What the gateway filled in from a topic that nobody knows any more."""
    files = project.files
    files.declare(
        "gate",
        fields={"/site": "{site}"},
        mqtt="gate/{site}/{device}",
        schema={**READING, "fields": [*READING["fields"], {"name": "site", "type": "string"}]},
    )
    Repository(files.folder).commit()
    replay, kafka = project.replay(), Topics()
    schema = json.loads((files.contracts / "gate/schema.avsc").read_text())

    async def of_gate(subject: str) -> Mapping[int, SchemaVersion]:
        return {9: SchemaVersion(subject, 1, 9, Format.AVRO, json.dumps(schema))}

    kafka.write("gate", avro({**GOOD, "site": "berlin"}, schema))
    await replay_stored(replay, kafka, of_gate, [], ["gate"], NOW)
    assert (replay.impact.compared, replay.unusable) == (0, 1)
