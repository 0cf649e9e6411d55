"""Who has the session: another client that takes it, an attempt of ours, or a broker that crashes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.errors import SessionTakenOver
from gateway.service.connection import CONTESTED_BACKOFF_S, MOST_BACKOFF_S, OWN_CONNECT_S, STABLE_S
from tests.fakes.broker import FakeLink
from tests.fakes.virtual_time import in_virtual_time, pass_s
from tests.unit.service.house import DENIED, House, contract, gaps


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
