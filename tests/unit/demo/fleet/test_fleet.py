"""The fleet as a whole: repeatable, valid where it means to be, untidy as declared, at the rate that was asked for."""

import functools
import json
from collections import Counter, defaultdict
from itertools import islice, pairwise

import pytest

from gateway.demo.fleet.container import check_digit, container_number
from gateway.demo.fleet.fleet import TYPES, simulate
from gateway.demo.fleet.publication import Intent, Publication
from tests.unit.demo.shipped import routes

START_MS = 1_752_570_000_000
TIMES = {
    "industry/pump": ("ts", 1000),
    "logistics/cold-chain": ("recordedAt", 1000),
    "health/patient-vitals": ("measuredAt", 1000),
    "city/air-quality": ("observed_at", 1),
    "home/thermostat": ("ts", 1000),
    "energy/emergency-generator": ("ts", 1),
}
"""Contract -> the time in its payload and how many of its units a second has."""


@functools.cache
def published(seed: int = 1, devices: int = 60, rate: float = 60.0, count: int = 12_000) -> list[Publication]:
    return list(islice(simulate(seed, devices, START_MS, rate=rate), count))


def clean(publications: list[Publication]) -> list[Publication]:
    return [each for each in publications if each.intended is Intent.CLEAN]


def test_the_same_seed_gives_the_same_publications() -> None:
    """Byte for byte, however far the other one has run."""
    again = islice(simulate(1, 60, START_MS, rate=60.0), 2_000)
    assert list(again) == published()[:2_000]


def test_another_seed_gives_other_publications() -> None:
    """Values and times differ."""
    assert [each.payload for each in published(2)[:50]] != [each.payload for each in published()[:50]]
    assert [each.delay_s for each in published(2)[:50]] != [each.delay_s for each in published()[:50]]


def test_a_fleet_of_six_has_one_of_each() -> None:
    """Every contract is served by the smallest useful fleet."""
    kinds = {each.device: each.contract for each in published(devices=6, count=600)}
    assert sorted(kinds.values()) == sorted(routes())


def test_a_fleet_has_as_many_devices_as_were_asked_for() -> None:
    """Device IDs are unique within the fleet."""
    assert len({(each.contract, each.device) for each in published()}) == 60


@pytest.mark.parametrize(("seed", "rate"), [(1, 60.0), (2, 0.5), (3, 2000.0)])
def test_clean_payloads_are_valid_by_independent_libraries(seed: int, rate: float) -> None:
    """What is meant to be clean is, whether a device measures every two minutes or thirty times a second."""
    for each in clean(published(seed, rate=rate, count=6_000))[::2]:
        assert routes()[each.contract].objections(each.topic, each.payload) is None


def test_loose_payloads_are_not_valid_as_they_are() -> None:
    """What is meant to be coerced would be refused without."""
    for each in published():
        if each.intended is Intent.LOOSE:
            payload = each.payload
            objections = routes()[each.contract].objections(each.topic, payload.rstrip(b"\0"))
            assert objections is not None or payload.endswith(b"\0")


def test_each_topic_belongs_to_its_contract_only() -> None:
    """The MQTT topic matches the filter of the contract, of no other, and names the device where it should."""
    for topic, contract, device in {(each.topic, each.contract, each.device) for each in published()}:
        captured = {name: route.captures(topic) for name, route in routes().items()}
        assert {name for name, captures in captured.items() if captures is not None} == {contract}
        assert (captured[contract] or {}).get("device", device) == device


def test_clean_payloads_name_their_device() -> None:
    """Where the contract points to a device ID, it is the one in the topic."""
    for each in clean(published()):
        pointer = routes()[each.contract].declared.get("device")
        assert pointer is None or json.loads(each.payload)[pointer.removeprefix("/")] == each.device


def test_every_firmware_profile_occurs() -> None:
    """All declared versions are in the field, each with what it was declared for."""
    seen: dict[tuple[str, str], set[Intent]] = defaultdict(set)
    for each in published():
        seen[each.contract, each.firmware].add(each.intended)
    declared = {(kind.contract, firmware.version): firmware for kind in TYPES for firmware in kind.firmwares}
    assert seen.keys() == declared.keys()
    for profile, firmware in declared.items():
        assert (Intent.LOOSE in seen[profile]) == bool(firmware.habits)
        assert (Intent.WRONG in seen[profile]) == bool(firmware.faults)


def test_small_fleets_meet_every_profile_too() -> None:
    """Controllers restart with other firmware, so that even six devices show it all."""
    assert len({(each.contract, each.firmware) for each in published(devices=6)}) == 24


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_most_is_clean_some_is_loose_little_is_wrong(seed: int) -> None:
    """About 85, 10 and 5 %."""
    counted = Counter(each.intended for each in published(seed))
    assert counted[Intent.CLEAN] / 12_000 == pytest.approx(0.85, abs=0.03)
    assert counted[Intent.LOOSE] / 12_000 == pytest.approx(0.10, abs=0.025)
    assert counted[Intent.WRONG] / 12_000 == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize(("devices", "rate"), [(6, 1.0), (60, 60.0), (200, 5000.0)])
def test_the_rate_is_the_one_that_was_asked_for(devices: int, rate: float) -> None:
    """On average over the fleet, bursts included; nobody has to wait for the past."""
    delays = [each.delay_s for each in published(devices=devices, rate=rate)]
    assert min(delays) >= 0
    assert len(delays) / sum(delays) == pytest.approx(rate, rel=0.05)
    assert max(delays) < 20 / rate + devices / rate


def test_messages_of_an_outage_come_in_one_burst_with_their_own_times() -> None:
    """Several messages of one device at once, each measured later than the one before."""
    bursts, burst = [], [published()[0]]
    for before, each in pairwise(published()):
        if before.delay_s:
            bursts.append(burst)
            burst = []
        burst.append(each)
    held = [burst for burst in bursts if len(burst) > 3]
    assert held
    for burst in held:
        assert len({each.device for each in burst}) == 1
        field, per_second = TIMES[burst[0].contract]
        times = [json.loads(each.payload)[field] / per_second for each in clean(burst)]
        assert times == sorted(times)
        assert len(times) < 2 or times[-1] - times[0] >= 0.5


def test_times_in_payloads_follow_the_simulated_clock() -> None:
    """A clean payload that was not held back is dated when it is published."""
    now_s = START_MS / 1000 + 0.0
    origin: float | None = None
    for before, each in pairwise(published()):
        now_s += before.delay_s
        if each.intended is Intent.CLEAN and before.delay_s and each.delay_s:
            field, per_second = TIMES[each.contract]
            age_s = now_s - json.loads(each.payload)[field] / per_second
            origin = age_s if origin is None else origin
            assert abs(age_s - origin) <= 1.01  # stations and generators count whole seconds


def test_everything_is_published_at_least_once_delivery() -> None:
    """QoS 1, so that the broker may drop nothing."""
    assert {each.qos for each in published()} == {1}


@pytest.mark.parametrize(("devices", "rate"), [(0, 1.0), (-1, 1.0), (6, 0.0), (6, -2.0)])
def test_a_fleet_of_nothing_is_refused(devices: int, rate: float) -> None:
    """At once, not at the first publication."""
    with pytest.raises(ValueError, match="at least one device"):
        simulate(1, devices, START_MS, rate=rate)


def test_container_numbers_have_their_check_digit() -> None:
    """By ISO 6346; the first is the well-known CSQU3054383, the second the container of the contract's examples."""
    assert check_digit("CSQU305438") == 3
    assert check_digit("MSCU663987") == 0
    for number in (1, 2, 99):
        code = container_number(number)
        assert (len(code), int(code[10])) == (11, check_digit(code[:10]))
