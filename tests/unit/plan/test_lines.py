"""Payloads from lines of text."""

from __future__ import annotations

import json

import pytest

from gateway.errors import ConfigError
from gateway.plan.lines import Line, read_lines


def test_lines_are_payloads_byte_for_byte() -> None:
    """Only the line's end is taken off."""
    lines = [b'{"a":1}\n', b" x \r\n", b"\n", b"last"]
    assert [line.payload for line in read_lines(lines, capture=False)] == [b'{"a":1}', b" x ", b"", b"last"]


@pytest.mark.parametrize(
    ("tst", "arrival"),
    [
        ("2026-11-21T15:59:25.714572Z+0100", 1_795_273_165_714),  # mosquitto_sub 2.0.11
        ("2026-11-21T14:59:25Z", 1_795_273_165_000),
        (1_602_530_664, 1_602_530_664_000),  # mosquitto_sub 1.6
        (None, None),
    ],
)
def test_captured_lines_bring_their_topic_and_time(tst: object, arrival: int | None) -> None:
    """As ``mosquitto_sub -F %j`` prints them."""
    message = {"topic": "a/b", "qos": 1, "retain": 0, "payloadlen": 3, "payload": '"é"'}
    line = json.dumps(message if tst is None else {"tst": tst, **message}).encode()
    assert list(read_lines([line], capture=True)) == [Line('"é"'.encode(), "a/b", arrival)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"no json", "line 1 column 1"),
        (b'{"topic":"a","payload":"\xff"}', "no UTF-8"),
        (b"{}", "payload is no text"),
        (b'{"topic":"a","payload":{"a":1}}', "%J does not"),
        (b'{"topic":1,"payload":"1"}', "topic is no text"),
        (b'{"topic":"a","payload":"1","tst":"yesterday"}', "'yesterday' is no time"),
        (b'{"topic":"a","payload":"1","tst":true}', "True is no time"),
        (b'{"topic":"a","payload":"1","tst":"2026-01-01T00:00:00"}', "time zone"),
        (b"[]", "no object"),
    ],
)
def test_a_line_that_was_not_captured_is_named(line: bytes, reason: str) -> None:
    """With its number, and what it lacks."""
    with pytest.raises(ConfigError, match=f"standard input:2.*{reason}"):
        list(read_lines([b'{"topic":"a","payload":"x"}', line], capture=True))
