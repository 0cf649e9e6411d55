"""The connection over the years: when it is made, how it ends, how long until the next one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.errors import LinkError
from gateway.model import Message
from gateway.service.connection import STABLE_S
from tests.fakes.broker import FakeLink
from tests.fakes.virtual_time import in_virtual_time, pass_s
from tests.unit.service.house import House, contract, gaps


@in_virtual_time
async def test_messages_flow(house: House) -> None:
    """Connect, subscribe, and acknowledge what Kafka has confirmed, in order."""
    with house.run():
        await pass_s(0)
        house.broker.publish(b"1", b"2")
        assert [record.value[5:] for record in house.kafka.records] == [b"1", b"2"]
        assert house.broker.link.heard == ["SUBSCRIBE a/+ 1"]
        house.kafka.confirm_all()
        assert house.broker.link.heard[1:] == ["PUBACK 1", "PUBACK 2"]
        state = house.connection.state()
        assert (state.connected, state.connections, state.failures) == (True, 1, 0)
        assert house.codes == []


@in_virtual_time
async def test_messages_that_come_with_the_session(house: House) -> None:
    """The broker delivers what it held before we have even subscribed; none is lost or acknowledged early."""
    house.broker.session = {"a/+": 1}
    house.broker.queue = [b"1", b"2", b"3"]
    house.broker.on_connect = lambda _: house.kafka.confirm_all()
    with house.run():
        await pass_s(0)
        assert [record.value[5:] for record in house.kafka.records] == [b"1", b"2", b"3"]
        assert house.broker.link.heard[:3] == ["PUBACK 1", "PUBACK 2", "PUBACK 3"]
        assert house.broker.queue == []


@in_virtual_time
async def test_state_while_messages_wait(house: House) -> None:
    """Status shows how many, how large, and for how long."""
    with house.run():
        await pass_s(0)
        house.broker.publish(b"1", b"22")
        await pass_s(5)
        state = house.connection.state()
        assert (state.unacknowledged, state.unacknowledged_bytes) == (2, 3)
        assert state.oldest_age_s == pytest.approx(5)
        assert state.detail == "connected for 5 s"


@in_virtual_time
async def test_the_back_off_doubles_up_to_its_bound(house: House) -> None:
    """A broker that is away is asked again within 5 s for as long as it takes; readiness says why, the log once."""
    house.broker.refusal = "broker:1883: connection refused"
    with capture_logs() as logs, house.run():
        await pass_s(20)
        assert gaps(house.broker.attempts) == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
        assert house.codes == ["mqtt_disconnected"]
        assert house.connection.state().failures == 8
        assert house.engine.window is None
        house.broker.refusal = ""
        await pass_s(5)
        assert house.broker.link.up
        assert house.codes == []
    assert [entry["event"] for entry in logs].count("mqtt_connect_failed") == 1


@in_virtual_time
async def test_gateways_do_not_come_back_at_the_same_moment(tmp_path: Path) -> None:
    """Up to half of each wait is left to chance."""
    house = House(tmp_path, contract("a/{device}"))
    house.connection._jitter = lambda: 0.0
    house.broker.refusal = "connection refused"
    with house.run():
        await pass_s(1.5)
        assert gaps(house.broker.attempts) == [0.125, 0.25, 0.5]


@in_virtual_time
async def test_a_connection_that_lived_long_is_replaced_at_once(house: House) -> None:
    """However long the attempts before it took: the back-off starts over."""
    house.broker.refusal = "connection refused"
    with house.run():
        await pass_s(10)
        house.broker.refusal = ""
        await pass_s(5)
        house.broker.attempts.clear()
        await pass_s(STABLE_S)
        ended = asyncio.get_running_loop().time()
        house.broker.link.end()
        await pass_s(1)
        assert gaps([ended, *house.broker.attempts]) == [0.25]
        assert house.codes == []


@in_virtual_time
async def test_what_was_not_acknowledged_comes_again(house: House) -> None:
    """After a broken connection, once Kafka has confirmed the first copies; their confirmations reach nobody."""
    with house.run():
        await pass_s(0)
        house.broker.publish(b"1", b"2")
        first = house.broker.link
        first.end("the connection broke")
        await pass_s(1)
        assert house.codes == ["kafka_backlog"]
        house.kafka.confirm_all()
        assert house.broker.queue == [b"1", b"2"]
        await pass_s(2)
        assert house.broker.link is not first
        assert [record.value[5:] for record in house.kafka.records] == [b"1", b"2", b"1", b"2"]
        house.kafka.confirm_all()
        assert (house.broker.queue, house.codes) == ([], [])
        assert first.heard == ["SUBSCRIBE a/+ 1"]


@in_virtual_time
async def test_memory_while_mqtt_flaps_and_kafka_takes_nothing(house: House) -> None:
    """The same messages are not handed to the producer again and again: it holds those of one connection at most."""
    with house.run():
        await pass_s(0)
        house.broker.publish(*[b"x"] * 100)
        for _ in range(20):
            house.broker.link.end("the network flaps")
            await pass_s(100)
        assert len(house.kafka.records) == 100
        house.kafka.confirm_all()
        await pass_s(100)
        house.kafka.confirm_all()
        assert (house.broker.queue, house.codes) == ([], [])
        assert len(house.kafka.records) == 200


@in_virtual_time
async def test_a_lost_session_is_told(house: House) -> None:
    """The broker had one that we knew of, and has it no more: critical, counted, and what it held is not expected."""
    with capture_logs() as logs, house.run():
        await pass_s(0)
        house.broker.forget()
        house.broker.link.end("the broker was restarted")
        await pass_s(1)
        assert house.connection.state().sessions_lost == 1
        assert house.broker.session == {"a/+": 1}
    assert [entry["log_level"] for entry in logs if entry["event"] == "session_lost"] == ["critical"]


@in_virtual_time
async def test_a_session_lost_while_we_were_down(tmp_path: Path) -> None:
    """What the state folder remembers of the session shows it."""
    house = House(tmp_path, contract("a/{device}"), held={"a/+": 1})
    house.broker.forget()
    with house.run():
        await pass_s(0)
        assert house.connection.state().sessions_lost == 1


@in_virtual_time
async def test_a_session_that_nobody_remembers(tmp_path: Path) -> None:
    """The state folder was lost while the registry is partly down: nothing becomes a dead letter for want of a schema.

    What the session holds is said to be unknown, once.
    """
    house = House(tmp_path, contract("a/{device}"), contract("b/{device}"), inactive=["a"])
    house.slot("a").unanswered = True
    house.broker.session, house.broker.queue = {"a/+": 1, "b/+": 1}, [b"1", b"2"]
    with capture_logs() as logs, house.run():
        await pass_s(60)
        assert (house.broker.links, house.codes) == ([], ["registry_unreachable"])
        house.activate(house.slot("a"))
        house.slot("a").unanswered = False
        house.publish_routes()
        for _ in range(2):
            await pass_s(2)
            house.kafka.confirm_all()
            house.broker.link.end()
        assert [record.topic for record in house.kafka.records] == ["a", "a"]
        assert house.broker.queue == []
    assert [entry["event"] for entry in logs].count("session_filters_unknown") == 1


@in_virtual_time
async def test_the_first_connection_loses_nothing(house: House) -> None:
    """A new session where none was known is no lost one; all that it holds is known."""
    assert not house.held.complete
    with house.run():
        await pass_s(0)
        assert house.connection.state().sessions_lost == 0
        assert house.held.complete


@in_virtual_time
async def test_a_session_that_the_broker_will_keep_less_long(house: House) -> None:
    """CONNACK may shorten it [MQTT-3.1.2-23]: said, with both numbers."""
    house.broker.session_expiry_s = 3600
    with capture_logs() as logs, house.run():
        await pass_s(0)
    [entry] = [entry for entry in logs if entry["event"] == "session_expiry_shortened"]
    assert (entry["granted_s"], entry["wanted_s"]) == (3600, 604800)


@in_virtual_time
async def test_a_fault_of_our_own_ends_everything(house: House) -> None:
    """An exception below the link is raised, not retried."""
    running = asyncio.get_running_loop().create_task(house.connection.run())
    await pass_s(0)
    house.broker.link.fault(ZeroDivisionError("ours"))
    with pytest.raises(ZeroDivisionError, match="ours"):
        await running


@in_virtual_time
async def test_a_connection_that_ends_while_subscribing_is_logged(house: House) -> None:
    """Like any other end."""
    house.broker.answers = asyncio.Event()
    with capture_logs() as logs, house.run():
        await pass_s(0)
        house.broker.link.end("the broker closed the connection")
        await pass_s(0)
    assert [(entry["event"], entry["reason"]) for entry in logs if entry["log_level"] == "warning"] == [
        ("mqtt_disconnected", "the broker closed the connection")
    ]


@in_virtual_time
async def test_a_live_connection_that_cannot_be_subscribed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is of no use, and replaced; the reason is the broker's answer, and no other client is suspected."""

    async def nonsense(*_: object) -> list[int]:
        raise LinkError("the broker answered 1 subscriptions with 2 reason codes")

    monkeypatch.setattr(FakeLink, "subscribe", nonsense)
    with capture_logs() as logs, house.run():
        await pass_s(30)
        assert not house.broker.links[0].up
        assert gaps(house.broker.attempts)[:7] == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
        assert "session_contested" not in house.codes
    assert {(entry["event"], entry["reason"]) for entry in logs if entry["log_level"] == "warning"} == {
        ("mqtt_subscribe_failed", "the broker answered 1 subscriptions with 2 reason codes")
    }


@in_virtual_time
async def test_nothing_of_the_old_link_after_its_end(house: House) -> None:
    """Messages that a link delivers after it was replaced have no effect."""
    with house.run():
        await pass_s(0)
        first: FakeLink = house.broker.link
        first.end()
        await pass_s(1)
        first._receiver.receive(first.window, Message("a/p7", b"1", 1, 1, False, False, 5))
        assert house.kafka.records == []
