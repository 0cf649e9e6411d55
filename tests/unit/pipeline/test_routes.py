"""The route table beyond what compile's tests say of it: its cache of topics, and whose a message is unread."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from gateway.compile.route import label_of
from gateway.compile.where import Where
from gateway.model import Code, Record, Rejection
from gateway.pipeline import routes as module
from gateway.pipeline.routes import Inactive, RouteTable
from tests.unit.compile.compiled import ARRIVAL, contract_of, json_version, route_of

ANY = json_version(True)


def key_of(outcome: Record | Rejection) -> str:
    assert isinstance(outcome, Record)
    return (outcome.key or b"").decode()


def inactive(name: str, mqtt: str) -> Inactive:
    contract = contract_of(name=name, topic=name, mqtt=mqtt)
    variant = contract.variants()[0]
    return Inactive(contract, Where(contract, variant), label_of(contract, variant, None), "not registered")


LONG = "t" * 60_000
"""MQTT allows 65 535 bytes."""


def test_topics_are_bound_once_and_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fleet with more topics than are kept is served all the same, each topic by its own binding."""
    monkeypatch.setattr(module, "TOPICS_BYTES", 5000)
    table = RouteTable([route_of(ANY, mqtt="x/{device}")])
    sizes = []
    for number in [*range(10), *range(10)]:
        assert key_of(table.encode(f"x/p{number}", b"1", ARRIVAL)) == f"p{number}"
        sizes.append(len(table._bound))
    assert max(sizes) == 3


@pytest.mark.parametrize(
    ("mqtt", "declared", "topic"),
    [
        ("plant/{device}/x", {"headers": {"from": "{mqtt_topic}"}, "fields": {"/f": "{mqtt_topic}"}}, "plant/%d{}/x"),
        ("plant/{device}/x", {}, "plant/%dé漢{}/x"),
        ("plant/{device}/x", {}, "random/%d{}"),
    ],
)
def test_long_topics_do_not_fill_our_memory(mqtt: str, declared: dict[str, Any], topic: str) -> None:
    """Of whoever may choose them; claimed by a contract or not."""
    table = RouteTable([route_of(ANY, mqtt=mqtt, **declared)])
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(400):
        table.encode(topic.format(LONG) % number, b"{}", ARRIVAL)
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert held < module.TOPICS_BYTES


def test_the_owner_of_an_unread_payload() -> None:
    """The topic tells the contract and the device; nobody's is nobody's."""
    route = route_of(ANY, mqtt="plant/{device}/x", name="a")
    table = RouteTable([route])
    assert table.owner("plant/p7/x") == (route.label, "p7")
    assert table.owner("plant/p7/y") == (None, None)


def test_the_owner_is_the_narrower_one() -> None:
    """As for messages that are read."""
    wide, narrow = route_of(ANY, mqtt="plant/#", device="/id"), route_of(ANY, mqtt="plant/{device}/x")
    assert RouteTable([wide, narrow]).owner("plant/p7/x") == (narrow.label, "p7")
    assert RouteTable([wide, narrow]).owner("plant/p7/y") == (wide.label, None)


def test_where_only_the_payload_tells_there_is_no_owner() -> None:
    """Of contracts that divide a filter none is named unless one takes the rest; the device is, in any case."""
    divided = [route_of(ANY, mqtt="x/{device}", name=name, where={"/t": (name,)}) for name in "ab"]
    assert RouteTable(divided).owner("x/p7") == (None, "p7")
    rest = route_of(ANY, mqtt="x/{device}", name="rest")
    assert RouteTable([*divided, rest]).owner("x/p7") == (rest.label, "p7")


def test_an_inactive_contract_owns_its_messages() -> None:
    """Its dead letters go where they belong."""
    waiting = inactive("a", "x/{device}")
    table = RouteTable([waiting])
    assert table.owner("x/p7") == (waiting.label, "p7")
    outcome = table.encode("x/p7", b"1", ARRIVAL)
    assert isinstance(outcome, Rejection)
    assert (outcome.code, outcome.label, outcome.device) == (Code.UNKNOWN_SCHEMA, waiting.label, "p7")
    assert "not registered" in outcome.violations[0].message
