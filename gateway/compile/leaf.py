"""What all conversions of a single value share: its place, its rules, how it refuses, how a conversion is noted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from gateway.compile import numbers
from gateway.compile.coercions import DECIMAL_COMMA, STRING_TO_NUMBER
from gateway.compile.rules import Path, Rules
from gateway.compile.verdict import Log, Refused
from gateway.model import Code, Coercion
from gateway.notation.pointer import Pointer


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar position before it is compiled."""

    rules: Rules
    path: Path
    pointer: str = field(init=False)
    from_text: Coercion = field(init=False)
    """The most frequent conversion of all."""
    short_number: Callable[[str], int | float | None] = field(init=False)
    """Text -> the number that it plainly writes, as most do; None where it takes a closer look (``number_text``)."""

    _notes: dict[str, Coercion] = field(init=False, compare=False, default_factory=dict)
    """The conversions noted here so far, by code: a device makes the same ones in message after message."""

    def __post_init__(self) -> None:
        pointer = str(Pointer(self.path))
        object.__setattr__(self, "pointer", pointer)
        object.__setattr__(self, "from_text", Coercion(pointer, STRING_TO_NUMBER))
        plain = self.rules.decimal_separator == "."
        object.__setattr__(self, "short_number", numbers.short_number if plain else lambda _text: None)

    def note(self, log: Log, code: str) -> None:
        """Records that a value at this place was converted."""
        noted = self._notes.get(code)
        if noted is None:
            noted = self._notes[code] = Coercion(self.pointer, code)
        log.append(noted)

    def number_text(self, text: str, wanted: str, log: Log) -> str:
        """Text as a number that ``float`` and ``Decimal`` read; notes the conversion. Raises Refused."""
        rules = self.rules
        if rules.decimal_separator == "." and numbers.is_json_number(text):
            log.append(self.from_text)
            return text
        try:
            number = numbers.read_number(text, lenient=rules.lenient, separator=rules.decimal_separator)
        except numbers.NotANumber as exc:
            raise Refused(Code.INVALID_NUMBER, wanted, _NUMBER_HINTS.get(exc.hint, ""), hint=exc.hint) from None
        except numbers.Ambiguous as exc:
            readings = " or ".join(exc.readings)
            raise Refused(
                Code.AMBIGUOUS_NUMBER,
                wanted,
                f"it reads as {readings}; declare decimal_separator in the contract",
                readings=exc.readings,
            ) from None
        log.append(self.from_text)
        if rules.decimal_separator != "." and rules.decimal_separator in text:
            self.note(log, DECIMAL_COMMA)
        return number


_NUMBER_HINTS = {
    "decimal_separator": "write the decimal point as the contract's decimal_separator says, "
    'or declare the device\'s own (decimal_separator: "," or ".")',
    "empty": 'publish null, or declare null_tokens: [""] in the contract',
    "white-space": "publish it without spaces; lenient mode strips them",
    "plus-sign": "publish it without the plus sign; lenient mode takes it",
    "leading-zero": "publish it without leading zeros; lenient mode takes them",
    "bare-point": "write a digit on both sides of the point; lenient mode takes it as it is",
}


def mismatch(wanted: str, hint: str = "") -> Refused:
    """The value is of a JSON kind that cannot become the target here."""
    return Refused(Code.TYPE_MISMATCH, wanted, hint)


def refuse_null(wanted: str) -> Refused:
    """Null, where the schema has no null."""
    return Refused(
        Code.NULL_NOT_ALLOWED, wanted, 'leave the field out or make it nullable in the schema (["null", ...])'
    )


def plain_number(value: float | Decimal) -> float:
    """A JSON number with a fraction or exponent as a double: exact tokens of decimal routes included."""
    return float(value)
