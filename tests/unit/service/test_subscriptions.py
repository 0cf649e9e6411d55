"""What the connection subscribes and what it gives up: every message once, and none that the session loses by us."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.config.contract import Contract
from gateway.config.subscriptions import subscriptions
from gateway.service.memory import HeldFilters
from gateway.service.subscriptions import ANSWER_TIMEOUT_S, SETTLED_S
from tests.fakes.broker import FakeLink
from tests.fakes.virtual_time import in_virtual_time, pass_s
from tests.unit.service.house import URL, House, contract

WIDE = contract("plant/#", name="wide", device="/id")
NARROW = contract("plant/{device}", name="narrow")
OTHER = contract("other/{device}", name="other")


async def heard(house: House) -> list[str]:
    """What the broker hears of a connection until nothing more happens."""
    with house.run():
        await pass_s(0)
        return list(house.broker.link.heard)


def remembered(house: House) -> dict[str, int]:
    """What the next start will know of the session."""
    return HeldFilters(house.state, house.settings.mqtt.client_id, URL).filters


async def cut_off(house: House) -> None:
    """A run whose requests the broker takes while its answers are lost."""
    house.broker.answers = asyncio.Event()
    with house.run():
        await pass_s(0)
        house.broker.link.end()
        await pass_s(0)


def next_run(before: House, *contracts: Contract, **options: Any) -> House:
    """The gateway started again with other contracts, on the same broker and state folder."""
    house = House(before.state, *contracts, **options)
    house.broker.session = before.broker.session
    return house


@pytest.mark.parametrize(
    ("contracts", "mqtt", "expected"),
    [
        ((NARROW, OTHER), {}, ["SUBSCRIBE other/+ 1", "SUBSCRIBE plant/+ 1"]),
        ((NARROW, WIDE), {}, ["SUBSCRIBE plant/# 1"]),
        ((contract("a/{device}", qos=0), contract("a/{device}", name="b", qos=2)), {}, ["SUBSCRIBE a/+ 2"]),
        (
            (NARROW, OTHER),
            {"share": "ingest"},
            ["SUBSCRIBE $share/ingest/other/+ 1", "SUBSCRIBE $share/ingest/plant/+ 1"],
        ),
    ],
)
@in_virtual_time
async def test_what_is_subscribed(
    tmp_path: Path, contracts: tuple[Contract, ...], mqtt: dict[str, Any], expected: list[str]
) -> None:
    """Filters that no other covers, at the highest QoS among those they cover, in the group where there is one."""
    assert await heard(House(tmp_path, *contracts, **mqtt)) == expected


@pytest.mark.parametrize("share", [None, "ingest"])
@in_virtual_time
async def test_which_contracts_are_subscribed(tmp_path: Path, share: str | None) -> None:
    """A contract whose filter, or one that covers it, was granted, while the connection lives; for the status page."""
    house = House(tmp_path, NARROW, WIDE, OTHER, share=share)
    house.broker.codes = {"other/+": 0x87, "$share/ingest/other/+": 0x87}

    def states() -> dict[str, bool]:
        return {each.name: house.connection.subscribed(each) for each in (NARROW, WIDE, OTHER)}

    with house.run():
        await pass_s(0)
        assert states() == {"narrow": True, "wide": True, "other": False}
        house.broker.link.end()
        await pass_s(0)
        assert not any(states().values())


@in_virtual_time
async def test_what_is_granted_is_remembered(tmp_path: Path) -> None:
    """With the QoS, for the next start; a refused filter is not held."""
    house = House(tmp_path, NARROW, OTHER)
    house.broker.codes = {"other/+": 0x80}
    await heard(house)
    assert remembered(house) == {"plant/+": 1}


@in_virtual_time
async def test_an_inactive_contract_is_not_subscribed(tmp_path: Path) -> None:
    """Its filter follows when it becomes active, without a new connection."""
    house = House(tmp_path, NARROW, OTHER, inactive=["other"])
    with house.run():
        await pass_s(0)
        assert house.broker.link.heard == ["SUBSCRIBE plant/+ 1"]
        house.activate(house.slot("other"))
        house.publish_routes()
        await pass_s(0)
        assert house.broker.link.heard == ["SUBSCRIBE plant/+ 1", "SUBSCRIBE other/+ 1"]
        assert remembered(house) == {"plant/+": 1, "other/+": 1}


@in_virtual_time
async def test_looking_again_asks_for_nothing_twice(tmp_path: Path) -> None:
    """The watch looks every minute: what is granted is granted."""
    house = House(tmp_path, NARROW, OTHER)
    with house.run():
        await pass_s(0)
        for _ in range(3):
            house.connection.resubscribe()
            await pass_s(0)
        assert len(house.broker.link.heard) == 2


@in_virtual_time
async def test_what_becomes_wanted_while_subscribing(tmp_path: Path) -> None:
    """A contract that becomes active before SUBACK has come is not forgotten."""
    house = House(tmp_path, NARROW, OTHER, inactive=["other"])
    house.broker.answers = asyncio.Event()
    with house.run():
        await pass_s(0)
        house.activate(house.slot("other"))
        house.publish_routes()
        house.broker.answers.set()
        await pass_s(0)
        assert house.broker.link.heard == ["SUBSCRIBE plant/+ 1", "SUBSCRIBE other/+ 1"]


@in_virtual_time
async def test_every_connection_subscribes_anew(tmp_path: Path) -> None:
    """Over MQTT 5, which does not send retained messages again for it."""
    house = House(tmp_path, NARROW, held={"plant/+": 1})
    assert await heard(house) == ["SUBSCRIBE plant/+ 1"]


@in_virtual_time
async def test_over_3_1_1_a_resumed_session_is_asked_only_for_what_is_new(tmp_path: Path) -> None:
    """A repeated SUBSCRIBE would bring every retained message again."""
    house = House(tmp_path, NARROW, OTHER, held={"plant/+": 1}, version="3.1.1")
    with house.run():
        await pass_s(0)
        assert house.broker.link.heard == ["SUBSCRIBE other/+ 1"]
        assert house.connection.subscribed(NARROW)
        assert house.codes == []


@in_virtual_time
async def test_over_3_1_1_a_new_session_is_asked_for_everything(tmp_path: Path) -> None:
    """Whatever was held is forgotten with the session."""
    house = House(tmp_path, NARROW, held={"plant/+": 1}, version="3.1.1")
    house.broker.forget()
    assert await heard(house) == ["SUBSCRIBE plant/+ 1"]


@in_virtual_time
async def test_over_3_1_1_a_new_filter_is_asked_for_until_a_connection_has_lived_long(tmp_path: Path) -> None:
    """A broker that was killed may come back without it: for an hour nothing else says that the session has it."""
    house = House(tmp_path, NARROW, OTHER, held={"plant/+": 1}, version="3.1.1")
    with house.run():
        for lived_s in (SETTLED_S - 10, SETTLED_S - 10, SETTLED_S):
            await pass_s(1)
            assert house.broker.link.heard == ["SUBSCRIBE other/+ 1"]
            await pass_s(lived_s)
            house.connection.resubscribe()
            await pass_s(0)
            assert house.broker.link.heard == ["SUBSCRIBE other/+ 1"]
            house.broker.session = {"plant/+": 1}
            house.broker.link.end()
        await pass_s(1)
        assert house.broker.link.heard == []


@in_virtual_time
async def test_over_3_1_1_a_new_filter_is_asked_for_after_a_restart(tmp_path: Path) -> None:
    """Too, and however long we were away: the broker may have been switched off just as long."""
    first = House(tmp_path, NARROW, version="3.1.1")
    await heard(first)
    second = next_run(first, NARROW, version="3.1.1")
    second.broker.session = {}
    with second.run():
        await pass_s(0)
        assert second.broker.session == {"plant/+": 1}
        await pass_s(SETTLED_S)
        second.connection.resubscribe()
        await pass_s(0)
    assert await heard(next_run(second, NARROW, version="3.1.1")) == []


@in_virtual_time
async def test_over_3_1_1_a_changed_qos_is_settled_anew(tmp_path: Path) -> None:
    """Lowered, and the answer lost; rolled back, the old QoS is not taken for granted."""
    first = House(tmp_path, contract("plant/{device}", qos=0), held={"plant/+": 1}, version="3.1.1")
    await cut_off(first)
    second = next_run(first, NARROW, version="3.1.1")
    await heard(second)
    assert second.broker.session == {"plant/+": 1}


@in_virtual_time
async def test_over_3_1_1_another_qos_is_new(tmp_path: Path) -> None:
    """The contract asks for more than the session has."""
    house = House(tmp_path, NARROW, held={"plant/+": 0}, version="3.1.1")
    assert await heard(house) == ["SUBSCRIBE plant/+ 1"]


@in_virtual_time
async def test_a_higher_qos_becomes_wanted(tmp_path: Path) -> None:
    """A contract of the same filter that asks for more becomes active: at the old QoS its messages could be lost."""
    house = House(tmp_path, contract("a/{device}", qos=0), contract("a/{device}", name="b"), inactive=["b"])
    with house.run():
        await pass_s(0)
        house.activate(house.slot("b"))
        house.publish_routes()
        await pass_s(0)
        house.connection.resubscribe()
        await pass_s(0)
        assert house.broker.link.heard == ["SUBSCRIBE a/+ 0", "SUBSCRIBE a/+ 1"]
        assert house.codes == []


@in_virtual_time
async def test_hundreds_of_contracts_are_compared_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which filters they need is found out when the active ones change, not with every look."""
    house = House(tmp_path, NARROW, OTHER, inactive=["other"])
    found = []

    def counted(contracts: list[Contract], share: str | None) -> list[tuple[str, int]]:
        found.append(len(contracts))
        return subscriptions(contracts, share)

    monkeypatch.setattr("gateway.service.subscriptions.subscriptions", counted)
    with house.run():
        await pass_s(0)
        house.connection.resubscribe()
        await pass_s(0)
        house.activate(house.slot("other"))
        house.publish_routes()
        await pass_s(0)
        house.broker.link.end()
        await pass_s(1)
        assert house.broker.link.heard == ["SUBSCRIBE other/+ 1", "SUBSCRIBE plant/+ 1"]
    assert found == [1, 2]


# What is not granted


@pytest.mark.parametrize(
    ("code", "reason", "words"),
    [(0x87, "subscription_refused", "0x87"), (0, "subscription_downgraded", "granted 'plant/+' QoS 0, asked was 1")],
)
@in_virtual_time
async def test_what_is_not_granted_as_asked(tmp_path: Path, code: int, reason: str, words: str) -> None:
    """Not ready, with filter and code; asked for again with every look, and forgotten when granted."""
    house = House(tmp_path, NARROW)
    house.broker.codes = {"plant/+": code}
    with house.run():
        await pass_s(0)
        [found] = house.connection.reasons()
        assert found.code == reason
        assert words in found.detail
        assert "'plant/+'" in found.detail
        house.connection.resubscribe()
        await pass_s(0)
        assert house.broker.link.heard == ["SUBSCRIBE plant/+ 1"] * 2
        house.broker.codes = {}
        house.connection.resubscribe()
        await pass_s(0)
        assert house.codes == []
        house.connection.resubscribe()
        await pass_s(0)
        assert len(house.broker.link.heard) == 3


@in_virtual_time
async def test_over_3_1_1_a_lower_qos_is_asked_about_once(tmp_path: Path) -> None:
    """With every connection: each time brings every retained message again. What was refused brings none."""
    house = House(tmp_path, NARROW, OTHER, version="3.1.1")
    house.broker.codes = {"plant/+": 0, "other/+": 0x80}
    with house.run():
        for _ in range(2):
            await pass_s(0.5)
            for _ in range(2):
                house.connection.resubscribe()
                await pass_s(0)
            assert house.codes == ["subscription_refused", "subscription_downgraded"]
            assert house.broker.link.heard.count("SUBSCRIBE plant/+ 1") == 1
            assert house.broker.link.heard.count("SUBSCRIBE other/+ 1") == 3
            house.broker.link.end()
        house.broker.codes = {}
        await pass_s(1)
        assert house.codes == []


@in_virtual_time
async def test_a_refusal_is_forgotten_with_its_contract_s_wish(tmp_path: Path) -> None:
    """A filter that is wanted no more, because a wider one covers it now, keeps nobody from being ready."""
    house = House(tmp_path, NARROW, WIDE, inactive=["wide"])
    house.broker.codes = {"plant/+": 0x87}
    with house.run():
        await pass_s(0)
        assert house.codes == ["subscription_refused"]
        house.activate(house.slot("wide"))
        house.publish_routes()
        await pass_s(0)
        assert house.codes == []


# What is given up


@in_virtual_time
async def test_what_no_contract_declares_is_given_up(tmp_path: Path) -> None:
    """After what is wanted is subscribed; the next start does not know it any more."""
    house = House(tmp_path, NARROW, held={"gone/+": 1, "plant/+": 1})
    assert await heard(house) == ["SUBSCRIBE plant/+ 1", "UNSUBSCRIBE gone/+"]
    assert remembered(house) == {"plant/+": 1}


@in_virtual_time
async def test_what_a_wider_filter_covers_is_given_up(tmp_path: Path) -> None:
    """Both would bring each message twice; only once the wider one is granted, so that none is missed."""
    house = House(tmp_path, NARROW, WIDE, held={"plant/+": 1})
    house.broker.codes = {"plant/#": 0x97}
    with house.run():
        await pass_s(0)
        assert house.broker.link.heard == ["SUBSCRIBE plant/# 1"]
        house.broker.codes = {}
        house.connection.resubscribe()
        await pass_s(0)
        assert house.broker.link.heard[1:] == ["SUBSCRIBE plant/# 1", "UNSUBSCRIBE plant/+"]
        assert house.broker.session == {"plant/#": 1}


@in_virtual_time
async def test_what_brings_a_part_of_an_inactive_contract_s_messages_stays(tmp_path: Path) -> None:
    """A contract that was widened before its new subject is there: what was collected until then goes on to be."""
    house = House(tmp_path, WIDE, OTHER, inactive=["wide"], held={"plant/+": 1, "gone/+": 1})
    with house.run():
        await pass_s(0)
        assert house.broker.link.heard == ["SUBSCRIBE other/+ 1", "UNSUBSCRIBE gone/+"]
        assert remembered(house) == {"plant/+": 1, "other/+": 1}
        house.activate(house.slot("wide"))
        house.publish_routes()
        await pass_s(0)
        assert house.broker.link.heard[2:] == ["SUBSCRIBE plant/# 1", "UNSUBSCRIBE plant/+"]


@in_virtual_time
async def test_a_lost_session_s_filters_are_forgotten(tmp_path: Path) -> None:
    """The broker has none of them any more: there is nothing to give up, and an inactive contract is new again."""
    house = House(tmp_path, NARROW, OTHER, inactive=["other"], held={"gone/+": 1, "plant/+": 1, "other/+": 1})
    house.broker.forget()
    assert await heard(house) == ["SUBSCRIBE plant/+ 1"]
    assert remembered(house) == {"plant/+": 1}


@in_virtual_time
async def test_another_share_group(tmp_path: Path) -> None:
    """The filters of the old group, or of none, are given up when the new ones are there."""
    house = House(tmp_path, NARROW, held={"plant/+": 1, "$share/old/plant/+": 1}, share="new")
    assert await heard(house) == [
        "SUBSCRIBE $share/new/plant/+ 1",
        "UNSUBSCRIBE $share/old/plant/+",
        "UNSUBSCRIBE plant/+",
    ]


@in_virtual_time
async def test_an_inactive_contract_s_filter_is_never_given_up(tmp_path: Path) -> None:
    """The session must go on collecting: what it holds stays, and is subscribed with the others."""
    house = House(tmp_path, NARROW, OTHER, inactive=["other"], held={"plant/+": 1, "other/+": 1})
    assert await heard(house) == ["SUBSCRIBE other/+ 1", "SUBSCRIBE plant/+ 1"]
    assert house.broker.session == {"plant/+": 1, "other/+": 1}


@in_virtual_time
async def test_of_a_session_that_is_unknown_nothing_is_given_up(tmp_path: Path) -> None:
    """The state folder was lost: what we do not know we hold we leave alone."""
    house = House(tmp_path, NARROW)
    house.broker.session = {"gone/+": 1}
    assert await heard(house) == ["SUBSCRIBE plant/+ 1"]
    assert house.broker.session == {"gone/+": 1, "plant/+": 1}


@in_virtual_time
async def test_an_undeclared_filter_stays_while_what_it_brings_is_refused(tmp_path: Path) -> None:
    """A removed contract's wide filter brought another's messages: given up only when that one has its own."""
    house = House(tmp_path, NARROW, held={"plant/#": 1})
    house.broker.codes = {"plant/+": 0x97}
    assert await heard(house) == ["SUBSCRIBE plant/+ 1"]
    assert house.broker.session == {"plant/#": 1}


@in_virtual_time
async def test_an_inactive_contract_goes_on_being_collected(tmp_path: Path) -> None:
    """Its messages came by the filter of a contract that was removed: then it gets a filter of its own."""
    house = House(tmp_path, NARROW, OTHER, inactive=["narrow"], held={"plant/#": 1, "other/+": 1})
    await heard(house)
    assert house.broker.session == {"plant/+": 1, "other/+": 1}


@in_virtual_time
async def test_a_broker_that_refuses_unsubscribe(tmp_path: Path) -> None:
    """Must not keep contracts that become active later from being subscribed."""
    house = House(tmp_path, NARROW, OTHER, inactive=["other"], held={"gone/+": 1, "plant/+": 1})
    house.broker.keeps_subscriptions = True
    with house.run():
        await pass_s(0)
        house.activate(house.slot("other"))
        house.publish_routes()
        await pass_s(200)
        assert "other/+" in (house.broker.session or {})


@in_virtual_time
async def test_what_is_given_up_is_logged_when_it_is(tmp_path: Path) -> None:
    """That the broker keeps a filter is said once, not with every look."""
    house = House(tmp_path, NARROW, held={"gone/+": 1, "plant/+": 1})
    house.broker.keeps_subscriptions = True
    with capture_logs() as logs, house.run():
        await pass_s(0)
        house.connection.resubscribe()
        await pass_s(0)
        house.broker.keeps_subscriptions = False
        house.connection.resubscribe()
        await pass_s(0)
    assert [entry["event"] for entry in logs if "filters" in entry] == ["filters_not_given_up", "filters_given_up"]


@in_virtual_time
async def test_messages_flow_though_a_filter_cannot_be_given_up(tmp_path: Path) -> None:
    """A filter too many brings dead letters at worst: no reason to cut the connection."""
    house = House(tmp_path, NARROW, held={"gone/+": 1, "plant/+": 1})
    house.broker.keeps_subscriptions = True
    with house.run():
        await pass_s(300)
        assert house.broker.link.up
        assert len(house.broker.links) == 1
        assert "session_contested" not in house.codes


# Answers that are lost, and brokers that come back as they were


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


# Contracts of several topics


VARIANTS = contract("site/{site}/{device}", name="sites", topic="t.{site}", where={"site": ("s1", "s2")})


@in_virtual_time
async def test_a_contract_of_which_one_topic_is_missing(tmp_path: Path) -> None:
    """At its first start it is inactive as a whole, and not subscribed; the others run."""
    house = House(tmp_path, VARIANTS, OTHER)
    house.topics.missing = {"t.s2"}
    assert await heard(house) == ["SUBSCRIBE other/+ 1"]


@in_virtual_time
async def test_a_contract_of_which_one_schema_is_unknown(tmp_path: Path) -> None:
    """Is inactive as a whole, and not subscribed: unsubscribed messages cannot become dead letters."""
    house = House(tmp_path, VARIANTS, OTHER)
    house.schemas.slots[1].route, house.schemas.slots[1].reason = None, "its subject is unknown"
    assert await heard(house) == ["SUBSCRIBE other/+ 1"]


@in_virtual_time
async def test_the_only_contract_waits_for_one_of_its_topics(tmp_path: Path) -> None:
    """Nothing is subscribed, so the gateway is not ready, and says which topic is missing."""
    house = House(tmp_path, VARIANTS)
    house.topics.missing = {"t.s2"}
    with house.run():
        await pass_s(10)
        assert house.broker.links == []
        assert house.codes == ["topic_missing"]
        house.topics.missing = set()
        await pass_s(3)
        assert house.broker.link.heard == ["SUBSCRIBE site/+/+ 1"]
        assert house.codes == []
