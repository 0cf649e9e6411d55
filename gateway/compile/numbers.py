"""Numbers in text, and numbers that may lose something on their way into a narrower type.

Python's own parsers are too lax to decide what is a number: ``int()`` takes ``1_000``, `` 12 `` and
Arabic digits, ``float("1e400")`` is infinite. Text is gated by the ASCII grammars below first, and
its exponent is bounded before anything is converted: ``int(Decimal("1e1000000"))`` takes 26 s.
"""

from __future__ import annotations

import re
import struct
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, InvalidOperation

FLT_MAX = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]
EXACT_INTEGERS = (1 << 53) - 1
"""Up to here every integer is a double, and every integral double one integer [RFC 7493]."""
MOST_INTEGER_EXPONENT = 40
"""Powers of ten above which text cannot be an Avro integer; checked before converting."""
MOST_EXPONENT = 400
"""Powers of ten above which text cannot be a double, nor a useful decimal."""

EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
"""For products and shifts that must not round; never for a quotient, which need not end."""

MOST_TEXT_BITS = 12_000
"""Of an integer that is turned into text: Python refuses more than 4300 digits."""

_FAR = 999_999
"""An exponent far beyond every limit, and small enough to compute with."""

is_json_number = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch
"""Whether a text is a number by RFC 8259."""
_SHORT_NUMBER = re.compile(r"(?:0|-?[1-9][0-9]*|-0(?=\.))(\.[0-9]+)?").fullmatch
"""Without -0, which is no integer's own spelling."""
_MOST_SHORT = 15
"""Characters of a short number: so many digits every double keeps (DBL_DIG of C), and none of them is an exponent."""
_LENIENT_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?").fullmatch
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:[.,][0-9]{3})+").fullmatch
_NON_FINITE = frozenset(sign + name for sign in ("", "+", "-") for name in ("nan", "inf", "infinity"))
_WHITE_SPACE = " \t\r\n"

_FLOAT32 = struct.Struct("<f")


def read_number(text: str, *, lenient: bool, separator: str = ".") -> str | None:
    """The text as a number that ``float`` and ``Decimal`` read alike; None for what is none.

    The RFC 8259 grammar; lenient also strips white space and takes ``+``, leading zeros, ``.5`` and
    ``5.``. ``separator`` is the declared decimal separator.
    """
    candidate = text
    if separator != ".":
        if "." in candidate:
            return None
        candidate = candidate.replace(separator, ".")
    if is_json_number(candidate):
        return candidate
    if lenient and _LENIENT_NUMBER(stripped := candidate.strip(_WHITE_SPACE)):
        return stripped
    return None


def readings(text: str, separator: str = ".") -> list[str]:
    """The two numbers that a text reads as where its one other separator may be that of decimals or of thousands."""
    other = "," if separator == "." else "."
    text = text.strip(_WHITE_SPACE)
    if other not in text or text.count(other) > 1 or not _THOUSANDS(text):
        return []
    return [text.replace(other, "."), text.replace(other, "")]


def near_miss(text: str, separator: str = ".") -> str:
    """What keeps a text from being a number: a hint such as ``leading-zero``."""
    if ("," if separator == "." else ".") in text:
        return "decimal_separator"
    if not text.strip(_WHITE_SPACE):
        return "empty"
    if text != text.strip(_WHITE_SPACE):
        return "white-space"
    if is_non_finite(text):
        return "non-finite"
    if _LENIENT_NUMBER(text):
        if text[0] == "+":
            return "plus-sign"
        return "leading-zero" if text.lstrip("-")[0] == "0" else "bare-point"
    return "not-a-number"


def short_number(text: str) -> int | float | None:
    """The number that a short text plainly writes, with a point as a double; None where it takes a closer look.

    Up to 15 characters without an exponent: the double's shortest form is the number written.
    """
    if len(text) > _MOST_SHORT:
        return None
    plain = _SHORT_NUMBER(text)
    if plain is None:
        return None
    return int(text) if plain.lastindex is None else float(text)


def reads_in_two_ways(text: str) -> bool:
    """Whether a comma or point in the text may separate decimals or thousands: ``1,234``."""
    return _THOUSANDS(text.strip(_WHITE_SPACE)) is not None


def plain_integer(text: str) -> int | None:
    """The integer that a text of the grammar writes with a sign and digits alone; None for more than 40 of them."""
    if len(text) <= MOST_INTEGER_EXPONENT and text.lstrip("+-").isdecimal():
        return int(text)
    return None


def decimal_of(text: str) -> Decimal:
    """The number that a text of the grammar writes, exactly, as far as ``Decimal`` reaches.

    Beyond that (an exponent of 19 digits) a number of the same sign that is as huge or as tiny for every purpose.
    """
    try:
        return Decimal(text)
    except InvalidOperation:
        mantissa, _, exponent = text.lower().partition("e")
        if not Decimal(mantissa):
            return Decimal(0)
        sign = "-" if mantissa.startswith("-") else ""
        return Decimal(f"{sign}1E{'-' if exponent.startswith('-') else ''}{_FAR}")


def is_non_finite(text: str) -> bool:
    """Whether the text is a spelling of NaN or an infinity."""
    return text.lower() in _NON_FINITE


def exceeds(number: Decimal, exponent: int) -> bool:
    """Whether the number has more than ``exponent`` digits before its point; costs nothing."""
    return bool(number) and number.adjusted() > exponent


def float_of(text: str) -> tuple[float, bool]:
    """``(nearest double, exact)`` of a number text; infinite where it overflows.

    Exact: the double's own value, or its shortest decimal form, is the number written.
    """
    number = float(text)
    if repr(number) == text:
        return number, True
    written = decimal_of(text)
    return number, Decimal(repr(number)) == written or Decimal(number) == written


def fits_float32(number: float) -> bool:
    """Whether a finite double within range is a float32, or the shortest decimal of one (23.4)."""
    single = to_float32(number)
    return single == number or shortest_float32(single) == number


def to_float32(number: float) -> float:
    """The nearest 32-bit float of a double within range, as a double."""
    single: float = _FLOAT32.unpack(_FLOAT32.pack(number))[0]
    return single


def shortest_float32(single: float) -> float:
    """The double nearest to the shortest decimal that reads back as the float32 ``single``."""
    for digits in range(1, 9):
        decimal = float(f"{single:.{digits}g}")
        if abs(decimal) <= FLT_MAX and to_float32(decimal) == single:
            return decimal
    return float(f"{single:.9g}")
