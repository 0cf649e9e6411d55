"""What is known of Kafka's state at this moment, from librdkafka's statistics and errors.

Both arrive inside ``Producer.poll``, perhaps with a fatal exception set: the callbacks only keep
what they are given, and it is read later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from confluent_kafka import KafkaError

from gateway.kafka.reasons import BROKER_DOWN, reason_of

_CONNECTING = "connecting: no Kafka broker has answered yet"
_GONE = f"{BROKER_DOWN.name}: no Kafka broker is connected any more; what to do: {BROKER_DOWN.advice}"


@dataclass(frozen=True, slots=True)
class SinkHealth:
    """Whether records can reach Kafka now, and if not, why."""

    ready: bool
    """At least one broker is connected, as far as the last news tell, and the sink accepts records."""
    brokers_up: int
    brokers: int
    """Brokers known, connected or not."""
    reason: str
    """Empty when ready; else for a person: what is wrong and what to do."""
    outstanding: int
    """Records handed over and not yet reported."""
    queued_bytes: int
    """Bytes of them that wait inside librdkafka, as of its last statistics, and in our backlog (rather too high)."""
    silent_s: float
    """Seconds without any confirmation while records were outstanding; 0 while none is."""


class _Broker(msgspec.Struct):
    state: str = ""
    source: str = ""


class _Statistics(msgspec.Struct):
    """The few fields of librdkafka's STATISTICS.md that are read here."""

    msg_size: int = 0
    brokers: Mapping[str, _Broker] = {}


class Observations:
    """What one producer's callbacks have told."""

    def __init__(self) -> None:
        self._statistics: str | None = None
        self._error: KafkaError | None = None
        self._has_confirmed = False
        self._confirmed_since = False
        """Whether a record was confirmed behind the last statistics, so that they do not tell what is now."""
        self._parsed = _Statistics()

    def hear_statistics(self, text: str) -> None:
        """Librdkafka's ``stats_cb``: JSON text."""
        self._statistics = text
        self._confirmed_since = False

    def hear_error(self, error: KafkaError) -> None:
        """Librdkafka's ``error_cb``: brokers down, authentication refused, ..."""
        self._error = error

    def hear_confirmation(self) -> None:
        """A record was confirmed: what was wrong before is over."""
        self._error = None
        self._has_confirmed = self._confirmed_since = True

    @property
    def brokers(self) -> tuple[int, int]:
        """Connected brokers and known brokers; logical ones (coordinators) are not counted."""
        real = [broker for broker in self._read().brokers.values() if broker.source in {"learned", "configured"}]
        return sum(broker.state == "UP" for broker in real), len(real)

    @property
    def queued_bytes(self) -> int:
        """Bytes of records inside librdkafka."""
        return self._read().msg_size

    @property
    def trouble(self) -> str:
        """Why no broker is connected, for a person; empty if one is, as far as the last news tell.

        A confirmation that is told behind the error takes it for over, and librdkafka does not repeat it. Then the
        next statistics say whether a broker is still connected: a producer's first ones come after a second.
        """
        if self.brokers[0]:
            return ""
        if self._error is not None:
            reason = reason_of(self._error)
            return f"{reason.name}: {self._error.str()}; what to do: {reason.advice}"
        if self._confirmed_since:
            return ""
        return _GONE if self._has_confirmed else _CONNECTING

    def _read(self) -> _Statistics:
        if self._statistics is not None:
            self._parsed = msgspec.json.decode(self._statistics, type=_Statistics)
            self._statistics = None
        return self._parsed
