"""Whether values keep their meaning: what registries do not look at."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.config.contract import Compatibility
from gateway.model import Format, SchemaVersion
from gateway.plan.compatibility.avro import find_conflicts, parse_avro
from gateway.plan.compatibility.evolution import evolution_objections
from gateway.plan.compatibility.logical_types import Shift, find_shifts
from gateway.plan.compatibility.objections import Rule


def logical(base: str, name: str, **more: Any) -> dict[str, Any]:
    return {"type": base, "logicalType": name, **more}


def decimal(precision: int, scale: int | None = None) -> dict[str, Any]:
    return logical("bytes", "decimal", precision=precision, **({} if scale is None else {"scale": scale}))


def fixed(size: int, name: str, **more: Any) -> dict[str, Any]:
    return {"type": "fixed", "name": "F", "size": size, "logicalType": name, **more}


def record(kind: Any, name: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": "record", "name": "R", "fields": [{"name": name, "type": kind, **more}]}


def shifts(old: Any, new: Any) -> list[Shift]:
    """Of data of ``old`` that is read with ``new``."""
    return find_shifts(parse_avro(json.dumps(new)), parse_avro(json.dumps(old)))


DATE, MILLIS, MICROS = logical("int", "date"), logical("long", "timestamp-millis"), logical("long", "timestamp-micros")
LOCAL, UUID = logical("long", "local-timestamp-millis"), logical("string", "uuid")
FINE, OPEN, WRONG = None, False, True


@pytest.mark.parametrize(
    ("old", "new", "backward", "forward"),
    [
        (decimal(6, 2), decimal(6, 2), FINE, FINE),
        (decimal(6), decimal(6, 0), FINE, FINE),
        (decimal(6, 2), decimal(6, 3), WRONG, WRONG),
        (decimal(6, 2), decimal(8, 2), FINE, WRONG),
        (decimal(6, 2), decimal(8, 4), WRONG, WRONG),
        (decimal(6, 2), logical("bytes", "big-decimal"), WRONG, WRONG),
        (decimal(6, 2), "bytes", OPEN, OPEN),
        (decimal(6, 2), "string", WRONG, WRONG),
        (fixed(8, "decimal", precision=6, scale=2), fixed(8, "decimal", precision=6, scale=3), WRONG, WRONG),
        (fixed(16, "uuid"), fixed(16, "decimal", precision=6), WRONG, WRONG),
        (fixed(12, "duration"), {"type": "fixed", "name": "F", "size": 12}, OPEN, OPEN),
        (MILLIS, MICROS, WRONG, WRONG),
        (MILLIS, LOCAL, WRONG, WRONG),
        (LOCAL, logical("long", "local-timestamp-nanos"), WRONG, WRONG),
        (DATE, logical("int", "time-millis"), WRONG, WRONG),
        (DATE, "int", OPEN, OPEN),
        # Through a promotion, which goes one way only: the other one is no matter of logical types.
        (DATE, "long", OPEN, FINE),
        (DATE, MILLIS, WRONG, FINE),
        (logical("int", "time-millis"), logical("long", "time-micros"), WRONG, FINE),
        (UUID, "string", FINE, OPEN),
        (UUID, "bytes", OPEN, OPEN),
        # Of the user's own, and those that no library obeys.
        (logical("long", "fortnights"), logical("long", "fortnights"), FINE, FINE),
        (logical("long", "fortnights"), logical("long", "weeks"), OPEN, OPEN),
        (logical("long", "fortnights"), "long", OPEN, OPEN),
        (logical("string", "date"), "string", FINE, FINE),
        (decimal(2, 3), "bytes", FINE, FINE),
        (logical("bytes", "decimal"), decimal(6, 2), OPEN, OPEN),
        (logical("long", ""), "long", FINE, FINE),
    ],
)
def test_what_becomes_of_values(old: Any, new: Any, backward: bool | None, forward: bool | None) -> None:
    """Another value is a certain objection; a meaning that is gone is an open one; the same wherever it stands."""
    for wrap in (
        lambda kind: kind,
        record,
        lambda kind: {"type": "array", "items": kind},
        lambda kind: {"type": "map", "values": kind},
        lambda kind: ["null", kind],
        lambda kind: record({"type": "array", "items": ["null", record(kind) | {"name": "Inner"}]}),
    ):
        for a, b, expected in ((old, new, backward), (new, old, forward)):
            assert [each.is_certain for each in shifts(wrap(a), wrap(b))] == ([] if expected is None else [expected])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (decimal(6, 2), decimal(6, 3), "every number comes out 10 times too small"),
        (decimal(6, 4), decimal(6, 1), "every number comes out 1000 times too large"),
        (decimal(60, 2), decimal(60, 42), "every number comes out 10^40 times too small"),
        (decimal(6, 2), decimal(4, 2), "numbers of more than 4 digits have no room"),
        (MILLIS, MICROS, "timestamp-millis (long) is read as timestamp-micros (long), and a number of ms counts as"),
        (MILLIS, LOCAL, "local-timestamp-millis (long), and every value becomes another one"),
        (DATE, "int", "date (int) is read as int, and nothing says any more what the raw value means"),
    ],
)
def test_the_words(old: Any, new: Any, words: str) -> None:
    """What is read as what, and what that does."""
    [shift] = shifts(old, new)
    assert words in shift.message


def test_which_branch_of_a_union_reads() -> None:
    """The one of the same type; only without such a one the first that can."""
    both = [MILLIS, DATE]
    assert shifts(["null", DATE], both) == []
    assert shifts(both, [DATE, MILLIS]) == []
    [shift] = shifts(["null", DATE], ["null", MILLIS])
    assert (shift.reader_place, shift.writer_place) == ("/1", "/1")
    [shift] = shifts(MILLIS, ["null", "string", MICROS])
    assert (shift.reader_place, shift.writer_place) == ("/2", "")
    assert shifts(["null", MILLIS], ["null", "string"]) == [], "Apache's checker tells that no branch reads it"
    named = [{"type": "fixed", "name": name, "size": 4} for name in "AB"]
    timed = [each | logical("fixed", "decimal", precision=9, scale=n) for n, each in enumerate(named)]
    assert shifts(timed, timed[::-1]) == []


def test_fields_by_name_and_alias() -> None:
    """Wherever they stand; one that the writer lacks, or the reader does not read, does not matter."""
    old = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}, {"name": "t", "type": MILLIS}]}
    new = {"type": "record", "name": "R", "fields": [{"name": "at", "type": MICROS, "aliases": ["t"]}]}
    [shift] = shifts(old, new)
    assert (shift.reader_place, shift.writer_place) == ("/fields/0/type", "/fields/1/type")
    new["fields"] = [{"name": "other", "type": MICROS, "default": 0}]
    assert shifts(old, new) == []


def test_named_types_are_told_where_they_are_defined() -> None:
    """Once, however often they are used, and recursive ones end."""

    def tree(kind: Any) -> dict[str, Any]:
        fields = [
            {"name": "at", "type": {"type": "record", "name": "At", "fields": [{"name": "t", "type": kind}]}},
            {"name": "until", "type": "At"},
            {"name": "next", "type": ["null", "R"]},
        ]
        return {"type": "record", "name": "R", "fields": fields}

    [shift] = shifts(tree(MILLIS), tree(MICROS))
    assert shift.reader_place == "/fields/0/type/fields/0/type"


@pytest.mark.parametrize(
    ("level", "paths"),
    [
        ("NONE", []),
        ("BACKWARD", ["/fields/1/type"]),
        ("FORWARD_TRANSITIVE", ["/fields/1/type"]),
        ("FULL", ["/fields/1/type", "/fields/1/type"]),
    ],
)
def test_every_level_but_none_asks(level: str, paths: list[str]) -> None:
    """In its directions, each told at its place in the newer schema."""
    old, new = record(MILLIS), record(MICROS)
    new["fields"].insert(0, {"name": "n", "type": "int", "default": 0})
    was, now = (SchemaVersion("s", 1, 1, Format.AVRO, json.dumps(each), None, ()) for each in (old, new))
    found = evolution_objections(was, now, Compatibility(level))
    assert [(each.rule, each.path) for each in found] == [(Rule.LOGICAL_TYPE, path) for path in paths]
    assert find_conflicts(parse_avro(now.text), parse_avro(was.text)) == [], "what registries ask has nothing"


def test_a_precision_that_grows_is_fine_backward_only() -> None:
    """Old readers have no room for what is written now."""
    old, new = (
        SchemaVersion("s", 1, 1, Format.AVRO, json.dumps(decimal(precision, 2)), None, ()) for precision in (6, 8)
    )
    assert evolution_objections(old, new, Compatibility.BACKWARD) == []
    assert [each.rule for each in evolution_objections(old, new, Compatibility.FORWARD)] == [Rule.LOGICAL_TYPE]
