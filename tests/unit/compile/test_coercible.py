"""``coercible_in`` is true: in the mode that it names the place passes, in no narrower one, and without it in none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.compile.rules import RuleBook
from gateway.config.options import Options
from gateway.errors import SchemaError
from gateway.model import Mode, Record, Rejection, Violation
from tests.unit.compile.compiled import encode, record_schema, refused, version_of
from tests.unit.compile.generated import loose_values, schemas, text_of
from tests.unit.compile.generated_options import Declared, declarations

FIVE = {"type": "int", "default": 5}
EMPTY = {"type": {"type": "array", "items": "int"}, "default": []}
INNER = record_schema(("a", ["null", "int"]), ("b", "int"), name="Inner")
OPTIONAL = record_schema({"name": "a", "type": "int", "default": 1}, ("b", ["null", "int"]), name="Optional")


@pytest.mark.parametrize(
    ("schema", "payload", "path", "mode"),
    [
        (["null", "boolean"], '"null"', "", Mode.LENIENT),
        (["null", "int"], '"NaN"', "", Mode.LENIENT),
        (["null", INNER], '""', "", Mode.LENIENT),
        (["null", "boolean"], '{"boolean":true}', "", Mode.LENIENT),
        (["null", "boolean"], '{"boolean":{}}', "", None),
        (["null", "int", "boolean"], '"5"', "", Mode.LOSSLESS),
        (["null", "int", "boolean"], '"x"', "", None),
        (record_schema({"name": "n", **FIVE}, ("m", "int")), '{"n":null,"m":1}', "/n", Mode.LENIENT),
        (record_schema({"name": "n", **EMPTY}), '{"n":null}', "/n", Mode.LENIENT),
        (record_schema(("n", "int")), '{"n":null}', "/n", None),
        ({"type": "array", "items": "int"}, "5", "", Mode.LENIENT),
        ({"type": "array", "items": "int"}, '"x"', "", None),
        (OPTIONAL, '{"b":1}', "/a", Mode.LOSSLESS),
        (OPTIONAL, "{}", "/a", None),
        (OPTIONAL, '{"a":1,"b":1,"c":1}', "/c", Mode.LENIENT),
        (INNER, '{"c":1}', "/c", None),
        (INNER, '{"b":1}', "/a", Mode.LOSSLESS),
        (INNER, "{}", "/a", Mode.LOSSLESS),
    ],
)  # fmt: skip
def test_the_lowest_mode_that_takes_it_is_named(schema: Any, payload: str, path: str, mode: Mode | None):
    """In strict mode, for what stands around a value too: null beside it, a default, the record that it is part of."""
    violations = refused(version_of(schema), payload, mode=Mode.STRICT).violations
    found = {violation.path: violation.coercible_in for violation in violations}
    assert path in found, violations
    assert found[path] == mode


@pytest.mark.parametrize("options", [{"defaults": "reject"}, {"overrides": {"/a": {"defaults": "reject"}}}])
def test_a_declared_option_holds_in_the_wider_modes_too(options: dict[str, Any]):
    """What the contract forbids is no way out of it."""
    declared = options if "overrides" in options else {"options": options}
    assert refused(version_of(INNER), '{"b":1}', mode=Mode.STRICT, **declared).violations[0].coercible_in is None


@st.composite
def _refusable(draw: st.DrawFn) -> tuple[Any, Declared, Any]:
    inner = draw(schemas(2, loose=True))
    schema = record_schema(("v", inner), name="Top")
    return schema, draw(declarations(schema, strict=True)), {"v": draw(loose_values(inner))}


@given(_refusable(), st.sampled_from([Mode.STRICT, Mode.LOSSLESS]))
def test_judged_again_in_the_named_mode_the_place_passes(made: tuple[Any, Declared, Any], mode: Mode):
    """Each violation's place is refused in every narrower mode and in all modes where none is named."""
    schema, declared, value = made
    modes = list(Mode)[list(Mode).index(mode) :]
    try:
        outcomes = {each: encode(version_of(schema), text_of(value), mode=each, **declared) for each in modes}
    except SchemaError:  # aliases that mean two fields
        return
    here, *wider = (outcomes[each] for each in modes)
    if not isinstance(here, Rejection) or any(
        isinstance(each, Rejection) and each.truncated for each in (here, *wider)
    ):
        return
    for violation in here.violations:
        passing = (each for each in modes[1:] if not is_blocked(violation, here, outcomes[each]))
        assert violation.coercible_in == next(passing, None), (violation, outcomes)


def is_blocked(violation: Violation, before: Rejection, after: Record | Rejection) -> bool:
    """Whether something is still wrong at the violation's place, or now with what is around it."""
    if isinstance(after, Record):
        return False
    known = {(each.path, each.code) for each in before.violations}
    return any(
        each.path == violation.path
        or (violation.path.startswith(f"{each.path}/") and (each.path, each.code) not in known)
        for each in after.violations
    )


def test_what_wider_modes_declare_is_found_out_once():
    """Rules are resolved when they are first asked for: every rejection asks for those of all wider modes."""
    book = RuleBook(Mode.STRICT, Options())
    first, again = (book.in_mode(Mode.LENIENT).at(("a",)) for _ in range(2))
    assert first is again
    assert (first.mode, book.at(("a",)).mode) == (Mode.LENIENT, Mode.STRICT)
