"""The producer's properties: what is guarded, and what comes out."""

from __future__ import annotations

import pytest

from gateway.config.kafka import GUARDS, producer_properties, redacted, refused


def test_the_guarantees_are_in_the_properties_without_anyone_writing_them() -> None:
    """An empty kafka section makes a producer that loses, reorders and misplaces nothing."""
    assert producer_properties({}) == {
        "bootstrap.servers": "localhost:9092",
        "client.id": "schema-gateway",
        "linger.ms": "2",
        "reconnect.backoff.max.ms": "3000",
        "enable.idempotence": "true",
        "enable.gapless.guarantee": "true",
        "acks": "all",
        "message.timeout.ms": "0",
        "partitioner": "murmur2_random",
        "allow.auto.create.topics": "false",
        "statistics.interval.ms": "1000",
    }


def test_what_the_user_writes_is_passed_on_under_one_name() -> None:
    """Other names of a property do not lead to the property being set twice."""
    properties = producer_properties(
        {"metadata.broker.list": "a:1", "queue.buffering.max.ms": "50", "sasl.username": "x"},
    )
    assert properties["bootstrap.servers"] == "a:1"
    assert properties["linger.ms"] == "50"
    assert properties["sasl.username"] == "x"
    assert not {"metadata.broker.list", "queue.buffering.max.ms"} & properties.keys()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("enable.idempotence", "true"),
        ("enable.idempotence", "True"),
        ("acks", "-1"),
        ("request.required.acks", "all"),
        ("delivery.timeout.ms", "0"),
        ("retries", "2147483647"),
        ("max.in.flight", "1"),
        ("max.in.flight.requests.per.connection", "5"),
        ("partitioner", "murmur2_random"),
        ("message.max.bytes", "131072"),
        ("linger.ms", "0"),
        ("compression.type", "zstd"),
        ("queue.buffering.max.messages", "10"),
        ("anything.else", "x"),
    ],
)
def test_a_guarded_property_may_be_written_with_the_value_it_needs(name: str, value: str) -> None:
    """And properties that no guarantee needs are free."""
    assert list(refused({name: value})) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max.in.flight", "0"),
        ("max.in.flight", "1_0"),
        ("max.in.flight", "five"),
        ("enable.gapless.guarantee", "False"),
        ("message.max.bytes", "1e6"),
        ("batch.size", "-1"),
        ("partitioner", "murmur2"),
        ("acks", ""),
        ("delivery.report.only.error", "1"),
        ("stats_cb", "x"),
        ("logger", "x"),
    ],
)
def test_a_guarded_property_with_any_other_value_is_refused(name: str, value: str) -> None:
    """The name is the one that was written."""
    assert [found.name for found in refused({name: value})] == [name]


def test_our_own_properties_pass_their_guards() -> None:
    """What we set is what we demand."""
    assert list(refused(producer_properties({}))) == []
    for name, guard in GUARDS.items():
        assert guard.ours is None or guard.allows(guard.ours), name


def test_secrets_are_redacted_by_the_names_of_properties() -> None:
    """Everything that librdkafka and Confluent's client take as a secret is replaced."""
    secrets = (
        "sasl.password",
        "ssl.key.password",
        "ssl.keystore.password",
        "ssl.key.pem",
        "sasl.oauthbearer.client.secret",
        "sasl.oauthbearer.config",
        "basic.auth.user.info",
        "bearer.auth.token",
        "bearer.auth.client.secret",
    )
    harmless = {"sasl.username": "a", "bootstrap.servers": "b", "ssl.key.location": "c"}
    shown = redacted({**dict.fromkeys(secrets, "hush"), **harmless})
    assert "hush" not in shown.values()
    assert {name: shown[name] for name in harmless} == harmless
