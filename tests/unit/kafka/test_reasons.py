"""Librdkafka's errors in stable words."""

import pytest
from confluent_kafka import KafkaError

from gateway.kafka import reasons
from gateway.kafka.reasons import Refused, failure_of, reason_of


def test_every_name_is_an_error_of_librdkafka():
    """A misspelt name in the table would never be met."""
    assert [name for name in reasons._REASONS if not isinstance(getattr(KafkaError, name, None), int)] == []


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (KafkaError(KafkaError._UNKNOWN_TOPIC), "topic_missing"),
        (KafkaError(KafkaError._PURGE_INFLIGHT), "outcome_unknown"),
        (KafkaError(KafkaError._MSG_TIMED_OUT), "outcome_unknown"),
        (KafkaError(KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, "gap", fatal=True), "fatal"),
        (KafkaError(KafkaError.CLUSTER_AUTHORIZATION_FAILED, "no", fatal=True), "not_authorized"),
        (KafkaError(KafkaError.UNKNOWN), "produce_failed"),
    ],
)
def test_an_error_has_its_reason(error: KafkaError, name: str):
    """Also a fatal one: the cause, where librdkafka names it."""
    assert reason_of(error).name == name


def test_the_cause_is_reported_not_its_consequences():
    """Of all errors of a producer's end the first that explains the others, with its topic; fatal if one was."""
    failure = failure_of(
        [
            Refused(KafkaError(KafkaError._PURGE_QUEUE), "a"),
            Refused(KafkaError(KafkaError._GAPLESS_GUARANTEE, "stopped", fatal=True), None),
            Refused(KafkaError(KafkaError.INVALID_TIMESTAMP), "b"),
            Refused(KafkaError(KafkaError.INVALID_RECORD), "c"),
        ]
    )
    assert (failure.reason, failure.topic, failure.fatal) == ("timestamp_refused", "b", True)
    assert failure.detail.startswith("Kafka topic 'b': ")
    assert "clock" in failure.detail


def test_without_a_cause_the_fatal_error_is_reported():
    """It says more than that the outcome is unknown."""
    errors = [
        Refused(KafkaError(KafkaError._PURGE_QUEUE), "a"),
        Refused(KafkaError(KafkaError._FATAL, "it ended", fatal=True), None),
    ]
    failure = failure_of(errors)
    assert (failure.reason, failure.topic) == ("fatal", None)
    assert "it ended" in failure.detail
    assert failure_of(errors[:1]).reason == "outcome_unknown"
