"""The development registry in the running event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, host: str = "127.0.0.1", port: int = 0, **options: Any) -> AsyncIterator[str]:
    """The base URL under which ``app`` answers inside the block; port 0 takes a free one.

    Requests are accepted from the first moment on. ``options`` are further settings of uvicorn, for
    example ``ssl_certfile``. Raises OSError if the port is taken, UnicodeError if the host cannot be a name.
    """
    listener = _listen(host, port)
    bound_port = listener.getsockname()[1]
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,  # uvicorn's own would set handlers beside those of the process
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
        **options,
    )
    server = uvicorn.Server(config)
    # SIGINT and SIGTERM belong to whoever runs the loop; uvicorn has no setting for that.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    task = asyncio.get_running_loop().create_task(server.serve(sockets=[listener]), name="development registry")
    try:
        named = f"[{host}]" if ":" in host else host
        yield f"{'https' if config.is_ssl else 'http'}://{named}:{bound_port}"
    finally:
        server.should_exit = True
        await task
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket; with its protocol named, for only then does asyncio set TCP_NODELAY on its connections.

    Without that every answer takes the 40 ms of a delayed acknowledgement.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
