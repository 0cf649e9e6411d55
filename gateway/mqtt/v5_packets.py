"""Bytes of an MQTT 5 connection -> messages and packets, in order. Pure, no sockets.

``feed`` takes what the socket gave, ``next`` gives one packet at a time until there is no complete
one. Rules:
- A PUBLISH stays unparsed where the caller holds publishes back; what is before it is still given.
- Nothing is collected that is large: a packet other than PUBLISH has a small limit, and a large
  PUBLISH is streamed (v5_stream).
- ``next`` runs once per message. Its fast way takes a PUBLISH whose topic was seen before, so that
  each topic is decoded and checked once; everything else about PUBLISH is v5_codec's.
"""

from __future__ import annotations

from enum import Enum

from mqtt5 import Packet

from gateway.model import Message
from gateway.mqtt.malformed import Refusal, make_violation
from gateway.mqtt.v5_codec import (
    FROM_BROKER,
    PUBLISH,
    BadPacket,
    decode_control,
    make_message,
    read_length,
    read_publish_header,
)
from gateway.mqtt.v5_stream import PublishStream

MAX_CONTROL_BYTES = 131072
"""The largest packet other than PUBLISH that is taken; one with every text at its longest stays below."""

STREAM_BYTES = 65536
"""A larger PUBLISH is streamed, so that joining what arrived in pieces never copies much."""

KNOWN_TOPICS = 10000
"""How many topics are remembered: about 2 MB, 6 MB at most."""

KNOWN_TOPIC_BYTES = 256
"""Longer ones are read anew each time: a device has no use for them, and who fills our memory has."""

_FLAGS = tuple((first >> 1 & 3, bool(first & 1), bool(first & 8)) for first in range(16))
"""QoS, retain and duplicate for the low half of a PUBLISH's first byte [MQTT 5.0, 3.3.1]."""

Item = Message | Refusal | Packet


class Held(Enum):
    """Why ``next`` has nothing to give."""

    MORE_BYTES = "more bytes are needed"
    PUBLISH = "a PUBLISH is next, and publishes are held back"


class PacketReader:
    """The receiving side of one connection's byte stream."""

    def __init__(self, payload_limit: int) -> None:
        self._limit = payload_limit
        self._stream_above = min(payload_limit, STREAM_BYTES)
        self._buffer = b""
        self._at = 0
        self._stream: PublishStream | None = None
        self._topics: dict[bytes, str] = {}

    def feed(self, data: bytes) -> None:
        """Takes what was read from the socket, behind what is still there."""
        self._buffer = self._buffer[self._at :] + data
        self._at = 0

    def next(self, received_at: int, *, hold: bool) -> Item | Held:
        """The next packet, or why there is none. Raises BadPacket: then the stream cannot be read on."""
        if self._stream is not None:
            return self._pull(self._stream, received_at)
        buffer = self._buffer
        at = self._at
        end = len(buffer)
        if end - at < 2:
            return Held.MORE_BYTES
        first = buffer[at]
        size = buffer[at + 1]
        body = at + 2
        if size >= 128:
            if end - at > 2 and buffer[at + 2] < 128:  # two bytes, as nearly every length that one cannot tell
                size, body = size - 128 + (buffer[at + 2] << 7), at + 3
            else:
                length = read_length(buffer, at + 1, end)
                if length is None:
                    return Held.MORE_BYTES
                size, body = length
        if first >> 4 != PUBLISH:
            return self._control(first, size, body)
        if hold:
            return Held.PUBLISH
        if size > self._stream_above:
            self._stream = PublishStream(first, size, self._limit)
            self._at = body
            return self._pull(self._stream, received_at)
        behind = body + size
        if behind > end:
            return Held.MORE_BYTES
        self._at = behind
        qos, retain, duplicate = _FLAGS[first & 15]
        if size > 5:
            id_at = body + 2 + (buffer[body] << 8 | buffer[body + 1])
            topic = self._topics.get(buffer[body + 2 : id_at])
            if topic is not None and 0 < qos < 3 and id_at + 3 <= behind:
                packet_id = buffer[id_at] << 8 | buffer[id_at + 1]
                skipped = buffer[id_at + 2]
                payload_at = id_at + 3 + skipped
                if packet_id and payload_at <= behind and skipped < 128:
                    return Message(topic, buffer[payload_at:behind], qos, packet_id, retain, duplicate, received_at)
        return self._publish(first, buffer[body:behind], received_at)

    def _publish(self, first: int, body: bytes, received_at: int) -> Message | Refusal:
        """A PUBLISH that the fast way does not take: a new topic, QoS 0, long properties, or a fault."""
        header = read_publish_header(first, body, len(body))
        assert header is not None  # the packet is complete, so there is nothing to wait for
        message = make_message(first, header, body[header.payload_at :], received_at, None)
        if header.fault is not None:
            return Refusal(message, make_violation(header.fault))
        if len(header.topic) <= KNOWN_TOPIC_BYTES:
            if len(self._topics) >= KNOWN_TOPICS:
                self._topics.clear()
            self._topics[header.topic] = message.topic
        return message

    def _control(self, first: int, size: int, body: int) -> Packet | Held:
        """A packet other than PUBLISH, judged by its fixed header before it is complete."""
        kind = FROM_BROKER.get(first >> 4)
        if kind is None:
            raise BadPacket(f"the broker sent a packet of type {first >> 4}, which it may not; is this an MQTT port?")
        if size > MAX_CONTROL_BYTES:
            raise BadPacket(f"the broker sent a {kind} packet of {size} bytes; at most {MAX_CONTROL_BYTES} are taken")
        behind = body + size
        if behind > len(self._buffer):
            return Held.MORE_BYTES
        packet = decode_control(memoryview(self._buffer)[self._at : behind])
        self._at = behind
        return packet

    def _pull(self, stream: PublishStream, received_at: int) -> Message | Refusal | Held:
        """Moves buffered bytes into the stream; its message once it is complete."""
        behind = min(self._at + stream.missing, len(self._buffer))
        stream.feed(self._buffer[self._at : behind])
        self._at = behind
        if stream.missing:
            return Held.MORE_BYTES
        self._stream = None
        return stream.result(received_at)
