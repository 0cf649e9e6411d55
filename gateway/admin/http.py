"""What the admin endpoint answers: ``/``, ``/status``, ``/metrics``, ``/readyz`` and ``/healthz``.

Rules
- Read only: GET and HEAD, nothing changes by a request.
- Each answer is made from one overview, on the event loop; no handler runs in a thread.
- Behind the loopback interface only names of this machine are answered: otherwise any web site that an
  operator visits could point a name of its own at 127.0.0.1 and read the status (DNS rebinding).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.admin.json_bytes import encode_json
from gateway.admin.metrics import make_registry
from gateway.admin.page import POLICY, page
from gateway.admin.status import readiness, status
from gateway.pipeline.overview import Overview

PATHS = ("/", "/status", "/metrics", "/readyz", "/healthz")

_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""On every answer that does not say otherwise itself."""


def admin_app(overview: Callable[[], Overview], only_host: str | None = None) -> ASGIApp:
    """The endpoint as an ASGI application.

    With ``only_host`` a request must name that host, ``localhost`` or an IP address in its Host header.
    """
    show = _Answers(overview)
    endpoints = (show.page, show.status, show.metrics, show.readiness, show.health)
    routes = [Route(path, endpoint, methods=["GET"]) for path, endpoint in zip(PATHS, endpoints, strict=True)]
    handlers: Any = {HTTPException: _show_http_error, Exception: _show_failure}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return _Guard(app, only_host)


class _Answers:
    """The endpoints; each reads the overview once."""

    def __init__(self, overview: Callable[[], Overview]) -> None:
        self._overview = overview
        self._metrics = make_registry(overview)

    async def page(self, _: Request) -> Response:
        content = page(self._overview(), time.time_ns() // 1_000_000)
        return Response(content, media_type="text/html", headers={"content-security-policy": POLICY})

    async def status(self, _: Request) -> Response:
        return _json(status(self._overview()))

    async def metrics(self, request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(self._metrics), headers={"content-type": content_type})

    async def readiness(self, _: Request) -> Response:
        answer = readiness(self._overview())
        return _json(answer, HTTPStatus.OK if answer["ready"] else HTTPStatus.SERVICE_UNAVAILABLE)

    async def health(self, _: Request) -> Response:
        return PlainTextResponse("ok\n")


class _Guard:
    """In front of everything: checks the Host header, and puts the security headers on every answer."""

    def __init__(self, app: ASGIApp, only_host: str | None) -> None:
        self._app = app
        self._only_host = only_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        host = Headers(scope=scope).get("host")  # browsers always send one; health checks of HTTP/1.0 do not
        if self._only_host is None or host is None or _is_local(host, self._only_host):
            await self._app(scope, receive, send_guarded)
            return
        refusal = _error(
            HTTPStatus.MISDIRECTED_REQUEST,
            "the admin endpoint listens on the loopback interface only, and answers to localhost and to IP addresses; "
            "to reach it under another name let admin.listen in gateway.yaml be another interface",
        )
        await refusal(scope, receive, send_guarded)


def _is_local(host: str, own: str) -> bool:
    """Whether a Host header names this machine in a way that no one else can: a name can be pointed anywhere."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name in {own.lower(), "localhost"}:
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _json(answer: dict[str, Any], code: int = HTTPStatus.OK, headers: dict[str, str] | None = None) -> Response:
    return Response(encode_json(answer, indented=True), code, headers, "application/json")


def _error(code: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return _json({"error": message}, code, headers)


async def _show_http_error(_: Request, exc: HTTPException) -> Response:
    match exc.status_code:
        case HTTPStatus.NOT_FOUND:
            return _error(exc.status_code, f"there is no such page; these exist: {', '.join(PATHS)}")
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return _error(exc.status_code, "the admin endpoint is read only: use GET", {"allow": "GET, HEAD"})
        case _:
            return _error(exc.status_code, exc.detail)


async def _show_failure(_: Request, __: Exception) -> Response:
    """Starlette raises the exception again after this answer, and uvicorn logs it."""
    return _error(HTTPStatus.INTERNAL_SERVER_ERROR, "the gateway failed to answer; its log says why")
