"""Lines that repeat are counted."""

from __future__ import annotations

from typing import Any

import pytest
from structlog import DropEvent

from gateway.admin.repeats import MOST_LINES, Repeats


class Time:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def repeats(time: Time) -> Repeats:
    return Repeats(30.0, time)


def written(repeats: Repeats, **event: Any) -> dict[str, Any] | None:
    """The event as it is written, None if it is only counted."""
    try:
        return dict(repeats(None, "", {"level": "warning", "event": "slow", **event}))
    except DropEvent:
        return None


def test_the_same_warning_is_written_once_in_an_interval(repeats: Repeats, time: Time):
    """The next one that is written says how many were left out; then the count begins anew."""
    plain = {"level": "warning", "event": "slow"}
    seen = []
    for now in (100, 101, 129.9, 130, 131, 160, 190, 220.5):
        time.now = now
        seen.append(written(repeats))
    assert seen == [plain, None, None, {**plain, "suppressed": 2}, None, {**plain, "suppressed": 1}, plain, plain]


@pytest.mark.parametrize("level", ["debug", "info", "error", "critical"])
def test_other_levels_are_always_written(repeats: Repeats, level: str):
    """An error of our own is never left out, and what is milder repeats by intent, a library's too."""
    event = "slow" if level in {"error", "critical"} else "library_message"
    assert written(repeats, level=level, event=event) == written(repeats, level=level, event=event) is not None


def test_another_subject_is_another_warning(repeats: Repeats):
    """Fields say what a warning is about: pump1 is not pump2."""
    assert written(repeats, event="other")
    assert written(repeats, subject="pump1")
    assert written(repeats, subject="pump2")
    assert written(repeats, subject="pump1") is None
    assert written(repeats, subject="pump1", topic="t")


def test_other_numbers_are_the_same_warning(repeats: Repeats):
    """Reasons that carry durations or ports, and counts; and whatever the details are."""
    assert written(repeats, reason="no answer for 3 s", timestamp="1", failures=1, detail="port 1")
    assert written(repeats, reason="no answer for 7 s", timestamp="2", failures=2, detail="another one") is None


def test_another_reason_is_another_warning(repeats: Repeats):
    """The broker is up again and refuses the password: that must not hide behind "connection refused"."""
    assert written(repeats, reason="connection refused")
    assert written(repeats, reason="not authorized")
    assert written(repeats, reason="connection refused") is None


def test_a_librarys_words_count_without_their_numbers(repeats: Repeats):
    """Its lines have no names, so the words tell them apart."""
    line = {"event": "library_message", "logger": "librdkafka"}
    assert written(repeats, **line, message="broker 1: refused after 3 ms")
    assert written(repeats, **line, message="broker 1: refused after 21 ms") is None
    assert written(repeats, **line, message="broker 1: unknown host")
    assert written(repeats, event="library_message", logger="asyncio", message="broker 1: refused after 3 ms")


@pytest.mark.parametrize("level", ["error", "critical"])
def test_what_a_library_calls_an_error_is_counted_too(repeats: Repeats, level: str):
    """It is one for librdkafka each time that it finds no broker, for as long as Kafka is away."""
    line = {"level": level, "event": "library_message", "logger": "gateway.kafka.topics"}
    assert written(repeats, **line, message="Connect to ipv4#127.0.0.1:9092 failed: refused (after 0ms)")
    assert written(repeats, **line, message="Connect to ipv4#127.0.0.1:9092 failed: refused (after 2ms)") is None


def test_memory_is_bounded(repeats: Repeats):
    """Beyond the bound the oldest is forgotten, and written again when it comes back."""
    for number in range(MOST_LINES + 1):
        assert written(repeats, topic=str(number))
    assert written(repeats, topic=str(MOST_LINES)) is None
    assert written(repeats, topic="1") is None
    assert written(repeats, topic="0")
