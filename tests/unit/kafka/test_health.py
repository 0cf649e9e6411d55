"""Observations: what librdkafka's callbacks told."""

import pytest
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


NONE_UP = STATISTICS.replace("UP", "CONNECT")


def test_a_connected_broker_is_no_trouble():
    """As the statistics say, or a confirmed record behind them; before either nobody has answered yet."""
    observed = Observations()
    assert observed.trouble == "connecting: no Kafka broker has answered yet"
    observed.hear_statistics(NONE_UP)
    assert observed.trouble == "connecting: no Kafka broker has answered yet"
    observed.hear_statistics(STATISTICS)
    assert observed.trouble == ""


@pytest.mark.parametrize("before", [None, NONE_UP])
def test_a_confirmation_tells_more_than_the_statistics_before_it(before: str | None):
    """A producer's first ones come after a second: who has confirmed a record is connected. The next ones decide."""
    observed = Observations()
    if before is not None:
        observed.hear_statistics(before)
    observed.hear_confirmation()
    assert observed.trouble == ""
    observed.hear_statistics(NONE_UP)
    assert observed.trouble.startswith("broker_down: no Kafka broker is connected any more; what to do: ")
    observed.hear_confirmation()
    assert observed.trouble == ""


def test_an_error_stays_until_a_confirmation():
    """It says what is wrong and what to do; behind a confirmed record it is that no broker is connected any more."""
    observed = Observations()
    observed.hear_error(KafkaError(KafkaError._AUTHENTICATION, "bad password"))
    assert observed.trouble.startswith("not_authenticated: bad password; what to do: check the sasl.*")
    observed.hear_confirmation()
    observed.hear_statistics(NONE_UP)
    assert observed.trouble.startswith("broker_down: no Kafka broker is connected any more; what to do: ")
