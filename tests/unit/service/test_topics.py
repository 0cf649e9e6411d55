"""What is known of Kafka's topics, and what is not known."""

from __future__ import annotations

from structlog.testing import capture_logs

from gateway.kafka.topics import KafkaTopic
from gateway.service.topics import Topics
from tests.fakes.kafka import FakeTopics


async def test_what_kafka_said_of_a_topic() -> None:
    """There, missing, or unknown: only what was denied is missing."""
    inspector = FakeTopics(missing={"gone"}, described={"hidden": KafkaTopic("hidden")})
    topics = Topics(inspector)
    assert await topics.inspect(["here", "gone", "hidden"])
    assert [topics.missing(name) for name in ("here", "gone", "hidden", "never asked")] == [False, True, False, False]
    assert "'gone' does not exist" in topics.obstacle("gone")
    assert [topics.obstacle(name) for name in ("here", "hidden", "never asked")] == ["", "", ""]


async def test_a_topic_without_leader_is_an_obstacle_but_not_missing() -> None:
    """It will be there again without anybody creating it."""
    topics = Topics(FakeTopics(described={"t": KafkaTopic("t", exists=True, partitions=3, without_leader=1)}))
    await topics.inspect(["t"])
    assert not topics.missing("t")
    assert "no leader" in topics.obstacle("t")


async def test_kafka_does_not_answer() -> None:
    """What was known stays; why it failed is kept until it works, and logged once."""
    inspector = FakeTopics(missing={"gone"})
    topics = Topics(inspector)
    await topics.inspect(["gone"])
    inspector.down, inspector.missing = "timed out", set()
    with capture_logs() as logs:
        assert not await topics.inspect(["gone"])
        assert not await topics.inspect(["gone"])
    assert (topics.error, topics.missing("gone")) == ("timed out", True)
    assert [entry["event"] for entry in logs] == ["kafka_topics_unknown"]
    inspector.down = ""
    assert await topics.inspect(["gone"])
    assert (topics.error, topics.missing("gone")) == ("", False)


async def test_limits() -> None:
    """Sizes where they are known; no bounds on timestamps that the broker replaces by its own."""
    described = {
        "a": KafkaTopic("a", True, max_message_bytes=9, timestamp_before_max_ms=5, timestamp_after_max_ms=7),
        "b": KafkaTopic("b", True, timestamp_type="LogAppendTime", timestamp_before_max_ms=5, timestamp_after_max_ms=7),
        "c": KafkaTopic("c", True),
    }
    topics = Topics(FakeTopics(described=described))
    await topics.inspect(["a", "b", "c"])
    assert topics.sizes() == {"a": 9}
    assert [topics.timestamp_limits_ms(name) for name in ("a", "b", "c", "never asked")] == [
        (7, 5),
        (None, None),
        (None, None),
        (None, None),
    ]


async def test_what_a_topic_is_configured_to_is_not_forgotten() -> None:
    """A permission that goes, or an answer that fails once, changes no limit; what is told anew does."""
    known = KafkaTopic("t", True, 1, 0, 1, 9, "CreateTime", 5, 7, 1, "delete")
    inspector = FakeTopics(described={"t": known})
    topics = Topics(inspector)
    await topics.inspect(["t"])
    for unsaid in (KafkaTopic("t", True), KafkaTopic("t")):
        inspector.described["t"] = unsaid
        await topics.inspect(["t"])
        assert (topics.sizes(), topics.timestamp_limits_ms("t")) == ({"t": 9}, (7, 5))
    inspector.described["t"] = KafkaTopic("t", True, timestamp_type="LogAppendTime")
    await topics.inspect(["t"])
    assert (topics.sizes(), topics.timestamp_limits_ms("t")) == ({"t": 9}, (None, None))


async def test_a_topic_that_is_made_anew_is_another_one() -> None:
    """Whatever its predecessor took."""
    inspector = FakeTopics(described={"t": KafkaTopic("t", True, max_message_bytes=9, timestamp_before_max_ms=5)})
    topics = Topics(inspector)
    await topics.inspect(["t"])
    for described in (KafkaTopic("t", exists=False), KafkaTopic("t", exists=True)):
        inspector.described["t"] = described
        await topics.inspect(["t"])
    assert (topics.sizes(), topics.timestamp_limits_ms("t")) == ({}, (None, None))


async def test_what_changes_by_itself_is_not_remembered() -> None:
    """A leader that was missing is no obstacle any more when nobody says so."""
    inspector = FakeTopics(described={"t": KafkaTopic("t", True, partitions=3, without_leader=1)})
    topics = Topics(inspector)
    await topics.inspect(["t"])
    inspector.described["t"] = KafkaTopic("t")
    await topics.inspect(["t"])
    assert topics.obstacle("t") == ""
