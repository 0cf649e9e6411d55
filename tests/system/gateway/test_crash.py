"""A payload that kills the process: found, kept, and the rest flows."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.variants.harmed import POISON
from tests.parts.mosquitto import Mosquitto
from tests.system.gateway.stage import Stage, numbers

pytestmark = [pytest.mark.mosquitto, pytest.mark.kafka]

MOST_RESTARTS = 3


async def test_a_payload_that_kills_the_process_is_dead_lettered_as_it_came(stage: Stage, mosquitto: Mosquitto) -> None:
    """After at most three restarts, among valid messages that all arrive; and the next end in order forgets it."""
    topic, dead = stage.declare("pumps", partitions=1)
    stage.register()
    gateway = stage.gateway(mosquitto.url)
    gateway.module = ("tests.faults.variants", "poisonous")
    await asyncio.to_thread(gateway.start)
    payloads = [b'{"n":%d,"temp":1.5}' % n for n in range(40)]
    payloads[20] = b'{"n":"' + POISON + b'"}'
    await asyncio.to_thread(mosquitto.publish, "pumps/p1", *payloads)
    restarts = 0
    while await stage.count(topic) < 39 or await stage.count(dead) < 1:
        if not gateway.process.running:
            restarts += 1
            assert restarts <= MOST_RESTARTS, gateway.log
            gateway.launch()
    assert restarts >= 2, "the payload must have killed it: marked once, unmarked once"
    assert list(dict.fromkeys(numbers(await stage.consume(topic)))) == [n for n in range(40) if n != 20]
    letters = await stage.consume(dead)
    assert {letter.value for letter in letters} == {payloads[20]}
    assert dict(letters[0].headers)["gw-reason"] == b"crash-suspect"
    gateway.wait_ready()
    assert gateway.process.running
    assert "crash_suspect_tried" in gateway.log
    assert await asyncio.to_thread(gateway.process.terminate) == 0
    gateway.start()
    assert gateway.log.count("unclean_end") == restarts
