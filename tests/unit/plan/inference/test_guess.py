"""What a place's values are taken for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.model import Format
from gateway.plan.inference.guess import guess
from gateway.plan.inference.observation import MOST_FIELDS, MOST_PLACES, Observer, TooDeep
from gateway.plan.inference.types import Guesses, Kind, told

ARRIVAL = 1_780_000_000_000
WORDS = ["RUN", "STOP"] * 10


def observed(values: list[Any], arrival: int | None = None) -> Observer:
    observer = Observer(depth=64)
    for value in values:
        observer.add(value, arrival)
    return observer


def guessed(values: list[Any], name: str = "x", kind: Format = Format.AVRO, arrival: int | None = None) -> Guesses:
    """Of one field with these values, one a payload."""
    return guess(observed([{name: value} for value in values], arrival).root, kind)


CASES: dict[str, tuple[list[Any], str, dict[str, Any], bool]] = {
    "booleans": ([True, False], "boolean", {}, False),
    "booleans in text": (["true", "False"], "boolean", {}, False),
    "booleans and 0 and 1": ([True, 0, 1], "boolean", {}, False),
    "booleans in text and 0 and 1": (["true", 0, "false", 1], "boolean", {}, False),
    "booleans in text and other numbers": (["true", 2], "whole number or text", {}, True),
    "booleans and other numbers": ([True, 2], "boolean or whole number", {}, True),
    "0 and 1": ([0, 1, 1], "whole number", {}, True),
    "whole numbers": ([3, 4], "whole number", {}, False),
    "whole numbers with a point": ([3.0, 4], "number", {}, False),
    "fractions": ([3.5, 4], "number", {}, False),
    "numbers and numbers in text": ([3.5, "4"], "number", {}, False),
    "whole numbers, also in text": ([3, "4"], "whole number", {}, False),
    "fractions in text": (["3.5", "4"], "number", {}, False),
    "whole numbers in text": (["3", "4"], "text", {}, True),
    "decimal commas": (["3,5", "4"], "number", {"decimal_separator": ","}, False),
    "commas and points": (["3,5", "4.5"], "text", {}, True),
    "numbers and commas": ([3.5, "4,5"], "number", {"decimal_separator": ","}, False),
    "more than 64 bits": ([2**63, 1], "text", {}, True),
    "64 bits": ([2**63 - 1, -(2**63)], "whole number", {}, False),
    "whole numbers beyond 2^53, and fractions": ([2**60 + 1, 0.5], "number", {}, True),
    "numbers and words": ([3.5, "hot"], "number or text", {}, True),
    "null": ([3.5, None], "number, or null", {}, False),
    "nothing but null": ([None, None], "text, or null", {}, True),
    "words for nothing": ([3.5, "N/A", "", "N/A"], "number, or null", {"null_tokens": ["N/A", ""]}, False),
    "words for nothing beside text": (["N/A", "on fire"], "text", {}, False),
    "nothing but words for nothing": (["", "-"], "text", {}, True),
    "texts": (["a", "b c"], "text", {}, False),
    "few words": (WORDS, "one of RUN, STOP", {}, False),
    "few words, one for nothing": ([*WORDS, *["UNKNOWN"] * 10], "one of RUN, STOP, UNKNOWN", {}, False),
    "few words that came seldom": (WORDS[:19], "text", {}, False),
    "one word": (["C"] * 50, "text", {}, False),
    "few words that are no symbols": (["on fire", "cold"] * 10, "text", {}, False),
    "UUIDs": (["123e4567-e89b-12d3-a456-426614174000"], "UUID", {}, False),
    "times": (["2026-05-28T20:26:40Z"], "time with an offset, in ms", {}, False),
    "finer times": (["2026-05-28T20:26:40.1234567+02:00"], "time with an offset, in ns", {}, False),
    "times without an offset": (["2026-05-28 20:26:40"], "time without an offset, in ms", {}, False),
    "dates": (["2026-05-28"], "date", {}, False),
    "times of day": (["20:26:40"], "time of day", {}, False),
    "times and words": (["2026-05-28T20:26:40Z", "never"], "text", {}, True),
    "JSON in text": (['{"a":1}'], "text", {}, True),
    "lists": ([[1, 2], []], "list of whole number", {}, False),
    "lists of anything": ([[1, "a"]], "list of whole number or text", {}, True),
    "empty lists": ([[]], "list of text", {}, True),
    "empty objects": ([{}], "map of text", {}, True),
    "an object and empty ones": ([{}, {"a": 1}], "object", {}, True),
    "keys that are data": ([{"1": 2.5, "2": 3.5}], "map of number", {}, True),
    "keys that are addresses": ([{"a4:c1:38": 2.5, "a4:c1:39": 3.5}], "map of number", {}, True),
    "many seldom keys": ([{f"s{n}": 1.5} for n in range(40)], "map of number", {}, True),
    "many usual keys": ([{f"s{n}": 1.5 for n in range(40)}], "object", {}, False),
    "objects and text": ([{"a": 1}, "none at all"], "text or object", {}, True),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_one_field(case: tuple[list[Any], str, dict[str, Any], bool]) -> None:
    values, wanted, options, is_ambiguous = case
    made = guessed(values)
    doubts = [each.path for each in made.remarks if each.is_ambiguous]
    assert told(made.root.fields["x"].guess) == wanted
    assert made.overrides.get("/x", {}) == options
    assert bool(doubts) is is_ambiguous, doubts


SECONDS = ARRIVAL // 1000
MOMENTS: dict[str, tuple[str, list[Any], int | None, str, dict[str, Any]]] = {
    "milliseconds": ("ts", [ARRIVAL], None, "time as a number, in ms", {}),
    "seconds": ("time", [SECONDS], None, "time as a number, in ms", {"epoch_unit": "s"}),
    "seconds, later milliseconds": ("ts", [SECONDS, ARRIVAL], None, "time as a number, in ms", {"epoch_unit": "s"}),
    "microseconds": ("createdAt", [ARRIVAL * 1000], None, "time as a number, in us", {}),
    "nanoseconds": ("updated_at", [ARRIVAL * 10**6], None, "time as a number, in ns", {}),
    "milliseconds, later microseconds": (
        *("ts", [ARRIVAL, ARRIVAL * 1000], None),
        *("time as a number, in us", {"epoch_unit": "ms"}),
    ),
    "and as text": ("ts", [ARRIVAL, "2026-05-28T20:26:40Z"], None, "time as a number, in ms", {}),
    "in text": ("ts", [ARRIVAL, str(ARRIVAL)], None, "time as a number, in ms", {}),
    "by another name": ("x", [ARRIVAL], None, "whole number", {}),
    "by another name, near the arrival": ("x", [ARRIVAL], ARRIVAL + 5000, "time as a number, in ms", {}),
    "long ago, by its name": (
        "installedAt",
        [SECONDS - 10**8],
        ARRIVAL,
        "time as a number, in ms",
        {"epoch_unit": "s"},
    ),
    "a clock that was never set": ("ts", [12, ARRIVAL], None, "whole number", {}),
    "between seconds and milliseconds": ("ts", [SECONDS, 10**11, ARRIVAL], None, "whole number", {}),
    "some text is no time": ("ts", [ARRIVAL, "7"], None, "whole number", {}),
    "finer text than the numbers": (
        *("ts", [ARRIVAL, "2026-05-28T20:26:40.123456Z"], None),
        *("time as a number, in ms or text", {}),
    ),
    "with a fraction": ("ts", [SECONDS + 0.5], None, "number", {}),
}


@pytest.mark.parametrize("case", MOMENTS.values(), ids=MOMENTS)
def test_numbers_that_are_moments(case: tuple[str, list[Any], int | None, str, dict[str, Any]]) -> None:
    name, values, arrival, wanted, options = case
    made = guessed(values, name, arrival=arrival)
    assert told(made.root.fields[name].guess) == wanted
    assert made.overrides.get(f"/{name}", {}) == options


def test_json_schema_keeps_numbers_as_they_are() -> None:
    """Its integers have no end, and its times no unit."""
    assert guessed([2**63], kind=Format.JSON).root.fields["x"].guess.kind is Kind.WHOLE
    made = guessed([SECONDS], "ts", Format.JSON)
    assert (told(made.root.fields["ts"].guess), made.overrides) == ("time as a number, in s", {})
    mixed = guessed([SECONDS, ARRIVAL], "ts", Format.JSON)
    assert [each.path for each in mixed.remarks if each.is_ambiguous] == ["/ts"]
    assert told(guessed(["on fire", "cold"] * 10, kind=Format.JSON).root.fields["x"].guess) == "one of on fire, cold"


def test_fields_that_are_not_always_there() -> None:
    root = guess(observed([{"a": 1, "b": 2}, {"a": 1}]).root, Format.AVRO).root
    assert {name: field.is_optional for name, field in root.fields.items()} == {"a": False, "b": True}


def test_avro_names_of_fields() -> None:
    """What is no name becomes one that nothing else has, and the contract knows it by both."""
    made = guess(observed([{"t-max": 1, "t_max": 2, "2x": 3, "": 4}]).root, Format.AVRO)
    assert [*made.root.fields] == ["t_max_", "t_max", "_2x", "_"]
    assert made.overrides == {
        "/t_max_": {"aliases": ["t-max"]},
        "/_2x": {"aliases": ["2x"]},
        "/_": {"aliases": [""]},
    }
    assert [*guess(observed([{"t-max": 1}]).root, Format.JSON).root.fields] == ["t-max"]


def test_identifiers_are_no_enums() -> None:
    assert told(guessed(WORDS, "deviceId").root.fields["deviceId"].guess) == "text"


@pytest.mark.parametrize(
    ("values", "wanted"), [([[1], [2.5]], "list of number"), ([1.5, 2], "number"), (["a"], "text")]
)
def test_any_type_may_stand_at_the_top(values: list[Any], wanted: str) -> None:
    assert told(guess(observed(values).root, Format.AVRO).root) == wanted


def test_what_was_seen_is_told() -> None:
    made = guess(observed([{"t": 1}, {"t": "2.5"}, {"t": None}, {}]).root, Format.AVRO)
    assert [(each.path, each.seen) for each in made.remarks] == [
        ("", "4 objects"),
        ("/t", "1 number, 1 text (number), 1 null, 1 missing, always 1"),
    ]


def test_memory_is_bounded() -> None:
    """More fields than one keeps are counted together, and so are more places than all."""
    many = observed([{f"f{n}": n} for n in range(MOST_FIELDS + 50)])
    assert len(many.root.fields) == MOST_FIELDS
    assert many.root.others is not None
    assert (many.root.others.count, many.is_full) == (50, False)
    wide = observed([{f"g{n}": {f"f{m}": 1 for m in range(MOST_FIELDS - 1)} for n in range(MOST_FIELDS - 1)}])
    assert wide.is_full
    assert len(json.dumps(guess(wide.root, Format.AVRO).overrides)) == len("{}")
    assert sum(len(each.fields) for each in wide.root.fields.values()) <= MOST_PLACES


def test_a_payload_that_is_too_deep_counts_nothing() -> None:
    observer = Observer(depth=3)
    observer.add([[[1]]], None)
    with pytest.raises(TooDeep):
        observer.add([[[[]]]], None)
    assert observer.root.count == 1
