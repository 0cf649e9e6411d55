"""The crash sweep: SIGKILL at every stage of a message, again and again.

After each the oracle looks at what has left the gateway: whatever it has acknowledged must be in Kafka, now, before it
starts again. At the end the usual checker looks at all of it.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.faults.arena import Arena
from tests.faults.checker import messages_in
from tests.faults.ledger import Message
from tests.parts.fault_proxy import Direction
from tests.parts.mqtt_proxy import Event
from tests.parts.waiting import eventually

STAGES = ("dies_encoding", "dies_producing", "dies_reported")
"""Variants of the gateway; that of the acknowledgement is seen from outside."""


@dataclass(frozen=True, slots=True)
class Kill:
    """One SIGKILL."""

    stage: str
    """``acknowledged``, or one of STAGES."""
    number: int
    """Of the message since the start of the process, from 1."""


def kills(numbers: Sequence[int]) -> list[Kill]:
    """Each number at each stage."""
    return [Kill(stage, number) for number in numbers for stage in ("acknowledged", *STAGES)]


async def sweep(arena: Arena, plan: Sequence[Kill]) -> list[str]:
    """What the gateway had acknowledged and Kafka did not hold: killed by the plan, and then started for good."""
    wrong: dict[Message, str] = {}
    held: set[Message] = set()
    gateway = arena.gateway
    await asyncio.to_thread(gateway.process.terminate)
    for kill in plan:
        arena.change(gateway, f"{kill.stage}:{kill.number}" if kill.stage in STAGES else "")
        gateway.launch()
        if kill.stage not in STAGES:
            arena.mqtt_proxy.on_event = _killer(arena, kill.number)
        await eventually(lambda: not gateway.process.running, 60, f"the end of the gateway by {kill}")
        assert gateway.process.terminate() == -signal.SIGKILL, f"{kill}: {gateway.process.tail()}"
        arena.mqtt_proxy.on_event = None
        for destination in arena.topics:
            held |= messages_in(await arena.read(destination), destination, arena.ledger)
        for message in arena.seen().acknowledged - held:
            wrong.setdefault(message, f"{kill}: {message}")
    arena.change(gateway)
    gateway.launch()
    arena.heal()
    return list(wrong.values())


def _killer(arena: Arena, number: int) -> Callable[[Event], None]:
    """Sends SIGKILL with the acknowledgement that has this number, counted from now."""
    process, left = arena.gateway.process, number

    def watch(event: Event) -> None:
        nonlocal left
        if event.direction is Direction.TO_BROKER and event.type in {"PUBACK", "PUBREC"}:
            left -= 1
            if left == 0:
                process.send(signal.SIGKILL)

    return watch
