"""Bytes and UUIDs in text: a decoder takes only what it would itself write."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.compile import texts

WRITERS: dict[str, Callable[[bytes], str]] = {
    "base64": lambda data: base64.b64encode(data).decode(),
    "base64url": lambda data: base64.urlsafe_b64encode(data).decode(),
    "hex": lambda data: data.hex(),
    "latin1": lambda data: data.decode("latin-1"),
}


@given(st.binary(max_size=40))
def test_what_is_written_is_read_back(data: bytes):
    """Every declared encoding of bytes."""
    for name, write in WRITERS.items():
        assert texts.DECODERS[name](write(data)) == data


@given(st.text(max_size=20))
def test_utf8_is_the_text_s_own_bytes(text: str):
    """Any text has them."""
    assert texts.DECODERS["utf8"](text).decode() == text


@given(st.text(alphabet="AQgw/+-_= YZ\n", max_size=12))
def test_base64_takes_nothing_that_it_would_not_write(text: str):
    """Missing padding, spare bits, white space and the other alphabet are refused."""
    for name in ("base64", "base64url"):
        try:
            data = texts.DECODERS[name](text)
        except ValueError:
            continue
        assert WRITERS[name](data) == text


@pytest.mark.parametrize("text", ["YR==", "YQ=", "YQ", "YQ==\n", " YQ==", "Y*Q=", "ＹQ==", "YQ==YQ=="])
def test_base64_near_misses_are_refused(text: str):
    """Each is taken by one of Python's own decoders."""
    with pytest.raises(ValueError):  # noqa: PT011 - the message is Python's own
        texts.DECODERS["base64"](text)


@given(st.binary(max_size=20), st.booleans(), st.booleans())
def test_loose_base64_takes_either_alphabet_padded_or_not(data: bytes, url: bool, padded: bool):
    """Lenient only."""
    text = WRITERS["base64url" if url else "base64"](data)
    assert texts.decode_loose_base64(text if padded else text.rstrip("=")) == data


@pytest.mark.parametrize("text", ["+_", "A", "YR", "====", "YQ= =", "YQ====="])
def test_loose_base64_still_refuses_what_has_no_single_reading(text: str):
    """Mixed alphabets, a lone character, spare bits."""
    with pytest.raises(ValueError):  # noqa: PT011 - the message is Python's own
        assert texts.decode_loose_base64(text) == b"never"


@given(st.uuids())
def test_a_uuid_is_read_in_every_spelling(identifier: object):
    """The canonical form in any case; the loose ones become canonical."""
    text = str(identifier)
    assert texts.is_uuid(text)
    assert texts.is_uuid(text.upper())
    for loose in (text.replace("-", ""), f"{{{text}}}", f"urn:uuid:{text}", text.upper()):
        assert texts.read_loose_uuid(loose) == text


@pytest.mark.parametrize("text", ["", "{" + "a" * 32, "a" * 31, "a" * 33, "g" * 32, "urn:uuid:", "٣" * 32])
def test_what_is_no_uuid_is_none(text: str):
    """In no spelling."""
    assert not texts.is_uuid(text)
    assert texts.read_loose_uuid(text) is None


@pytest.mark.parametrize("text", ["a" * 8 + "-" + "a" * 24, "a" * 20 + "-" + "a" * 12, "urn:uuid:{" + "a" * 32 + "}"])
def test_half_a_uuid_s_hyphens_are_no_spelling_of_it(text: str):
    """Lenient takes 32 hex digits, braces and urn:uuid:, nothing in between."""
    assert texts.read_loose_uuid(text) is None
