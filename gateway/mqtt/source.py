"""Chooses the MQTT version."""

from __future__ import annotations

import time
from collections.abc import Callable

from gateway.config.settings import Limits, Mqtt
from gateway.mqtt.v5 import Mqtt5Source
from gateway.mqtt.v311 import Mqtt311Source
from gateway.pipeline.ports import Source


def wall_clock_ms() -> int:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def make_source(settings: Mqtt, limits: Limits, now_ms: Callable[[], int] = wall_clock_ms) -> Source:
    """The source for ``mqtt.version``; ``now_ms`` stamps arrivals."""
    kind = Mqtt5Source if settings.version == "5" else Mqtt311Source
    return kind(settings, limits, now_ms)
