"""Answers to SUBSCRIBE and UNSUBSCRIBE that are lost or never come, and brokers that come back as they were."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.service.memory import HeldFilters
from gateway.service.subscriptions import ANSWER_TIMEOUT_S
from tests.fakes.broker import FakeLink
from tests.fakes.virtual_time import in_virtual_time, pass_s
from tests.unit.service.filters import NARROW, OTHER, WIDE, cut_off, heard, next_run, remembered
from tests.unit.service.house import URL, House


@in_virtual_time
async def test_a_contract_that_comes_back_after_a_lost_unsuback(tmp_path: Path) -> None:
    """It was removed and its filter given up, which nobody heard; rolled back, it is subscribed again."""
    first = House(tmp_path, NARROW, held={"other/+": 1, "plant/+": 1}, version="3.1.1")
    await cut_off(first)
    assert remembered(first) == {"plant/+": 1}
    second = next_run(first, NARROW, OTHER, version="3.1.1")
    assert "SUBSCRIBE other/+ 1" in await heard(second)
    assert second.broker.session == {"other/+": 1, "plant/+": 1}


@pytest.mark.parametrize("version", ["5", "3.1.1"])
@in_virtual_time
async def test_a_filter_whose_suback_was_lost_and_that_is_not_wanted_any_more(tmp_path: Path, version: str) -> None:
    """The contract was widened before the next start: the filter would bring everything twice, and is given up."""
    first = House(tmp_path, OTHER, NARROW, held={"other/+": 1}, version=version)
    await cut_off(first)
    second = next_run(first, OTHER, WIDE, version=version)
    assert (await heard(second))[-2:] == ["SUBSCRIBE plant/# 1", "UNSUBSCRIBE plant/+"]
    assert second.broker.session == {"other/+": 1, "plant/#": 1}


@in_virtual_time
async def test_what_is_asked_is_written_down_before_it_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill at any moment leaves a file that knows at least what the broker may have been told."""
    house = House(tmp_path, NARROW, held={"gone/+": 1})
    seen = []

    async def look(*_: object) -> list[int]:
        now = HeldFilters(tmp_path, house.settings.mqtt.client_id, URL)
        seen.append((now.filters, now.possible))
        return [1]

    monkeypatch.setattr(FakeLink, "subscribe", look)
    monkeypatch.setattr(FakeLink, "unsubscribe", look)
    await heard(house)
    assert seen == [({"gone/+": 1}, ("plant/+",)), ({"plant/+": 1}, ("gone/+",))]


@in_virtual_time
async def test_what_is_asked_cannot_be_written_down(tmp_path: Path) -> None:
    """Messages flow all the same, and the process remembers for as long as it runs."""
    (tmp_path / "state").write_text("a file where the folder should be")
    house = House(tmp_path / "state", NARROW)
    with house.run():
        await pass_s(0)
        assert house.codes == []
        house.held.ask(["gone/+"])
        house.broker.session = {"gone/+": 1, "plant/+": 1}
        house.broker.link.end()
        await pass_s(1)
        assert house.broker.session == {"plant/+": 1}


@pytest.mark.parametrize("version", ["5", "3.1.1"])
@in_virtual_time
async def test_a_filter_that_comes_back_with_the_broker(tmp_path: Path, version: str) -> None:
    """The broker gave it up; killed, it comes back with what it last saved: given up again, and told only once."""
    house = House(tmp_path, NARROW, held={"gone/+": 1, "plant/+": 1}, version=version)
    with capture_logs() as logs, house.run():
        await pass_s(0)
        house.connection.resubscribe()
        await pass_s(0)
        assert house.broker.link.heard.count("UNSUBSCRIBE gone/+") == 1
        for _ in range(2):
            assert house.broker.session == {"plant/+": 1}
            house.broker.session = {"gone/+": 1, "plant/+": 1}
            house.broker.link.end()
            await pass_s(1)
        assert house.broker.session == {"plant/+": 1}
    assert [entry["filters"] for entry in logs if entry["event"] == "filters_given_up"] == [["gone/+"]]


@in_virtual_time
async def test_a_filter_that_may_be_held_stays_while_an_inactive_contract_needs_it(tmp_path: Path) -> None:
    """It may be what brings a part of that one's messages: as with those that are surely held."""
    first = House(tmp_path, OTHER, NARROW, held={"other/+": 1})
    await cut_off(first)
    second = next_run(first, OTHER, WIDE, inactive=["wide"])
    with second.run():
        await pass_s(0)
        assert second.broker.link.heard == ["SUBSCRIBE other/+ 1"]
        second.activate(second.slot("wide"))
        second.publish_routes()
        await pass_s(0)
        assert second.broker.link.heard[1:] == ["SUBSCRIBE plant/# 1", "UNSUBSCRIBE plant/+"]


@in_virtual_time
async def test_a_session_lost_with_what_may_have_been_held(tmp_path: Path) -> None:
    """The broker took the only filter, its answer was lost, and so was the session: what it held is gone."""
    await cut_off(House(tmp_path, NARROW))
    house = House(tmp_path, NARROW)  # on a broker that knows nothing
    with house.run():
        await pass_s(0)
        assert house.connection.state().sessions_lost == 1


# Brokers that do not answer


@in_virtual_time
async def test_a_broker_that_never_answers_subscribe(tmp_path: Path) -> None:
    """The connection is given up with that as its reason, and the next one is asked again."""
    house = House(tmp_path, NARROW)
    house.broker.answers = asyncio.Event()
    with house.run():
        await pass_s(ANSWER_TIMEOUT_S - 1)
        assert house.codes == ["mqtt_subscribing"]
        await pass_s(1.1)
        [reason] = house.connection.reasons()
        assert (reason.code, "has not answered" in reason.detail) == ("mqtt_disconnected", True)
        assert not house.broker.link.up
        house.broker.answers = None
        await pass_s(1)
        assert (house.codes, len(house.broker.links)) == ([], 2)


@in_virtual_time
async def test_an_answer_behind_messages_that_kafka_does_not_take(tmp_path: Path) -> None:
    """However long it waits there unread, the broker is not blamed; it is when we read again."""
    house = House(tmp_path, NARROW)
    house.broker.answers = asyncio.Event()
    with house.run():
        await pass_s(0)
        house.broker.publish(*[b"{}"] * 1000)
        await pass_s(10 * ANSWER_TIMEOUT_S)
        assert house.broker.link.up
        house.kafka.confirm_all()
        await pass_s(ANSWER_TIMEOUT_S + 1)
        assert not house.broker.links[0].up


@in_virtual_time
async def test_a_broker_that_never_answers_unsubscribe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Must not keep contracts that become active later from being subscribed either."""

    async def wait_for_ever(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(FakeLink, "unsubscribe", wait_for_ever)
    house = House(tmp_path, NARROW, OTHER, inactive=["other"], held={"gone/+": 1, "plant/+": 1})
    with capture_logs() as logs, house.run():
        await pass_s(0)
        house.activate(house.slot("other"))
        house.publish_routes()
        await pass_s(ANSWER_TIMEOUT_S + 1)
        assert "other/+" in (house.broker.session or {})
        assert len(house.broker.links) == 1
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == ["filters_not_given_up"]
