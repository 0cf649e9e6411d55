"""An MQTT 3.1.1 connection to a broker that sends what the test wants."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.config.settings import Limits, Mqtt
from gateway.errors import LinkError
from gateway.mqtt.client import Client
from gateway.mqtt.source import make_source
from gateway.pipeline.acks import AckWindow
from gateway.pipeline.ports import Link, Subscription
from tests.parts.receiver import Received
from tests.unit.mqtt.fake_broker import FakeBroker
from tests.unit.mqtt.wire import packet

CONNACK = b"\x20\x02\x00\x00"


def publish(
    topic: bytes = b"a/b", payload: bytes = b"{}", *, qos: int = 1, packet_id: int = 7, duplicate: bool = False
) -> bytes:
    """A PUBLISH of MQTT 3.1.1."""
    number = packet_id.to_bytes(2, "big") if qos else b""
    return packet(0x30 | duplicate << 3 | qos << 1, len(topic).to_bytes(2, "big") + topic + number + payload)


async def connect(broker: FakeBroker, received: Received, window: AckWindow | None = None) -> Link:
    settings = Mqtt(url=broker.url, version="3.1.1", client_id="gw", keepalive_s=40)
    source = make_source(settings, Limits(payload_bytes=100_000), lambda: 1234)
    received.link = link = await source.connect(received, AckWindow(100, 1 << 20) if window is None else window)
    return link


@pytest.fixture
async def broker() -> AsyncIterator[FakeBroker]:
    async with FakeBroker(CONNACK) as broker:
        yield broker


@pytest.fixture
async def received() -> AsyncIterator[Received]:
    """What the link delivers; the link is cut when the test ends."""
    received = Received()
    yield received
    if received.link is not None:
        received.link.abort()
        await asyncio.gather(received.link.wait_closed(), return_exceptions=True)


async def test_connect_keeps_the_session(broker: FakeBroker, received: Received):
    """Protocol level 4, clean session off, three quarters of the keepalive (two of which end a dead link)."""
    broker.hello = b"\x20\x02\x01\x00"
    link = await connect(broker, received)
    assert broker.connect == packet(0x10, b"\x00\x04MQTT\x04\x00\x00\x1e\x00\x02gw")
    assert link.session_present is True
    assert link.session_expiry_s is None


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (1, "unsupported protocol version|closed"),
        (2, r"client identifier not valid \(0x85\)"),
        (3, r"server unavailable \(0x88\)"),
        (4, r"bad user name or password \(0x86\)"),
        (5, r"not authorized \(0x87\)"),
    ],
)
async def test_a_refused_connection_is_told(broker: FakeBroker, received: Received, code: int, message: str):
    """The return codes are told under the names of MQTT 5."""
    broker.hello = bytes([0x20, 2, 0, code])
    with pytest.raises(LinkError, match=message) as failure:
        await connect(broker, received)
    assert str(failure.value).startswith(broker.url)


async def test_a_broker_that_closes_before_connack(broker: FakeBroker, received: Received):
    """It is told at once, not after the time-out."""
    broker.hello = b""
    connecting = asyncio.create_task(connect(broker, received))
    await broker.send(b"")
    await broker.close()
    with pytest.raises(LinkError, match="the broker closed the connection"):
        await connecting


async def test_malformed_packets_are_refused_and_acknowledged(broker: FakeBroker, received: Received):
    """Invalid topics and packet ID 0 become refusals; what has a packet ID is acknowledged, and the flow goes on."""
    await connect(broker, received)
    await broker.send(
        publish(b"a/\xff", b"1", packet_id=1),
        publish(b"a/+", packet_id=2),
        publish(b"a\0", packet_id=3),
        publish(packet_id=0),
        publish(payload=b"x" * 100_001, packet_id=5),
        publish(payload=b"good", packet_id=6),
    )
    await received.wait(6)
    assert [(m.topic, v.params["reason"]) for m, v in received.refused] == [
        ("a/\ufffd", "topic-not-utf8"),
        ("a/+", "topic-wildcard"),
        ("a\0", "topic-nul"),
        ("a/b", "packet-id-zero"),
    ]
    assert received.payloads == [b"x" * 65536, b"good"]
    received.settle()
    assert [await broker.read() for _ in range(5)] == [bytes([0x40, 2, 0, number]) for number in (1, 2, 3, 5, 6)]


async def test_a_repeated_qos_1_message_is_delivered_and_answered_once(broker: FakeBroker, received: Received):
    """What comes again on a live connection gets one PUBACK: a second one could be another message's by then."""
    await connect(broker, received, AckWindow(1, 1 << 20))
    first, again = (publish(packet_id=9, payload=b"1", duplicate=duplicate) for duplicate in (False, True))
    await broker.send(first, again, again)
    await received.wait(1)
    received.settle()
    assert await broker.read() == b"\x40\x02\x00\x09"
    await broker.send(again, publish(packet_id=9, payload=b"2"))
    await received.wait(2)
    received.settle()
    assert await broker.read() == b"\x40\x02\x00\x09"
    await broker.send(publish(packet_id=10, payload=b"3"))
    await received.wait(3)
    received.settle()
    assert await broker.read() == b"\x40\x02\x00\x0a"
    assert received.payloads == [b"1", b"2", b"3"]
    assert received.repetitions == 3


async def test_a_qos_2_message_is_recorded_when_it_is_settled(broker: FakeBroker, received: Received):
    """It is delivered at PUBLISH, once; PUBREC waits for the ticket, PUBREL gets PUBCOMP and frees the packet ID."""
    await connect(broker, received)
    message, again = (publish(qos=2, packet_id=9, payload=b"1", duplicate=duplicate) for duplicate in (False, True))
    await broker.send(message, again, publish(payload=b"2"))
    await received.wait(2)
    assert [(m.payload, m.qos) for m in received.messages] == [(b"1", 2), (b"2", 1)]
    received.settle()
    assert [await broker.read(), await broker.read()] == [b"\x50\x02\x00\x09", b"\x40\x02\x00\x07"]
    await broker.send(again, b"\x62\x02\x00\x09", message)
    assert [await broker.read(), await broker.read()] == [b"\x50\x02\x00\x09", b"\x70\x02\x00\x09"]
    await received.wait(3)
    assert received.payloads == [b"1", b"2", b"1"]
    assert received.repetitions == 2


async def test_pubrel_of_an_earlier_connection_is_answered(broker: FakeBroker, received: Received):
    """Its PUBREC was sent there, after Kafka's confirmation; unanswered it would keep its place at the broker."""
    await connect(broker, received)
    await broker.send(b"\x62\x02\x02\x01")
    assert await broker.read() == b"\x70\x02\x02\x01"
    assert received.messages == []


@pytest.mark.parametrize(
    ("pubrel", "reason"),
    [(b"\x62\x02\x00\x09", "packet ID 9 before our PUBREC"), (b"\x62\x01\x00", "the broker closed the connection")],
    ids=["before our PUBREC", "without packet ID"],
)
async def test_a_pubrel_that_cannot_be_answered(broker: FakeBroker, received: Received, pubrel: bytes, reason: str):
    """The connection ends, and nothing is released that Kafka has not confirmed."""
    link = await connect(broker, received)
    await broker.send(publish(qos=2, packet_id=9))
    await received.wait(1)
    await broker.send(pubrel)
    assert reason in (await link.wait_closed()).reason
    received.settle()
    assert await broker.read() == b""


async def test_not_one_packet_more_than_the_window(broker: FakeBroker, received: Received):
    """With a window of one, each message waits for the acknowledgement of the one before."""
    await connect(broker, received, AckWindow(1, 1 << 20))
    await broker.send(*[publish(payload=b"%d" % number, packet_id=number) for number in range(1, 20)])
    for number in range(1, 20):
        await received.wait(number)
        assert len(received.messages) == number
        received.settle()
        assert await broker.read() == bytes([0x40, 2, 0, number])
    assert received.payloads == [b"%d" % number for number in range(1, 20)]


async def test_stop_reading_delivers_no_more(broker: FakeBroker, received: Received):
    """After stop_reading acknowledgements still go out though the window has room; then an orderly end, no RST."""
    link = await connect(broker, received, AckWindow(1, 1 << 20))
    sending = asyncio.create_task(broker.send(publish(payload=b"x" * 60_000) * 100))
    await received.wait(1)
    link.stop_reading()
    received.settle()
    assert await broker.read() == b"\x40\x02\x00\x07"
    leaving = asyncio.create_task(link.disconnect())
    assert [await broker.read(), await broker.read()] == [b"\xe0\x00", b""]
    await sending
    assert not leaving.done()
    await broker.close()
    await leaving
    assert len(received.messages) == 1


async def test_stop_reading_holds_back_what_comes_next(broker: FakeBroker, received: Received):
    """Also while it already waits for the socket: a message in the last moment would be written, not acknowledged."""
    link = await connect(broker, received)
    await broker.send(publish(payload=b"1"))
    await received.wait(1)
    received.settle()
    assert await broker.read() == b"\x40\x02\x00\x07"
    link.stop_reading()
    await broker.send(publish(payload=b"2"))
    for _ in range(20):  # turns of the event loop, in which the socket is readable
        await asyncio.sleep(0)
    leaving = asyncio.create_task(link.disconnect())
    assert [await broker.read(), await broker.read()] == [b"\xe0\x00", b""]
    await broker.close()
    await leaving
    assert received.payloads == [b"1"]


async def test_connecting_can_be_given_up(broker: FakeBroker, received: Received):
    """Cancelling connect closes the connection."""
    broker.hello = b""
    connecting = asyncio.create_task(connect(broker, received))
    await broker.send(b"")
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    assert await broker.read() == b""


async def test_connecting_is_given_up_at_the_last_moment(
    broker: FakeBroker, received: Received, monkeypatch: pytest.MonkeyPatch
):
    """A cancellation that comes with CONNACK, in the same turn of the event loop, still counts."""
    accepted = Client._on_connect

    def accepted_and_cancelled(self: Client, *args: Any) -> None:
        accepted(self, *args)
        connecting.cancel()

    monkeypatch.setattr(Client, "_on_connect", accepted_and_cancelled)
    connecting = asyncio.create_task(connect(broker, received))
    with pytest.raises(asyncio.CancelledError):
        await connecting
    assert await broker.read() == b""


async def test_an_acknowledgement_just_before_the_cut(broker: FakeBroker, received: Received):
    """Both in one turn of the event loop: the closed socket's number, which is another's by then, is not watched."""
    link = await connect(broker, received)
    await broker.send(publish())
    await received.wait(1)
    loop = asyncio.get_running_loop()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        received.settle()
        link.abort()
        others = [socket.create_connection(listener.getsockname()) for _ in range(10)]
        for _ in range(3):
            await asyncio.sleep(0)
        watched = [other.fileno() for other in others if loop.remove_writer(other.fileno())]
        for other in others:
            other.close()
    assert watched == []


async def test_a_refused_subscription(broker: FakeBroker, received: Received):
    """0x80 comes back as the reason code of its subscription."""
    link = await connect(broker, received)
    subscribing = asyncio.create_task(link.subscribe([Subscription("a", 1), Subscription("b", 0)]))
    sent = await broker.read()
    assert sent[4:] == b"\x00\x01a\x01\x00\x01b\x00"
    await broker.send(b"\x90\x04" + sent[2:4] + b"\x01\x80")
    assert await subscribing == [1, 0x80]


async def test_an_answer_to_other_subscriptions(broker: FakeBroker, received: Received):
    """A SUBACK with too few codes says nothing of any filter: LinkError, as over MQTT 5."""
    link = await connect(broker, received)
    subscribing = asyncio.create_task(link.subscribe([Subscription("a", 1), Subscription("b", 0)]))
    sent = await broker.read()
    await broker.send(b"\x90\x03" + sent[2:4] + b"\x01")
    with pytest.raises(LinkError, match=r"2 subscriptions with 1 reason codes"):
        await subscribing


@pytest.mark.parametrize("request_of", ["subscribe", "unsubscribe"])
async def test_a_request_that_the_end_overtakes(broker: FakeBroker, received: Received, request_of: str):
    """It raises the reason of the connection's end, during the request and after it."""
    link = await connect(broker, received)

    async def ask() -> None:
        await (link.subscribe([Subscription("a", 1)]) if request_of == "subscribe" else link.unsubscribe(["a"]))

    asking = asyncio.create_task(ask())
    await broker.read()
    await broker.close()
    end = await link.wait_closed()
    for attempt in (asking, asyncio.create_task(ask())):
        with pytest.raises(LinkError) as failure:
            await attempt
        assert str(failure.value) == end.reason


async def test_a_broken_stream_ends_the_link(broker: FakeBroker, received: Received):
    """A packet that no broker sends ends the connection."""
    link = await connect(broker, received)
    await broker.send(b"\xf0\x00")
    assert (await link.wait_closed()).reason
    with pytest.raises(LinkError):
        await link.unsubscribe(["a"])
