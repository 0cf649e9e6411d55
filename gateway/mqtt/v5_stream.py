"""A large PUBLISH, taken in pieces. Pure.

Its payload's size is only known behind its properties. Up to there the bytes are collected; then
the properties are skipped, and of a payload above ``limits.payload_bytes`` only the first 64 KiB
are kept, while all of it is counted and hashed. So memory stays flat, however large the packet is.
"""

from __future__ import annotations

from hashlib import sha256

from gateway.model import Cut, Message
from gateway.mqtt.malformed import KEPT_BYTES, Refusal, make_violation
from gateway.mqtt.v5_codec import PublishHeader, make_message, read_publish_header


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
        self._payload_bytes = 0
        self._kept = bytearray()
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
            self._payload_bytes = self._size - self._skip
            data = bytes(self._head)
            self._head.clear()
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            data = data[skipped:]
        if self._payload_bytes <= self._limit:
            self._kept += data
        else:
            self._hash.update(data)
            self._kept += data[: KEPT_BYTES - len(self._kept)]

    def result(self, received_at: int) -> Message | Refusal:
        """The message, with ``cut`` set if it was above the limit; or why it is none."""
        header = self._header
        assert header is not None  # a complete packet always has one
        above = self._payload_bytes > self._limit
        cut = Cut(self._payload_bytes, self._hash.hexdigest()) if above else None
        message = make_message(self._first, header, bytes(self._kept), received_at, cut)
        return message if header.fault is None else Refusal(message, make_violation(header.fault))
