"""The state at one moment: why messages do not flow, what is less than it should be, and each part's numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from gateway.config.contract import SchemaFile
from gateway.errors import RegistryUnavailable
from gateway.kafka.health import SinkHealth
from gateway.model import Format
from gateway.pipeline.overview import Overview
from gateway.pipeline.ports import SinkFailure
from gateway.registry.cache import CachedRegistry
from gateway.registry.snapshot import Snapshot
from gateway.service.overview import STALLED_S, Observer
from tests.fakes.virtual_time import in_virtual_time, pass_s
from tests.unit.registry.fakes import FakeReader
from tests.unit.service.house import House, contract

A = contract("a/{device}")
B = contract("b/{device}")


class Watched(House):
    """A house with an observer, over a cached registry of its own."""

    def observe(self) -> Observer:
        """Knows all parts."""
        self.reader = FakeReader()
        self.cache = CachedRegistry(self.reader, Snapshot(self.state, ("http://registry",)), self.clock, 60)
        return Observer(
            "1.2.3",
            self.clock.now_ms(),
            self.clock.monotonic(),
            self.clock,
            self.engine,
            self.schemas,
            self.connection,
            self.holds,
            self.kafka,
            self.cache,
        )


def codes(overview: Overview) -> tuple[list[str], list[str]]:
    """``(not ready, degraded)``."""
    return [reason.code for reason in overview.not_ready], [reason.code for reason in overview.degraded]


@in_virtual_time
async def test_all_is_well(tmp_path: Path) -> None:
    """Ready and not degraded; every number is where it belongs."""
    house = Watched(tmp_path, A)
    observer = house.observe()
    with house.run():
        await pass_s(0)
        house.broker.publish(b"1", b"22")
        await pass_s(10)
        overview = observer.overview()
    assert codes(overview) == ([], [])
    assert (overview.version, round(overview.uptime_s), overview.stats) == ("1.2.3", 10, house.stats)
    [state] = overview.contracts
    slot = house.slot("a")
    assert slot.route is not None
    assert state.label is slot.route.label
    assert (state.filter, state.active, state.reason, state.subscribed, state.format) == (
        "a/+",
        True,
        "",
        True,
        Format.JSON,
    )
    assert (overview.mqtt.connected, overview.mqtt.unacknowledged, overview.mqtt.unacknowledged_bytes) == (True, 2, 3)
    assert (overview.kafka.ready, overview.kafka.failures, overview.registry.reachable) == (True, (), None)


@in_virtual_time
async def test_not_connected_yet(tmp_path: Path) -> None:
    """Before the first connection it is not ready, whatever else is fine."""
    observer = Watched(tmp_path, A).observe()
    assert codes(observer.overview())[0] == ["starting"]


@in_virtual_time
async def test_kafka_is_away_while_connected(tmp_path: Path) -> None:
    """Not ready with the client's words; a reason that says more takes its place."""
    house = Watched(tmp_path, A)
    observer = house.observe()
    with house.run():
        await pass_s(0)
        house.kafka.state = SinkHealth(False, 0, 3, "broker_down: all brokers are down", 7, 900, 4.0)
        overview = observer.overview()
        assert [(reason.code, reason.detail) for reason in overview.not_ready] == [
            ("kafka_not_ready", "broker_down: all brokers are down")
        ]
        kafka = overview.kafka
        assert (kafka.brokers_up, kafka.brokers, kafka.outstanding, kafka.queued_bytes) == (0, 3, 7, 900)
        house.kafka.fail(SinkFailure("not_authorized", "grant WRITE on a", "a"))
        overview = observer.overview()
        assert [(reason.code, reason.detail) for reason in overview.not_ready] == [
            ("not_authorized", "grant WRITE on a")
        ]
        assert overview.kafka.failures == (("not_authorized", 1),)


@in_virtual_time
async def test_kafka_is_away_and_mqtt_is_not_well_either(tmp_path: Path) -> None:
    """What has been known for long must not hide what is new; what Kafka's topics say is not said twice."""
    house = Watched(tmp_path, A)
    house.broker.codes["a/+"] = 0x87
    observer = house.observe()
    with house.run():
        await pass_s(0)
        assert codes(observer.overview())[0] == ["subscription_refused"]
        house.kafka.state = SinkHealth(False, 0, 3, "broker_down: all brokers are down", 0, 0, 4.0)
        assert codes(observer.overview())[0] == ["subscription_refused", "kafka_not_ready"]
        house.topics.down = "Kafka does not answer"
        house.broker.link.end()
        await pass_s(5)
        assert codes(observer.overview())[0] == ["kafka_unreachable", "subscription_refused"]


@in_virtual_time
async def test_acknowledgements_that_do_not_come(tmp_path: Path) -> None:
    """Kafka seems well, and confirms nothing for a while: not ready, with the age."""
    house = Watched(tmp_path, A)
    observer = house.observe()
    with house.run():
        await pass_s(0)
        house.broker.publish(b"1")
        await pass_s(STALLED_S)
        assert codes(observer.overview())[0] == []
        await pass_s(1)
        [reason] = observer.overview().not_ready
        assert (reason.code, "waited 16 s" in reason.detail) == ("acknowledgements_stalled", True)
        house.kafka.confirm_all()
        assert codes(observer.overview())[0] == []


@in_virtual_time
async def test_an_inactive_contract_among_others(tmp_path: Path) -> None:
    """Ready, but degraded; the reason names the contract and its own reason."""
    house = Watched(tmp_path, A, B, contract("c/{device}"), inactive=["b"])
    house.topics.missing = {"c"}
    observer = house.observe()
    with house.run():
        await pass_s(0)
        overview = observer.overview()
    assert codes(overview) == ([], ["contract_inactive", "contract_inactive"])
    details = [reason.detail for reason in overview.degraded]
    assert details[0] == "b: its schema was not read yet"
    assert details[1].startswith("c: Kafka topic 'c' does not exist")
    assert [(state.active, state.subscribed) for state in overview.contracts] == [
        (True, True),
        (False, False),
        (False, False),
    ]
    assert overview.contracts[1].format is None
    assert overview.contracts[1].label.schema_id is None
    assert "'c' does not exist" in overview.contracts[2].reason


@in_virtual_time
async def test_a_deleted_topic(tmp_path: Path) -> None:
    """Degraded while nothing goes to it; with the first delivery for it not ready, until it is made again."""
    house = Watched(tmp_path, A, B)
    observer = house.observe()
    with house.run():
        await pass_s(5)
        house.topics.missing = {"a.dlq"}
        await house.holds.look_at_topics()
        overview = observer.overview()
        assert codes(overview) == ([], ["topic_missing"])
        assert "'a.dlq' does not exist any more" in overview.degraded[0].detail
        house.kafka.fail(SinkFailure("topic_missing", "Kafka topic 'a.dlq' is unknown", "a.dlq"))
        for _ in range(2):
            assert codes(observer.overview()) == (["topic_missing"], [])
            await pass_s(3)
        house.topics.missing = set()
        await pass_s(3)
        assert codes(observer.overview()) == ([], [])


@in_virtual_time
async def test_every_contract_is_inactive(tmp_path: Path) -> None:
    """Connected, because the session brings messages, and yet of no use: not ready."""
    house = Watched(tmp_path, A, inactive=["a"], held={"a/+": 1})
    observer = house.observe()
    with house.run():
        await pass_s(0)
        assert codes(observer.overview()) == (["no_active_contract"], ["contract_inactive"])


@in_virtual_time
async def test_a_part_of_the_only_contract_is_inactive(tmp_path: Path) -> None:
    """The session still has its filter, and messages of the other part flow: ready."""
    sites = contract("a/{site}/{device}", topic="a.{site}", where={"site": ("s1", "s2")})
    house = Watched(tmp_path, sites, held={"a/+/+": 1})
    house.schemas.slots[1].route = None
    house.schemas.slots[1].reason = "the registry does not know its subject"
    house.publish_routes()
    observer = house.observe()
    with house.run():
        await pass_s(0)
        assert codes(observer.overview()) == ([], ["contract_inactive"])


@in_virtual_time
async def test_a_version_that_is_held_back(tmp_path: Path) -> None:
    """Degraded, with version and objection; the contract's state names both too."""
    house = Watched(tmp_path, A)
    observer = house.observe()
    slot = house.slot("a")
    slot.pending, slot.pending_reason = 4, "it rejects an example"
    [reason] = observer.overview().degraded
    assert (reason.code, reason.detail) == ("schema_held_back", "a: version 4: it rejects an example")
    [state] = observer.overview().contracts
    assert (state.pending_version, state.pending_reason) == (4, "it rejects an example")


@in_virtual_time
async def test_the_registry(tmp_path: Path) -> None:
    """An outage and deleted subjects degrade; contracts that follow the latest show how old our knowledge is."""
    house = Watched(tmp_path, A, replace(B, version=1))
    observer = house.observe()
    for subject in ("a-value", "b-value"):
        house.reader.add(subject)
        await house.cache.latest(subject)
    await pass_s(90)
    ages = [state.registry_age_s for state in observer.overview().contracts]
    assert ages[0] is not None
    assert (round(ages[0]), ages[1]) == (90, None)
    assert codes(observer.overview())[1] == []
    house.reader.failure = RegistryUnavailable("http://registry does not answer")
    await house.cache.latest("a-value")
    overview = observer.overview()
    assert [(reason.code, reason.detail) for reason in overview.degraded] == [
        ("registry_unreachable", "subject 'a-value': http://registry does not answer")
    ]
    assert (overview.registry.reachable, overview.registry.failures) == (False, 1)
    house.reader.failure = None
    house.reader.entries.clear()
    await pass_s(90)
    await house.cache.latest("a-value")
    [reason] = observer.overview().degraded
    assert (reason.code, "a-value" in reason.detail) == ("subject_deleted", True)
    await house.cache.aclose()


@in_virtual_time
async def test_a_schema_that_the_registry_denies(tmp_path: Path) -> None:
    """No message is lost: what comes becomes dead letters on the same connection. Readiness says why."""
    house = Watched(tmp_path, A, B)
    observer = house.observe()
    with house.run():
        await pass_s(0)
        house.broker.publish(b"1")
        await house.schemas.refresh()
        assert codes(observer.overview()) == ([], [])
        house.registry.denied.add(7)
        await house.schemas.refresh()
        await pass_s(1)
        house.broker.publish(b"2")
        await pass_s(1)
        assert codes(observer.overview()) == (["no_active_contract"], ["contract_inactive"] * 2)
        house.kafka.confirm_all()
        await pass_s(1)
        assert house.broker.queue == []
    assert [(record.topic, record.value) for record in house.kafka.records] == [
        ("a", b"\0\0\0\0\x071"),
        ("a.dlq", b"2"),
    ]
    assert len(house.broker.links) == 1


@in_virtual_time
async def test_a_snapshot_that_cannot_be_used(tmp_path: Path) -> None:
    """Degraded: the next start could not do without the registry."""
    house = Watched(tmp_path, A)
    Snapshot(tmp_path, ("http://registry",)).path.write_text("{")
    observer = house.observe()
    problem = house.cache.health.snapshot_problem
    assert problem
    assert [(reason.code, reason.detail) for reason in observer.overview().degraded] == [("snapshot_unusable", problem)]


@in_virtual_time
async def test_a_schema_file_that_is_not_applied(tmp_path: Path) -> None:
    """Shown at its contract; no fault."""
    file = SchemaFile(tmp_path / "schema.json", Format.JSON, json.dumps({"type": "object"}))
    house = Watched(tmp_path, replace(A, schema=file, owner="plant-data", description="pumps"))
    observer = house.observe()
    [state] = observer.overview().contracts
    assert state.unapplied == "schema.json is not what the registry holds as version 1"
    assert (state.owner, state.description) == ("plant-data", "pumps")


@in_virtual_time
async def test_failures_are_counted_by_reason(tmp_path: Path) -> None:
    """Sorted, for a stable page."""
    house = Watched(tmp_path, A)
    observer = house.observe()
    for reason in ("topic_missing", "fatal", "topic_missing"):
        house.holds.fail(SinkFailure(reason, ""))
    assert observer.overview().kafka.failures == (("fatal", 1), ("topic_missing", 2))
