"""The gateway's state at one moment, as values: what the service knows, for metrics, health and status.

The service fills it in, the admin endpoint and the demo show it. Counters are not copied here: they are in
``Stats``.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model import CompileCost, Format, RouteLabel
from gateway.pipeline.stats import Stats


@dataclass(frozen=True, slots=True)
class Reason:
    """Something that keeps the gateway from being ready, or makes it less than it should be."""

    code: str
    """Short and stable, for alerts: ``kafka_unreachable``, ``session_contested``, ``contract_inactive``, ..."""
    detail: str
    """For a person: what, where, what to do."""


@dataclass(frozen=True, slots=True)
class ContractState:
    """One variant of a contract."""

    label: RouteLabel
    filter: str
    """As the broker sees it."""
    active: bool
    reason: str
    """Why it is inactive; empty if it is active."""
    subscribed: bool
    """Whether its filter, or one that covers it, is subscribed and granted as asked."""
    format: Format | None
    cost: CompileCost | None = None
    """Of the schema version in use; None while there is none."""
    pending_version: int | None = None
    """A newer version that was not taken over."""
    pending_reason: str = ""
    """Why not."""
    registry_age_s: float | None = None
    """Seconds since the registry last confirmed the version in use; None for a pinned one, or before that."""
    unapplied: str = ""
    """In what the folder's schema file differs from the registry; empty if it does not, or is absent."""
    owner: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class MqttState:
    """The connection to the broker."""

    connected: bool
    detail: str
    """Why not, or since when."""
    connections: int
    """Connections made since the start."""
    failures: int
    """Connections that failed or ended since the start, our own shutdown aside."""
    sessions_lost: int
    """Times the broker had forgotten our session: what it held then is gone."""
    unacknowledged: int
    unacknowledged_bytes: int
    oldest_age_s: float
    """Age of the oldest unacknowledged message; 0 if there is none."""


@dataclass(frozen=True, slots=True)
class KafkaState:
    """The connection to Kafka."""

    ready: bool
    reason: str
    """Why not; empty if it is ready."""
    brokers_up: int
    brokers: int
    outstanding: int
    """Records handed over and not yet confirmed."""
    queued_bytes: int
    failures: tuple[tuple[str, int], ...]
    """Deliveries that ended a generation, by reason, since the start."""


@dataclass(frozen=True, slots=True)
class RegistryState:
    """Schema Registry."""

    reachable: bool | None
    """None before the first request."""
    detail: str
    """The last error; empty if there was none."""
    failures: int
    """Requests that failed since the start."""


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything at one moment."""

    version: str
    started_at: int
    """Milliseconds since 1970 UTC."""
    uptime_s: float
    not_ready: tuple[Reason, ...]
    """Why messages do not flow now; empty if they do."""
    degraded: tuple[Reason, ...]
    """What is not as it should be although messages flow."""
    contracts: tuple[ContractState, ...]
    mqtt: MqttState
    kafka: KafkaState
    registry: RegistryState
    stats: Stats
