"""A development registry that can be made to misbehave: every way in which a registry fails us.

The faults are ASGI applications; ``FaultyRegistry.fault`` takes the place of the registry while set.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.registry.development.http import registry_app
from gateway.registry.development.serve import serving
from gateway.registry.development.store import Store
from gateway.registry.session import MAX_ANSWER_BYTES


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
            await asyncio.sleep(0)  # or nobody hears that the client has gone
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


def at_path(path: str, app: ASGIApp, otherwise: ASGIApp) -> ASGIApp:
    """``app`` for requests to this path, ``otherwise`` for all others."""

    async def chosen(scope: Scope, receive: Receive, send: Send) -> None:
        await (app if scope["raw_path"].decode() == path else otherwise)(scope, receive, send)

    return chosen


VERSION = {"subject": "gate", "version": 1, "id": 7, "schemaType": "JSON", "schema": "{}"}
"""A version as a registry shows it."""

GARBAGE: dict[str, ASGIApp] = {
    "an empty object": answer(200, "{}"),
    "an empty body": answer(200, ""),
    "no content": answer(204, ""),
    "a list": answer(200, "[]"),
    "a proxy's page": answer(200, "<html><body>Please log in</body></html>", {"content-type": "text/html"}),
    "bytes": answer(200, b"\xff\xfe\x00garbage"),
    "JSON nested too deeply": answer(200, "[" * 500_000),
    "an ID as text": answer(200, json.dumps({**VERSION, "id": "7"})),
    "an ID that is a boolean": answer(200, json.dumps({**VERSION, "id": True})),
    "an ID beyond 31 bits": answer(200, json.dumps({**VERSION, "id": 2**31})),
    "a negative ID": answer(200, json.dumps({**VERSION, "id": -1})),
    "version 0": answer(200, json.dumps({**VERSION, "version": 0})),
    "no schema": answer(200, json.dumps({**VERSION, "schema": None})),
    "an empty schema": answer(200, json.dumps({**VERSION, "schema": ""})),
    "a schema that is not JSON": answer(200, json.dumps({**VERSION, "schema": "{"})),
    "a schema that is no text": answer(200, json.dumps({**VERSION, "schema": {}})),
    "a GUID that is none": answer(200, json.dumps({**VERSION, "guid": "x"})),
    "references of the wrong type": answer(200, json.dumps({**VERSION, "references": {"name": "x"}})),
    "a reference without version": answer(200, json.dumps({**VERSION, "references": [{"name": "x", "subject": "y"}]})),
    "a schema that refers to itself": answer(
        200, json.dumps({**VERSION, "references": [{"name": "x", "subject": "gate", "version": 1}]})
    ),
    "a failure": answer(500, '{"error_code": 50001, "message": "Error in the backend data store"}'),
    "a failure without words": answer(502, ""),
    "not ready": answer(503, "starting"),
    "too many requests": answer(429, "slow down"),
    "a wait beyond all calendars": answer(503, "", {"retry-after": "Fri, 01 Jan 99999999999999999999 00:00:00 GMT"}),
    "wrong credentials": answer(401, '{"error_code": 401, "message": "Unauthorized"}'),
    "no permission": answer(403, '{"error_code": 40301, "message": "Forbidden"}'),
    "an announced flood": answer(200, b" " * (MAX_ANSWER_BYTES + 1)),
    "a flood": endless(80_000_000),
    "a compressed answer": answer(200, gzip.compress(json.dumps(VERSION).encode()), {"content-encoding": "gzip"}),
    "an informal status": answer(299, "x"),
}
"""Answers to "the latest version of gate" that are none, by what is wrong with them."""
