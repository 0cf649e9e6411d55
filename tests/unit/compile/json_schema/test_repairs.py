"""What a rejection by a JSON Schema says would help: each fix, mode and declaration was judged by the schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model import Code, Mode, Rejection, Violation
from gateway.notation.pointer import MISSING
from tests.unit.compile.compiled import accepted, encode, json_version, refused
from tests.unit.compile.test_coercible import is_blocked

COMMA = 'declare decimal_separator: "," in the contract'
WRAP = "declare wrap_scalar: true in the contract"

SCHEMA = {
    "type": "object",
    "properties": {
        "t": {"type": "number", "minimum": -50},
        "b": {"type": "boolean"},
        "i": {"type": "integer"},
        "s": {"type": "string", "maxLength": 2},
        "e": {"enum": ["RUNNING", "STOPPED"]},
        "l": {"type": "array", "items": {"type": "number"}},
        "x": {"type": "array", "items": {"type": "string"}},
        "n": {"type": ["integer", "null"]},
        "m": {"type": ["integer", "null"], "enum": [1, 2]},
    },
}


def fix_of(told: Violation) -> Any:
    """MISSING where there is none."""
    return told.params.get("fix", MISSING)


@pytest.mark.parametrize(
    ("mode", "field", "fix", "coercible_in"),
    [
        ("lossless", '"t": "21,5"', 21.5, None),
        ("lossless", '"t": "1,234"', MISSING, None),
        ("strict", '"t": "21.5"', 21.5, "lossless"),
        ("strict", '"t": "-60"', MISSING, None),
        ("lossless", '"t": "-60,5"', MISSING, None),
        ("lossless", '"t": true', MISSING, "lenient"),
        ("lossless", '"t": " 0.1234567890123456789"', MISSING, "lenient"),
        ("lenient", '"t": "0,1234567890123456789"', MISSING, None),
        ("lossless", '"b": "on"', True, "lenient"),
        ("strict", '"i": "7"', 7, "lossless"),
        ("lossless", '"i": "007"', 7, "lenient"),
        ("lossless", '"i": "7,0"', 7.0, None),
        ("lossless", '"i": "21,5"', MISSING, None),
        ("lossless", '"i": "9007199254740993,0"', "9007199254740993.0", None),
        ("strict", f'"i": "{2**70}"', MISSING, "lossless"),
        ("strict", '"s": 7', "7", "lossless"),
        ("strict", '"s": 777', MISSING, None),
        ("lossless", '"s": 3.5', MISSING, None),
        ("lossless", '"e": "RUNING"', "RUNNING", None),
        ("lossless", '"e": "x"', MISSING, None),
        ("lossless", '"l": 5', [5], "lenient"),
        ("lossless", '"l": "x"', MISSING, None),
        ("lossless", f'"x": "{"x" * 100}"', MISSING, "lenient"),
    ],
)
def test_the_schema_judges_every_fix(mode: str, field: str, fix: Any, coercible_in: str | None) -> None:
    """What breaks another keyword once it is converted neither is a fix, nor would a wider mode take it.

    A fix loses nothing, no reader reads it otherwise (integers of 64 bits), and it is short.
    """
    [told] = refused(json_version(SCHEMA), f'{{{field}, "i2": 1}}', mode=mode).violations
    assert (fix_of(told), type(fix_of(told)), told.coercible_in) == (fix, type(fix), coercible_in)


@pytest.mark.parametrize(
    ("field", "declaration"),
    [
        ('"t": "21,5"', COMMA),
        ('"t": "1,234"', COMMA),
        ('"t": "-60,5"', ""),
        ('"t": "-100,234"', ""),
        ('"i": "21,5"', ""),
        ('"i": "7,0"', COMMA),
        ('"l": 5', WRAP),
        ('"l": "x"', ""),
        (f'"x": "{"x" * 100}"', WRAP),
        ('"n": "null"', 'declare null_tokens: ["null"] in the contract'),
        ('"m": "null"', ""),
    ],
)
def test_what_would_be_declared_is_told_only_if_the_schema_takes_what_becomes_of_the_value(
    field: str, declaration: str
) -> None:
    """Else an operator would change the contract, and the device's messages would be refused all the same."""
    [told] = refused(json_version(SCHEMA), f"{{{field}}}").violations
    assert told.message.endswith(declaration)
    assert bool(declaration) == ("declare" in told.message)


def test_what_is_to_be_declared_in_the_schema_is_not_tried() -> None:
    """The text of a null may be anything, so nothing could be said of what it becomes."""
    [missing] = refused(json_version({"properties": {"b": {"type": "boolean"}}, "required": ["a"]}), "{}").violations
    assert missing.message.endswith("or let the schema not require it")
    [_, empty] = refused(json_version(SCHEMA), '{"b": "on", "t": ""}').violations
    assert empty.message.endswith("or let the schema allow null here")


def test_the_fixes_of_one_payload_do_not_stand_in_each_other_s_way() -> None:
    """One that does not help leaves the others as they are, and so does a flaw that nothing could mend."""
    closed = {**SCHEMA, "additionalProperties": False}
    rejection = refused(json_version(closed), '{"q": 1, "t": "-60,5", "b": "on", "i": "007", "e": "RUNING", "s": 5.5}')
    assert {told.path: fix_of(told) for told in rejection.violations} == {
        "/q": MISSING,
        "/t": MISSING,
        "/b": True,
        "/i": 7,
        "/e": "RUNNING",
        "/s": MISSING,
    }


@pytest.mark.parametrize("outer_first", [True, False])
def test_nothing_is_said_inside_of_what_becomes_a_list(outer_first: bool) -> None:
    """The schema judges the list, so it does not say what it thinks of the fix inside."""
    properties = {"properties": {"x": {"type": "boolean"}}}
    schema = {"type": "array", **properties} if outer_first else {**properties, "type": "array"}
    rejection = refused(json_version({"properties": {"v": schema}}), '{"v": {"x": "on"}}')
    assert {told.path: fix_of(told) for told in rejection.violations} == {"/v": [{"x": "on"}], "/v/x": MISSING}


@pytest.mark.parametrize(("wanted", "fix"), [({}, True), ({"const": False}, MISSING)])
def test_a_fix_inside_of_what_nothing_mends(wanted: Any, fix: Any) -> None:
    """It is judged where it stands."""
    schema = {"type": "string", "properties": {"x": {"type": "boolean", **wanted}}}
    rejection = refused(json_version({"properties": {"v": schema}}), '{"v": {"x": "on"}}')
    assert {told.path: fix_of(told) for told in rejection.violations} == {"/v": MISSING, "/v/x": fix}


@pytest.mark.parametrize("first", ["type", "anyOf"])
def test_alternatives_that_fail_with_the_type_beside_them_are_told_with_its_fix(first: str) -> None:
    """Both keywords refuse the same value for the same reason, so the same helps, and is told once."""
    anything = {"type": "boolean"}
    for wanted, field, fix, declaration in (("number", '"21,5"', 21.5, COMMA), ("array", "5", [5], WRAP)):
        keywords: dict[str, Any] = {"type": wanted, "anyOf": [{"type": wanted}, anything]}
        schema = {first: keywords.pop(first), **keywords}
        found = refused(json_version({"properties": {"v": schema}}), f'{{"v": {field}}}').violations
        assert [(told.path, fix_of(told)) for told in found] == [("/v", fix)]
        assert found[0].message.endswith(declaration)


@pytest.mark.parametrize("first", [0, 1])
def test_one_reason_of_two_parts_is_told_with_what_helps(first: int) -> None:
    """In whatever order: the part that names a type says what would help, alternatives that failed do not."""
    parts: list[Any] = [{"anyOf": [{"type": "number"}, {"type": "boolean"}]}, {"type": "number"}]
    version = json_version({"properties": {"v": {"allOf": [parts[first], parts[1 - first]]}}})
    [told] = refused(version, '{"v": "21,5"}').violations
    assert (told.code, fix_of(told)) == (Code.INVALID_NUMBER, 21.5)
    assert told.message.endswith(COMMA)


def test_two_reasons_at_one_place_are_told_with_the_same_help() -> None:
    """What a type asks for comes before what a list of symbols proposes, which the type would refuse."""
    either = {"anyOf": [{"type": "number"}, {"type": "null"}]}
    version = json_version({"properties": {"v": {"enum": [2150.5, "2150,5C"], **either}}})
    found = refused(version, '{"v": "2150,5"}').violations
    assert {(told.code, fix_of(told)) for told in found} == {(Code.NOT_IN_ENUM, 2150.5), (Code.UNION_NO_MATCH, 2150.5)}
    version = json_version({"properties": {"v": {"type": "number", **either}}})
    found = refused(version, '{"v": "21"}', mode="strict").violations
    assert {(told.code, fix_of(told), told.coercible_in) for told in found} == {
        (Code.TYPE_MISMATCH, 21, Mode.LOSSLESS),
        (Code.UNION_NO_MATCH, 21, Mode.LOSSLESS),
    }


def test_a_keyword_that_proposes_nothing_beside_one_that_does() -> None:
    """What helps is told with both, in whatever order the schema has them."""
    keywords: list[dict[str, Any]] = [{"pattern": "^[A-Z]+$"}, {"enum": ["RUNNING", "STOPPED"]}]
    for order in (keywords, keywords[::-1]):
        found = refused(json_version({"properties": {"v": {"allOf": order}}}), '{"v": "running"}').violations
        assert [fix_of(told) for told in found] == ["RUNNING", "RUNNING"]


def test_a_symbol_that_is_too_long_to_be_told_is_not_replaced_by_another_one() -> None:
    """Null is in the list as well, and is not what was meant."""
    schema = {"properties": {"v": {"enum": ["x" * 70, None]}}}
    [told] = refused(json_version(schema), json.dumps({"v": "x" * 69})).violations
    assert (told.code, fix_of(told)) == (Code.NOT_IN_ENUM, MISSING)


def test_of_too_much_to_be_judged_nothing_is_said() -> None:
    """Neither a fix nor a declaration: the schema was not heard about what the value would become."""
    version = json_version({"items": {"type": "number"}})
    [told] = refused(version, '["21,5"]').violations
    assert (told.path, fix_of(told)) == ("/0", 21.5)
    [told, *_] = refused(version, json.dumps(["21,5"] * 20_000)).violations
    assert (told.path, fix_of(told)) == ("/0", MISSING)
    assert "declare" not in told.message


@pytest.mark.parametrize("text", ["2.5", "1,5"])
@pytest.mark.parametrize("mode", ["strict", "lossless"])
def test_a_number_that_is_no_integer_does_not_hide_what_lenient_makes(text: str, mode: str) -> None:
    """Of a whole number or a list only the list takes such a text; what is proposed must be of a wanted type."""
    [told] = refused(json_version({"type": ["array", "integer"]}), json.dumps(text), mode=mode).violations
    assert (told.coercible_in, fix_of(told)) == (Mode.LENIENT, [text])


@pytest.mark.parametrize("text", ["1", "true"])
def test_no_mode_is_said_to_help_where_one_more_round_would(text: str) -> None:
    """Each conversion uncovers the next wrong type, once too often: lenient would not come further than lossless."""
    wanted = {"1": "integer", "true": "boolean"}[text]
    schema: dict[str, Any] = {}
    for n in reversed(range(5)):
        own = {"properties": {f"a{n}": {"type": wanted}}}
        schema = {**own, "if": own, "then": schema}
    payload = json.dumps({f"a{n}": text for n in range(5)})
    [told] = refused(json_version(schema), payload).violations
    assert (told.path, told.coercible_in, fix_of(told)) == ("/a4", None, json.loads(text))
    assert refused(json_version(schema), payload, mode="lenient").violations[0].path == "/a4"
    assert accepted(json_version(schema), payload.replace(f'"a4": "{text}"', f'"a4": {text}'))


def test_a_place_that_was_dropped_meanwhile() -> None:
    """A flaw of an unknown field that lenient mode drops is still told, and nothing is tried there.

    So is one that a conversion silences (``e`` counts only beside a text); what is tried there helps.
    """
    closed = {"properties": {"y": {}, "e": {}, "a": {"type": "integer"}}, "additionalProperties": False}
    beside_text = {
        "if": {"properties": {"a": {"type": "string"}}},
        "then": {"properties": {"e": {"enum": ["STOPPED"]}}},
    }
    for_x = {"patternProperties": {"^x$": {"enum": ["RUNNING"]}}}
    version = json_version({"allOf": [for_x, beside_text], **closed})
    rejection = refused(version, '{"x": "RUNING", "y": 1, "a": "1", "e": "STOPED"}', mode=Mode.LENIENT)
    assert [(told.code, told.path, fix_of(told)) for told in rejection.violations] == [
        (Code.NOT_IN_ENUM, "/x", MISSING),
        (Code.NOT_IN_ENUM, "/e", "STOPPED"),
    ]


_PROPERTIES = st.sampled_from(
    [
        {"type": "number", "minimum": -50},
        {"type": ["number", "null"]},
        {"type": "array", "items": {"type": "integer", "maximum": 7}},
        {"type": "array", "items": {"type": "boolean"}, "minItems": 2},
        {"type": "array", "items": {"anyOf": [{"type": "number"}, {"type": "null"}]}, "maxItems": 1},
        {"type": ["array", "null"], "items": {"type": "string"}},
        {"anyOf": [{"type": "number"}, {"type": "null"}]},
        {"oneOf": [{"type": "integer"}, {"type": "null"}]},
        {"anyOf": [{"type": "number", "minimum": 3}, {"type": "boolean"}]},
        {"oneOf": [{"type": "integer", "enum": [1, 2]}, {"type": "boolean"}]},
        {"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "null"}]},
        {"anyOf": [{"type": ["integer", "null"]}, {"type": "array"}]},
        {
            "anyOf": [
                {"properties": {"k": {"const": "a"}, "n": {"type": "integer"}}, "type": "object"},
                {"properties": {"k": {"const": "b"}, "n": {"type": "boolean"}}, "type": "object"},
                {"type": "boolean"},
            ]
        },
    ]
)
_SCALARS: list[Any] = [True, 1, 7, 2.5, "1", "7,5", "-60", "007", "on", "", "x", None, "null"]
_VALUES = st.one_of(
    st.sampled_from([*_SCALARS, [3], ["1,5"], ["07", "1"], {}]),
    st.fixed_dictionaries({"k": st.sampled_from("abc"), "n": st.sampled_from(_SCALARS)}),
)


@given(
    st.dictionaries(st.sampled_from("abcd"), st.tuples(_PROPERTIES, _VALUES), min_size=1),
    st.sampled_from([Mode.STRICT, Mode.LOSSLESS]),
)
def test_judged_again_in_the_named_mode_the_place_passes(made: dict[str, tuple[Any, Any]], mode: Mode) -> None:
    """Each violation's place is refused in every narrower mode and in all where none is named; forms, too."""
    version = json_version({"properties": {name: wanted for name, (wanted, _) in made.items()}})
    payload = json.dumps({name: value for name, (_, value) in made.items()})
    here, *wider = list(Mode)[list(Mode).index(mode) :]
    outcomes = {each: encode(version, payload, mode=each) for each in (here, *wider)}
    before = outcomes[here]
    if not isinstance(before, Rejection):
        return
    for violation in before.violations:
        passing = (each for each in wider if not is_blocked(violation, before, outcomes[each]))
        assert violation.coercible_in == next(passing, None), (violation, outcomes)


def test_what_a_wider_mode_makes_of_many_forms_is_tried_but_not_in_too_many_payloads() -> None:
    """Of more than are mended in one payload nothing is said; see ``Mender``."""
    version = json_version({"additionalProperties": {"anyOf": [{"type": "number"}, {"type": "null"}]}})
    for number, mode in ((100, Mode.LENIENT), (9_000, None)):
        payload = json.dumps({f"k{n}": "007" for n in range(number)})
        assert refused(version, payload).violations[0].coercible_in == mode
