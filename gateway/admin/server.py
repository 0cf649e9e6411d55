"""The admin endpoint's socket and its life, on the event loop of the gateway.

uvicorn speaks HTTP. It gets no signal handlers, no lifespan, no access log and no logging configuration of
its own: signals belong to the service, lines to ``logs``.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import uvicorn

from gateway.admin.connections import ShortConnection
from gateway.admin.http import admin_app
from gateway.errors import GatewayError
from gateway.pipeline.overview import Overview

_REMEDIES = {
    errno.EADDRINUSE: "another process listens there: end it",
    errno.EACCES: "this user may not take that port: ports below 1024 are for root",
    errno.EADDRNOTAVAIL: "this machine does not have that address",
}

_ABSENT = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""What one address of a host may answer where another works: ``localhost`` means ``::1`` too where IPv6 is off."""


class AdminServer:
    """Serves the overview over HTTP between ``start`` and ``stop``; can be started once."""

    def __init__(self, listen: str, overview: Callable[[], Overview]) -> None:
        """``listen`` is HOST:PORT, an IPv6 address in brackets; port 0 takes a free one."""
        parts = urlsplit(f"//{listen}")
        self._listen = listen
        self._host = parts.hostname or ""
        self._port = parts.port or 0
        self._overview = overview
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where it answers, for example ``http://127.0.0.1:8088``; with the real port once started."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def start(self) -> None:
        """Listens; requests are accepted when this returns.

        Raises GatewayError if it cannot listen there: where, why, what to do.
        """
        listeners = await self._open()
        self._port = listeners[0].getsockname()[1]
        loopback = all(ip_address(listener.getsockname()[0]).is_loopback for listener in listeners)
        config = uvicorn.Config(
            admin_app(self._overview, only_host=self._host if loopback else None),
            http=ShortConnection,
            # asyncio takes as many connections at a time, and complains as often when there are no file descriptors.
            backlog=16,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        # uvicorn has no setting for this: SIGINT and SIGTERM belong to whoever runs the loop.
        self._server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        self._task = asyncio.create_task(self._server.serve(sockets=listeners), name="admin endpoint")

    async def stop(self) -> None:
        """Answers what is asked already, for at most a second, and closes; without effect if it is not running."""
        if self._server is None or self._task is None:
            return
        self._server.should_exit = True
        await self._task
        self._server = self._task = None

    async def _open(self) -> list[socket.socket]:
        """A listening socket for every address of the host, all with one port: ``localhost`` often has two."""
        loop = asyncio.get_running_loop()
        listeners: list[socket.socket] = []
        unusable: OSError | None = None
        try:
            found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            for family, _, protocol, _, address in dict.fromkeys(found):
                port = listeners[0].getsockname()[1] if listeners else self._port
                try:
                    listeners.append(_listen(family, protocol, (address[0], port, *address[2:])))
                except OSError as exc:
                    if exc.errno not in _ABSENT:
                        raise
                    unusable = exc
            if not listeners and unusable is not None:
                raise unusable
        except OSError as exc:
            for listener in listeners:
                listener.close()
            reason = _REMEDIES.get(exc.errno or 0, exc.strerror or str(exc))
            raise GatewayError(
                f"the admin endpoint cannot listen on {self._listen}: {reason}; "
                "or let admin.listen in gateway.yaml name another address or port"
            ) from exc
        return listeners


def _listen(family: int, protocol: int, address: tuple[Any, ...]) -> socket.socket:
    """A listening socket; with its protocol named, for only then does asyncio set TCP_NODELAY on its connections."""
    listener = socket.socket(family, socket.SOCK_STREAM, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener
