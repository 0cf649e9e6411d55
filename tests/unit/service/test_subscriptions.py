"""What the connection subscribes, and when it asks again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateway.config.contract import Contract
from gateway.config.subscriptions import subscriptions
from gateway.service.subscriptions import SETTLED_S
from tests.fakes.virtual_time import in_virtual_time, pass_s
from tests.unit.service.filters import NARROW, OTHER, WIDE, cut_off, heard, next_run, remembered
from tests.unit.service.house import House, contract


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
