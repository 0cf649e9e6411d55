"""The record's headers, the one that tells its conversions, and the framing of its value."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.compile.binding import Binding, coercions_header
from gateway.errors import SchemaError
from gateway.model import Coercion, Mode
from tests.unit.compile.compiled import (
    ARRIVAL,
    ARRIVAL_TEXT,
    GUID,
    PREFIX,
    accepted,
    json_version,
    record_schema,
    route_of,
    version_of,
)

ANY = json_version(True)


# Headers


def test_a_record_without_headers_has_none():
    """Nothing declared, nothing converted."""
    assert accepted(ANY, "1").headers is None


def test_headers_are_filled_in_their_order():
    """Constant ones and those that vary by message."""
    record = accepted(
        ANY,
        '{"id":"d9"}',
        mqtt="plant/{building}/+/readings",
        device="/id",
        headers={"building": "{building}", "device": "{device}", "at": "{received_at}", "fixed": "x"},
    )
    assert dict(record.headers or ()) == {
        "building": b"b1",
        "device": b"d9",
        "at": ARRIVAL_TEXT.encode(),
        "fixed": b"x",
    }
    constant = accepted(ANY, "1", headers={"b": "{building}", "a": "{device}"})
    assert constant.headers == [("b", b"b1"), ("a", b"p7")]


def test_the_coercions_header_follows_the_contract_s_own():
    """It is there only if something was converted."""
    record = accepted(version_of("int"), '"5"', headers={"b": "{building}"})
    assert record.headers == [("b", b"b1"), ("gw-coercions", b"v1;m=lossless;n=1;lossy=0;=string-to-number")]
    assert accepted(version_of("int"), "5", headers={"b": "{building}"}).headers == [("b", b"b1")]


def test_headers_of_one_message_do_not_reach_the_next():
    """The list of constant headers is not shared with what a message adds."""
    route = route_of(version_of("int"), headers={"b": "{building}"})
    binding = Binding(route, "plant/b1/p7/readings", {"building": "b1", "device": "p7"})
    assert len(_headers(binding.encode(b'"5"', ARRIVAL))) == 2
    assert len(_headers(binding.encode(b'"5"', ARRIVAL))) == 2
    assert len(_headers(binding.encode(b"5", ARRIVAL))) == 1


def _headers(record: Any) -> list[tuple[str, bytes]]:
    return list(record.headers)


# gw-coercions


def test_the_coercions_header_is_exact():
    """Mode, number of conversions, how many of them lose something, and each path with its code once."""
    version = version_of(record_schema(("temp", "double"), ("ok", "boolean"), ("l", {"type": "array", "items": "int"})))
    record = accepted(version, '{"temp":"1","ok":1,"l":["1","2"]}')
    assert record.headers == [
        (
            "gw-coercions",
            b"v1;m=lossless;n=4;lossy=0;/temp=string-to-number,/ok=number-to-boolean,/l/*=string-to-number",
        )
    ]
    lenient = accepted(version, '{"temp":"1","ok":true,"l":[],"fw":1}', mode=Mode.LENIENT)
    assert lenient.headers == [("gw-coercions", b"v1;m=lenient;n=2;lossy=1;/fw=unknown-dropped,/temp=string-to-number")]


def test_the_coercions_header_lists_at_most_16_paths():
    """The seventeenth path only counts."""
    made = tuple(Coercion(f"/f{n}", "string-to-number") for n in range(17))
    header = coercions_header(made, Mode.LOSSLESS).decode()
    assert header.startswith("v1;m=lossless;n=17;lossy=0;/f0=string-to-number,/f1=")
    assert header.count("=string-to-number") == 16
    assert header.endswith("/f15=string-to-number")
    assert coercions_header(made[:16], Mode.LOSSLESS).count(b"=string-to-number") == 16


def test_the_coercions_header_is_at_most_1_kib():
    """It ends behind the last path that fits whole; exactly 1024 bytes still fit."""
    start = len(b"v1;m=lenient;n=2;lossy=0;")
    fits = Coercion("/" + "a" * (1024 - start - len("/=renamed,/b=renamed")), "renamed")
    header = coercions_header((fits, Coercion("/b", "renamed")), Mode.LENIENT)
    assert len(header) == 1024
    assert header.endswith(b",/b=renamed")
    longer = Coercion(fits.path + "a", "renamed")
    shorter = coercions_header((longer, Coercion("/b", "renamed")), Mode.LENIENT)
    assert shorter.endswith(b"a=renamed")
    assert len(coercions_header((Coercion("/" + "ä" * 1000, "renamed"),), Mode.LENIENT)) == start


def test_a_path_cannot_be_taken_for_the_header_s_own_marks():
    """Comma, semicolon, equals and percent in a key are escaped; the rest stands as UTF-8."""
    header = coercions_header((Coercion("/a,b;c=d%é", "renamed"),), Mode.STRICT)
    assert header == "v1;m=strict;n=1;lossy=0;/a%2Cb%3Bc%3Dd%25é=renamed".encode()


# Framing


def test_the_prefix_is_the_schema_id():
    """``00`` and the ID, big-endian, in front of the body."""
    assert accepted(version_of("int"), "1").value == PREFIX + b"\x02"


def test_the_header_form_leaves_the_value_unframed():
    """``__value_schema_id`` is ``01`` and the GUID's bytes, in front of all other headers."""
    record = accepted(version_of("int"), '"1"', framing="header", headers={"b": "{building}"})
    assert record.value == b"\x02"
    assert record.headers is not None
    assert record.headers[0] == ("__value_schema_id", b"\x01" + bytes.fromhex(GUID.replace("-", "")))
    assert [name for name, _ in record.headers] == ["__value_schema_id", "b", "gw-coercions"]


def test_the_header_form_needs_a_guid():
    """A registry without GUIDs: refused when the route is compiled, and the way out is named."""
    with pytest.raises(SchemaError, match="framing: prefix"):
        route_of(version_of("int", guid=None), framing="header")
