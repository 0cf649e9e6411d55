"""When to ping the broker, and when to give the connection up. Pure: time comes in as a number.

Rules
- We send something at least every ``interval_s`` [MQTT-3.1.2-20], a PINGREQ if there is nothing else.
- Half-open: no byte for 1.5 intervals although we pinged, the measure that MQTT gives the broker
  for us [MQTT-3.1.2-22].
- While reading is paused nothing can arrive, so nothing counts as missing.
- A check that comes much later than it was due says that this process slept (SIGSTOP, a blocked
  loop), not that the broker is gone: the broker gets a new chance.
"""

from __future__ import annotations

from enum import Enum


class Verdict(Enum):
    """What to do now."""

    WAIT = "wait"
    PING = "ping"
    HALF_OPEN = "half-open"


class Keepalive:
    """The idle times of one connection; all times are seconds on one monotonic clock."""

    def __init__(self, interval_s: float, now: float) -> None:
        self.interval_s = interval_s
        self._last_in = now
        self._last_out = now
        self._pinged_at: float | None = None
        self._paused = False
        self.due = now + interval_s
        """When ``check`` wants to be called next; later only costs sharpness."""

    def received(self, now: float) -> None:
        """Bytes arrived."""
        self._last_in = now
        self._pinged_at = None

    def sent(self, now: float) -> None:
        """Bytes were written."""
        self._last_out = now

    def pause(self, now: float, *, paused: bool) -> None:
        """Reading was paused, or goes on."""
        self._paused = paused
        self.received(now)

    def check(self, now: float) -> Verdict:
        """What to do now; PING takes it that the PINGREQ is sent at once. Sets ``due`` anew."""
        interval = self.interval_s
        if now - self.due > max(1.0, interval / 4):
            self.received(now)
        verdict = self._judge(now)
        if verdict is Verdict.PING:
            self._last_out = now
            if not self._paused and self._pinged_at is None:
                self._pinged_at = now
        if self._paused:
            self.due = self._last_out + interval
        elif self._pinged_at is None:
            self.due = min(self._last_out, self._last_in) + interval
        else:
            self.due = min(self._deadline(self._pinged_at), self._last_out + interval)
        return verdict

    def _judge(self, now: float) -> Verdict:
        pinged_at = self._pinged_at
        if not self._paused and pinged_at is not None and now >= self._deadline(pinged_at):
            return Verdict.HALF_OPEN
        if now - self._last_out >= self.interval_s:
            return Verdict.PING
        if not self._paused and pinged_at is None and now - self._last_in >= self.interval_s:
            return Verdict.PING
        return Verdict.WAIT

    def _deadline(self, pinged_at: float) -> float:
        return max(self._last_in + 1.5 * self.interval_s, pinged_at + self.interval_s / 2)
