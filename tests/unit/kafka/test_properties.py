"""Properties: ours, the user's, and those that cannot be changed."""

import pytest
from confluent_kafka import KafkaException, Producer

from gateway.errors import ConfigError
from gateway.kafka.properties import PINNED, client_properties, producer_properties, refused_property


def test_the_guarantees_are_in_place():
    """Whatever is given, the producer is idempotent, gapless, patient, and hashes keys as Java does."""
    assert (
        producer_properties({"bootstrap.servers": "k:9092"}).items()
        >= {
            "bootstrap.servers": "k:9092",
            "enable.idempotence": "true",
            "enable.gapless.guarantee": "true",
            "delivery.timeout.ms": "0",
            "partitioner": "murmur2_random",
            "allow.auto.create.topics": "false",
            "linger.ms": "5",
        }.items()
    )


def test_tuning_and_security_pass():
    """What no guarantee rests on is the user's, also where we have a default."""
    given = {"linger.ms": "50", "compression.type": "zstd", "sasl.password": "s", "partitioner": "consistent_random"}
    assert producer_properties(given).items() >= given.items()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("enable.idempotence", "false"),
        ("enable.gapless.guarantee", "False"),
        ("acks", "1"),
        ("request.required.acks", "0"),
        ("delivery.timeout.ms", "120000"),
        ("message.timeout.ms", "1"),
        ("retries", "5"),
        ("max.in.flight", "6"),
        ("max.in.flight.requests.per.connection", "100"),
        ("queuing.strategy", "lifo"),
        ("partitioner", "random"),
        ("allow.auto.create.topics", "true"),
        ("delivery.report.only.error", "true"),
        ("transactional.id", "x"),
        ("plugin.library.paths", "evil.so"),
        ("error_cb", "x"),
        ("statistics.interval.ms", "0"),
        ("message.max.bytes", "1e6"),
        ("batch.size", "-1"),
    ],
)
def test_a_weakened_guarantee_is_an_error(name: str, value: str):
    """It names the file and the key, and says more than that it is wrong."""
    with pytest.raises(ConfigError) as refusal:
        producer_properties({name: value}, "g.yaml")
    [problem] = refusal.value.problems
    assert (problem.file, problem.key) == ("g.yaml", f"kafka.{name}")
    assert len(problem.message) > 40


def test_every_problem_is_listed():
    """Not only the first."""
    with pytest.raises(ConfigError) as refusal:
        producer_properties({"acks": "1", "retries": "1", "linger.ms": "5"})
    assert [problem.key for problem in refusal.value.problems] == ["kafka.acks", "kafka.retries"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("enable.idempotence", "True"),
        ("acks", "-1"),
        ("acks", "all"),
        ("delivery.timeout.ms", "0"),
        ("max.in.flight", "1"),
    ],
)
def test_what_is_so_anyway_may_be_written(name: str, value: str):
    """A property that says what is pinned is no error."""
    assert producer_properties({name: value})


async def test_librdkafka_takes_what_is_pinned():
    """It accepts every value that the messages advise."""
    for name, pin in PINNED.items():
        for value in pin.accepted:
            Producer({**producer_properties({name: value}), "log_level": 0}).close()


def test_other_clients_get_no_producer_properties():
    """They would warn about each; security and connection properties they need."""
    given = {"bootstrap.servers": "k:9092", "acks": "all", "linger.ms": "5", "sasl.username": "u"}
    assert client_properties(given) == {"bootstrap.servers": "k:9092", "sasl.username": "u"}


def test_a_refusal_shows_no_secret():
    """The errors that librdkafka words repeat values: those of secret properties are masked."""
    given = {"sasl.password": "hunter2", "compression.type": "hunter2"}
    with pytest.raises(KafkaException) as refusal:
        Producer(given)
    shown = str(refused_property(refusal.value, given, "g.yaml"))
    assert shown.startswith("g.yaml: kafka.compression.type: Invalid value")
    assert "***" in shown
    assert "hunter" not in shown
