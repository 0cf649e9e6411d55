"""A TCP proxy that can misbehave in every way in which a network does.

It forwards bytes unchanged, in order, until it is told otherwise; what it is told holds for open connections and for
new ones. A target that is gone is told to the client as the end of the stream, and what the client still sends is read
to its end: nothing that a client has sent is overlooked, unless the proxy itself cuts the connection. It knows no
protocol: what looks at the bytes overrides ``_passed``.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import Self

_CHUNK = 65_536
_AT_ONCE = struct.pack("ii", 1, 0)
"""For SO_LINGER: closing sends RST."""
_UNDERWAY = 256
"""Chunks that a slow way holds before it stops reading."""


class Direction(Enum):
    """Which way bytes go."""

    TO_BROKER = "to broker"
    TO_CLIENT = "to client"


@dataclass(slots=True)
class Way:
    """How bytes travel in one direction. May be changed while they do."""

    latency_s: float = 0.0
    """From one side to the other; does not limit how much is underway."""
    bytes_per_s: float | None = None
    piece_bytes: int | None = None
    """Most bytes that arrive together: 1 is the finest slicing there is."""
    swallows: bool = False
    """Bytes are read and never arrive, while the connection stays open."""
    passing: asyncio.Event = field(default_factory=asyncio.Event)
    """While cleared, nothing is forwarded and nothing is lost: a black hole that gives everything back."""
    left_bytes: int | None = None
    """Bytes that still pass before every connection is cut, in the middle of a packet perhaps."""

    def __post_init__(self) -> None:
        self.passing.set()


class FaultProxy:
    """Listens on a free port of 127.0.0.1 and forwards to a port there."""

    def __init__(self, target_port: int, port: int = 0) -> None:
        """``port`` is its own; 0 takes a free one."""
        self.target_port = target_port
        self.port = port
        self.connections = 0
        """Taken since the start."""
        self.forwarded = dict.fromkeys(Direction, 0)
        """Bytes that have passed."""
        self.ways = {direction: Way() for direction in Direction}
        self._refuses = False
        self._open: set[asyncio.StreamWriter] = set()
        self._clients: dict[int, asyncio.StreamWriter] = {}
        """Those of open connections, by the connection's number."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.close()
        self.heal()
        self.drop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def open_connections(self) -> frozenset[int]:
        """The numbers of those that are open on both sides."""
        return frozenset(self._clients)

    def heal(self) -> None:
        """Forwards as a good network does; what was held goes first."""
        self._refuses = False
        for way in self.ways.values():
            way.latency_s, way.bytes_per_s, way.piece_bytes = 0.0, None, None
            way.swallows, way.left_bytes = False, None
            way.passing.set()

    def refuse(self) -> None:
        """Cuts every connection, and every new one as soon as it is made: nobody is there."""
        self._refuses = True
        self.drop()

    def end(self) -> None:
        """Closes every open connection on both sides; what was forwarded arrives."""
        for writer in self._open:
            writer.transport.abort()

    def drop(self) -> None:
        """Cuts every open connection on both sides with RST: what is underway is gone."""
        for writer in self._open:
            if not writer.transport.is_closing():
                reset(writer)

    def hold(self, *directions: Direction) -> None:
        """Stops forwarding (both ways if none is named) without closing anything: a black hole."""
        for direction in directions or Direction:
            self.ways[direction].passing.clear()

    def release(self) -> None:
        """Forwards again, what was held first."""
        for way in self.ways.values():
            way.passing.set()

    def _passed(self, data: bytes, connection: int, direction: Direction) -> None:
        """Called with everything that is forwarded, just before it is; ``connection`` counts from 1."""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            writer.transport.abort()
            return
        self.connections += 1
        number = self.connections
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            target_reader, target_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, target_writer}
        self._open |= both
        self._clients[number] = writer
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forward(reader, target_writer, number, Direction.TO_BROKER))
                group.create_task(self._forward(target_reader, writer, number, Direction.TO_CLIENT))
        except* OSError:
            pass  # the client was reset: so is the target, below
        finally:
            self._open -= both
            del self._clients[number]
            for side in both:
                side.transport.abort()

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int, direction: Direction
    ) -> None:
        """Forwards until the reading side ends; then ends the other the same way. Raises OSError for the client's."""
        underway: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_UNDERWAY)
        now = asyncio.get_running_loop().time
        async with asyncio.TaskGroup() as group:
            group.create_task(self._deliver(underway, writer, number, direction))
            while data := await _read(reader, direction):
                await underway.put((now() + self.ways[direction].latency_s, data))
            await underway.put((now(), b""))

    async def _deliver(
        self,
        underway: asyncio.Queue[tuple[float, bytes]],
        writer: asyncio.StreamWriter,
        number: int,
        direction: Direction,
    ) -> None:
        """Writes what arrives when it is due, as the way allows, until the end."""
        way, now = self.ways[direction], asyncio.get_running_loop().time
        while True:
            due, data = await underway.get()
            await asyncio.sleep(max(0.0, due - now()))
            await way.passing.wait()
            if not data:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            while data and not way.swallows:
                piece, data = _split(data, way.piece_bytes)
                if way.left_bytes is not None:
                    piece = piece[: way.left_bytes]
                    way.left_bytes -= len(piece)
                self._passed(piece, number, direction)
                self.forwarded[direction] += len(piece)
                await _write(writer, piece, direction)
                if way.left_bytes == 0:
                    way.left_bytes = None
                    self.end()
                    return
                if way.bytes_per_s is not None:
                    await asyncio.sleep(len(piece) / way.bytes_per_s)


def reset(writer: asyncio.StreamWriter) -> None:
    """Cuts a connection with RST."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()


async def _read(reader: asyncio.StreamReader, direction: Direction) -> bytes:
    """What came, empty at the end; a target's reset is one too. Raises OSError if the client was reset."""
    try:
        return await reader.read(_CHUNK)
    except OSError:
        if direction is Direction.TO_BROKER:
            raise
        return b""


async def _write(writer: asyncio.StreamWriter, piece: bytes, direction: Direction) -> None:
    """Sends on. Raises OSError if the client is gone; a target that is takes nothing more."""
    if direction is Direction.TO_BROKER and writer.transport.is_closing():
        return
    try:
        writer.write(piece)
        await writer.drain()
    except OSError:
        if direction is Direction.TO_CLIENT:
            raise


def _split(data: bytes, most: int | None) -> tuple[bytes, bytes]:
    return (data, b"") if most is None else (data[:most], data[most:])
