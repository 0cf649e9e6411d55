"""Avro's binary encoding of physical values (Avro 1.12, "Binary Encoding").

Only values that have been checked come here: a function of this module never validates.
Variable-length integers are put together from tables, two bytes at a time: a timestamp costs three
look-ups in place of a loop of six rounds. The few doubled lines save a call in what runs per field.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

INT_MIN, INT_MAX = -(1 << 31), (1 << 31) - 1
LONG_MIN, LONG_MAX = -(1 << 63), (1 << 63) - 1

TRUE, FALSE = b"\x01", b"\x00"
NULL = b""
END_OF_BLOCKS = b"\x00"

encode_double: Callable[[float], bytes] = struct.Struct("<d").pack
encode_float: Callable[[float], bytes] = struct.Struct("<f").pack


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_CHUNK = 14
_MASK = (1 << _CHUNK) - 1
_LAST = [_varint(number) for number in range(1 << _CHUNK)]
"""Varint of every number below 2**14."""
_MORE = [bytes([number & 0x7F | 0x80, number >> 7 | 0x80]) for number in range(1 << _CHUNK)]
"""The same 14 bits as two bytes with more to follow."""


_TAILS: dict[int, bytes] = {}
"""Varints of the bits above the lowest 14, as they were met.

Timestamps share them for 16 s on end, so most look-ups hit; bounded because a counter would not.
"""
_MOST_TAILS = 1 << 16

SMALL = 1 << _CHUNK - 1
"""Below this, and from 0 on, ``SMALL_LONGS`` has an integer's encoding."""
SMALL_LONGS = _LAST[::2]


def encode_long(number: int) -> bytes:
    """An int or long: zig-zag, then variable length, 1 to 10 bytes."""
    zigzag = number << 1 if number >= 0 else ~(number << 1)
    if zigzag <= _MASK:
        return _LAST[zigzag]
    high = zigzag >> _CHUNK
    tail = _TAILS.get(high)
    if tail is None:
        if len(_TAILS) >= _MOST_TAILS:
            _TAILS.clear()
        tail = _TAILS[high] = _varint(high)
    return _MORE[zigzag & _MASK] + tail


def encode_bytes(data: bytes) -> bytes:
    """Bytes behind their length."""
    length = len(data)
    return (SMALL_LONGS[length] if length < SMALL else encode_long(length)) + data


def encode_string(text: str) -> bytes:
    """UTF-8 behind its length in bytes."""
    data = text.encode()
    length = len(data)
    return (SMALL_LONGS[length] if length < SMALL else encode_long(length)) + data


def encode_items(items: list[bytes]) -> bytes:
    """An array or map as one block: the count, the encoded items, the end mark."""
    if not items:
        return END_OF_BLOCKS
    return encode_long(len(items)) + b"".join(items) + END_OF_BLOCKS
