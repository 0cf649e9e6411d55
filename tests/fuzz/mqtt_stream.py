"""Bytes of an MQTT 5 broker: the stream splitter and the guarded codec."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.model import Message
from gateway.mqtt.malformed import Refusal
from gateway.mqtt.v5_codec import BadPacket
from gateway.mqtt.v5_packets import Held, PacketReader
from tests.unit.mqtt import wire

_LIMITS = (20, 1_000, 100_000)


def seeds() -> Iterable[bytes]:
    """Packets of every kind, valid and not."""
    packets = [
        wire.CONNACK,
        wire.PINGRESP,
        wire.publish(),
        wire.publish(qos=0, payload=b"x" * 30),
        wire.publish(qos=2, packet_id=0),
        wire.publish(topic=b"a/+"),
        wire.publish(topic=b"\xff"),
        wire.publish(properties=b"\x23\x00\x01", payload=b""),
        wire.packet(0x62, b"\x00\x01"),
        wire.packet(0x90, b"\x00\x01\x00\x01"),
        wire.packet(0xB0, b"\x00\x01\x00\x00"),
        wire.packet(0xE0, b"\x8e\x00"),
        wire.packet(0x20, b"\x00\x00\x05\x21\x00\x10\x24\x01"),
        b"\x30\xff\xff\xff\xff\x01",
    ]
    for n, packet in enumerate(packets):
        yield bytes([n]) + packet
        yield bytes([n]) + packet + wire.publish() + packets[n - 1]


def check(data: bytes) -> None:
    """Fails where bytes bring about anything but packets or BadPacket, or others when they are cut."""
    if not data:
        return
    cut, stream = data[0], data[1:]
    limit = _LIMITS[cut % 3]
    whole = _read(limit, [stream])
    step = 1 + cut // 3
    pieces = [stream[at : at + step] for at in range(0, len(stream), step)]
    assert _read(limit, pieces) == whole


def _read(limit: int, pieces: Iterable[bytes]) -> list[object]:
    reader = PacketReader(limit)
    found: list[object] = []
    try:
        for piece in pieces:
            reader.feed(piece)
            held = False
            while (item := reader.next(0, hold=held)) is not Held.MORE_BYTES:
                if item is not Held.PUBLISH:
                    found.append(item if isinstance(item, Message | Refusal) else repr(item))
                held = item is not Held.PUBLISH and not held
    except BadPacket:
        found.append("bad packet")
    return found
