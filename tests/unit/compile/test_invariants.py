"""What holds for every schema and every payload, looked for by Hypothesis.

The encoder is held to fastavro's writer on values that are strictly valid, its output to two readers
(fastavro, Apache's avro), and the modes to each other.
"""

from __future__ import annotations

import io
import json
import random
import struct
from decimal import Decimal
from typing import Any

import avro.io
import avro.schema
import fastavro
import msgspec
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from gateway.compile import json_proof
from gateway.compile.avro.compiler import compile_avro
from gateway.compile.avro.parser import parse_schema
from gateway.compile.coercions import LOSSY
from gateway.compile.rules import RuleBook
from gateway.config.options import Options
from gateway.model import Mode, Record, Rejection
from tests.unit.compile.compiled import (
    ARRIVAL,
    PREFIX,
    binding_of,
    conversions,
    encode,
    json_version,
    record_schema,
    version_of,
)
from tests.unit.compile.generated import (
    BYTES_ENCODING,
    clean_values,
    loose_values,
    schemas,
    shuffled,
    text_of,
    texts_with_keys,
)
from tests.unit.compile.vectors import physical, read_back

FEWER = settings(max_examples=60)


def _wrapped(schema: Any) -> Any:
    """The schema as the only field of a record: its top may be anything, bytes too."""
    return record_schema(("v", schema), name="Top")


@st.composite
def _clean(draw: st.DrawFn) -> tuple[Any, Any, Any]:
    schema = draw(schemas())
    value, datum = draw(clean_values(schema))
    return _wrapped(schema), {"v": value}, {"v": datum}


@st.composite
def _loose(draw: st.DrawFn) -> tuple[Any, Any]:
    schema = draw(schemas(2, loose=True))
    return _wrapped(schema), {"v": draw(loose_values(schema))}


def _only_decimals(schema: Any) -> Any:
    """The schema with all logical types taken off but decimal, which fastavro takes as Decimal."""
    if isinstance(schema, list):
        return [_only_decimals(branch) for branch in schema]
    if not isinstance(schema, dict) or schema.get("logicalType") == "decimal":
        return schema
    bare = {key: item for key, item in schema.items() if key != "logicalType"}
    inner = {key: _only_decimals(bare[key]) for key in ("type", "items", "values") if key in bare}
    if "fields" in bare:
        inner["fields"] = [_only_decimals(field) for field in bare["fields"]]
    return {**bare, **inner}


@given(_clean(), st.sampled_from(Mode), st.randoms(use_true_random=False))
def test_a_clean_payload_becomes_what_fastavro_writes(clean: Any, mode: Mode, seed: random.Random):
    """A strictly valid payload gives fastavro's bytes in every mode and any order of keys, and records nothing."""
    schema, value, datum = clean
    written = io.BytesIO()
    fastavro.schemaless_writer(written, fastavro.parse_schema(_only_decimals(schema)), datum)
    outcome = encode(version_of(schema), text_of(shuffled(value, seed)), mode=mode, options=BYTES_ENCODING)
    assert isinstance(outcome, Record), outcome
    assert outcome.coercions == ()
    assert outcome.headers is None
    if "map" not in json.dumps(schema):  # a map is written in the order of the payload
        assert outcome.value == PREFIX + written.getvalue()
    else:
        assert read_back(schema, outcome.value[5:]) == read_back(schema, written.getvalue())


@FEWER
@given(_loose(), st.sampled_from(Mode))
def test_two_readers_agree_on_what_was_written(loose: Any, mode: Mode):
    """Both fastavro and Apache's avro read the same value from whatever was accepted, and leave no byte over."""
    schema, value = loose
    outcome = encode(version_of(schema), text_of(value), mode=mode)
    if isinstance(outcome, Record):
        body = outcome.value.removeprefix(PREFIX)
        source = io.BytesIO(body)
        theirs = avro.io.DatumReader(avro.schema.parse(json.dumps(physical(schema)))).read(
            avro.io.BinaryDecoder(source)
        )
        assert source.read() == b""
        assert repr(read_back(schema, body)) == repr(theirs)


@given(_loose(), st.sampled_from([{}, BYTES_ENCODING, {"bytes_encoding": "base64"}]))
def test_a_wider_mode_keeps_what_a_narrower_one_accepts(loose: Any, options: dict[str, str]):
    """Monotone: what strict accepts lossless accepts with the same bytes, and lossless likewise lenient."""
    schema, value = loose
    version, text = version_of(schema), text_of(value)
    narrower: Record | Rejection | None = None
    for mode in Mode:
        outcome = encode(version, text, mode=mode, options=options)
        if isinstance(narrower, Record):
            assert isinstance(outcome, Record), f"{mode} refuses what the mode before it takes: {outcome}"
            assert outcome.value == narrower.value
            assert conversions(outcome) == conversions(narrower)
        narrower = outcome


@given(_loose())
def test_nothing_is_lost_without_a_declaration(loose: Any):
    """Strict records no conversion at all and lossless none that loses anything, where no option allows it."""
    schema, value = loose
    strict = encode(version_of(schema), text_of(value), mode=Mode.STRICT)
    lossless = encode(version_of(schema), text_of(value), mode=Mode.LOSSLESS)
    if isinstance(strict, Record):
        assert strict.coercions == ()
    if isinstance(lossless, Record):
        assert not {code for _, code in conversions(lossless)} & LOSSY


@given(_loose())
def test_a_refusal_points_into_the_payload(loose: Any):
    """A refusal has 1 to 10 violations, each with a pointer that leads into the payload, or to what is missing."""
    schema, value = loose
    outcome = encode(version_of(schema), text_of(value), mode=Mode.STRICT)
    if isinstance(outcome, Rejection):
        assert 1 <= len(outcome.violations) <= 10
        for violation in outcome.violations:
            assert violation.found == "absent" or _leads_somewhere(value, violation.path), violation
            assert len(violation.value or "") <= 64


def _leads_somewhere(value: Any, path: str) -> bool:
    for token in path.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            value = value[int(key)]
        elif isinstance(value, dict) and key in value:
            value = value[key]
        else:
            return False
    return True


_NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,2})?", fullmatch=True)


@given(_NUMBERS)
@example("9007199254740993")
@example("1e22")
@example("0.1")
def test_a_number_in_text_keeps_its_value(text: str):
    """Lossless: an integer target holds exactly the number, a double the number or its shortest decimal, or refuses."""
    for target in ("int", "long"):
        outcome = encode(version_of(target), f'"{text}"')
        if isinstance(outcome, Record):
            assert Decimal(read_back(target, outcome.value[5:])) == Decimal(text)
        else:
            fits = -(2**63) <= Decimal(text) < 2**63 and Decimal(text) == int(Decimal(text))
            assert not fits or target == "int"
    outcome = encode(version_of("double"), f'"{text}"')
    if isinstance(outcome, Record):
        double = read_back("double", outcome.value[5:])
        assert Decimal(text) in {Decimal(double), Decimal(repr(double))}
        assert double == float(text)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float_is_taken_in_both_of_its_spellings(single: float):
    """A 32-bit float is accepted exactly, and as its shortest decimal, and becomes the same four bytes."""
    body = struct.pack("<f", single)
    assume(abs(single) >= 1.1754943508222875e-38 or not single)  # of subnormal numbers the vectors speak
    spellings = [f"{single:.{digits}g}" for digits in range(1, 10)]
    shortest = next(
        (text for text in spellings if _is_float32(text) and struct.pack("<f", float(text)) == body), repr(single)
    )
    for text in (repr(single), shortest):
        outcome = encode(version_of("float"), text if "." in text or "e" in text else f"{text}.0", mode=Mode.STRICT)
        assert isinstance(outcome, Record), (text, outcome)
        assert outcome.value == PREFIX + body


def _is_float32(text: str) -> bool:
    return abs(float(text)) <= 3.4028234663852886e38


@given(texts_with_keys())
def test_unique_keys_are_never_proved_of_a_text_that_has_one_twice(made: tuple[str, int, bool]):
    """Neither proof takes a text with a key twice, however it is spelled; both take what is written plainly."""
    text, keys, twice = made
    data = text.encode()
    value = msgspec.json.decode(data)
    counted = _keys_in(value)
    assert (counted < keys) == twice
    if twice:
        assert not json_proof.proves_unique_keys(data, counted)
        assert not json_proof.keeps_every_key(data, value)
        assert json_proof.find_duplicate_keys(data) is not None
    else:
        assert json_proof.find_duplicate_keys(data) is None
        assert json_proof.keeps_every_key(data, value) or b"\\u003" in data
        if data.translate(None, b" \t\r\n").count(b'":') == keys:
            assert json_proof.proves_unique_keys(data, counted)


def _keys_in(value: Any) -> int:
    """Object keys in a decoded value."""
    if isinstance(value, dict):
        return len(value) + sum(map(_keys_in, value.values()))
    return sum(map(_keys_in, value)) if isinstance(value, list) else 0


@given(texts_with_keys(), st.integers(0, 5))
def test_depth_is_what_the_value_says(made: tuple[str, int, bool], limit: int):
    """Brackets are counted, and taken out of the text, only where that tells the depth of the value."""
    data = made[0].encode()
    value = msgspec.json.decode(data)
    too_deep = json_proof.check_depth(data, value, limit) is not None
    if not made[2]:
        assert too_deep == (_depth_of(value) > limit)
    assert _depth_of(value) <= limit or too_deep


def _depth_of(value: Any) -> int:
    """Levels of nesting: 0 for a scalar."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inside is None else 1 + max(map(_depth_of, inside), default=0)


def _count_keys(schema: Any, mode: Mode, value: Any) -> int:
    """The keys that the compiled schema counts."""
    counting = compile_avro(parse_schema(version_of(schema)), RuleBook(mode, Options(), ())).count_keys
    return 0 if counting is None else counting(value)


@given(_loose(), st.sampled_from(Mode))
def test_a_compiled_schema_never_counts_a_key_too_many(loose: Any, mode: Mode):
    """The keys that a schema counts in a payload are at most those that are there, whatever stands where."""
    schema, value = loose
    decoded = json.loads(text_of(value))
    assert _count_keys(schema, mode, decoded) <= _keys_in(decoded)


@given(_clean())
def test_a_compiled_schema_counts_every_key_of_a_clean_payload(clean: Any):
    """For a clean payload the count is exact where no union has two branches for objects, so its text is read once."""
    schema, value, _ = clean
    decoded = json.loads(text_of(value))
    assert _count_keys(schema, Mode.LOSSLESS, decoded) == _keys_in(decoded)


_HOSTILE_SCHEMA = record_schema(
    ("i", "long"),
    ("d", {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 3}),
    ("t", ["null", {"type": "long", "logicalType": "timestamp-millis"}]),
    ("u", ["null", "string", {"type": "map", "values": "double"}]),
    ("e", ["null", {"type": "enum", "name": "E", "symbols": ["A", "B"]}]),
)
_HOSTILE_JSON = {
    "type": "object",
    "properties": {
        "i": {"type": "integer", "maximum": 10},
        "d": {"type": ["number", "null"]},
        "t": {"anyOf": [{"type": "boolean"}, {"type": "array", "items": {"type": "string"}}]},
    },
    "additionalProperties": False,
}
_LENIENT = {"nan_literals": "null", "non_finite": "keep", "null_tokens": ["-"], "rounding": "half-even"}
_BINDINGS = [
    binding_of(version, mode=mode, options=_LENIENT if mode is Mode.LENIENT else {}, device=device, mqtt="plant/+/+/#")
    for version in (version_of(_HOSTILE_SCHEMA), json_version(_HOSTILE_JSON), json_version(True))
    for mode in Mode
    for device in (None, "/i")
    if device is None or mode is not Mode.STRICT
]
_TOKENS = st.sampled_from(
    [
        *(
            b"{",
            b"}",
            b"[",
            b"]",
            b",",
            b":",
            b'"',
            b'"i"',
            b'"d"',
            b'"t":',
            b'"u"',
            b'"e"',
            b"\\u0000",
            b"\\",
            b"\x00",
        ),
        *(
            b"nan",
            b"-Infinity",
            b"null",
            b"true",
            b"0",
            b"-",
            b"1.5",
            b"1e9",
            b"1e999",
            b"9" * 19,
            b" ",
            b"\xff",
            b"\xef\xbb\xbf",
            b'"x"',
        ),
    ]
)
_PAYLOADS = st.one_of(
    st.binary(max_size=60),
    st.lists(_TOKENS, max_size=25).map(b"".join),
    loose_values(_HOSTILE_SCHEMA).map(lambda value: text_of(value).encode()),
    st.tuples(loose_values(_HOSTILE_SCHEMA), st.integers(0, 200), _TOKENS).map(
        lambda made: (text := text_of(made[0]).encode())[: made[1]] + made[2] + text[made[1] :]
    ),
)


@settings(max_examples=300)
@given(_PAYLOADS)
def test_whatever_the_bytes_the_answer_is_a_record_or_a_rejection(payload: bytes):
    """No payload makes ``encode`` raise, and none is answered with anything but a record or a rejection."""
    for binding in _BINDINGS:
        outcome = binding.encode(payload, ARRIVAL)
        assert isinstance(outcome, Record | Rejection)


@given(_PAYLOADS)
def test_json_that_is_valid_keeps_its_bytes(payload: bytes):
    """Under a schema that takes everything a payload is refused or passes through byte for byte."""
    outcome = encode(json_version(True), payload, mode=Mode.STRICT, device=None)
    if isinstance(outcome, Record):
        assert outcome.value == PREFIX + payload
        json.loads(payload)
