"""Numbers as people read them."""

from __future__ import annotations

import pytest

from gateway.admin.wording import count, duration, share


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.0025, "2.5 ms"),
        (0.125, "125 ms"),
        (0.9996, "1 s"),
        (1, "1 s"),
        (12.34, "12.3 s"),
        (59.99, "60 s"),
        (60, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (93_784.5, "1 d 2 h"),
    ],
)
def test_durations_have_the_two_units_that_matter(seconds, words):
    """Below a minute three digits are enough."""
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [(0, 0, ""), (0, 9, "0.0 %"), (1, 100_000, "< 0.1 %"), (1, 11, "9.1 %"), (7, 7, "100.0 %")],
)
def test_little_is_never_nothing(part, whole, words):
    """A share above zero does not read as zero."""
    assert share(part, whole) == words


def test_thousands_are_apart():
    """By a thin space that does not break."""
    assert count(1234567) == "1\u202f234\u202f567"
