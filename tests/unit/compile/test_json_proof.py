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
