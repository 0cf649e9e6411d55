"""A development registry that can be made to misbehave: every way in which a registry fails us.

The faults are ASGI applications; ``FaultyRegistry.fault`` takes the place of the registry while set.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.registry.development.http import registry_app
from gateway.registry.development.serve import serving
from gateway.registry.development.store import Store


@dataclass(eq=False)
class FaultyRegistry:
    """A registry with a switch. Use it as an ASGI application."""

    store: Store = field(default_factory=Store)
    fault: ASGIApp | None = None
    """Answers instead of the registry while it is set."""
    requests: list[str] = field(default_factory=list)
    """Method and path of every request, in order."""
    headers: list[dict[str, str]] = field(default_factory=list)
    """The headers of every request, names in lower case."""
    url: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Notes the request, and answers or fails."""
        self.requests.append(f"{scope['method']} {scope['raw_path'].decode()}")
        self.headers.append({name.decode(): value.decode() for name, value in scope["headers"]})
        await (self.fault or registry_app(self.store))(scope, receive, send)


@asynccontextmanager
async def faulty_registry(**options: Any) -> AsyncIterator[FaultyRegistry]:
    """A running registry with a switch; ``options`` are uvicorn's."""
    registry = FaultyRegistry()
    async with serving(registry, **options) as url:
        registry.url = url
        yield registry


def answer(status: int, body: bytes | str, headers: Mapping[str, str] | None = None) -> ASGIApp:
    """Always this answer."""
    return Response(body, status, {"content-type": "application/json", **(headers or {})})


def endless(total_bytes: int) -> ASGIApp:
    """A JSON list that grows to ``total_bytes``, without saying so beforehand."""
    chunk = b'"' + b"x" * 65_533 + b'",'

    async def body() -> AsyncIterator[bytes]:
        yield b"["
        for _ in range(total_bytes // len(chunk)):
            yield chunk
        yield b'""]'

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await StreamingResponse(body(), media_type="application/json")(scope, receive, send)

    return app


def stall() -> ASGIApp:
    """No answer at all, until the client gives up."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    return app


def drip() -> ASGIApp:
    """An answer that never ends, a byte at a time: each comes in time, the whole does not."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # the request itself
        gone = asyncio.ensure_future(receive())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not gone.done():
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.wait([gone], timeout=0.05)

    return app


def in_turn(apps: Iterable[ASGIApp], then: ASGIApp) -> ASGIApp:
    """Each of ``apps`` for one request, ``then`` for all that follow."""
    waiting = list(apps)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (waiting.pop(0) if waiting else then)(scope, receive, send)

    return app
