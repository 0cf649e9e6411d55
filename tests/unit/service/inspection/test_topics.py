"""What Kafka's answers about topics mean for the contracts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.config.load import Project, load_project
from gateway.errors import ConfigError, ConfigProblem, SinkError
from gateway.kafka.topics import KafkaTopic
from gateway.plan.findings import Finding, Grade
from gateway.service.inspection import topics
from tests.parts.projects import ProjectFiles

FINE: dict[str, Any] = {"exists": True, "partitions": 3, "max_message_bytes": 1_048_588, "cleanup_policy": "delete"}


class Kafka:
    """Answers as it is told to."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.described: dict[str, dict[str, Any]] = {}
        """Topic -> what differs from a topic that is fine."""
        self.writable: dict[str, bool | None] | None = {}
        """Topic -> may we write; True for all others. None: it does not answer that."""
        self.fails: Exception | None = None
        self.describes = True

    async def missing_topics(self, _: Mapping[str, str], names: Iterable[str], *, file: str) -> list[str]:
        """As gateway.kafka.presence."""
        assert file == "gateway.yaml"
        if self.fails is not None:
            raise self.fails
        return [name for name in names if self.described.get(name, {}).get("exists") is False]

    def inspector(self, *_: object, **__: object) -> Kafka:
        """As ``TopicInspector``."""
        return self

    async def inspect(self, names: Iterable[str]) -> dict[str, KafkaTopic]:
        """As ``TopicInspector.inspect``."""
        if not self.describes:
            raise SinkError("not described")
        return {name: KafkaTopic(name, **{**FINE, **self.described.get(name, {})}) for name in names}

    async def may_write(self, *_: object, **__: object) -> dict[str, bool | None]:
        """As gateway.kafka.permissions."""
        if self.writable is None:
            raise SinkError("no answer")
        return {"pump": True, "pump.dlq": True, "gateway.dlq": True, **self.writable}

    async def findings(self) -> list[Finding]:
        """What is found."""
        return await topics.inspect_topics(self.project, "gateway.yaml")

    async def about(self, topic: str) -> list[tuple[Grade, str]]:
        """What is found about one topic."""
        return [(finding.grade, finding.message) for finding in await self.findings() if finding.about == topic]


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kafka:
    """For a project with one contract whose timestamps come from the payload."""
    files = ProjectFiles(tmp_path, kafka={"bootstrap.servers": "kafka-1:9092"})
    schema = {"type": "record", "name": "R", "fields": [{"name": "ts", "type": "long"}]}
    files.declare("pump", schema, timestamp={"field": "/ts", "unit": "ms", "ahead_s": 3600})
    answers = Kafka(load_project(files.config, {}))
    monkeypatch.setattr(topics, "missing_topics", answers.missing_topics)
    monkeypatch.setattr(topics, "TopicInspector", answers.inspector)
    monkeypatch.setattr(topics, "may_write", answers.may_write)
    return answers


async def test_all_fine(cluster: Kafka) -> None:
    """That Kafka answers, and of each topic what a person wants to know."""
    assert [(each.grade, each.about, each.message) for each in await cluster.findings()] == [
        (Grade.FINE, "kafka-1:9092", "answers"),
        (Grade.FINE, "pump", "3 partitions, batches of up to 1048588 bytes"),
        (Grade.FINE, "pump.dlq", "3 partitions, dead letters, batches of up to 1048588 bytes"),
        (Grade.FINE, "gateway.dlq", "3 partitions, dead letters, batches of up to 1048588 bytes"),
    ]


async def test_kafka_does_not_answer(cluster: Kafka) -> None:
    """One finding, with its address."""
    cluster.fails = SinkError("no answer")
    [found] = await cluster.findings()
    assert (found.grade, found.about, found.message) == (Grade.UNREACHABLE, "kafka-1:9092", "no answer")


async def test_a_property_that_the_client_refuses(cluster: Kafka) -> None:
    """It is the file that is wrong."""
    cluster.fails = ConfigError([ConfigProblem("gateway.yaml", "no such property", 3, key="kafka.x")])
    [found] = await cluster.findings()
    assert (found.grade, found.about, found.file, found.line) == (Grade.INVALID, "kafka.x", "gateway.yaml", 3)


async def test_a_topic_that_is_missing(cluster: Kafka) -> None:
    """A problem, and the contract that needs it; the others are judged all the same."""
    cluster.described["pump"] = {"exists": False, "partitions": None}
    found = {each.about: each for each in await cluster.findings()}
    assert (found["pump"].grade, found["pump"].contract) == (Grade.PROBLEM, "pump")
    assert "does not exist" in found["pump"].message
    assert found["pump.dlq"].grade is Grade.FINE


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({"without_leader": 2}, "2 partition(s) of Kafka topic 'pump' have no leader"),
        ({"fewest_in_sync": 1, "min_insync_replicas": 2}, "a partition with 1 in-sync replica(s), and min.insync"),
        (
            {"max_message_bytes": 100_000},
            "larger ones become dead letters; raise the topic's max.message.bytes to 1048588",
        ),
        ({"timestamp_after_max_ms": 299_999}, "set message.timestamp.after.max.ms to at least 300000"),
    ],
)
async def test_a_topic_that_would_refuse_records(cluster: Kafka, state: dict[str, Any], told: str) -> None:
    """What would happen, and which setting to change."""
    cluster.described["pump"] = state
    [(grade, message)] = await cluster.about("pump")
    assert grade is Grade.PROBLEM
    assert told in message


async def test_dead_letters_have_needs_of_their_own(cluster: Kafka) -> None:
    """They may have no key, so never a compacted topic, and are cut where the topic takes too little."""
    cluster.described["pump.dlq"] = {"cleanup_policy": "compact,delete", "max_message_bytes": 1000}
    messages = [message for grade, message in await cluster.about("pump.dlq") if grade is Grade.PROBLEM]
    assert len(messages) == 2
    assert "their dead letters would be cut" in messages[0]
    assert messages[1].startswith("is compacted")
    cluster.described["pump"] = {"cleanup_policy": "compact"}
    assert [grade for grade, _ in await cluster.about("pump")] == [Grade.FINE]


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({"timestamp_after_max_ms": 3_600_000}, "timestamps up to 3300 s ahead"),
        ({"timestamp_after_max_ms": 9_000_000_000}, "timestamps up to 3600 s ahead"),
        (
            {"timestamp_type": "LogAppendTime", "timestamp_after_max_ms": 1},
            "Kafka replaces the contract's timestamp by its own (LogAppendTime)",
        ),
    ],
)
async def test_what_becomes_of_timestamps(cluster: Kafka, state: dict[str, Any], told: str) -> None:
    """The contract's bounds, narrowed to the topic's with room for clocks that differ; or Kafka's own time."""
    cluster.described["pump"] = state
    [(grade, message)] = await cluster.about("pump")
    assert (grade, message) == (Grade.FINE, f"3 partitions, batches of up to 1048588 bytes, {told}")


async def test_what_we_may_not_do(cluster: Kafka) -> None:
    """No permission to write is a problem, not knowing it is not."""
    cluster.writable = {"pump": False, "pump.dlq": None}
    [(grade, message)] = await cluster.about("pump")
    assert (grade, message.partition(":")[0]) == (Grade.PROBLEM, "we may not write to it")
    assert await cluster.about("pump.dlq") == [
        (Grade.FINE, "3 partitions, dead letters, batches of up to 1048588 bytes"),
        (Grade.UNKNOWN, "Kafka does not say whether we may write to it"),
    ]


async def test_a_topic_that_is_hidden_from_us(cluster: Kafka) -> None:
    """Neither there nor missing."""
    cluster.described["pump"] = {"exists": None}
    assert await cluster.about("pump") == [
        (Grade.UNKNOWN, "Kafka does not show it to us: grant DESCRIBE on the topic to have it checked")
    ]


async def test_what_kafka_does_not_say(cluster: Kafka) -> None:
    """One finding for all that is unknown of a topic."""
    cluster.writable = None
    cluster.described["pump"] = {"max_message_bytes": None}
    assert await cluster.about("pump") == [
        (Grade.FINE, "3 partitions"),
        (Grade.UNKNOWN, "Kafka does not say whether we may write to it and its size limit"),
    ]


async def test_a_kafka_that_lists_and_does_not_describe(cluster: Kafka) -> None:
    """Said once; existence is known from the list."""
    cluster.describes = False
    cluster.described["pump"] = {"exists": False}
    found = await cluster.findings()
    assert [(each.grade, each.about) for each in found] == [
        (Grade.FINE, "kafka-1:9092"),
        (Grade.UNKNOWN, "kafka-1:9092"),
        (Grade.PROBLEM, "pump"),
        (Grade.FINE, "pump.dlq"),
        (Grade.FINE, "gateway.dlq"),
    ]
    assert found[3].message == "exists, dead letters"
