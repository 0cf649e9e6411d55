"""One MQTT 5 packet -> its parts. Pure, no sockets.

Rules
- Control packets are read by the ``mqtt5`` codec, which only ever sees one packet, complete and of
  known length. What it refuses ends the connection.
- PUBLISH is read by hand. What is in it is the publishers' to choose, and the codec panics on text
  that is not UTF-8, user properties included: a BaseException of pyo3, with a Rust backtrace on
  stderr each time. By hand the properties, of which nothing goes on to Kafka, are skipped unread;
  it is faster, too (measured, with all of v5_packets: 1.2 us a message against 1.45 us).
- A PUBLISH that cannot be a message still tells as much as can be read of it, so that its dead
  letter is useful and it can be acknowledged.
"""

from __future__ import annotations

from typing import NamedTuple

import mqtt5

from gateway.errors import PeerError, is_fault
from gateway.model import Cut, Message
from gateway.mqtt.malformed import Fault, topic_fault

PUBLISH = 3
FROM_BROKER = {2: "CONNACK", 3: "PUBLISH", 6: "PUBREL", 9: "SUBACK", 11: "UNSUBACK", 13: "PINGRESP", 14: "DISCONNECT"}
"""Packet types that a broker sends to a client which neither publishes nor authenticates step by step."""


class BadPacket(PeerError):
    """The broker sent what no MQTT 5 broker sends; the stream cannot be trusted any more."""


class PublishHeader(NamedTuple):
    """The start of a PUBLISH; offsets count from behind the fixed header."""

    topic: bytes
    packet_id: int
    """0 at QoS 0, or if the packet ends before it."""
    payload_at: int
    fault: Fault | None = None


def decode_control(packet: memoryview) -> mqtt5.Packet:
    """A complete packet other than PUBLISH, decoded. Raises BadPacket."""
    try:
        return mqtt5.read(packet)[0]
    except (ValueError, IndexError) as exc:
        detail = str(exc)
    except BaseException as exc:  # the guard around the codec: its panics have nothing but a name to be told by
        if not is_fault(exc):
            raise
        detail = "text that is not UTF-8"
    kind = FROM_BROKER.get(packet[0] >> 4, "unknown")
    if kind == "CONNACK" and len(packet) == 4:
        raise BadPacket("the broker answers in MQTT 3.1.1; set mqtt.version to 3.1.1")
    raise BadPacket(f"the broker sent a {kind} packet that cannot be read ({detail}); look into its log")


def read_length(buffer: bytes | bytearray, at: int, end: int) -> tuple[int, int] | None:
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


def read_publish_header(first: int, body: bytes | bytearray, size: int) -> PublishHeader | None:
    """The start of a PUBLISH whose fixed header begins with ``first`` and announces ``size`` more bytes.

    ``body`` is as much of these as is there; None if that is not enough to tell. Never raises.
    """
    topic_end = 2 + int.from_bytes(body[:2], "big")
    id_end = topic_end + 2 if first & 0b0110 else topic_end
    if size < 2 or (len(body) >= 2 and id_end > size):
        return PublishHeader(b"", 0, 0, Fault.LENGTH)
    if len(body) < max(2, id_end):
        return None
    topic = bytes(body[2:topic_end])
    packet_id = int.from_bytes(body[topic_end:id_end], "big")
    try:
        properties = read_length(body, id_end, len(body))
    except BadPacket:
        return PublishHeader(topic, packet_id, id_end, Fault.LENGTH)
    if properties is None:
        return None if len(body) < size else PublishHeader(topic, packet_id, id_end, Fault.LENGTH)
    length, behind = properties
    if behind + length > size:
        return PublishHeader(topic, packet_id, behind, Fault.LENGTH)
    return PublishHeader(topic, packet_id, behind + length, _find_fault(first, topic, packet_id))


def make_message(first: int, header: PublishHeader, payload: bytes, received_at: int, cut: Cut | None) -> Message:
    """The message that a header and a payload make; a topic that is not UTF-8 is told with U+FFFD in it.

    QoS 3 does not exist: it counts as 1, so that a PUBACK can end the packet's redelivery.
    """
    qos = (0, 1, 2, 1)[first >> 1 & 3]
    topic = header.topic.decode(errors="replace")
    return Message(topic, payload, qos, header.packet_id, bool(first & 1), bool(first & 8), received_at, cut)


def _find_fault(first: int, topic: bytes, packet_id: int) -> Fault | None:
    qos = first >> 1 & 3
    if qos == 3:
        return Fault.QOS_INVALID
    if qos and not packet_id:
        return Fault.PACKET_ID_ZERO
    try:
        return topic_fault(topic.decode())
    except UnicodeDecodeError:
        return Fault.TOPIC_NOT_UTF8
