"""The log says once that messages have stopped to flow and why, and once that they flow again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from structlog.testing import capture_logs

from gateway.pipeline.overview import Reason
from gateway.service.readiness_log import ReadinessLog

DOWN = Reason("kafka_not_ready", "no broker answers")
STALLED = Reason("acknowledgements_stalled", "the oldest message has waited")


class Seconds:
    """A clock that goes on by a second with each reading."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        """Seconds."""
        self._now += 1
        return self._now

    def now_ms(self) -> int:
        """Nobody asks for it."""
        raise AssertionError


def told(*looks: Sequence[Reason]) -> list[dict[str, Any]]:
    """What the log has after looks at these reasons, a second apart; the gateway was ready before."""
    log = ReadinessLog(Seconds())
    log.look(())
    with capture_logs() as lines:
        for reasons in looks:
            log.look(reasons)
    return [dict(line) for line in lines]


def test_the_first_readiness_is_told() -> None:
    """With how long the start has taken; what goes on is not told again."""
    log = ReadinessLog(Seconds())
    with capture_logs() as lines:
        for _ in range(3):
            log.look(())
    assert lines == [{"event": "ready", "after_s": 1.0, "log_level": "info"}]


def test_an_outage_is_two_lines() -> None:
    """However long it lasts: what it is, and how long it was."""
    assert told([DOWN], [DOWN], [DOWN], [DOWN], [], []) == [
        {"event": "not_ready", "reasons": "kafka_not_ready", "detail": "no broker answers", "log_level": "warning"},
        {"event": "ready", "after_s": 4.0, "log_level": "info"},
    ]


def test_another_reason_is_another_line() -> None:
    """Also one that joins the first; the other words of the same reason are none."""
    lines = told([DOWN], [DOWN], [DOWN, STALLED], [DOWN, STALLED], [DOWN, Reason(STALLED.code, "and waits")])
    assert [line["reasons"] for line in lines] == ["kafka_not_ready", "kafka_not_ready, acknowledgements_stalled"]
    assert lines[1]["detail"] == f"{DOWN.detail}; {STALLED.detail}"


def test_what_is_gone_at_the_next_look_is_not_told() -> None:
    """Nor that it is ready again; a reason that is gone is not told of where another one follows."""
    assert told([DOWN], []) == []
    assert [line["reasons"] for line in told([DOWN], [STALLED], [STALLED])] == [STALLED.code]


def test_the_same_outage_again_is_told_again() -> None:
    """It is another one."""
    assert [line["event"] for line in told([DOWN], [DOWN], [], [DOWN], [DOWN])] == ["not_ready", "ready", "not_ready"]
