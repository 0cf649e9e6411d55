"""Overviews for tests: a gateway that has seen a bit of everything, and one that has just started."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from gateway.model import Code, CompileCost, Format, Mode, RouteLabel
from gateway.pipeline.overview import ContractState, KafkaState, MqttState, Overview, Reason, RegistryState
from gateway.pipeline.stats import Histogram, Stats

STARTED_AT = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""


def make_label(contract: str, topic: str, schema_id: int | None = None, version: int | None = None) -> RouteLabel:
    return RouteLabel(contract, topic, f"{topic}.dlq", f"{topic}-value", Mode.LOSSLESS, schema_id, version)


PUMP_2 = make_label("industry/pump", "plant.pump", 17, 2)
"""The version that ran before."""
PUMP_3 = make_label("industry/pump", "plant.pump", 21, 3)
FRIDGE = make_label("logistics/cold-chain", "logistics.cold-chain", 9, 1)
VITALS = make_label("health/patient-vitals", "health.vitals")


def starting() -> Overview:
    """Just started: no schema, no broker, nothing counted."""
    return Overview(
        version="1.2.3",
        started_at=STARTED_AT,
        uptime_s=0.25,
        not_ready=(Reason("mqtt_disconnected", "not connected to mqtt://localhost:1883 yet"),),
        degraded=(),
        contracts=(contract(make_label("industry/pump", "plant.pump"), active=False, reason="no schema yet"),),
        mqtt=MqttState(False, "not connected yet", 0, 0, 0, 0, 0, 0.0),
        kafka=KafkaState(False, "no broker has answered yet", 0, 0, 0, 0, ()),
        registry=RegistryState(None, "", 0),
        stats=Stats(),
    )


def contract(label: RouteLabel, **more: object) -> ContractState:
    state = ContractState(
        label, filter="plant/+/+/readings", active=True, reason="", subscribed=True, format=Format.AVRO
    )
    return replace(state, **more)  # type: ignore[arg-type]  # the fields are checked by the tests that read them


def busy() -> Overview:
    """Ready and degraded, with one of everything."""
    return Overview(
        version="1.2.3",
        started_at=STARTED_AT,
        uptime_s=93_784.5,
        not_ready=(),
        degraded=(
            Reason("contract_inactive", "health/patient-vitals: subject 'health.vitals-value' is not in the registry"),
            Reason("version_pending", "logistics/cold-chain: version 2 was not taken over"),
        ),
        contracts=(
            contract(
                PUMP_3,
                cost=CompileCost(21, 0.002),
                registry_age_s=12.5,
                owner="plant-data",
                description="Pumps of all buildings, readings every second",
            ),
            contract(
                FRIDGE,
                filter="logistics/+/+/cold-chain",
                cost=CompileCost(9, 0.000_5),
                registry_age_s=12.5,
                pending_version=2,
                pending_reason="its accepted example 'decimal comma' would be rejected",
                unapplied="/fields/3: door_open is only in schema.avsc",
            ),
            contract(
                VITALS,
                filter="hospital/+/+/vitals",
                active=False,
                subscribed=False,
                format=None,
                reason="subject 'health.vitals-value' is not in the registry; register it, or gateway schemas apply",
            ),
        ),
        mqtt=MqttState(True, "since 2026-01-01T00:00:00Z", 3, 2, 1, 40, 5600, 0.125),
        kafka=KafkaState(True, "", 3, 3, 41, 6100, (("not_authorized", 1), ("broker_down", 2))),
        registry=RegistryState(True, "", 4),
        stats=stats(),
    )


def stats() -> Stats:
    return Stats(
        accepted=Counter({PUMP_2: 100, PUMP_3: 1_234_000, FRIDGE: 50}),
        coerced=Counter({PUMP_2: 10, PUMP_3: 234_000}),
        coercions=Counter({(PUMP_2, "string-to-number"): 15, (PUMP_3, "string-to-number"): 234_000}),
        timestamps_replaced=Counter({FRIDGE: 2}),
        rejected=Counter(
            {
                (PUMP_2, Code.UNKNOWN_FIELD): 3,
                (PUMP_3, Code.UNKNOWN_FIELD): 4,
                (PUMP_3, Code.OUT_OF_RANGE): 9,
                (FRIDGE, Code.INVALID_NUMBER): 5,
                (VITALS, Code.UNKNOWN_SCHEMA): 70,
                (None, Code.NO_ROUTE): 6,
            }
        ),
        devices=Counter({("pump-42", Code.OUT_OF_RANGE): 8, ("truck-7", Code.INVALID_NUMBER): 5}),
        received=[11, 1_234_280, 0],
        redelivered=44,
        acknowledged=1_234_207,
        delivered=1_234_250,
        faults=Counter({"ValueError": 1}),
        latency=Histogram([0, 10, 20, 30, 20, 10, 5, 3, 1, 0, 1, 0, 0, 0, 0], 2.75),
    )
