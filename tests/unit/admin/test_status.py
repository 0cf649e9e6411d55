"""The documents of ``/readyz`` and ``/status``."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import orjson
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gateway.admin.metrics import make_registry
from gateway.admin.status import MOST_DEVICES, MOST_REASONS, readiness, rfc3339, status
from gateway.model import Code
from gateway.pipeline.overview import Reason
from gateway.pipeline.stats import Stats
from tests.unit.admin.overviews import PUMP_3, busy, contract, make_label, starting


def test_readiness_of_a_gateway_that_is_ready_says_what_needs_attention():
    """Ready, and the degradations with code and detail."""
    assert readiness(busy()) == {
        "ready": True,
        "degraded": [
            {
                "code": "contract_inactive",
                "detail": "health/patient-vitals: subject 'health.vitals-value' is not in the registry",
            },
            {"code": "version_pending", "detail": "logistics/cold-chain: version 2 was not taken over"},
        ],
    }


def test_readiness_of_a_gateway_that_is_not_ready_says_why():
    """All reasons, beside the degradations."""
    overview = replace(starting(), degraded=(Reason("contract_inactive", "x"),))
    assert readiness(overview) == {
        "ready": False,
        "reasons": [{"code": "mqtt_disconnected", "detail": "not connected to mqtt://localhost:1883 yet"}],
        "degraded": [{"code": "contract_inactive", "detail": "x"}],
    }


def test_the_exact_status_of_a_gateway_that_has_just_started():
    """Every key is there from the start, unknown values are null."""
    assert status(starting()) == {
        "version": "1.2.3",
        "started_at": "2026-01-01T00:00:00.000Z",
        "uptime_s": 0.25,
        "ready": False,
        "reasons": [{"code": "mqtt_disconnected", "detail": "not connected to mqtt://localhost:1883 yet"}],
        "degraded": [],
        "messages": {
            "received": {"qos_0": 0, "qos_1": 0, "qos_2": 0},
            "redelivered": 0,
            "handled": 0,
            "accepted": 0,
            "valid": 0,
            "coerced": 0,
            "rejected": 0,
            "timestamps_replaced": 0,
            "delivered": 0,
            "acknowledged": 0,
            "unacknowledged": 0,
            "unacknowledged_bytes": 0,
            "oldest_unacknowledged_age_s": 0.0,
            "acknowledgement_latency_s": {"batches": 0, "p50_at_most": None, "p99_at_most": None},
        },
        "contracts": [
            {
                "contract": "industry/pump",
                "owner": None,
                "description": None,
                "active": False,
                "handled": 0,
                "accepted": 0,
                "valid": 0,
                "coerced": 0,
                "rejected": 0,
                "timestamps_replaced": 0,
                "reasons": [],
                "coercions": [],
                "variants": [
                    {
                        "filter": "plant/+/+/readings",
                        "subscribed": True,
                        "topic": "plant.pump",
                        "dead_letters": "plant.pump.dlq",
                        "mode": "lossless",
                        "active": False,
                        "reason": "no schema yet",
                        "subject": "plant.pump-value",
                        "format": "AVRO",
                        "version": None,
                        "schema_id": None,
                        "schema_places": None,
                        "compile_ms": None,
                        "registry_age_s": None,
                        "pending_version": None,
                        "pending_reason": "",
                        "unapplied": "",
                    }
                ],
            }
        ],
        "unrouted": {"rejected": 0, "reasons": []},
        "devices": [],
        "mqtt": {
            "connected": False,
            "detail": "not connected yet",
            "connections": 0,
            "failures": 0,
            "sessions_lost": 0,
            "unacknowledged": 0,
            "unacknowledged_bytes": 0,
            "oldest_age_s": 0.0,
        },
        "kafka": {
            "ready": False,
            "reason": "no broker has answered yet",
            "brokers_up": 0,
            "brokers": 0,
            "outstanding": 0,
            "queued_bytes": 0,
            "failures": {},
        },
        "registry": {"reachable": None, "detail": "", "failures": 0},
        "faults": {},
    }


def test_what_a_busy_gateway_shows_of_its_contracts():
    """Numbers by contract, the leading reasons first, each variant with what is wrong with it."""
    shown = status(busy())
    pump, cold_chain, vitals = shown["contracts"]
    assert pump["owner"] == "plant-data"
    assert pump["reasons"] == [{"code": "out-of-range", "count": 9}, {"code": "unknown-field", "count": 7}]
    assert pump["coercions"] == [{"code": "string-to-number", "count": 234_015}]
    assert (pump["variants"][0]["version"], pump["variants"][0]["schema_id"]) == (3, 21)
    assert cold_chain["variants"][0]["pending_version"] == 2
    assert cold_chain["variants"][0]["schema_places"] == 9
    assert cold_chain["variants"][0]["compile_ms"] == 0.5
    assert cold_chain["variants"][0]["unapplied"] == "/fields/3: door_open is only in schema.avsc"
    assert not vitals["active"]
    assert "register it" in vitals["variants"][0]["reason"]
    assert shown["unrouted"] == {"rejected": 6, "reasons": [{"code": "no-route", "count": 6}]}
    assert shown["devices"] == [
        {"device": "pump-42", "code": "out-of-range", "rejections": 8},
        {"device": "truck-7", "code": "invalid-number", "rejections": 5},
    ]
    assert shown["messages"]["received"] == {"qos_0": 11, "qos_1": 1_234_280, "qos_2": 0}
    assert shown["messages"]["acknowledgement_latency_s"] == {"batches": 100, "p50_at_most": 0.01, "p99_at_most": 0.5}
    assert shown["kafka"]["failures"] == {"broker_down": 2, "not_authorized": 1}
    assert shown["faults"] == {"ValueError": 1}


def test_status_and_metrics_show_the_same_numbers():
    """Whoever compares them must not find a difference."""
    shown = status(busy())
    text = generate_latest(make_registry(busy)).decode()
    metrics = {
        (sample.name.removeprefix("schema_gateway_"), *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    for each in shown["contracts"]:
        for outcome in ("valid", "coerced", "rejected"):
            assert metrics["messages_total", *sorted((each["contract"], outcome))] == each[outcome]
        for reason in each["reasons"]:
            assert metrics["rejections_total", *sorted((each["contract"], reason["code"]))] == reason["count"]
        assert metrics["timestamps_replaced_total", each["contract"]] == each["timestamps_replaced"]
    messages = shown["messages"]
    totals = [value for (name, *_), value in metrics.items() if name == "messages_total"]
    assert sum(totals) == messages["handled"] == messages["accepted"] + messages["rejected"]
    assert metrics["messages_total", "(unrouted)", "rejected"] == shown["unrouted"]["rejected"]
    for name, key in [
        ("messages_redelivered_total", "redelivered"),
        ("messages_acknowledged_total", "acknowledged"),
        ("records_delivered_total", "delivered"),
        ("messages_unacknowledged", "unacknowledged"),
        ("unacknowledged_bytes", "unacknowledged_bytes"),
        ("oldest_unacknowledged_age_seconds", "oldest_unacknowledged_age_s"),
    ]:
        assert metrics[name,] == messages[key]
    for qos in "012":
        assert metrics["messages_received_total", qos] == messages["received"][f"qos_{qos}"]
    assert metrics["mqtt_connections_total",] == shown["mqtt"]["connections"]
    assert metrics["mqtt_sessions_lost_total",] == shown["mqtt"]["sessions_lost"]
    assert metrics["kafka_outstanding_records",] == shown["kafka"]["outstanding"]
    assert metrics["registry_failures_total",] == shown["registry"]["failures"]


def test_lists_are_cut_to_what_a_person_reads():
    """Whatever the fleet does, the document stays small."""
    codes = list(Code)
    many = Stats(
        rejected=Counter({(PUMP_3, code): number for number, code in enumerate(codes, 1)}),
        coercions=Counter({(PUMP_3, f"code-{number}"): number for number in range(1, 40)}),
        devices=Counter({(f"d{number}", Code.OUT_OF_RANGE): number for number in range(1, 500)}),
    )
    shown = status(replace(busy(), stats=many))
    pump: dict[str, Any] = shown["contracts"][0]
    assert [each["count"] for each in pump["reasons"]] == list(range(len(codes), len(codes) - MOST_REASONS, -1))
    assert len(pump["coercions"]) == MOST_REASONS
    assert [each["device"] for each in shown["devices"]] == [
        f"d{number}" for number in range(499, 499 - MOST_DEVICES, -1)
    ]


def test_a_contract_is_active_only_if_all_its_variants_are():
    """Half a contract needs attention."""
    one, other = make_label("energy", "energy.load", 1, 1), make_label("energy", "energy.fault", 2, 1)
    overview = replace(
        busy(), contracts=(contract(one), contract(other, active=False, reason="no topic")), stats=Stats()
    )
    (shown,) = status(overview)["contracts"]
    assert not shown["active"]
    assert [variant["topic"] for variant in shown["variants"]] == ["energy.load", "energy.fault"]


def test_status_is_json_even_beyond_the_last_latency_bucket():
    """JSON has no infinity: it becomes null."""
    overview = replace(busy(), stats=Stats())
    overview.stats.latency.observe(1000.0)
    shown = status(overview)
    assert shown["messages"]["acknowledgement_latency_s"] == {"batches": 1, "p50_at_most": None, "p99_at_most": None}
    assert orjson.loads(orjson.dumps(shown)) == shown


def test_moments_are_rfc_3339_in_utc():
    """With milliseconds and Z, whatever the machine's time zone."""
    assert rfc3339(1_767_225_600_001) == "2026-01-01T00:00:00.001Z"
