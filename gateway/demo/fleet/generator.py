"""Emergency generators of buildings: contract ``energy/emergency-generator``."""

from __future__ import annotations

from random import Random
from typing import Any

from gateway.demo.fleet import quirks
from gateway.demo.fleet.device import DeviceType
from gateway.demo.fleet.firmware import Fault, Firmware
from gateway.demo.fleet.physics import Drift, approach, bounded, happens

SITES = ("data-centre", "hospital", "town-hall")
RATED_KW = 250.0
TEST_S = 600.0
"""How long a test run takes."""
MESSAGE_FORMAT = 2

FIRMWARES = (
    Firmware("7.0.2", share=16),
    # a Modbus bridge that passes text on
    Firmware("6.5.0", share=1, habits=(quirks.as_text("/output/voltage_v", "/output/frequency_hz", "/starts", "/v"),)),
    # coils as 0 and 1, the level as the panel shows it
    Firmware("5.8.3", share=1, habits=(quirks.as_zero_one("/mains_present"), quirks.as_text("/fuel/level_pct"))),
    # a controller of the last message format, half converted
    Firmware(
        "4.1.1",
        share=2,
        faults=(
            Fault(0.12, quirks.always(1, "/v")),
            Fault(0.10, quirks.in_upper_case("/state")),
            Fault(0.10, quirks.always("Diesel", "/fuel/type")),
            Fault(0.06, quirks.missing("/output")),
            Fault(0.06, quirks.always("yes", "/mains_present")),
            Fault(0.04, quirks.twice("/ts")),
        ),
        after_boot=(quirks.instead({"kind": "hello", "ip": "192.0.2.17"}),),
    ),
)


class Generator:
    """A set that waits, starts when the mains fail, and is tested now and then."""

    def __init__(self, name: str, number: int, dice: Random) -> None:
        self.topic = f"energy/{SITES[number % len(SITES)]}/generators/{name}"
        self._name = name
        self._dice = dice
        self._gas = number % 3 == 0
        self._mains = True
        self._state = "standby"
        self._test_left_s = 0.0
        self._level = dice.uniform(55, 98)
        self._coolant = 38.0
        self._run_h = dice.uniform(50, 900)
        self._starts = dice.randint(20, 300)
        self._load = Drift(dice, 0.6 * RATED_KW, 20, 60)
        self._frequency = Drift(dice, 50, 0.05, 5)
        self._supply = Drift(dice, 22, 0.4, 600)

    def read(self, now_ms: int, elapsed_s: float) -> dict[str, Any]:
        """Obeys ``Model.read``."""
        tested = self._test(elapsed_s)
        self._switch(elapsed_s)
        running = self._state == "running"
        self._burn(elapsed_s if running else 0.0)
        self._coolant = approach(self._coolant, 86 if running else 38, elapsed_s, 400)
        report: dict[str, Any] = {
            "v": MESSAGE_FORMAT,
            "kind": "test-run" if tested else "status",
            "unit_id": self._name,
            "ts": now_ms // 1000,
            "state": self._state,
            "mains_present": self._mains,
            "output": self._output(elapsed_s, running=running),
            "fuel": self._fuel(elapsed_s),
            "battery_v": round(26.4 if self._state == "cranking" else 27.2, 1),
            "coolant_c": round(self._coolant, 1),
            "oil_kpa": 410 + self._dice.randint(-8, 8) if running else 0,
            "run_hours": round(self._run_h, 1),
            "starts": self._starts,
            "firmware": "",
        }
        if self._state == "fault":
            report["fault_code"] = 117
        if tested:
            report["test"] = {"started_by": "schedule", "minutes": int(TEST_S / 60), "passed": self._state != "fault"}
        return report

    def _test(self, elapsed_s: float) -> bool:
        """Whether a test run has just ended; starts one where none runs."""
        if self._test_left_s:
            self._test_left_s = max(0.0, self._test_left_s - elapsed_s)
            return not self._test_left_s
        if self._state == "standby" and happens(self._dice, 1800, elapsed_s):
            self._test_left_s = TEST_S
        return False

    def _switch(self, elapsed_s: float) -> None:
        if happens(self._dice, 5400 if self._mains else 300, elapsed_s):
            self._mains = not self._mains
        wanted = not self._mains or self._test_left_s > 0
        match self._state:
            case "standby" if wanted:
                self._state = "cranking"
                self._starts += 1
            case "cranking":
                self._state = "fault" if self._dice.random() < 0.02 else "running"
            case "running" if not wanted:
                self._state = "cooldown"
            case "cooldown" if self._coolant < 60:
                self._state = "standby"
            case "fault" if happens(self._dice, 300, elapsed_s):
                self._state = "standby"

    def _burn(self, run_s: float) -> None:
        self._run_h += run_s / 3600
        self._level -= run_s / 900
        if self._level < 30:
            self._level = 98.0  # the tanker came

    def _output(self, elapsed_s: float, *, running: bool) -> dict[str, float]:
        if not running:
            return {"voltage_v": 0, "frequency_hz": 0, "load_kw": 0}
        load = 0.0 if self._mains else bounded(self._load.step(elapsed_s), 0, RATED_KW)
        frequency = self._frequency.step(elapsed_s)
        return {
            "voltage_v": round(399 + self._dice.uniform(-1, 1), 1),
            "frequency_hz": round(frequency, 2),
            "load_kw": round(load, 1),
        }

    def _fuel(self, elapsed_s: float) -> dict[str, Any]:
        if self._gas:
            return {"type": "gas", "pressure_mbar": round(self._supply.step(elapsed_s), 1)}
        return {"type": "diesel", "level_pct": round(self._level, 1), "leak": False}


TYPE = DeviceType("energy/emergency-generator", lambda number: f"gen-{number:02}", Generator, FIRMWARES)
