"""Room thermostats: contract ``home/thermostat``."""

from __future__ import annotations

from random import Random
from typing import Any

from gateway.demo.fleet import quirks
from gateway.demo.fleet.device import DeviceType
from gateway.demo.fleet.firmware import Fault, Firmware
from gateway.demo.fleet.physics import DAY_MS, approach, daily, happens

DAY_C, NIGHT_C = 21.5, 17.0
MORNING, EVENING = 6.5, 22.0
"""Hours between which the day's temperature is asked for."""
HYSTERESIS = 0.3
"""In °C around the target."""

FIRMWARES = (
    Firmware("1.9.3", share=16),
    # text only, and the words on the housing
    Firmware(
        "1.4.0",
        share=1,
        habits=(
            quirks.as_text("/current_c", "/target_c", "/humidity_pct", "/battery_pct"),
            quirks.as_word("/heating", "ON", "OFF"),
        ),
    ),
    # an open-source firmware that says more than it is asked
    Firmware("0.9.2", share=1, habits=(quirks.as_zero_one("/heating", "/window_open"), quirks.added("rssi", -61))),
    # a discounter's brand
    Firmware(
        "0.3.0",
        share=2,
        faults=(
            Fault(0.12, quirks.in_upper_case("/mode")),
            Fault(0.12, quirks.as_seconds("/ts")),
            Fault(0.08, quirks.always(21.3, "/target_c")),
            Fault(0.06, quirks.missing("/current_c")),
            Fault(0.06, quirks.not_a_number("/current_c", spelling="-nan")),
            Fault(0.06, quirks.cut_off()),
        ),
    ),
)


class Thermostat:
    """A room that cools down, a valve that opens, a window that people forget."""

    def __init__(self, name: str, number: int, dice: Random) -> None:
        self.topic = f"home/h-{100 + number}/thermostat/{name}/state"
        self._name = name
        self._dice = dice
        self._mode = dice.choice(["heat", "auto", "auto", "off"])
        self._room = dice.uniform(18, 22)
        self._heating = False
        self._window_open = False
        self._charge = dice.uniform(30, 100) if number % 4 else None

    def read(self, now_ms: int, elapsed_s: float) -> dict[str, Any]:
        """Obeys ``Model.read``."""
        if happens(self._dice, 300 if self._window_open else 3600, elapsed_s):
            self._window_open = not self._window_open
        if happens(self._dice, 7200, elapsed_s):
            self._mode = self._dice.choice(["heat", "auto", "auto", "off"])
        target = self._target(now_ms)
        self._heat(now_ms, target, elapsed_s)
        state: dict[str, Any] = {"id": self._name, "ts": now_ms, "mode": self._mode, "current_c": round(self._room, 1)}
        if target is not None:
            state["target_c"] = target
        return state | {
            "heating": self._heating,
            "humidity_pct": round(45 + 3 * (21 - self._room)),
            "window_open": self._window_open,
            "battery_pct": self._discharge(elapsed_s),
            "schedule": [{"at": "06:30", "target_c": DAY_C}, {"at": "22:00", "target_c": NIGHT_C}],
            "firmware": "",
        }

    def _target(self, now_ms: int) -> float | None:
        """What is asked for now, in °C; None while the thermostat is off."""
        if self._mode == "off":
            return None
        hour = now_ms % DAY_MS * 24 / DAY_MS
        return DAY_C if self._mode == "heat" or MORNING <= hour < EVENING else NIGHT_C

    def _heat(self, now_ms: int, target: float | None, elapsed_s: float) -> None:
        outside = daily(now_ms, 9, 4, peak_hour=13)
        self._room = approach(self._room, outside, elapsed_s, 3600 if self._window_open else 90_000)
        if self._heating:
            self._room = approach(self._room, 32, elapsed_s, 7200)
        if target is None or self._window_open or self._room > target + HYSTERESIS:
            self._heating = False
        elif self._room < target - HYSTERESIS:
            self._heating = True

    def _discharge(self, elapsed_s: float) -> int | None:
        if self._charge is None:
            return None
        self._charge -= elapsed_s / 50_000
        if self._charge < 5:
            self._charge = 100.0  # somebody changed the batteries
        return round(self._charge)


TYPE = DeviceType("home/thermostat", lambda number: f"th-{200 + number}", Thermostat, FIRMWARES)
