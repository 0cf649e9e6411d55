"""What holds for every JSON Schema, every payload and every declaration, looked for by Hypothesis."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.errors import SchemaError
from gateway.model import Mode, Record, Rejection
from gateway.notation.pointer import MISSING, Pointer
from tests.fuzz.oracles import changes, check_losses, check_monotone, check_outcome
from tests.suites.generated import schemas, values
from tests.suites.official import DRAFTS
from tests.unit.compile.compiled import PREFIX, encode, json_version
from tests.unit.compile.test_coercible import is_blocked
from tests.unit.compile.test_declared import replaced

Made = tuple[Any, dict[str, Any], Any]
Outcomes = dict[Mode, Record | Rejection]

_WIDER: dict[str, list[Any]] = {
    "null_tokens": [["", "-"], ["7", "true"]],
    "decimal_separator": [","],
    "wrap_scalar": [True, False],
    "unknown_fields": ["drop", "reject"],
    "non_finite": ["null"],
}
_ANY: dict[str, list[Any]] = {"defaults": ["fill", "reject"], "duplicate_keys": ["last", "reject"]}
_LOSES = {
    "null_tokens": {"token-to-null"},
    "non_finite": {"token-to-null"},
    "unknown_fields": {"unknown-dropped"},
    "duplicate_keys": {"duplicate-dropped"},
}


_LOOSE: dict[str, list[Any]] = {
    "integer": [7, "7", "7.0", " 7", True, "x", 7.5],
    "number": [7, 2.5, "2.5", "2,5", "+2", False, "NaN"],
    "boolean": [True, 0, "false", "on", 2],
    "string": ["a", 7, 2.5, True],
    "null": [None, "", "-", "null"],
}
"""Values as devices write them for a type."""
_PLAIN = st.recursive(
    st.one_of(
        st.sampled_from(sorted(_LOOSE)).map(lambda name: {"type": name}),
        st.lists(st.sampled_from(sorted(_LOOSE)), min_size=2, max_size=3, unique=True).map(lambda some: {"type": some}),
        st.just({"type": "integer", "minimum": 5, "enum": [7, 8]}),
    ),
    lambda inner: st.one_of(
        st.dictionaries(st.sampled_from("abc"), inner, min_size=1).map(
            lambda some: {"type": "object", "properties": some, "additionalProperties": False}
        ),
        inner.map(lambda one: {"type": "array", "items": one}),
        st.lists(inner, min_size=2, max_size=2).map(lambda both: {"anyOf": both}),
    ),
    max_leaves=5,
)
"""Schemas that say plainly what they want."""


def _near(schema: Any) -> st.SearchStrategy[Any]:
    """A payload near a plain schema."""
    if "anyOf" in schema:
        return st.one_of([_near(each) for each in schema["anyOf"]])
    if schema["type"] == "object":
        known = {name: _near(each) for name, each in schema["properties"].items()}
        return st.fixed_dictionaries({}, optional={**known, "d": st.just(1)})
    if schema["type"] == "array":
        return st.lists(_near(schema["items"]), max_size=3) | _near(schema["items"])
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return st.sampled_from([value for name in types for value in _LOOSE[name]])


@st.composite
def _made(draw: st.DrawFn, *, strict: bool = False) -> Made:
    """A schema, the options of a contract (that strict allows), and a payload near the schema."""
    if draw(st.booleans()):
        schema = draw(schemas(draw(st.sampled_from(sorted(DRAFTS)))))
        payload = values()
    else:
        schema = draw(_PLAIN)
        payload = _near(schema)
    known = _ANY if strict else {**_ANY, **_WIDER}
    names = draw(st.lists(st.sampled_from(sorted(known)), max_size=2, unique=True))
    return schema, {name: draw(st.sampled_from(known[name])) for name in names}, draw(payload)


def _outcomes(made: Made, *modes: Mode) -> Outcomes:
    """What becomes of the payload in each mode; nothing where the schema is refused."""
    schema, options, value = made
    try:
        return {mode: encode(json_version(schema), json.dumps(value), mode=mode, options=options) for mode in modes}
    except SchemaError:
        return {}


@given(_made())
@example(({"type": "array", "items": {"additionalProperties": False}}, {"wrap_scalar": True}, {"d": 1}))
def test_a_wider_mode_keeps_what_a_narrower_one_accepts(made: Made):
    """Lossless and lenient: the same bytes, the same conversions, and none that loses what nobody declared."""
    outcomes = _outcomes(made, Mode.LOSSLESS, Mode.LENIENT)
    check_monotone(outcomes)
    for outcome in outcomes.values():
        check_losses(outcome, frozenset().union(*(_LOSES.get(name, set()) for name in made[1])))
        check_outcome(outcome, json.dumps(made[2]).encode())


@given(_made(strict=True))
def test_a_valid_payload_keeps_its_bytes_in_every_mode(made: Made):
    """And whatever notes no conversion is valid, as it stands."""
    payload = json.dumps(made[2]).encode()
    outcomes = _outcomes(made, *Mode)
    check_monotone(outcomes)
    for outcome in outcomes.values():
        if isinstance(outcome, Record) and not outcome.coercions:
            assert outcome.value == PREFIX + payload
            assert isinstance(outcomes[Mode.STRICT], Record)


@given(_made(), st.sampled_from([Mode.LOSSLESS, Mode.LENIENT]))
def test_what_is_converted_is_valid_and_told(made: Made, mode: Mode):
    """A converted payload is accepted by strict mode, as it is, and differs only where a conversion is noted."""
    schema, _, value = made
    for outcome in _outcomes(made, mode).values():
        if not isinstance(outcome, Record) or not outcome.coercions:
            continue
        again = encode(json_version(schema), outcome.value.removeprefix(PREFIX), mode=Mode.STRICT)
        assert isinstance(again, Record), again
        assert again.value == outcome.value
        noted = {conversion.path for conversion in outcome.coercions}
        for place in changes(value, msgspec.json.decode(outcome.value.removeprefix(PREFIX))):
            assert noted & {str(Pointer(place[:length])) for length in range(len(place) + 1)}, place


@given(_made(), st.sampled_from([Mode.LOSSLESS, Mode.LENIENT]))
def test_a_payload_repaired_as_told_gets_past_the_place(made: Made, mode: Mode):
    """Where an error carries ``params.fix``, that value at its path brings no error there or below."""
    schema, options, value = made
    for outcome in _outcomes(made, mode).values():
        if not isinstance(outcome, Rejection):
            continue
        for violation in outcome.violations:
            fix = violation.params.get("fix", MISSING)
            if fix is not MISSING:
                repaired = json.dumps(replaced(value, violation.path, fix))
                again = encode(json_version(schema), repaired, mode=mode, options=options)
                paths = [each.path for each in again.violations] if isinstance(again, Rejection) else []
                beside = {each.path for each in outcome.violations if each is not violation}
                assert not {path for path in paths if path == violation.path} - beside, again


@given(_made(strict=True), st.sampled_from([Mode.STRICT, Mode.LOSSLESS]))
@example(({"type": "boolean", "not": {"type": "integer"}}, {}, 0), Mode.STRICT)
def test_judged_again_in_the_named_mode_the_place_passes(made: Made, mode: Mode):
    """Where ``coercible_in`` names a mode, that mode has nothing against the place any more."""
    outcomes = _outcomes(made, *Mode)
    here = outcomes.get(mode)
    if not isinstance(here, Rejection):
        return
    for violation in here.violations:
        if violation.coercible_in is not None:
            after = outcomes[violation.coercible_in]
            assert isinstance(after, Record) or after.truncated or not is_blocked(violation, here, after), (here, after)
