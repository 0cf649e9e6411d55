"""A broker that sends exactly the bytes a test gives it, on 127.0.0.1; it knows nothing of MQTT but lengths."""

from __future__ import annotations

import asyncio
import ssl
from types import TracebackType
from typing import Self

from tests.unit.mqtt.wire import CONNACK


class FakeBroker:
    """Takes one connection at a time and answers its CONNECT with ``hello``."""

    def __init__(self, hello: bytes = CONNACK, tls: ssl.SSLContext | None = None) -> None:
        self.hello = hello
        self._tls = tls
        self.connect = b""
        """The CONNECT packet that came."""
        self._accepted = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        scheme = "mqtt" if self._tls is None else "mqtts"
        self.url = f"{scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.close()
        if self._accepted.is_set():
            self._writer.transport.abort()
        await self._server.wait_closed()

    async def send(self, *packets: bytes) -> None:
        """Writes to the client."""
        await asyncio.wait_for(self._accepted.wait(), 10)
        self._writer.write(b"".join(packets))
        await self._writer.drain()

    async def read(self) -> bytes:
        """The client's next packet, whole; empty when it has closed its side."""
        async with asyncio.timeout(10):
            head = await self._reader.read(1)
            size, shift = 0, 0
            while head:
                byte = await self._reader.readexactly(1)
                head += byte
                size |= (byte[0] & 127) << shift
                shift += 7
                if byte[0] < 128:
                    return head + await self._reader.readexactly(size)
            return b""

    def cut(self) -> None:
        """Closes the connection without a word of TLS, as brokers do that shut down."""
        self._writer.transport.abort()

    async def close(self) -> None:
        """Closes the connection."""
        self._writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.connect = await self.read()
        writer.write(self.hello)
        self._accepted.set()
