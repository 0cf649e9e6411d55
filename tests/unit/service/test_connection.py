"""The connection over the years: when it is made, how it ends, how long until the next one."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.errors import LinkError, SessionTakenOver
from gateway.model import Message
from gateway.pipeline.ports import SinkFailure
from gateway.service.connection import CONTESTED_BACKOFF_S, MOST_BACKOFF_S, OWN_CONNECT_S, STABLE_S
from tests.fakes.broker import FakeLink
from tests.fakes.virtual_time import in_virtual_time, pass_s
from tests.unit.service.house import House, contract

DENIED = SinkFailure("not_authorized", "no permission to write to 'a'; grant WRITE", "a")
HOUR_S = 3600.0


@pytest.fixture
def house(tmp_path: Path) -> House:
    """One contract on a/+, running; nothing connected yet."""
    return House(tmp_path, contract("a/{device}"))


def gaps(times: list[float]) -> list[float]:
    """Seconds between one and the next."""
    return [round(later - earlier, 3) for earlier, later in pairwise(times)]


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
async def test_another_client_takes_the_session(house: House) -> None:
    """Where the broker says so (DISCONNECT 0x8E) the gateway gives up, and names client ID and remedy."""
    running = asyncio.get_running_loop().create_task(house.connection.run())
    await pass_s(0)
    house.broker.link.end("session taken over", taken_over=True)
    with pytest.raises(SessionTakenOver, match=r"'schema-gateway'.*client_id of its own"):
        await running
    assert house.engine.window is None


@in_virtual_time
async def test_another_client_takes_the_session_while_we_connect(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same between CONNECT and CONNACK: coming back would end the other one's connection in turn."""

    async def dismissed(*_: object) -> FakeLink:
        raise SessionTakenOver("broker:1883: the broker disconnected us: session taken over")

    monkeypatch.setattr(house.broker, "connect", dismissed)
    with pytest.raises(SessionTakenOver, match=r"'schema-gateway'.*client_id of its own"):
        await house.connection.run()


async def after_silence(house: House, waited_s: float) -> asyncio.Task[None]:
    """The gateway on a broker that did not answer its first attempt, and accepted the second."""
    house.broker.silent = True
    running = asyncio.get_running_loop().create_task(house.connection.run())
    await pass_s(0)
    house.broker.silent = False
    await pass_s(waited_s)
    assert house.broker.link.up
    return running


@in_virtual_time
async def test_an_attempt_of_ours_takes_the_session(house: House) -> None:
    """A broker that was frozen works off the CONNECT that we gave up: an ordinary end, we come back, and it is told."""
    running = await after_silence(house, OWN_CONNECT_S - 1)
    house.broker.link.end("session taken over", taken_over=True)
    await pass_s(0)
    [reason] = house.connection.reasons()
    assert reason.code == "mqtt_disconnected"
    assert reason.detail == "session taken over; or it was an attempt of ours that got no answer in time"
    await pass_s(1)
    assert house.codes == []
    running.cancel()


@in_virtual_time
async def test_an_attempt_of_ours_takes_the_session_while_we_connect(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same between CONNECT and CONNACK."""
    running = await after_silence(house, 1)
    house.broker.link.end()
    with monkeypatch.context() as patched:

        async def dismissed(*_: object) -> FakeLink:
            raise SessionTakenOver("broker:1883: the broker disconnected us: session taken over")

        patched.setattr(house.broker, "connect", dismissed)
        await pass_s(5)
        assert house.codes == ["mqtt_disconnected"]
    await pass_s(MOST_BACKOFF_S)
    assert house.codes == []
    running.cancel()


@in_virtual_time
async def test_another_client_takes_the_session_long_after_a_silence(house: House) -> None:
    """By then the broker has answered whatever waited: it is somebody else, and the gateway gives up."""
    running = await after_silence(house, OWN_CONNECT_S)
    house.broker.link.end("session taken over", taken_over=True)
    with pytest.raises(SessionTakenOver):
        await running


@in_virtual_time
async def test_another_client_takes_the_session_after_a_refused_attempt(house: House) -> None:
    """A broker that was not there has no CONNECT of ours either."""
    house.broker.refusal = "connection refused"
    running = asyncio.get_running_loop().create_task(house.connection.run())
    await pass_s(0)
    house.broker.refusal = ""
    await pass_s(1)
    house.broker.link.end("session taken over", taken_over=True)
    with pytest.raises(SessionTakenOver):
        await running


@in_virtual_time
async def test_three_short_lives_are_a_contest(house: House) -> None:
    """Brokers that say nothing of a take-over: wait a minute, say why, begin anew after a long life."""
    with house.run():
        for _ in range(2):
            await pass_s(1)
            house.broker.link.end()
        await pass_s(1)
        assert house.codes == []
        house.broker.link.end()
        ended = asyncio.get_running_loop().time()
        await pass_s(CONTESTED_BACKOFF_S - 1)
        assert house.codes == ["session_contested"]
        await pass_s(2)
        assert house.broker.attempts[-1] - ended == pytest.approx(CONTESTED_BACKOFF_S)
        assert house.codes == []
        house.broker.link.end()
        await pass_s(5)
        assert house.codes == ["session_contested"]
        await pass_s(CONTESTED_BACKOFF_S + STABLE_S)
        house.broker.link.end()
        await pass_s(1)
        assert house.broker.link.up


@in_virtual_time
async def test_short_lives_that_the_broker_explains_are_no_contest(house: House) -> None:
    """Each time it says why: that is told instead of a guess, and it is asked again as one that is away."""
    house.broker.on_connect = lambda link: link.end("shared subscriptions not supported (0x9E)", explained=True)
    with house.run():
        await pass_s(20)
        assert [(reason.code, reason.detail) for reason in house.connection.reasons()] == [
            ("mqtt_disconnected", "shared subscriptions not supported (0x9E)")
        ]
        assert gaps(house.broker.attempts) == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0]


@in_virtual_time
async def test_a_life_that_the_broker_explains_breaks_the_row(house: House) -> None:
    """Two clients that take the session from each other are told nothing, or of each other."""
    with house.run():
        for explained in (False, False, True, False, False):
            await pass_s(5)
            house.broker.link.end(explained=explained)
        await pass_s(5)
        assert house.codes == []


@in_virtual_time
async def test_own_attempts_that_take_the_session_are_short_lives(house: House) -> None:
    """They may be another client all the same, which then is given a rest."""
    running = await after_silence(house, 1)
    for _ in range(3):
        house.broker.link.end("session taken over", taken_over=True)
        await pass_s(5)
    assert house.codes == ["session_contested"]
    running.cancel()


@pytest.mark.parametrize(("lived_s", "contested"), [(STABLE_S - 0.5, True), (STABLE_S, False)])
@in_virtual_time
async def test_how_long_a_short_life_is(tmp_path: Path, lived_s: float, contested: bool) -> None:
    """Below a minute."""
    house = House(tmp_path, contract("a/{device}"))
    with house.run():
        for _ in range(3):
            await pass_s(0)
            while not (house.broker.links and house.broker.link.up):
                await pass_s(0.25)
            await pass_s(lived_s)
            house.broker.link.end()
        await pass_s(6)
        assert (house.codes == ["session_contested"]) is contested


@in_virtual_time
async def test_a_broker_that_crashes_and_stays_away_is_no_contest(house: House) -> None:
    """Short lives, then nobody answers: that is told, and it is back as soon as the broker is."""
    with house.run():
        for _ in range(3):
            await pass_s(1)
            house.broker.link.end()
        house.broker.refusal = "connection refused"
        await pass_s(CONTESTED_BACKOFF_S + 1)
        assert house.codes == ["mqtt_disconnected"]
        assert "connection refused" in house.connection.reasons()[0].detail
        house.broker.refusal = ""
        await pass_s(MOST_BACKOFF_S)
        assert house.broker.link.up


@in_virtual_time
async def test_a_long_life_that_kafka_ended_is_a_long_life(house: House) -> None:
    """Short lives on either side of it are not in a row."""
    with house.run():
        for _ in range(2):
            await pass_s(1)
            house.broker.link.end()
        await pass_s(10 * STABLE_S)
        house.kafka.fail(DENIED)
        await pass_s(5)
        house.broker.link.end()
        await pass_s(2)
        assert house.codes == []


@in_virtual_time
async def test_a_long_life_is_not_the_first_of_three_short_ones(house: House) -> None:
    """Two restarts of a broker after a quiet day are no contest."""
    with house.run():
        await pass_s(STABLE_S)
        for _ in range(3):
            await pass_s(1)
            house.broker.link.end()
        await pass_s(2)
        assert house.codes == []


@in_virtual_time
async def test_a_failed_delivery_cuts_the_connection(house: House) -> None:
    """Held while it lasts, with the failure as the reason; then a new sink generation, and everything comes again."""
    with house.run():
        await pass_s(0)
        house.broker.publish(b"1", b"2")
        first = house.broker.link
        house.kafka.fail(DENIED)
        await pass_s(0)
        assert not first.up
        assert [(reason.code, reason.detail) for reason in house.holds.reasons()] == [("not_authorized", DENIED.detail)]
        await pass_s(1)
        assert house.kafka.generations == 2
        assert [record.value[5:] for record in house.kafka.records] == [b"1", b"2", b"1", b"2"]
        house.kafka.confirm_all()
        assert (house.broker.queue, house.codes) == ([], [])
        assert house.holds.failures == {"not_authorized": 1}


@in_virtual_time
async def test_a_failure_that_lasts_is_tried_less_and_less(house: House) -> None:
    """Up to every 5 s; a delivery in between starts over."""
    with house.run():
        await pass_s(0)
        for _ in range(6):
            house.kafka.fail(DENIED)
            await pass_s(0)
            while not house.broker.link.up:
                await pass_s(0.25)
        assert gaps(house.broker.attempts) == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0]
        house.broker.publish(b"1")
        house.kafka.confirm_all()
        failed = asyncio.get_running_loop().time()
        house.kafka.fail(DENIED)
        await pass_s(1)
        assert gaps([failed, house.broker.attempts[-1]]) == [0.25]


# Failures that come while no link is known: each must end in a new sink generation and everything coming again


@in_virtual_time
async def test_a_failure_while_topics_are_looked_at(house: House) -> None:
    """The MQTT link broke, and before it is back Kafka refuses a record of the old one: recovery comes first."""
    with house.run():
        await pass_s(0)
        house.broker.publish(b"1")
        house.topics.gate = asyncio.Event()
        house.broker.link.end("the network is gone")
        await pass_s(1)
        house.kafka.fail(DENIED)
        house.topics.gate.set()
        await pass_s(60)
        house.kafka.confirm_all()
        assert house.broker.queue == []


@in_virtual_time
async def test_a_failure_while_connecting(house: House) -> None:
    """The same, a little later: CONNACK is awaited when Kafka refuses."""
    with house.run():
        await pass_s(0)
        house.broker.publish(b"1")
        house.broker.reachable = asyncio.Event()
        house.broker.link.end("the network is gone")
        await pass_s(1)
        house.kafka.fail(DENIED)
        house.broker.reachable.set()
        await pass_s(60)
        house.kafka.confirm_all()
        assert house.broker.queue == []


@in_virtual_time
async def test_a_failure_by_a_message_that_came_before_the_link(house: House) -> None:
    """A dead letter that fits nowhere, in the packet behind CONNACK: the connection is given up like any other."""
    house.broker.session = {"a/+": 1}
    house.broker.queue = [b"no json"]
    house.kafka.limits["a.dlq"] = 10
    with house.run():
        await pass_s(1)
        house.kafka.limits.clear()
        await pass_s(60)
        house.kafka.confirm_all()
        assert house.broker.queue == []


@in_virtual_time
async def test_what_is_logged_of_a_connection_that_fails_before_it_is_known(tmp_path: Path) -> None:
    """The failed delivery, and nothing about subscriptions, which never failed."""
    house = House(tmp_path, contract("a/{device}"), held={"a/+": 1})
    house.broker.queue = [b"no json"]
    house.kafka.limits["a.dlq"] = 10
    with capture_logs() as logs, house.run():
        await pass_s(0)
        assert [reason.code for reason in house.holds.reasons()] == ["dead_letter_too_large"]
    warnings = [entry["event"] for entry in logs if entry["log_level"] in {"warning", "error"}]
    assert warnings == ["kafka_delivery_failed"]


@in_virtual_time
async def test_a_failure_while_recovering(house: House) -> None:
    """The new sink generation fails as well (a watch has changed its sizes, a certificate is gone): once more."""
    with house.run():
        await pass_s(0)
        house.broker.publish(b"1")
        house.kafka.fail(DENIED)
        await pass_s(0.1)
        house.kafka.fail(SinkFailure("configuration_refused", "the certificate is gone", fatal=True))
        await pass_s(60)
        house.kafka.confirm_all()
        assert house.broker.queue == []


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


# Shutdown


async def drain(house: House, confirm: bool = True) -> tuple[int, list[str]]:
    """How many stayed unacknowledged, and what the link heard from then on."""
    link = house.broker.link
    before = len(link.heard)

    async def flush() -> int:
        await pass_s(1)
        if confirm:
            house.kafka.confirm_all()
        return 0

    left = await house.connection.drain(flush)
    return left, link.heard[before:]


@in_virtual_time
async def test_draining(house: House) -> None:
    """Read nothing more, wait for Kafka, acknowledge, DISCONNECT: in this order, and without UNSUBSCRIBE."""
    with house.run() as running:
        await pass_s(0)
        house.broker.publish(b"1", b"2")
        draining = asyncio.create_task(drain(house))
        await pass_s(0)
        assert house.codes == ["stopping"]
        house.broker.publish(b"3")
        assert await draining == (0, ["PUBACK 1", "PUBACK 2", "DISCONNECT"])
        assert house.broker.queue == [b"3"]
        assert house.broker.session == {"a/+": 1}
        await pass_s(HOUR_S)
        assert running.done()
        assert len(house.broker.attempts) == 1
        assert house.connection.state().failures == 0


@in_virtual_time
async def test_draining_while_kafka_is_away(house: House) -> None:
    """What Kafka did not confirm stays with the broker, and is counted."""
    with house.run():
        await pass_s(0)
        house.broker.publish(b"1", b"2")
        assert await drain(house, confirm=False) == (2, ["DISCONNECT"])
        assert house.broker.queue == [b"1", b"2"]


@in_virtual_time
async def test_a_failure_while_draining(house: House) -> None:
    """What was not acknowledged is counted, also if it was Kafka that refused at the last moment."""
    with house.run():
        await pass_s(0)
        house.broker.publish(b"1", b"2")

        async def flush() -> int:
            house.kafka.fail(DENIED)
            return 2

        assert await house.connection.drain(flush) == 2


@in_virtual_time
async def test_draining_with_messages_that_nobody_keeps(house: House) -> None:
    """At QoS 0 the broker has forgotten them: they are told as lost, and not counted among those that it keeps."""
    with house.run():
        await pass_s(0)
        house.broker.publish(b"1")
        house.broker.link.end()
        await pass_s(0)
        house.kafka.confirm_all()
        await pass_s(1)
        house.broker.publish(b"2")
        for _ in range(3):
            house.broker.link.deliver(b"0", qos=0)
        with capture_logs() as logs:
            assert (await drain(house, confirm=False))[0] == 2
        assert [(entry["event"], entry["messages"]) for entry in logs] == [("qos_0_lost_at_stop", 3)]


@in_virtual_time
async def test_a_connection_that_comes_too_late_to_be_used(house: House) -> None:
    """Made while the gateway stops, by a source that no cancellation reached: it is cut, and ``run`` returns."""
    house.broker.reachable = asyncio.Event()

    async def flush() -> int:
        return 0

    with house.run() as running:
        await pass_s(0)
        assert await house.connection.drain(flush) == 0
        house.broker.reachable.set()
        await pass_s(0)
        assert running.done()
        assert not house.broker.link.up
        assert not house.connection.state().connected


@in_virtual_time
async def test_draining_without_a_connection(house: House) -> None:
    """Nothing to wait for."""
    house.topics.down = "Kafka does not answer"
    with house.run():
        await pass_s(1)

        async def flush() -> int:
            raise AssertionError("nothing was handed over")

        assert await house.connection.drain(flush) == 0


@in_virtual_time
async def test_readiness_over_a_connection_s_life(house: House) -> None:
    """Starting, connecting, up, broken: each has its reason, or none."""
    assert house.codes == ["starting"]
    house.broker.reachable = asyncio.Event()
    with house.run():
        await pass_s(0)
        assert house.codes == ["mqtt_connecting"]
        house.broker.reachable.set()
        await pass_s(0)
        assert house.codes == []
        house.broker.refusal = "connection refused"
        house.broker.link.end("the broker closed the connection")
        await pass_s(0)
        assert house.codes == ["mqtt_disconnected"]
        [reason] = house.connection.reasons()
        assert reason.detail == "the broker closed the connection"
        await pass_s(1)
        assert house.connection.reasons()[0].detail == "connection refused"


@in_virtual_time
async def test_not_ready_before_the_broker_has_granted_the_filters(house: House) -> None:
    """Ready means subscribed, not connected."""
    house.broker.answers = asyncio.Event()
    with house.run():
        await pass_s(0)
        assert house.codes == ["mqtt_subscribing"]
        house.broker.answers.set()
        await pass_s(0)
        assert house.codes == []
        house.broker.answers = asyncio.Event()
        house.broker.link.end()
        await pass_s(1)
        assert house.broker.link.up
        assert house.codes == ["mqtt_subscribing"]


@in_virtual_time
async def test_not_ready_while_topics_are_looked_at_for_the_first_time(house: House) -> None:
    """Kafka answers slowly: no connection yet, so not ready."""
    house.topics.gate = asyncio.Event()
    with house.run():
        await pass_s(0)
        assert house.codes != []


@in_virtual_time
async def test_not_ready_while_topics_are_looked_at_again(house: House) -> None:
    """The connection broke, and Kafka answers slowly: not ready, as at the start."""
    with house.run():
        await pass_s(0)
        house.topics.gate = asyncio.Event()
        house.broker.link.end()
        await pass_s(1)
        assert len(house.broker.links) == 1
        assert house.codes != []


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
