"""Refrigerated containers on the road: contract ``logistics/cold-chain``."""

from __future__ import annotations

from random import Random
from typing import Any
from uuid import UUID

from gateway.demo.fleet import quirks
from gateway.demo.fleet.device import DeviceType
from gateway.demo.fleet.firmware import Fault, Firmware
from gateway.demo.fleet.physics import Drift, approach, daily, happens

CARRIERS = ("nordfrost", "alpenkuehl", "medtrans")
SETPOINTS = (-18.5, 5.0, -25.0)
HYSTERESIS = 1.2
"""In °C: how far the air may be from the setpoint before the compressor switches."""

FIRMWARES = (
    Firmware("7.3", share=16),
    # probes with the decimal comma of their home country
    Firmware("6.1", share=1, habits=(quirks.as_comma_text("/readings/*/temp"),)),
    # a tracker that writes times and booleans as text
    Firmware(
        "5.0",
        share=1,
        habits=(
            quirks.as_iso_time("/recordedAt", "/readings/*/takenAt"),
            quirks.as_word("/compressor", "true", "false"),
        ),
    ),
    # probes with raw converter values, and a modem that gives up
    Firmware(
        "4.4",
        share=2,
        faults=(
            Fault(0.12, quirks.plus(0.0041, "/readings/0/temp")),
            Fault(0.12, quirks.as_seconds("/readings/*/takenAt")),
            Fault(0.08, quirks.in_lower_case("/door")),
            Fault(0.08, quirks.always(None, "/position/lat")),
            Fault(0.06, quirks.missing("/container")),
            Fault(0.06, quirks.cut_off()),
        ),
    ),
)


class Container:
    """A container with a cooling unit, doors that people open, and a receiver that loses its satellites."""

    def __init__(self, name: str, number: int, dice: Random) -> None:
        self.topic = f"logistics/{CARRIERS[number % len(CARRIERS)]}/truck-{number:02}/cold-chain"
        self._name = name
        self._dice = dice
        self._shipment = str(UUID(int=dice.getrandbits(128), version=4))
        self._setpoint = SETPOINTS[number % len(SETPOINTS)]
        self._air = self._setpoint + dice.uniform(-1, 1)
        self._cargo = self._setpoint
        self._compressor = False
        self._door_open = False
        self._covered = False
        self._lat, self._lon = dice.uniform(47.5, 54), dice.uniform(7, 13)
        self._heading = Drift(dice, dice.uniform(-1, 1), 0.3, 600)
        self._humidity = Drift(dice, 70, 4, 300)
        self._battery = dice.uniform(3.4, 3.7)
        self._seal = f"{dice.getrandbits(32):08x}" if number % 2 else None

    def read(self, now_ms: int, elapsed_s: float) -> dict[str, Any]:
        """Obeys ``Model.read``."""
        self._cool(now_ms, elapsed_s)
        self._drive(elapsed_s)
        halfway_ms = now_ms - int(elapsed_s * 500)
        return {
            "container": self._name,
            "shipment": self._shipment,
            "recordedAt": now_ms,
            "position": self._position(),
            "door": "OPEN" if self._door_open else "CLOSED",
            "compressor": self._compressor,
            "setpoint": self._setpoint,
            "readings": [
                {
                    "probe": "supply",
                    "takenAt": halfway_ms,
                    "temp": round(self._air, 2),
                    "humidity": round(self._humidity.step(elapsed_s), 1),
                },
                {"probe": "cargo-1", "takenAt": now_ms, "temp": round(self._cargo, 2), "humidity": None},
            ],
            "battery": round(self._battery, 2),
            "seal": None if self._door_open else self._seal,
        }

    def _cool(self, now_ms: int, elapsed_s: float) -> None:
        """A door that opens lets warm air in; the compressor works against it, the cargo follows slowly."""
        if happens(self._dice, 120 if self._door_open else 1800, elapsed_s):
            self._door_open = not self._door_open
        if self._air > self._setpoint + HYSTERESIS:
            self._compressor = True
        elif self._air < self._setpoint - HYSTERESIS:
            self._compressor = False
        outside = daily(now_ms, 17, 6, peak_hour=13)
        if self._door_open:
            self._air = approach(self._air, outside, elapsed_s, 900)
        elif self._compressor:
            self._air = approach(self._air, self._setpoint - 12, elapsed_s, 1200)
        else:
            self._air = approach(self._air, outside, elapsed_s, 14_400)
        self._cargo = approach(self._cargo, self._air, elapsed_s, 10_800)

    def _drive(self, elapsed_s: float) -> None:
        if happens(self._dice, 90 if self._covered else 900, elapsed_s):
            self._covered = not self._covered
        heading = self._heading.step(elapsed_s)
        self._lat += heading * 1e-4 * elapsed_s
        self._lon += (1 - abs(heading)) * 1e-4 * elapsed_s
        if not (47.5 < self._lat < 54 and 7 < self._lon < 13):  # the tour is over: the next one starts somewhere else
            self._lat, self._lon = self._dice.uniform(47.5, 54), self._dice.uniform(7, 13)

    def _position(self) -> dict[str, Any] | None:
        if self._covered:
            return None
        return {
            "lat": round(self._lat, 5),
            "lon": round(self._lon, 5),
            "accuracy": round(self._dice.uniform(2, 12), 1),
        }


def container_number(number: int) -> str:
    """The number of the fleet's n-th container by ISO 6346, check digit included."""
    code = f"SGWU{638_000 + number:06}"
    return f"{code}{check_digit(code)}"


def check_digit(code: str) -> int:
    """The check digit of four letters and six digits [ISO 6346, annex A]."""
    letters = [value for value in range(10, 39) if value % 11]  # of A to Z
    worth = [letters[ord(sign) - ord("A")] if sign.isalpha() else int(sign) for sign in code]
    return sum(value << place for place, value in enumerate(worth)) % 11 % 10


TYPE = DeviceType("logistics/cold-chain", container_number, Container, FIRMWARES)
