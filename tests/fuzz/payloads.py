"""Payloads to begin with: those of the vectors, and the literals that JSON parsers stumble over."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.model import Format
from tests.unit.compile.vectors import read_cases

ODD = (
    *(
        b"",
        b" ",
        b"{}",
        b"[]",
        b"null",
        b"nan",
        b'{"a":nan}',
        b"-Infinity",
        b"1e999",
        b"[1e999,1]",
        b"\xef\xbb\xbf1\x00",
    ),
    *(
        b'"\\ud800"',
        b'{"a":1,"a":2}',
        b"\xff\xfe1\x00",
        b"1" * 30,
        b"-" + b"1" * 4301,
        b'{"":{"/~":[0]}}',
        b"[[[[[[1]]]]]]",
    ),
    *(
        b'{"next":{"next":{"v":"1"}},"v":"on"}',
        b'{"v":1,"next":{"Tree":{"v":null}}}',
        b'{"i":"1","b":true,"e":1,"t":"2"}',
    ),
    *(b'{"I":1,"u":"1","o":{"a":"1"},"l":[1,1.0]}', b'[1,"2",{"a":1},true,[1.5],"x"]', b'{"t":"2024-03-31T02:30:00"}'),
)


def seeds(format_: Format, cases: int) -> Iterator[bytes]:
    """Payloads behind the number of a case."""
    vectors = sorted(
        {case.payload for case in read_cases() if case.version.format is format_ and len(case.payload) < 200}
    )
    for n, payload in enumerate([*ODD, *vectors]):
        yield bytes([n % cases]) + payload
