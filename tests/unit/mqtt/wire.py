"""MQTT 5 packets built by hand, valid and not, so that tests do not trust the codec under test."""

from __future__ import annotations

CONNACK = b"\x20\x03\x00\x00\x00"
PINGRESP = b"\xd0\x00"


def varint(value: int) -> bytes:
    """A variable byte integer [MQTT 5.0, 1.5.5]."""
    out = bytearray()
    while True:
        value, digit = value >> 7, value & 127
        out.append(digit | (128 if value else 0))
        if not value:
            return bytes(out)


def packet(first: int, body: bytes) -> bytes:
    """A packet with its fixed header."""
    return bytes([first]) + varint(len(body)) + body


def publish(
    topic: bytes = b"a/b",
    payload: bytes = b"{}",
    *,
    qos: int = 1,
    packet_id: int = 7,
    retain: bool = False,
    duplicate: bool = False,
    properties: bytes = b"",
) -> bytes:
    """A PUBLISH; ``properties`` go behind their length as they are."""
    first = 0x30 | duplicate << 3 | qos << 1 | retain
    body = len(topic).to_bytes(2, "big") + topic
    if qos:
        body += packet_id.to_bytes(2, "big")
    return packet(first, body + varint(len(properties)) + properties + payload)
