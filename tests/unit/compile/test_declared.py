"""The invariants under whatever a contract declares: schemas, options, overrides and payloads are generated.

``test_invariants.py`` has those that need no contract.
"""

from __future__ import annotations

import copy
import io
import json
from typing import Any

import avro.io
import avro.schema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import SchemaError
from gateway.model import Mode, Record, Rejection
from gateway.notation.pointer import MISSING, Pointer
from tests.fuzz.oracles import check_losses, check_monotone, check_outcome
from tests.unit.compile.compiled import PREFIX, encode, record_schema, version_of
from tests.unit.compile.generated import loose_values, schemas, text_of
from tests.unit.compile.generated_options import Declared, declarations, declared_losses
from tests.unit.compile.vectors import physical, read_back

Outcomes = dict[Mode, Record | Rejection]

IN_STRICT = {"renamed", "default-filled", "null-filled", "duplicate-dropped"}
"""Conversions that strict mode makes where the contract declares them: none of them changes a value."""


@st.composite
def _made(draw: st.DrawFn, *, strict: bool) -> tuple[Any, Declared, Any]:
    """A schema, what a contract declares for it (in strict, or from lossless on), and a payload near it."""
    inner = draw(schemas(2, loose=True))
    schema = record_schema(("v", inner), name="Top")
    return schema, draw(declarations(schema, strict=strict)), {"v": draw(loose_values(inner))}


def _outcomes(made: tuple[Any, Declared, Any], *modes: Mode) -> Outcomes:
    """What becomes of the payload in each mode; nothing where the contract does not fit the schema."""
    schema, declared, value = made
    try:
        return {mode: encode(version_of(schema), text_of(value), mode=mode, **declared) for mode in modes}
    except SchemaError:  # an enum_map without an enum, aliases that mean two fields
        return {}


@given(_made(strict=False))
def test_a_wider_mode_keeps_what_a_narrower_one_accepts(made: tuple[Any, Declared, Any]):
    """Lossless and lenient, whatever is declared for them: the same bytes and the same conversions."""
    check_monotone(_outcomes(made, Mode.LOSSLESS, Mode.LENIENT))


@given(_made(strict=False))
def test_lossless_loses_only_what_is_declared(made: tuple[Any, Declared, Any]):
    """A lossy conversion needs an option that says so; and each outcome is well-formed."""
    _, declared, value = made
    for outcome in _outcomes(made, Mode.LOSSLESS).values():
        check_losses(outcome, declared_losses(declared))
        check_outcome(outcome, text_of(value).encode())


@given(_made(strict=True))
def test_without_a_recorded_conversion_it_is_what_strict_makes(made: tuple[Any, Declared, Any]):
    """Nothing is converted in silence: a record of any mode that notes nothing is strict mode's record."""
    outcomes = _outcomes(made, *Mode)
    check_monotone(outcomes)
    strict = outcomes.get(Mode.STRICT)
    if isinstance(strict, Record):
        assert {conversion.code for conversion in strict.coercions} <= IN_STRICT
    for outcome in outcomes.values():
        if isinstance(outcome, Record) and not outcome.coercions:
            assert isinstance(strict, Record), (outcome, strict)
            assert outcome.value == strict.value


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("float", "16777217"),
        ("float", "23.456789012"),
        ("double", "9007199254740993"),
        ("double", '"0.10000000000000001"'),
    ],
)
def test_lost_digits_are_no_silence(kind: str, payload: str):
    """Lenient mode may round into a narrower type, and says that it did."""
    assert isinstance(encode(version_of(kind), payload, mode=Mode.LOSSLESS), Rejection)
    outcome = encode(version_of(kind), payload, mode=Mode.LENIENT)
    assert isinstance(outcome, Record)
    assert [conversion.code for conversion in outcome.coercions][-1] == "rounded"


@settings(max_examples=60)
@given(_made(strict=False), st.sampled_from([Mode.LOSSLESS, Mode.LENIENT]))
def test_two_readers_agree_on_what_was_written(made: tuple[Any, Declared, Any], mode: Mode):
    """Both fastavro and Apache's avro read one value from whatever was accepted, and leave no byte over."""
    schema = made[0]
    for outcome in _outcomes(made, mode).values():
        if isinstance(outcome, Record):
            body = outcome.value.removeprefix(PREFIX)
            source = io.BytesIO(body)
            reader = avro.io.DatumReader(avro.schema.parse(json.dumps(physical(schema))))
            theirs = reader.read(avro.io.BinaryDecoder(source))
            assert source.read() == b""
            assert repr(read_back(schema, body)) == repr(theirs)


@settings(max_examples=300)
@given(_made(strict=True), st.sampled_from(Mode))
def test_a_payload_repaired_as_told_gets_past_the_place(made: tuple[Any, Declared, Any], mode: Mode):
    """Where an error carries ``params.fix``, that value at its path brings no error there or below."""
    schema, declared, value = made
    for outcome in _outcomes(made, mode).values():
        if not isinstance(outcome, Rejection):
            continue
        for violation in outcome.violations:
            fix = violation.params.get("fix", MISSING)
            if fix is MISSING:
                continue
            repaired = replaced(value, violation.path, fix)
            again = encode(version_of(schema), text_of(repaired), mode=mode, **declared)
            paths = [each.path for each in again.violations] if isinstance(again, Rejection) else []
            assert not any(path == violation.path or path.startswith(f"{violation.path}/") for path in paths), again


def replaced(value: Any, path: str, by: Any) -> Any:
    """The value with what stands at a pointer replaced."""
    if not path:
        return by
    *parent, last = Pointer.parse(path).tokens
    repaired = copy.deepcopy(value)
    around = Pointer(tuple(parent)).get(repaired)
    around[int(last) if isinstance(around, list) else last] = by
    return repaired


@settings(max_examples=200)
@given(
    _made(strict=False), st.integers(0, 10_000), st.binary(max_size=4), st.sampled_from(["cut", "insert", "overwrite"])
)
def test_whatever_the_bytes_there_is_an_answer(made: tuple[Any, Declared, Any], at: int, junk: bytes, how: str):
    """A payload that is cut, or has junk in it, ends as a record or a rejection under every declaration."""
    schema, declared, value = made
    text = text_of(value).encode()
    at %= len(text) + 1
    rest = {"cut": b"", "insert": text[at:], "overwrite": text[at + len(junk) :]}[how]
    try:
        for mode in (Mode.LOSSLESS, Mode.LENIENT):
            check_outcome(encode(version_of(schema), text[:at] + junk + rest, mode=mode, **declared), b"")
    except SchemaError:
        return


_MAP = {"type": "map", "values": "string"}
_CAPTURING = [
    {"type": _MAP},
    {"type": _MAP, "default": {}},
    {"type": ["null", _MAP], "default": None},
    {"type": [{"type": "map", "values": ["null", "string"]}, "null"]},
    {"type": [_MAP, "string"]},
    {"type": ["string", "null", _MAP], "default": "x"},
]
_OWN: list[Any] = [MISSING, None, "", "null", "n/a", "x", 5, [], {}, {"k": "v"}, {"k": 5}, {"k": None}]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)


@given(
    st.sampled_from(_CAPTURING),
    st.sampled_from(_OWN),
    st.sampled_from(["extra", "more"]),
    st.dictionaries(st.sampled_from(["z", "k", "", "map", "Extra"]), _JSON, min_size=1),
    st.sampled_from([Mode.LOSSLESS, Mode.LENIENT]),
    st.sampled_from([{}, {"null_tokens": ["n/a"]}]),
)
def test_every_unknown_field_is_captured(
    capturing: Any, own: Any, name: str, unknown: dict[str, Any], mode: Mode, tokens: Declared
):
    """Whatever the payload itself has at the field: an accepted payload's unknown fields are all in its map."""
    schema = record_schema(("a", "double"), {"name": "extra", "aliases": ["more"], **capturing})
    payload = {"a": 1, **({} if own is MISSING else {name: own}), **unknown}
    options = {"unknown_fields": {"capture": "/extra"}, **tokens}
    outcome = encode(version_of(schema), json.dumps(payload), mode=mode, options=options)
    if isinstance(outcome, Record):
        extra = read_back(schema, outcome.value.removeprefix(PREFIX))["extra"]
        own_keys = own.keys() if isinstance(own, dict) else frozenset()
        assert {key: json.loads(extra[key]) for key in extra.keys() - own_keys} == unknown
