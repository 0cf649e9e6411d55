"""``gateway publish`` against a real mosquitto."""

import asyncio
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

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


@asynccontextmanager
async def subscriber(broker: Mosquitto, topic: str = "#") -> AsyncIterator[None]:
    """Somebody who subscribes, as a running gateway would."""
    client = Client(CallbackAPIVersion.VERSION2)
    subscribed = threading.Event()
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    try:
        client.subscribe(topic, 1)
        assert await asyncio.to_thread(subscribed.wait, 10)
        yield
    finally:
        client.disconnect()
        client.loop_stop()


TAKERS: list[tuple[str, bytes, str, str]] = [
    (
        "gate/g1",
        b"\xff",
        "contract gate takes it, for Kafka topic gate",
        "contract gate would take it, for Kafka topic gate",
    ),
    (
        "plant/p1/readings",
        b'{"kind": "a"}',
        "contract pump takes it, for Kafka topic pump",
        "contract pump would take it, for Kafka topic pump",
    ),
    (
        "plant/p1/readings",
        b'{"kind": "b"}',
        "no contract takes it (where): it becomes a dead letter no-route in gateway.dlq",
        "no contract would take it (where): it would become a dead letter no-route in gateway.dlq",
    ),
    (
        "plant/p1",
        b"{}",
        "no contract's filter matches this topic: the gateway will not receive it",
        "no contract's filter matches this topic: the gateway will not receive it",
    ),
]
"""Topic, payload, who takes it, and who would."""

UNHEARD = (
    "warning: nobody, so no gateway, subscribes to this topic (no matching subscribers, 0x10), and the broker has "
    "dropped it; is the gateway running, and connected to this broker?"
)


@pytest.mark.parametrize(("topic", "payload", "said", "_"), TAKERS)
async def test_who_will_take_it(
    files: ProjectFiles, mosquitto: Mosquitto, topic: str, payload: bytes, said: str, _: str
) -> None:
    """As the gateway's own route table decides, by topic and, where a contract asks for it, by payload."""
    async with subscriber(mosquitto):
        finished = await run(files.folder, "publish", topic, stdin=payload)
    assert finished.out.splitlines() == [f"published {len(payload)} bytes on {topic} at QoS 1", said]


@pytest.mark.parametrize(("topic", "payload", "_", "said"), TAKERS)
async def test_nobody_subscribes(files: ProjectFiles, topic: str, payload: bytes, _: str, said: str) -> None:
    """PUBACK 0x10 [MQTT 5.0, 3.4.2.1] is told as a warning, and what would be is not told as what is; exit 0."""
    finished = await run(files.folder, "publish", topic, stdin=payload)
    assert (finished.code, finished.err) == (0, "")
    assert finished.out.splitlines() == [
        f"published {len(payload)} bytes on {topic} at QoS 1",
        UNHEARD,
        said,
    ]


async def test_nobody_subscribes_yet(files: ProjectFiles) -> None:
    """A retained message is not dropped, and not said to be."""
    finished = await run(files.folder, "publish", "gate/g1", "--retain", stdin=b"{}")
    assert "and the broker keeps it for later subscribers;" in finished.out.splitlines()[1]


@pytest.mark.parametrize(
    ("arguments", "version", "said"),
    [
        (["--qos", "0"], "5", "at QoS 0 no broker confirms anything"),
        ([], "3.1.1", "confirmed, which over MQTT 3.1.1 a broker does with what it refuses, too"),
    ],
    ids=["QoS 0", "3.1.1"],
)
async def test_where_no_reason_code_is_heard(
    files: ProjectFiles, mosquitto: Mosquitto, arguments: list[str], version: str, said: str
) -> None:
    """It is said that a refusal would not have been noticed."""
    files.configure(mqtt={"url": mosquitto.url, "version": version})
    finished = await run(files.folder, "publish", "gate/g1", *arguments, stdin=b"{}")
    assert finished.code == 0, finished.err
    assert finished.out.splitlines()[1:] == [said, "contract gate takes it, for Kafka topic gate"]


@pytest.fixture
def strict_broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that lets nobody publish outside ``gate/``, and nothing above 1000 bytes."""
    acl = tmp_path / "acl"
    acl.write_text("topic read #\ntopic write gate/#\n")
    with Mosquitto(tmp_path / "strict", config=[f"acl_file {acl}", "message_size_limit 1000"]) as broker:
        yield broker


async def test_a_refusal_is_told_with_its_reason(files: ProjectFiles, strict_broker: Mosquitto) -> None:
    """One line with address, topic, reason code and what to do; exit 3, and nothing claims that it was published."""
    files.configure(mqtt={"url": strict_broker.url})
    finished = await run(files.folder, "publish", "plant/p1/readings", stdin=b"{}")
    assert (finished.code, finished.out) == (3, "")
    assert finished.err == (
        f"gateway: {strict_broker.url}: the broker refuses a message on 'plant/p1/readings': not authorized (0x87); "
        "check mqtt.username and mqtt.password, and what the broker allows this user\n"
    )


async def test_a_refusal_at_qos_2_is_told_too(files: ProjectFiles, strict_broker: Mosquitto) -> None:
    """PUBREC with 0x87 refuses the message [MQTT 5.0, 3.5.2.1]."""
    files.configure(mqtt={"url": strict_broker.url})
    finished = await run(files.folder, "publish", "plant/p1/readings", "--qos", "2", stdin=b"{}")
    assert (finished.code, "not authorized (0x87)" in finished.err) == (3, True)


async def test_a_broker_that_hangs_up_on_the_payload(files: ProjectFiles, strict_broker: Mosquitto) -> None:
    """Mosquitto closes the connection over a payload that is too large: the line names its size."""
    files.configure(mqtt={"url": strict_broker.url})
    finished = await run(files.folder, "publish", "gate/g1", stdin=b"x" * 1001)
    assert (finished.code, finished.out) == (3, "")
    [line] = finished.err.splitlines()
    assert "the connection ended before 1001 bytes on 'gate/g1' were confirmed" in line
    assert "too large" in line


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
            "reason_code": 0,
        }
    ]


@pytest.mark.parametrize(("listening", "code"), [(True, 0), (False, 16)])
async def test_the_reason_code_for_a_program(
    files: ProjectFiles, mosquitto: Mosquitto, listening: bool, code: int
) -> None:
    """As the broker sent it."""
    async with AsyncExitStack() as stack:
        if listening:
            await stack.enter_async_context(subscriber(mosquitto, "gate/+"))
        finished = await run(files.folder, "publish", "gate/g1", "-o", "json", stdin=b"{}")
    assert finished.objects[0]["reason_code"] == code


async def test_the_gateways_session_is_left_alone(files: ProjectFiles, mosquitto: Mosquitto) -> None:
    """The client ID is another one: the broker closes nobody's connection for it."""
    await run(files.folder, "publish", "gate/g1", stdin=b"{}")
    assert "as schema-gateway-publish-" in mosquitto.log
    assert "as schema-gateway (" not in mosquitto.log
