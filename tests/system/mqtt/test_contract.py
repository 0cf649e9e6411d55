"""What both sources promise, against a real mosquitto: the same tests for MQTT 5 and 3.1.1."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.errors import LinkError
from gateway.pipeline.acks import AckWindow
from gateway.pipeline.ports import Subscription
from tests.parts.fault_proxy import Direction
from tests.parts.mosquitto import Mosquitto
from tests.parts.mqtt_proxy import MqttProxy
from tests.parts.processes import free_port
from tests.parts.waiting import eventually
from tests.system.mqtt.conftest import Connect, Version

pytestmark = pytest.mark.mosquitto

ALL = [Subscription("a/#", 1)]
EXACTLY_ONCE = [Subscription("a/#", 2)]


def numbered(count: int, start: int = 0) -> list[bytes]:
    return [b"%d" % number for number in range(start, start + count)]


async def test_a_first_connection_has_no_session(mosquitto: Mosquitto, version: Version, connect: Connect):
    """The broker never saw this client ID: session_present is False."""
    _, link = await connect(mosquitto.url, version)
    assert link.session_present is False
    assert link.session_expiry_s == (604800 if version == "5" else None)


@pytest.mark.parametrize("qos", [0, 1])
async def test_messages_arrive_as_published(mosquitto: Mosquitto, version: Version, connect: Connect, qos: int):
    """Topic, payload bytes, QoS and order are those of the publisher; a packet ID exists from QoS 1 on."""
    received, link = await connect(mosquitto.url, version)
    assert await link.subscribe(ALL) == [1]
    payloads = [b"", b"\x00\xff", b'{"a":1}', *numbered(50)]
    mosquitto.publish("a/\u00fc", *payloads, qos=qos)
    await received.wait(len(payloads))
    assert received.payloads == payloads
    assert {(m.topic, m.qos, m.retain, m.duplicate, m.packet_id > 0) for m in received.messages} == {
        ("a/\u00fc", qos, False, False, qos > 0)
    }
    assert all(1_600_000_000_000 < m.received_at < 4_000_000_000_000 for m in received.messages)


async def test_the_granted_qos_is_told(mosquitto: Mosquitto, version: Version, connect: Connect):
    """Each subscription gets its own reason code, in order, also across several packets."""
    _, link = await connect(mosquitto.url, version)
    wanted = [Subscription(f"many/{number}/+", number % 2) for number in range(20)]
    assert await link.subscribe(wanted) == [number % 2 for number in range(20)]


async def test_less_may_be_granted_than_asked(tmp_path: Path, version: Version, connect: Connect):
    """A broker that has no QoS 1 grants 0, and the caller is told."""
    with Mosquitto(tmp_path / "broker", config=["max_qos 0"]) as broker:
        _, link = await connect(broker.url, version)
        assert await link.subscribe(ALL) == [0]


async def test_nothing_is_acknowledged_before_it_is_settled(mosquitto: Mosquitto, version: Version, connect: Connect):
    """PUBACKs leave in order of arrival, each only when it and all before it are settled [MQTT-4.6.0-2]."""
    async with MqttProxy(mosquitto.port) as proxy:
        received, link = await connect(proxy.url, version)
        await link.subscribe(ALL)
        mosquitto.publish("a/b", *numbered(6))
        await received.wait(6)
        received.settle(1)
        received.settle(3)
        assert proxy.packets("PUBACK") == []
        received.settle(0)
        await proxy.wait_for(lambda _: len(proxy.packets("PUBACK")) == 2)
        received.settle()
        await proxy.wait_for(lambda _: len(proxy.packets("PUBACK")) == 6)
        assert [e.packet_id for e in proxy.packets("PUBACK")] == [m.packet_id for m in received.messages]
        assert {e.raw[:2] for e in proxy.packets("PUBACK")} == {b"\x40\x02"}


async def test_what_was_not_acknowledged_comes_again(mosquitto: Mosquitto, version: Version, connect: Connect):
    """After abort the session is there, and exactly the unacknowledged messages are redelivered, in order."""
    received, link = await connect(mosquitto.url, version)
    await link.subscribe(ALL)
    mosquitto.publish("a/b", *numbered(10))
    await received.wait(10)
    for index in range(4):
        received.settle(index)
    await eventually(lambda: mosquitto.log.count("Received PUBACK") == 4, what="4 PUBACKs at the broker")
    link.abort()
    await link.wait_closed()
    again, link = await connect(mosquitto.url, version)
    await again.wait(6)
    assert link.session_present is True
    assert again.payloads == numbered(6, 4)
    assert all(m.duplicate for m in again.messages)


async def test_disconnect_sends_what_was_acknowledged_and_keeps_the_session(
    mosquitto: Mosquitto, version: Version, connect: Connect
):
    """The last acknowledgements reach the broker before DISCONNECT, though unread messages wait; no UNSUBSCRIBE."""
    async with MqttProxy(mosquitto.port) as proxy:
        received, link = await connect(proxy.url, version, window=AckWindow(100, 1 << 20))
        await link.subscribe(ALL)
        mosquitto.publish("a/b", *[payload * 1000 for payload in numbered(300, 100)])
        await received.wait(100)
        link.stop_reading()
        received.settle()
        await link.disconnect()
        assert (await link.wait_closed()).reason == "disconnected by the gateway"
        assert len(received.messages) == 100
        await proxy.wait_for(lambda _: bool(proxy.packets("DISCONNECT")))
        sent = [e.type for e in proxy.events if e.direction is Direction.TO_BROKER]
        assert sent[-1] == "DISCONNECT"
        assert sent.count("PUBACK") == 100
        assert "UNSUBSCRIBE" not in sent
        await eventually(lambda: mosquitto.log.count("Received PUBACK") == 100, what="the broker took every PUBACK")
    again, link = await connect(mosquitto.url, version)
    await again.wait(200)
    assert link.session_present is True
    assert again.payloads == [payload * 1000 for payload in numbered(200, 200)]


async def test_nothing_happens_after_the_end(mosquitto: Mosquitto, version: Version, connect: Connect):
    """Late tickets of an ended connection are let go, and what was still buffered is not delivered."""
    async with MqttProxy(mosquitto.port) as proxy:
        received, link = await connect(proxy.url, version, window=AckWindow(5, 1 << 20))
        await link.subscribe(ALL)
        mosquitto.publish("a/b", *numbered(50))
        await received.wait(5)
        link.abort()
        received.settle()
        assert (await link.wait_closed()).reason == "cut by the gateway"
        received.settle()
        assert len(received.messages) == 5
        assert proxy.packets("PUBACK") == []
        with pytest.raises(LinkError, match="cut by the gateway"):
            await link.subscribe(ALL)


async def test_a_full_window_stops_the_flow_and_keeps_the_connection(
    mosquitto: Mosquitto, version: Version, connect: Connect
):
    """Never more than the window is open; pings go on beyond the keepalive; then all comes, in order, once."""
    count, size = 3000, 2000
    async with MqttProxy(mosquitto.port) as proxy:
        window = AckWindow(50, 16 << 20)
        received, link = await connect(proxy.url, version, window=window, keepalive_s=2, receive_maximum=1000)
        await link.subscribe(ALL)
        payloads = [b"%05d" % number + b"x" * size for number in range(count)]
        await asyncio.to_thread(mosquitto.publish, "a/b", *payloads)
        await received.wait(50)
        await proxy.wait_for(lambda _: len(proxy.packets("PINGREQ")) >= 3)
        assert len(received.messages) == 50
        while len(received.messages) < count:
            known = len(received.messages)
            received.settle()
            assert len(window) <= 50
            await received.wait(known + 1)
        received.settle()
        assert received.payloads == payloads
        assert proxy.connections == 1


async def test_a_window_full_of_bytes_stops_the_flow_too(mosquitto: Mosquitto, version: Version, connect: Connect):
    """The bound on unsettled bytes holds back as well, at QoS 0 too."""
    window = AckWindow(1000, 10_000)
    received, link = await connect(mosquitto.url, version, window=window)
    await link.subscribe(ALL)
    mosquitto.publish("a/b", *[b"x" * 4000] * 9, qos=0)
    await received.wait(3)
    await eventually(lambda: window.full)
    for expected in (6, 9):
        assert len(received.messages) == expected - 3
        received.settle()
        await received.wait(expected)


async def test_a_retained_message_is_marked(mosquitto: Mosquitto, version: Version, connect: Connect):
    """A new subscription brings the retained message, with its flag."""
    mosquitto.publish("a/kept", b"old", retain=True)
    received, link = await connect(mosquitto.url, version)
    await link.subscribe(ALL)
    await received.wait(1)
    assert [(m.payload, m.retain) for m in received.messages] == [(b"old", True)]


async def test_a_shared_subscription_splits_the_messages(mosquitto: Mosquitto, version: Version, connect: Connect):
    """Two members of a group get each message once between them."""
    shared = [Subscription("$share/group/a/#", 1)]
    one, first = await connect(mosquitto.url, version, client_id="one")
    two, second = await connect(mosquitto.url, version, client_id="two")
    assert await first.subscribe(shared) == await second.subscribe(shared) == [1]
    mosquitto.publish("a/b", *numbered(100))
    await eventually(lambda: len(one.messages) + len(two.messages) == 100)
    assert sorted(one.payloads + two.payloads) == sorted(numbered(100))
    assert one.messages
    assert two.messages


async def test_unsubscribe_ends_the_flow(mosquitto: Mosquitto, version: Version, connect: Connect):
    """A filter that was given up brings nothing any more; others do."""
    received, link = await connect(mosquitto.url, version)
    await link.subscribe([Subscription("a/#", 1), Subscription("b/#", 1)])
    await link.unsubscribe(["a/#", "never/subscribed"])
    mosquitto.publish("a/x", b"1")
    mosquitto.publish("b/x", b"2")
    await received.wait(1)
    assert received.payloads == [b"2"]


async def test_a_payload_above_the_limit_is_cut(mosquitto: Mosquitto, version: Version, connect: Connect):
    """Its first 64 KiB come with size and hash of the whole; neighbours and a payload at the limit are untouched."""
    big = bytes(range(256)) * 4000
    received, link = await connect(mosquitto.url, version, payload_bytes=100_000)
    await link.subscribe(ALL)
    mosquitto.publish("a/b", b"before", big, b"y" * 100_000, b"z" * 100_001, b"after")
    await received.wait(5)
    assert received.payloads == [b"before", big[:65536], b"y" * 100_000, b"z" * 65536, b"after"]
    cuts = [(m.cut.payload_bytes, m.cut.sha256) if m.cut else None for m in received.messages]
    assert cuts == [
        None,
        (len(big), sha256(big).hexdigest()),
        None,
        (100_001, sha256(b"z" * 100_001).hexdigest()),
        None,
    ]
    received.settle()
    await eventually(lambda: mosquitto.log.count("Received PUBACK") == 5, what="all five acknowledged")


async def test_a_second_client_takes_the_session_over(mosquitto: Mosquitto, version: Version, connect: Connect):
    """The first link ends when another client connects with its client ID; the session goes on there."""
    received, link = await connect(mosquitto.url, version)
    await link.subscribe(ALL)
    mosquitto.publish("a/b", b"1")
    await received.wait(1)
    again, second = await connect(mosquitto.url, version)
    closed = await link.wait_closed()
    assert closed.taken_over or "clos" in closed.reason
    received.settle()
    await again.wait(1)
    assert second.session_present is True
    assert again.payloads == [b"1"]


async def test_a_broker_restart_ends_the_link_and_keeps_the_session(
    mosquitto: Mosquitto, version: Version, connect: Connect
):
    """The link says that it ended; the next one gets what was unacknowledged."""
    received, link = await connect(mosquitto.url, version)
    await link.subscribe(ALL)
    mosquitto.publish("a/b", b"1")
    await received.wait(1)
    await asyncio.to_thread(mosquitto.restart)
    assert (await link.wait_closed()).reason
    again, link = await connect(mosquitto.url, version)
    await again.wait(1)
    assert link.session_present is True
    assert again.payloads == [b"1"]


async def test_a_broker_that_lost_the_session_is_noticed(mosquitto: Mosquitto, version: Version, connect: Connect):
    """Killed before it saved anything, the broker says that there is no session."""
    _, link = await connect(mosquitto.url, version)
    await link.subscribe(ALL)
    mosquitto.kill()
    await link.wait_closed()
    await asyncio.to_thread(mosquitto.start)
    _, link = await connect(mosquitto.url, version)
    assert link.session_present is False


async def test_a_black_hole_is_found(mosquitto: Mosquitto, version: Version, connect: Connect):
    """Nothing comes through any more though the TCP connection stands: the link ends as half-open."""
    async with MqttProxy(mosquitto.port) as proxy:
        _, link = await connect(proxy.url, version, keepalive_s=2)
        await link.subscribe(ALL)
        proxy.hold()
        closed = await asyncio.wait_for(link.wait_closed(), 20)
        assert closed.reason.startswith("half-open")
        assert closed.taken_over is False


async def test_disconnect_into_a_black_hole_ends(mosquitto: Mosquitto, version: Version, connect: Connect):
    """A broker that never closes does not keep the gateway from ending."""
    async with MqttProxy(mosquitto.port) as proxy:
        _, link = await connect(proxy.url, version)
        proxy.hold()
        await asyncio.wait_for(link.disconnect(), 20)
        assert await link.wait_closed()


async def test_subscribe_ends_with_the_connection(mosquitto: Mosquitto, version: Version, connect: Connect):
    """A SUBSCRIBE whose SUBACK cannot come any more raises."""
    async with MqttProxy(mosquitto.port) as proxy:
        _, link = await connect(proxy.url, version)
        proxy.hold(Direction.TO_CLIENT)
        pending = asyncio.create_task(link.subscribe(ALL))
        await proxy.wait_for(bool)
        proxy.drop()
        with pytest.raises(LinkError):
            await asyncio.wait_for(pending, 20)


async def test_nobody_listens(version: Version, connect: Connect):
    """A refused connection names the address and what to look at."""
    port = free_port()
    with pytest.raises(LinkError, match=f"mqtt://127.0.0.1:{port}: connection refused"):
        await connect(f"mqtt://127.0.0.1:{port}", version)


async def test_an_unknown_host(version: Version, connect: Connect):
    """A name that cannot be resolved is told as that."""
    with pytest.raises(LinkError, match=r"cannot be resolved .* check mqtt.url"):
        await connect("mqtt://no-such-host.invalid", version)


async def test_qos_2_is_released_only_after_it_is_settled(mosquitto: Mosquitto, version: Version, connect: Connect):
    """PUBREC waits for the ticket; PUBREL and PUBCOMP follow; the broker keeps nothing."""
    async with MqttProxy(mosquitto.port) as proxy:
        received, link = await connect(proxy.url, version)
        assert await link.subscribe(EXACTLY_ONCE) == [2]
        mosquitto.publish("a/b", b"1", b"2", b"3", qos=2)
        await received.wait(3)
        assert {m.qos for m in received.messages} == {2}
        assert proxy.packets("PUBREC") == []
        received.settle(1)
        assert proxy.packets("PUBREC") == []
        received.settle()
        await proxy.wait_for(lambda _: len(proxy.packets("PUBCOMP", Direction.TO_BROKER)) == 3)
        ids = [m.packet_id for m in received.messages]
        assert [e.packet_id for e in proxy.packets("PUBREC", Direction.TO_BROKER)] == ids
        link.abort()
    again, link = await connect(mosquitto.url, version)
    mosquitto.publish("a/b", b"4", qos=2)
    await again.wait(1)
    assert again.payloads == [b"4"]


async def test_qos_2_survives_a_cut_between_pubrec_and_pubrel(mosquitto: Mosquitto, version: Version, connect: Connect):
    """PUBREL on the next connection is answered (in MQTT 5 with 0x92), is no error, and the message is not repeated."""
    async with MqttProxy(mosquitto.port) as proxy:
        received, link = await connect(proxy.url, version)
        await link.subscribe(EXACTLY_ONCE)
        mosquitto.publish("a/b", b"1", qos=2)
        await received.wait(1)
        proxy.hold(Direction.TO_CLIENT)
        received.settle()
        await eventually(lambda: "Sending PUBREL" in mosquitto.log, what="PUBREL at the broker")
        link.abort()
        await link.wait_closed()
        proxy.drop()
    async with MqttProxy(mosquitto.port) as proxy:
        again, link = await connect(proxy.url, version)
        await proxy.wait_for(lambda _: bool(proxy.packets("PUBCOMP", Direction.TO_BROKER)))
        [pubcomp] = proxy.packets("PUBCOMP", Direction.TO_BROKER)
        if version == "5":
            assert pubcomp.raw == b"\x70\x03" + pubcomp.raw[2:4] + b"\x92"
        else:
            assert pubcomp.raw == b"\x70\x02" + pubcomp.raw[2:]
        mosquitto.publish("a/b", b"2", qos=2)
        await again.wait(1)
        assert again.payloads == [b"2"]
        assert link.session_present is True


@pytest.mark.parametrize("later", ["5", "3.1.1"])
async def test_what_waits_at_qos_2_outlives_a_change_of_version(
    mosquitto: Mosquitto, version: Version, later: Version, connect: Connect
):
    """A session's messages of QoS 2 come with either version, again after a break, and leave nothing at the broker."""
    _, link = await connect(mosquitto.url, version)
    await link.subscribe(EXACTLY_ONCE)
    await link.disconnect()
    mosquitto.publish("a/b", *numbered(30), qos=2)
    broken, link = await connect(mosquitto.url, later)
    await broken.wait(20)
    link.abort()
    await link.wait_closed()
    async with MqttProxy(mosquitto.port) as proxy:
        received, link = await connect(proxy.url, later)
        received.on_receive = received.settle
        received.settle()  # what came with CONNACK
        await received.wait(30)
        assert received.payloads == numbered(30)
        await proxy.wait_for(lambda _: len(proxy.packets("PUBCOMP", Direction.TO_BROKER)) == 30)
        await link.disconnect()
    again, link = await connect(mosquitto.url, later)
    mosquitto.publish("a/b", b"new", qos=2)
    await again.wait(1)
    assert again.payloads == [b"new"]


async def test_a_fault_of_our_own_is_not_hidden(mosquitto: Mosquitto, version: Version, connect: Connect):
    """An exception in the receiver ends the link, and wait_closed raises it: the process must not go on."""
    received, link = await connect(mosquitto.url, version)
    await link.subscribe(ALL)
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)

    def fail() -> None:
        raise ZeroDivisionError("a fault of our own")

    received.on_receive = fail
    mosquitto.publish("a/b", b"1")
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(link.wait_closed(), 10)
