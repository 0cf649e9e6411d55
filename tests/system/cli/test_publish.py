"""``gateway publish`` against a real mosquitto."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from tests.parts.mosquitto import Mosquitto
from tests.parts.projects import ProjectFiles
from tests.system.cli.commands import run

pytestmark = pytest.mark.mosquitto

BYTES = bytes(range(256)) + b"\r\n"


@pytest.fixture
def files(tmp_path: Path, mosquitto: Mosquitto) -> ProjectFiles:
    files = ProjectFiles(tmp_path / "project", mqtt={"url": mosquitto.url})
    files.declare("pump", mqtt="plant/{device}/readings", where={"/kind": ["a"]})
    files.declare("gate", mqtt="gate/{device}")
    return files


async def retained(broker: Mosquitto, topic: str) -> str:
    """The retained payload, as hexadecimal."""
    command = [
        "mosquitto_sub",
        "-h",
        "127.0.0.1",
        "-p",
        str(broker.port),
        "-t",
        topic,
        "-C",
        "1",
        "-W",
        "5",
        "-F",
        "%x",
    ]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.mark.parametrize("qos", ["0", "1", "2"])
async def test_every_byte_of_a_file(files: ProjectFiles, mosquitto: Mosquitto, qos: str) -> None:
    """What the broker gets is the file, at any QoS; retained on demand."""
    (files.folder / "payload").write_bytes(BYTES)
    finished = await run(files.folder, "publish", "x/y", "payload", "--retain", "--qos", qos)
    assert finished.code == 0, finished.err
    assert bytes.fromhex(await retained(mosquitto, "x/y")) == BYTES


@pytest.mark.parametrize("arguments", [[], ["-"]], ids=["left out", "dash"])
async def test_every_byte_of_standard_input(files: ProjectFiles, mosquitto: Mosquitto, arguments: list[str]) -> None:
    """Without FILE or with -."""
    finished = await run(files.folder, "publish", "x/y", *arguments, "--retain", stdin=BYTES)
    assert finished.code == 0, finished.err
    assert bytes.fromhex(await retained(mosquitto, "x/y")) == BYTES


@pytest.mark.parametrize(
    ("topic", "payload", "said"),
    [
        ("gate/g1", b"\xff", "contract gate takes it, for Kafka topic gate"),
        ("plant/p1/readings", b'{"kind": "a"}', "contract pump takes it, for Kafka topic pump"),
        (
            "plant/p1/readings",
            b'{"kind": "b"}',
            "no contract takes it (where): it becomes a dead letter no-route in gateway.dlq",
        ),
        ("plant/p1", b"{}", "no contract's filter matches this topic: the gateway will not receive it"),
    ],
)
async def test_who_will_take_it(files: ProjectFiles, topic: str, payload: bytes, said: str) -> None:
    """As the gateway's own route table decides, by topic and, where a contract asks for it, by payload."""
    finished = await run(files.folder, "publish", topic, stdin=payload)
    assert finished.out.splitlines() == [f"published {len(payload)} bytes on {topic} at QoS 1", said]


async def test_json_for_a_program(files: ProjectFiles) -> None:
    """One object."""
    finished = await run(files.folder, "publish", "gate/g1", "-o", "json", "--qos", "2", stdin=b"{}")
    assert finished.objects == [
        {
            "topic": "gate/g1",
            "payload_bytes": 2,
            "qos": 2,
            "retain": False,
            "contract": "gate",
            "kafka_topic": "gate",
        }
    ]


async def test_the_gateways_session_is_left_alone(files: ProjectFiles, mosquitto: Mosquitto) -> None:
    """The client ID is another one: the broker closes nobody's connection for it."""
    await run(files.folder, "publish", "gate/g1", stdin=b"{}")
    assert "as schema-gateway-publish-" in mosquitto.log
    assert "as schema-gateway (" not in mosquitto.log
