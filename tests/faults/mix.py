"""Random faults, several at a time, for as long as one likes: what no row has thought of. A seed repeats the choice.

Two lanes go on beside each other, one for the gateway and its MQTT side, one for Kafka and the registry; each breaks
something for a while, mends it, and rests.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

from tests.faults.arena import Arena
from tests.faults.row import Row
from tests.faults.rows.payloads import HOSTILE, HOSTILE_TOPICS
from tests.faults.signs import RESTARTED
from tests.parts.fault_proxy import Direction, FaultProxy
from tests.parts.registry_faults import GARBAGE, stall

_LONGEST_S = 4.0
_REST_S = 3.0

Fault = Callable[[Arena, random.Random], Awaitable[None]]


async def _for_a_while(chance: random.Random) -> None:
    await asyncio.sleep(chance.uniform(0.05, _LONGEST_S))  # the fault itself: time in which something is broken


async def _kill(arena: Arena, chance: random.Random) -> None:
    arena.gateway.process.kill()
    await _for_a_while(chance)
    arena.gateway.launch()


async def _terminate(arena: Arena, _chance: random.Random) -> None:
    await asyncio.to_thread(arena.gateway.process.terminate)
    arena.gateway.launch()


async def _freeze(arena: Arena, chance: random.Random) -> None:
    arena.gateway.process.pause()
    await _for_a_while(chance)
    arena.gateway.process.resume()


async def _restart_broker(arena: Arena, _chance: random.Random) -> None:
    await asyncio.to_thread(arena.mosquitto.restart)


async def _cut_mqtt(arena: Arena, _chance: random.Random) -> None:
    arena.mqtt_proxy.drop()


async def _harm_mqtt(arena: Arena, chance: random.Random) -> None:
    await _harm(arena.mqtt_proxy, chance)


async def _publish_hostile(arena: Arena, chance: random.Random) -> None:
    refusal, topic = chance.choice(HOSTILE), chance.choice(HOSTILE_TOPICS)
    await arena.publish(topic, refusal.payload)
    arena.ledger.refused.append(refusal)


async def _kill_kafka(arena: Arena, chance: random.Random) -> None:
    arena.kafka.kill()
    await _for_a_while(chance)
    await asyncio.to_thread(arena.kafka.start)


async def _freeze_kafka(arena: Arena, chance: random.Random) -> None:
    arena.kafka.pause()
    await _for_a_while(chance)
    arena.kafka.resume()
    arena.kafka.renew_admin()


async def _cut_kafka(arena: Arena, _chance: random.Random) -> None:
    arena.kafka_proxy.drop()


async def _lose_answers(arena: Arena, chance: random.Random) -> None:
    arena.kafka_proxy.ways[Direction.TO_CLIENT].swallows = True
    await _for_a_while(chance)
    arena.kafka_proxy.heal()
    arena.kafka_proxy.drop()


async def _harm_kafka(arena: Arena, chance: random.Random) -> None:
    await _harm(arena.kafka_proxy, chance)


async def _harm_registry(arena: Arena, chance: random.Random) -> None:
    arena.registry.fault = chance.choice([*GARBAGE.values(), stall()])
    await _for_a_while(chance)
    arena.registry.fault = None


async def _harm(proxy: FaultProxy, chance: random.Random) -> None:
    """One direction of a link: held, slow, or in small pieces."""
    way = proxy.ways[chance.choice(list(Direction))]
    what = chance.choice(["held", "slow", "sliced"])
    if what == "held":
        way.passing.clear()
    elif what == "slow":
        way.latency_s, way.bytes_per_s = 0.3, 100_000
    else:
        way.piece_bytes = 7
    await _for_a_while(chance)
    proxy.heal()


MQTT_SIDE: Sequence[Fault] = (
    *(_kill, _kill, _terminate, _freeze, _restart_broker, _cut_mqtt, _harm_mqtt, _harm_mqtt, _publish_hostile),
)
KAFKA_SIDE: Sequence[Fault] = (
    *(_kill_kafka, _freeze_kafka, _cut_kafka, _lose_answers, _harm_kafka, _harm_kafka, _harm_registry),
)


def mix(seed: int, seconds: float) -> Row:
    """A row of random faults."""

    async def act(arena: Arena) -> None:
        ends_at = asyncio.get_running_loop().time() + seconds
        faults = await asyncio.gather(
            *(
                _lane(arena, random.Random(f"{seed} {n}"), lane, ends_at)
                for n, lane in enumerate((MQTT_SIDE, KAFKA_SIDE))
            )
        )
        assert all(faults), "no time for a fault in each lane"
        arena.heal()

    # After three short connections in a row it waits a minute, for fear of a second instance.
    return Row(f"random mix, {seconds:g} s, seed {seed}", act, True, 90, RESTARTED, per_s=150)


async def _lane(arena: Arena, chance: random.Random, faults: Sequence[Fault], ends_at: float) -> int:
    """One fault after the other; how many."""
    count = 0
    while asyncio.get_running_loop().time() < ends_at:
        await chance.choice(faults)(arena, chance)
        count += 1
        await asyncio.sleep(chance.uniform(0, _REST_S))  # so that faults of both lanes meet in ever other ways
    return count
