"""Dates and times, against Python's own calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.compile import datetimes

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _nanos(moment: datetime) -> int:
    passed = moment - EPOCH
    return ((passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds) * 1_000


@given(st.dates())
def test_a_date_is_its_number_of_days(day: date):
    """Years 1 to 9999."""
    days = datetimes.read_date(day.isoformat())
    assert days == (day - date(1970, 1, 1)).days
    assert datetimes.DATE_MIN <= days <= datetimes.DATE_MAX


@given(st.times())
def test_a_time_is_its_nanoseconds(moment: time):
    """With and without a fraction."""
    nanos = ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 10**9 + moment.microsecond * 1000
    assert datetimes.read_time(moment.isoformat(), lenient=False) == nanos


@given(
    st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 31)),  # noqa: DTZ001 - wall times
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
    st.sampled_from(["T", "t", " "]),
)
def test_a_date_time_is_its_instant(wall: datetime, minutes: int, separator: str):
    """With any offset, in each of its spellings."""
    sign, rest = ("-" if minutes < 0 else "+"), abs(minutes)
    moment = wall.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    offsets = [f"{sign}{rest // 60:02}:{rest % 60:02}", f"{sign}{rest // 60:02}{rest % 60:02}"]
    if rest % 60 == 0:
        offsets.append(f"{sign}{rest // 60:02}")
    if minutes == 0:
        offsets += ["Z", "z"]
    for spelled in offsets:
        nanos, offset = datetimes.read_date_time(wall.isoformat(separator) + spelled, lenient=False)
        assert offset == spelled
        assert nanos - datetimes.offset_nanos(offset) == _nanos(moment)


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01",
        "20240101T000000Z",
        "2024-W01-1T00:00:00Z",
        "2024-001T00:00:00Z",
        "2024-01-01T00:00Z",
        "2024-01-01T00:00:00,5Z",
        "2024-01-01T00:00:00.Z",
        "2024-01-01T00:00:00.1234567890Z",
        "2024-01-01_00:00:00Z",
        "2024-01-01T00:00:60Z",
        "2024-01-01T24:00:00Z",
        "0000-01-01T00:00:00Z",
        "2024-02-30T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "-2024-01-01T00:00:00Z",
        "２０２４-01-01T00:00:00Z",
        "2024-01-01T00:00:00+1",
        "2024-01-01T00:00:00 Z",
        "2024-01-01T00:00:00Z\n",
        "",
    ],
)
def test_what_python_would_take_and_the_grammar_does_not_is_refused(text: str):
    """Basic format, week dates, odd separators, leap seconds, too many digits."""
    with pytest.raises(datetimes.BadDateTime):
        datetimes.read_date_time(text, lenient=False)


@pytest.mark.parametrize("offset", ["+24:00", "-24:00", "+00:60", "+99", "+0\u0663:00", "+00:0\u0663"])
def test_an_offset_of_a_day_or_more_is_none(offset: str):
    """Hours below 24, minutes below 60, ASCII digits: else the text is no date-time, nor another spelling of a day."""
    for lenient in (False, True):
        with pytest.raises(datetimes.BadDateTime):
            datetimes.read_date_time(f"2024-01-01T00:00:00{offset}", lenient=lenient)
    assert not list(datetimes.spellings(f"2024-01-01T00:00:00{offset}"))


@given(st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2035, 1, 1)))  # noqa: DTZ001 - wall times
def test_a_wall_time_of_a_zone_has_one_instant_or_is_refused(wall: datetime):
    """Berlin: what comes back is the same wall time; the hours that are repeated or skipped are refused."""
    zone = ZoneInfo("Europe/Berlin")
    nanos = _nanos(wall.replace(tzinfo=UTC))
    try:
        offset = datetimes.zone_offset_nanos(nanos, zone)
    except datetimes.BadZone:
        assert wall.replace(tzinfo=zone, fold=0).utcoffset() != wall.replace(tzinfo=zone, fold=1).utcoffset()
    else:
        instant = EPOCH + timedelta(microseconds=(nanos - offset) // 1000)
        assert instant.astimezone(zone).replace(tzinfo=None) == wall.replace(microsecond=wall.microsecond)


@pytest.mark.parametrize("wall", ["0001-01-01T00:00:00", "9999-12-31T23:59:59"])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "Europe/Amsterdam"])
def test_the_ends_of_the_calendar_have_an_offset(wall: str, zone: str):
    """No overflow where the zone's own rules begin and end."""
    nanos, _ = datetimes.read_date_time(wall, lenient=False)
    assert abs(datetimes.zone_offset_nanos(nanos, ZoneInfo(zone))) < 86_400 * 10**9


@given(st.integers(946_684_800, 4_102_444_799))
def test_a_number_inside_the_window_has_one_unit(seconds: int):
    """In s, ms, us and ns the default window gives four ranges that do not touch."""
    window = datetimes.window_nanos(date(2000, 1, 1), date(2100, 1, 1))
    for power, unit in enumerate(("s", "ms", "us", "ns")):
        assert datetimes.plausible_units(Decimal(seconds) * 1000**power, window) == [unit]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("P1Y", (12, 0, 0, True)),
        ("P1M", (1, 0, 0, True)),
        ("PT1M", (0, 0, 60_000, True)),
        ("P1W", (0, 7, 0, True)),
        ("P1Y2M3W4DT5H6M7.008S", (14, 25, 18_367_008, True)),
        ("PT0.0005S", (0, 0, 0, False)),
        ("P0D", (0, 0, 0, True)),
    ],
)
def test_a_duration_is_months_days_and_milliseconds(text: str, value: tuple[int, int, int, bool]):
    """M before T is a month, behind it a minute; digits below a millisecond are told."""
    assert datetimes.read_duration(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1", "1D", "P1DT", "-P1D", "P-1D", "P1.5D", "PT1,5S", "P1S", "PT1D", "P1D1Y", "p1d", "P1D "],
)
def test_what_is_no_duration_is_refused(text: str):
    """Empty, negative, out of order, fractions elsewhere than in seconds."""
    with pytest.raises(datetimes.BadDateTime):
        datetimes.read_duration(text)


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
    ],
)
def test_an_epoch_is_written_as_rfc_3339(milliseconds: int, text: str):
    """UTC, always with milliseconds."""
    assert datetimes.format_epoch_ms(milliseconds) == text


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1970-01-01T00:00:01Z", 1000),
        ("1970-01-01T00:00:00.0019Z", 1),
        ("1970-01-01 02:00:00+02:00", 0),
        ("1969-12-31T23:00:00-01:00", 0),
        ("1969-12-31T23:59:59.9999Z", -1),
        ("2026-05-28T20:26:40", None),
    ],
)
def test_an_instant_is_milliseconds_whatever_its_offset(text: str, milliseconds: int | None) -> None:
    """Whole ones, counted towards the past; without an offset there is none."""
    assert datetimes.instant_ms(text) == milliseconds


@pytest.mark.parametrize(
    "text", ["2026-05-28", "2026-05-28T20:26Z", "20260528T202640Z", "2026-05-28T20:26:40,5Z", "now"]
)
def test_what_is_no_instant(text: str) -> None:
    """No wider than RFC 3339."""
    with pytest.raises(datetimes.BadDateTime):
        datetimes.instant_ms(text)
