"""What each quirk makes of a message, byte for byte."""

from random import Random
from typing import Any

import pytest

from gateway.demo.fleet import quirks
from gateway.demo.fleet.draft import Draft
from gateway.demo.fleet.quirks import Quirk


def draft(**payload: Any) -> Draft:
    return Draft(payload, Random(7), uptime_s=12.5)


def written(quirk: Quirk, **payload: Any) -> bytes:
    subject = draft(**payload)
    quirk(subject)
    return subject.write()


@pytest.mark.parametrize(
    ("quirk", "payload", "expected"),
    [
        (quirks.as_text("/a"), {"a": 21.5, "b": 1}, b'{"a":"21.5","b":1}'),
        (quirks.as_text("/a"), {"a": True}, b'{"a":true}'),
        (quirks.as_text("/a"), {"a": None}, b'{"a":null}'),
        (quirks.as_text("/a/*/x"), {"a": [{"x": 1}, {"y": 2}, {"x": 3}]}, b'{"a":[{"x":"1"},{"y":2},{"x":"3"}]}'),
        (quirks.as_text("/a/1"), {"a": [1, 2]}, b'{"a":[1,"2"]}'),
        (quirks.as_text("/a/7", "/a/b", "/b/c"), {"a": [1], "b": 2}, b'{"a":[1],"b":2}'),
        (quirks.as_comma_text("/a", "/b"), {"a": -18.5, "b": 4}, b'{"a":"-18,5","b":"4"}'),
        (quirks.as_float("/a", "/b"), {"a": 1450, "b": True}, b'{"a":1450.0,"b":true}'),
        (quirks.as_zero_one("/a", "/b", "/c"), {"a": True, "b": False, "c": 5}, b'{"a":1,"b":0,"c":5}'),
        (quirks.as_word("/a", "ON", "OFF"), {"a": True}, b'{"a":"ON"}'),
        (quirks.as_word("/a", "ON", "OFF"), {"a": False}, b'{"a":"OFF"}'),
        (quirks.as_seconds("/a"), {"a": 1752570000250}, b'{"a":1752570000}'),
        (quirks.as_milliseconds("/a"), {"a": 1752570000}, b'{"a":1752570000000}'),
        (quirks.as_iso_time("/a"), {"a": 1752570000025}, b'{"a":"2025-07-15T09:00:00.025Z"}'),
        (quirks.as_iso_date("/a", "/b"), {"a": 20194, "b": None}, b'{"a":"2025-04-16","b":null}'),
        (quirks.in_lower_case("/a", "/b"), {"a": "RUNNING", "b": 1}, b'{"a":"running","b":1}'),
        (quirks.in_upper_case("/a"), {"a": "heat"}, b'{"a":"HEAT"}'),
        (quirks.in_own_words("/a", {"SUPINE": "lying"}), {"a": "SUPINE"}, b'{"a":"lying"}'),
        (quirks.in_own_words("/a", {"SUPINE": "lying"}), {"a": "UNKNOWN"}, b'{"a":"UNKNOWN"}'),
        (quirks.null_as("--", "/a", "/b"), {"a": None, "b": 3}, b'{"a":"--","b":3}'),
        (quirks.plus(0.5, "/a", "/b"), {"a": 72, "b": None}, b'{"a":72.5,"b":null}'),
        (quirks.always(-999, "/a", "/b"), {"a": 1.5}, b'{"a":-999}'),
        (quirks.not_a_number("/a"), {"a": 1.5, "b": "nan"}, b'{"a":nan,"b":"nan"}'),
        (quirks.not_a_number("/a/b", spelling="-nan"), {"a": {"b": 1}}, b'{"a":{"b":-nan}}'),
        (quirks.added("rssi", -61), {"a": 1}, b'{"a":1,"rssi":-61}'),
        (quirks.missing("/a", "/b/c", "/d"), {"a": 1, "b": {"c": 2}}, b'{"b":{}}'),
        (quirks.renamed("/a", "b"), {"a": 1, "c": 2}, b'{"c":2,"b":1}'),
        (quirks.renamed("/x", "b"), {"a": 1}, b'{"a":1}'),
        (quirks.twice("/a"), {"a": 1, "b": "é"}, '{"a":1,"b":"é","a":1}'.encode()),
        (quirks.clock_lost("/a"), {"a": 1752570000000}, b'{"a":12500}'),
        (quirks.clock_lost("/a", per_second=1), {"a": 1752570000}, b'{"a":12}'),
        (quirks.empty(), {"a": 1}, b""),
        (quirks.nul_terminated(), {"a": 1}, b'{"a":1}\0'),
        (quirks.instead({"kind": "hello"}), {"a": 1}, b'{"kind":"hello"}'),
    ],
)
def test_quirks_change_only_their_place(quirk: Quirk, payload: dict[str, Any], expected: bytes) -> None:
    """The bytes differ from the clean ones exactly where the quirk says."""
    assert written(quirk, **payload) == expected


def test_cut_off_keeps_a_beginning_that_is_no_json() -> None:
    """Between a fifth and nine tenths of the bytes leave the device."""
    payload = {"text": "x" * 100}
    whole = draft(**payload).write()
    for seed in range(50):
        subject = Draft(dict(payload), Random(seed), uptime_s=0)
        quirks.cut_off()(subject)
        cut = subject.write()
        assert whole.startswith(cut)
        assert len(whole) // 5 <= len(cut) <= len(whole) * 9 // 10


def test_instead_leaves_the_profile_alone() -> None:
    """A later change of the message does not change what the profile sends next time."""
    quirk = quirks.instead({"kind": "hello"})
    subject = draft(a=1)
    quirk(subject)
    subject.payload["kind"] = "changed"
    assert written(quirk, a=1) == b'{"kind":"hello"}'
