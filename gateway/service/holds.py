"""What must be true before messages are asked for. While something holds the broker keeps them; ``reasons`` says why.

- Kafka is there, and the topics that messages will go to exist.
- Kafka has confirmed all that earlier connections brought: else each reconnect would add a window of the same
  messages to the producer's queue.
- No message may come of a contract for which the registry has not answered: it would become a dead letter because of
  an outage.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from itertools import combinations
from typing import Protocol

import structlog

from gateway.config.contract import Contract
from gateway.config.settings import Settings
from gateway.kafka.health import SinkHealth
from gateway.notation.topics import overlap
from gateway.pipeline.overview import Reason
from gateway.pipeline.ports import SinkFailure
from gateway.pipeline.stats import Stats
from gateway.service.memory import HeldFilters
from gateway.service.schemas import Schemas, Slot
from gateway.service.topics import Topics

FIRST_WAIT_S = 0.25
MOST_WAIT_S = 2.0
"""Between two looks at what holds: the end of a fault must be seen within seconds."""
MOST_RETRY_S = 5.0
"""Between two attempts to deliver where only trying tells, such as a lost permission."""

_log = structlog.get_logger(__name__)


class RecoverableSink(Protocol):
    """What is asked of the sink here: ``kafka.sink.KafkaSink``, or a fake."""

    def reset(self) -> None:
        """Starts a new generation."""

    def limit(self, topics: dict[str, int]) -> None:
        """Takes the topics' size limits."""

    def health(self) -> SinkHealth:
        """Whether records can reach Kafka now."""


class Holds:
    """Finds out whether messages may come."""

    def __init__(
        self,
        settings: Settings,
        schemas: Schemas,
        topics: Topics,
        sink: RecoverableSink,
        held: HeldFilters,
        stats: Stats,
    ) -> None:
        self._settings = settings
        self._schemas = schemas
        self._topics = topics
        self._sink = sink
        self._held = held
        self._stats = stats
        self.failure: SinkFailure | None = None
        """The failed delivery that is being recovered from."""
        self.failures: Counter[str] = Counter()
        """Failed deliveries by reason, since the start."""
        self._reasons = [Reason("starting", "asks the registry for the schemas, then Kafka for its topics")]
        self._told: list[Reason] = []
        """What the log says of missing topics."""
        self._retry_s = FIRST_WAIT_S
        self._delivered = 0

    def fail(self, failure: SinkFailure) -> None:
        """Notes that a delivery failed; ``cleared`` will not return before the sink was reset."""
        self.failure = failure
        self.failures[failure.reason] += 1

    def _has_failed(self) -> bool:
        return self.failure is not None

    def reasons(self) -> list[Reason]:
        """What holds now; empty if nothing does."""
        if self.failure is not None:
            return [Reason(self.failure.reason, self.failure.detail)]
        return self._reasons

    def missing_topics(self) -> list[Reason]:
        """Topics that messages may need and that are not there; empty where ``reasons`` says so already."""
        if any(reason.code == "topic_missing" for reason in self.reasons()):
            return []
        return [
            Reason(
                "topic_missing",
                f"Kafka topic {name!r} does not exist any more; create it: the next record for it stops all messages",
            )
            for name in self._missing_names()
        ]

    async def cleared(self) -> None:
        """Returns when nothing holds."""
        wait_s = FIRST_WAIT_S
        while True:
            # A failure may come at any moment, for example of records that were still on their way.
            while self._has_failed():
                await self._recover()
            reasons = await self._examine()
            if [reason.code for reason in reasons] != [reason.code for reason in self._reasons]:
                for reason in reasons:
                    _log.warning("holding", reason=reason.code, detail=reason.detail)
            self._reasons = reasons
            if self._has_failed():
                continue
            if not reasons:
                return
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, MOST_WAIT_S)

    async def _recover(self) -> None:
        """A new generation of the sink; slower each time as long as nothing is delivered in between."""
        failure = self.failure
        self._sink.reset()
        if self._stats.delivered > self._delivered:
            self._retry_s = FIRST_WAIT_S
        self._delivered = self._stats.delivered
        await asyncio.sleep(self._retry_s)
        self._retry_s = min(self._retry_s * 2, MOST_RETRY_S)
        if self.failure is failure:
            self.failure = None

    async def _examine(self) -> list[Reason]:
        """Everything that speaks against connecting now."""
        slots = self._schemas.slots
        unanswered = [slot for slot in slots if slot.unanswered and self._may_come(slot.contract)]
        if unanswered:
            return [Reason("registry_unreachable", slot.reason) for slot in unanswered]
        if not self._held.filters and not any(slot.route is not None for slot in slots):
            detail = "no contract has a usable schema: " + "; ".join(
                f"{slot.contract.name}: {slot.reason}" for slot in slots
            )
            return [Reason("no_active_contract", detail)]
        return await self._examine_topics() or list(self._examine_backlog())

    def _may_come(self, contract: Contract) -> bool:
        """Whether messages of the contract may come though it is not subscribed: by another contract's filter, too."""
        return self._held.may_bring(contract) or contract.name in self._overlapping

    @cached_property
    def _overlapping(self) -> set[str]:
        """The contracts whose filter has topics in common with another's."""
        pairs = combinations(self._schemas.contracts, 2)
        return {each.name for one, other in pairs if overlap(one.filter, other.filter) for each in (one, other)}

    def _examine_backlog(self) -> Iterable[Reason]:
        health = self._sink.health()
        if health.outstanding:
            why = health.reason or "look at its brokers, and at replicas that are missing (min.insync.replicas)"
            detail = f"{health.outstanding} records of an earlier connection wait for Kafka's confirmation: {why}"
            yield Reason("kafka_backlog", detail)

    async def _examine_topics(self) -> list[Reason]:
        if not await self._ask_for_topics():
            return [Reason("kafka_unreachable", self._topics.error)]
        reasons = [Reason("topic_missing", self._topics.obstacle(name)) for name in self._missing_names()]
        if not reasons and not self._held.filters and not self._schemas.running():
            reasons = [Reason("topic_missing", slot.obstacle) for slot in self._schemas.slots if slot.obstacle]
        return reasons

    def _missing_names(self) -> list[str]:
        """Those of which Kafka said that they are not there, and that messages which may come would go to."""
        held = [slot.variant for slot in self._schemas.slots if self._held.bring(slot.contract)]
        needed = {variant.topic for variant in held} | {variant.dead_letters for variant in held}
        needed.add(self._settings.dead_letters.unrouted)
        return [name for name in sorted(needed) if self._topics.missing(name)]

    async def look_at_topics(self) -> bool:
        """Asks Kafka about every topic, passes on what follows, logs what is gone; False if Kafka does not answer."""
        answered = await self._ask_for_topics()
        missing = self.missing_topics()
        for reason in missing:
            if reason not in self._told:
                _log.warning("topic_missing", reason=reason.detail)
        self._told = missing
        return answered

    async def _ask_for_topics(self) -> bool:
        """Passes on what Kafka says of every topic; False if it does not answer."""
        slots = self._schemas.slots
        names = {slot.variant.topic for slot in slots} | {slot.variant.dead_letters for slot in slots}
        if not await self._topics.inspect(names | {self._settings.dead_letters.unrouted}):
            return False
        self._sink.limit(self._topics.sizes())
        self._schemas.bound_timestamps(self._topics.timestamp_limits_ms)
        for slot in slots:
            self._judge(slot)
        return True

    def _judge(self, slot: Slot) -> None:
        """A contract whose topic is missing before it was ever subscribed is inactive; later it holds."""
        names = (slot.variant.topic, slot.variant.dead_letters)
        missing = [] if self._held.bring(slot.contract) else [name for name in names if self._topics.missing(name)]
        obstacle = "; ".join(self._topics.obstacle(name) for name in missing)
        if obstacle and obstacle != slot.obstacle:
            _log.warning("contract_inactive", contract=slot.contract.name, reason=obstacle)
        slot.obstacle = obstacle
