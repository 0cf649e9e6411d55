"""Bytes that want to break the decoder: cut, doubled, padded, colliding, nested in texts; each has its answer.

What could cost memory or time inside a library runs in a process with limits. ``test_hostile.py`` has depth, numbers
and schemas, ``test_large_payloads.py`` what is made to be expensive for one step.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from gateway.model import Mode, Record, Rejection
from tests.unit.compile.compiled import (
    ARRIVAL,
    accepted,
    binding_of,
    conversions,
    encode,
    json_version,
    reason,
    record_schema,
    refused,
    version_of,
)
from tests.unit.compile.limited import encode_all_limited

READING = record_schema(
    ("t", "double"),
    ("n", ["null", "long"]),
    ("s", "string"),
    ("m", {"type": "map", "values": "int"}),
    ("a", {"type": "array", "items": ["null", "boolean", "string"]}),
)
TEXT = '{"t": -2.15e1, "n": null, "s": "a\\u00e9\\ud83d\\ude00é😀\\n", "m": {"k": 1}, "a": [true, null, "x"]}'
ANYTHING = json_version(True)
MAP = version_of({"type": "map", "values": "long"})
BOM = b"\xef\xbb\xbf"
MODES = pytest.mark.parametrize("mode", Mode)
BOTH = pytest.mark.parametrize("version", [version_of(READING), ANYTHING], ids=["avro", "json"])


@MODES
@BOTH
def test_a_payload_that_was_cut_anywhere_is_refused(version: Any, mode: Mode):
    """No beginning of a payload is a payload, and where it was cut in a character that is said."""
    binding = binding_of(version, mode=mode)
    whole = TEXT.encode()
    assert isinstance(binding.encode(whole, ARRIVAL), Record)
    for length in range(len(whole)):
        outcome = binding.encode(whole[:length], ARRIVAL)
        assert isinstance(outcome, Rejection), whole[:length]
        assert outcome.code in {"json-invalid", "payload-not-utf8"}
        if outcome.code == "json-invalid":
            hint = outcome.violations[0].params["hint"]
            assert hint == ("truncated" if length else "empty"), whole[:length]


@MODES
@BOTH
def test_a_changed_byte_never_ends_in_anything_but_an_answer(version: Any, mode: Mode):
    """Each byte of a payload is overwritten with each of what breaks parsers."""
    binding = binding_of(version, mode=mode, options={} if mode is Mode.STRICT else {"nan_literals": "null"})
    whole = TEXT.encode()
    for at in range(len(whole)):
        for byte in b'\x00\x1f"\\{}[],:-.eE0n\x7f\x80\xc3\xed\xf4\xff':
            outcome = binding.encode(whole[:at] + bytes([byte]) + whole[at + 1 :], ARRIVAL)
            assert isinstance(outcome, Record | Rejection)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "utf-32-le", "utf-32-be", "cp037"])
@MODES
def test_other_encodings_are_refused(encoding: str, mode: Mode):
    """JSON between machines is UTF-8 [RFC 8259, 8.1]; a guess could read another payload."""
    for version in (ANYTHING, version_of(READING)):
        assert refused(version, '{"s":"é","t":1}'.encode(encoding), mode=mode).code in {
            "payload-not-utf8",
            "json-invalid",
        }


@pytest.mark.parametrize(
    "text",
    [
        *(b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\xaf", b"\xf0\x80\x80\x80"),
        *(b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xed\xa0\xbd\xed\xb8\x80"),
        *(b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xfe", b"\x80", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98"),
    ],
    ids=bytes.hex,
)
@MODES
def test_bytes_that_only_look_like_utf_8_are_refused(text: bytes, mode: Mode):
    """Overlong forms, halves of characters, beyond U+10FFFF, cut: in a text, as a key, and in what is dropped."""
    for payload in (b'"' + text + b'"', b'{"' + text + b'":1}', b'{"a":1,"x":"' + text + b'"}'):
        for version in (ANYTHING, version_of("string"), MAP, version_of(record_schema(("a", "int")))):
            assert refused(version, payload, mode=mode).code == "payload-not-utf8"


@MODES
def test_a_byte_order_mark_counts_only_once_and_in_front(mode: Mode):
    """One is stripped, except in strict; a second one, one behind white space or one inside is no JSON."""
    assert isinstance(encode(ANYTHING, BOM + b"1", mode=mode), Rejection if mode is Mode.STRICT else Record)
    for payload in (BOM + BOM + b"1", b" " + BOM + b"1", b"1" + BOM, b"[" + BOM + b"1]", BOM, BOM + b" "):
        assert refused(ANYTHING, payload, mode=mode).code == "json-invalid"
    kept = accepted(version_of("string"), b'"' + BOM + b'"', mode=mode)
    assert kept.value[5:] == b"\x06" + BOM


@MODES
def test_nul_counts_only_at_the_end(mode: Mode):
    """Trailing ones are stripped, except in strict; in front, inside or alone they are no JSON; escaped, text."""
    assert isinstance(encode(ANYTHING, b"1\x00\x00", mode=mode), Rejection if mode is Mode.STRICT else Record)
    for payload in (b"\x001", b"[\x001]", b'"\x00"', b"1\x00 ", b"1 \x00 2", b"\x00", b'{"\x00":1}'):
        assert refused(ANYTHING, payload, mode=mode).code == "json-invalid"
    assert accepted(version_of("string"), '"\\u0000"', mode=mode).value[5:] == b"\x02\x00"
    assert accepted(MAP, '{"\\u0000":1}', mode=mode).value[5:] == b"\x02\x02\x00\x02\x00"


def test_a_megabyte_of_padding_is_stripped_at_once():
    """NULs, white space, and both, around a small payload."""
    stripped = ("1" + "\x00" * 900_000, " " * 900_000 + "1", "1" + " \n\t\r" * 220_000, "\ufeff1" + "\x00" * 900_000)
    nothing = ("\x00" * 900_000, " " * 900_000, "\ufeff" * 300_000, "1" + " \x00" * 400_000)
    codes = [answer.code for answer in encode_all_limited([(ANYTHING, each, {}) for each in (*stripped, *nothing)])]
    assert codes == ["accepted"] * 4 + ["json-invalid"] * 4


MANY = 60_000


@pytest.mark.parametrize("mode", [Mode.LOSSLESS, Mode.LENIENT])
@pytest.mark.parametrize(
    ("payload", "lossless"),
    [
        ("{" + ",".join(['"k":1'] * MANY) + "}", "duplicate-key"),
        ("{" + ",".join(f'"k{n}":1' for n in range(MANY)) + ',"k0":2}', "duplicate-key"),
        ("{" + ",".join(f'"k{n}":1' for n in range(MANY)) + ',"\\u006b0":2}', "duplicate-key"),
        ("{" + ",".join(f'"k{n}":1' for n in range(MANY)) + "}", "accepted"),
        ("{" + ",".join(f'"{"k" * 10}\\u00e9{n}":1' for n in range(MANY // 2)) + "}", "accepted"),
    ],
    ids=["one key", "the last twice", "the last twice, escaped", "all different", "all escaped"],
)
def test_very_many_keys(payload: str, lossless: str, mode: Mode):
    """Tens of thousands of keys, or one key as often, are looked through once, and one that stands twice is found."""
    for answer in encode_all_limited([(version, payload, {"mode": mode}) for version in (ANYTHING, MAP)]):
        assert answer.code == ("accepted" if mode is Mode.LENIENT else lossless)


def test_duplicate_keys_are_found_at_the_bottom_of_every_shape():
    """Deep inside lists and objects, between thousands of objects that have none, in what the schema does not know."""
    deep = '{"a":[' * 31 + '{"k":1,"k":2}' + "]}" * 31
    assert reason(refused(ANYTHING, deep)) == ("duplicate-key", "/a/0" * 31)
    wide = "[" + '{"k":1},' * 20_000 + '{"k":1,"k":1}]'
    assert reason(refused(ANYTHING, wide)) == ("duplicate-key", "/20000")
    ignored = record_schema(("a", "int"))
    payload = '{"a":1,"x":{"k":1,"k":2}}'
    assert reason(refused(version_of(ignored), payload, options={"unknown_fields": "drop"})) == ("duplicate-key", "/x")


COLLIDING = [n * sys.hash_info.modulus for n in range(1, 30_000)]
"""Different numbers with one hash: in a set they would cost the square of their number."""


@pytest.mark.parametrize(
    "version",
    [
        json_version({"uniqueItems": True}),
        json_version({"items": {"enum": [1, "a"]}}),
        json_version({"items": {"type": "string"}}),
        json_version({"items": {"anyOf": [{"type": "string"}, {"type": "boolean"}]}}),
        version_of({"type": "array", "items": "string"}),
        version_of({"type": "array", "items": ["null", "boolean", "string"]}),
        version_of({"type": "array", "items": "double"}),
    ],
    ids=["uniqueItems", "enum", "string", "anyOf", "avro string", "avro union", "avro double"],
)
def test_numbers_with_one_hash_cost_no_more_than_others(version: Any):
    """Python's hash of a number is no secret: no step keeps the numbers of a payload in a set or as keys."""
    assert hash(COLLIDING[0]) == hash(COLLIDING[-1])
    answers = encode_all_limited([(version, json.dumps(COLLIDING), {"mode": mode}) for mode in Mode])
    told = {"accepted", "type-mismatch", "not-in-enum", "precision-loss", "union-no-match", "payload-limit"}
    assert {answer.code for answer in answers} <= told


def test_names_have_a_hash_that_nobody_knows():
    """Python draws it anew for each process, unless somebody has set it: then keys that collide could be sent."""
    assert sys.flags.hash_randomization == 1


INSIDE = version_of(record_schema(("p", record_schema(("v", "int"), name="Inner"))))
PARSED = {"options": {"parse_json_strings": ["/p"]}}


@pytest.mark.parametrize("levels", [66, 5_000, 100_000])
def test_deep_json_in_a_text_is_refused(levels: int):
    """Nesting in a text is bounded like that of a payload, in what the inner schema knows or does not."""
    texts = ("[" * levels + "]" * levels, '{"v":' * levels + "1" + "}" * levels, '{"v":1,"x":' + "[" * levels)
    declared = {"mode": Mode.LENIENT, **PARSED}
    for answer in encode_all_limited([(INSIDE, json.dumps({"p": inner}), declared) for inner in texts]):
        assert answer.code in {"payload-limit", "invalid-format"}
        assert answer.path == "/p"


def test_json_in_text_in_text_is_read_only_once():
    """Each level doubles the backslashes; only the declared one is taken apart, what is inside stays text."""
    inner: Any = {"v": 1}
    for _ in range(12):
        inner = json.dumps(inner)
    payload = json.dumps({"p": inner})
    assert reason(refused(INSIDE, payload, **PARSED)) == ("invalid-format", "/p")
    record = accepted(INSIDE, json.dumps({"p": json.dumps({"v": 1})}), **PARSED)
    assert conversions(record) == [("/p", "json-string-parsed")]


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        ("", "invalid-format"),
        ("{", "invalid-format"),
        ("[]", "invalid-format"),
        ("null", "invalid-format"),
        ('{"v":1}x', "invalid-format"),
        ("\ufeff" + '{"v":1}', "invalid-format"),
        ('{"v":1}\x00', "invalid-format"),
        ('{"v":nan}', "invalid-format"),
        ('{"v":1e999}', "invalid-format"),
        ('{"v":"\\ud800"}', "invalid-format"),
        ('{"v":1,"v":2}', "duplicate-key"),
        ('{"v":1,"\\u0076":2}', "duplicate-key"),
        (f'{{"v":{"1" * 5_000}}}', "invalid-format"),
        (f'{{"v":1e{"9" * 30}}}', "invalid-format"),
    ],
)
def test_what_is_no_json_in_a_text_is_refused(inner: str, code: str):
    """By the rules of a payload, without its repairs; and nothing of it ends in an exception."""
    assert refused(INSIDE, json.dumps({"p": inner}), **PARSED).code in {code, "out-of-range"}


@pytest.mark.parametrize("size", [100_000, 900_000])
@pytest.mark.parametrize("unit", ["x", "\\\\", '\\"', "\\u0000", "\\ud83d\\ude00", "é", "😀", "{", "\\n"])
def test_very_long_texts_are_kept_or_refused_at_once(unit: str, size: int):
    """As a value, as a key and as an unknown field, escaped in every way."""
    text = unit * (size // len(unit.encode()))
    for payload in (f'"{text}"', f'{{"{text}":1}}', f'{{"a":1,"{text}":"{unit * 100}"}}'):
        for version in (ANYTHING, version_of("string"), MAP, version_of(record_schema(("a", "int")))):
            for mode in Mode:
                outcome = encode(version, payload, mode=mode)
                if isinstance(outcome, Rejection):
                    assert all(len(each.value or "") <= 64 for each in outcome.violations)
                    assert outcome.code in {"type-mismatch", "unknown-field", "no-known-fields", "invalid-number"}
