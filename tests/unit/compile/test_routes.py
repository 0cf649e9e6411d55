"""Which contract takes a message: ``where`` and bindings, as the route table puts them together."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.compile.route import Route, compile_route, label_of
from gateway.compile.where import Where
from gateway.model import Record, Rejection, SchemaVersion
from gateway.pipeline.routes import Inactive, RouteTable
from tests.unit.compile.compiled import ARRIVAL, contract_of, json_version, record_schema, route_of, version_of

ANY = json_version(True)


def _route(name: str, version: SchemaVersion = ANY, **declared: Any) -> Route:
    return route_of(version, name=name, topic=declared.pop("topic", name), **declared)


def _inactive(name: str, **declared: Any) -> Inactive:
    contract = contract_of(name=name, topic=name, **declared)
    variant = contract.variants()[0]
    return Inactive(contract, Where(contract, variant), label_of(contract, variant, None), "no such subject")


def _taker(table: RouteTable, topic: str, payload: str | bytes) -> str:
    """The contract that took the message, behind the code if it was refused; the code alone if none took it."""
    outcome = table.encode(topic, payload.encode() if isinstance(payload, str) else payload, ARRIVAL)
    name = outcome.label.contract if outcome.label is not None else ""
    return name if isinstance(outcome, Record) else f"{outcome.code} {name}".strip()


def test_a_topic_that_no_filter_matches_has_no_route():
    """``no-route``, with no contract named."""
    table = RouteTable([_route("a", mqtt="plant/{device}/temp")])
    assert _taker(table, "plant/p7/temp", "1") == "a"
    assert _taker(table, "plant/p7/hum", "1") == "no-route"
    assert _taker(table, "plant/p7/temp/x", "1") == "no-route"
    assert _taker(RouteTable([]), "x", "1") == "no-route"


def test_the_narrower_filter_decides_alone():
    """Of two that match the narrower one takes the message, even if it then refuses it."""
    table = RouteTable(
        [_route("wide", mqtt="plant/#", device="/id"), _route("narrow", version_of("int"), mqtt="plant/{device}/temp")]
    )
    assert _taker(table, "plant/p7/temp", "1") == "narrow"
    assert _taker(table, "plant/p7/temp", '{"id":"x"}') == "type-mismatch narrow"
    assert _taker(table, "plant/p7/hum", '{"id":"x"}') == "wide"


def test_where_on_the_payload_divides_a_filter():
    """The first whose values fit; one without ``where`` takes the rest, in whatever order they are given."""
    routes = [
        _route("rest", mqtt="plant/{device}/x"),
        _route("readings", mqtt="plant/{device}/x", where={"/type": ("reading", "sample")}),
        _route("alarms", mqtt="plant/{device}/x", where={"/type": ("alarm",), "/level": (1, 2)}),
    ]
    for table in (RouteTable(routes), RouteTable(routes[::-1])):
        assert _taker(table, "plant/p/x", '{"type":"reading"}') == "readings"
        assert _taker(table, "plant/p/x", '{"type":"sample"}') == "readings"
        assert _taker(table, "plant/p/x", '{"type":"alarm","level":2}') == "alarms"
        assert _taker(table, "plant/p/x", '{"type":"alarm","level":3}') == "rest"
        assert _taker(table, "plant/p/x", '{"type":"alarm"}') == "rest"
        assert _taker(table, "plant/p/x", "[1]") == "rest"


def test_where_without_a_fallback_leaves_no_route():
    """Nothing fits: ``no-route``, and also for a single contract with ``where``."""
    table = RouteTable([_route("a", mqtt="x/{device}", where={"/t": (1,)})])
    assert _taker(table, "x/p", '{"t":1}') == "a"
    assert _taker(table, "x/p", '{"t":2}') == "no-route"
    assert _taker(table, "x/p", "{}") == "no-route"


@pytest.mark.parametrize(
    ("wanted", "payload", "claims"),
    [
        (1, '{"v":1}', True),
        (1, '{"v":1.0}', True),
        (1, '{"v":true}', False),
        (True, '{"v":true}', True),
        (True, '{"v":1}', False),
        ("1", '{"v":1}', False),
        (1, '{"v":"1"}', False),
        ("a", '{"v":"A"}', False),
        (0, '{"v":false}', False),
        (0, '{"v":null}', False),
        ("x", '{"v":["x"]}', False),
    ],
)
def test_where_compares_json_values(wanted: Any, payload: str, claims: bool):
    """Numbers by value, a boolean is never a number, text is exact, and nothing is converted."""
    table = RouteTable([_route("a", mqtt="x/{device}", where={"/v": (wanted,)})])
    assert (_taker(table, "x/p", payload) == "a") == claims


def test_where_on_a_capture_divides_topics():
    """Topics that no value lists go to the fallback; a number in ``where`` is its text in the topic."""
    routes = [
        _route("halls", mqtt="{hall}/{device}", where={"hall": ("h1", 2)}),
        _route("rest", mqtt="{hall}/{device}"),
    ]
    table = RouteTable(routes)
    assert [_taker(table, topic, "1") for topic in ("h1/p", "2/p", "h3/p")] == ["halls", "halls", "rest"]
    alone = RouteTable(routes[:1])
    assert [_taker(alone, topic, "1") for topic in ("h1/p", "h3/p")] == ["halls", "no-route"]


def test_a_capture_in_the_topic_makes_a_route_for_each_value():
    """One contract, two Kafka topics, each with its own subject and schema."""
    contract = contract_of(mqtt="{line}/{device}", topic="plant.{line}", where={"line": ("a", "b")})
    assert [(each.topic, each.subject) for each in contract.variants()] == [
        ("plant.a", "plant.a-value"),
        ("plant.b", "plant.b-value"),
    ]
    schemas = [version_of("int"), version_of("string")]
    table = RouteTable(
        [
            compile_route(contract, each, schema, depth=64)
            for each, schema in zip(contract.variants(), schemas, strict=True)
        ]
    )
    number, text = table.encode("a/p", b"1", ARRIVAL), table.encode("b/p", b'"x"', ARRIVAL)
    assert isinstance(number, Record)
    assert isinstance(text, Record)
    assert (number.topic, number.value[5:]) == ("plant.a", b"\x02")
    assert (text.topic, text.value[5:]) == ("plant.b", b"\x02x")
    assert isinstance(table.encode("b/p", b"[]", ARRIVAL), Rejection)


def test_an_inactive_contract_keeps_its_messages():
    """``unknown-schema``, under its own name, device included; it does not hand them to a wider filter."""
    table = RouteTable([_inactive("gone", mqtt="plant/{device}/temp"), _route("wide", mqtt="plant/#", device="/id")])
    outcome = table.encode("plant/p7/temp", b"1", ARRIVAL)
    assert isinstance(outcome, Rejection)
    assert outcome.label is not None
    assert (str(outcome.code), outcome.device, outcome.label.contract) == ("unknown-schema", "p7", "gone")
    assert "no such subject" in outcome.violations[0].message
    assert _taker(table, "plant/p7/hum", '{"id":"x"}') == "wide"


def test_an_inactive_contract_keeps_its_share_of_a_filter():
    """Its ``where`` still claims, and only what it claims."""
    table = RouteTable([_inactive("gone", mqtt="x/{device}", where={"/t": ("a",)}), _route("rest", mqtt="x/{device}")])
    assert _taker(table, "x/p", '{"t":"a"}') == "unknown-schema gone"
    assert _taker(table, "x/p", '{"t":"b"}') == "rest"


def test_a_payload_that_only_a_repair_can_read_is_routed_by_what_it_says():
    """A byte order mark hides nothing from ``where``."""
    table = RouteTable([_route("a", mqtt="x/{device}", where={"/t": ("a",)}), _route("rest", mqtt="x/{device}")])
    assert _taker(table, "x/p", b'\xef\xbb\xbf{"t":"a"}') == "a"
    assert _taker(table, "x/p", b'{"t":"b"}\x00') == "rest"
    assert _taker(table, "x/p", b'{"t":') == "json-invalid rest"


def test_a_payload_that_only_a_repair_can_read_stays_with_an_inactive_contract():
    """The same message without its byte order mark would be a dead letter of the inactive contract."""
    table = RouteTable([_inactive("gone", mqtt="x/{device}", where={"/t": ("a",)}), _route("rest", mqtt="x/{device}")])
    assert _taker(table, "x/p", b'\xef\xbb\xbf{"t":"a"}') == "unknown-schema gone"


def test_a_payload_that_no_repair_can_read_and_no_fallback_takes_is_refused_by_the_first():
    """It says why, under a name."""
    table = RouteTable([_route("a", mqtt="x/{device}", where={"/t": (1,)})])
    assert _taker(table, "x/p", b"{") == "json-invalid a"


def test_a_deep_or_doubled_payload_is_routed_before_it_is_judged():
    """``where`` looks at it without harm, and the contract that it names refuses it."""
    table = RouteTable([_route("a", mqtt="x/{device}", where={"/t": (1,)}), _route("rest", mqtt="x/{device}")])
    assert _taker(table, "x/p", '{"t":1,"d":' + "[" * 90 + "]" * 90 + "}") == "payload-limit a"
    assert _taker(table, "x/p", '{"t":2,"t":1}') == "duplicate-key a"
    assert _taker(table, "x/p", "[" * 100_000) == "payload-limit rest"


def test_fields_and_device_are_those_of_the_taker():
    """Each candidate binds the topic with its own captures."""
    table = RouteTable(
        [
            _route("a", mqtt="x/{site}", where={"/t": (1,)}, device="/id", headers={"s": "{site}"}),
            _route("rest", version_of(record_schema(("t", "int"))), mqtt="x/{device}"),
        ]
    )
    taken = table.encode("x/y", b'{"t":1,"id":"d"}', ARRIVAL)
    assert isinstance(taken, Record)
    assert (taken.key, taken.headers) == (b"d", [("s", b"y")])
    rest = table.encode("x/y", b'{"t":2}', ARRIVAL)
    assert isinstance(rest, Record)
    assert rest.key == b"y"


def test_the_owner_of_a_message_that_cannot_be_looked_at_is_known_where_the_topic_tells():
    """For dead letters of oversized payloads: the route and device, or None where only the payload tells."""
    table = RouteTable(
        [
            _route("a", mqtt="x/{device}", where={"/t": (1,)}),
            _route("b", mqtt="y/{device}"),
            _route("c", mqtt="z/+", device="/id"),
        ]
    )
    label, device = table.owner("y/p7")
    assert label is not None
    assert (label.contract, device) == ("b", "p7")
    assert table.owner("x/p7") == (None, "p7")
    assert table.owner("nowhere") == (None, None)
    label, device = table.owner("z/p7")
    assert label is not None
    assert (label.contract, device) == ("c", None)
