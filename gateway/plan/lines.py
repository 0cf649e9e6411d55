"""Payloads from lines of text: one a line as it is, or messages as ``mosquitto_sub -F %j`` captures them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson

from gateway.compile.datetimes import BadDateTime, instant_ms
from gateway.errors import ConfigError, ConfigProblem

_misplaced_z = re.compile(r"Z(?=[+-])")
"""What mosquitto_sub puts before the offset: ``2026-11-21T15:59:25.714572Z+0100``."""


class Line(NamedTuple):
    """A payload, and what its line says about it."""

    payload: bytes
    topic: str | None = None
    """MQTT topic."""
    arrival: int | None = None
    """Milliseconds since 1970 UTC."""


class _NotCaptured(ValueError):
    """What a line lacks."""


def read_lines(lines: Iterable[bytes], *, capture: bool) -> Iterator[Line]:
    """The payload of each line; ``capture``: lines as ``mosquitto_sub -F %j`` prints them.

    Raises ConfigError naming the line that is no captured message.
    """
    for number, line in enumerate(lines, 1):
        text = line.removesuffix(b"\n").removesuffix(b"\r")
        try:
            yield _captured(text) if capture else Line(text)
        except _NotCaptured as exc:
            message = f"is no message as mosquitto_sub -F %j prints it: {exc}"
            raise ConfigError([ConfigProblem("standard input", message, line=number)]) from exc


def _captured(text: bytes) -> Line:
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        raise _NotCaptured(f"{exc} (a payload that is no UTF-8 cannot be captured so)") from exc
    if not isinstance(message, dict):
        raise _NotCaptured("it is no object")
    payload, topic = message.get("payload"), message.get("topic")
    if not isinstance(payload, str):
        raise _NotCaptured("payload is no text; %j keeps it as it came, %J does not")
    if not isinstance(topic, str):
        raise _NotCaptured("topic is no text")
    return Line(payload.encode(), topic, _arrival(message.get("tst")))


def _arrival(moment: Any) -> int | None:
    """Of ``tst``: a time with its offset, or in old releases seconds; None where it is left out."""
    if moment is None:
        return None
    if isinstance(moment, int) and not isinstance(moment, bool):
        return moment * 1000
    try:
        arrival = instant_ms(_misplaced_z.sub("", moment))
    except (TypeError, BadDateTime) as exc:
        raise _NotCaptured(f"tst {moment!r} is no time") from exc
    if arrival is None:
        raise _NotCaptured(f"tst {moment!r} does not say which time zone it is in")
    return arrival
