"""What all conversions of a single value share: its place, its rules, how it refuses, how a conversion is noted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from gateway.compile import numbers
from gateway.compile.coercions import DECIMAL_COMMA, STRING_TO_NUMBER
from gateway.compile.rules import Path, Rules
from gateway.compile.sentence import in_json
from gateway.compile.verdict import NO_ADVICE, Advice, Log, Refused
from gateway.model import Code, Coercion
from gateway.notation.pointer import Pointer


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar position before it is compiled."""

    rules: Rules
    path: Path
    nullable: bool = False
    """Whether null is a value of this place too."""
    pointer: str = field(init=False)
    from_text: Coercion = field(init=False)
    """The most frequent conversion of all."""
    short_number: Callable[[str], int | float | None] = field(init=False)
    """Text -> the number that it plainly writes, as most do; None where it takes a closer look (``read_number``)."""

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
        number = self.read_number(text, log)
        if number is None:
            raise self.no_number(text, wanted)
        return number

    def read_number(self, text: str, log: Log) -> str | None:
        """As ``number_text``; None for what is no number."""
        rules = self.rules
        if rules.decimal_separator == ".":
            if numbers.is_json_number(text):
                log.append(self.from_text)
                return text
            if not rules.lenient:
                return None
        number = numbers.read_number(text, lenient=rules.lenient, separator=rules.decimal_separator)
        if number is not None:
            log.append(self.from_text)
            self.note_comma(text, log)
        return number

    def note_comma(self, text: str, log: Log) -> None:
        """Records that a number in text was read with a decimal comma, if it has one."""
        separator = self.rules.decimal_separator
        if separator != "." and separator in text:
            self.note(log, DECIMAL_COMMA)

    def no_number(self, text: str, wanted: str) -> Refused:
        """Why ``read_number`` makes nothing of a text."""
        if self.rules.lenient:
            found = numbers.readings(text, self.rules.decimal_separator)
            if found:
                advice = _AMBIGUOUS._replace(why=f"it reads as {' or '.join(found)}")
                return Refused(Code.AMBIGUOUS_NUMBER, wanted, advice, readings=found)
        return NotANumber(text, wanted, self)


class NotANumber(Refused):
    """Text that is no number; what keeps it from being one is looked for when the refusal is told."""

    __slots__ = ("_leaf", "_text")

    def __init__(self, text: str, wanted: str, leaf: Leaf) -> None:
        super().__init__(Code.INVALID_NUMBER, wanted)
        self._text = text
        self._leaf = leaf

    def told(self) -> Refused:
        """The refusal with the hint, and what to do about it."""
        hint = numbers.near_miss(self._text, self._leaf.rules.decimal_separator)
        return Refused(self.code, self.expected, self._advice_on(hint), hint=hint)

    def _advice_on(self, hint: str) -> Advice:
        if hint == "decimal_separator":
            advice = _COMMA if self._leaf.rules.decimal_separator == "." else _POINT
            return advice._replace(why=_TWO_READINGS) if numbers.reads_in_two_ways(self._text) else advice
        if hint not in {"empty", "non-finite"} and self._text != "null":
            return NO_ADVICE
        if not self._leaf.nullable:
            return Advice(publish="publish a number", declare=ALLOW_NULL)
        option = "non_finite: null" if hint == "non-finite" else f"null_tokens: [{in_json(self._text)}]"
        return Advice(publish="publish null", declare=f"declare {option} in the contract")


_AMBIGUOUS = Advice(publish="publish it as a JSON number", declare="declare decimal_separator in the contract")
_TWO_READINGS = "its separator may be that of decimals or of thousands"
_COMMA = Advice(declare='declare decimal_separator: "," in the contract', tried={"decimal_separator": ","})
_POINT = Advice(declare='declare decimal_separator: "." in the contract', tried={"decimal_separator": "."})
ALLOW_NULL = "let the schema allow null here"

_NO_NULL = Advice(publish="publish a value", declare=ALLOW_NULL)


def mismatch(wanted: str, advice: Advice = NO_ADVICE) -> Refused:
    """The value is of a JSON kind that cannot become the target here."""
    return Refused(Code.TYPE_MISMATCH, wanted, advice)


def refuse_null(wanted: str) -> Refused:
    """Null, where the schema has no null."""
    return Refused(Code.NULL_NOT_ALLOWED, wanted, _NO_NULL)


def plain_number(value: float | Decimal) -> float:
    """A JSON number with a fraction or exponent as a double: exact tokens of decimal routes included."""
    return float(value)
