"""Which published payload each typed record came from, told from Kafka's own content.

A typed record does not carry the payload that it was made from. But each message of a device becomes one record
or one dead letter, both keep the device's order, and a dead letter's value is the payload: as soon as a device has
as many records and dead letters as it published payloads, what is left after taking out the dead letters' payloads
are those of the records, in order.

Must not know: what the fleet had in mind, or how the gateway decides.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from gateway.kafka.reader import StoredRecord

MOST_OPEN = 1000
"""Payloads of one device that wait to be told apart; with more the device is given up."""


@dataclass(slots=True)
class _Open:
    """What one device published and what came of it, since both were last equal in number."""

    payloads: list[bytes] = field(default_factory=list)
    records: list[StoredRecord] = field(default_factory=list)
    rejected: Counter[bytes] = field(default_factory=Counter)

    @property
    def missing(self) -> int:
        """Payloads of which nothing was seen yet; below 0 somebody else publishes as this device."""
        return len(self.payloads) - len(self.records) - self.rejected.total()


class Origins:
    """Told of every publication before Kafka has it, and of everything read from Kafka, answers with pairs."""

    def __init__(self) -> None:
        self._open: dict[str, _Open | None] = {}
        """By device; None where it can no longer be told."""
        self._devices: dict[str, str] = {}
        """Devices by their MQTT topic, for dead letters without a device ID."""
        self._fleet: set[str] = set()

    def publishes(self, device: str, topic: str, payload: bytes) -> None:
        """Notes that a device of the fleet publishes now."""
        self._fleet.add(device)
        self._note(device, topic, payload)

    def visits(self, device: str, topic: str, payload: bytes) -> None:
        """Notes that somebody else published as a device that is not of the fleet."""
        self._note(device, topic, payload)

    def is_of_fleet(self, device: str) -> bool:
        """Whether the fleet has such a device."""
        return device in self._fleet

    def is_fleet_topic(self, topic: str) -> bool:
        """Whether a device of the fleet publishes on this MQTT topic."""
        return self._devices.get(topic) in self._fleet

    def tells(self, device: str) -> bool:
        """Whether the payloads of this device's records can be told, now or later."""
        return self._open.get(device) is not None

    def _note(self, device: str, topic: str, payload: bytes) -> None:
        self._devices[topic] = device
        known = self._open.setdefault(device, _Open())
        if known is None:
            return
        known.payloads.append(payload)
        if len(known.payloads) > MOST_OPEN:
            self._open[device] = None

    def accepted(self, device: str, record: StoredRecord) -> list[tuple[StoredRecord, bytes]]:
        """Takes a typed record; returns each record whose payload is known now, in order."""
        known = self._open.get(device)
        if known is not None:
            known.records.append(record)
        return self._settle(device)

    def rejected(self, topic: str, payload: bytes) -> list[tuple[StoredRecord, bytes]]:
        """Takes a dead letter of what was published on ``topic``; returns as ``accepted`` does."""
        device = self._devices.get(topic, "")
        known = self._open.get(device)
        if known is not None:
            known.rejected[payload] += 1
        return self._settle(device)

    def _settle(self, device: str) -> list[tuple[StoredRecord, bytes]]:
        known = self._open.get(device)
        if known is None or known.missing > 0:
            return []
        accepted: list[bytes] = []
        for payload in known.payloads:
            if known.rejected[payload]:
                known.rejected[payload] -= 1
            else:
                accepted.append(payload)
        if known.missing < 0 or len(accepted) != len(known.records):
            self._open[device] = None
            return []
        self._open[device] = _Open()
        return list(zip(known.records, accepted, strict=True))
