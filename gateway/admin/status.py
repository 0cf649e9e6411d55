"""The overview as the documents of ``/readyz`` and ``/status``: plain values, ready for JSON.

Rules
- Names and units as in ``Overview`` and ``Stats``; a field that is not known is null, never absent.
- Lists that grow with the fleet are cut to what a person reads, the leading ones first.
- Reason codes, device IDs and schema paths, but never a payload's values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from math import isinf
from typing import Any

from gateway.admin.counts import UNROUTED, ContractCounts, count_by_contract, quantile_s, total
from gateway.pipeline.overview import ContractState, KafkaState, Overview, Reason
from gateway.pipeline.stats import Stats

MOST_REASONS = 10
"""Leading reasons and conversions listed for a contract."""
MOST_DEVICES = 20
"""Devices listed, the most rejected first."""


def readiness(overview: Overview) -> dict[str, Any]:
    """The body of ``/readyz``: whether messages flow; if not, why."""
    degraded = _reasons(overview.degraded)
    if overview.not_ready:
        return {"ready": False, "reasons": _reasons(overview.not_ready), "degraded": degraded}
    return {"ready": True, "degraded": degraded}


def status(overview: Overview) -> dict[str, Any]:
    """The body of ``/status``: everything that the overview knows."""
    counts = count_by_contract(overview)
    unrouted = counts[UNROUTED]
    return {
        "version": overview.version,
        "started_at": rfc3339(overview.started_at),
        "uptime_s": round(overview.uptime_s, 3),
        "ready": not overview.not_ready,
        "reasons": _reasons(overview.not_ready),
        "degraded": _reasons(overview.degraded),
        "messages": _messages(overview, total(counts)),
        "contracts": [
            _contract([each for each in overview.contracts if each.label.contract == name], name, count)
            for name, count in counts.items()
            if name != UNROUTED
        ],
        "unrouted": {"rejected": unrouted.rejected, "reasons": _leading(unrouted.rejections)},
        "devices": devices(overview.stats),
        "mqtt": asdict(overview.mqtt),
        "kafka": _kafka(overview.kafka),
        "registry": asdict(overview.registry),
        "faults": dict(overview.stats.faults),
    }


def devices(stats: Stats) -> list[dict[str, Any]]:
    """The devices rejected most: ``device``, ``code``, ``rejections``; of many devices the number may be too high."""
    leading = stats.leading_devices(MOST_DEVICES)
    return [{"device": device, "code": code, "rejections": number} for device, code, number in leading]


def rfc3339(milliseconds: int) -> str:
    """A moment in UTC with milliseconds, as in ``2026-01-31T12:00:00.000Z``."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _reasons(reasons: Sequence[Reason]) -> list[dict[str, str]]:
    return [{"code": reason.code, "detail": reason.detail} for reason in reasons]


def _messages(overview: Overview, whole: ContractCounts) -> dict[str, Any]:
    stats, mqtt = overview.stats, overview.mqtt
    return {
        "received": {f"qos_{qos}": number for qos, number in enumerate(stats.received)},
        "redelivered": stats.redelivered,
        **_outcomes(whole),
        "delivered": stats.delivered,
        "acknowledged": stats.acknowledged,
        "unacknowledged": mqtt.unacknowledged,
        "unacknowledged_bytes": mqtt.unacknowledged_bytes,
        "oldest_unacknowledged_age_s": round(mqtt.oldest_age_s, 3),
        "acknowledgement_latency_s": {
            "batches": sum(stats.latency.counts),
            "p50_at_most": _finite(quantile_s(stats.latency, 0.5)),
            "p99_at_most": _finite(quantile_s(stats.latency, 0.99)),
        },
    }


def _outcomes(count: ContractCounts) -> dict[str, int]:
    return {
        "handled": count.handled,
        "accepted": count.accepted,
        "valid": count.valid,
        "coerced": count.coerced,
        "rejected": count.rejected,
        "timestamps_replaced": count.timestamps_replaced,
    }


def _contract(variants: Sequence[ContractState], name: str, count: ContractCounts) -> dict[str, Any]:
    """One contract: its numbers once, and each of its variants."""
    return {
        "contract": name,
        "owner": variants[0].owner if variants else None,
        "description": variants[0].description if variants else None,
        "active": all(each.active for each in variants),
        **_outcomes(count),
        "reasons": _leading(count.rejections),
        "coercions": _leading(count.coercions),
        "variants": [_variant(each) for each in variants],
    }


def _variant(state: ContractState) -> dict[str, Any]:
    label = state.label
    return {
        "filter": state.filter,
        "subscribed": state.subscribed,
        "topic": label.topic,
        "dead_letters": label.dead_letters,
        "mode": label.mode,
        "active": state.active,
        "reason": state.reason,
        "subject": label.subject,
        "format": state.format,
        "version": label.version,
        "schema_id": label.schema_id,
        "schema_places": None if state.cost is None else state.cost.places,
        "compile_ms": None if state.cost is None else round(state.cost.seconds * 1e3, 3),
        "registry_age_s": None if state.registry_age_s is None else round(state.registry_age_s, 3),
        "pending_version": state.pending_version,
        "pending_reason": state.pending_reason,
        "unapplied": state.unapplied,
    }


def _kafka(kafka: KafkaState) -> dict[str, Any]:
    return {**asdict(kafka), "failures": dict(kafka.failures)}


def _leading(counter: Counter[Any]) -> list[dict[str, Any]]:
    """``code`` and ``count``, the most frequent first, then by name."""
    return [{"code": code, "count": number} for code, number in leading(counter.items())[:MOST_REASONS]]


def leading(counts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """The most frequent first; equal ones by name, so that the order is always the same."""
    return sorted(counts, key=lambda pair: (-pair[1], pair[0]))


def _finite(seconds: float | None) -> float | None:
    """JSON has no infinity: beyond the last bucket is null, as is no observation."""
    return None if seconds is None or isinf(seconds) else seconds
