"""The log says once that messages have stopped to flow and why, and once that they flow again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from structlog.testing import capture_logs

from gateway.admin.repeats import Repeats
from gateway.pipeline.overview import Reason
from gateway.service.readiness_log import ReadinessLog

DOWN = Reason("kafka_not_ready", "no broker answers")
STARTING = Reason("starting", "it has just started")
STALLED = Reason("acknowledgements_stalled", "the oldest message has waited")


class Time:
    """A clock that is set."""

    now = 0.0

    def monotonic(self) -> float:
        """Seconds."""
        return self.now

    def now_ms(self) -> int:
        """Nobody asks for it."""
        raise AssertionError


def told(*looks: Sequence[Reason]) -> list[dict[str, Any]]:
    """What the log has after looks at these reasons, a second apart, the first one a second after the start."""
    time = Time()
    log = ReadinessLog(time)
    with capture_logs() as lines:
        for time.now, reasons in enumerate(looks, 1):
            log.look(reasons)
    return [dict(line) for line in lines]


def codes(lines: list[dict[str, Any]]) -> list[str]:
    """The reasons of each line; empty for "ready"."""
    return [line.get("reasons", "") for line in lines]


def test_the_first_readiness_is_told() -> None:
    """With how long the start has taken; that it starts is no news, nor is what goes on."""
    assert told([STARTING], [STARTING], [STARTING], [], [], [], []) == [
        {"event": "ready", "after_s": 4.0, "log_level": "info"}
    ]


def test_an_outage_is_two_lines() -> None:
    """However long it lasts: what it is, and how long it was."""
    assert told([], [], [DOWN], [DOWN], [DOWN], [DOWN], [], [], [])[1:] == [
        {"event": "not_ready", "reasons": "kafka_not_ready", "detail": "no broker answers", "log_level": "error"},
        {"event": "ready", "after_s": 4.0, "log_level": "info"},
    ]


def test_another_reason_is_another_line() -> None:
    """Also one that joins the first; the other words of the same reason are none. The outage is one."""
    both = [DOWN, STALLED]
    lines = told([DOWN], [DOWN], both, both, [DOWN, Reason(STALLED.code, "and waits")], [], [])
    assert codes(lines) == ["kafka_not_ready", "kafka_not_ready, acknowledgements_stalled", ""]
    assert lines[1]["detail"] == f"{DOWN.detail}; {STALLED.detail}"
    assert lines[2]["after_s"] == 5.0


def test_what_the_next_look_does_not_confirm_is_not_told() -> None:
    """A short outage, a short recovery, a reason that another one follows at once."""
    assert codes(told([], [], [DOWN], [], [])) == [""]
    assert codes(told([DOWN], [DOWN], [], [DOWN], [DOWN])) == [DOWN.code]
    assert codes(told([DOWN], [STALLED], [STALLED])) == [STALLED.code]


def test_the_same_outage_again_is_told_again() -> None:
    """It is another one, however soon."""
    assert codes(told([DOWN], [DOWN], [], [], [DOWN], [DOWN])) == [DOWN.code, "", DOWN.code]


def test_no_line_is_left_out_as_a_repetition() -> None:
    """The last line is what holds now."""
    limit = Repeats(30, lambda: 0.0)
    for line in told([DOWN], [DOWN], [], [], [DOWN], [DOWN]):
        assert limit(None, "", {"level": line.pop("log_level"), **line})
