"""The service's state at one moment: gathers what the parts know into an ``Overview``."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.pipeline.engine import Engine
from gateway.pipeline.overview import ContractState, KafkaState, Overview, Reason, RegistryState
from gateway.pipeline.ports import Clock
from gateway.registry.cache import CachedRegistry
from gateway.service.connection import Connection
from gateway.service.holds import Holds, RecoverableSink
from gateway.service.schemas import Schemas, Slot

STALLED_S = 15.0
"""Age of the oldest unacknowledged message from which the gateway is not ready: Kafka does not take records."""


@dataclass(frozen=True, slots=True)
class Observer:
    """Knows all parts; changes none."""

    version: str
    started_at: int
    """Milliseconds since 1970 UTC."""
    started: float
    """The same on the monotonic clock, seconds."""
    clock: Clock
    engine: Engine
    schemas: Schemas
    connection: Connection
    holds: Holds
    sink: RecoverableSink
    registry: CachedRegistry

    def overview(self) -> Overview:
        """Everything, as it is now."""
        return Overview(
            version=self.version,
            started_at=self.started_at,
            uptime_s=self.clock.monotonic() - self.started,
            not_ready=tuple(self.not_ready()),
            degraded=tuple(self._degraded()),
            contracts=tuple(self._contract(slot) for slot in self.schemas.slots),
            mqtt=self.connection.state(),
            kafka=self._kafka(),
            registry=self._registry(),
            stats=self.engine.stats,
        )

    def not_ready(self) -> list[Reason]:
        """Why messages do not flow now."""
        held = self.holds.reasons()
        reasons = [*held, *self.connection.reasons()]
        health = self.sink.health()
        if not health.ready and not held:  # which say it in their own way
            reasons.append(Reason("kafka_not_ready", health.reason))
        age_s = self.engine.oldest_age_s
        if age_s > STALLED_S:
            detail = f"the oldest message has waited {age_s:.0f} s for Kafka's confirmation; look at Kafka's brokers"
            reasons.append(Reason("acknowledgements_stalled", detail))
        if not reasons and not any(self._brings(slot) for slot in self.schemas.slots):
            reasons.append(Reason("no_active_contract", "no contract has all its schemas and topics, see /status"))
        return reasons

    def _brings(self, slot: Slot) -> bool:
        """Whether messages of a contract's variant come, and become records."""
        return slot.runs and self.connection.subscribed(slot.contract)

    def _degraded(self) -> list[Reason]:
        """What is not as it should be although messages flow."""
        found = [
            Reason("contract_inactive", f"{slot.contract.name}: {slot.reason or slot.obstacle}")
            for slot in self.schemas.slots
            if not slot.runs
        ]
        found += self.holds.missing_topics()
        found += [
            Reason("schema_held_back", f"{slot.contract.name}: version {slot.pending}: {slot.pending_reason}")
            for slot in self.schemas.slots
            if slot.pending is not None
        ]
        health = self.registry.health
        if health.reachable is False:
            found.append(Reason("registry_unreachable", health.last_error or "Schema Registry does not answer"))
        found += [
            Reason("subject_deleted", f"{subject}: deleted in the registry, still used") for subject in health.gone
        ]
        if health.snapshot_problem:
            found.append(Reason("snapshot_unusable", health.snapshot_problem))
        return found

    def _contract(self, slot: Slot) -> ContractState:
        route, contract = slot.route, slot.contract
        return ContractState(
            label=slot.entry.label,
            filter=contract.filter.mqtt,
            active=slot.runs,
            reason=slot.reason or slot.obstacle,
            subscribed=self.connection.subscribed(contract),
            format=None if route is None else route.version.format,
            cost=None if route is None else route.cost,
            pending_version=slot.pending,
            pending_reason=slot.pending_reason,
            registry_age_s=None if contract.version is not None else self.registry.age_s(slot.variant.subject),
            unapplied=slot.unapplied,
            owner=contract.owner,
            description=contract.description,
        )

    def _kafka(self) -> KafkaState:
        health = self.sink.health()
        return KafkaState(
            ready=health.ready,
            reason=health.reason,
            brokers_up=health.brokers_up,
            brokers=health.brokers,
            outstanding=health.outstanding,
            queued_bytes=health.queued_bytes,
            failures=tuple(sorted(self.holds.failures.items())),
        )

    def _registry(self) -> RegistryState:
        health = self.registry.health
        return RegistryState(health.reachable, health.last_error or "", health.failures)
