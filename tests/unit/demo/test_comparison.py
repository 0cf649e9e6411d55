"""A record beside its payload."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from gateway.demo.comparison import Line, compare, write


def test_conversions_come_first_then_the_record_in_its_order() -> None:
    """With the value as it was written, and as the reader gets it."""
    lines = compare(
        b'{"id": "p7", "flow": "41.80", "leak": 0}',
        {"id": "p7", "flow": 41.8, "leak": False, "alarms": []},
        {"/flow": "string-to-number", "/leak": "number-to-boolean"},
    )
    assert lines == [
        Line("/flow", '"41.80"', "41.8", "string-to-number"),
        Line("/leak", "0", "false", "number-to-boolean"),
        Line("/id", '"p7"', '"p7"', ""),
        Line("/alarms", "", "[]", ""),
    ]


def test_places_inside_are_found_on_both_sides() -> None:
    """A star stands for the first item, of an array or of a map; the field that holds it is not repeated."""
    lines = compare(
        b'{"readings": [{"temp": "4,5"}], "by": {"a": {"n": "1"}}, "motor": {"rpm": 5.0}}',
        {"readings": [{"temp": 4.5}], "by": {"a": {"n": 1}}, "motor": {"rpm": 5}},
        {"/readings/*/temp": "decimal-comma", "/by/*/n": "string-to-number", "/motor/rpm": "integral-float-to-int"},
    )
    assert [line[:3] for line in lines] == [
        ("/readings/*/temp", '"4,5"', "4.5"),
        ("/by/*/n", '"1"', "1"),
        ("/motor/rpm", "5.0", "5"),
    ]


def test_what_is_on_one_side_only_is_empty_on_the_other() -> None:
    """A renamed field has another name in the payload, an empty array no first item."""
    lines = compare(b'{"fw": "2", "x": []}', {"firmware": "2"}, {"/firmware": "renamed", "/x/*/y": "string-to-number"})
    assert lines == [Line("/firmware", "", '"2"', "renamed"), Line("/x/*/y", "", "", "string-to-number")]


@pytest.mark.parametrize("payload", [None, b"", b"{", b"\xff", b"[1]", b"7"])
def test_a_payload_that_tells_nothing_leaves_its_side_empty(payload: bytes | None) -> None:
    """The record is shown all the same."""
    assert compare(payload, {"a": 1}, {}) == [Line("/a", "", "1", "")]


def test_what_the_gateway_strips_is_stripped() -> None:
    """A byte order mark, a NUL at the end: conversions of the whole payload have no line of their own."""
    lines = compare(b'\xef\xbb\xbf{"a": 1}\0', {"a": 1}, {"": "nul-stripped"})
    assert lines == [Line("/a", "1", "1", "")]


def test_names_are_written_as_pointers() -> None:
    """A slash or tilde in a name is escaped, and found again."""
    assert compare(b'{"a/b~": 1}', {"a/b~": 1}, {}) == [Line("/a~1b~0", "1", "1", "")]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        ("ü", '"ü"'),
        (datetime(2026, 3, 1, 8, 0, 0, 250_000, UTC), "2026-03-01 08:00:00.250Z"),
        (date(2026, 3, 1), "2026-03-01"),
        (b"\x01\xff", "bytes 01ff"),
        (Decimal("1.50"), '"1.50"'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        ({"at": date(2026, 3, 1)}, '{"at": "2026-03-01"}'),
    ],
)
def test_values_are_written_for_people(value: Any, text: str) -> None:
    """JSON where it has the type, else what Python prints."""
    assert write(value) == text
