"""What keeps the gateway from connecting, and what only makes one contract inactive."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.config.contract import Contract, Timestamp
from gateway.kafka.topics import KafkaTopic
from gateway.model import Record
from gateway.notation.pointer import Pointer
from gateway.pipeline.acks import Ticket
from gateway.pipeline.ports import SinkFailure
from gateway.service.holds import MOST_RETRY_S
from tests.fakes.virtual_time import in_virtual_time, pass_s
from tests.unit.service.house import House, contract

A = contract("a/{device}")
B = contract("b/{device}")


def clears(house: House) -> asyncio.Task[None]:
    """``cleared``, begun."""
    return asyncio.get_running_loop().create_task(house.holds.cleared())


def reasons(house: House) -> list[tuple[str, str]]:
    """Codes and details."""
    return [(reason.code, reason.detail) for reason in house.holds.reasons()]


@in_virtual_time
async def test_nothing_holds(tmp_path: Path) -> None:
    """Kafka is there with all topics, and a schema is: no time is lost."""
    house = House(tmp_path, A)
    before = house.clock.monotonic()
    await house.holds.cleared()
    assert house.clock.monotonic() == before
    assert reasons(house) == []


@in_virtual_time
async def test_kafka_is_away(tmp_path: Path) -> None:
    """Holds, with what Kafka's client says, and is noticed within seconds when it is back."""
    house = House(tmp_path, A)
    house.topics.down = "Kafka did not describe its topics: timed out"
    clearing = clears(house)
    await pass_s(60)
    assert not clearing.done()
    assert reasons(house) == [("kafka_unreachable", "Kafka did not describe its topics: timed out")]
    house.topics.down = ""
    await pass_s(2)
    assert clearing.done()
    assert reasons(house) == []


@in_virtual_time
async def test_looks_become_rarer_but_not_rare(tmp_path: Path) -> None:
    """After 0.25, 0.5, 1 and then every 2 s."""
    house = House(tmp_path, A)
    house.topics.down = "away"
    clearing = clears(house)
    looks = []
    for _ in range(8):
        await pass_s(1)
        looks.append(house.topics.looks)
    assert looks == [3, 4, 4, 5, 5, 6, 6, 7]
    clearing.cancel()


@in_virtual_time
async def test_no_contract_has_a_schema(tmp_path: Path) -> None:
    """Nothing to subscribe, so nothing to connect for; the reason names each contract and its own."""
    house = House(tmp_path, A, B, inactive=["a", "b"])
    clearing = clears(house)
    await pass_s(0)
    [(code, detail)] = reasons(house)
    assert code == "no_active_contract"
    assert "a: its schema was not read yet; b: its schema was not read yet" in detail
    house.activate(house.slot("b"))
    await pass_s(2)
    assert clearing.done()


@in_virtual_time
async def test_contracts_without_schema_that_the_session_brings(tmp_path: Path) -> None:
    """The session already holds the filter: its messages become dead letters, so they may come."""
    house = House(tmp_path, A, inactive=["a"], held={"a/+": 1})
    await house.holds.cleared()


@in_virtual_time
async def test_a_schema_out_of_reach_of_a_contract_that_the_session_brings(tmp_path: Path) -> None:
    """An outage must never make a dead letter: everything waits until the registry answers."""
    house = House(tmp_path, A, B, inactive=["a"], held={"a/+": 1, "b/+": 1})
    house.slot("a").unanswered, house.slot("a").reason = True, "the registry does not answer"
    clearing = clears(house)
    await pass_s(30)
    assert reasons(house) == [("registry_unreachable", "the registry does not answer")]
    house.activate(house.slot("a"))
    house.slot("a").unanswered = False
    await pass_s(2)
    assert clearing.done()


@in_virtual_time
async def test_a_schema_out_of_reach_of_a_new_contract(tmp_path: Path) -> None:
    """Nothing comes for it yet, so the others need not wait."""
    house = House(tmp_path, A, B, inactive=["a"], held={"b/+": 1})
    house.slot("a").unanswered = True
    await house.holds.cleared()


A_PART = contract("a/p7", name="part", device="/id")
SHARED = contract("s/{device}", name="shared", where={"/type": "x"})
SHARING = contract("s/{device}", name="sharing", where={"/type": "y"})


@pytest.mark.parametrize(
    ("contracts", "held"),
    [
        ([A, B], None),
        ([A, B], {"b/+": 1, "a/p7": 1}),
        ([A, A_PART], {"x/+": 1}),
        ([A_PART, A], {"x/+": 1}),
        ([SHARED, SHARING], {"x/+": 1}),
    ],
    ids=["state lost", "part of it held", "a narrower one", "a wider one", "the same filter"],
)
@in_virtual_time
async def test_a_schema_out_of_reach_of_a_contract_whose_messages_may_come(
    tmp_path: Path, contracts: list[Contract], held: dict[str, int] | None
) -> None:
    """By a session that nobody remembers, by a part of its filter, or by another contract's: all of it must wait."""
    house = House(tmp_path, *contracts, inactive=[contracts[0].name], held=held)
    slot = house.schemas.slots[0]
    slot.unanswered, slot.reason = True, "the registry does not answer"
    clearing = clears(house)
    await pass_s(30)
    assert reasons(house) == [("registry_unreachable", "the registry does not answer")]
    slot.unanswered, slot.reason = False, "the registry does not know the subject"
    await pass_s(2)
    assert clearing.done()


# Kafka


@in_virtual_time
async def test_what_an_earlier_connection_brought_is_not_confirmed(tmp_path: Path) -> None:
    """Waits for it, with the number and what the sink says, if it says anything."""
    house = House(tmp_path, A)
    house.engine.open()
    house.kafka.sent = [(Record("a", None, b"", None, 5), Ticket(n, 1, 0, 0)) for n in range(3)]
    clearing = clears(house)
    await pass_s(0)
    [(code, detail)] = reasons(house)
    assert (code, detail[:10], "min.insync.replicas" in detail) == ("kafka_backlog", "3 records ", True)
    house.kafka.state = replace(house.kafka.state, ready=False, reason="no broker has answered")
    await pass_s(2)
    assert reasons(house)[0][1].endswith("no broker has answered")
    house.kafka.confirm_all()
    await pass_s(2)
    assert clearing.done()


# Topics


@pytest.mark.parametrize("missing", ["a", "a.dlq"])
@in_virtual_time
async def test_a_topic_that_is_missing_at_the_first_start(tmp_path: Path, missing: str) -> None:
    """Its contract is inactive, for records and dead letters alike; the others run, and it is looked at again."""
    house = House(tmp_path, A, B)
    house.topics.missing = {missing}
    await house.holds.cleared()
    assert (house.slot("a").runs, house.slot("b").runs) == (False, True)
    assert f"{missing!r} does not exist" in house.slot("a").obstacle
    house.topics.missing = set()
    await house.holds.look_at_topics()
    assert house.slot("a").runs
    assert house.slot("a").obstacle == ""


@in_virtual_time
async def test_the_only_topic_is_missing_at_the_first_start(tmp_path: Path) -> None:
    """No contract is left: holds, with the topic as the reason."""
    house = House(tmp_path, A)
    house.topics.missing = {"a"}
    clearing = clears(house)
    await pass_s(0)
    [(code, detail)] = reasons(house)
    assert code == "topic_missing"
    assert "'a' does not exist" in detail
    house.topics.missing = set()
    await pass_s(2)
    assert clearing.done()
    assert house.slot("a").runs


@pytest.mark.parametrize("missing", ["a", "a.dlq"])
@in_virtual_time
async def test_a_topic_that_is_missing_later(tmp_path: Path, missing: str) -> None:
    """The session brings the contract's messages, and they can go nowhere: everything waits."""
    house = House(tmp_path, A, B, held={"a/+": 1})
    house.topics.missing = {missing}
    clearing = clears(house)
    await pass_s(10)
    [(code, detail)] = reasons(house)
    assert (code, f"{missing!r} does not exist" in detail) == ("topic_missing", True)
    assert house.slot("a").runs
    house.topics.missing = set()
    await pass_s(2)
    assert clearing.done()


@in_virtual_time
async def test_a_wider_filter_brings_messages_too(tmp_path: Path) -> None:
    """Held is what a held filter covers, in whatever share."""
    house = House(tmp_path, contract("a/{device}"), held={"$share/g/a/#": 1}, share="g")
    house.topics.missing = {"a"}
    clearing = clears(house)
    await pass_s(0)
    assert [code for code, _ in reasons(house)] == ["topic_missing"]
    clearing.cancel()


@in_virtual_time
async def test_the_topic_of_unrouted_dead_letters_is_missing(tmp_path: Path) -> None:
    """Anything may become one: holds, from the first start on."""
    house = House(tmp_path, A)
    house.topics.missing = {"gateway.dlq"}
    clearing = clears(house)
    await pass_s(5)
    [(code, detail)] = reasons(house)
    assert (code, "'gateway.dlq' does not exist" in detail) == ("topic_missing", True)
    house.topics.missing = set()
    await pass_s(2)
    assert clearing.done()


@pytest.mark.parametrize("missing", ["a", "a.dlq", "gateway.dlq"])
@in_virtual_time
async def test_a_topic_that_is_deleted_while_nothing_goes_to_it(tmp_path: Path, missing: str) -> None:
    """Nothing holds, but it is known and logged once, until it is there again."""
    house = House(tmp_path, A, B)
    with house.run(), capture_logs() as logs:
        await pass_s(5)
        assert house.holds.missing_topics() == []
        for gone in (True, True, False, True):
            house.topics.missing = {missing} if gone else set()
            await house.holds.look_at_topics()
            told = house.holds.missing_topics()
            assert [reason.code for reason in told] == (["topic_missing"] if gone else [])
            assert all(f"{missing!r} does not exist" in reason.detail for reason in told)
        assert (reasons(house), house.slot("a").runs) == ([], True)
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == ["topic_missing", "topic_missing"]


@in_virtual_time
async def test_a_topic_that_nothing_goes_to_may_be_missing(tmp_path: Path) -> None:
    """That of a contract which is not subscribed: its own state says so."""
    house = House(tmp_path, A, B)
    house.topics.missing = {"a"}
    with house.run():
        await pass_s(5)
        await house.holds.look_at_topics()
        assert (house.holds.missing_topics(), house.slot("a").runs) == ([], False)


@in_virtual_time
async def test_a_missing_topic_that_holds_is_told_once(tmp_path: Path) -> None:
    """As what holds, and not beside it."""
    house = House(tmp_path, A, held={"a/+": 1})
    house.topics.missing = {"a"}
    with capture_logs() as logs:
        clearing = clears(house)
        await pass_s(0)
        await house.holds.look_at_topics()
        assert (reasons(house)[0][0], house.holds.missing_topics()) == ("topic_missing", [])
        clearing.cancel()
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == ["holding"]


@in_virtual_time
async def test_a_topic_that_kafka_does_not_show_is_not_missing(tmp_path: Path) -> None:
    """Without the permission to describe it is unknown, which holds nothing."""
    house = House(tmp_path, A, held={"a/+": 1})
    house.topics.described = {"a": KafkaTopic("a", exists=None)}
    await house.holds.cleared()
    assert house.slot("a").runs


@in_virtual_time
async def test_what_topics_take_is_passed_on(tmp_path: Path) -> None:
    """Sizes to the sink, as far as they are known; bounds of timestamps to the contracts, less our clock's error."""
    stamped = contract("a/{device}", timestamp=Timestamp(Pointer.parse("/ts"), "s"))
    house = House(tmp_path, stamped, B)
    house.topics.described = {
        "a": KafkaTopic("a", exists=True, max_message_bytes=2_000_000, timestamp_after_max_ms=1_800_000),
        "a.dlq": KafkaTopic("a.dlq", exists=True, max_message_bytes=500_000),
    }
    assert await house.holds.look_at_topics()
    assert house.kafka.sizes == {"a": 2_000_000, "a.dlq": 500_000}
    route = house.slot("a").route
    assert route is not None
    assert route.contract.timestamp is not None
    assert (route.contract.timestamp.ahead_s, route.contract.timestamp.behind_s) == (1500, 604_800)
    assert house.engine.routes.routes[0] is route


@in_virtual_time
async def test_kafka_away_while_running(tmp_path: Path) -> None:
    """A look that gets no answer changes nothing."""
    house = House(tmp_path, A)
    house.topics.missing = {"a"}
    await house.holds.look_at_topics()
    obstacle = house.slot("a").obstacle
    house.topics.down, house.topics.missing = "away", set()
    assert not await house.holds.look_at_topics()
    assert house.slot("a").obstacle == obstacle != ""


# Failed deliveries


def failure(reason: str = "not_authorized", **more: Any) -> SinkFailure:
    return SinkFailure(reason, f"detail of {reason}", **more)


@in_virtual_time
async def test_recovering(tmp_path: Path) -> None:
    """The failure is the reason until the sink is new and the wait is over."""
    house = House(tmp_path, A)
    house.holds.fail(failure())
    clearing = clears(house)
    await pass_s(0)
    assert (house.kafka.generations, reasons(house)) == (2, [("not_authorized", "detail of not_authorized")])
    assert not clearing.done()
    await pass_s(0.3)
    assert clearing.done()
    assert reasons(house) == []
    assert house.holds.failure is None


@in_virtual_time
async def test_a_failure_during_a_look(tmp_path: Path) -> None:
    """What was on its way fails while Kafka describes its topics: nothing is clear before the sink is new."""
    house = House(tmp_path, A)
    house.topics.gate = asyncio.Event()
    clearing = clears(house)
    await pass_s(0)
    house.holds.fail(failure())
    house.topics.gate.set()
    await pass_s(0)
    assert (house.kafka.generations, clearing.done()) == (2, False)
    await pass_s(1)
    assert clearing.done()
    assert reasons(house) == []


@pytest.mark.parametrize(
    "kind", [failure("topic_missing", topic="a"), failure("fatal", fatal=True), failure("size_refused", topic="a")]
)
@in_virtual_time
async def test_every_kind_of_failure_is_recovered_from(tmp_path: Path, kind: SinkFailure) -> None:
    """By a new generation; counted by reason."""
    house = House(tmp_path, A)
    for _ in range(2):
        house.holds.fail(kind)
        await house.holds.cleared()
    assert house.kafka.generations == 3
    assert house.holds.failures == {kind.reason: 2}


@in_virtual_time
async def test_a_missing_topic_after_a_failure(tmp_path: Path) -> None:
    """The failure gives way to what is found: the topic that is gone, until it is created."""
    house = House(tmp_path, A, held={"a/+": 1})
    house.topics.missing = {"a"}
    house.holds.fail(failure("topic_missing", topic="a"))
    clearing = clears(house)
    await pass_s(60)
    [(code, detail)] = reasons(house)
    assert (code, "'a' does not exist" in detail) == ("topic_missing", True)
    house.topics.missing = set()
    await pass_s(2)
    assert clearing.done()


@in_virtual_time
async def test_waits_grow_while_nothing_is_delivered(tmp_path: Path) -> None:
    """From a quarter of a second to five; one delivery starts over."""
    house = House(tmp_path, A)

    async def recovery() -> float:
        began = house.clock.monotonic()
        house.holds.fail(failure())
        await house.holds.cleared()
        return round(house.clock.monotonic() - began, 2)

    assert [await recovery() for _ in range(7)] == [0.25, 0.5, 1.0, 2.0, 4.0, MOST_RETRY_S, MOST_RETRY_S]
    house.stats.delivered += 1
    assert await recovery() == 0.25


@in_virtual_time
async def test_holding_is_told_once(tmp_path: Path) -> None:
    """A hold of an hour is one line in the log, not thousands; another reason is another line."""
    house = House(tmp_path, A, held={"a/+": 1})
    house.topics.down = "away"
    with capture_logs() as logs:
        clearing = clears(house)
        await pass_s(3600)
        house.topics.down, house.topics.missing = "", {"a"}
        await pass_s(3600)
        clearing.cancel()
    assert [entry["reason"] for entry in logs if entry["event"] == "holding"] == ["kafka_unreachable", "topic_missing"]
