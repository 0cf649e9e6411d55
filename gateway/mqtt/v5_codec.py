"""One complete MQTT 5 packet -> its parts: the guard around ``mqtt5.read``. Pure, no sockets.

Rules
- The codec only ever sees one packet, complete and of known length: it would parse an incomplete
  one again and again.
- Invalid UTF-8 makes it panic: a BaseException of pyo3, and nothing to catch it by but its name.
  ``decode`` is the one place that does.
- A PUBLISH that it refuses is looked at again by hand, so that its dead letter says as much as can
  be told and can be acknowledged. Any other packet that it refuses ends the connection.
"""

from __future__ import annotations

from typing import NamedTuple

import mqtt5

from gateway.errors import PeerError
from gateway.mqtt.malformed import Fault, topic_fault

PUBLISH = 3
FROM_BROKER = {2: "CONNACK", 3: "PUBLISH", 6: "PUBREL", 9: "SUBACK", 11: "UNSUBACK", 13: "PINGRESP", 14: "DISCONNECT"}
"""Packet types that a broker sends to a client which neither publishes nor authenticates step by step."""

MAX_HEADER_BYTES = 2 + 65535 + 2 + 4
"""The longest variable header of a PUBLISH up to its properties: topic, packet ID, property length."""


class BadPacket(PeerError):
    """The broker sent what no MQTT 5 broker sends; the stream cannot be trusted any more."""


class Unreadable(NamedTuple):
    """Why the codec refuses a packet, in its own words."""

    detail: str
    not_utf8: bool


class PublishHeader(NamedTuple):
    """Where the parts of a PUBLISH lie; offsets count from behind the fixed header."""

    topic: bytes
    packet_id: int
    """0 at QoS 0, or if the packet ends before it."""
    properties_at: int
    payload_at: int
    """May lie beyond the packet if ``fault`` says so."""
    fault: Fault | None = None


def decode(packet: memoryview) -> mqtt5.Packet | Unreadable:
    """The decoded packet, or why it cannot be decoded; never raises for what the bytes hold."""
    try:
        return mqtt5.read(packet)[0]
    except (ValueError, IndexError) as exc:
        return Unreadable(str(exc), not_utf8=False)
    except BaseException as exc:
        if type(exc).__name__ != "PanicException":
            raise
        return Unreadable("text that is not UTF-8", not_utf8=True)


def decode_control(packet: memoryview) -> mqtt5.Packet:
    """A decoded packet other than PUBLISH. Raises BadPacket."""
    decoded = decode(packet)
    if not isinstance(decoded, Unreadable):
        return decoded
    kind = FROM_BROKER.get(packet[0] >> 4, "unknown")
    if kind == "CONNACK" and len(packet) == 4:
        raise BadPacket("the broker answers in MQTT 3.1.1; set mqtt.version to 3.1.1")
    raise BadPacket(f"the broker sent a {kind} packet that cannot be read ({decoded.detail}); look into its log")


def read_length(buffer: bytearray, at: int, end: int) -> tuple[int, int] | None:
    """A variable byte integer at ``at`` and the offset behind it; None while it is incomplete.

    Raises BadPacket above four bytes [MQTT 5.0, 1.5.5].
    """
    value = 0
    for index in range(4):
        if at + index >= end:
            return None
        byte = buffer[at + index]
        value |= (byte & 127) << 7 * index
        if byte < 128:
            return value, at + index + 1
    raise BadPacket("the broker sent a packet length of more than four bytes; is this an MQTT port?")


def read_publish_header(first: int, body: bytes | bytearray | memoryview, size: int) -> PublishHeader | None:
    """The parts of a PUBLISH whose fixed header starts with ``first`` and announces ``size`` more bytes.

    ``body`` is as much of these as is there; None if that is not enough to tell. Never raises.
    """
    if size < 2:
        return PublishHeader(b"", 0, 0, 0, Fault.LENGTH)
    if len(body) < 2:
        return None
    at = 2 + int.from_bytes(body[:2], "big")
    after_id = at + 2 if first & 0b0110 else at
    if after_id >= size:
        return PublishHeader(b"", 0, 0, 0, Fault.LENGTH)
    if len(body) < after_id:
        return None
    topic = bytes(body[2:at])
    packet_id = int.from_bytes(body[at:after_id], "big")
    head = bytearray(body[after_id : after_id + 4])
    try:
        properties = read_length(head, 0, len(head))
    except BadPacket:
        return PublishHeader(topic, packet_id, after_id, after_id, Fault.PROPERTIES)
    if properties is None:
        if after_id + len(head) < size:
            return None
        return PublishHeader(topic, packet_id, after_id, after_id, Fault.PROPERTIES)
    length, behind = properties
    payload_at = after_id + behind + length
    if payload_at > size:
        return PublishHeader(topic, packet_id, after_id, after_id + behind, Fault.LENGTH)
    return PublishHeader(topic, packet_id, after_id, payload_at, find_fault(first, topic, packet_id))


def find_fault(first: int, topic: bytes, packet_id: int) -> Fault | None:
    """What is wrong with the parts of a PUBLISH that the gateway uses, None if nothing is."""
    qos = first >> 1 & 3
    if qos == 3:
        return Fault.QOS_INVALID
    if qos and not packet_id:
        return Fault.PACKET_ID_ZERO
    try:
        return topic_fault(topic.decode())
    except UnicodeDecodeError:
        return Fault.TOPIC_NOT_UTF8
