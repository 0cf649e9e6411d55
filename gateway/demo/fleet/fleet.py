"""The whole fleet: who publishes what and when."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heapreplace
from random import Random

from gateway.demo.fleet import air_station, container, generator, monitor, pump, thermostat
from gateway.demo.fleet.device import Device, DeviceType, Sample
from gateway.demo.fleet.firmware import deal
from gateway.demo.fleet.publication import Publication

TYPES: tuple[DeviceType, ...] = (
    pump.TYPE,
    container.TYPE,
    monitor.TYPE,
    air_station.TYPE,
    thermostat.TYPE,
    generator.TYPE,
)
"""Device n is of type ``n % 6``, so that a fleet of six has one of each."""

QOS = 1
"""Of every publication: at QoS 0 the broker may drop a message, and the demo's counts would not add up."""
JITTER = 0.2
"""Devices keep their interval to within this share of it."""


def simulate(seed: int, devices: int, start_ms: int, *, rate: float = 20.0) -> Iterator[Publication]:
    """What a fleet of ``devices`` publishes from ``start_ms`` (milliseconds since 1970 UTC) on, without end.

    ``rate``: messages per second of the whole fleet, on average. Times in payloads assume that the
    consumer waits ``delay_s`` after each publication. Raises ValueError for a fleet or rate of nothing.
    """
    if devices < 1 or rate <= 0:
        raise ValueError(f"a fleet needs at least one device and a rate above 0, found {devices} and {rate}")
    return _publications(_build(seed, devices, start_ms), _dice(seed, "intervals"), devices / rate, start_ms)


def _build(seed: int, devices: int, start_ms: int) -> list[Device]:
    versions = {kind.contract: deal(kind.firmwares, _dice(seed, kind.contract)) for kind in TYPES}
    fleet = []
    for n in range(devices):
        kind, number = TYPES[n % len(TYPES)], n // len(TYPES) + 1
        dice = _dice(seed, f"{kind.contract}/{number}")
        fleet.append(Device(kind, number, dice, versions[kind.contract], start_ms))
    return fleet


def _publications(fleet: list[Device], dice: Random, interval_s: float, start_ms: int) -> Iterator[Publication]:
    """Wakes each device about every ``interval_s``; a publication is yielded once the next one's time is known."""
    agenda = [(start_ms + dice.uniform(0, interval_s) * 1000, n) for n in range(len(fleet))]
    heapify(agenda)
    waiting: tuple[Device, Sample] | None = None
    written_at = float(start_ms)
    while True:
        due_ms, n = agenda[0]
        for sample in fleet[n].wake(int(due_ms)):
            if waiting is not None:
                yield _publication(*waiting, delay_s=(due_ms - written_at) / 1000)
            waiting, written_at = (fleet[n], sample), due_ms
        heapreplace(agenda, (due_ms + interval_s * 1000 * dice.uniform(1 - JITTER, 1 + JITTER), n))


def _publication(device: Device, sample: Sample, *, delay_s: float) -> Publication:
    return Publication(
        contract=device.kind.contract,
        topic=device.topic,
        payload=sample.payload,
        qos=QOS,
        intended=sample.intended,
        device=device.name,
        firmware=sample.firmware,
        delay_s=delay_s,
    )


def _dice(seed: int, purpose: str) -> Random:
    """Random numbers that depend on nothing but the seed and what they are for."""
    return Random(f"{seed}/{purpose}")  # noqa: S311 - a simulation that must repeat itself, not a secret
