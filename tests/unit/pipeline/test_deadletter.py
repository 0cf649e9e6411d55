"""Dead letters: the payload as it came, the reason in headers, and both read back."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model import Code, Cut, Message, Mode, Record, Rejection, RouteLabel, SchemaVersion, Stage, Violation
from gateway.pipeline.deadletter import (
    MOST_ERRORS_BYTES,
    MOST_TEXT,
    DeadLetters,
    read_dead_letter,
    shorten,
    too_large,
)
from tests.unit.compile.compiled import json_version, record_schema, refused, version_of

ARRIVAL = 1_700_000_000_000
LABEL = RouteLabel("line/pump", "t", "t.dlq", "t-value", Mode.LOSSLESS, 7, 3)
UNKNOWN = RouteLabel("line/pump", "t", "t.dlq", "t-value", Mode.STRICT)
"""Of a contract whose schema is not known."""
VIOLATION = Violation(
    Code.INVALID_NUMBER,
    "/temp: wanted a number, found 'x1'",
    path="/temp",
    schema_path="/fields/1/type",
    keyword=None,
    expected="a number",
    found="string",
    value="x1",
    coercible_in=Mode.LENIENT,
    params={"fix": "1"},
)
ALWAYS = {
    "gw-reason",
    "gw-errors",
    "gw-message",
    "gw-mqtt-topic",
    "gw-mqtt-qos",
    "gw-mqtt-retain",
    "gw-received-at",
    "gw-version",
}
OF_A_CONTRACT = {"gw-contract", "gw-topic", "gw-subject"}
OF_A_SCHEMA = {"gw-schema-id", "gw-schema-version"}
OF_THE_PAYLOAD = {"gw-payload-bytes", "gw-payload-sha256"}


def message(payload: bytes = b'{"temp":"x1"}', *, cut: Cut | None = None, **more: Any) -> Message:
    fields = {"topic": "plant/p7", "qos": 1, "packet_id": 4, "retain": False, "duplicate": False, **more}
    return Message(payload=payload, received_at=ARRIVAL, cut=cut, **fields)


def rejection(*violations: Violation, label: RouteLabel | None = LABEL, device: str | None = "p7") -> Rejection:
    return Rejection(Stage.COERCE, violations or (VIOLATION,), label=label, device=device)


def letter(given: Message, why: Rejection, payload: Literal["full", "hash", "none"] = "full") -> Record:
    return DeadLetters("gateway.dlq", payload, "1.2.3").record(given, why)


def headers_of(record: Record) -> dict[str, str]:
    """As text; a header given twice fails the test."""
    assert record.headers is not None
    found = {name: data.decode("utf-8", "strict") for name, data in record.headers}
    assert len(found) == len(record.headers)
    return found


def test_a_dead_letter() -> None:
    """Key, value, timestamp and every header of a message that a contract refused, exactly."""
    record = letter(message(), rejection())
    assert (record.topic, record.key, record.value, record.timestamp) == ("t.dlq", b"p7", b'{"temp":"x1"}', ARRIVAL)
    headers = headers_of(record)
    envelope = orjson.loads(headers.pop("gw-errors"))
    assert headers == {
        "gw-reason": "invalid-number",
        "gw-message": "/temp: wanted a number, found 'x1'",
        "gw-mqtt-topic": "plant/p7",
        "gw-mqtt-qos": "1",
        "gw-mqtt-retain": "false",
        "gw-received-at": "2023-11-14T22:13:20.000Z",
        "gw-contract": "line/pump",
        "gw-topic": "t",
        "gw-subject": "t-value",
        "gw-schema-id": "7",
        "gw-schema-version": "3",
        "gw-device": "p7",
        "gw-version": "1.2.3",
    }
    assert envelope == {
        "v": 1,
        "contract": "line/pump",
        "mode": "lossless",
        "stage": "coerce",
        "subject": "t-value",
        "schema_id": 7,
        "version": 3,
        "errors": [
            {
                "code": "invalid-number",
                "path": "/temp",
                "schema_path": "/fields/1/type",
                "keyword": None,
                "expected": "a number",
                "found": "string",
                "value": "x1",
                "coercible_in": "lenient",
                "params": {"fix": "1"},
                "message": "/temp: wanted a number, found 'x1'",
            }
        ],
        "truncated": False,
    }


@pytest.mark.parametrize(
    ("given", "why", "payload", "names"),
    [
        (message(), rejection(device=None), "full", ALWAYS | OF_A_CONTRACT | OF_A_SCHEMA),
        (message(), rejection(label=None, device=None), "full", ALWAYS),
        (message(), rejection(label=UNKNOWN), "full", ALWAYS | OF_A_CONTRACT | {"gw-device"}),
        (message(cut=Cut(9, "ab")), rejection(label=None, device=None), "full", ALWAYS | OF_THE_PAYLOAD),
        (message(), rejection(label=None, device=None), "hash", ALWAYS | OF_THE_PAYLOAD),
        (message(cut=Cut(9, "ab")), rejection(label=None, device=None), "hash", ALWAYS | OF_THE_PAYLOAD),
        (message(), rejection(label=None, device=None), "none", ALWAYS),
        (message(cut=Cut(9, "ab")), rejection(label=None, device=None), "none", ALWAYS),
    ],
)
def test_what_is_unknown_is_absent(
    given: Message, why: Rejection, payload: Literal["full", "hash", "none"], names: set[str]
) -> None:
    """No header with an empty value stands for what is not known; size and hash only where the payload is not whole."""
    assert headers_of(letter(given, why, payload)).keys() == names


def test_whose_it_is() -> None:
    """Messages that no contract claims go to the topic of their own, without a key where the device is unknown."""
    record = letter(message(), rejection(label=None, device=None))
    assert (record.topic, record.key, record.label) == ("gateway.dlq", None, None)
    envelope = orjson.loads(headers_of(record)["gw-errors"])
    unknown = [envelope[name] for name in ("contract", "mode", "subject", "schema_id", "version")]
    assert unknown == [None] * 5


@pytest.mark.parametrize("payload", [b"", b"\x00\xff\xfe", b"not json", b"{}" * 500_000])
def test_the_payload_is_kept_byte_for_byte(payload: bytes) -> None:
    """Whatever it is; an empty one is a value of zero bytes, never null."""
    record = letter(message(payload), rejection())
    assert record.value == payload
    assert type(record.value) is bytes


def test_how_it_arrived() -> None:
    """QoS and the retain flag as they were."""
    headers = headers_of(letter(message(qos=2, retain=True), rejection()))
    assert (headers["gw-mqtt-qos"], headers["gw-mqtt-retain"]) == ("2", "true")


def test_a_hashed_payload() -> None:
    """No byte of it, but its size and SHA-256; of a payload that was cut, those of the whole."""
    record = letter(message(), rejection(), "hash")
    headers = headers_of(record)
    assert (record.value, headers["gw-payload-bytes"]) == (b"", "13")
    assert headers["gw-payload-sha256"] == hashlib.sha256(b'{"temp":"x1"}').hexdigest()
    headers = headers_of(letter(message(b"start", cut=Cut(1_000_001, "cd" * 32)), rejection(), "hash"))
    assert (headers["gw-payload-bytes"], headers["gw-payload-sha256"]) == ("1000001", "cd" * 32)


def test_shortening() -> None:
    """Keeps the start, and size and hash of the whole, also when shortened again."""
    given = message(b"0123456789")
    once = shorten(given, 4)
    assert (once.payload, once.cut) == (b"0123", Cut(10, hashlib.sha256(b"0123456789").hexdigest()))
    twice = shorten(once, 0)
    assert (twice.payload, twice.cut) == (b"", once.cut)
    assert (twice.topic, twice.packet_id, twice.received_at) == (given.topic, given.packet_id, given.received_at)


def test_many_violations_are_bounded() -> None:
    """As many as fit, whole, from the first on; the envelope says that there were more."""
    long = [Violation(Code.UNKNOWN_FIELD, "m" * 900, path=f"/{n}" + "p" * 3000) for n in range(10)]
    text = headers_of(letter(message(), rejection(*long)))["gw-errors"]
    envelope = orjson.loads(text)
    assert len(text) <= MOST_ERRORS_BYTES
    assert envelope["truncated"] is True
    assert [error["path"][:2] for error in envelope["errors"]] == ["/0", "/1", "/2", "/3"]


@pytest.mark.parametrize("giant", ["x" * 100_000, "\0" * 100_000, "€" * 100_000], ids=["long", "escaped", "wide"])
def test_the_first_violation_always_fits(giant: str) -> None:
    """A giant name is shortened rather than that nothing is told; its code stays."""
    why = Violation(
        Code.UNKNOWN_FIELD, giant, path=f"/{giant}", value=giant, found=giant, expected=giant, params={"field": giant}
    )
    text = headers_of(letter(message(), rejection(why, why)))["gw-errors"]
    envelope = orjson.loads(text)
    assert len(text) <= MOST_ERRORS_BYTES
    assert envelope["truncated"] is True
    [error] = envelope["errors"]
    assert error["code"] == "unknown-field"
    assert error["path"] == f"/{giant[:299]}..."
    assert error["params"] == {}


def test_texts_are_bounded() -> None:
    """A topic, device or message as long as MQTT allows leaves room for the rest of the record."""
    giant = "€" * 60_000
    why = rejection(Violation(Code.UNKNOWN_FIELD, giant, path=giant), device=giant)
    headers = headers_of(letter(message(topic=giant), why))
    assert headers["gw-mqtt-topic"] == headers["gw-message"] == headers["gw-device"] == "€" * MOST_TEXT
    assert sum(len(text.encode()) for text in headers.values()) < 32_768


def test_integers_beyond_64_bits() -> None:
    """JSON's integers have no bound; where a tool would round them they are text."""
    params = {"limit": 2**127, "first": 2**63, "low": -(2**127), "fits": 2**63 - 1, "least": -(2**63), "text": "x"}
    headers = headers_of(letter(message(), rejection(Violation(Code.OUT_OF_RANGE, "m", params=params))))
    [error] = orjson.loads(headers["gw-errors"])["errors"]
    assert error["params"] == {
        "limit": str(2**127),
        "first": str(2**63),
        "low": str(-(2**127)),
        "fits": 2**63 - 1,
        "least": -(2**63),
        "text": "x",
    }


def test_too_large() -> None:
    """Says what has which size, and what to do."""
    record = Record("t", b"k", b"", None, 0)
    found = too_large(record, 2_000_000, 1_048_588)
    assert (found.code, found.params) == (Code.RECORD_TOO_LARGE, {"limit": 1_048_588, "actual": 2_000_000})
    assert "Kafka topic t: found 2000000 bytes" in found.message
    assert "max.message.bytes" in found.message


PRIVATE_MODES: tuple[Literal["hash", "none"], ...] = ("hash", "none")
SECRET = "xQzSecret"
"""In every key and value of the private payloads below."""

PRIVATE: list[tuple[str, Any, Any]] = [
    ("type", {"type": "integer"}, SECRET),
    ("enum", {"enum": [1, 2]}, SECRET),
    ("const", {"const": 1}, SECRET),
    ("additionalProperties", {"properties": {"a": {}}, "additionalProperties": False}, {SECRET: 1}),
    ("patternProperties", {"patternProperties": {"^x": {"type": "integer"}}}, {SECRET: SECRET}),
    ("anyOf", {"anyOf": [{"type": "null"}, {"type": "integer"}]}, SECRET),
    ("required", {"required": ["a"]}, {SECRET: SECRET}),
    ("minLength", {"minLength": 50}, SECRET),
    ("maxLength", {"maxLength": 2}, SECRET),
    ("pattern", {"pattern": "^a$"}, SECRET),
    ("minItems", {"minItems": 3}, [SECRET]),
    ("maxItems", {"maxItems": 0}, [SECRET]),
    ("uniqueItems", {"uniqueItems": True}, [SECRET, SECRET]),
    ("contains", {"contains": {"const": 1}}, [SECRET]),
    ("propertyNames", {"propertyNames": {"maxLength": 2}}, {SECRET: 1}),
    ("maxProperties", {"maxProperties": 0}, {SECRET: SECRET}),
    ("not", {"not": {"type": "string"}}, SECRET),
    ("false", {"properties": {"a": False}}, {"a": SECRET}),
]
"""Keyword, schema, payload."""


def assert_private(schema: SchemaVersion, payload: bytes, **declared: Any) -> None:
    """No header, nor the value, tells anything of the payload, in hash and in none."""
    why = refused(schema, payload, **declared)
    for mode in PRIVATE_MODES:
        record = letter(message(payload), why, mode)
        headers = headers_of(record)
        assert record.value == b""
        assert headers["gw-reason"] == why.code
        assert [name for name, text in headers.items() if SECRET.lower() in text.lower()] == []


@pytest.mark.parametrize(("keyword", "schema", "payload"), PRIVATE, ids=[each[0] for each in PRIVATE])
def test_json_schema_violations_without_payload_content(keyword: str, schema: Any, payload: Any) -> None:
    """The reason and its place in the schema remain, for every keyword."""
    version = json_version({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
    assert_private(version, json.dumps(payload).encode())


@pytest.mark.parametrize("mode", ["strict", "lossless", "lenient"])
@pytest.mark.parametrize(
    ("schema", "payload"),
    [
        ("int", f'"{SECRET}"'),
        ("boolean", f'"{SECRET}"'),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, f'"{SECRET}"'),
        ({"type": "long", "logicalType": "timestamp-millis"}, f'"{SECRET}"'),
        ({"type": "string", "logicalType": "uuid"}, f'"{SECRET}"'),
        ({"type": "bytes", "logicalType": "decimal", "precision": 4}, f'"{SECRET}"'),
        ({"type": "fixed", "name": "F", "size": 2}, f'"{SECRET}"'),
        ({"type": "map", "values": "int"}, f'{{"{SECRET}": "{SECRET}"}}'),
        ({"type": "array", "items": "int"}, f'["{SECRET}"]'),
        (["int", {"type": "array", "items": "int"}], f'"{SECRET}"'),
        (record_schema(("a", "int")), f'{{"{SECRET}": 1, "a": "{SECRET}"}}'),
        (record_schema(("a", "int")), f'{{"{SECRET}": 1, "{SECRET}": 2, "a": "{SECRET}"}}'),
        (record_schema(("a", "int")), f'{{"a": {SECRET}}}'),
        (record_schema(("a", "int")), f'"{SECRET}"'),
    ],
)
def test_avro_violations_without_payload_content(schema: Any, payload: str, mode: str) -> None:
    """In any mode; keys of the payload are its content too."""
    assert_private(version_of(schema), payload.encode(), mode=mode)


def test_contract_violations_without_payload_content() -> None:
    """A field or a time that the contract says otherwise, and a device that the payload does not name."""
    anything = json_version(True)
    assert_private(anything, f'{{"site": "{SECRET}"}}'.encode(), fields={"/site": "{building}"})
    assert_private(anything, f'{{"id": ["{SECRET}"]}}'.encode(), device="/id")


def test_the_device_id_stays_in_private_dead_letters() -> None:
    """It is the key, whatever is kept of the payload."""
    record = letter(message(), rejection(), "none")
    assert (record.key, headers_of(record)["gw-device"]) == (b"p7", "p7")


def test_reading_back() -> None:
    """Payload, key, headers and errors as they were written."""
    written = letter(message(), rejection(VIOLATION, Violation(Code.UNKNOWN_FIELD, "m", path="/b")))
    read = read_dead_letter(written.value, written.key, list(written.headers or ()))
    assert (read.payload, read.key, read.code) == (written.value, b"p7", "invalid-number")
    assert dict(read.headers) == headers_of(written)
    assert [error["path"] for error in read.errors] == ["/temp", "/b"]


texts = st.text(max_size=30)
violations = st.builds(
    Violation,
    st.sampled_from(Code),
    texts,
    path=texts,
    schema_path=texts,
    keyword=st.none() | texts,
    expected=st.none() | texts,
    found=st.none() | texts,
    value=st.none() | texts,
    coercible_in=st.none() | st.sampled_from(Mode),
    params=st.dictionaries(texts, st.integers(-(2**130), 2**130) | texts | st.booleans() | st.none(), max_size=3),
)


@given(
    payload=st.binary(max_size=50),
    found=st.lists(violations, min_size=1, max_size=10),
    device=st.none() | texts,
    truncated=st.booleans(),
)
def test_whatever_is_written_can_be_read(
    payload: bytes, found: list[Violation], device: str | None, truncated: bool
) -> None:
    """For any violations: what comes back is what was meant."""
    why = Rejection(Stage.VALIDATE, tuple(found), truncated, LABEL, device)
    written = letter(message(payload), why)
    read = read_dead_letter(written.value, written.key, list(written.headers or ()))
    assert read.payload == payload
    assert read.key == (None if device is None else device.encode())
    assert read.code == found[0].code
    assert read.headers["gw-message"] == found[0].message
    assert [(each["code"], each["path"], each["value"]) for each in read.errors] == [
        (each.code, each.path, each.value) for each in found
    ]
    wanted = [
        {
            name: str(item) if type(item) is int and not -(2**63) <= item < 2**63 else item
            for name, item in each.params.items()
        }
        for each in found
    ]
    assert [each["params"] for each in read.errors] == wanted


@pytest.mark.parametrize("errors", [None, b"", b"{", b"[1]", b"7", b'{"errors": 1}', b"{}", b"\xff"])
def test_records_of_others_are_read_all_the_same(errors: bytes | None) -> None:
    """A dead-letter topic may hold anything: headers are kept as they are, unreadable errors are none."""
    read = read_dead_letter(None, None, [("gw-errors", errors), ("trace", b"\xff"), ("empty", None)])
    assert (read.payload, read.key, read.code, list(read.errors)) == (b"", None, "", [])
    assert (read.headers["trace"], read.headers["empty"]) == ("\ufffd", "")
