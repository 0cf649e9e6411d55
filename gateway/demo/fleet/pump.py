"""Centrifugal pumps in a plant: contract ``industry/pump``."""

from __future__ import annotations

from random import Random
from typing import Any

from gateway.demo.fleet import quirks
from gateway.demo.fleet.device import DeviceType
from gateway.demo.fleet.firmware import Fault, Firmware
from gateway.demo.fleet.physics import Drift, approach, bounded, happens

BUILDINGS = ("b1", "b2", "b3")
RATED_RPM = 1450
SHUT_OFF_BAR = 6.2
"""Pressure rise at rated speed against a closed valve."""
FRICTION = 0.0007
"""Pressure lost in bar per (m³/h)²."""

FIRMWARES = (
    Firmware("4.2.0", share=16),
    # counts seconds, and prints analogue inputs as text
    Firmware(
        "3.1.4", share=1, habits=(quirks.as_seconds("/ts"), quirks.as_text("/flow", "/pressureOut", "/motor/current"))
    ),
    # a PLC behind a serial bridge: no booleans, no integers, the old name of a field
    Firmware(
        "2.8.1",
        share=1,
        habits=(
            quirks.as_zero_one("/leak"),
            quirks.as_float("/motor/rpm", "/runSeconds"),
            quirks.as_iso_date("/servicedOn"),
            quirks.renamed("/firmware", "fw"),
        ),
    ),
    # the prototype
    Firmware(
        "1.9.0",
        share=2,
        faults=(
            Fault(0.10, quirks.not_a_number("/bearingTemp")),
            Fault(0.10, quirks.as_comma_text("/flow")),
            Fault(0.08, quirks.in_lower_case("/state")),
            Fault(0.08, quirks.renamed("/bearingTemp", "bearing_temp")),
            Fault(0.06, quirks.missing("/ts")),
            Fault(0.04, quirks.cut_off()),
        ),
        after_boot=(quirks.clock_lost("/ts"), quirks.clock_lost("/ts")),
    ),
)


class Pump:
    """A pump that starts, warms up, pumps and rests."""

    def __init__(self, name: str, number: int, dice: Random) -> None:
        self.topic = f"plant/{BUILDINGS[number % len(BUILDINGS)]}/{name}/readings"
        self._name = name
        self._dice = dice
        self._state = dice.choice(["STOPPED", "RUNNING", "RUNNING"])
        self._rpm = RATED_RPM if self._state == "RUNNING" else 0.0
        self._winding = 24.0
        self._bearing = 24.0
        self._has_bearing_sensor = number % 3 != 0
        self._run_s = dice.uniform(1e5, 2e7)
        self._serviced_on = dice.randint(19_900, 20_200)
        self._ambient = Drift(dice, 23, 1.5, 3600)
        self._suction = Drift(dice, 0.4, 0.05, 120)
        self._ripple = Drift(dice, 0, 4, 5)

    def read(self, now_ms: int, elapsed_s: float) -> dict[str, Any]:
        """Obeys ``Model.read``."""
        self._switch(elapsed_s)
        flow, rise, share = self._pump(elapsed_s)
        self._warm(share, elapsed_s)
        return {
            "deviceId": self._name,
            "ts": now_ms,
            "state": self._state,
            "flow": round(flow, 2),
            "pressureIn": round(self._suction.step(elapsed_s), 2),
            "pressureOut": round(self._suction.value + rise, 2),
            "motor": {
                "rpm": round(self._rpm),
                "current": round(0.3 + 12.5 * share**3, 2),
                "temp": round(self._winding, 1),
            },
            "vibration": [
                {"hz": 25, "rms": round(0.05 + 1.2 * share**2 + self._dice.uniform(0, 0.1), 2)},
                {"hz": 50, "rms": round(0.03 + 0.6 * share**2 + self._dice.uniform(0, 0.1), 2)},
            ],
            "leak": self._state == "FAULT",
            "runSeconds": int(self._run_s),
            "bearingTemp": round(self._bearing, 2) if self._has_bearing_sensor else None,
            "servicedOn": self._serviced_on,
            "alarms": ["E07"] if self._state == "FAULT" else [],
            "firmware": "",
        }

    def _switch(self, elapsed_s: float) -> None:
        match self._state:
            case "RUNNING" if happens(self._dice, 900, elapsed_s):
                self._state = self._dice.choice(["STOPPED", "STOPPED", "FAULT"])
            case "STOPPED" if happens(self._dice, 120, elapsed_s):
                self._state = "STARTING"
            case "STARTING" if self._rpm > 0.95 * RATED_RPM:
                self._state = "RUNNING"
            case "FAULT" if happens(self._dice, 60, elapsed_s):
                self._state = "STOPPED"

    def _pump(self, elapsed_s: float) -> tuple[float, float, float]:
        """``(flow in m³/h, pressure rise in bar, share of rated speed)``."""
        turning = self._state in {"STARTING", "RUNNING"}
        wobble = self._ripple.step(elapsed_s) if turning else 0.0
        self._rpm = approach(self._rpm, RATED_RPM + wobble if turning else 0.0, elapsed_s, 4)
        if turning:
            self._run_s += elapsed_s
        share = bounded(self._rpm / RATED_RPM, 0, 1.1)
        flow = 42 * share
        return flow, SHUT_OFF_BAR * share**2 - FRICTION * flow**2, share

    def _warm(self, share: float, elapsed_s: float) -> None:
        ambient = self._ambient.step(elapsed_s)
        self._winding = approach(self._winding, ambient + 45 * share**2, elapsed_s, 600)
        self._bearing = approach(self._bearing, ambient + 28 * share, elapsed_s, 900)


TYPE = DeviceType("industry/pump", lambda number: f"pump-{number:02}", Pump, FIRMWARES)
