"""What happens to the MQTT broker and on the way to it."""

from __future__ import annotations

import asyncio
import signal

from tests.faults.arena import Arena
from tests.faults.row import BOTH, Row
from tests.faults.signs import DISCONNECTED, RESTARTED, Signs
from tests.parts.fault_proxy import Direction
from tests.parts.mqtt_proxy import MqttProxy, answered
from tests.parts.waiting import eventually

_PACKET_IDS = 65_535
_DUP, _QOS, _QOS_1 = 0b1000, 0b0110, 0b0010
"""In the first byte of a PUBLISH [MQTT 3.3.1]."""

SESSION_LOST = Signs(log="session_lost", metric="schema_gateway_mqtt_sessions_lost_total > 0")
REPEATED = Signs(metric="schema_gateway_messages_redelivered_total > 200")
AWAY = Signs("mqtt_disconnected", "mqtt_disconnected", "schema_gateway_mqtt_connected == 0")


async def restarted(arena: Arena) -> None:
    """Stopped in order, and started again: the session is on its disk."""
    await asyncio.to_thread(arena.mosquitto.restart)
    arena.heal()


async def killed(arena: Arena) -> None:
    """SIGKILL before it has ever saved: the session is gone, and everything in it."""
    await arena.mid_batch()
    arena.mosquitto.kill()
    arena.kafka_proxy.heal()
    arena.mosquitto.start()
    arena.heal()
    await arena.logs("session_lost")
    await arena.ready()
    arena.forgive()


async def stale(arena: Arena) -> None:
    """SIGKILL some time after it has saved.

    It comes back with messages that were acknowledged since, and without those that came and were not yet forwarded.
    """
    await arena.mid_batch()
    saved = arena.mosquitto.folder / "mosquitto.db"
    arena.mosquitto.process.send(signal.SIGUSR1)
    await eventually(saved.exists, what="the broker's snapshot")
    arena.kafka_proxy.heal()
    await arena.flowing(800)
    arena.mqtt_proxy.hold()
    enough = len(arena.ledger.confirmed) + 100
    await eventually(lambda: len(arena.ledger.confirmed) > enough, what="messages that only the broker has")
    arena.mosquitto.kill()
    arena.mqtt_proxy.drop()
    arena.mqtt_proxy.heal()
    arena.mosquitto.start()
    arena.heal()
    await arena.ready()
    arena.forgive()


async def piled_up(arena: Arena) -> None:
    """The gateway is away until more messages wait for it than there are packet IDs."""
    arena.gateway.process.kill()
    enough = len(arena.ledger.confirmed) + _PACKET_IDS
    await eventually(lambda: len(arena.ledger.confirmed) > enough, 120, "a long queue in the broker")
    arena.heal()
    arena.gateway.launch()


async def repeated(arena: Arena) -> None:
    """It sends again, on the same connection, what waits for its acknowledgement; EMQX does so every 30 s."""
    arena.kafka.pause()
    for waiting in (100, 200, 300):
        await arena.underway(waiting)
        await eventually(lambda: not arena.mqtt_proxy.is_in_a_packet, what="a place between two packets")
        for packet in _unanswered(arena.mqtt_proxy):
            arena.mqtt_proxy.say(bytes([packet[0] | _DUP]) + packet[1:])
    arena.kafka.resume()
    arena.kafka.renew_admin()
    arena.heal()


def _unanswered(proxy: MqttProxy) -> list[bytes]:
    """What waits at QoS 1 on the newest connection, as it came."""
    arrived = [
        event for event in proxy.packets("PUBLISH", Direction.TO_CLIENT) if event.connection == proxy.connections
    ]
    done = {id(event) for event in answered(proxy.events).messages}
    return [event.raw for event in arrived if event.raw[0] & _QOS == _QOS_1 and id(event) not in done]


async def black_hole(arena: Arena) -> None:
    """Nothing comes through any more, no connection ends: only the keep-alive tells."""
    arena.mqtt_proxy.hold()
    await arena.shows(AWAY, timeout_s=20)
    arena.mqtt_proxy.drop()
    arena.mqtt_proxy.heal()
    arena.heal()


async def reset(arena: Arena) -> None:
    """The connection is cut while messages are underway."""
    await arena.mid_batch()
    arena.mqtt_proxy.drop()
    arena.kafka_proxy.heal()
    arena.heal()


async def sliced(arena: Arena) -> None:
    """Packets arrive a byte at a time."""
    for way in arena.mqtt_proxy.ways.values():
        way.piece_bytes = 1
    await arena.flowing(300)
    arena.mqtt_proxy.heal()
    arena.heal()


async def cut_in_a_packet(arena: Arena) -> None:
    """The connection ends in the middle of a packet, twice: after a third time we would take it for a contest."""
    for left_bytes in (1, 4097):
        next_one = arena.mqtt_proxy.connections + 1
        arena.mqtt_proxy.ways[Direction.TO_CLIENT].left_bytes = left_bytes
        await arena.connected(next_one, timeout_s=10)
        arena.heal()
        await arena.flowing(50, timeout_s=10)


ROWS = (
    Row("MQTT broker restarted", restarted, True, 10, DISCONNECTED, versions=BOTH, fast=True),
    Row("MQTT broker SIGKILL, never saved", killed, True, 10, SESSION_LOST, versions=BOTH, upstream_loss=True),
    Row(
        "MQTT broker SIGKILL, stale snapshot",
        stale,
        True,
        10,
        DISCONNECTED,
        some_duplicates=True,
        versions=BOTH,
        upstream_loss=True,
    ),
    Row("more messages wait than packet IDs", piled_up, True, 10, RESTARTED, versions=("3.1.1",), per_s=1500),
    Row("more messages wait than packet IDs, some at QoS 2", piled_up, True, 10, RESTARTED, per_s=1500),
    Row("MQTT broker repeats what waits", repeated, False, 10, REPEATED, versions=BOTH, fast=True),
    Row("MQTT black hole, keep-alive 10 s", black_hole, True, 10, AWAY, versions=BOTH),
    Row("MQTT connection reset", reset, True, 10, DISCONNECTED, some_duplicates=True, versions=BOTH, fast=True),
    Row("MQTT packets a byte at a time", sliced, False, 10, versions=BOTH),
    Row("MQTT connection cut in a packet", cut_in_a_packet, True, 10, DISCONNECTED, versions=BOTH),
)
