"""The physical side: over days everything happens that the contracts know of, and nothing impossible."""

import functools
import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from gateway.demo.fleet.device import DeviceType
from gateway.demo.fleet.fleet import TYPES
from tests.unit.demo.shipped import routes

START_MS = 1_752_570_000_000
STEP_S = 20.0
every_type = pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.contract)


@functools.cache
def lives(contract: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """Topic and payloads of three devices over most of a day."""
    kind = next(kind for kind in TYPES if kind.contract == contract)
    return [_live(kind, number) for number in (1, 2, 3)]


def _live(kind: DeviceType, number: int) -> tuple[str, list[dict[str, Any]]]:
    model = kind.make(kind.name(number), number, Random(number))
    return model.topic, [model.read(START_MS + int(n * STEP_S * 1000), STEP_S) for n in range(4_000)]


def seen(contract: str, what: Callable[[dict[str, Any]], Any]) -> set[Any]:
    return {what(payload) for _, payloads in lives(contract) for payload in payloads}


@every_type
def test_payloads_are_valid_in_every_state(kind: DeviceType) -> None:
    """Rare states included: of each combination of words and booleans one payload is judged."""
    for topic, payloads in lives(kind.contract):
        kinds = {_words(payload): payload for payload in payloads}
        assert len(kinds) > 1
        for payload in kinds.values():
            assert routes()[kind.contract].objections(topic, json.dumps(payload).encode()) is None


def _words(payload: dict[str, Any]) -> tuple[Any, ...]:
    """What tells one kind of payload from another: names, booleans, nulls and the symbols of enums."""
    symbols = {"state", "mode", "door", "posture", "kind", "heating", "compressor"}
    return tuple(
        (key, value if key in symbols or value is None or type(value) is bool else len(value) if value == [] else "")
        for key, value in payload.items()
    )


def test_pumps_go_through_all_states() -> None:
    """And report an alarm and a leak exactly in a fault."""
    assert seen("industry/pump", lambda each: (each["state"], tuple(each["alarms"]), each["leak"])) == {
        ("STOPPED", (), False),
        ("STARTING", (), False),
        ("RUNNING", (), False),
        ("FAULT", ("E07",), True),
    }


def test_pumps_warm_up_and_cool_down_within_reason() -> None:
    """The winding stays between the cellar's and its rated temperature, flow and speed go together."""
    for _, payloads in lives("industry/pump"):
        winding = [each["motor"]["temp"] for each in payloads]
        assert 15 < min(winding) < 35
        assert 60 < max(winding) < 80
        assert all(abs(each["flow"] / 42 - each["motor"]["rpm"] / 1450) < 0.01 for each in payloads)


def test_containers_open_their_doors_and_lose_their_satellites() -> None:
    """The cargo stays near its setpoint all the same."""
    assert seen("logistics/cold-chain", lambda each: each["door"]) == {"OPEN", "CLOSED"}
    assert seen("logistics/cold-chain", lambda each: each["compressor"]) == {True, False}
    assert seen("logistics/cold-chain", lambda each: each["position"] is None) == {True, False}
    assert all(abs(shift) < 8 for shift in seen("logistics/cold-chain", _shift))


def _shift(report: dict[str, Any]) -> float:
    cargo: float = report["readings"][1]["temp"]
    return cargo - float(report["setpoint"])


def test_monitors_lose_their_probes() -> None:
    """Without a probe there is no pulse, no saturation and no waveform, but an alarm."""
    shown = seen(
        "health/patient-vitals",
        lambda each: (each["heartRate"] is None, each["spo2"] is None, not each["waveforms"], _codes(each)),
    )
    assert {row[:3] for row in shown} == {(True, True, True), (False, False, False)}
    assert {codes for off, _, _, codes in shown if off} == {("PROBE_OFF",)}
    assert {codes for off, _, _, codes in shown if not off} == {(), ("SPO2_LOW",)}


def _codes(vitals: dict[str, Any]) -> tuple[str, ...]:
    return tuple(alarm["code"] for alarm in vitals["alarms"])


def test_waveforms_hold_a_heartbeat() -> None:
    """The highest sample of a beat is its R wave, about a millivolt."""
    highest = seen(
        "health/patient-vitals", lambda each: max(max((w["samples"] for w in each["waveforms"]), default=[0]))
    )
    assert 1.0 < max(highest) * 0.005 < 1.3


def test_air_is_worse_in_the_afternoon_than_at_night() -> None:
    """Nitrogen dioxide follows the traffic."""
    for _, payloads in lives("city/air-quality"):
        at = {each["observed_at"] % 86_400 // 3600: each["measurements"][2]["value"] for each in payloads}
        assert at[16] > at[4]


def test_thermostats_keep_their_room_warm_in_every_mode() -> None:
    """Rooms stay within reason; off has no target and a closed valve."""
    assert seen("home/thermostat", lambda each: each["mode"]) == {"off", "heat", "auto"}
    assert seen("home/thermostat", lambda each: each["window_open"]) == {True, False}
    assert seen("home/thermostat", lambda each: each["mode"] == "off" and ("target_c" in each or each["heating"])) == {
        False
    }
    assert all(5 < room < 26 for room in seen("home/thermostat", lambda each: each["current_c"]))


def test_generators_go_through_all_states() -> None:
    """They deliver only while running, name a fault's code, and report their tests."""
    contract = "energy/emergency-generator"
    assert seen(contract, lambda each: each["state"]) == {"standby", "cranking", "running", "cooldown", "fault"}
    assert seen(contract, lambda each: each["state"] == "running" or each["output"]["voltage_v"] == 0) == {True}
    assert seen(contract, lambda each: ("fault_code" in each) == (each["state"] == "fault")) == {True}
    assert seen(contract, lambda each: (each["kind"], "test" in each)) == {("status", False), ("test-run", True)}
    assert seen(contract, lambda each: each["fuel"]["type"]) == {"diesel", "gas"}
