"""What happens to the gateway's own process, and to its session by another one."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from tests.faults.arena import Arena
from tests.faults.row import BOTH, Row
from tests.faults.signs import DISCONNECTED, RESTARTED, Signs
from tests.parts.fault_proxy import Direction
from tests.parts.waiting import eventually

FROZEN_S = 30
_TAKEN_OVER = bytes.fromhex("e0018e")
"""DISCONNECT with the reason "session taken over"."""

CONTESTED = Signs("session_contested", "session_contested", "schema_gateway_mqtt_connection_failures_total > 2")
STOPPED = replace(RESTARTED, log="stopped")
TAKEN_OVER = replace(RESTARTED, log="session_taken_over")


async def killed(arena: Arena) -> None:
    """SIGKILL amid a batch: messages are underway on both sides."""
    await arena.mid_batch()
    arena.gateway.process.kill()
    arena.kafka_proxy.heal()
    arena.heal()
    arena.gateway.launch()


async def terminated(arena: Arena) -> None:
    """SIGTERM under load: it drains, and keeps its session."""
    before = len(arena.mqtt_proxy.events)
    code = await asyncio.to_thread(arena.gateway.process.terminate)
    assert code == 0, arena.gateway.process.tail()
    told = [event.type for event in arena.mqtt_proxy.events[before:] if event.direction is Direction.TO_BROKER]
    assert told[-1] == "DISCONNECT"
    assert "UNSUBSCRIBE" not in told
    arena.heal()
    arena.gateway.launch()


async def frozen(arena: Arena) -> None:
    """SIGSTOP, shorter than the keep-alive allows: nobody notices."""
    before = arena.mqtt_proxy.connections
    await _freeze(arena)
    await arena.flowing(100)
    assert arena.mqtt_proxy.connections == before, "a false time-out"


async def frozen_too_long(arena: Arena) -> None:
    """SIGSTOP, longer than the keep-alive allows: the broker ends the connection meanwhile."""
    before = arena.mqtt_proxy.connections
    await _freeze(arena)
    await arena.connected(before + 1)


async def _freeze(arena: Arena) -> None:
    arena.gateway.process.pause()
    await asyncio.sleep(FROZEN_S)  # the fault itself: time in which the process does nothing
    arena.gateway.process.resume()
    arena.heal()


async def taken_over(arena: Arena) -> None:
    """Another instance with the same client ID, on a broker that tells nobody why it ends connections."""
    arena.make_gateway().launch()
    await arena.logs("session_contested", timeout_s=60)
    contested = [gateway for gateway in arena.gateways if "session_contested" in gateway.log]
    if contested[0] is arena.gateway:
        arena.gateways.reverse()
    arena.heal()
    await arena.shows(CONTESTED)
    await asyncio.to_thread(contested[0].process.terminate)


async def taken_over_with_reason(arena: Arena) -> None:
    """The broker says that another client has the session now: this instance ends, and says why."""
    process = arena.gateway.process
    while not await _is_between_packets(arena):
        pass  # paced by what the broker sends
    arena.mqtt_proxy.say(_TAKEN_OVER)
    await eventually(lambda: not process.running, what="the gateway to end")
    assert await asyncio.to_thread(process.terminate) == 4
    arena.mqtt_proxy.heal()
    arena.heal()
    arena.gateway.launch()


async def _is_between_packets(arena: Arena) -> bool:
    """Holds what the broker sends. Whether that was at the end of a packet; else it goes on."""
    await arena.received(1)
    arena.mqtt_proxy.hold(Direction.TO_CLIENT)
    await asyncio.sleep(0)
    if arena.mqtt_proxy.is_in_a_packet:
        arena.mqtt_proxy.release()
        return False
    return True


async def member_killed(arena: Arena) -> None:
    """One of two members of a shared subscription is killed; the other goes on, and it comes back."""
    second = arena.make_gateway(client_id="second", share="fleet")
    second.launch()
    await asyncio.to_thread(second.wait_ready)
    await arena.flowing(400)
    for gateway in arena.gateways:
        assert any(contract["handled"] for contract in (await arena.status(gateway))["contracts"]), "it has no share"
    await arena.mid_batch()
    arena.gateway.process.kill()
    arena.kafka_proxy.heal()
    await arena.flowing(200)
    arena.heal()
    arena.gateway.launch()


ROWS = (
    Row("gateway SIGKILL mid-batch", killed, True, 10, RESTARTED, some_duplicates=True, versions=BOTH, fast=True),
    Row("gateway SIGTERM", terminated, False, 10, STOPPED, versions=BOTH),
    Row(f"gateway frozen {FROZEN_S} s, keep-alive 60 s", frozen, False, 10, mqtt={"keepalive_s": 60}),
    Row(f"gateway frozen {FROZEN_S} s, keep-alive 10 s", frozen_too_long, True, 10, DISCONNECTED, versions=BOTH),
    Row("session taken over, again and again", taken_over, True, 10, CONTESTED),
    Row("session taken over, and the broker says so", taken_over_with_reason, True, 10, TAKEN_OVER),
    Row(
        "one of two shared members SIGKILL",
        member_killed,
        True,
        10,
        RESTARTED,
        some_duplicates=True,
        mqtt={"client_id": "first", "share": "fleet"},
        is_ordered=False,
    ),
)
