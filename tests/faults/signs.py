"""What tells the operator of a fault, each in its own place: a reason of /readyz, an event of the log, a metric.

All are collected as an operator's tools do it, by asking again and again while the gateway runs. What was there before
the fault does not count.
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
    r'(?P<changes>changes\()?(?P<name>[a-z_]+)(?:\{(?P<label>[a-z]+)="(?P<value>[^"]+)"\})?(?:\[10m\]\))? '
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
    """In PromQL: a series, perhaps how often it ``changes``, compared to a number. False before the fault."""
    words: str = ""
    """A regular expression for what the reason says, or the line of the log where there is no reason."""
    from_the_start: bool = False
    """Whether the fault is there before the gateway is."""


NOTHING = Signs()
"""There is nothing to tell: what happens is what should."""
RESTARTED = Signs(log="unclean_end", metric="changes(process_start_time_seconds[10m]) > 0")
"""The process was killed, and another one has its place."""
DISCONNECTED = Signs(log="mqtt_disconnected", metric="schema_gateway_mqtt_connection_failures_total > 0")
"""The connection has ended, and another one has its place."""


class Watch:
    """Looks at gateways, and remembers what it has seen."""

    def __init__(self, gateways: Sequence[GatewayProcess]) -> None:
        """``gateways`` may grow meanwhile."""
        self._gateways = gateways
        self._reasons: defaultdict[str, set[str]] = defaultdict(set)
        """Of /readyz: code -> what it said."""
        self._read: dict[str, int] = {}
        """How much of a gateway's log does not count."""
        self._values: defaultdict[tuple[str, str, str], set[float]] = defaultdict(set)
        """Of the metrics, by gateway, name and labels."""

    @property
    def events(self) -> dict[str, list[str]]:
        """Of the logs: event -> its lines."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for gateway in self._gateways:
            for line in gateway.log[self._read.get(gateway.admin_url, 0) :].splitlines():
                if event := re.search(r'"event":"([a-z_]+)"', line):
                    found[event[1]].append(line)
        return found

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
                self._note_metrics(gateway.admin_url, await asyncio.to_thread(_metrics, gateway))

    def note(self, readiness: dict[str, list[dict[str, str]]]) -> set[str]:
        """Remembers the reasons of an answer of /readyz; returns their codes."""
        reasons = [*readiness.get("reasons", ()), *readiness.get("degraded", ())]
        for reason in reasons:
            self._reasons[reason["code"]].add(reason["detail"])
        return {reason["code"] for reason in reasons}

    def _note_metrics(self, url: str, text: str) -> None:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._values[url, sample.name, str(sample.labels)].add(sample.value)

    def begin(self, signs: Signs) -> None:
        """The fault comes now: what was seen before does not count.

        Raises AssertionError if the metric says already what it should say because of the fault.
        """
        if signs.from_the_start:
            return
        assert not (signs.metric and self.holds(signs.metric)), f"told before the fault: {signs.metric}"
        self._reasons.clear()
        self._read = {gateway.admin_url: len(gateway.log) for gateway in self._gateways}

    def holds(self, expression: str) -> bool:
        """Whether a metric was seen to be so."""
        found = _EXPRESSION.fullmatch(expression)
        assert found is not None, f"no such expression is known: {expression}"
        compare, wanted = _OPERATORS[found["operator"]], float(found["number"])
        label = f"{found['label']!r}: {found['value']!r}" if found["label"] else ""
        every = self._values.items()
        series = [values for (_, name, labels), values in every if name == found["name"] and label in labels]
        if found["changes"]:
            return any(compare(len(values) - 1, wanted) for values in series)
        return any(compare(value, wanted) for values in series for value in values)

    def missing(self, signs: Signs) -> Iterator[str]:
        """Which of the signs were not seen."""
        reasons, lines = self._reasons.get(signs.readiness, set()), self.events.get(signs.log, [])
        if signs.readiness and not reasons:
            yield f"{signs.readiness} in /readyz"
        if signs.log and not lines:
            yield f"{signs.log} in the log"
        if signs.metric and not self.holds(signs.metric):
            yield signs.metric
        said = reasons if signs.readiness else lines
        if said and not any(re.search(signs.words, each) for each in said):
            yield f"{signs.words!r} in {sorted(said)}"


def _metrics(gateway: GatewayProcess) -> str:
    """The text of /metrics; empty while the gateway does not answer."""
    try:
        return gateway.metrics()
    except httpx.TransportError:
        return ""
