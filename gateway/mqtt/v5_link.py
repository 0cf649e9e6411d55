"""One live MQTT 5 connection: the ``Link`` port as an asyncio Protocol.

Rules
- Messages go to the receiver in order of arrival, and none after the connection has ended.
- While the window is full a PUBLISH stays unparsed in the buffer and the socket is paused;
  ``acknowledge`` parses the buffer first, then reads on. What is before that PUBLISH is handled.
- One ``acknowledge`` is one write. Nothing here blocks, and nothing is retried: the service makes
  the next connection.

``asyncio.Protocol`` and not ``BufferedProtocol``: measured under flood the latter saves 0.15 us of
about 3 us a message, and pays for it with a buffer that must grow by hand for large packets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from enum import Enum
from typing import cast

import mqtt5

from gateway.errors import LinkError, SessionTakenOver
from gateway.model import Message
from gateway.mqtt import reasons
from gateway.mqtt.answers import Answers
from gateway.mqtt.malformed import Refusal
from gateway.mqtt.v5_codec import BadPacket
from gateway.mqtt.v5_packets import Held, PacketReader
from gateway.mqtt.v5_requests import Requests
from gateway.mqtt.v5_wire import Wire
from gateway.pipeline.acks import AckWindow, Ticket
from gateway.pipeline.ports import LinkClosed, Receiver, Subscription

_DISCONNECT = b"\xe0\x00"
_DISCONNECT_PROTOCOL_ERROR = b"\xe0\x01\x82"


class State(Enum):
    """Where a connection stands. Messages are delivered while it is OPEN."""

    NEW = "no network connection yet"
    CONNECTING = "CONNECT is sent"
    OPEN = "CONNACK has come"
    CLOSING = "we said goodbye and wait for the broker to close"
    CLOSED = "ended, or cut"


_OPEN = State.OPEN
"""Looked up once: it is asked for before each message."""


class Mqtt5Link(asyncio.Protocol):
    """The connection, from its CONNECT to its end."""

    session_present: bool
    session_expiry_s: int | None

    def __init__(
        self,
        receiver: Receiver,
        window: AckWindow,
        connect: mqtt5.ConnectPacket,
        payload_limit: int,
        now_ms: Callable[[], int],
    ) -> None:
        self._receiver = receiver
        self._window = window
        self._connect = connect
        self._now_ms = now_ms
        self._reader = PacketReader(payload_limit)
        self._answers = Answers()
        self._requests = Requests(self._write)
        self._wire = Wire(connect.keep_alive, lambda silence: self._cut(LinkClosed(silence)))
        self._state = State.NEW
        loop = asyncio.get_running_loop()
        self._connected: asyncio.Future[None] = loop.create_future()
        self._closed: asyncio.Future[LinkClosed] = loop.create_future()
        self._end: LinkClosed | None = None
        self._stopped = False
        self._write_full = False
        self._delivering = False
        self._unsent = bytearray()
        """Answers that came up while delivering; they leave together."""

    # What the service calls (ports.Link)

    async def wait_connected(self) -> None:
        """Returns when the broker has accepted us. Raises LinkError: refused, or the connection ended."""
        await asyncio.shield(self._connected)

    async def subscribe(self, subscriptions: Sequence[Subscription]) -> list[int]:
        """The broker's reason code for each subscription, in order."""
        self._require_open()
        return await self._requests.subscribe(subscriptions)

    async def unsubscribe(self, filters: Sequence[str]) -> None:
        """Gives the filters up."""
        self._require_open()
        await self._requests.unsubscribe(filters)

    def acknowledge(self, tickets: Sequence[Ticket]) -> None:
        """PUBACK or PUBREC for each ticket in one write, then reads on."""
        if self._state is not State.OPEN:
            return
        self._write(self._answers.acknowledge(tickets))
        if self._wire.paused:
            self._deliver()

    def stop_reading(self) -> None:
        """Holds back every further PUBLISH."""
        self._stopped = True

    async def wait_closed(self) -> LinkClosed:
        """Why the connection ended, when it has. Raises only a fault of our own code."""
        return await asyncio.shield(self._closed)

    async def disconnect(self) -> None:
        """DISCONNECT after everything written has left, the session kept; then closed."""
        end = LinkClosed("disconnected by the gateway")
        if self._state is State.OPEN:
            self._leave(end, _DISCONNECT)
        elif self._state is not State.CLOSING:
            self._cut(end)
        await self.wait_closed()

    def abort(self) -> None:
        """Cuts the connection."""
        self._cut(LinkClosed("cut by the gateway"))

    # What the event loop calls (asyncio.Protocol)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Sends CONNECT."""
        self._wire.open(cast(asyncio.Transport, transport))  # uvloop's is one in all but name
        if self._state is State.CLOSED:  # cut before the network was ready
            self._wire.abort()
            return
        self._state = State.CONNECTING
        self._write(self._connect.write())

    def data_received(self, data: bytes) -> None:
        """Delivers what is complete; throws away what comes after the end."""
        if self._end is not None:
            return
        self._wire.received()
        self._reader.feed(data)
        self._deliver()

    def pause_writing(self) -> None:
        """Reads no more either: whoever makes us answer must take the answers."""
        self._write_full = True
        self._wire.pause(paused=True)

    def resume_writing(self) -> None:
        """The broker takes our answers again."""
        self._write_full = False
        self._deliver()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends everything that waits for this connection."""
        self._state = State.CLOSED
        self._wire.stop()
        if self._end is None:
            text = "the broker closed the connection" if exc is None else f"the connection broke: {exc}"
            self._end = LinkClosed(text)
        error: Exception = _make_error(self._end)
        error.__cause__ = exc
        if exc is None or isinstance(exc, OSError):
            self._closed.set_result(self._end)
        else:  # a fault of our own below data_received: it must end the process
            error = exc
            self._closed.set_exception(exc)
        self._requests.fail(error)
        if not self._connected.done():
            self._connected.set_exception(error)
            self._connected.exception()  # nobody waits for it where connecting was given up

    # Receiving

    def _deliver(self) -> None:
        """Gives away what the buffer holds, as far as the window has room; then pauses or reads on."""
        if self._delivering:  # the receiver acknowledged from within receive: the loop below goes on
            return
        window, receive, take = self._window, self._receiver.receive, self._reader.next
        is_new = self._answers.is_new
        received_at = self._now_ms()
        self._delivering = True
        try:
            if self._state is State.CONNECTING:
                self._greet()
            while self._state is _OPEN:
                item = take(received_at, hold=self._stopped or window.full)
                if isinstance(item, Message):
                    if is_new(item):
                        receive(window, item)
                    else:
                        self._drop(item)
                elif isinstance(item, Held):
                    self._wire.pause(paused=item is Held.PUBLISH or self._write_full)
                    return
                elif isinstance(item, Refusal):
                    if is_new(item.message):
                        self._receiver.refuse(window, item.message, item.violation)
                    else:
                        self._drop(item.message)
                else:
                    self._handle(item)
        except BadPacket as exc:
            self._leave(LinkClosed(str(exc), explained=True), _DISCONNECT_PROTOCOL_ERROR)
        finally:
            self._delivering = False
            if self._state is State.OPEN and self._unsent:
                self._write(bytes(self._unsent))
            self._unsent.clear()

    def _greet(self) -> None:
        """Takes the broker's first packet, which must be CONNACK [MQTT-3.2.0-1], or DISCONNECT."""
        match self._reader.next(0, hold=True):
            case mqtt5.ConnAckPacket() as packet:
                self._accepted(packet)
            case mqtt5.DisconnectPacket() as packet:
                self._dismissed("the broker disconnected us", packet)
            case Held.MORE_BYTES:
                pass
            case other:
                kind = "PUBLISH" if other is Held.PUBLISH else type(other).__name__
                raise BadPacket(f"the broker sent {kind} before CONNACK; look into its log")

    def _drop(self, message: Message) -> None:
        """Takes a repetition of what this connection has delivered."""
        self._receiver.repeated(self._window)
        self._write(self._answers.repeat(message))

    def _handle(self, packet: mqtt5.Packet) -> None:
        """Takes a packet other than PUBLISH. Raises BadPacket if it does not belong here."""
        match packet:
            case mqtt5.DisconnectPacket():
                self._dismissed("the broker disconnected us", packet)
            case mqtt5.PingRespPacket():  # that it came is all it says
                pass
            case mqtt5.PubRelPacket():
                self._write(self._answers.release(packet.packet_id))
            case mqtt5.SubAckPacket() | mqtt5.UnsubAckPacket():
                self._requests.settle(packet)
            case _:
                raise BadPacket(f"the broker sent a {type(packet).__name__} out of place; look into its log")

    def _accepted(self, packet: mqtt5.ConnAckPacket) -> None:
        if int(packet.reason_code) >= reasons.REFUSED:  # the codec's enums do not compare with numbers
            self._dismissed("the broker refuses us", packet)
            return
        self.session_present = packet.session_present
        granted = packet.session_expiry_interval
        self.session_expiry_s = self._connect.session_expiry_interval if granted is None else granted
        # 0 switches the broker's check off, not our wish to notice that it is gone.
        self._wire.keep_alive(packet.server_keep_alive or self._connect.keep_alive)
        self._state = State.OPEN
        self._connected.set_result(None)

    def _dismissed(self, what: str, packet: mqtt5.ConnAckPacket | mqtt5.DisconnectPacket) -> None:
        code = int(packet.reason_code)
        told = reasons.tell(code, packet.reason_str, packet.server_reference)
        taken_over = code == reasons.SESSION_TAKEN_OVER
        explained = code >= reasons.REFUSED and not taken_over
        self._cut(LinkClosed(f"{what}: {told}", taken_over=taken_over, explained=explained))

    # Answering and ending

    def _write(self, data: bytes) -> None:
        if self._delivering:
            self._unsent += data
        elif data:
            self._wire.write(data)

    def _leave(self, end: LinkClosed, farewell: bytes) -> None:
        """Ends the connection in good order, as soon as the broker has read the farewell."""
        if self._state is not State.OPEN:
            self._cut(end)
            return
        self._end = end
        self._state = State.CLOSING
        self._wire.leave(farewell)

    def _cut(self, end: LinkClosed) -> None:
        if self._state is State.CLOSED:
            return
        reached = self._state is not State.NEW
        self._end = self._end or end
        self._state = State.CLOSED
        if reached:
            self._wire.abort()

    def _require_open(self) -> None:
        if self._state is not State.OPEN:
            raise _make_error(self._end or LinkClosed(self._state.value))


def _make_error(end: LinkClosed) -> LinkError:
    return SessionTakenOver(end.reason) if end.taken_over else LinkError(end.reason)
