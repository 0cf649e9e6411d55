"""encode_json: compact or indented, and never a failure."""

import json

import pytest

from gateway.admin.json_bytes import encode_json


def test_one_line_or_indented():
    """For machines and for people; characters as they are."""
    document = {"event": "ü", "numbers": [1, 2]}
    assert encode_json(document) == '{"event":"ü","numbers":[1,2]}'.encode()
    assert encode_json(document, indented=True) == b'{\n  "event": "\xc3\xbc",\n  "numbers": [\n    1,\n    2\n  ]\n}\n'


@pytest.mark.parametrize("odd", ["half \ud800", 2**70, {"deep \udfff": [None]}])
def test_what_json_can_say_is_said(odd: object):
    """Half a character, and integers beyond 64 bits; the layout stays."""
    document = {"odd": odd}
    line, indented = encode_json(document), encode_json(document, indented=True)
    assert json.loads(line) == json.loads(indented) == document
    assert b"\n" not in line
    assert indented.startswith(b'{\n  "odd": ')
    assert indented.endswith(b"\n}\n")
