"""batch_bytes and its cheap bound against a batch that is written out, byte by byte, as KIP-98 has it."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from gateway.kafka.sizes import LEAST_BATCH_BYTES, batch_bytes, most_batch_bytes
from gateway.model import Record


def varint(value: int) -> bytes:
    """Protocol Buffers' zigzag varint."""
    value = value << 1 ^ value >> 63
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    return bytes([*written, value])


def sized(content: bytes | None) -> bytes:
    """Content behind its length; None is length -1."""
    return varint(-1) if content is None else varint(len(content)) + content


def batch(record: Record) -> bytes:
    """A record batch (magic 2) of one record."""
    headers = record.headers or []
    body = b"\0" + varint(0) + varint(0) + sized(record.key) + sized(record.value) + varint(len(headers))
    body += b"".join(sized(name.encode()) + sized(value) for name, value in headers)
    fields = (0, 0, 0, 2, 0, 0, 0, record.timestamp, record.timestamp, 0, 0, 0, 1)
    return struct.pack(">qiibIhiqqqhii", *fields) + sized(body)


sizes = st.one_of(st.integers(0, 200), st.sampled_from([8190, 8191, 8192, 1_048_575, 1_048_576]))
contents = sizes.map(bytes)


@given(
    key=st.none() | contents,
    value=contents,
    headers=st.none() | st.lists(st.tuples(st.text(max_size=80), st.integers(0, 9000).map(bytes)), max_size=70),
)
def test_the_size_is_that_of_the_written_batch(key, value, headers):
    """Whatever key, value and headers are, also where a length needs another byte; the cheap bound is never below."""
    record = Record("t", key, value, headers, 1_700_000_000_000)
    assert batch_bytes(record) == len(batch(record)) <= most_batch_bytes(record)


def test_the_least_batch():
    """It has one record with nothing in it."""
    assert len(batch(Record("t", None, b"", None, 1_700_000_000_000))) == LEAST_BATCH_BYTES
