"""Properties: ours, the user's, and those that cannot be changed."""

import pytest
from confluent_kafka import KafkaException, Producer

from gateway.config.kafka import GUARDS
from gateway.errors import ConfigError
from gateway.kafka.properties import client_properties, producer_properties, refused_property

OTHERWISE = " (properties are librdkafka's, see its CONFIGURATION.md)"


def test_the_guarantees_are_in_place():
    """Whatever is given, the producer is idempotent, gapless, patient, and hashes keys as Java does."""
    assert (
        producer_properties({"bootstrap.servers": "k:9092"}).items()
        >= {
            "bootstrap.servers": "k:9092",
            "enable.idempotence": "true",
            "enable.gapless.guarantee": "true",
            "message.timeout.ms": "0",
            "partitioner": "murmur2_random",
            "allow.auto.create.topics": "false",
            "linger.ms": "2",
        }.items()
    )


def test_every_problem_is_listed():
    """Not only the first."""
    with pytest.raises(ConfigError) as refusal:
        producer_properties({"acks": "1", "retries": "1", "linger.ms": "2"})
    assert [problem.key for problem in refusal.value.problems] == ["kafka.acks", "kafka.retries"]


@pytest.mark.parametrize("name", [name for name, guard in GUARDS.items() if guard.ours is not None])
def test_librdkafka_takes_what_the_guarantees_need(name: str):
    """It accepts every value that we set, together with the others."""
    guard = GUARDS[name]
    assert guard.ours is not None
    Producer({**producer_properties({name: guard.ours}), "log_level": 0}).close()


def test_other_clients_get_no_producer_properties():
    """They would warn about each; security and connection properties they need."""
    given = {"bootstrap.servers": "k:9092", "acks": "all", "linger.ms": "2", "sasl.username": "u"}
    given["statistics.interval.ms"] = "1000"  # nobody would read them, and they would be kept
    assert client_properties(given) == {"bootstrap.servers": "k:9092", "sasl.username": "u"}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("linger.mss", "linger.ms"),
        ("lingr.ms", "linger.ms"),
        ("linegr.ms", "linger.ms"),
        ("ssl.ca.locatiom", "ssl.ca.location"),
        ("Security.Protocol", "security.protocol"),
        ("bootstrap_servers", "bootstrap.servers"),
        ("linger.milliseconds", None),
        ("error_c", None),  # no property: a Python object of confluent-kafka's
    ],
)
def test_an_unknown_property_is_told_with_the_one_that_is_meant(written: str, meant: str | None):
    """What librdkafka has one letter from it; where that is nothing, where to look."""
    with pytest.raises(KafkaException) as refusal:
        Producer({written: "1"})
    [problem] = refused_property(refusal.value, {written: "1"}).problems
    assert (problem.file, problem.key) == ("gateway.yaml", f"kafka.{written}")
    said, _, advice = problem.message.partition(f'"{written}"')
    assert said == "No such configuration property: "
    assert advice == (f": did you mean {meant}?" if meant else OTHERWISE)


def test_a_refusal_shows_no_secret():
    """The errors that librdkafka words repeat values: those of secret properties are masked."""
    given = {"sasl.password": "hunter2", "compression.type": "hunter2"}
    with pytest.raises(KafkaException) as refusal:
        Producer(given)
    shown = str(refused_property(refusal.value, given, "g.yaml"))
    assert shown.startswith("g.yaml: kafka.compression.type: Invalid value")
    assert "***" in shown
    assert "hunter" not in shown


def test_other_clients_find_kafka_where_the_producer_does():
    """Without a word in gateway.yaml, and under librdkafka's other name for the address."""
    assert client_properties({})["bootstrap.servers"] == producer_properties({})["bootstrap.servers"]
    given = {"metadata.broker.list": "k:1"}
    assert client_properties(given)["bootstrap.servers"] == producer_properties(given)["bootstrap.servers"] == "k:1"
