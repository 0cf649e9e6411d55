"""The targets date, time-*, timestamp-*, local-timestamp-* and duration: physical integers and bytes.

Undeclared seconds in a millisecond field are refused, not stored as January 1970: an epoch number
must lie inside the window (default: the years 2000 to 2099), where its magnitude tells its unit.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from gateway.compile import datetimes, numbers
from gateway.compile.avro import binary
from gateway.compile.avro.logical_types import Logical
from gateway.compile.avro.node import Clean, Scalar
from gateway.compile.avro.numeric import SEVERAL_INTEGERS
from gateway.compile.coercions import (
    EPOCH_RESCALED,
    INTEGRAL_FLOAT_TO_INT,
    STRING_TO_DATE,
    STRING_TO_DURATION,
    STRING_TO_TIME,
    STRING_TO_TIMESTAMP,
    TIMEZONE_ASSUMED,
    TIMEZONE_DROPPED,
    TRUNCATED,
)
from gateway.compile.datetimes import NANOS_PER, BadDateTime, BadZone
from gateway.compile.leaf import Leaf, mismatch, refuse_null
from gateway.compile.verdict import NO_ADVICE, Advice, Log, Refused
from gateway.model import Code

_MOST_UINT32 = (1 << 32) - 1
_FAR_DAY = Advice("the days of the years 1 to 9999 are -719162 to 2932896")
_FAR_DAY_OR_TEXT = _FAR_DAY._replace(publish="publish it as YYYY-MM-DD")
_NO_OFFSET = Advice("a local timestamp has no offset", "publish it without one")
_ADD_OFFSET = Advice("it has no offset from UTC", "publish it with Z or an offset", "declare assume_tz in the contract")
_DURATION_FORM = Advice("the form is PnYnMnWnDTnHnMnS, never negative")


def compile_date(leaf: Leaf) -> Scalar:
    """``date``: days since 1970-01-01; lossless also ``YYYY-MM-DD``; lenient also midnight as a date-time."""
    rules, wanted = leaf.rules, "a date as days since 1970-01-01" + ("" if leaf.rules.strict else " or as YYYY-MM-DD")
    far = _FAR_DAY if rules.strict else _FAR_DAY_OR_TEXT

    def coerce(value: Any, log: Log) -> int:
        kind = type(value)
        if kind is int:
            if datetimes.DATE_MIN <= value <= datetimes.DATE_MAX:
                return int(value)
            raise Refused(Code.OUT_OF_RANGE, wanted, far, minimum=datetimes.DATE_MIN, maximum=datetimes.DATE_MAX)
        if value is None:
            raise refuse_null(wanted)
        if rules.strict or kind is not str:
            raise mismatch(wanted)
        days = from_text(value, log)
        leaf.note(log, STRING_TO_DATE)
        return days

    def from_text(text: str, log: Log) -> int:
        day = 86_400 * NANOS_PER["s"]
        try:
            return datetimes.read_date(text)
        except BadDateTime:
            if not rules.lenient:
                raise _bad_datetime(wanted, "YYYY-MM-DD") from None
        try:
            nanos, offset = datetimes.read_date_time(text, lenient=False)
        except BadDateTime:
            raise _bad_datetime(wanted, "YYYY-MM-DD") from None
        if nanos % day:
            raise _bad_datetime(wanted, "YYYY-MM-DD")
        if offset is not None:
            leaf.note(log, TIMEZONE_DROPPED)
        return nanos // day

    low, high = datetimes.DATE_MIN, datetimes.DATE_MAX
    return Scalar(wanted, coerce, binary.encode_long, _clean_integer(low, high + 1))


def compile_time(leaf: Leaf, logical: Logical) -> Scalar:
    """``time-millis`` and ``time-micros``: units since midnight; lossless also ``HH:MM:SS[.f]``."""
    rules, unit = leaf.rules, NANOS_PER[logical.unit]
    most = 86_400 * NANOS_PER["s"] // unit - 1
    wanted = f"a time of day as 0 to {most} {logical.unit} since midnight" + ("" if rules.strict else " or as HH:MM:SS")

    def coerce(value: Any, log: Log) -> int:
        kind = type(value)
        if kind is int:
            if 0 <= value <= most:
                return int(value)
            raise Refused(Code.OUT_OF_RANGE, wanted, minimum=0, maximum=most)
        if value is None:
            raise refuse_null(wanted)
        if rules.strict or kind is not str:
            raise mismatch(wanted)
        try:
            nanos = datetimes.read_time(value, lenient=rules.lenient)
        except BadDateTime:
            raise _bad_datetime(wanted, "HH:MM:SS[.f]") from None
        leaf.note(log, STRING_TO_TIME)
        return _in_unit(leaf, nanos, logical.unit, wanted, log)

    return Scalar(wanted, coerce, binary.encode_long, _clean_integer(0, most + 1))


def compile_timestamp(leaf: Leaf, logical: Logical) -> Scalar:
    """``timestamp-*`` and ``local-timestamp-*``: epoch numbers inside the window, RFC 3339 text.

    The epoch number is in the schema's unit, in the declared ``epoch_unit``, or (lenient) in the one
    unit in which it lies inside the window. Text of a local timestamp carries no offset, text of any
    other needs one.
    """
    target = _Timestamp(leaf, logical)
    clean = _clean_integer(target.first, target.end) if target.is_exclusive else None
    return Scalar(target.wanted, target.coerce, binary.encode_long, clean)


class _Timestamp:
    def __init__(self, leaf: Leaf, logical: Logical) -> None:
        self._leaf = leaf
        self._rules = leaf.rules
        self._unit = logical.unit
        self._local = logical.name.startswith("local-")
        nanos = NANOS_PER[self._unit]
        self.first, self.end = (bound // nanos for bound in leaf.rules.epoch_window)
        """The window in the schema's unit, the end exclusive: midnights, so that no unit leaves a rest."""
        declared = NANOS_PER[leaf.rules.epoch_unit or self._unit]
        low, high = (bound // declared for bound in leaf.rules.epoch_window)
        self.is_exclusive = leaf.rules.epoch_unit in {None, self._unit} or high <= self.first or self.end <= low
        """Whether an integer inside the window in the schema's unit cannot lie in it in the declared one."""
        self._form = "YYYY-MM-DDTHH:MM:SS" + ("" if self._local else "+HH:MM")
        self.wanted = f"a timestamp as {self._unit} since 1970" + ("" if leaf.rules.strict else f" or as {self._form}")

    def coerce(self, value: Any, log: Log) -> int:
        kind = type(value)
        if kind is int and self.is_exclusive and self.first <= value < self.end:
            return int(value)
        if value is None:
            raise refuse_null(self.wanted)
        if kind is int:
            return self._from_epoch(Decimal(value), log)
        if self._rules.strict or kind in {dict, list, bool}:
            raise mismatch(self.wanted)
        if kind is str:
            return self._from_text(value, log)
        return self._from_float(value, log)

    def _from_float(self, value: float | Decimal, log: Log) -> int:
        """A number with a point or an exponent: as the integer that it is, or with a fraction of its unit."""
        number = value if isinstance(value, Decimal) else Decimal(repr(value))
        whole = self._from_epoch(number, log)
        if whole == number:
            if not isinstance(value, Decimal) and abs(value) > numbers.EXACT_INTEGERS:
                raise Refused(Code.PRECISION_LOSS, self.wanted, SEVERAL_INTEGERS, nearest=int(value))
            self._leaf.note(log, INTEGRAL_FLOAT_TO_INT)
        return whole

    def _from_epoch(self, number: Decimal, log: Log, *, text: bool = False) -> int:
        read_as = self._unit_of(number, text=text)
        if read_as is None:
            raise self._outside(number)
        exact = numbers.EXACT.multiply(number, Decimal(NANOS_PER[read_as]))
        nanos = exact.to_integral_value(ROUND_FLOOR)
        whole, rest = divmod(int(nanos), NANOS_PER[self._unit])
        if rest or nanos != exact:
            if not self._rules.lenient:
                raise _finer_than(self._unit, self.wanted)
            self._leaf.note(log, TRUNCATED)
        if read_as != self._unit:
            self._leaf.note(log, EPOCH_RESCALED)
        return whole

    def _unit_of(self, number: Decimal, *, text: bool) -> str | None:
        """The unit to read the number in: the declared one, the schema's (not for text), or (lenient) the only one.

        None where it is outside the window in every allowed one.
        """
        if numbers.exceeds(number, numbers.MOST_INTEGER_EXPONENT):
            return None
        plausible = datetimes.plausible_units(number, self._rules.epoch_window)
        if self._rules.epoch_unit in plausible:
            return self._rules.epoch_unit
        if self._unit in plausible and (not text or self._rules.epoch_unit is not None):
            return self._unit
        if self._rules.lenient and len(plausible) == 1:
            return plausible[0]
        return None

    def _outside(self, number: Decimal) -> Refused:
        window = self._rules.epoch_window
        plausible = self._plausible(number)
        unit = self._rules.epoch_unit or self._unit
        return Refused(
            Code.EPOCH_OUT_OF_WINDOW,
            self.wanted,
            self._unit_advice(plausible, f"as {unit} it lies outside the epoch window", "in no unit does it"),
            unit=unit,
            window=[datetimes.format_epoch_ms(bound // NANOS_PER["ms"]) for bound in window],
            plausible_as=plausible,
        )

    def _unit_advice(self, plausible: list[str], why: str, otherwise: str) -> Advice:
        """What to do about an epoch number of another unit; ``otherwise`` goes before "lie inside the window"."""
        if not plausible:
            return Advice(f"{otherwise} lie inside the epoch window")
        if len(plausible) > 1:
            return Advice(f"{why}, it may be {' or '.join(plausible)}", declare="declare epoch_unit in the contract")
        unit = plausible[0]
        declare = f"declare epoch_unit: {unit} in the contract"
        return Advice(f"{why}, it looks like {unit}", declare=declare, tried={"epoch_unit": unit})

    def _from_text(self, text: str, log: Log) -> int:
        rules = self._rules
        written = numbers.read_number(text, lenient=rules.lenient, separator=rules.decimal_separator)
        if written is None:
            return self._from_date_time(text, log)
        number = numbers.decimal_of(written)
        if not rules.epoch_unit and not rules.lenient:
            plausible = self._plausible(number)
            raise Refused(
                Code.EPOCH_UNIT_UNDECLARED,
                self.wanted,
                self._unit_advice(plausible, "a number in text has no unit of its own", "in no unit does it"),
                plausible_as=plausible,
            )
        self._leaf.note(log, STRING_TO_TIMESTAMP)
        self._leaf.note_comma(text, log)
        return self._from_epoch(number, log, text=True)

    def _plausible(self, number: Decimal) -> list[str]:
        far = numbers.exceeds(number, numbers.MOST_INTEGER_EXPONENT)
        return [] if far else datetimes.plausible_units(number, self._rules.epoch_window)

    def _from_date_time(self, text: str, log: Log) -> int:
        try:
            wall, offset = datetimes.read_date_time(text, lenient=self._rules.lenient)
            nanos = self._to_instant(wall, offset, log)
        except BadDateTime:
            raise _bad_datetime(self.wanted, self._form) from None
        except BadZone as exc:
            raise Refused(
                Code.TIMEZONE_INVALID,
                self.wanted,
                Advice(f"daylight saving repeats or skips this wall time in {exc.zone}", "publish it with an offset"),
                problem=exc.problem,
                zone=exc.zone,
            ) from None
        self._leaf.note(log, STRING_TO_TIMESTAMP)
        return _in_unit(self._leaf, nanos, self._unit, self.wanted, log)

    def _to_instant(self, wall: int, offset: str | None, log: Log) -> int:
        """Nanoseconds since the epoch of a wall time: UTC, or the wall clock itself for a local timestamp."""
        if self._local:
            if offset is not None:
                if not self._rules.lenient:
                    raise Refused(Code.TIMEZONE_INVALID, self.wanted, _NO_OFFSET, problem="unexpected", zone=offset)
                self._leaf.note(log, TIMEZONE_DROPPED)
            return wall
        if offset is not None:
            return wall - datetimes.offset_nanos(offset)
        if self._rules.assume_tz is None and not self._rules.lenient:
            raise Refused(Code.TIMEZONE_MISSING, self.wanted, _ADD_OFFSET)
        self._leaf.note(log, TIMEZONE_ASSUMED)
        return wall - datetimes.zone_offset_nanos(wall, self._rules.assume_tz)


def _beyond_uint32(wanted: str) -> Refused:
    advice = Advice(f"months, days and milliseconds are at most {_MOST_UINT32} each")
    return Refused(Code.OUT_OF_RANGE, wanted, advice, minimum=0, maximum=_MOST_UINT32)


def compile_duration(leaf: Leaf) -> Scalar:
    """``duration``: ISO 8601 text as three unsigned little-endian 32-bit numbers: months, days, milliseconds."""
    rules, wanted = leaf.rules, "an ISO 8601 duration such as P1DT2H30M"

    def coerce(value: Any, log: Log) -> bytes:
        if value is None:
            raise refuse_null(wanted)
        if type(value) is not str or rules.strict:
            raise mismatch(wanted)
        try:
            months, days, millis, exact = datetimes.read_duration(value)
        except BadDateTime:
            raise Refused(Code.INVALID_FORMAT, wanted, _DURATION_FORM, format="duration") from None
        except OverflowError:
            raise _beyond_uint32(wanted) from None
        if max(months, days, millis) > _MOST_UINT32:
            raise _beyond_uint32(wanted)
        if not exact:
            raise _finer_than("ms", wanted)
        leaf.note(log, STRING_TO_DURATION)
        return struct.pack("<III", months, days, millis)

    return Scalar(wanted, coerce, bytes)


def _in_unit(leaf: Leaf, nanos: int, unit: str, wanted: str, log: Log) -> int:
    """Nanoseconds in the schema's unit: exact, or truncated in lenient mode."""
    whole, rest = divmod(nanos, NANOS_PER[unit])
    if rest:
        if not leaf.rules.lenient:
            raise _finer_than(unit, wanted)
        leaf.note(log, TRUNCATED)
    if not binary.LONG_MIN <= whole <= binary.LONG_MAX:
        advice = Advice(f"in {unit} it is beyond 64 bits")
        raise Refused(Code.OUT_OF_RANGE, wanted, advice, minimum=binary.LONG_MIN, maximum=binary.LONG_MAX)
    return whole


def _finer_than(unit: str, wanted: str) -> Refused:
    return Refused(Code.PRECISION_LOSS, wanted, _FINER_THAN[unit], unit=unit)


def _without_digits_below(unit: str) -> Callable[[Any], list[Any]]:
    return lambda value: [datetimes.cut_fraction(value, unit)] if type(value) is str else []


_FINER_THAN = {
    unit: Advice(f"digits below 1 {unit} would be lost", "publish it without them", propose=_without_digits_below(unit))
    for unit in NANOS_PER
}


def _bad_datetime(wanted: str, form: str) -> Refused:
    return Refused(Code.INVALID_DATETIME, wanted, NO_ADVICE, format=form)


def _clean_integer(first: int, end: int) -> Clean:
    test = f"type({{x}}) is int and {first} <= {{x}} < {end}"
    return Clean(test, "{encode_long}({x})", {"encode_long": binary.encode_long})
