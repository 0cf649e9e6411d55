"""Air quality stations in a city: contract ``city/air-quality``."""

from __future__ import annotations

from random import Random
from typing import Any

from gateway.demo.fleet import quirks
from gateway.demo.fleet.device import DeviceType
from gateway.demo.fleet.firmware import Fault, Firmware
from gateway.demo.fleet.physics import Drift, bounded, daily

DISTRICTS = ("harbour", "old-town", "north", "airport")
WORST_HOUR = 16.0
"""UTC hour at which traffic, and with it the air, is at its worst."""

FIRMWARES = (
    Firmware("5.1", share=16),
    # a logger that knows text only
    Firmware("4.6", share=1, habits=(quirks.as_text("/measurements/*/value", "/observed_at", "/humidity_pct"),)),
    # written in C by hand: no booleans, and the string's last byte is sent along
    Firmware("3.9", share=1, habits=(quirks.as_zero_one("/sensor_ok", "/heater_on"), quirks.nul_terminated())),
    # a trial series that nobody took down
    Firmware(
        "2.2",
        share=2,
        faults=(
            Fault(0.10, quirks.always(-999, "/measurements/0/value")),
            Fault(0.10, quirks.not_a_number("/temperature_c")),
            Fault(0.08, quirks.as_milliseconds("/observed_at")),
            Fault(0.08, quirks.always("PM2.5", "/measurements/0/substance")),
            Fault(0.06, quirks.renamed("/humidity_pct", "humdity_pct")),
            Fault(0.04, quirks.empty()),
        ),
        after_boot=(quirks.clock_lost("/observed_at", per_second=1), quirks.clock_lost("/observed_at", per_second=1)),
    ),
)


class AirStation:
    """A station at a street: traffic and weather make the air."""

    def __init__(self, name: str, number: int, dice: Random) -> None:
        self.topic = f"city/{DISTRICTS[number % len(DISTRICTS)]}/air/{name}"
        self._name = name
        self._dice = dice
        self._traffic = dice.uniform(0.4, 1.0)
        self._wind = Drift(dice, 1, 0.25, 1800)
        self._weather = Drift(dice, 0, 2, 7200)
        self._pressure = Drift(dice, 1013, 6, 36_000)
        self._battery = Drift(dice, 12.4, 0.2, 3600) if number % 3 == 0 else None

    def read(self, now_ms: int, elapsed_s: float) -> dict[str, Any]:
        """Obeys ``Model.read``."""
        wind = bounded(self._wind.step(elapsed_s), 0.4, 2)
        fumes = bounded(daily(now_ms, 1, 0.6, WORST_HOUR), 0, 2) * self._traffic / wind
        warm = daily(now_ms, 16, 5, peak_hour=13) + self._weather.step(elapsed_s)
        humidity = bounded(110 - 3 * warm, 20, 100)
        return {
            "station": self._name,
            "observed_at": now_ms // 1000,
            "measurements": [
                self._measurement("pm2_5", 5 + 12 * fumes),
                self._measurement("pm10", 9 + 22 * fumes),
                self._measurement("no2", 6 + 45 * fumes),
                self._measurement("o3", 30 + 2.5 * warm / (1 + fumes)),
            ],
            "temperature_c": round(warm, 1),
            "humidity_pct": round(humidity, 1),
            "pressure_hpa": round(bounded(self._pressure.step(elapsed_s), 960, 1050), 1),
            "sensor_ok": True,
            "heater_on": humidity > 80,
            "battery_v": None if self._battery is None else round(self._battery.step(elapsed_s), 2),
            "firmware": "",
        }

    def _measurement(self, substance: str, value: float) -> dict[str, Any]:
        measured = bounded(value * self._dice.gauss(1, 0.03), 0, 10_000)
        return {"substance": substance, "value": round(measured, 1), "samples": self._dice.randint(55, 60)}


TYPE = DeviceType("city/air-quality", lambda number: f"aq-{number:03}", AirStation, FIRMWARES)
