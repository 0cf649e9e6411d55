"""Metrics for Prometheus, read from the ``Overview`` at the moment of a scrape (docs/metrics.md).

Rules
- Nothing happens per message: the numbers are those of ``Stats``, turned into samples when asked for.
- Cardinality is bounded: contracts, their variants, and codes that the specification lists. Devices, topics of
  messages and error texts are in the status, never here.
- Every series that an alert watches exists with 0 before its first event: ``increase`` does not see the step
  from nothing to 1.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from gateway.admin.counts import UNROUTED, ContractCounts, count_by_contract
from gateway.model import Code
from gateway.pipeline.overview import ContractState, Overview, Reason
from gateway.pipeline.stats import LATENCY_BUCKETS_S, Histogram

PREFIX = "schema_gateway_"

WATCHED = (Code.UNKNOWN_SCHEMA, Code.MALFORMED_PACKET, Code.CRASH_SUSPECT)
"""Reasons that deploy/prometheus/rules.yaml alerts on, so each contract has them with 0."""
WATCHED_UNROUTED = (Code.NO_ROUTE, Code.MALFORMED_PACKET, Code.CRASH_SUSPECT)
"""The same, of messages that no contract claims."""

VARIANT = ("contract", "topic", "subject")
"""What tells a contract's variants apart, nearly: those that differ only in their dead letters are shown as one."""


def make_registry(overview: Callable[[], Overview]) -> CollectorRegistry:
    """What ``/metrics`` shows: the gateway, and its process (memory, CPU, file descriptors)."""
    registry = CollectorRegistry()
    registry.register(OverviewCollector(overview))
    ProcessCollector(registry=registry)
    return registry


class OverviewCollector(Collector):
    """Reads one overview per scrape, so that all its samples are of one moment."""

    def __init__(self, overview: Callable[[], Overview]) -> None:
        self._overview = overview

    def collect(self) -> Iterable[Metric]:
        """Every family of docs/metrics.md with the prefix ``schema_gateway_``."""
        overview = self._overview()
        yield from _gateway(overview)
        yield from _messages(count_by_contract(overview))
        yield from _flow(overview)
        yield from _mqtt(overview)
        yield from _kafka(overview)
        yield from _registry(overview)
        yield from _contracts(overview.contracts)


def _gateway(overview: Overview) -> Iterator[Metric]:
    build = {"version": overview.version, "python": platform.python_version()}
    yield InfoMetricFamily(PREFIX + "build", "Version of the gateway and of its Python.", value=build)
    yield _gauge("ready", "1 if messages flow from MQTT to Kafka.", not overview.not_ready)
    yield _gauge("degraded", "1 if something is not as it should be although messages flow.", bool(overview.degraded))
    yield _reasons("not_ready_reasons", "What keeps the gateway from being ready now.", overview.not_ready)
    yield _reasons("degraded_reasons", "What is not as it should be now.", overview.degraded)
    faults = overview.stats.faults.total()
    yield _counter("processing_faults", "Exceptions of the gateway's own processing that became rejections.", faults)


def _messages(counts: dict[str, ContractCounts]) -> Iterator[Metric]:
    messages = CounterMetricFamily(
        PREFIX + "messages",
        "Messages handled. Outcome valid: record without conversion; coerced: record with; rejected: dead letter.",
        labels=("contract", "outcome"),
    )
    rejections = CounterMetricFamily(PREFIX + "rejections", "Dead letters by reason code.", labels=("contract", "code"))
    coercions = CounterMetricFamily(
        PREFIX + "coercions", "Conversions by code; a record can have several.", labels=("contract", "code")
    )
    replaced = CounterMetricFamily(
        PREFIX + "timestamps_replaced",
        "Records whose declared timestamp gave way to the arrival.",
        labels=("contract",),
    )
    for contract, count in counts.items():
        if contract != UNROUTED:
            messages.add_metric((contract, "valid"), count.valid)
            messages.add_metric((contract, "coerced"), count.coerced)
            replaced.add_metric((contract,), count.timestamps_replaced)
        messages.add_metric((contract, "rejected"), count.rejected)
        watched = WATCHED_UNROUTED if contract == UNROUTED else WATCHED
        for code in sorted({*watched, *count.rejections}):
            rejections.add_metric((contract, code), count.rejections[code])
        for conversion, number in sorted(count.coercions.items()):
            coercions.add_metric((contract, conversion), number)
    yield from (messages, rejections, coercions, replaced)


def _flow(overview: Overview) -> Iterator[Metric]:
    stats, mqtt = overview.stats, overview.mqtt
    received = CounterMetricFamily(PREFIX + "messages_received", "Messages by the QoS they came with.", labels=("qos",))
    for qos, number in enumerate(stats.received):
        received.add_metric((str(qos),), number)
    yield received
    yield _counter("messages_redelivered", "Messages that the broker marked as sent before.", stats.redelivered)
    yield _counter(
        "messages_acknowledged", "Messages that the broker heard an acknowledgement for.", stats.acknowledged
    )
    yield _counter("records_delivered", "Records and dead letters that Kafka confirmed.", stats.delivered)
    yield _gauge("messages_unacknowledged", "Messages that wait for Kafka's confirmation.", mqtt.unacknowledged)
    yield _gauge("unacknowledged_bytes", "Payload bytes of the messages that wait.", mqtt.unacknowledged_bytes)
    yield _gauge(
        "oldest_unacknowledged_age_seconds", "How long the oldest message has waited; 0 if none.", mqtt.oldest_age_s
    )
    yield HistogramMetricFamily(
        PREFIX + "acknowledgement_latency_seconds",
        "From arrival to acknowledgement, of the slowest message of each batch acknowledged together.",
        buckets=_buckets(stats.latency),
        sum_value=stats.latency.total_s,
    )


def _mqtt(overview: Overview) -> Iterator[Metric]:
    mqtt = overview.mqtt
    yield _gauge("mqtt_connected", "1 if connected to the MQTT broker.", mqtt.connected)
    yield _counter("mqtt_connections", "Connections made to the MQTT broker.", mqtt.connections)
    yield _counter("mqtt_connection_failures", "Connections that failed or ended, our shutdown aside.", mqtt.failures)
    yield _counter("mqtt_sessions_lost", "Times the broker had forgotten our session.", mqtt.sessions_lost)


def _kafka(overview: Overview) -> Iterator[Metric]:
    kafka = overview.kafka
    yield _gauge("kafka_ready", "1 if records can reach Kafka.", kafka.ready)
    yield _gauge("kafka_brokers", "Kafka brokers known.", kafka.brokers)
    yield _gauge("kafka_brokers_up", "Kafka brokers connected.", kafka.brokers_up)
    yield _gauge("kafka_outstanding_records", "Records handed over and not yet confirmed.", kafka.outstanding)
    yield _gauge("kafka_queued_bytes", "Bytes that wait in the producer.", kafka.queued_bytes)
    failures = CounterMetricFamily(
        PREFIX + "kafka_failures", "Failed deliveries, after which messages come again.", labels=("reason",)
    )
    for reason, number in sorted(kafka.failures):
        failures.add_metric((reason,), number)
    yield failures


def _registry(overview: Overview) -> Iterator[Metric]:
    registry = overview.registry
    reachable = GaugeMetricFamily(
        PREFIX + "registry_reachable",
        "1 if Schema Registry answers for all that it is asked for; absent before the first request.",
    )
    if registry.reachable is not None:
        reachable.add_metric((), registry.reachable)
    yield reachable
    yield _counter("registry_failures", "Requests to Schema Registry that failed.", registry.failures)


def _contracts(contracts: Sequence[ContractState]) -> Iterator[Metric]:
    schema = InfoMetricFamily(
        PREFIX + "schema", "The schema version in use.", labels=(*VARIANT, "format", "version", "schema_id")
    )
    for labels in dict.fromkeys(_schema(each) for each in contracts if each.label.version is not None):
        schema.add_metric(labels, {})
    yield schema
    active = [(each, float(each.active)) for each in contracts]
    yield _variants("contract_active", "1 if the contract makes records, 0 if it is inactive.", active, min)
    subscribed = [(each, float(each.subscribed)) for each in contracts]
    yield _variants("contract_subscribed", "1 if its topic filter is subscribed as asked.", subscribed, min)
    pending = [(each, float(each.pending_version or 0)) for each in contracts]
    yield _variants("contract_pending_version", "Newer version that was not taken over; 0 if none.", pending, max)
    unapplied = [(each, float(bool(each.unapplied))) for each in contracts]
    yield _variants("contract_unapplied", "1 if its schema file differs from the registry.", unapplied, max)
    costs = [(each, each.cost) for each in contracts if each.cost is not None]
    places = [(each, float(cost.places)) for each, cost in costs]
    yield _variants("schema_places", "What the schema in use unfolds to; at most 10000.", places, max)
    seconds = [(each, cost.seconds) for each, cost in costs]
    yield _variants("schema_compile_seconds", "How long the schema in use took to compile.", seconds, max)
    ages = [(each, each.registry_age_s) for each in contracts if each.registry_age_s is not None]
    yield _variants("schema_age_seconds", "Since Schema Registry last confirmed the version in use.", ages, max)


def _variant(contract: ContractState) -> tuple[str, ...]:
    return contract.label.contract, contract.label.topic, contract.label.subject


def _schema(contract: ContractState) -> tuple[str, ...]:
    label = contract.label
    return (*_variant(contract), contract.format or "", str(label.version), str(label.schema_id))


def _variants(
    name: str, text: str, values: Iterable[tuple[ContractState, float]], worse: Callable[[float, float], float]
) -> Metric:
    """One sample per variant; of those that differ only in their dead letters, the worse one."""
    merged: dict[tuple[str, ...], float] = {}
    for contract, value in values:
        labels = _variant(contract)
        merged[labels] = worse(merged.get(labels, value), value)
    family = GaugeMetricFamily(PREFIX + name, text, labels=VARIANT)
    for labels, value in merged.items():
        family.add_metric(labels, value)
    return family


def _reasons(name: str, text: str, reasons: Sequence[Reason]) -> Metric:
    """How many reasons there are of each code."""
    family = GaugeMetricFamily(PREFIX + name, text, labels=("code",))
    codes = [reason.code for reason in reasons]
    for code in sorted(set(codes)):
        family.add_metric((code,), codes.count(code))
    return family


def _buckets(latency: Histogram) -> list[tuple[str, int]]:
    """Cumulative counts by upper bound, as Prometheus wants them."""
    bounds = [*(str(bound) for bound in LATENCY_BUCKETS_S), "+Inf"]
    return list(zip(bounds, accumulate(latency.counts), strict=True))


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(PREFIX + name, text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(PREFIX + name, text, value=value)
