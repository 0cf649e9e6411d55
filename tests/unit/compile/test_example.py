"""Examples on a compiled route: on which topic their payloads arrive, and what becomes of them."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.compile.example import example_topic, run_example
from gateway.config.examples import AcceptedExample
from gateway.model import Record, Rejection
from tests.unit.compile.compiled import ARRIVAL, contract_of, record_schema, route_of, version_of

READING = version_of(record_schema(("id", "string")))


def topic_of(payload: bytes = b"{}", **declared: Any) -> str:
    """The topic for a payload of a contract's first variant."""
    contract = contract_of(**declared)
    return example_topic(contract, contract.variants()[0], payload)


@pytest.mark.parametrize(
    ("mqtt", "topic"),
    [
        ("plant/{building}/{device}/readings", "plant/building/device/readings"),
        ("plant/+/{device}", "plant/any/device"),
        ("plant/{device}/#", "plant/device/any"),
        ("plant/{device}/{rest...}", "plant/device/rest"),
        ("plant/+/{device}/#", "plant/any/device/any"),
    ],
)
def test_levels_that_nobody_names(mqtt: str, topic: str) -> None:
    """Captures stand for themselves, unnamed wildcards for anything; the filter matches what comes out."""
    contract = contract_of(mqtt=mqtt)
    assert topic_of(mqtt=mqtt) == topic
    assert contract.filter.match(topic) is not None


def test_captures_that_the_contract_chooses_by() -> None:
    """The first value that ``where`` lists; pointers in it say nothing about the topic."""
    declared: dict[str, Any] = {"where": {"building": ("b2", "b3"), "/type": ("reading",)}}
    assert topic_of(**declared) == "plant/b2/device/readings"


def test_each_variant_has_its_topic() -> None:
    """Where captures name the Kafka topic, the variant's own value counts."""
    contract = contract_of(topic="plant.{building}", where={"building": ("b2", "b3")})
    topics = [example_topic(contract, variant, b"{}") for variant in contract.variants()]
    assert topics == ["plant/b2/device/readings", "plant/b3/device/readings"]


@pytest.mark.parametrize(
    ("payload", "device"),
    [
        (b'{"id": "p7"}', "p7"),
        (b'{"id": 7}', "7"),
        (b'{"id": ""}', "device"),
        (b'{"id": 1.5}', "device"),
        (b'{"id": null}', "device"),
        (b"{}", "device"),
        (b'{"id": "a/b"}', "device"),
        (b'{"id": "a+"}', "device"),
        (b'{"id": "#"}', "device"),
        (b"{", "device"),
        (b"", "device"),
        (b'{"id": "\xff"}', "device"),
        (b"[" * 100_000, "device"),
    ],
)
def test_the_device_is_taken_from_the_payload(payload: bytes, device: str) -> None:
    """Topic and payload must agree on it; what cannot be a level of a topic is left to the route to reject."""
    assert topic_of(payload, device="/id") == f"plant/building/{device}/readings"


def test_an_example_runs_where_it_says() -> None:
    """Its own topic before any other; captures of it count."""
    route = route_of(READING, device="/id", key="{building}-{device}")
    outcome = run_example(route, AcceptedExample("e", b'{"id": "p7"}', "plant/b9/p7/readings"), ARRIVAL)
    assert isinstance(outcome, Record)
    assert (outcome.key, outcome.timestamp) == (b"b9-p7", ARRIVAL)


def test_an_example_that_says_no_topic() -> None:
    """It runs on one that fits its payload."""
    route = route_of(READING, device="/id", key="{building}-{device}")
    outcome = run_example(route, AcceptedExample("e", b'{"id": "p7"}'), ARRIVAL)
    assert isinstance(outcome, Record)
    assert outcome.key == b"building-p7"


def test_an_example_that_is_rejected() -> None:
    """A value, as everywhere."""
    outcome = run_example(route_of(READING), AcceptedExample("e", b'{"id": 1, "x": 2}'), ARRIVAL)
    assert isinstance(outcome, Rejection)
