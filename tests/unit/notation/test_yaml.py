"""YAML 1.2: what scalars mean, where values are, and what is refused."""

from __future__ import annotations

import json
import math
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.notation import NotationError, yaml
from gateway.notation.core_schema import MAX_DIGITS
from gateway.notation.document import Place
from gateway.notation.yaml import parse
from tests.parts.gateway import SCHEMAS


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("~", None),
        ("Null", None),
        ("", None),
        ("nULL", "nULL"),
        ("true", True),
        ("FALSE", False),
        ("tRUE", "tRUE"),
        ("on", "on"),
        ("no", "no"),
        ("y", "y"),
        ("0", 0),
        ("-12", -12),
        ("+12", 12),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("-0x1F", "-0x1F"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("12:30", "12:30"),
        ("2024-01-31", "2024-01-31"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("-1.5E-3", -0.0015),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("1.2.3", "1.2.3"),
        ("3.1.1", "3.1.1"),
        ("٣", "٣"),
        ("'1'", "1"),
        ('"null"', "null"),
        ("'it''s'", "it's"),
        ('"\\u00fc\\n"', "ü\n"),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ("!!str 1", "1"),
        ("!!float 1", 1.0),
        ("! 1", "1"),
        ("|\n  a\n  b\n", "a\nb\n"),
        (">-\n  a\n  b\n", "a b"),
        ("plant/+/{device}/#", "plant/+/{device}/#"),
        ("/readings/*/temp", "/readings/*/temp"),
    ],
)
def test_scalars_mean_what_the_core_schema_says(text: str, value: object) -> None:
    """YAML 1.2.2 section 10.3.2, and nothing of YAML 1.1."""
    found = parse(f"key: {text}").value["key"]
    assert found == value
    assert type(found) is type(value)


def test_not_a_number_is_a_number() -> None:
    """.nan is in the core schema."""
    assert math.isnan(parse("key: .NaN").value["key"])


def test_keys_are_text_as_written() -> None:
    """JSON has no other keys, and nobody wants ``on`` to become true."""
    assert parse("on: 1\n1: 2\n'a b': 3\nnull: 4\n1.10: 5").value == {"on": 1, "1": 2, "a b": 3, "null": 4, "1.10": 5}


UNTIDY = st.text("ab:#{}[],&*!|>'\"%@` \n-?\u00fc", max_size=10)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | UNTIDY,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(UNTIDY, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(UNTIDY, JSON_VALUES, max_size=4))
def test_json_is_yaml(value: dict[str, object]) -> None:
    """YAML 1.2 was made so that JSON is part of it."""
    assert parse(json.dumps(value)).value == value


@given(st.text("ab:#{}[],&*!|>'\"%@` \n-?\t\u00fc<1.", max_size=40))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    """No text leads to any other exception, and a refusal names line and column."""
    refused = None
    try:
        parse(text)
    except NotationError as error:
        refused = error
    if refused is not None:
        assert refused.line is not None
        assert refused.column is not None
        assert 1 <= refused.line <= text.count("\n") + 1


FILE = """\
mqtt: plant/{device}   # the filter
options:
  null_tokens: ["", '-']
  rounding:
"a key": {b: 1,
  c: [x, {d: yes}]}
"""


@pytest.mark.parametrize(
    ("path", "place", "key_place"),
    [
        ((), (1, 1), (1, 1)),
        (("mqtt",), (1, 7), (1, 1)),
        (("options",), (3, 3), (2, 1)),
        (("options", "null_tokens"), (3, 16), (3, 3)),
        (("options", "null_tokens", 1), (3, 21), (3, 21)),
        (("options", "null_tokens", 7), (3, 16), (3, 16)),
        (("options", "rounding"), (4, 3), (4, 3)),
        (("a key", "b"), (5, 14), (5, 11)),
        (("a key", "c", 1, "d"), (6, 14), (6, 11)),
        (("a key", "c", 1, "e", "f"), (6, 10), (6, 10)),
        (("nothing", "of", "this"), (1, 1), (1, 1)),
    ],
)
def test_every_value_and_key_has_its_place(
    path: tuple[str | int, ...], place: tuple[int, int], key_place: tuple[int, int]
) -> None:
    """Lines and columns count from 1; where there is nothing, the nearest value around it stands in."""
    document = parse(FILE)
    assert document.place(path) == Place(*place)
    assert document.key_place(path) == Place(*key_place)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("key: {device}", 'quote it, "{device}"'),
        ("key: {a, b}", 'quote it, "{a, b}"'),
        ("key: #x", "is a comment"),
        ("key: # x", "is a comment"),
        ("key: pump #4", "is a comment"),
        ("key: {a: }", None),
        ("key: {a: b}", None),
        ("key: {}", None),
        ("key: '' # empty", None),
        ("key: pump # the fourth", None),
        ("key: pump#4", None),
        ("key: 'pump' #4", None),
        ("key:", None),
    ],
)
def test_what_yaml_made_of_missing_quotes_is_recognised(text: str, says: str | None) -> None:
    """A lone name in braces and an eaten value lead to the advice to quote; comments do not."""
    advice = parse(text).misreading(("key",))
    assert (advice is None) == (says is None)
    assert says is None or says in str(advice)


def test_anchors_stand_for_equal_but_separate_values() -> None:
    """Changing one of two aliased values does not change the other."""
    value = parse("a: &x {b: [1]}\nc: *x\nd: [*x, *x]").value
    assert value == {"a": {"b": [1]}, "c": {"b": [1]}, "d": [{"b": [1]}, {"b": [1]}]}
    value["c"]["b"].append(2)
    assert value["a"] == {"b": [1]}


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("a: 1\nb: 2\na: 3", 3, 1, "'a' is given twice, first in line 1"),
        ("{1: a, '1': b}", 1, 8, "'1' is given twice"),
        ("a: {b: 1, b: 2}", 1, 11, "'b' is given twice"),
        ("a: *b", 1, 4, "no anchor &b"),
        ("a: &a [*a]", 1, 8, "inside the value it names"),
        ("&a a: &b {c: *b}", 1, 14, "inside the value it names"),
        ("? [a]\n: b", 1, 3, "cannot be a key"),
        ("a: {{b}}", 1, 5, "must be quoted"),
        ("<<: {a: 1}", 1, 1, "merge keys"),
        ("a: !!binary eA==", 1, 4, "the tag !!binary does not fit"),
        ("a: !!int x", 1, 4, "the tag !!int does not fit"),
        ("a: !!map [1]", 1, 4, "the tag !!map does not fit"),
        ("a: !thing {}", 1, 4, "the tag !thing does not fit"),
        ('a: "\\ude00\\ud83d"', 1, 4, "half of a surrogate pair"),
        ("a: 1e999", 1, 4, "larger than any double"),
        ("a: " + "1" * (MAX_DIGITS + 1), 1, 4, "401 characters"),
        ("a: 1\n--- \nb: 2", 2, 1, "second document"),
        ("a: b\n\x07", 2, 1, "'\\x07' is not allowed"),
        ("a: [1, 2\nb: 3", 2, 2, "not valid YAML"),
        ("mqtt: {building}/x", 1, 17, "quote it"),
        ("{mqtt: plant/{b}/x}", 1, 14, "quote it"),
        ("a: @b", 1, 4, "'@' must be quoted"),
        ("a: ,", 1, 4, "',' must be quoted"),
        ("a: b: c", 1, 5, "must be quoted"),
        ("a:\n\tb: c", 2, 1, "not with tabs"),
        ("a: 'b", 1, 6, "not valid YAML"),
    ],
)
def test_what_is_refused_is_named_with_its_place(text: str, line: int, column: int, says: str) -> None:
    """Line and column of what is wrong, and what to do."""
    with pytest.raises(NotationError) as caught:
        parse(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert says in str(caught.value)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_nesting_is_bounded_before_anything_is_built(opening: str) -> None:
    """A hundred thousand brackets end in a message, not in a stack overflow."""
    with pytest.raises(NotationError, match="deeper than 100 levels"):
        parse(opening * 100_000)


def test_nesting_by_aliases_is_bounded_too() -> None:
    """Each line nests the one before once more."""
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 200))]
    with pytest.raises(NotationError, match="deeper than 100 levels"):
        parse("\n".join(lines))


def test_values_are_bounded_however_few_lines_they_take() -> None:
    """Ten lines that stand for ten thousand million values are refused, not built."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(NotationError, match="more than 200000 values"):
        parse("\n".join(lines))


def test_an_empty_file_is_null() -> None:
    """Nothing, comments and markers alone mean null."""
    for text in ("", "\n", "# nothing", "---\n", "---\n...\n"):
        assert parse(text).value is None


PIECES = st.sampled_from(
    [
        *("a", "b: ", "- ", "\n", "\n  ", "{", "}", "[", "]", ", ", ": ", ":", "'", '"', "#", " # c", "|", "|2-", ">-"),
        *("&x ", "*x", "!!str ", "! ", "1", "1.5", "~", "\\n", "\\u00e9", "\\", "é", "\u2028", "\x85", "\U0001f600"),
        *("---\n", "...\n", "%", "@", "`", "true", "null", " ", "?", "\t", "\ufeff", "\r\n", "<<: ", "0x1F", ">+"),
    ]
)
SHIPPED = [path.read_text() for path in sorted(SCHEMAS.rglob("*.yaml"))]
EXCERPTS = st.tuples(st.sampled_from(SHIPPED), st.integers(0, 5000), st.integers(0, 400)).map(
    lambda drawn: drawn[0][drawn[1] : drawn[1] + drawn[2]]
)


@given(st.lists(PIECES | EXCERPTS, max_size=25).map("".join))
def test_the_quick_parser_reads_as_the_other(text: str) -> None:
    """Values and places; where it is not sure it says so, and errors are the other's."""
    with patch.object(yaml, "_C_LOADER", None):
        slow = told(text)
    assert told(text) == slow


def told(text: str) -> str:
    """All of the document, or of the error."""
    try:
        return repr(parse(text))
    except NotationError as exc:
        return repr(exc)


def test_the_quick_parser_is_there() -> None:
    """PyYAML's wheels have it for every machine that we test on; what we ship is read by it."""
    assert all(yaml._parse_quickly(text) is not None for text in SHIPPED)
