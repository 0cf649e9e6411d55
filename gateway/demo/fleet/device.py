"""One device: its model, its controller that restarts, and its network that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from gateway.demo.fleet.draft import Draft
from gateway.demo.fleet.firmware import Firmware
from gateway.demo.fleet.publication import Intent

BOOT_S = (3, 40)
"""How long a controller runs before its first message."""
MESSAGES_BETWEEN_RESTARTS = (25, 75)
"""Between which bounds a controller runs; after each restart it may have another firmware."""
OUTAGE_CHANCE = 0.006
"""Of each message, that the network is gone from then on."""
MESSAGES_IN_OUTAGE = (4, 12)
"""How many messages a device holds back until the network returns."""


class Model(Protocol):
    """The physical side of a device."""

    topic: str
    """MQTT topic that it publishes to."""

    def read(self, now_ms: int, elapsed_s: float) -> dict[str, Any]:
        """The payload that the contract asks for, ``elapsed_s`` after the last one. ``now_ms``: since 1970 UTC."""


@dataclass(frozen=True, slots=True)
class DeviceType:
    """A kind of device: what a contract is for."""

    contract: str
    """Folder of the contract below ``schemas/``."""
    name: Callable[[int], str]
    """The device ID of the n-th device, n from 1."""
    make: Callable[[str, int, Random], Model]
    """The model of a device, from its ID, its number and its own dice."""
    firmwares: tuple[Firmware, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One message that a device has written."""

    payload: bytes
    intended: Intent
    firmware: str


class Device:
    """A device that lives on from message to message."""

    def __init__(self, kind: DeviceType, number: int, dice: Random, versions: Iterator[Firmware], now_ms: int) -> None:
        self.kind = kind
        self.name = kind.name(number)
        self._dice = dice
        self._versions = versions
        self._model = kind.make(self.name, number, dice)
        self._read_at = now_ms
        self._held: list[Sample] = []
        self._offline_for = 0
        self._restart(now_ms)

    @property
    def topic(self) -> str:
        """MQTT topic that the device publishes to."""
        return self._model.topic

    def wake(self, now_ms: int) -> list[Sample]:
        """Measures once; returns what leaves the device: one message, none in an outage, all held ones after it."""
        if self._sent == self._runs_for:
            self._restart(now_ms)
        self._held.append(self._measure(now_ms))
        if not self._offline_for and self._dice.random() < OUTAGE_CHANCE:
            self._offline_for = self._dice.randint(*MESSAGES_IN_OUTAGE)
        if self._offline_for:
            self._offline_for -= 1
            return []
        leaving, self._held = self._held, []
        return leaving

    def _measure(self, now_ms: int) -> Sample:
        payload = self._model.read(now_ms, (now_ms - self._read_at) / 1000)
        if "firmware" in payload:
            payload["firmware"] = self._firmware.version
        draft = Draft(payload, self._dice, uptime_s=(now_ms - self._started_at) / 1000)
        data, intended = self._firmware.write(draft, self._sent)
        self._read_at = now_ms
        self._sent += 1
        return Sample(data, intended, self._firmware.version)

    def _restart(self, now_ms: int) -> None:
        self._started_at = now_ms - 1000 * self._dice.randint(*BOOT_S)
        self._firmware = next(self._versions)
        self._runs_for = self._dice.randint(*MESSAGES_BETWEEN_RESTARTS)
        self._sent = 0
