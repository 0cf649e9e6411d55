"""Bytes in, messages and refusals out: no sockets."""

from __future__ import annotations

import tracemalloc
from hashlib import sha256

import mqtt5
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model import Code, Cut, Message
from gateway.mqtt.malformed import Refusal
from gateway.mqtt.v5_codec import BadPacket
from gateway.mqtt.v5_packets import KNOWN_TOPIC_BYTES, MAX_CONTROL_BYTES, Held, Item, PacketReader
from tests.unit.mqtt.wire import PINGRESP, packet, publish, varint

LIMIT = 1000


def read_all(data: bytes, *, slices: list[int] | None = None, limit: int = LIMIT) -> list[Item]:
    """Everything that comes out of the bytes, fed in slices of these sizes, again and again (default: at once)."""
    reader = PacketReader(limit)
    items: list[Item] = []
    at, turn = 0, 0
    while at < len(data):
        size = slices[turn % len(slices)] if slices else len(data)
        reader.feed(data[at : at + size])
        at, turn = at + size, turn + 1
        while not isinstance(item := reader.next(5, hold=False), Held):
            items.append(item)
    return items


def refusal(raw: bytes, limit: int = LIMIT) -> Refusal:
    [item] = read_all(raw, limit=limit)
    assert isinstance(item, Refusal)
    assert item.violation.code is Code.MALFORMED_PACKET
    return item


@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("retain", [False, True])
@pytest.mark.parametrize("duplicate", [False, True])
def test_every_part_of_a_publish(qos: int, retain: bool, duplicate: bool):
    """Topic, payload, flags, packet ID and arrival are those of the packet; properties are passed over."""
    raw = publish("ü/1".encode(), b"\x00\xff", qos=qos, retain=retain, duplicate=duplicate, properties=b"\x01\x01")
    expected = Message("ü/1", b"\x00\xff", qos, 7 if qos else 0, retain, duplicate, 5)
    assert read_all(raw) == [expected]


def test_a_held_publish_stays_and_what_is_before_it_comes():
    """While publishes are held back, earlier packets are given and the PUBLISH is given later."""
    reader = PacketReader(LIMIT)
    reader.feed(PINGRESP + publish(payload=b"1") + PINGRESP)
    assert isinstance(reader.next(1, hold=True), mqtt5.PingRespPacket)
    assert reader.next(2, hold=True) is Held.PUBLISH
    assert reader.next(3, hold=True) is Held.PUBLISH
    message = reader.next(4, hold=False)
    assert isinstance(message, Message)
    assert (message.payload, message.received_at) == (b"1", 4)
    assert isinstance(reader.next(5, hold=True), mqtt5.PingRespPacket)
    assert reader.next(6, hold=True) is Held.MORE_BYTES


@given(
    payloads=st.lists(st.binary(max_size=3000), min_size=1, max_size=8),
    slices=st.lists(st.integers(1, 700), min_size=1, max_size=5),
    properties=st.sampled_from([b"", b"\x01\x01", b"\x26\x00\x01k\x00\x01v" * 300]),
)
def test_slicing_changes_nothing(payloads: list[bytes], slices: list[int], properties: bytes):
    """However the bytes are cut into reads, the same messages come out, large ones cut and hashed."""
    raw = b"".join(
        publish(payload=payload, packet_id=number, properties=properties) + PINGRESP
        for number, payload in enumerate(payloads, start=1)
    )
    items = read_all(raw, slices=slices)
    messages = [item for item in items if isinstance(item, Message)]
    assert len(items) == 2 * len(payloads)
    assert [m.packet_id for m in messages] == list(range(1, len(payloads) + 1))
    for message, payload in zip(messages, payloads, strict=True):
        assert message.payload == payload
        expected = Cut(len(payload), sha256(payload).hexdigest()) if len(payload) > LIMIT else None
        assert message.cut == expected


@given(data=st.binary(max_size=400), slices=st.lists(st.integers(1, 50), min_size=1, max_size=4))
def test_no_bytes_break_the_reader(data: bytes, slices: list[int]):
    """Random bytes give items or BadPacket, never anything else."""
    for raw in (data, b"\x32" + data, packet(0x32, data), packet(0x30, b"\x00\x01a" + data)):
        try:
            read_all(raw, slices=slices)
        except BadPacket as exc:
            assert "broker" in str(exc)  # noqa: PT017  # that it is raised is not required


@given(
    raw=st.builds(
        publish,
        topic=st.binary(min_size=1, max_size=20),
        payload=st.binary(max_size=60),
        qos=st.integers(0, 3),
        packet_id=st.integers(0, 3),
        properties=st.binary(max_size=20),
    ),
    flips=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 255)), max_size=2),
)
def test_a_publish_is_a_message_or_a_refusal(raw: bytes, flips: list[tuple[int, int]]):
    """A complete PUBLISH, however broken inside, gives one item, and the next packet follows."""
    broken = bytearray(raw)
    header = 1 + len(varint(len(raw) - 2))
    for at, byte in flips:
        if header <= at < len(raw):
            broken[at] = byte
    items = read_all(bytes(broken) + publish(payload=b"next"))
    assert len(items) == 2
    assert isinstance(items[0], Message | Refusal)
    assert isinstance(items[1], Message)
    assert items[1].payload == b"next"


@pytest.mark.parametrize(
    ("raw", "reason", "topic"),
    [
        (publish(b"a/\xff"), "topic-not-utf8", "a/\ufffd"),
        (publish(b"a/\xed\xa0\x80"), "topic-not-utf8", "a/\ufffd\ufffd\ufffd"),
        (publish(b"a/\0"), "topic-nul", "a/\0"),
        (publish(b"a/+/b"), "topic-wildcard", "a/+/b"),
        (publish(b"a/#"), "topic-wildcard", "a/#"),
        (publish(b""), "topic-empty", ""),
        (publish(b"", properties=b"\x23\x00\x01"), "topic-empty", ""),
        (publish(packet_id=0), "packet-id-zero", "a/b"),
        (publish(qos=2, packet_id=0), "packet-id-zero", "a/b"),
        (publish(qos=3), "qos-invalid", "a/b"),
        (packet(0x32, b"\x00\x03a/b\x00\x07\xff\xff\xff\xff\x01{}"), "length", "a/b"),
        (packet(0x32, b"\x00\x03a/b\x00\x07\xff\xff"), "length", "a/b"),
        (packet(0x32, b"\x00\x03a/b\x00\x07\x7f{}"), "length", "a/b"),
        (packet(0x32, b"\x00\x03a/b\x00\x07"), "length", "a/b"),
        (packet(0x30, b"\x00\x03a/b"), "length", "a/b"),
        (packet(0x32, b"\x00\x03a/b\x00"), "length", ""),
        (packet(0x32, b"\x00\x03a/b"), "length", ""),
        (packet(0x32, b"\x00\xffa/b\x00\x07\x00{}"), "length", ""),
        (packet(0x30, b"\x00"), "length", ""),
        (packet(0x30, b""), "length", ""),
    ],
)
@pytest.mark.parametrize("limit", [LIMIT, 1])
def test_what_is_wrong_is_told(raw: bytes, reason: str, topic: str, limit: int):
    """The violation names the fault, the topic is told as well as it can be; also for a packet that is streamed."""
    refused = refusal(raw, limit)
    assert refused.violation.params["reason"] == reason
    assert refused.message.topic == topic
    assert "mend the publisher or the broker" in refused.violation.message


def test_a_malformed_packet_keeps_what_it_needs_to_be_acknowledged():
    """QoS, packet ID and payload are cut out by hand; QoS 3, which does not exist, is answered like 1."""
    message = refusal(publish(b"\xff", b"payload", qos=2, packet_id=513)).message
    assert (message.qos, message.packet_id, message.payload) == (2, 513, b"payload")
    message = refusal(publish(payload=b"payload", qos=3, packet_id=513)).message
    assert (message.qos, message.packet_id, message.payload) == (1, 513, b"payload")


def test_a_packet_that_ends_behind_its_packet_id_can_be_acknowledged():
    """Without a property length it is malformed, but tells its packet ID; with one it is an empty payload."""
    for limit in (LIMIT, 1):
        message = refusal(packet(0x32, b"\x00\x03a/b\x02\x01"), limit).message
        assert (message.topic, message.packet_id, message.payload) == ("a/b", 513, b"")
        [legal] = read_all(packet(0x32, b"\x00\x03a/b\x02\x01\x00"), limit=limit)
        assert legal == Message("a/b", b"", 1, 513, False, False, 5)


@pytest.mark.parametrize("properties", [b"\x99\x01", b"\x26\x00\x01\xff\x00\x01v", b"\x01\x01\x01\x01", b"\x26" * 200])
def test_properties_are_skipped_unread(properties: bytes):
    """Nothing of them goes on, so nothing in them, not even what the codec panics on, costs a message."""
    raw = publish(payload=b"1", properties=properties)
    assert [m.payload for m in read_all(raw + raw) if isinstance(m, Message)] == [b"1", b"1"]


@given(raw=st.builds(publish, topic=st.binary(max_size=8), qos=st.integers(0, 3), packet_id=st.integers(0, 2)))
def test_a_known_topic_changes_nothing(raw: bytes):
    """The same packet gives the same item the first and the second time, and after all topics were forgotten."""
    first, second = read_all(raw + raw)
    assert first == second


def test_the_remembered_topics_are_bounded(monkeypatch: pytest.MonkeyPatch):
    """More topics than are remembered come out right; memory is not kept for all of them."""
    monkeypatch.setattr("gateway.mqtt.v5_packets.KNOWN_TOPICS", 3)
    reader = PacketReader(LIMIT)
    topics = [f"t/{number % 7}" for number in range(50)]
    reader.feed(b"".join(publish(topic.encode()) for topic in topics))
    messages = [reader.next(5, hold=False) for _ in topics]
    assert [m.topic for m in messages if isinstance(m, Message)] == topics
    assert len(reader._topics) <= 3


def test_a_long_topic_is_not_remembered():
    """It comes right each time all the same."""
    reader = PacketReader(LIMIT)
    for size in (KNOWN_TOPIC_BYTES, KNOWN_TOPIC_BYTES + 1, KNOWN_TOPIC_BYTES + 1):
        reader.feed(publish(b"t" * size))
        message = reader.next(5, hold=False)
        assert isinstance(message, Message)
        assert message.topic == "t" * size
    assert [len(topic) for topic in reader._topics] == [KNOWN_TOPIC_BYTES]


def test_the_limit_is_the_payload_not_the_packet():
    """Topic and properties do not count; one byte more is cut."""
    topic, properties = b"t" * 900, b"\x26\x00\x01k\x00\x01v" * 100
    [at_limit] = read_all(publish(topic, b"x" * LIMIT, properties=properties))
    [above] = read_all(publish(topic, b"x" * (LIMIT + 1), properties=properties))
    assert isinstance(at_limit, Message)
    assert isinstance(above, Message)
    assert (at_limit.payload, at_limit.cut) == (b"x" * LIMIT, None)
    assert above.cut == Cut(LIMIT + 1, sha256(b"x" * (LIMIT + 1)).hexdigest())


def test_memory_stays_flat_for_a_huge_payload():
    """100 MB go through with less than 2 MB held; first 64 KiB, size and hash are right."""
    chunk = bytes(range(256)) * 256
    count = 1600
    size = count * len(chunk)
    head = publish(payload=b"")
    body = head[2:]
    reader = PacketReader(1_000_000)
    digest = sha256()
    tracemalloc.start()
    try:
        reader.feed(b"\x32" + varint(len(body) + size) + body)
        for _ in range(count):
            assert reader.next(5, hold=False) is Held.MORE_BYTES
            reader.feed(chunk)
            digest.update(chunk)
        message = reader.next(5, hold=False)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(message, Message)
    assert message.payload == chunk
    assert message.cut == Cut(size, digest.hexdigest())
    assert peak < 2_000_000


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"\x10\x00", "packet of type 1, which it may not"),
        (b"HTTP/1.1 400 Bad Request\r\n", "packet of type 4, which it may not"),
        (b"\x32\xff\xff\xff\xff\x01", "packet length of more than four bytes"),
        (b"\x90" + varint(MAX_CONTROL_BYTES + 1), "SUBACK packet of 131073 bytes"),
        (b"\xd0\x01\x00", "PINGRESP packet that cannot be read"),
        (b"\x60\x02\x00\x01", "PUBREL packet that cannot be read"),
        (b"\x90\x04\x00\x01\x00\x77", "SUBACK packet that cannot be read"),
        (b"\xe0\x01\x77", "DISCONNECT packet that cannot be read"),
        (b"\x20\x02\x00\x01", "set mqtt.version to 3.1.1"),
    ],
)
def test_a_broken_control_packet_ends_the_stream(raw: bytes, message: str):
    """What is not PUBLISH and cannot be read raises, as early as the fixed header shows it."""
    with pytest.raises(BadPacket, match=message):
        read_all(raw)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the codec reports its panic there
def test_a_panic_of_the_codec_ends_the_stream():
    """A reason that is not UTF-8 makes the codec panic, which is no Exception; it is told like any bad packet."""
    with pytest.raises(BadPacket, match=r"DISCONNECT packet that cannot be read \(text that is not UTF-8\)"):
        read_all(b"\xe0\x07\x80\x05\x1f\x00\x02\xff\xff")


def test_every_packet_id_and_size_boundary():
    """Payload sizes around the boundaries of the length field come out whole."""
    for size in (0, 1, 118, 119, 120, 121, 16374, 16375, 16376, 16377):
        [message] = read_all(publish(payload=b"x" * size, packet_id=65535), limit=20_000)
        assert isinstance(message, Message)
        assert (len(message.payload), message.packet_id) == (size, 65535)
