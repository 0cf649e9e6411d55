"""How large a record is for Kafka: a topic's ``max.message.bytes`` bounds a whole record batch.

Pure arithmetic over the record batch of KIP-98 (magic 2), uncompressed. A single record in a batch
of its own is the smallest that can be sent, so a record whose lone batch is above the limit cannot
be written at all.
"""

from __future__ import annotations

from gateway.model import Record

BATCH_OVERHEAD = 61
"""Bytes of the batch's own header, from the base offset to the record count."""
LEAST_BATCH_BYTES = BATCH_OVERHEAD + 7
"""A batch with one record that has no key, no value and no headers: a topic that takes less takes nothing."""


def batch_bytes(record: Record) -> int:
    """Bytes of a batch that holds only ``record``: what the broker compares with ``max.message.bytes``."""
    body = 1 + 1 + 1  # attributes, and the deltas of timestamp and offset, both 0 for the first record
    body += 1 if record.key is None else _sized(len(record.key))
    body += _sized(len(record.value))
    headers = record.headers or ()
    body += _varint_bytes(len(headers))
    for name, value in headers:
        body += _sized(len(name.encode())) + _sized(len(value))
    return BATCH_OVERHEAD + _sized(body)


FRAME_BYTES = 100
"""More than a lone batch adds to key and value of a record without headers."""


def most_batch_bytes(record: Record) -> int:
    """At least ``batch_bytes(record)``, and cheap: for the many records that are far from any limit."""
    most = FRAME_BYTES + len(record.value) + len(record.key or b"")
    for name, value in record.headers or ():
        most += 4 * len(name) + len(value) + 10  # UTF-8 has at most four bytes a character, a varint here five
    return most


def _sized(length: int) -> int:
    """Bytes of ``length`` bytes behind their length."""
    return _varint_bytes(length) + length


def _varint_bytes(value: int) -> int:
    """Bytes of a zigzag varint for ``value`` >= 0: seven bits a byte, one bit for the sign."""
    return max(1, -(-((value << 1).bit_length()) // 7))
