"""The place in a payload, marked for a person."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from gateway.cli.excerpt import cut_out, mark_whole, place_of, read
from gateway.model import Code
from gateway.notation.spans import Span


def marked(payload: bytes, **error: Any) -> str | None:
    """The part of the payload that an error object points at."""
    text = read(payload)
    span = place_of(payload, text, {"found": "number", **error})
    return None if span is None else text[span.start : span.end]


@pytest.mark.parametrize(
    ("payload", "error", "part"),
    [
        ('{"a": {"b": [1, 22]}}', {"path": "/a/b/1"}, "22"),
        ('{"a~/": 1}', {"path": "/a~0~1"}, "1"),
        ('{"tmp": 2.5}', {"path": "/tmp", "code": Code.UNKNOWN_FIELD}, '"tmp"'),
        ('{"a": {"x": 1}}', {"path": "/a/b", "code": Code.MISSING_REQUIRED, "found": "absent"}, "{"),
        ('{"a": 1, "a": 2}', {"path": "", "code": Code.DUPLICATE_KEY, "params": {"names": ["a"]}}, '"a"'),
        ('"maybe"', {"path": ""}, '"maybe"'),
        ('{"ü": nan}', {"params": {"offset": 7}}, "nan"),
        ('{"ü": 1,}', {"params": {"offset": 9}}, "}"),
        ('{"a":', {"params": {"offset": 5}}, ""),
        ('{"a": 1}', {"path": "", "found": None}, None),
        ('{"a": 1}', {"path": "", "code": Code.NO_DEVICE_ID}, None),
        ('{"a": 1}', {"path": "no pointer"}, None),
        ('{"a": 1}', {"path": None}, None),
        ('{"a": 1}', {"path": "/a", "params": "none"}, "1"),
        ('{"a": 1}', {"params": {"offset": "x"}}, None),
        ('{"a": 1}', {"path": "", "code": Code.DUPLICATE_KEY, "params": {"names": []}}, '{"a": 1}'),
        ("", {"path": ""}, None),
        ('{"a": "{}"}', {"path": "/a/b"}, '"{}"'),
        ('{"a": 1}', {"path": "/a/b"}, None),
    ],
)
def test_the_part_that_an_error_points_at(payload: str, error: dict[str, Any], part: str | None) -> None:
    """The value, the key that is unknown or stands twice, the object that lacks a field, the byte that cannot stay."""
    assert marked(payload.encode(), **error) == part


def test_the_mark_of_a_byte_that_is_no_text() -> None:
    """The offset is in bytes, the mark below what is shown."""
    payload = b'{"\xc3\xbc": "\xffa"}'
    assert marked(payload, params={"offset": 8}) == "\\xff"


def lines(payload: str, *spans: Span, room: int = 80) -> list[str] | None:
    whole = mark_whole(payload, spans, room)
    return None if whole is None else [whole.text.plain, whole.carets]


def test_all_places_of_a_short_payload_are_marked_below_it() -> None:
    """In one line, with cells for what a terminal shows wider or as an escape."""
    assert lines('{"a": 1, "b": 2}', Span(14, 15), Span(6, 7)) == ['{"a": 1, "b": 2}', "      ^       ^"]
    assert lines('{"温": 1}', Span(6, 7)) == ['{"温": 1}', "       ^"]
    assert lines("\x1b1", Span(0, 1), Span(1, 2)) == ["\\x1b1", "^^^^^"]
    assert lines("[1", Span(2, 3)) == ["[1", "  ^"]
    assert lines("[[1]]", Span(0, 5), Span(1, 4)) == ["[[1]]", "^^^^^"]
    assert lines("[1]") == ["[1]", ""]


def test_a_payload_that_does_not_fit_one_line_is_not_marked_as_a_whole() -> None:
    """Long ones, and those of several lines."""
    assert lines("x" * 81) is None
    assert lines("\x1b" * 30) is None
    assert lines("[1,\n2]") is None


def test_the_line_of_a_place() -> None:
    """With its number where there are several, and only as much as can be read."""
    several = cut_out('{\r\n  "a": 1,\r\n  "b": [2,\r\n3]}', Span(21, 29))
    assert (several.text.plain, several.carets) == ('3 |   "b": [2,', "           ^^^")
    long = cut_out(f"[{'1,' * 500}22{',3' * 500}]", Span(1001, 1003))
    assert long.text.plain == f"...{'1,' * 20}22{',3' * 29}..."
    assert long.carets == f"{' ' * 43}^^"
    behind = cut_out('{"a":', Span(5, 6))
    assert (behind.text.plain, behind.carets) == ('{"a":', "     ^")


@given(
    payload=st.binary(max_size=40) | st.text(max_size=40).map(str.encode),
    path=st.text(max_size=5).map(lambda text: f"/{text}") | st.just(""),
    offset=st.none() | st.integers(-5, 60),
)
def test_nothing_that_is_shown_can_act_on_the_terminal(payload: bytes, path: str, offset: int | None) -> None:
    """Whatever payload and error object hold, and the marks end where the line does."""
    text = read(payload)
    params = {} if offset is None else {"offset": offset}
    span = place_of(payload, text, {"found": "number", "path": path, "params": params})
    if span is not None:
        for shown in (cut_out(text, span), mark_whole(text, [span], 1000)):
            if shown is not None:
                assert shown.text.plain.isprintable()
                assert shown.carets
                assert len(shown.carets) <= cell_len(shown.text.plain) + 1
