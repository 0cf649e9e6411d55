"""What the broker's answers to subscriptions mean for the contracts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from gateway.config.load import load_project
from gateway.config.settings import Mqtt
from gateway.errors import LinkError
from gateway.pipeline.ports import Subscription
from gateway.plan.findings import Finding, Grade
from gateway.service.inspection import broker
from tests.parts.projects import ProjectFiles


class Broker:
    """A broker that answers as it is told to; takes the place of ``Probe``."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}
        """Filter -> the code of its SUBACK; what was asked for, for all others."""
        self.shares: bool | None = True
        self.away = ""
        self.client_id = ""

    def __call__(self, _: Mqtt, client_id: str) -> Self:
        """The probe."""
        self.client_id = client_id
        return self

    async def __aenter__(self) -> Self:
        if self.away:
            raise LinkError(self.away)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing is open."""

    async def subscribe(self, wanted: Sequence[Subscription]) -> list[int]:
        """The codes."""
        return [self.codes.get(each.filter, each.qos) for each in wanted]


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Broker:
    answers = Broker()
    monkeypatch.setattr(broker, "Probe", answers)
    return answers


async def found(folder: Path, **mqtt: Any) -> list[Finding]:
    """What is found for a project of two contracts, one of which covers the other."""
    files = ProjectFiles(folder, mqtt={"url": "mqtt://broker", **mqtt})
    files.declare("all", mqtt="plant/{device}/#")
    files.declare("some", mqtt="plant/{device}/readings", qos=2)
    files.declare("other", mqtt="gate/{device}", qos=0)
    return await broker.inspect_broker(load_project(files.config, {}), "gw-check")


async def test_all_granted(tmp_path: Path, peer: Broker) -> None:
    """Who is let in with which protocol, and each filter that will be subscribed with the contracts it brings."""
    assert [(each.grade, each.about, each.message, each.contract) for each in await found(tmp_path)] == [
        (Grade.FINE, "mqtt://broker:1883", "lets 'gw-check' in, MQTT 5", ""),
        (Grade.FINE, "gate/+", "granted QoS 0", "other"),
        (Grade.FINE, "plant/+/#", "granted QoS 2", "all, some"),
    ]
    assert peer.client_id == "gw-check"


async def test_nobody_is_let_in(tmp_path: Path, peer: Broker) -> None:
    """One finding, in the adapter's words."""
    peer.away = "mqtt://broker:1883: connection refused"
    [only] = await found(tmp_path)
    assert (only.grade, only.about, only.message) == (Grade.UNREACHABLE, "mqtt://broker:1883", peer.away)


async def test_a_filter_that_is_refused(tmp_path: Path, peer: Broker) -> None:
    """A problem of the contracts that it would bring, with the reason; the others are fine."""
    peer.codes["plant/+/#"] = 0x87
    _, gate, plant = await found(tmp_path)
    assert gate.grade is Grade.FINE
    assert (plant.grade, plant.contract) == (Grade.PROBLEM, "all, some")
    assert plant.message.startswith("the broker refuses the subscription: not authorized (0x87); ")


async def test_less_is_granted_than_asked(tmp_path: Path, peer: Broker) -> None:
    """The gateway would not be ready: both are said."""
    peer.codes["plant/+/#"] = 1
    *_, plant = await found(tmp_path)
    assert (plant.grade, plant.expected, plant.found) == (Grade.PROBLEM, "QoS 2", "QoS 1")
    assert "granted QoS 1, asked for QoS 2" in plant.message


@pytest.mark.parametrize(
    ("available", "grade", "told"),
    [
        (True, Grade.FINE, "this one was not joined"),
        (False, Grade.PROBLEM, "remove mqtt.share, or use another broker"),
        (None, Grade.UNKNOWN, "MQTT 3.1.1 brokers do not say"),
    ],
)
async def test_a_share(tmp_path: Path, peer: Broker, available: bool | None, grade: Grade, told: str) -> None:
    """Only whether the broker has such a thing: joining it would take messages from production."""
    peer.shares = available
    _, share, *_ = await found(tmp_path, share="ingest")
    assert (share.grade, share.about) == (grade, "$share/ingest")
    assert told in share.message
