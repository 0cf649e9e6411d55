"""Strict mode reads Avro's own JSON encoding, where a contract declares it: latin-1 bytes and tagged unions.

The oracle is fastavro, which writes and reads that encoding. What strict mode refuses and fastavro takes is listed.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import fastavro
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from gateway.model import Mode, Record, Rejection
from tests.unit.compile.compiled import PREFIX, encode, record_schema, refused, version_of
from tests.unit.compile.generated import clean_values, schemas
from tests.unit.compile.vectors import physical, same

OWN_JSON = {"bytes_encoding": "latin1", "union_encoding": "tagged", "epoch_window": ["0001-01-02", "9999-12-31"]}

DIFFERENCES = {
    "precision-loss": "a number that the type does not hold exactly; fastavro writes the nearest one",
    "out-of-range": "a number beyond a 32-bit float, or a date or a time of day that there is not",
    "epoch-out-of-window": "a timestamp outside every window that a contract can declare",
}
"""Why strict mode refuses what fastavro reads as a valid value."""
NO_OWN_FORM = {"decimal", "uuid", "duration"}
"""Logical types whose JSON here is for people (21.5, hyphens, P1D); Avro's is the latin-1 text of their bytes."""


def _bare(schema: Any) -> Any:
    """The schema with the types that have no form of Avro's own taken down to their base."""
    if isinstance(schema, dict) and schema.get("logicalType") in NO_OWN_FORM:
        return physical(schema)
    if isinstance(schema, list):
        return [_bare(branch) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: _bare(schema[key]) for key in ("type", "items", "values") if key in schema}
    if "fields" in schema:
        inner["fields"] = [_bare(field) for field in schema["fields"]]
    return {**schema, **inner}


@st.composite
def _written(draw: st.DrawFn) -> tuple[Any, Any, str]:
    """A schema, a value of it, and the JSON that fastavro writes for it."""
    schema = record_schema(("v", _bare(draw(schemas()))), name="Top")
    _, datum = draw(clean_values(schema))
    text = io.StringIO()
    assume(not _has_nameless_key(datum))
    fastavro.json_writer(text, fastavro.parse_schema(physical(schema)), [datum])
    return schema, datum, text.getvalue()


def _has_nameless_key(datum: Any) -> bool:
    """Whether a map has the key "", which fastavro takes for none ("No key was set")."""
    inside = datum.values() if isinstance(datum, dict) else datum if isinstance(datum, list | tuple) else ()
    return (isinstance(datum, dict) and "" in datum) or any(map(_has_nameless_key, inside))


def _binary(schema: Any, datum: Any) -> bytes:
    written = io.BytesIO()
    fastavro.schemaless_writer(written, fastavro.parse_schema(physical(schema)), datum)
    return written.getvalue()


@given(_written(), st.sampled_from(Mode))
def test_what_fastavro_writes_as_json_becomes_what_it_writes_as_binary(made: tuple[Any, Any, str], mode: Mode):
    """Every value in Avro's JSON encoding is taken in every mode, as the same bytes and without a conversion."""
    schema, datum, text = made
    outcome = encode(version_of(schema), text, mode=mode, options=OWN_JSON)
    assert isinstance(outcome, Record), outcome
    assert outcome.value == PREFIX + _binary(schema, datum)
    assert outcome.coercions == ()


_STRAY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**65), 2**65),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=3),
    st.sampled_from([[], {}, {"int": 1}, {"string": "x"}, {"long": None}, {"x": 1}, "IDLE", 2**31, 3.0]),
)


@st.composite
def _altered(draw: st.DrawFn) -> tuple[Any, Any]:
    """A schema, and a value in its JSON encoding with one place replaced by something else."""
    schema, _, text = draw(_written())
    value = json.loads(text)
    path = draw(st.sampled_from(list(_paths(value))))
    return schema, _replaced(value, path, draw(_STRAY))


def _paths(value: Any) -> Iterator[tuple[Any, ...]]:
    yield ()
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        for path in _paths(item):
            yield (key, *path)


def _replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return by
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _replaced(value[path[0]], path[1:], by)
    return copy


@given(_altered())
@example((record_schema(("v", ["null", "int"])), {"v": 1}))
@example((record_schema(("v", "bytes")), {"v": "\u0100"}))
@example((record_schema(("v", "float")), {"v": 1e39}))
def test_strict_and_fastavro_agree_on_what_is_no_value(made: tuple[Any, Any]):
    """What strict mode takes fastavro reads as the same value; what only fastavro takes has a listed reason."""
    schema, value = made
    outcome = encode(version_of(schema), json.dumps(value), mode=Mode.STRICT, options=OWN_JSON)
    theirs = _read(schema, value)
    if isinstance(outcome, Record):
        assert theirs is not None, "fastavro takes it for no value"
        assert outcome.value == PREFIX + _binary(schema, theirs)
    elif theirs is not None:
        assert _reasons(outcome) <= DIFFERENCES.keys(), (outcome, theirs)


def _reasons(rejection: Rejection) -> set[str]:
    return {str(violation.code) for violation in rejection.violations}


def _read(schema: Any, value: Any) -> Any:
    """What fastavro reads and takes for a valid value, None if it does not.

    Its reader believes most of what it is given, fills in nulls and leaves out fields; its validator asks for the
    types, its writer for the ranges, and what it writes again must be what it read.
    """
    parsed = fastavro.parse_schema(physical(schema))
    try:
        read = next(iter(fastavro.json_reader(io.StringIO(json.dumps(value)), parsed)))
        if not fastavro.validate(read, parsed, raise_errors=False, strict=True):
            return None
        _binary(schema, read)
        again = io.StringIO()
        fastavro.json_writer(again, parsed, [read])
    except Exception:  # noqa: BLE001 - it raises whatever comes first
        return None
    return read if same(json.loads(again.getvalue()), value) else None


@pytest.mark.parametrize(
    ("kind", "theirs", "code"),
    [
        ({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}, '"\\u0004\\u00d2"', "type-mismatch"),
        ({"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"}, f'"{"a" * 16}"', "type-mismatch"),
        ({"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"}, f'"{"a" * 12}"', "type-mismatch"),
        ({"type": "string", "logicalType": "uuid"}, '"no uuid"', "invalid-format"),
    ],
)
def test_logical_types_with_a_form_for_people_have_no_other(kind: Any, theirs: str, code: str):
    """Where JSON has a plain form for the meaning, Avro's text of raw bytes is refused, even in strict mode."""
    assert refused(version_of(kind), theirs, mode=Mode.STRICT, options=OWN_JSON).code == code


def test_null_has_no_tag():
    """The specification says so."""
    assert refused(version_of(["null", "int"]), '{"null":null}', mode=Mode.STRICT, options=OWN_JSON)
    assert isinstance(encode(version_of(["null", "int"]), "null", mode=Mode.STRICT, options=OWN_JSON), Record)
