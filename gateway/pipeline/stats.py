"""What the gateway counts. Normal operation logs nothing per message; it counts.

Plain integers in plain dictionaries, changed only by the engine on the event loop's thread; whoever
reads them (metrics, status, the demo) reads a moment's numbers. Labels are compared by identity, so a new
schema version counts anew; readers add up what they show together.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from heapq import heappush, heapreplace

from gateway.model import Code, Coercion, Rejection, RouteLabel

LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
"""Upper bounds, inclusive; the last bucket is everything above."""
MOST_DEVICES = 1000
"""Devices whose rejections are counted one by one; with more the rarest makes room."""


@dataclass(slots=True)
class Histogram:
    """Counts per bucket, and their sum, as Prometheus wants them."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BUCKETS_S) + 1))
    total_s: float = 0.0

    def observe(self, seconds: float) -> None:
        """Counts one observation."""
        self.counts[bisect_left(LATENCY_BUCKETS_S, seconds)] += 1
        self.total_s += seconds


@dataclass(slots=True)
class Stats:
    """All counters since the process started."""

    accepted: Counter[RouteLabel] = field(default_factory=Counter)
    """Records for main topics, coerced ones included."""
    coerced: Counter[RouteLabel] = field(default_factory=Counter)
    """Records with at least one conversion."""
    coercions: Counter[tuple[RouteLabel, str]] = field(default_factory=Counter)
    """Conversions by code."""
    timestamps_replaced: Counter[RouteLabel] = field(default_factory=Counter)
    """Records whose declared timestamp gave way to the arrival."""
    rejected: Counter[tuple[RouteLabel | None, Code]] = field(default_factory=Counter)
    """Dead letters by reason; the label is None where no contract claims the message."""
    devices: Counter[tuple[str, Code]] = field(default_factory=Counter)
    """Rejections by device, bounded: read it with ``leading_devices``."""
    _rarest: list[tuple[int, tuple[str, Code]]] = field(default_factory=list)
    """Heap of ``devices``, each once, with a count that it has reached; what it counts since is seen when it leads."""
    received: list[int] = field(default_factory=lambda: [0, 0, 0])
    """Messages by the QoS they arrived with."""
    redelivered: int = 0
    """Messages that the broker marked as sent before, those that were dropped for it included."""
    acknowledged: int = 0
    """Messages of QoS 1 and 2 that the broker heard an acknowledgement for."""
    delivered: int = 0
    """Records and dead letters that Kafka confirmed."""
    faults: Counter[str] = field(default_factory=Counter)
    """Exceptions of a codec or validator that became rejections, by their type."""
    latency: Histogram = field(default_factory=Histogram)
    """Arrival to acknowledgement, of the slowest message of each batch acknowledged together."""

    def count_coercions(self, label: RouteLabel, coercions: tuple[Coercion, ...]) -> None:
        """Counts one record with conversions."""
        self.coerced[label] += 1
        for coercion in coercions:
            self.coercions[label, coercion.code] += 1

    def count_rejection(self, rejection: Rejection) -> None:
        """Counts one dead letter."""
        self.rejected[rejection.label, rejection.code] += 1
        if rejection.device is not None:
            self._count_device((rejection.device, rejection.code))

    def _count_device(self, key: tuple[str, Code]) -> None:
        """Space-saving counter (Metwally 2005): the newcomer inherits the rarest one's count, so none is underrated."""
        devices, rarest = self.devices, self._rarest
        if key in devices:
            devices[key] += 1
        elif len(devices) < MOST_DEVICES:
            devices[key] = 1
            heappush(rarest, (1, key))
        else:
            noted, leaving = rarest[0]
            while noted != devices[leaving]:
                heapreplace(rarest, (devices[leaving], leaving))
                noted, leaving = rarest[0]
            del devices[leaving]
            devices[key] = noted + 1
            heapreplace(rarest, (noted + 1, key))

    def leading_devices(self, count: int) -> list[tuple[str, Code, int]]:
        """The devices rejected most, by code: ``(device, code, rejections)``, at most overrated, never missed."""
        return [(device, code, number) for (device, code), number in self.devices.most_common(count)]
