"""TopicInspector against a real Kafka."""

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # the package does not list what it exports
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from gateway.kafka.topics import KafkaTopic, TopicInspector
from tests.parts.kafka import KafkaBroker

pytestmark = pytest.mark.kafka


async def test_a_topic_is_described(kafka: KafkaBroker):
    """Partitions and the limits that the gateway keeps to are the topic's own, or Kafka's defaults."""
    own = kafka.new_topic(
        partitions=3,
        max_message_bytes="5000",
        message_timestamp_type="LogAppendTime",
        message_timestamp_after_max_ms="1000",
        message_timestamp_before_max_ms="2000",
        cleanup_policy="compact",
    )
    default = kafka.new_topic()
    found = await TopicInspector({"bootstrap.servers": kafka.bootstrap, "acks": "all"}).inspect([own, default, own])
    assert found == {
        own: KafkaTopic(own, True, 3, 0, 1, 5000, "LogAppendTime", 2000, 1000, 1, "compact"),
        default: KafkaTopic(default, True, 1, 0, 1, 1_048_588, "CreateTime", 2**63 - 1, 3_600_000, 1, "delete"),
    }
    assert [topic.obstacle for topic in found.values()] == ["", ""]


async def test_a_missing_topic_does_not_exist(kafka: KafkaBroker):
    """A topic that Kafka does not know is absent, with advice, and asking does not create it."""
    inspector = TopicInspector({"bootstrap.servers": kafka.bootstrap})
    for _ in range(2):
        found = (await inspector.inspect(["no.such.topic"]))["no.such.topic"]
        assert found == KafkaTopic("no.such.topic", exists=False)
    assert "'no.such.topic' does not exist" in found.obstacle
    assert await inspector.inspect([]) == {}


@pytest.mark.parametrize(
    ("granted", "known"),
    [(AclOperation.DESCRIBE, (True, 1, None)), (AclOperation.DESCRIBE_CONFIGS, (None, None, 1_048_588))],
)
async def test_what_may_not_be_seen_is_unknown(
    kafka: KafkaBroker, granted: AclOperation, known: tuple[bool | None, int | None, int | None]
):
    """With only one permission the fields that another would give are unknown; nothing fails."""
    topic = kafka.new_topic()
    who = (ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, "User:ANONYMOUS", "*", granted)
    allow = AclBinding(*who, AclPermissionType.ALLOW)  # and with it nothing else any more
    kafka.admin.create_acls([allow])[allow].result(10)
    found = (await TopicInspector({"bootstrap.servers": kafka.bootstrap}).inspect([topic]))[topic]
    assert (found.exists, found.partitions, found.max_message_bytes) == known
    assert found.obstacle == ""
