"""What counting proves of a payload's text, where somebody writes the text so that it counts wrong."""

import msgspec
import pytest

from gateway.compile import json_proof

DISGUISES = ['["]",{},"["]', r'["\"]\"",{},"\"[\""]', '["}",[{}],"{"]', '{"]":{},"[":1}', '["\\u005d",{},"["]']
"""Arrays and objects that hold a text at ``{}``, with brackets in strings that look like its end."""


def nested(disguise: str, levels: int) -> bytes:
    text = "1"
    for _ in range(levels):
        text = disguise.replace("{}", text, 1)
    return text.encode()


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("levels", [3, 40])
def test_brackets_in_strings_hide_no_depth(disguise: str, levels: int):
    """Strings may close in the text what stays open in the value."""
    text = nested(disguise, levels)
    value = msgspec.json.decode(text)
    depth = levels * (2 if disguise == '["}",[{}],"{"]' else 1)
    assert json_proof.check_depth(text, value, depth - 1) is not None
    assert json_proof.check_depth(text, value, depth) is None


@pytest.mark.parametrize(
    "text", [b"[" * 64 + b"]" * 64, b'{"a":' * 64 + b"1" + b"}" * 64, b"[{}," * 64 + b"1" + b"]" * 64]
)
def test_the_limit_is_the_last_level_that_is_taken(text: bytes):
    """Nested 64 levels deep, 65 where a second kind is inside."""
    value = msgspec.json.decode(text)
    depth = 65 if b"{}" in text else 64
    assert json_proof.check_depth(text, value, depth) is None
    assert json_proof.check_depth(text, value, depth - 1) is not None


@pytest.mark.parametrize(
    "text",
    [
        rb'{"a":"\u003a","a":1}',
        rb'{"a":1,"a":"\u003A"}',
        rb'{"a":":","a":"\u003a\u003a"}',
        rb'{"a" :1,"a" :2}',
        rb'{"a":{"b":1},"a":{"b":1}}',
    ],
)
def test_a_swallowed_key_is_noticed_however_colons_are_spelled(text: bytes):
    """A string that holds an escaped colon has one more when it is written anew."""
    assert not json_proof.keeps_every_key(text, msgspec.json.decode(text))


@pytest.mark.parametrize(
    "text", [b'{"a": 1, "b" : {"c:d": ":"}}', b'{"a":1.50,"b":[{},{"":"\xc3\xa9"}]}', rb'{"a":"\u00e9:"}']
)
def test_other_spellings_of_the_same_value_keep_their_keys(text: bytes):
    """White space, escapes and long numbers are no reason to read a text again."""
    assert json_proof.keeps_every_key(text, msgspec.json.decode(text))


def test_of_many_keys_that_stand_twice_the_first_are_named():
    """Twenty, in their order."""
    text = "{" + ",".join(f'"k{n}":{n}' for n in [*range(25), *range(25)]) + "}"
    found = json_proof.find_duplicate_keys(text.encode())
    assert found is not None
    assert found.violation.params["names"] == [f"k{n}" for n in range(20)]


@pytest.mark.parametrize(
    ("text", "path", "generic"),
    [
        (b'{"a":1,"a":2}', "", ""),
        (b'{"x":{"a":1,"a":2}}', "/x", "/x"),
        (b'[{"a":1},{"b":[{"a":1,"a":2}]}]', "/1/b/0", "/*/b/*"),
        (b'{"x":{"a":1},"y":{"a":1,"b":0,"a":1}}', "/y", "/y"),
    ],
)
def test_an_object_in_which_a_key_stands_twice_is_found_by_its_place(text: bytes, path: str, generic: str):
    """In the payload with indices, for what is recorded with stars."""
    found = json_proof.find_duplicate_keys(text)
    assert found is not None
    assert (found.violation.path, found.path) == (path, generic)
    assert found.violation.params["names"] == ["a"]
    assert found.violation.message.startswith((path or "the payload") + ": ")


def test_keys_of_two_objects_are_not_the_same():
    """Only within one object."""
    assert json_proof.find_duplicate_keys(b'{"a":{"a":1},"b":{"a":1}}') is None
    assert json_proof.find_duplicate_keys(b"[1.5]") is None


@pytest.mark.parametrize(
    ("text", "flat"), [(b'{"a":1,"b":{}}', True), (b'{"a":[]}', False), (b'{"a":{"b":1}}', False), (b"5", False)]
)
def test_one_object_without_others_is_flat(text: bytes, flat: bool):
    """But for empty ones."""
    assert json_proof.proves_flat(text, msgspec.json.decode(text)) is flat


def test_where_no_nesting_is_allowed_text_with_brackets_is_none():
    """Of schemas whose alternatives contain themselves very often not even one level may be taken."""
    assert json_proof.check_depth(b'"[{"', "[{", 0) is None
    assert json_proof.check_depth(b"[]", [], 0) is not None
