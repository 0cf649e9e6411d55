"""An MQTT 5 connection to a broker that sends what the test wants."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import mqtt5
import pytest
import trustme

from gateway.config.settings import Limits, Mqtt, Tls
from gateway.errors import LinkError, SessionTakenOver
from gateway.mqtt.source import make_source
from gateway.pipeline.acks import AckWindow
from gateway.pipeline.ports import Link, Subscription
from tests.parts.receiver import Received
from tests.unit.mqtt.fake_broker import FakeBroker
from tests.unit.mqtt.wire import CONNACK, PINGRESP, packet, publish

Connect = Callable[..., Coroutine[Any, Any, tuple[Received, Link]]]


@pytest.fixture
async def broker() -> AsyncIterator[FakeBroker]:
    async with FakeBroker() as broker:
        yield broker


@pytest.fixture
async def connect(broker: FakeBroker) -> AsyncIterator[Connect]:
    """Connects to the fake broker; cut when the test ends."""
    links: list[Link] = []

    async def connect(
        window: AckWindow | None = None, payload_bytes: int = 1_000_000, **settings: Any
    ) -> tuple[Received, Link]:
        received = Received()
        source = make_source(Mqtt(url=broker.url, **settings), Limits(payload_bytes=payload_bytes), lambda: 1234)
        received.link = link = await source.connect(received, AckWindow(100, 1 << 20) if window is None else window)
        links.append(link)
        return received, link

    yield connect
    for link in links:
        link.abort()
    await asyncio.gather(*[link.wait_closed() for link in links], return_exceptions=True)


async def test_connect_asks_for_our_session(broker: FakeBroker, connect: Connect):
    """CONNECT carries the session's terms; no Maximum Packet Size, no topic aliases."""
    await connect(
        client_id="gw", username="user", password="pass", session_expiry_s=99, receive_maximum=50, keepalive_s=17
    )
    sent, _ = mqtt5.read(memoryview(broker.connect))
    assert isinstance(sent, mqtt5.ConnectPacket)
    assert (sent.client_id, sent.username, sent.password) == ("gw", "user", b"pass")
    assert (sent.clean_start, sent.keep_alive, sent.session_expiry_interval) == (False, 17, 99)
    assert (sent.receive_max, sent.topic_alias_max, sent.max_packet_size) == (50, 0, None)


@pytest.mark.parametrize(("properties", "granted"), [(b"", 604800), (b"\x11\x00\x00\x00\x3c", 60)])
async def test_the_granted_session_is_told(broker: FakeBroker, connect: Connect, properties: bytes, granted: int):
    """CONNACK's session_present and session expiry, which default to what we asked for."""
    broker.hello = packet(0x20, b"\x01\x00" + bytes([len(properties)]) + properties)
    _, link = await connect()
    assert link.session_present is True
    assert link.session_expiry_s == granted


@pytest.mark.parametrize(
    ("hello", "message"),
    [
        (b"\x20\x03\x00\x86\x00", r"bad user name or password \(0x86\); check mqtt.username and mqtt.password"),
        (b"\x20\x03\x00\x85\x00", r"client identifier not valid \(0x85\); choose another mqtt.client_id"),
        (b"\x20\x03\x00\x88\x00", r"server unavailable \(0x88\)"),
        (b"\x20\x09\x00\x9d\x06\x1c\x00\x03new", r"server moved \(0x9D\), it names 'new'; set mqtt.url"),
        (b"\x20\x09\x00\x87\x06\x1f\x00\x03why", r"not authorized \(0x87\), it says 'why'"),
        (b"\x20\x02\x00\x01", "answers in MQTT 3.1.1; set mqtt.version to 3.1.1"),
        (b"\xe0\x01\x9d", r"disconnected us: server moved"),
        (publish(), "sent PUBLISH before CONNACK"),
        (PINGRESP, "sent PingRespPacket before CONNACK"),
        (b"\x62\x02\x00\x01", "sent PubRelPacket before CONNACK"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "is this an MQTT port"),
    ],
)
async def test_a_refused_connection_is_told(broker: FakeBroker, connect: Connect, hello: bytes, message: str):
    """LinkError names the address, the broker's reason and what to do."""
    broker.hello = hello + b"\xd0\x01"
    with pytest.raises(LinkError, match=message) as failure:
        await connect()
    assert str(failure.value).startswith(broker.url)


async def test_a_taken_over_session_is_its_own_error(broker: FakeBroker, connect: Connect):
    """0x8E before CONNACK raises SessionTakenOver."""
    broker.hello = b"\xe0\x01\x8e"
    with pytest.raises(SessionTakenOver, match="another client uses the same"):
        await connect()


async def test_a_broker_that_answers_nothing(broker: FakeBroker, connect: Connect, monkeypatch: pytest.MonkeyPatch):
    """The attempt is given up; by its cause the service knows that the broker may still find our CONNECT."""
    monkeypatch.setattr("gateway.mqtt.v5.CONNECT_TIMEOUT_S", 0.01)
    broker.hello = b""
    with pytest.raises(LinkError, match="no answer in time") as failure:
        await connect()
    assert isinstance(failure.value.__cause__, TimeoutError)


async def test_a_broker_that_closes_before_connack(broker: FakeBroker, connect: Connect):
    """The broker's silence is told at once, not after the time-out."""
    broker.hello = b""
    connecting = asyncio.create_task(connect())
    await broker.send(b"")
    await broker.close()
    with pytest.raises(LinkError, match="the broker closed the connection"):
        await connecting


async def test_a_broker_that_never_answers(broker: FakeBroker, connect: Connect, monkeypatch: pytest.MonkeyPatch):
    """Connecting ends by its time-out."""
    monkeypatch.setattr("gateway.mqtt.v5.CONNECT_TIMEOUT_S", 0.05)
    broker.hello = b""
    with pytest.raises(LinkError, match="no answer in time"):
        await connect()
    assert await broker.read() == b""


async def test_messages_in_the_same_bytes_as_connack(broker: FakeBroker, connect: Connect):
    """A session's messages that come right behind CONNACK are delivered, all with one arrival time."""
    broker.hello = CONNACK + publish(payload=b"1", packet_id=1) + publish(payload=b"2", packet_id=2)
    received, _ = await connect()
    await received.wait(2)
    assert [(m.payload, m.received_at) for m in received.messages] == [(b"1", 1234), (b"2", 1234)]


async def test_acknowledgements_of_one_call_are_one_piece(broker: FakeBroker, connect: Connect):
    """PUBACK bytes in the order of arrival."""
    received, _ = await connect()
    await broker.send(*[publish(packet_id=number) for number in (3, 65535, 1)])
    await received.wait(3)
    received.settle()
    assert [await broker.read() for _ in range(3)] == [b"\x40\x02\x00\x03", b"\x40\x02\xff\xff", b"\x40\x02\x00\x01"]


async def test_malformed_packets_are_refused_acknowledged_and_passed(broker: FakeBroker, connect: Connect):
    """Each becomes a refusal with its own reason, is acknowledged where it has a packet ID, and the flow goes on."""
    received, _ = await connect()
    await broker.send(
        publish(b"a/\xff", b"1", packet_id=1),
        publish(b"a/+", b"2", packet_id=2, qos=2),
        publish(packet_id=0),
        publish(b"a\0", packet_id=4),
        publish(payload=b"good", packet_id=5),
    )
    await received.wait(5)
    reasons = [violation.params["reason"] for _, violation in received.refused]
    assert reasons == ["topic-not-utf8", "topic-wildcard", "packet-id-zero", "topic-nul"]
    assert received.payloads == [b"good"]
    received.settle()
    assert [await broker.read() for _ in range(4)] == [
        b"\x40\x02\x00\x01",
        b"\x50\x02\x00\x02",
        b"\x40\x02\x00\x04",
        b"\x40\x02\x00\x05",
    ]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"\xd0\x01\x00", "PINGRESP packet that cannot be read"),
        (CONNACK, "ConnAckPacket out of place"),
        (b"\x40\x02\x00\x01", "type 4, which it may not"),
        (b"\x90\xff\xff\xff\x7f", "SUBACK packet of 268435455 bytes"),
    ],
)
async def test_a_broken_stream_ends_the_link(broker: FakeBroker, connect: Connect, raw: bytes, message: str):
    """We say goodbye with 0x82 protocol error, read nothing more, and the reason is clear."""
    received, link = await connect()
    await broker.send(raw + publish())
    assert await broker.read() == b"\xe0\x01\x82"
    assert await broker.read() == b""
    await broker.close()
    closed = await link.wait_closed()
    assert message in closed.reason
    assert closed.explained
    assert received.messages == []


async def test_a_repeated_qos_1_message_is_delivered_and_answered_once(broker: FakeBroker, connect: Connect):
    """What comes again on a live connection gets one PUBACK: a second one could be another message's by then."""
    received, _ = await connect(window=AckWindow(1, 1 << 20))
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


async def test_a_repeated_malformed_packet_is_refused_once(broker: FakeBroker, connect: Connect):
    """It would become a dead letter each time."""
    received, _ = await connect()
    await broker.send(publish(b"a/+"), publish(b"a/+", duplicate=True), publish(packet_id=8))
    await received.wait(2)
    assert [message.topic for message, _ in received.refused] == ["a/+"]
    assert received.repetitions == 1


async def test_a_repeated_qos_2_message_is_delivered_once(broker: FakeBroker, connect: Connect):
    """Before PUBREC it waits, after PUBREC it is answered; PUBREL frees the packet ID."""
    received, _ = await connect()
    message, again = (publish(qos=2, packet_id=9, payload=b"1", duplicate=duplicate) for duplicate in (False, True))
    await broker.send(message, again, publish(payload=b"2"))
    await received.wait(2)
    received.settle()
    assert [await broker.read(), await broker.read()] == [b"\x50\x02\x00\x09", b"\x40\x02\x00\x07"]
    await broker.send(again, b"\x62\x02\x00\x09", message)
    assert [await broker.read(), await broker.read()] == [b"\x50\x02\x00\x09", b"\x70\x02\x00\x09"]
    await received.wait(3)
    assert received.payloads == [b"1", b"2", b"1"]
    assert received.repetitions == 2


async def test_a_packet_id_that_the_broker_reuses_too_early(broker: FakeBroker, connect: Connect):
    """The second message is none the less delivered: to drop it would lose it."""
    received, _ = await connect()
    await broker.send(publish(qos=2, packet_id=9, payload=b"1"), publish(qos=2, packet_id=9, payload=b"2"))
    await received.wait(2)
    assert received.payloads == [b"1", b"2"]


async def test_pubrel_before_pubrec_ends_the_link(broker: FakeBroker, connect: Connect):
    """A message that Kafka has not confirmed is not released."""
    received, link = await connect()
    await broker.send(publish(qos=2, packet_id=9))
    await received.wait(1)
    await broker.send(b"\x62\x02\x00\x09")
    assert await broker.read() == b"\xe0\x01\x82"
    await broker.close()
    assert "before our PUBREC" in (await link.wait_closed()).reason


async def test_a_full_window_holds_only_what_is_behind_the_publish(broker: FakeBroker, connect: Connect):
    """SUBACK before the held PUBLISH is handled at once, SUBACK behind it only when there is room."""
    received, link = await connect(window=AckWindow(1, 1 << 20))
    first = asyncio.create_task(link.subscribe([Subscription("a", 1)]))
    assert (await broker.read())[:1] == b"\x82"
    second = asyncio.create_task(link.subscribe([Subscription("b", 1)]))
    assert (await broker.read())[:1] == b"\x82"
    await broker.send(
        publish(payload=b"1"), b"\x90\x04\x00\x01\x00\x00", publish(payload=b"2"), b"\x90\x04\x00\x02\x00\x01"
    )
    assert await first == [0]
    assert received.payloads == [b"1"]
    assert not second.done()
    received.settle()
    assert received.payloads == [b"1", b"2"]
    assert await second == [1]


async def test_an_acknowledgement_from_within_receive(broker: FakeBroker, connect: Connect):
    """A receiver that settles at once, with a window of one, gets everything in order."""
    received, _ = await connect(window=AckWindow(1, 1 << 20))
    received.on_receive = received.settle
    await broker.send(*[publish(payload=b"%d" % number, packet_id=number) for number in range(1, 500)])
    await received.wait(499)
    assert received.payloads == [b"%d" % number for number in range(1, 500)]


async def test_a_receiver_that_cuts_the_link_gets_no_more(broker: FakeBroker, connect: Connect):
    """After abort from within receive, the rest of the buffer is not delivered."""
    received, link = await connect()
    received.on_receive = link.abort
    await broker.send(publish(), publish(), publish())
    await link.wait_closed()
    assert len(received.messages) == 1


async def test_stop_reading_delivers_no_more(broker: FakeBroker, connect: Connect):
    """After stop_reading acknowledgements still go out, and no further message comes in."""
    received, link = await connect()
    await broker.send(publish(payload=b"1"))
    await received.wait(1)
    link.stop_reading()
    await broker.send(PINGRESP, publish(payload=b"2"))
    received.settle()
    assert await broker.read() == b"\x40\x02\x00\x07"
    leaving = asyncio.create_task(link.disconnect())
    assert await broker.read() == b"\xe0\x00"
    assert await broker.read() == b""
    await broker.close()
    await leaving
    assert received.payloads == [b"1"]


async def test_the_broker_closes_first(broker: FakeBroker, connect: Connect):
    """With megabytes unread, the last PUBACK and DISCONNECT arrive and then an orderly end, no RST."""
    received, link = await connect(window=AckWindow(1, 1 << 20))
    sending = asyncio.create_task(broker.send(publish(payload=b"x" * 60_000) * 100))
    await received.wait(1)
    link.stop_reading()
    received.settle()
    leaving = asyncio.create_task(link.disconnect())
    assert [await broker.read() for _ in range(3)] == [b"\x40\x02\x00\x07", b"\xe0\x00", b""]
    await sending
    assert not leaving.done()
    await broker.close()
    await leaving
    assert len(received.messages) == 1


async def test_a_goodbye_over_tls_while_we_are_paused(tmp_path: Path):
    """A broker that shuts down does not wait: its DISCONNECT is read when there is room, and ends just the link."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    authority.issue_cert("127.0.0.1").configure_cert(context)
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
    async with FakeBroker(tls=context) as broker:
        received = Received()
        source = make_source(Mqtt(url=broker.url, tls=Tls(ca_file=tmp_path / "ca.pem")), Limits(), lambda: 0)
        received.link = link = await source.connect(received, AckWindow(1, 1 << 20))
        await broker.send(publish(payload=b"1"), publish(payload=b"2"))
        await received.wait(1)
        await broker.send(b"\xe0\x01\x8b", publish(payload=b"3"))
        broker.cut()
        for _ in range(20):  # turns of the event loop, in which the end arrives
            await asyncio.sleep(0)
        received.settle()
        received.settle()
        closed = await asyncio.wait_for(link.wait_closed(), 10)
    assert "server shutting down (0x8B)" in closed.reason
    assert received.payloads == [b"1", b"2"]
    assert faults == []


@pytest.mark.parametrize(
    ("raw", "reason", "taken_over", "explained"),
    [
        (b"\xe0\x01\x8e", "session taken over (0x8E)", True, False),
        (b"\xe0\x01\x8b", "server shutting down (0x8B)", False, True),
        (b"\xe0\x01\x9e", "remove mqtt.share", False, True),
        (b"\xe0\x00", "normal disconnection (0x00)", False, False),
    ],
)
async def test_the_brokers_disconnect_is_told(
    broker: FakeBroker, connect: Connect, raw: bytes, reason: str, taken_over: bool, explained: bool
):
    """The reason code is the link's end, and what comes behind it is not delivered; a failure's code explains it."""
    received, link = await connect()
    await broker.send(raw, publish())
    closed = await link.wait_closed()
    assert reason in closed.reason
    assert (closed.taken_over, closed.explained) == (taken_over, explained)
    assert received.messages == []
    with pytest.raises(SessionTakenOver if taken_over else LinkError):
        await link.subscribe([Subscription("a", 1)])


async def test_subscriptions_go_in_small_packets(broker: FakeBroker, connect: Connect):
    """At most 8 in a SUBSCRIBE, with retain handling 1 and retain as published; codes come back in order."""
    _, link = await connect()
    wanted = [Subscription(f"f/{number}", number % 3) for number in range(10)]
    subscribing = asyncio.create_task(link.subscribe(wanted))
    packets = []
    for _ in range(2):
        sent, _ = mqtt5.read(memoryview(await broker.read()))
        assert isinstance(sent, mqtt5.SubscribePacket)
        packets.append(sent)
    filters = [topic_filter for sent in packets for topic_filter in sent.topic_filters]
    assert [len(sent.topic_filters) for sent in packets] == [8, 2]
    assert [(one.pattern, one.max_qos) for one in filters] == [(s.filter, mqtt5.QoS(s.qos)) for s in wanted]
    assert all(one.retain_as_published for one in filters)
    assert all(one.retain_handling == mqtt5.RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS for one in filters)
    second = packet(0x90, packets[1].packet_id.to_bytes(2, "big") + b"\x00\x87\x9e")
    first = packet(0x90, packets[0].packet_id.to_bytes(2, "big") + b"\x00" + bytes([0, 1, 2, 0, 1, 2, 0, 1]))
    await broker.send(second, first)
    assert await subscribing == [0, 1, 2, 0, 1, 2, 0, 1, 0x87, 0x9E]


async def test_a_suback_of_the_wrong_length(broker: FakeBroker, connect: Connect):
    """Codes that cannot be matched with the filters are an error, not a guess."""
    _, link = await connect()
    subscribing = asyncio.create_task(link.subscribe([Subscription("a", 1), Subscription("b", 1)]))
    await broker.read()
    await broker.send(b"\x90\x04\x00\x01\x00\x01")
    with pytest.raises(LinkError, match="2 subscriptions with 1 reason codes"):
        await subscribing


async def test_an_unsubscribe_that_is_refused(broker: FakeBroker, connect: Connect):
    """The filter and the reason are named; 0x11, nothing was subscribed, is fine."""
    _, link = await connect()
    unsubscribing = asyncio.create_task(link.unsubscribe(["a", "b"]))
    await broker.read()
    await broker.read()
    await broker.send(b"\xb0\x04\x00\x01\x00\x11", b"\xb0\x04\x00\x02\x00\x87")
    with pytest.raises(LinkError, match=r"'b': not authorized \(0x87\)"):
        await unsubscribing


async def test_a_late_reply_to_a_given_up_request(broker: FakeBroker, connect: Connect):
    """SUBACK for a cancelled subscribe is dropped, and the link goes on."""
    received, link = await connect()
    subscribing = asyncio.create_task(link.subscribe([Subscription("a", 1)]))
    await broker.read()
    subscribing.cancel()
    await asyncio.gather(subscribing, return_exceptions=True)
    await broker.send(b"\x90\x04\x00\x01\x00\x01", publish(payload=b"1"))
    await received.wait(1)


@pytest.mark.parametrize("keepalive", [b"\x13\x00\x01", b""])
async def test_pings_keep_the_interval_of_the_broker(broker: FakeBroker, connect: Connect, keepalive: bytes):
    """server_keep_alive overrides ours; the link pings, and ends as half-open when nothing comes back."""
    broker.hello = packet(0x20, b"\x00\x00" + bytes([len(keepalive)]) + keepalive)
    _, link = await connect(keepalive_s=600 if keepalive else 1)
    for _ in range(2):
        assert await broker.read() == b"\xc0\x00"
        await broker.send(PINGRESP)
    assert await broker.read() == b"\xc0\x00"
    closed = await asyncio.wait_for(link.wait_closed(), 10)
    assert closed.reason == "half-open: no byte from the broker for 1.5 s although we pinged"


async def test_a_large_payload_is_cut_while_it_comes(broker: FakeBroker, connect: Connect):
    """Above the limit only the start is kept; the next message follows."""
    received, _ = await connect(payload_bytes=200_000)
    await broker.send(publish(payload=b"x" * 3_000_000), publish(payload=b"y" * 200_000), publish(payload=b"z"))
    await received.wait(3)
    assert received.payloads == [b"x" * 65536, b"y" * 200_000, b"z"]
    assert [m.cut.payload_bytes if m.cut else None for m in received.messages] == [3_000_000, None, None]
