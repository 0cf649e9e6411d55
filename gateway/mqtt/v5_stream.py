"""A PUBLISH that may be above ``limits.payload_bytes``, taken in pieces. Pure.

Its payload's size is only known behind its properties. Up to there the bytes are collected; then
the properties are skipped, and of a payload above the limit only the first 64 KiB are kept, while
all of it is counted and hashed. So memory stays flat, however large the packet says it is.
"""

from __future__ import annotations

from hashlib import sha256

from gateway.model import Cut, Message
from gateway.mqtt.malformed import KEPT_BYTES, Refusal, make_violation
from gateway.mqtt.v5_codec import PublishHeader, read_publish_header


class PublishStream:
    """One packet on its way: ``feed`` it while bytes are ``missing``, then take the ``result``."""

    def __init__(self, first: int, size: int, limit: int) -> None:
        self._first = first
        self._size = size
        self._limit = limit
        self.missing = size
        """Bytes of the packet still to come."""
        self._head = bytearray()
        self._header: PublishHeader | None = None
        self._skip = 0
        self._kept = bytearray()
        self._keep = 0
        self._hash = sha256()

    def feed(self, data: bytes) -> None:
        """Takes the next bytes of the packet; never more than are missing."""
        self.missing -= len(data)
        if self._header is None:
            self._head += data
            self._header = read_publish_header(self._first, self._head, self._size)
            if self._header is None:
                return
            self._skip = self._header.payload_at
            payload_bytes = self._size - self._skip
            self._keep = payload_bytes if payload_bytes <= self._limit else min(payload_bytes, KEPT_BYTES)
            data, self._head = bytes(self._head), bytearray()
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            data = data[skipped:]
        self._hash.update(data)
        self._kept += data[: self._keep - len(self._kept)]

    def result(self, received_at: int) -> Message | Refusal:
        """The message, with ``cut`` set if it was above the limit; or why it is none."""
        header = self._header
        assert header is not None  # a complete packet always has one
        payload_bytes = self._size - header.payload_at
        cut = Cut(payload_bytes, self._hash.hexdigest()) if payload_bytes > self._limit else None
        message = make_message(self._first, header, bytes(self._kept), received_at, cut)
        return message if header.fault is None else Refusal(message, make_violation(header.fault))


def make_message(first: int, header: PublishHeader, payload: bytes, received_at: int, cut: Cut | None) -> Message:
    """The message of a packet that was read by hand; an unreadable topic is told with U+FFFD in it.

    QoS 3 does not exist: it counts as 1, so that a PUBACK can end the packet's redelivery.
    """
    qos = (0, 1, 2, 1)[first >> 1 & 3]
    topic = header.topic.decode(errors="replace")
    return Message(topic, payload, qos, header.packet_id, bool(first & 1), bool(first & 8), received_at, cut)
