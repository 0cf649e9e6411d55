"""MQTT 3.1.1: the ``Source`` and ``Link`` ports over aiomqtt.

For brokers without MQTT 5. What differs: no reason codes, no granted session expiry, retained
messages come again with every SUBSCRIBE, and a payload above the limit is cut only after it was
received whole. A contract asks for QoS 0 or 1; a session may still hold messages of QoS 2, from a time with MQTT 5.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence

from paho.mqtt.client import MQTTMessage

from gateway.config.settings import Limits, Mqtt
from gateway.model import Message
from gateway.mqtt import requests
from gateway.mqtt.answers import Answers
from gateway.mqtt.client import Client
from gateway.mqtt.malformed import Fault, Refusal, cut_payload, make_violation, topic_fault
from gateway.mqtt.v5_codec import BadPacket
from gateway.pipeline.acks import AckWindow, Ticket
from gateway.pipeline.ports import LinkClosed, Receiver, Subscription


class Mqtt311Source:
    """The ``Source`` port over MQTT 3.1.1."""

    def __init__(self, settings: Mqtt, limits: Limits, now_ms: Callable[[], int]) -> None:
        self._settings = settings
        self._limits = limits
        self._now_ms = now_ms

    async def connect(self, receiver: Receiver, window: AckWindow) -> Mqtt311Link:
        """A connection with our session, resumed if the broker still has it (ports.Source)."""
        link = Mqtt311Link(receiver, window, self._limits.payload_bytes, self._now_ms)
        link.client = client = Client(self._settings, self._settings.client_id, link.deliver, link.release)
        await client.connect()
        link.session_present = client.session_present
        return link


class Mqtt311Link:
    """One connection; it ends where its client ends."""

    client: Client
    session_present: bool
    session_expiry_s: int | None = None

    def __init__(self, receiver: Receiver, window: AckWindow, payload_limit: int, now_ms: Callable[[], int]) -> None:
        self._receiver = receiver
        self._window = window
        self._payload_limit = payload_limit
        self._now_ms = now_ms
        self._answers = Answers(reasons=False)
        self._stopped = False

    async def subscribe(self, subscriptions: Sequence[Subscription]) -> list[int]:
        """The broker's return code for each: 0 to 2, or 0x80 for any refusal."""
        return await requests.subscribe(self.client, [(one.filter, one.qos) for one in subscriptions], math.inf)

    async def unsubscribe(self, filters: Sequence[str]) -> None:
        """Gives the filters up."""
        await requests.unsubscribe(self.client, filters, math.inf)

    def acknowledge(self, tickets: Sequence[Ticket]) -> None:
        """PUBACK or PUBREC for each ticket, then reads on."""
        if self.client.closed.done():
            return
        self.client.answer(self._answers.acknowledge(tickets))
        if self.client.paused and not self._stopped and not self._window.full:
            self.client.resume()

    def stop_reading(self) -> None:
        """Reads no further packet at all."""
        self._stopped = True
        self.client.pause()

    async def wait_closed(self) -> LinkClosed:
        """Why the connection ended, when it has. Raises only a fault of our own code."""
        return await asyncio.shield(self.client.closed)

    async def disconnect(self) -> None:
        """DISCONNECT after everything written has left, the session kept; then closed."""
        self.client.pause()
        if not self.client.closed.done():
            await self.client.leave()
        await self.wait_closed()

    def abort(self) -> None:
        """Cuts the connection."""
        self.client.cut("cut by the gateway")

    def deliver(self, packet: MQTTMessage) -> None:
        """Takes one PUBLISH from the client; pauses it once the window is full."""
        item = _read_message(packet, self._payload_limit, self._now_ms())
        message = item.message if isinstance(item, Refusal) else item
        if not self._answers.is_new(message):
            self._receiver.repeated(self._window)
            self.client.answer(self._answers.repeat(message))
        elif isinstance(item, Refusal):
            self._receiver.refuse(self._window, item.message, item.violation)
        else:
            self._receiver.receive(self._window, item)
        if self._window.full:
            self.client.pause()

    def release(self, packet_id: int) -> None:
        """Takes a PUBREL from the client, and answers it; cuts the connection if it came too early."""
        try:
            self.client.answer(self._answers.release(packet_id))
        except BadPacket as exc:
            self.client.cut(str(exc))


def _read_message(packet: MQTTMessage, payload_limit: int, received_at: int) -> Message | Refusal:
    """The message in a PUBLISH that paho decoded, or why it is none."""
    try:
        topic = packet.topic
        fault = topic_fault(topic)
    except UnicodeDecodeError as exc:
        topic = exc.object.decode(errors="replace")
        fault = Fault.TOPIC_NOT_UTF8
    if packet.qos and not packet.mid:
        fault = fault or Fault.PACKET_ID_ZERO
    payload, cut = cut_payload(bytes(packet.payload), payload_limit)
    message = Message(topic, payload, packet.qos, packet.mid, packet.retain, packet.dup, received_at, cut)
    return message if fault is None else Refusal(message, make_violation(fault))
