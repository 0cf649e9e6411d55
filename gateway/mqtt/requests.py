"""SUBSCRIBE and UNSUBSCRIBE over an aiomqtt client, and their replies; v5_requests is the same for our own link."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import aiomqtt

from gateway.errors import LinkError
from gateway.mqtt.client import Client
from gateway.mqtt.v5_requests import SUBSCRIPTIONS_PER_PACKET, check_count

T = TypeVar("T")


async def subscribe(client: Client, wanted: Sequence[tuple[str, Any]], timeout_s: float) -> list[int]:
    """The broker's code for each ``(filter, options)``, in order; ``timeout_s`` for one SUBACK. Raises LinkError."""
    codes: list[int] = []
    for start in range(0, len(wanted), SUBSCRIPTIONS_PER_PACKET):
        asked = list(wanted[start : start + SUBSCRIPTIONS_PER_PACKET])
        granted: Sequence[Any] = await _unless_closed(client, client.subscribe(asked, timeout=timeout_s))
        check_count(len(asked), len(granted))
        codes += [code.value for code in granted]
    return codes


async def unsubscribe(client: Client, filters: Sequence[str], timeout_s: float) -> None:
    """Gives the filters up; ``timeout_s`` for one UNSUBACK. Raises LinkError."""
    for pattern in filters:
        await _unless_closed(client, client.unsubscribe(pattern, timeout=timeout_s))


async def _unless_closed(client: Client, call: Coroutine[Any, Any, T]) -> T:
    """The call's result. Raises LinkError; if the connection ends first, with the reason of its end."""
    closed = client.closed
    if closed.done():
        call.close()
        raise LinkError(closed.result().reason)
    task = asyncio.get_running_loop().create_task(call)
    ends: set[asyncio.Future[Any]] = {task, closed}
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise LinkError(closed.result().reason)
    except aiomqtt.MqttError as exc:
        raise LinkError(closed.result().reason if closed.done() else str(exc)) from exc
    finally:
        task.cancel()
