"""The one place that reaches into aiomqtt and paho: manual acknowledgement, pausing, and honest endings.

aiomqtt acknowledges by itself, queues without bound, and reads as long as there are bytes. This
subclass
- has paho leave every acknowledgement to us, and gives each message to a function instead of the queue, at QoS 2 too:
  paho would send PUBREC on receipt and hand over at PUBREL, so that a connection which breaks in between loses it;
- reads in a task of its own, one packet at a time, and stops exactly where it is told to;
- keeps the connection alive while paused, when no PINGRESP can be read;
- tells when the connection ends and why, and lets the broker close it first (see ``leave``);
- tells the reason codes of PUBACK and PUBREC; paho passes over the latter.

``max_queued_incoming_messages`` is never set: it would discard.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import Callable
from typing import Any

import aiomqtt
import aiomqtt.exceptions
from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY, ConnectFlags, MQTTMessage
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateway.config.settings import Mqtt
from gateway.errors import LinkError
from gateway.mqtt import reasons
from gateway.mqtt.address import Address, read_address
from gateway.mqtt.tls import explain, make_context
from gateway.pipeline.ports import LinkClosed

LINGER_S = 5.0
"""How long a connection that we end may take to flush and to be closed by the broker, before it is cut."""

_KEEP_ALIVE_TIMEOUT = 0x8D
_TICK_S = 1.0
"""paho wants to be asked for its timers; there is no event to await."""


class Client(aiomqtt.Client):
    """An aiomqtt client that acknowledges nothing by itself and can be paused. Connects once."""

    def __init__(
        self,
        settings: Mqtt,
        client_id: str,
        deliver: Callable[[MQTTMessage], None] | None = None,
        release: Callable[[int], None] | None = None,
    ) -> None:
        """With ``deliver`` it keeps its session and hands messages over, without it starts clean. Raises LinkError.

        ``release`` is given the packet ID of each PUBREL.
        """
        address = read_address(settings.url)
        password = settings.password
        clean = deliver is None
        five = settings.version == "5"
        super().__init__(
            address.host,
            address.port,
            username=settings.username,
            password=None if password is None else password.get_secret_value(),
            identifier=client_id,
            protocol=aiomqtt.ProtocolVersion.V5 if five else aiomqtt.ProtocolVersion.V311,
            clean_session=None if five else clean,
            clean_start=clean if five else MQTT_CLEAN_START_FIRST_ONLY,
            # paho gives up after two intervals without an answer; the broker is given 1.5 of ours.
            keepalive=max(1, settings.keepalive_s * 3 // 4),
            tls_context=_make_context(settings, address),
        )
        self._tls = settings.tls
        self.address = address
        self._client.manual_ack_set(True)
        self._finish_pubrec = self._client._handle_pubrec  # noqa: SLF001
        self._client._handle_pubrec = self._take_pubrec  # type: ignore[method-assign]  # noqa: SLF001
        self._finish_publish = self._client._handle_publish  # noqa: SLF001
        self._client._handle_publish = self._take_publish  # type: ignore[method-assign]  # noqa: SLF001
        self._client._handle_pubrel = self._take_pubrel  # type: ignore[method-assign]  # noqa: SLF001
        self._client._send_pubrec = _send_nothing  # type: ignore[method-assign]  # noqa: SLF001
        self._deliver = deliver
        self._release = release
        self._reading: asyncio.Task[None] | None = None
        self._resumed = asyncio.Event()
        self._resumed.set()
        self._given_up = False
        self._leaving = False
        self._lingering: socket.socket | None = None
        self._unconfirmed: dict[int, asyncio.Future[int | None]] = {}
        self._recorded: dict[int, int] = {}
        """Reason codes of PUBREC, for what is not yet completed at QoS 2."""
        self.session_present = False
        """Whether the broker still had our session, from CONNACK."""
        self.closed: asyncio.Future[LinkClosed] = self._loop.create_future()
        """Why the connection ended; an exception only for a fault of our own."""

    async def connect(self) -> None:
        """Returns when the broker has accepted us. Raises LinkError, and then leaves nothing open."""
        connected = False
        try:
            await self.__aenter__()
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                # aiomqtt waits by ``asyncio.wait_for``, and that of Python 3.11 swallows a cancellation which comes in
                # the same turn of the event loop as CONNACK.
                raise asyncio.CancelledError
            connected = True
        except aiomqtt.exceptions.MqttConnectError as exc:
            code = exc.rc.value if isinstance(exc.rc, ReasonCode) else reasons.REFUSED
            raise LinkError(f"{self.address}: the broker refuses us: {reasons.tell(code)}") from exc
        except aiomqtt.MqttError as exc:
            if isinstance(exc.__context__, OSError):  # aiomqtt hides the cause
                raise LinkError(explain(exc.__context__, self.address, self._tls)) from exc
            raise LinkError(f"{self.address}: {exc}; does an MQTT broker listen there?") from exc
        finally:
            if not connected:
                self.cut("not connected")

    async def confirm(self, topic: str, payload: bytes, qos: int, *, retain: bool) -> int | None:
        """Publishes; the broker's reason code (0 at QoS 0 and in 3.1.1), None if the connection ended first."""
        info = self._client.publish(topic, payload, qos, retain)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            return None
        confirmed: asyncio.Future[int | None] = self._loop.create_future()
        self._unconfirmed[info.mid] = confirmed
        try:
            return await confirmed
        finally:
            del self._unconfirmed[info.mid]
            self._recorded.pop(info.mid, None)

    def answer(self, packets: bytes) -> None:
        """Queues what goes back for PUBLISH and PUBREL: whole packets, none of them a PUBLISH or DISCONNECT."""
        if packets:
            self._client._packet_queue(packets[0], packets, 0, 1)  # noqa: SLF001

    def pause(self) -> None:
        """Reads no further packet."""
        self._resumed.clear()

    def resume(self) -> None:
        """Reads on."""
        self._spare_ping()
        self._resumed.set()

    @property
    def paused(self) -> bool:
        """Whether reading is paused."""
        return not self._resumed.is_set()

    async def leave(self) -> None:
        """Sends what is queued and DISCONNECT, then waits until the broker has closed, at most ``LINGER_S``.

        paho closes its socket at once; with unread messages in it the kernel would send RST, and the
        last PUBACKs could be lost with it. So a duplicate of the socket is read to its end.
        """
        self._leaving = True
        self._client.disconnect()
        try:
            async with asyncio.timeout(LINGER_S):
                await asyncio.shield(self.closed)
                if self._lingering is not None:
                    with contextlib.suppress(OSError):  # the broker may answer with RST: gone either way
                        while await self._loop.sock_recv(self._lingering, 65536):
                            pass
        except TimeoutError:
            self.cut("the broker did not close after DISCONNECT")
        finally:
            self._drop_lingering()

    def cut(self, reason: str) -> None:
        """Closes the socket without DISCONNECT."""
        self._given_up = True
        self._end(LinkClosed(reason))
        self._client._sock_close()  # noqa: SLF001  # paho offers no other way without DISCONNECT
        self._drop_lingering()

    # What aiomqtt and paho call

    def _on_connect(
        self, client: PahoClient, userdata: Any, flags: ConnectFlags, reason_code: ReasonCode, properties: Any = None
    ) -> None:
        self.session_present = flags.session_present
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_message(self, client: PahoClient, userdata: Any, message: MQTTMessage) -> None:  # noqa: ARG002
        if self._deliver is not None and not self.closed.done():
            self._deliver(message)

    def _take_publish(self) -> MQTTErrorCode:
        """Hands a message of QoS 2 over like any other, instead of keeping it for PUBREL."""
        code = self._finish_publish()
        kept = self._client._in_messages  # noqa: SLF001
        while kept:
            self._on_message(self._client, None, kept.popitem()[1])
        return code

    def _take_pubrel(self) -> MQTTErrorCode:
        packet = self._client._in_packet["packet"]  # noqa: SLF001
        if len(packet) < 2:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        if self._release is not None and not self.closed.done():
            self._release(int.from_bytes(packet[:2], "big"))
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _on_publish(
        self,
        client: PahoClient,  # noqa: ARG002
        userdata: Any,  # noqa: ARG002
        mid: int,
        reason_code: ReasonCode,
        properties: Any,  # noqa: ARG002
    ) -> None:
        confirmed = self._unconfirmed.get(mid)
        if confirmed is not None and not confirmed.done():
            confirmed.set_result(self._recorded.get(mid, reason_code.value))

    def _take_pubrec(self) -> MQTTErrorCode:
        """A PUBREC that refuses ends the publication, without PUBREL [MQTT-4.3.3-4]; any other goes on in paho."""
        packet = self._client._in_packet["packet"]  # noqa: SLF001
        packet_id, code = int.from_bytes(packet[:2], "big"), packet[2] if len(packet) > 2 else 0
        self._recorded[packet_id] = code
        if code < reasons.REFUSED:
            return self._finish_pubrec()
        confirmed = self._unconfirmed.get(packet_id)
        if confirmed is not None and not confirmed.done():
            confirmed.set_result(code)
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _on_disconnect(
        self,
        client: PahoClient,  # noqa: ARG002
        userdata: Any,  # noqa: ARG002
        flags: Any,  # noqa: ARG002
        reason_code: ReasonCode,
        properties: Properties | None = None,  # noqa: ARG002
    ) -> None:
        if reason_code.value == _KEEP_ALIVE_TIMEOUT:
            self._end(LinkClosed("half-open: no byte from the broker although we pinged"))
        elif reason_code.is_failure:
            self._end(LinkClosed("the broker closed the connection"))
        else:
            self._end(LinkClosed("disconnected by the gateway"))

    def _on_socket_open(self, client: PahoClient, userdata: Any, sock: Any) -> None:  # noqa: ARG002
        """Called in the thread that connects."""
        self._loop.call_soon_threadsafe(self._start, sock)

    def _on_socket_close(self, client: PahoClient, userdata: Any, sock: Any) -> None:  # noqa: ARG002
        self._loop.remove_reader(sock.fileno())
        for task in (self._misc_task, self._reading):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
        if self._leaving and not self._given_up:
            self._lingering = socket.socket(fileno=os.dup(sock.fileno()))
            with contextlib.suppress(OSError):  # the broker was faster
                self._lingering.shutdown(socket.SHUT_WR)

    def _on_socket_register_write(self, client: PahoClient, userdata: Any, sock: Any) -> None:  # noqa: ARG002
        """Called in the thread that connects, too; the socket may be closed before the event loop's next turn."""
        self._loop.call_soon_threadsafe(self._await_writable, sock)

    async def _misc_loop(self) -> None:
        while self._client.loop_misc() == MQTTErrorCode.MQTT_ERR_SUCCESS:
            before = self._loop.time()
            await asyncio.sleep(_TICK_S)
            if self.paused or self._loop.time() - before > 2 * _TICK_S:  # the second: this process slept
                self._spare_ping()

    # Reading and ending

    def _start(self, sock: Any) -> None:
        if self._given_up:
            self._client._sock_close()  # noqa: SLF001
            return
        self._misc_task = self._loop.create_task(self._misc_loop())
        self._reading = self._loop.create_task(self._read(sock))
        self._reading.add_done_callback(self._stopped)

    def _await_writable(self, sock: Any) -> None:
        current = self._client.socket()
        if current is not None and current is sock:  # else its number may be another socket's by now
            self._loop.add_writer(current.fileno(), self._client.loop_write)

    async def _read(self, sock: Any) -> None:
        """Reads packet by packet until the socket is closed."""
        while self._client.socket() is not None:
            await self._resumed.wait()
            if not (isinstance(sock, ssl.SSLSocket) and sock.pending()):
                await self._readable(sock.fileno())
            if not self.paused:  # meanwhile
                self._client.loop_read()

    async def _readable(self, fileno: int) -> None:
        readable = asyncio.Event()
        self._loop.add_reader(fileno, readable.set)
        try:
            await readable.wait()
        finally:
            self._loop.remove_reader(fileno)

    def _stopped(self, reading: asyncio.Task[None]) -> None:
        """Passes a fault of our own on, which must end the process."""
        exc = None if reading.cancelled() else reading.exception()
        if exc is not None and not self.closed.done():
            self.closed.set_exception(exc)
        self._given_up = self._given_up or exc is not None
        self._client._sock_close()  # noqa: SLF001

    def _end(self, why: LinkClosed) -> None:
        if not self._connected.done():
            self._connected.set_exception(aiomqtt.MqttError(why.reason))
            self._connected.exception()  # nobody waits for it where connecting was given up
        if not self._disconnected.done():
            self._disconnected.set_result(None)
        if not self.closed.done():
            self.closed.set_result(why)
        for confirmed in self._unconfirmed.values():
            if not confirmed.done():
                confirmed.set_result(None)

    def _spare_ping(self) -> None:
        """Has paho forget the PINGREQ that it waits for: its answer cannot have been read."""
        self._client._ping_t = 0.0  # noqa: SLF001

    def _drop_lingering(self) -> None:
        if self._lingering is not None:
            self._lingering.close()
            self._lingering = None


def _send_nothing(mid: int) -> MQTTErrorCode:  # noqa: ARG001  # paho's signature
    """In place of paho's PUBREC, which is ours to send."""
    return MQTTErrorCode.MQTT_ERR_SUCCESS


def _make_context(settings: Mqtt, address: Address) -> ssl.SSLContext | None:
    """The TLS context, None for plain TCP. Raises LinkError."""
    if not address.tls:
        return None
    context = make_context(settings.tls)
    context.sslsocket_class = _HandshakeSocket
    return context


class _HandshakeSocket(ssl.SSLSocket):
    """A TLS socket that closes itself where its handshake fails; paho would leave it open."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002  # the signature of ssl
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise
