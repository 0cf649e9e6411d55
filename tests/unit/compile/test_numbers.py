"""Numbers in text and in narrower types, against Python's exact arithmetic."""

from __future__ import annotations

import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.compile import numbers


@pytest.mark.parametrize(
    "text", ["0", "-0", "1", "-1.5", "1e3", "1E+3", "1e-3", "0.10", "123456789012345678901234567890"]
)
def test_the_grammar_of_json_is_taken_in_every_mode(text: str):
    """The text comes back as it is."""
    assert numbers.read_number(text, lenient=False) == text
    assert numbers.read_number(text, lenient=True) == text


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "empty"),
        ("  ", "empty"),
        (" 1", "white-space"),
        ("1\n", "white-space"),
        ("+1", "plus-sign"),
        ("01", "leading-zero"),
        ("-01", "leading-zero"),
        (".5", "bare-point"),
        ("5.", "bare-point"),
        ("1,5", "decimal_separator"),
        ("NaN", "non-finite"),
        ("-Infinity", "non-finite"),
        ("abc", "not-a-number"),
        ("1_000", "not-a-number"),
        ("0x1F", "not-a-number"),
        ("٣", "not-a-number"),
        ("１", "not-a-number"),
        ("1e", "not-a-number"),
        ("1e5.0", "not-a-number"),
        ("--1", "not-a-number"),
        ("1 2", "not-a-number"),
        ("1\u00a0", "not-a-number"),
        ("²", "not-a-number"),
    ],
)
def test_every_near_miss_has_its_hint(text: str, hint: str):
    """What is outside the grammar is refused with the reason."""
    assert numbers.read_number(text, lenient=False) is None
    assert numbers.near_miss(text) == hint


@pytest.mark.parametrize(
    ("text", "number"), [(" 1 ", 1), ("+1", 1), ("007", 7), (".5", 0.5), ("5.", 5), ("-.5", -0.5), ("\t1e3\r\n", 1000)]
)
def test_lenient_takes_more_spellings_of_the_same_number(text: str, number: float):
    """White space, plus, leading zeros and bare points."""
    assert float(numbers.read_number(text, lenient=True) or "nan") == number


@pytest.mark.parametrize("text", ["1,234", "-1,234", "12,345"])
def test_a_thousands_separator_that_could_be_a_decimal_comma_is_ambiguous(text: str):
    """Both readings are named and none is chosen."""
    assert numbers.read_number(text, lenient=True) is None
    assert set(numbers.readings(text)) == {text.replace(",", "."), text.replace(",", "")}
    assert numbers.reads_in_two_ways(text)


@pytest.mark.parametrize("text", ["1,23", "1,2345", "1,234,567", "x,234", "1.234"])
def test_a_comma_that_can_only_be_one_of_the_two_is_not_ambiguous(text: str):
    """Or not both: there is no second reading."""
    assert numbers.readings(text) == []


def test_the_declared_separator_is_the_only_one():
    """With a comma declared a point is no decimal point."""
    assert numbers.read_number("1,5", lenient=False, separator=",") == "1.5"
    assert numbers.read_number("15", lenient=False, separator=",") == "15"
    for text in ("1.5", "1.234,5", "1,2,3"):
        assert numbers.read_number(text, lenient=False, separator=",") is None


@given(st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?", fullmatch=True))
def test_a_text_is_exact_if_its_double_or_the_double_s_shortest_form_is_the_number(text: str):
    """Rule (b), by Decimal."""
    number, exact = numbers.float_of(text)
    assert number == float(text)
    if abs(number) != float("inf"):
        assert exact == (Decimal(text) in {Decimal(number), Decimal(repr(number))})


@given(st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False))
def test_every_float32_fits(single: float):
    """Exactly, and by its shortest decimal."""
    assert numbers.fits_float32(single)
    assert struct.pack("<f", numbers.shortest_float32(single)) == struct.pack("<f", single)


@given(st.floats(min_value=-3.4e38, max_value=3.4e38))
def test_a_double_fits_only_if_it_is_a_float32_or_its_shortest_decimal(number: float):
    """Rule (a): what fits is the float32 itself or at most 9 digits that read back as it."""
    single = struct.unpack("<f", struct.pack("<f", number))[0]
    if numbers.fits_float32(number):
        assert number == single or any(float(f"{single:.{digits}g}") == number for digits in range(1, 10))
    else:
        assert number != single


@pytest.mark.parametrize(
    ("text", "exponent", "beyond"),
    [("1e41", 40, True), ("1e40", 40, False), ("0e99999", 40, False), ("9e-99999", 40, False)],
)
def test_the_exponent_is_judged_without_converting(text: str, exponent: int, beyond: bool):
    """Zero has no size, whatever its exponent."""
    assert numbers.exceeds(Decimal(text), exponent) is beyond
