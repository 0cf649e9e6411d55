"""A TCP proxy between gateway and broker that logs MQTT packets both ways and can misbehave.

``events`` is one ordered list over all connections: what a test needs to prove the order of PUBACKs
or that nothing was unsubscribed. Bytes pass unchanged; only fixed headers are read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum
from types import TracebackType
from typing import NamedTuple, Self

TYPES = {
    1: "CONNECT",
    2: "CONNACK",
    3: "PUBLISH",
    4: "PUBACK",
    5: "PUBREC",
    6: "PUBREL",
    7: "PUBCOMP",
    8: "SUBSCRIBE",
    9: "SUBACK",
    10: "UNSUBSCRIBE",
    11: "UNSUBACK",
    12: "PINGREQ",
    13: "PINGRESP",
    14: "DISCONNECT",
    15: "AUTH",
}
_WITH_ID_FIRST = frozenset({"PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK"})


class Direction(Enum):
    """Which way a packet went."""

    TO_BROKER = "to broker"
    TO_CLIENT = "to client"


class Event(NamedTuple):
    """One packet that passed."""

    time: float
    """Seconds on the event loop's clock."""
    connection: int
    """Counts from 1."""
    direction: Direction
    type: str
    packet_id: int | None
    raw: bytes


class MqttProxy:
    """Listens on a free port of 127.0.0.1 and forwards to the broker's port."""

    def __init__(self, broker_port: int) -> None:
        self.broker_port = broker_port
        self.events: list[Event] = []
        self.connections = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._passing = {direction: asyncio.Event() for direction in Direction}
        for passing in self._passing.values():
            passing.set()
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.close()
        self.drop()
        for passing in self._passing.values():
            passing.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """The proxy's address as ``mqtt.url``."""
        return f"mqtt://127.0.0.1:{self.port}"

    def packets(self, kind: str, direction: Direction | None = None) -> list[Event]:
        """The packets of a type that passed so far, in order."""
        return [e for e in self.events if e.type == kind and (direction is None or e.direction is direction)]

    def hold(self, *directions: Direction) -> None:
        """Stops forwarding (both ways if none is named) without closing anything: a black hole."""
        for direction in directions or Direction:
            self._passing[direction].clear()

    def release(self) -> None:
        """Forwards again, what was held first."""
        for passing in self._passing.values():
            passing.set()

    def drop(self) -> None:
        """Cuts every open connection on both sides with RST."""
        for writer in self._open:
            writer.transport.abort()

    async def wait_for(self, condition: Callable[[list[Event]], bool], timeout_s: float = 10) -> None:
        """Returns when the condition holds for the events; it is asked again after each packet."""
        async with asyncio.timeout(timeout_s):
            while not condition(self.events):
                self._changed.clear()
                await self._changed.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            broker_reader, broker_writer = await asyncio.open_connection("127.0.0.1", self.broker_port)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, broker_writer}
        try:
            await asyncio.gather(
                self._forward(reader, broker_writer, number, Direction.TO_BROKER),
                self._forward(broker_reader, writer, number, Direction.TO_CLIENT),
            )
        finally:
            for side in (writer, broker_writer):
                self._open.discard(side)
                side.transport.abort()
            self._tasks.discard(task)

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int, direction: Direction
    ) -> None:
        """Forwards until one side ends; then ends the other the same way."""
        pending = bytearray()
        try:
            while data := await reader.read(65536):
                await self._passing[direction].wait()
                pending += data
                self._log(pending, number, direction)
                writer.write(data)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
        except OSError:
            writer.transport.abort()

    def _log(self, pending: bytearray, number: int, direction: Direction) -> None:
        """Moves complete packets from ``pending`` into the events."""
        now = asyncio.get_running_loop().time()
        while (length := _packet_length(pending)) is not None and len(pending) >= length[1]:
            header, total = length
            raw = bytes(pending[:total])
            del pending[:total]
            kind = TYPES[raw[0] >> 4]
            self.events.append(Event(now, number, direction, kind, _packet_id(kind, raw, header), raw))
        self._changed.set()


def _packet_length(data: bytearray) -> tuple[int, int] | None:
    """Length of the fixed header and of the whole packet; None if the header is incomplete."""
    size = 0
    for index, byte in enumerate(data[1:5]):
        size |= (byte & 127) << 7 * index
        if byte < 128:
            return index + 2, index + 2 + size
    return None


def _packet_id(kind: str, raw: bytes, header: int) -> int | None:
    if kind in _WITH_ID_FIRST:
        return int.from_bytes(raw[header : header + 2], "big")
    if kind == "PUBLISH" and raw[0] & 0b0110:
        at = header + 2 + int.from_bytes(raw[header : header + 2], "big")
        return int.from_bytes(raw[at : at + 2], "big")
    return None
