"""What happens to the machine that the gateway runs on."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time

from tests.faults.arena import Arena
from tests.faults.ledger import FILTERS, Destination, Refusal
from tests.faults.row import Row
from tests.faults.signs import Signs
from tests.parts import faketime
from tests.parts.gateway import GatewayProcess

DISK_BYTES = 65_536
WINDOW_BYTES = 16 * 1024 * 1024
"""The gateway's ``limits.window_bytes``."""
LARGEST_BYTES = 950_000
"""Of a payload that still fits a topic, with its dead letter's headers."""
COSTLY = tuple(
    b"[" + b",".join([item] * ((LARGEST_BYTES - 1) // (len(item) + 1))) + b"]"
    for item in (b"[]", b"{}", b"[[[]]]", b'{"a":1}', b'"1"', b"1")
)
"""Payloads of many values."""
HOUR_S = 3600

FULL_WINDOW = Signs(
    "kafka_not_ready", "not_ready", f"schema_gateway_unacknowledged_bytes > {WINDOW_BYTES - LARGEST_BYTES}"
)
DISK_FULL = Signs(
    "snapshot_unusable",
    "state_file_not_written",
    'schema_gateway_degraded_reasons{code="snapshot_unusable"} > 0',
    from_the_start=True,
)
TIMESTAMP_REFUSED = Signs(
    "timestamp_refused", "kafka_delivery_failed", 'schema_gateway_kafka_failures_total{reason="timestamp_refused"} > 0'
)


def fill_disk(_arena: Arena, gateway: GatewayProcess) -> None:
    """The state folder is on a small disk of its own, which is full."""
    state = gateway.folder / "state"
    state.mkdir()
    mount = f"mount -t tmpfs -o size={DISK_BYTES} none {state}"
    fill = f"head -c {2 * DISK_BYTES} /dev/zero > {state}/full 2>/dev/null"
    gateway.wrapper = ("unshare", "--map-root-user", "--mount", "sh", "-c", f'{mount} && {{ {fill}; exec "$@"; }}', "-")


async def disk_full(arena: Arena) -> None:
    """Nothing can be written: not the schemas, not the crash marker."""
    await arena.shows(DISK_FULL)
    await arena.flowing(500)
    arena.heal()


def fake_clock(arena: Arena, gateway: GatewayProcess) -> None:
    """The wall clock is what a file says."""
    _shift(arena, 0)
    gateway.environment = {
        "LD_PRELOAD": str(faketime.library()),
        "FAKETIME_TIMESTAMP_FILE": str(arena.folder / "clock"),
        "FAKETIME_CACHE_DURATION": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }


def read_clock(arena: Arena, gateway: GatewayProcess) -> None:
    """The time of arrival is what a file says."""
    _shift(arena, 0)
    arena.change(gateway, "reads_clock")


def _shift(arena: Arena, by_s: int) -> None:
    (arena.folder / "clock").write_text(f"{by_s:+}\n")


async def clock_shifted(arena: Arena) -> None:
    """An hour ahead, then an hour behind: nothing times out, nothing is cut."""
    connections = arena.mqtt_proxy.connections
    for by_s in (HOUR_S - 60, -HOUR_S):  # Kafka refuses records from more than an hour ahead
        _shift(arena, by_s)
        await _until_stamped(arena, by_s)
        await arena.flowing(400)
    assert arena.mqtt_proxy.connections == connections
    _shift(arena, 0)
    arena.heal()


async def clock_far_ahead(arena: Arena) -> None:
    """Two hours ahead: Kafka refuses the records' timestamps, and the operator is told that it is the clock."""
    _shift(arena, 2 * HOUR_S)
    await arena.shows(TIMESTAMP_REFUSED)
    _shift(arena, 0)
    arena.heal()


async def _until_stamped(arena: Arena, by_s: int) -> None:
    """Returns when records come with timestamps that are as far off."""
    topic = arena.topics[Destination.AVRO]
    async with asyncio.timeout(60):
        while True:
            stamps = [record.timestamp / 1e3 for record in await asyncio.to_thread(arena.kafka.consume, topic)]
            if any(abs(stamp - time.time() - by_s) < HOUR_S / 2 for stamp in stamps):
                return


async def memory_full(arena: Arena) -> None:
    """Kafka is away while payloads of the largest size come, then such as cost most; `check` has foretold the most."""
    foretold = await asyncio.to_thread(_foretold_bytes, arena.gateway)
    await asyncio.to_thread(arena.kafka.stop)
    await arena.shows(Signs("kafka_not_ready"))
    topic = FILTERS[Destination.JSON].format(device="device-01")
    for number in range(2 * WINDOW_BYTES // LARGEST_BYTES):
        payload = f'{{"number":{number}}}'.encode().ljust(LARGEST_BYTES)
        arena.ledger.refused.append(Refusal(payload, "no-device-id", b"device-01"))
        await arena.publish(topic, payload)
    async with asyncio.timeout(60):
        while (await arena.status())["mqtt"]["unacknowledged_bytes"] < WINDOW_BYTES - LARGEST_BYTES:
            pass  # each look is a request to the gateway: it paces itself
    waiting = arena.gateway.process.resident_bytes
    arena.kafka.launch()
    await asyncio.to_thread(arena.kafka.process.wait_ready, arena.kafka.ready, 60)
    for payload in COSTLY:
        arena.ledger.refused.append(Refusal(payload, "no-device-id", b"device-01"))
        await arena.publish(topic, payload)
    arena.heal()
    await arena.flowing(500, timeout_s=120)
    most = arena.gateway.process.most_resident_bytes
    assert waiting < most <= foretold, f"{most} bytes, foretold were {foretold}"


def _foretold_bytes(gateway: GatewayProcess) -> int:
    command = [sys.executable, "-m", "gateway", "check", "-c", str(gateway.config), "--output", "json"]
    report = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    foretold: int = report["memory_bytes"]["total"]
    return foretold


ROWS = (
    Row(
        "memory: Kafka down, largest payloads",
        memory_full,
        False,
        30,
        FULL_WINDOW,
        mqtt={"receive_maximum": 20_000},
    ),
    Row("disk full", disk_full, False, 10, DISK_FULL, prepare=fill_disk),
    Row("clock an hour off, either way", clock_shifted, False, 10, prepare=fake_clock),
    Row("clock two hours ahead", clock_far_ahead, True, 15, TIMESTAMP_REFUSED, prepare=read_clock),
)
