"""What a contract is made of: where its messages arrive, who sent them, and when."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import yaml

from gateway.model import Format
from gateway.notation.topics import TopicFilter
from gateway.plan.inference.draft import Captured, Draft, NoContract, Wishes
from gateway.plan.inference.topic_filter import find_filter
from gateway.plan.lines import Line

ARRIVAL = 1_780_000_000_000
WISHES = Wishes("pump", "plant.pump")


def draft(*messages: tuple[str | None, Any], wishes: Wishes = WISHES, arrival: int | None = None) -> Draft:
    captured = Captured(depth=64)
    for topic, payload in messages:
        captured.add(Line(orjson.dumps(payload), topic, arrival))
    return captured.draft(wishes)


def contract(*messages: tuple[str | None, Any], wishes: Wishes = WISHES, arrival: int | None = None) -> dict[str, Any]:
    return dict(yaml.safe_load(draft(*messages, wishes=wishes, arrival=arrival).contract))


FILTERS: list[tuple[dict[str, str | None], bool, str | None]] = [
    ({"a/p1/r": None, "a/p2/r": None}, False, "a/{device}/r"),
    ({"a/p1/r": "p1", "a/p2/r": "p2"}, True, "a/{device}/r"),
    ({"b1/p1/r": "p1", "b2/p2/r": "p2", "b1/p3/r": "p3"}, True, "{level1}/{device}/r"),
    ({"b1/p1": None, "b2/p1": None, "b2/p2": None, "b2/p3": None}, False, "{level1}/{device}"),
    ({"a/berlin/r": "p1", "a/paris/r": "p2"}, True, "a/{level2}/r"),
    ({"a/p1/r": "p1", "a/p2/r": ""}, True, "a/{level2}/r"),
    ({"a/p1": None, "a/p1/r": None, "a/p2/r/s": None}, False, "a/{device}/{rest...}"),
    ({"a/p1/r": None}, False, None),
    ({"a/{p1}/r": None, "a/{p2}/r": None}, False, "a/{device}/r"),
    ({"{a}/p1": None, "{a}/p2": None}, False, "{a}/{device}"),
    ({"x{a}/p1": None, "x{a}/p2": None}, False, None),
]


@pytest.mark.parametrize(("topics", "has_device", "wanted"), FILTERS)
def test_filters(topics: dict[str, str | None], has_device: bool, wanted: str | None) -> None:
    found = find_filter(topics, has_device_field=has_device)
    assert (None if found is None else str(found)) == wanted
    if found is not None:
        assert all(found.match(topic) is not None for topic in topics)


def test_the_device_is_in_the_topic() -> None:
    made = contract(("a/p1/r", {"deviceId": "p1"}), ("a/p2/r", {"deviceId": "p2"}))
    assert made == {"mqtt": "a/{device}/r", "topic": "plant.pump", "compatibility": "BACKWARD"}


@pytest.mark.parametrize("topics", [("a/x/r", "a/y/r"), ("a/r", "a/r")])
def test_the_device_is_in_the_payload(topics: tuple[str, str]) -> None:
    made = contract((topics[0], {"deviceId": "p1", "serial": "s"}), (topics[1], {"deviceId": "p2"}))
    assert made["device"] == "/deviceId"
    assert "{device}" not in made["mqtt"]


def test_two_devices_on_one_topic_do_not_name_it() -> None:
    made = contract(("a/p1", {"id": "p1"}), ("a/p1", {"id": "p2"}), ("a/p3", {"id": "p3"}))
    assert (made["mqtt"], made["device"]) == ("a/{level2}", "/id")


def test_what_a_person_says_holds() -> None:
    wishes = Wishes("pump", "plant.pump", Format.JSON, TopicFilter.parse("a/{device}/#"), "me: you")
    made = draft(("a/p1/r", {"x": 1}), wishes=wishes)
    read = yaml.safe_load(made.contract)
    assert (read["mqtt"], read["owner"]) == ("a/{device}/#", "me: you")
    assert orjson.loads(made.schema)["title"] == "Pump"


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ([("a/p1", {"x": 1})], 'all messages came on "a/p1"'),
        ([(None, {"deviceId": "p1"})], "give --mqtt, or captured lines with --capture"),
        ([("a/p1", {"deviceId": 1.5})], 'all messages came on "a/p1"'),
    ],
)
def test_what_cannot_be_known(messages: list[tuple[str | None, Any]], told: str) -> None:
    with pytest.raises(NoContract, match=told):
        draft(*messages)


def test_no_device() -> None:
    with pytest.raises(NoContract, match="neither the topic nor a field"):
        draft((None, {"x": 1}), wishes=Wishes("pump", "p", mqtt=TopicFilter.parse("a/+/r")))


NAMED = Wishes("pump", "p", mqtt=TopicFilter.parse("a/{device}"))
NAMED_JSON = Wishes("pump", "p", Format.JSON, mqtt=TopicFilter.parse("a/{device}"))
TIMES: list[tuple[Wishes, list[dict[str, Any]], int | None, Any]] = [
    (NAMED, [{"ts": ARRIVAL}], None, "/ts"),
    (NAMED, [{"ts": ARRIVAL // 1000}], None, "/ts"),
    (NAMED_JSON, [{"ts": ARRIVAL // 1000}], None, {"field": "/ts", "unit": "s"}),
    (NAMED_JSON, [{"at": "2026-05-28T20:26:40Z"}], None, "/at"),
    (NAMED, [{"when": "2026-05-28T20:26:40"}], None, None),
    (NAMED, [{"ts": ARRIVAL}, {}], None, None),
    (NAMED, [{"ts": ARRIVAL}, {"ts": None}], None, None),
    (NAMED, [{"installedAt": ARRIVAL - 10**11, "x": ARRIVAL}], ARRIVAL, "/x"),
    (NAMED, [{"x": "2026-05-28T20:26:40Z", "ts": ARRIVAL}], None, "/ts"),
    (NAMED, [{"inner": {"ts": ARRIVAL}}], None, None),
]


@pytest.mark.parametrize(("wishes", "payloads", "arrival", "wanted"), TIMES)
def test_the_record_s_time(wishes: Wishes, payloads: list[dict[str, Any]], arrival: int | None, wanted: Any) -> None:
    made = contract(*((None, each) for each in payloads), wishes=wishes, arrival=arrival)
    assert made.get("timestamp") == wanted


def test_few_and_unreadable_payloads_are_told() -> None:
    captured = Captured(depth=64)
    for payload in (b'{"x":1}', b"", b"hello", b"\xff"):
        captured.add(Line(payload))
    notes = captured.draft(NAMED).notes
    assert "1 payload is few: what comes seldom was not seen" in notes
    assert "3 payloads are no JSON that the gateway takes, and were not looked at" in notes


@pytest.mark.parametrize(
    ("topic", "namespace"), [("plant.pump", "plant"), ("a-b.c.d", "a_b.c"), ("pump", None), ("2.pump", None)]
)
def test_namespaces(topic: str, namespace: str | None) -> None:
    wishes = Wishes("pump", topic, mqtt=TopicFilter.parse("a/{device}"))
    assert orjson.loads(draft((None, {"x": 1}), wishes=wishes).schema).get("namespace") == namespace
