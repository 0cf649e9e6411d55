"""Moments as people type them."""

import pytest

from gateway.cli.moment import read_moment

NOW = 1_700_000_000_000


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("0s", NOW),
        ("30s", NOW - 30_000),
        ("10m", NOW - 600_000),
        ("2h", NOW - 7_200_000),
        ("1d", NOW - 86_400_000),
        ("1w", NOW - 604_800_000),
        ("999999999w", 0),
        ("2023-11-14T22:13:20Z", NOW),
        ("2023-11-14 23:13:20.5+01:00", NOW + 500),
        ("1969-12-31T23:59:59Z", 0),
    ],
)
def test_moments(text: str, moment: int) -> None:
    """So long ago, or a time with its offset; never before 1970."""
    assert read_moment(text, NOW) == moment


@pytest.mark.parametrize("text", ["", "10", "m", "10 m", "-1h", "1.5h", "10M", "٣m", "yesterday", "2023-11-14", "now"])
def test_what_is_no_moment(text: str) -> None:
    """The message quotes it and shows what to write."""
    with pytest.raises(ValueError, match=r"is no time: write 30s, 10m"):
        read_moment(text, NOW)


def test_a_time_without_offset_is_no_moment() -> None:
    """It could be anywhere."""
    with pytest.raises(ValueError, match="time zone"):
        read_moment("2023-11-14T22:13:20", NOW)
