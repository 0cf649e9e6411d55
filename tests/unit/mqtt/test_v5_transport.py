"""An MQTT 5 link on a transport without a network: when it reads, what it writes together, how it ends."""

from __future__ import annotations

import asyncio
import errno
from typing import Any

import mqtt5
import pytest

from gateway.mqtt.v5_link import Mqtt5Link
from gateway.pipeline.acks import AckWindow
from tests.parts.receiver import Received
from tests.unit.mqtt.wire import CONNACK, publish


class Pipe(asyncio.Transport):
    """A transport that keeps what is written, and when reading was paused (False) and resumed (True)."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.reading: list[bool] = []
        self.aborts = 0

    def write(self, data: Any) -> None:
        """Keeps it."""
        self.written.append(bytes(data))

    def can_write_eof(self) -> bool:
        """As TCP."""
        return True

    def write_eof(self) -> None:
        """Fails: the peer has closed, which nobody has read yet."""
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    def pause_reading(self) -> None:
        """Remembers it."""
        self.reading.append(False)

    def resume_reading(self) -> None:
        """Remembers it."""
        self.reading.append(True)

    def abort(self) -> None:
        """Remembers it."""
        self.aborts += 1


@pytest.fixture
async def pipe() -> tuple[Pipe, Mqtt5Link, Received]:
    """An open link without a network."""
    transport, received = Pipe(), Received()
    window = AckWindow(100, 1 << 20)
    received.link = link = Mqtt5Link(received, window, mqtt5.ConnectPacket("gw", keep_alive=60), 1000, lambda: 0)
    link.connection_made(transport)
    link.data_received(CONNACK)
    transport.written.clear()
    return transport, link, received


async def test_who_takes_no_answers_is_not_read(pipe: tuple[Pipe, Mqtt5Link, Received]):
    """While the broker does not take what we wrote we do not read, whatever the window says; then we go on."""
    transport, link, received = pipe
    link.data_received(publish())
    link.pause_writing()
    received.settle()
    assert transport.reading == [False]
    link.resume_writing()
    assert transport.reading == [False, True]
    link.connection_lost(None)


async def test_answers_leave_together(pipe: tuple[Pipe, Mqtt5Link, Received]):
    """The answers to one read, and those of one acknowledge, are one write each."""
    transport, link, received = pipe
    link.data_received(b"\x62\x02\x00\x01" * 3 + publish(packet_id=1) + publish(packet_id=2, qos=2))
    assert transport.written == [b"\x70\x03\x00\x01\x92" * 3]
    received.settle()
    assert transport.written[1:] == [b"\x40\x02\x00\x01\x50\x02\x00\x02"]
    link.connection_lost(None)


async def test_an_aborted_link_is_deaf_and_dumb_at_once(pipe: tuple[Pipe, Mqtt5Link, Received]):
    """Its transport is cut a turn later; meanwhile nothing is delivered, answered or acknowledged."""
    transport, link, received = pipe
    link.data_received(publish())
    link.abort()
    assert transport.aborts == 0
    link.data_received(publish(packet_id=8) + b"\x62\x02\x00\x01")
    received.settle()
    link.pause_writing()
    link.resume_writing()
    await asyncio.sleep(0)
    assert transport.aborts == 1
    assert transport.written == []
    assert len(received.messages) == 1
    link.connection_lost(None)


async def test_a_broker_that_was_faster_with_its_end(pipe: tuple[Pipe, Mqtt5Link, Received]):
    """That it closed unnoticed is no fault of ours: the link reads on, and ends as it was told to."""
    transport, link, received = pipe
    link.data_received(publish() + b"\x10\x00")
    assert transport.written == [b"\xe0\x01\x82"]
    assert transport.reading == [True]
    link.connection_lost(None)
    assert "packet of type 1" in (await link.wait_closed()).reason
    assert len(received.messages) == 1


async def test_a_goodbye_to_a_broker_that_was_faster(pipe: tuple[Pipe, Mqtt5Link, Received]):
    """A drain ends in good order all the same."""
    transport, link, _ = pipe
    leaving = asyncio.create_task(link.disconnect())
    await asyncio.sleep(0)
    assert transport.written == [b"\xe0\x00"]
    link.connection_lost(None)
    await leaving
    assert (await link.wait_closed()).reason == "disconnected by the gateway"


async def test_nothing_is_written_after_the_end(pipe: tuple[Pipe, Mqtt5Link, Received]):
    """Tickets that settle after connection_lost write nothing, and bytes that come after abort deliver nothing."""
    transport, link, received = pipe
    link.data_received(publish())
    link.abort()
    link.data_received(publish())
    received.settle()
    link.connection_lost(None)
    link.acknowledge(received.tickets)
    assert transport.written == []
    assert len(received.messages) == 1
