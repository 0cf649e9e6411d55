"""``gateway publish``: what a person and a program are told. What a real broker answers is a system test's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.parts.projects import ProjectFiles
from tests.unit.cli.conftest import Gateway

TOLD = "confirmed, which over MQTT 3.1.1 a broker does with what it refuses, too"


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectFiles:
    """A project with a contract of its own and one that asks for a payload; the working directory."""
    monkeypatch.chdir(tmp_path)
    files = ProjectFiles(tmp_path, mqtt={"username": "gateway"})
    files.declare("gate", mqtt="gate/{device}")
    files.declare("pump", mqtt="plant/{device}", where={"/kind": "a"})
    return files


class Broker:
    """Takes the place of the connection: answers with a code, and keeps what it got."""

    def __init__(self) -> None:
        self.code: int | None = 0
        self.got: list[tuple[str, bytes, int, bool]] = []

    async def take(self, settings: Any, topic: str, payload: bytes, qos: int, *, retain: bool) -> int | None:
        """One message."""
        assert settings.username == "gateway"
        self.got.append((topic, payload, qos, retain))
        return self.code


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    answers = Broker()
    monkeypatch.setattr("gateway.cli.publish._publish", answers.take)
    return answers


def test_bytes_are_published_as_they_are(gateway: Gateway, broker: Broker) -> None:
    """Of a file and of standard input, with what the options say."""
    Path("payload").write_bytes(b"\x00\xff\r\n")
    gateway("publish", "gate/g1", "payload", "--qos", "2", "--retain")
    gateway("publish", "gate/g1", stdin=b"\x00\xfe\n")
    gateway("publish", "gate/g1", "-", "--qos", "0", stdin=b"")
    assert broker.got == [
        ("gate/g1", b"\x00\xff\r\n", 2, True),
        ("gate/g1", b"\x00\xfe\n", 1, False),
        ("gate/g1", b"", 0, False),
    ]


@pytest.mark.parametrize(
    ("code", "topic", "payload", "said"),
    [
        (0, "gate/g1", b"{}", ["contract gate takes it, for Kafka topic gate"]),
        (
            0,
            "plant/p1",
            b'{"kind": "b"}',
            ["no contract takes it (where): it becomes a dead letter no-route in gateway.dlq"],
        ),
        (0, "x", b"{}", ["no contract's filter matches this topic: the gateway will not receive it"]),
        (None, "gate/g1", b"{}", [TOLD, "contract gate takes it, for Kafka topic gate"]),
        (
            0x10,
            "gate/g1",
            b"{}",
            [
                (
                    "warning: nobody, so no gateway, subscribes to this topic (no matching subscribers, 0x10), and the "
                    "broker has dropped it; is the gateway running, and connected to this broker?"
                ),
                "contract gate would take it, for Kafka topic gate",
            ],
        ),
    ],
)
def test_what_a_person_is_told(
    gateway: Gateway, broker: Broker, code: int | None, topic: str, payload: bytes, said: list[str]
) -> None:
    """That it is published, what is odd about it, and what becomes of it."""
    broker.code = code
    ended = gateway("publish", topic, stdin=payload)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [f"published {len(payload)} bytes on {topic} at QoS 1", *said]


def test_a_retained_message_nobody_subscribes_to(gateway: Gateway, broker: Broker) -> None:
    """It is not lost."""
    broker.code = 0x10
    first, warning, _ = gateway("publish", "gate/g1", "--retain", stdin=b"{}").out.splitlines()
    assert first == "published 2 bytes on gate/g1 at QoS 1, retained"
    assert "and the broker keeps it for later subscribers;" in warning


@pytest.mark.parametrize(
    ("topic", "contract", "kafka_topic"),
    [("gate/g1", "gate", "gate"), ("plant/p1", None, "gateway.dlq"), ("x", None, None)],
)
@pytest.mark.parametrize("code", [0, 0x10, None])
def test_what_a_program_is_told(
    gateway: Gateway, broker: Broker, topic: str, contract: str | None, kafka_topic: str | None, code: int | None
) -> None:
    """One object; the code as the broker sent it."""
    broker.code = code
    ended = gateway("publish", topic, "-o", "json", stdin=b"{}")
    assert json.loads(ended.out) == {
        "topic": topic,
        "payload_bytes": 2,
        "qos": 1,
        "retain": False,
        "contract": contract,
        "kafka_topic": kafka_topic,
        "reason_code": code,
    }
