"""Bedside monitors in a hospital: contract ``health/patient-vitals``."""

from __future__ import annotations

from math import exp
from random import Random
from typing import Any
from uuid import UUID

from gateway.demo.fleet import quirks
from gateway.demo.fleet.device import DeviceType
from gateway.demo.fleet.firmware import Fault, Firmware
from gateway.demo.fleet.physics import Drift, bounded, happens

WARDS = ("icu-1", "icu-2", "cardiology")
HZ = 125
MV_PER_UNIT = 0.005
BEAT = ((0.18, 0.12, 0.025), (0.29, -0.1, 0.008), (0.31, 1.1, 0.01), (0.33, -0.2, 0.009), (0.52, 0.28, 0.04))
"""The waves P, Q, R, S and T of a heartbeat: ``(place in the beat 0 to 1, height in mV, width)``."""
SAMPLES = 60
RESOLUTION = 500
"""Points of a beat that are computed in advance."""
LEAD = tuple(
    sum(height * exp(-(((n / RESOLUTION - place) / width) ** 2) / 2) for place, height, width in BEAT) / MV_PER_UNIT
    for n in range(RESOLUTION)
)
"""One beat of lead II in units of the converter."""

FIRMWARES = (
    Firmware("12.0", share=16),
    # sends numbers as it shows them
    Firmware(
        "11.2",
        share=1,
        habits=(
            quirks.as_text("/heartRate", "/spo2", "/temperature", "/respiration"),
            quirks.null_as("--", "/spo2", "/heartRate"),
        ),
    ),
    # an integration engine with its own words
    Firmware(
        "10.4",
        share=1,
        habits=(
            quirks.in_own_words("/posture", {"SUPINE": "lying", "SITTING": "sitting", "STANDING": "standing"}),
            quirks.as_zero_one("/alarms/*/silenced"),
            quirks.as_iso_time("/measuredAt"),
        ),
    ),
    # a beta version that escaped from the laboratory
    Firmware(
        "9.7",
        share=2,
        faults=(
            Fault(0.10, quirks.not_a_number("/temperature", spelling="NaN")),
            Fault(0.10, quirks.plus(0.5, "/heartRate")),
            Fault(0.10, quirks.always("clip", "/waveforms/0/samples/3")),
            Fault(0.08, quirks.in_lower_case("/alarms/*/priority", "/bloodPressure/method")),
            Fault(0.08, quirks.missing("/encounter")),
            Fault(0.08, quirks.twice("/posture")),
            Fault(0.08, quirks.cut_off()),
        ),
    ),
)


class Monitor:
    """A monitor and its patient: vital signs drift, probes fall off, a cuff measures now and then."""

    def __init__(self, name: str, number: int, dice: Random) -> None:
        self.topic = f"hospital/{WARDS[number % len(WARDS)]}/{name}/vitals"
        self._dice = dice
        self._encounter = self._uuid()
        self._posture = "SUPINE"
        self._heart = Drift(dice, dice.uniform(58, 88), 5, 60)
        self._oxygen = Drift(dice, dice.uniform(94, 98), 1, 90)
        self._breath = Drift(dice, 15, 2, 45)
        self._body = Drift(dice, dice.uniform(36.4, 37.8), 0.15, 3600)
        self._pressure = Drift(dice, dice.uniform(108, 140), 6, 600)
        self._probe_off = False

    def read(self, now_ms: int, elapsed_s: float) -> dict[str, Any]:
        """Obeys ``Model.read``."""
        dice = self._dice
        if happens(dice, 20 if self._probe_off else 300, elapsed_s):
            self._probe_off = not self._probe_off
        if happens(dice, 600, elapsed_s):
            self._posture = dice.choice(["SUPINE", "SUPINE", "SITTING", "STANDING", "UNKNOWN"])
        heart = self._heart.step(elapsed_s)
        oxygen = bounded(self._oxygen.step(elapsed_s), 70, 100)
        systolic = self._pressure.step(elapsed_s)
        return {
            "messageId": self._uuid(),
            "encounter": self._encounter,
            "measuredAt": now_ms,
            "posture": self._posture,
            "heartRate": None if self._probe_off else round(heart),
            "spo2": None if self._probe_off else round(oxygen, 1),
            "respiration": round(self._breath.step(elapsed_s), 1),
            "temperature": round(self._body.step(elapsed_s), 1),
            "bloodPressure": {"systolic": round(systolic), "diastolic": round(0.64 * systolic), "method": "CUFF"},
            "waveforms": [] if self._probe_off else [self._electrocardiogram(heart)],
            "alarms": self._alarms(oxygen),
        }

    def _electrocardiogram(self, heart_rate: float) -> dict[str, Any]:
        """Half a second of lead II, from somewhere within a beat."""
        place, step, noise = self._dice.random() * RESOLUTION, heart_rate / 60 / HZ * RESOLUTION, self._dice.random
        samples = [LEAD[int(place + n * step) % RESOLUTION] + 4 * noise() - 2 for n in range(SAMPLES)]
        return {"signal": "ECG_II", "hz": HZ, "scale": MV_PER_UNIT, "samples": [round(sample) for sample in samples]}

    def _alarms(self, oxygen: float) -> list[dict[str, Any]]:
        if self._probe_off:
            return [{"code": "PROBE_OFF", "priority": "LOW", "silenced": True}]
        return [{"code": "SPO2_LOW", "priority": "MEDIUM", "silenced": False}] if oxygen < 94 else []

    def _uuid(self) -> str:
        return str(UUID(int=self._dice.getrandbits(128), version=4))


TYPE = DeviceType("health/patient-vitals", lambda number: f"mon-{number:02}", Monitor, FIRMWARES)
