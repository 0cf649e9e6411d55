"""The demo's tasks: none outlives its block, and none fails unheard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from gateway.app import Gateway
from gateway.errors import GatewayError

T = TypeVar("T")


@asynccontextmanager
async def running(gateway: Gateway) -> AsyncIterator[asyncio.Task[None]]:
    """The gateway at work; behind the block it has drained. Raises there what the gateway raised."""
    stop = asyncio.Event()
    working = asyncio.create_task(gateway.run(stop), name="gateway")
    try:
        yield working
    finally:
        stop.set()
        await asyncio.wait({working})
    working.result()


@asynccontextmanager
async def background(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """The coroutine as a task, cancelled behind the block if it has not ended."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})


async def outcome(wanted: asyncio.Task[T], *endless: asyncio.Task[Any]) -> T:
    """What ``wanted`` returns. Raises what it raised, or what ended one of those that should go on."""
    done, _ = await asyncio.wait({wanted, *endless}, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
    if wanted not in done:
        raise GatewayError("a part of the demo has ended by itself; please report this")
    return wanted.result()
