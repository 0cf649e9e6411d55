"""Examples against what became of their payloads."""

import json
from typing import Any

import pytest

from gateway.compile.binding import Binding
from gateway.compile.example import run_example
from gateway.compile.judgement import (
    MOST_DISAGREEMENTS,
    Aspect,
    Disagreement,
    body_of,
    differences,
    judge_accepted,
    judge_rejected,
)
from gateway.compile.readback import compile_readback
from gateway.compile.route import Route, compile_route
from gateway.config.examples import AcceptedExample, RejectedExample
from gateway.model import Code, Record
from tests.unit.compile.compiled import ARRIVAL, DEPTH, PREFIX, TOPIC, contract_of, version_of

SCHEMA = {
    "type": "record",
    "name": "R",
    "fields": [
        {"name": "temp", "type": "float"},
        {"name": "n", "type": ["null", "long"], "default": None},
        {"name": "v", "type": {"type": "array", "items": "double"}, "default": []},
    ],
}


def route_of(**contract: Any) -> Route:
    made = contract_of(**contract)
    return compile_route(made, made.variants()[0], version_of(SCHEMA), depth=DEPTH)


def judged(payload: bytes, **expected: Any) -> list[Disagreement]:
    route = route_of()
    example = AcceptedExample("e", payload, TOPIC, **expected)
    outcome = run_example(route, example, ARRIVAL)
    return judge_accepted(example, outcome, route, compile_readback(route.version))


def test_what_an_example_leaves_out_is_not_judged() -> None:
    """Accepted is enough where nothing else is said."""
    assert judged(b'{"temp": "23.4"}') == []


def test_a_whole_example_that_holds() -> None:
    """Value with filled fields, key and coercions: a float may be written as people write it."""
    becomes = {"temp": 23.4, "n": 7, "v": [1, 2.0]}
    coercions = {"/n": ("string-to-number",), "/v/*": ("string-to-number",)}
    payload = b'{"temp": 23.4, "n": "7", "v": ["1", "2"]}'
    assert judged(payload, becomes=becomes, key="p7", coercions=coercions) == []


def test_a_rejection_where_acceptance_is_expected() -> None:
    """Says why it was rejected, and where."""
    [wrong] = judged(b'{"temp": "warm"}', becomes={"temp": 1})
    assert (wrong.aspect, wrong.path) == (Aspect.OUTCOME, "/temp")
    assert wrong.found.startswith("rejected with invalid-number: /temp")


def test_every_aspect_that_differs_is_told() -> None:
    """Value, key and coercions, each with what was expected and found."""
    found = judged(
        b'{"temp": 1, "n": "2"}', becomes={"temp": 1, "n": 3, "v": []}, key="p8", coercions={"/temp": ("rounded",)}
    )
    assert found == [
        Disagreement(Aspect.BECOMES, "/n", "number 3", "number 2"),
        Disagreement(Aspect.KEY, "", "'p8'", "'p7'"),
        Disagreement(Aspect.COERCIONS, "/n", "no coercion", "string-to-number"),
        Disagreement(Aspect.COERCIONS, "/temp", "rounded", "no coercion"),
        Disagreement(Aspect.COERCIONS, "/v", "no coercion", "default-filled"),
    ]


def test_no_coercion_can_be_demanded() -> None:
    """An empty map means that there is none; absent means that nobody asks."""
    complete = b'{"temp": 1, "n": 2, "v": []}'
    assert judged(complete, coercions={}) == []
    assert [wrong.path for wrong in judged(b'{"temp": "1", "n": 2, "v": []}', coercions={})] == ["/temp"]


def test_a_long_list_of_differences_is_cut() -> None:
    """More than a few help nobody."""
    payload = json.dumps({"temp": 1, "v": list(range(50))}).encode()
    assert len(judged(payload, becomes={"temp": 1, "n": None, "v": [-1] * 50})) == MOST_DISAGREEMENTS


def rejected(payload: bytes, code: Code, path: str | None = None) -> list[Disagreement]:
    route = route_of()
    example = RejectedExample("e", payload, code, path, TOPIC)
    return judge_rejected(example, run_example(route, example, ARRIVAL))


def test_a_rejected_example_that_holds() -> None:
    """Code and path of the first violation; a path that is not given is not judged."""
    assert rejected(b'{"temp": "warm"}', Code.INVALID_NUMBER, "/temp") == []
    assert rejected(b'{"temp": "warm"}', Code.INVALID_NUMBER) == []


def test_rejected_for_another_reason_or_elsewhere() -> None:
    """What was found comes with its message."""
    [code] = rejected(b'{"temp": "warm"}', Code.OUT_OF_RANGE, "/temp")
    assert (code.aspect, code.expected) == (Aspect.CODE, "out-of-range")
    assert code.found.startswith("invalid-number: /temp")
    [path] = rejected(b'{"temp": "warm"}', Code.INVALID_NUMBER, "/n")
    assert (path.aspect, path.path, path.expected) == (Aspect.PATH, "/temp", "'/n'")


def test_acceptance_where_a_rejection_is_expected() -> None:
    """Names the topic and the conversions that let it through."""
    [wrong] = rejected(b'{"temp": "21"}', Code.INVALID_NUMBER)
    assert wrong.expected == "rejected with invalid-number"
    assert wrong.found.startswith("accepted for Kafka topic t after /temp string-to-number")


def test_the_body_of_either_framing() -> None:
    """Behind the prefix, or the whole value where a header carries the schema."""
    payload = b'{"temp": 1}'
    for framing, prefix in (("prefix", PREFIX), ("header", b"")):
        route = route_of(framing=framing)
        record = Binding(route, TOPIC, {"device": "p7", "building": "b1"}).encode(payload, ARRIVAL)
        assert isinstance(record, Record)
        assert prefix + body_of(record, route) == record.value


@pytest.mark.parametrize(
    ("expected", "found", "same"),
    [
        (1, 1.0, True),
        (2**63, float(2**63), True),
        (1, True, False),
        (0, False, False),
        (True, True, True),
        (None, None, True),
        (None, 0, False),
        ("1", 1, False),
        ("", None, False),
        (0.1, 0.2, False),
        (float("nan"), "NaN", True),
        (float("-inf"), "-Infinity", True),
        (float("inf"), "NaN", False),
        ([1, 2], [2, 1], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({}, [], False),
        ({"a": None}, {}, False),
        ({}, {"a": None}, False),
    ],
)
def test_values_are_compared_as_json(expected: object, found: object, same: bool) -> None:
    """Numbers by value, never a boolean with a number, filled nulls must be said, order of keys is free."""
    assert (differences(expected, found) == []) is same


@pytest.mark.parametrize(
    ("expected", "found", "paths"),
    [
        ({"a/b": [1, {"~": 2}]}, {"a/b": [1, {"~": 3}]}, ["/a~1b/1/~0"]),
        ([1], [1, 2], [""]),
        ({"a": 1}, {"b": 1}, ["/a", "/b"]),
        ("x", "y", [""]),
    ],
)
def test_each_difference_has_its_place(expected: object, found: object, paths: list[str]) -> None:
    """As a JSON pointer."""
    assert [each.path for each in differences(expected, found)] == paths


def test_the_tolerance_of_float32_is_for_float_fields_only() -> None:
    """In a double, 23.4 and the float32 nearest to it are two numbers; unions are looked into."""
    single = 23.399999618530273
    kinds = {
        name: compile_route(contract, contract.variants()[0], version_of(schema), depth=DEPTH).codec.avro
        for contract in [contract_of()]
        for name, schema in {
            "float": "float",
            "double": "double",
            "union": ["null", "float"],
            "deep": {"type": "map", "values": {"type": "array", "items": ["null", "float"]}},
        }.items()
    }
    assert differences(23.4, single, kinds["float"]) == []
    assert differences(23.4, single, kinds["union"]) == []
    assert differences({"a": [23.4]}, {"a": [single]}, kinds["deep"]) == []
    assert differences(23.4, single, kinds["double"]) != []
    assert differences(23.4, single) != []
    assert differences(1e300, single, kinds["float"]) != []
