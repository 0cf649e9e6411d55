"""Dates and times in text and as epoch numbers, converted to integers without rounding by accident.

Gated by ASCII regular expressions, because ``datetime.fromisoformat`` takes ``20240131``, week dates
and any separator, and drops digits beyond microseconds. All arithmetic is on integers: nanoseconds
since the epoch for instants, nanoseconds since midnight for times of day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from gateway.compile.numbers import EXACT

NANOS_PER: Mapping[str, int] = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
"""Nanoseconds in one of each epoch unit."""

DATE_MIN, DATE_MAX = -719162, 2932896
"""Days since 1970-01-01 of the years 1 to 9999."""

_EPOCH = date(1970, 1, 1).toordinal()
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})").fullmatch
_TIME = re.compile(r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?").fullmatch
_SHORT_TIME = re.compile(r"([0-9]{2}):([0-9]{2})").fullmatch
_OFFSET = r"(Z|z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)?"
"""Below a day [RFC 3339, 5.6]: one that is none makes the whole text none, also where it would only be dropped."""
_DATE_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?" + _OFFSET,
).fullmatch
_LOOSE_DATE_TIME = re.compile(
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})[Tt ]([0-9]{2}):?([0-9]{2})(?::?([0-9]{2})(?:[.,]([0-9]{1,9}))?)?" + _OFFSET,
).fullmatch
_FRACTION = re.compile(r"[.,][0-9]+")
_DURATION = re.compile(
    r"(-)?P(?:([0-9]+)Y)?(?:([0-9]+)M)?(?:([0-9]+)W)?(?:([0-9]+)D)?"
    r"(?:T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:\.([0-9]{1,9}))?S)?)?",
).fullmatch


class BadDateTime(ValueError):
    """Text that is no date or time in the accepted grammar."""


class BadZone(ValueError):
    """A wall time that its zone repeats or skips, or an offset where none may be."""

    def __init__(self, problem: str, zone: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.zone = zone


def days_of(year: str, month: str, day: str) -> int:
    """Days since 1970-01-01. Raises BadDateTime where there is no such day, and for year 0."""
    try:
        return date(int(year), int(month), int(day)).toordinal() - _EPOCH
    except ValueError as exc:
        raise BadDateTime(str(exc)) from exc


def read_date(text: str) -> int:
    """Days since 1970-01-01 of ``YYYY-MM-DD``. Raises BadDateTime."""
    match = _DATE(text)
    if match is None:
        raise BadDateTime("not YYYY-MM-DD")
    return days_of(*match.groups())


def read_time(text: str, *, lenient: bool) -> int:
    """Nanoseconds since midnight of ``HH:MM:SS[.f]``, lenient also ``HH:MM``. Raises BadDateTime."""
    match = _TIME(text) or (_SHORT_TIME(text) if lenient else None)
    if match is None:
        raise BadDateTime("not HH:MM:SS")
    hour, minute, *rest = match.groups()
    second, fraction = rest or ("00", None)
    return _nanos_of_day(hour, minute, second, fraction)


def _nanos_of_day(hour: str, minute: str, second: str | None, fraction: str | None) -> int:
    hours, minutes, seconds = int(hour), int(minute), int(second or 0)
    if hours > 23 or minutes > 59 or seconds > 59:
        raise BadDateTime("no such time of day")
    return ((hours * 60 + minutes) * 60 + seconds) * NANOS_PER["s"] + int((fraction or "0").ljust(9, "0"))


def read_date_time(text: str, *, lenient: bool) -> tuple[int, str | None]:
    """``(nanoseconds of the wall clock since 1970-01-01T00:00, offset as written or None)``.

    ``YYYY-MM-DD(T|t|space)HH:MM:SS[.f](Z|z|+HH:MM|+HHMM|+HH)``; lenient adds the basic format, missing
    seconds and a comma before the fraction. Leap seconds, 24:00, year 0 and offsets of a day or more are refused:
    BadDateTime.
    """
    match = _DATE_TIME(text) or (_LOOSE_DATE_TIME(text) if lenient else None)
    if match is None:
        raise BadDateTime("not an RFC 3339 date-time")
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    nanos = days_of(year, month, day) * 86_400 * NANOS_PER["s"]
    return nanos + _nanos_of_day(hour, minute, second, fraction), offset


def spellings(text: str) -> Iterator[str]:
    """The same moment, day or time of day as RFC 3339 writes it; nothing for text that reads as none."""
    short = _SHORT_TIME(text)
    if short is not None:
        yield f"{text}:00"
    match = _LOOSE_DATE_TIME(text)
    if match is None:
        return
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    point = f".{fraction}" if fraction else ""
    yield f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{point}{offset or ''}"
    if int(hour + minute + (second or "0") + (fraction or "0")) == 0:
        yield f"{year}-{month}-{day}"


def cut_fraction(text: str, unit: str) -> str:
    """The text with no more digits of a second's fraction than ``unit`` has."""
    digits = {"ms": 3, "us": 6, "ns": 9}[unit]
    return _FRACTION.sub(lambda found: found.group()[: digits + 1], text)


def instant_ms(text: str) -> int | None:
    """Milliseconds since 1970 UTC of a date-time, None for one without an offset. Raises BadDateTime."""
    wall, offset = read_date_time(text, lenient=False)
    return None if offset is None else (wall - offset_nanos(offset)) // NANOS_PER["ms"]


def offset_nanos(offset: str) -> int:
    """Nanoseconds east of UTC of an offset that ``read_date_time`` found; ``Z`` has no digits."""
    digits = offset[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    return (1 if offset[0] == "+" else -1) * (hours * 60 + minutes) * 60 * NANOS_PER["s"]


def zone_offset_nanos(wall_nanos: int, zone: ZoneInfo | None) -> int:
    """Nanoseconds east of UTC at a wall time of ``zone``, 0 without one. Raises BadZone for one repeated or skipped."""
    seconds = wall_nanos // NANOS_PER["s"]
    wall = datetime(1970, 1, 1) + timedelta(seconds=seconds)  # noqa: DTZ001 - a wall time, on purpose
    early, late = (wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if early.utcoffset() != late.utcoffset():
        raise BadZone("ambiguous", str(zone))
    offset = early.utcoffset()
    return int((offset or timedelta()).total_seconds()) * NANOS_PER["s"]


def window_nanos(start: date, end: date) -> tuple[int, int]:
    """The two dates as nanoseconds since the epoch, midnight UTC; the end is exclusive."""
    day = 86_400 * NANOS_PER["s"]
    return (start.toordinal() - _EPOCH) * day, (end.toordinal() - _EPOCH) * day


def plausible_units(number: Decimal, window: tuple[int, int]) -> list[str]:
    """The epoch units in which the number lies inside the window; at most one for the default window."""
    return [
        unit for unit, nanos in NANOS_PER.items() if window[0] <= EXACT.multiply(number, Decimal(nanos)) < window[1]
    ]


def read_duration(text: str) -> tuple[int, int, int, bool]:
    """``(months, days, milliseconds, exact)`` of an ISO 8601 duration. Raises BadDateTime.

    Years are 12 months and weeks 7 days; exact is False where digits below a millisecond are lost.
    """
    match = _DURATION(text)
    if match is None or text[-1] in "PT":
        raise BadDateTime("not an ISO 8601 duration PnYnMnWnDTnHnMn.nS")
    sign, *parts, fraction = match.groups()
    if sign:
        raise BadDateTime("negative")
    if any(len((part or "").lstrip("0")) > 12 for part in parts):
        raise OverflowError
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in parts)
    nanos = int((fraction or "0").ljust(9, "0"))
    millis = ((hours * 60 + minutes) * 60 + seconds) * 1000 + nanos // NANOS_PER["ms"]
    return years * 12 + months, weeks * 7 + days, millis, nanos % NANOS_PER["ms"] == 0


def format_epoch_ms(milliseconds: int) -> str:
    """RFC 3339 in UTC, with milliseconds; the number itself where no calendar reaches."""
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return f"{milliseconds} ms"
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
