"""Observations: what librdkafka's callbacks told."""

from confluent_kafka import KafkaError

from gateway.kafka.health import Observations

STATISTICS = """{"name": "x", "msg_cnt": 3, "msg_size": 700, "brokers": {
  "a:9092/1": {"name": "a:9092/1", "state": "UP", "source": "learned", "nodeid": 1},
  "b:9092/2": {"name": "b:9092/2", "state": "CONNECT", "source": "learned", "nodeid": 2},
  "c:9092/bootstrap": {"name": "c:9092/bootstrap", "state": "UP", "source": "configured", "nodeid": -1},
  "TxnCoordinator": {"name": "TxnCoordinator", "state": "UP", "source": "logical", "nodeid": -1}}}"""


def test_brokers_are_counted():
    """Connected and known ones; logical brokers are none. Before the first statistics there are none."""
    observed = Observations()
    assert (observed.brokers, observed.queued_bytes) == ((0, 0), 0)
    observed.hear_statistics(STATISTICS)
    assert (observed.brokers, observed.queued_bytes) == ((2, 3), 700)


def test_an_error_stays_until_a_confirmation():
    """It says what is wrong and what to do; behind a confirmed record it is that no broker is connected any more."""
    observed = Observations()
    assert observed.trouble == ""
    observed.hear_error(KafkaError(KafkaError._AUTHENTICATION, "bad password"))
    assert observed.trouble.startswith("not_authenticated: bad password; what to do: check the sasl.*")
    observed.hear_confirmation()
    assert observed.trouble.startswith("broker_down: no Kafka broker is connected any more; what to do: ")
