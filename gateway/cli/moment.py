"""Moments as people type them: ``10m`` ago, or an RFC 3339 time."""

from __future__ import annotations

import re

from gateway.compile.datetimes import BadDateTime, instant_ms

_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_AGO = re.compile(r"([0-9]{1,9})([smhdw])", re.ASCII).fullmatch


def read_moment(text: str, now_ms: int) -> int:
    """Milliseconds since 1970 UTC of ``30s``, ``10m``, ``2h``, ``1d``, ``1w`` ago, or of an RFC 3339 time.

    Raises ValueError that says what to write.
    """
    ago = _AGO(text)
    if ago is not None:
        return max(0, now_ms - int(ago[1]) * _MS[ago[2]])
    advice = "write 30s, 10m, 2h, 1d or 1w, or a time with its offset as in 2026-03-01T08:00:00Z"
    try:
        instant = instant_ms(text)
    except BadDateTime as exc:
        raise ValueError(f"{text!r} is no time: {advice}") from exc
    if instant is None:
        raise ValueError(f"{text!r} does not say which time zone it is in: {advice}")
    return max(0, instant)
