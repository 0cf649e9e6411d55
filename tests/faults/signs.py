"""What tells the operator of a fault, each in its own place: a reason of /readyz, an event of the log, a metric.

All are collected as an operator's tools do it, by asking again and again while the gateway runs.
"""

from __future__ import annotations

import asyncio
import operator
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.parts.gateway import GatewayProcess

_PACE_S = 0.2
_EXPRESSION = re.compile(
    r'(?P<changes>changes\()?(?P<name>[a-z_]+)(?:\{(?P<label>[a-z]+)="(?P<value>[^"]+)"\})?\)? '
    r"(?P<operator>==|>) (?P<number>[0-9.]+)"
)
_OPERATORS: dict[str, Callable[[float, float], bool]] = {"==": operator.eq, ">": operator.gt}


@dataclass(frozen=True, slots=True)
class Signs:
    """What must be seen of one fault; empty for what must not be there or is over too soon to be sure of."""

    readiness: str = ""
    """A code of /readyz, of ``reasons`` or ``degraded``."""
    log: str = ""
    """An event."""
    metric: str = ""
    """In PromQL: a series, perhaps within ``changes``, compared to a number. False before the fault."""
    from_the_start: bool = False
    """Whether the fault is there before the gateway is, so that the metric is true already."""


NOTHING = Signs()
"""There is nothing to tell: what happens is what should."""
RESTARTED = Signs(log="unclean_end", metric="changes(process_start_time_seconds) > 0")
"""The process was killed, and another one has its place."""
DISCONNECTED = Signs(log="mqtt_disconnected", metric="schema_gateway_mqtt_connection_failures_total > 0")
"""The connection has ended, and another one has its place."""


class Watch:
    """Looks at gateways, and remembers what it has seen."""

    def __init__(self, gateways: Sequence[GatewayProcess]) -> None:
        """``gateways`` may grow meanwhile."""
        self._gateways = gateways
        self.codes: set[str] = set()
        """Of /readyz."""
        self._values: defaultdict[tuple[str, str, str], set[float]] = defaultdict(set)
        """Of the metrics, by gateway, name and labels."""

    @property
    def events(self) -> set[str]:
        """Of the logs."""
        logs = (gateway.log for gateway in self._gateways)
        return set[str]().union(*(re.findall(r'"event":"([a-z_]+)"', log) for log in logs))

    async def go_on(self) -> None:
        """Looks again and again, until it is cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_PACE_S)

    async def look(self) -> None:
        """Asks each gateway that answers."""
        for gateway in [*self._gateways]:
            if gateway.process.running:
                self.note(await asyncio.to_thread(gateway.get, "/readyz", {}))
                self._read(gateway.admin_url, await asyncio.to_thread(_metrics, gateway))

    def note(self, readiness: dict[str, list[dict[str, str]]]) -> set[str]:
        """Remembers the codes of an answer of /readyz; returns them."""
        codes = {reason["code"] for reason in [*readiness.get("reasons", ()), *readiness.get("degraded", ())]}
        self.codes |= codes
        return codes

    def _read(self, url: str, text: str) -> None:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._values[url, sample.name, str(sample.labels)].add(sample.value)

    def holds(self, expression: str) -> bool:
        """Whether a metric was seen to be so."""
        found = _EXPRESSION.fullmatch(expression)
        assert found is not None, f"no such expression is known: {expression}"
        compare, wanted = _OPERATORS[found["operator"]], float(found["number"])
        label = f"{found['label']!r}: {found['value']!r}" if found["label"] else ""
        series = [
            values for (_, name, labels), values in self._values.items() if name == found["name"] and label in labels
        ]
        if found["changes"]:
            return any(compare(len(values) - 1, wanted) for values in series)
        return any(compare(value, wanted) for values in series for value in values)

    def require_silence(self, signs: Signs) -> None:
        """Raises AssertionError if the metric says before the fault what it should say because of it."""
        if signs.metric and not signs.from_the_start:
            assert not self.holds(signs.metric), f"told before the fault: {signs.metric}"

    def missing(self, signs: Signs) -> Iterator[str]:
        """Which of the signs were not seen."""
        if signs.readiness and signs.readiness not in self.codes:
            yield f"{signs.readiness} in /readyz"
        if signs.log and signs.log not in self.events:
            yield f"{signs.log} in the log"
        if signs.metric and not self.holds(signs.metric):
            yield signs.metric


def _metrics(gateway: GatewayProcess) -> str:
    """The text of /metrics; empty while the gateway does not answer."""
    try:
        return gateway.metrics()
    except httpx.TransportError:
        return ""
