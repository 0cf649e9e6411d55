"""What the connection gives up: no message twice, and none that the session loses by us."""

from __future__ import annotations

from pathlib import Path

from structlog.testing import capture_logs

from tests.fakes.virtual_time import in_virtual_time, pass_s
from tests.unit.service.filters import NARROW, OTHER, WIDE, heard, remembered
from tests.unit.service.house import House


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
