"""``gateway dlq`` against a real Kafka."""

import asyncio
import shlex
import signal
import time
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from gateway.model import Code, Message, Mode, Record, Rejection, RouteLabel, Stage, Violation
from gateway.pipeline.deadletter import DeadLetters
from tests.parts.kafka import KafkaBroker
from tests.parts.mock_cluster import MockCluster
from tests.parts.projects import ProjectFiles
from tests.system.cli.commands import COMMAND, Finished, run, start

pytestmark = pytest.mark.kafka

NOW = time.time_ns() // 1_000_000


class Letters:
    """A project with two contracts and their dead-letter topics, and a hand that writes dead letters."""

    def __init__(self, files: ProjectFiles, kafka: KafkaBroker) -> None:
        self.files = files
        self.topics = {"pump": kafka.new_topic(3), "gate": kafka.new_topic(), "": kafka.new_topic()}
        files.configure(
            kafka={"bootstrap.servers": kafka.bootstrap, "linger.ms": "5"}, dead_letters={"unrouted": self.topics[""]}
        )
        for name in ("pump", "gate"):
            files.declare(name, dead_letters=self.topics[name])
        self._producer = Producer({"bootstrap.servers": kafka.bootstrap})

    def write(
        self,
        contract: str = "pump",
        *,
        ago_s: float = 0,
        code: Code = Code.TYPE_MISMATCH,
        device: str | None = "p7",
        payload: bytes = b"{}",
    ) -> None:
        """Writes one, and returns when Kafka has it."""
        topic = self.topics[contract]
        label = RouteLabel(contract, "t", topic, "t-value", Mode.LOSSLESS, 7, 1) if contract else None
        rejection = Rejection(Stage.COERCE, (Violation(code, f"{code} it is"),), label=label, device=device)
        message = Message(f"{contract}/{device}", payload, 1, 1, False, False, NOW - int(ago_s * 1000))
        self._produce(DeadLetters(topic, "full", "1").record(message, rejection))

    def _produce(self, record: Record) -> None:
        headers: Any = record.headers
        self._producer.produce(
            record.topic, key=record.key, value=record.value, headers=headers, timestamp=record.timestamp
        )
        assert self._producer.flush(20) == 0

    async def shown(self, *options: str) -> list[Any]:
        """The payloads of what is shown, in order."""
        finished = await run(self.files.folder, "dlq", "--output", "json", *options)
        assert finished.code == 0, finished.err
        return [each["payload"] for each in finished.objects]


@pytest.fixture
def letters(tmp_path: Path, kafka: KafkaBroker) -> Letters:
    return Letters(ProjectFiles(tmp_path / "project"), kafka)


async def test_all_topics_newest_last(letters: Letters) -> None:
    """Those of every contract and of what none claims, by arrival."""
    for n, contract in enumerate(["pump", "gate", "", "pump", "gate", "pump"]):
        letters.write(contract, ago_s=100 - n, payload=b"%d" % n, device=None if contract == "" else f"d{n}")
    assert await letters.shown() == ["0", "1", "2", "3", "4", "5"]


async def test_the_filters(letters: Letters) -> None:
    """By contract, reason, device and time, alone and together."""
    letters.write("pump", payload=b"old", ago_s=7200)
    letters.write("pump", payload=b"p7", ago_s=50)
    letters.write("pump", payload=b"p8", device="p8", code=Code.NO_DEVICE_ID, ago_s=40)
    letters.write("gate", payload=b"g", code=Code.NO_DEVICE_ID, ago_s=30)
    assert await letters.shown("--contract", "pump") == ["old", "p7", "p8"]
    assert await letters.shown("--code", "no-device-id") == ["p8", "g"]
    assert await letters.shown("--device", "p7", "--since", "1h") == ["p7", "g"]
    assert await letters.shown("--contract", "pump", "--code", "no-device-id", "--device", "p8") == ["p8"]
    assert await letters.shown("--limit", "2") == ["p8", "g"]


async def test_a_person_reads(letters: Letters) -> None:
    """Plain text without a terminal, and a word about older ones on standard error."""
    letters.write(payload=b'{"x": 1}', ago_s=2)
    letters.write(payload=b'{"x": 2}', ago_s=1)
    finished = await run(letters.files.folder, "dlq", "--limit", "1")
    assert finished.code == 0
    lines = finished.out.splitlines()
    assert lines[0].endswith("  type-mismatch  device p7  contract pump")
    assert lines[1:4] == ["  type-mismatch it is", '  payload   {"x": 2}', "  mqtt      pump/p7  QoS 1"]
    assert finished.err == "older ones that are not shown: 1; --limit 2 shows all\n"


@pytest.mark.parametrize("options", ["-o json", "--follow", "--follow -o json"])
async def test_a_reader_that_has_seen_enough(letters: Letters, options: str) -> None:
    """Under ``| head`` it ends as SIGPIPE would have ended it, also while it follows; without a word."""
    for _ in range(3):
        letters.write(payload=b"x" * 100_000)  # as JSON more than a pipe holds
    line = f"set -o pipefail; {shlex.join(COMMAND)} dlq {options} | head -c 1"
    child = await asyncio.create_subprocess_exec(
        *("bash", "-c", line), cwd=letters.files.folder, stdout=PIPE, stderr=PIPE
    )
    following = asyncio.create_task(child.communicate())
    while not following.done():  # what goes on is noticed with the next letter
        await asyncio.wait([following], timeout=0.5)
        if options.startswith("--follow") and not following.done():
            await asyncio.to_thread(letters.write)
    _, err = await following
    assert (child.returncode, err.decode()) == (141, "")


async def test_nothing_found(letters: Letters) -> None:
    """Exit 0, nothing on standard output, and it is said where was looked for what."""
    finished = await run(letters.files.folder, "dlq", "--contract", "gate", "--code", "no-route", "--since", "1d")
    assert finished == Finished(
        0, "", f"no dead letters of contract gate with no-route since then in {letters.topics['gate']}\n"
    )


async def test_every_byte_of_a_payload(letters: Letters) -> None:
    """Whatever was published is there, and cannot act on the terminal."""
    letters.write(payload=b"\xff\x1b[2J")
    [found] = (await run(letters.files.folder, "dlq", "-o", "json")).objects
    assert found["payload_base64"] == "/xtbMko="
    finished = await run(letters.files.folder, "dlq")
    assert "  payload   \\xff\\x1b[2J" in finished.out.splitlines()


async def test_reading_leaves_no_trace(letters: Letters, kafka: KafkaBroker) -> None:
    """No consumer group, and the same again the next time."""
    letters.write(payload=b"1")
    assert await letters.shown() == await letters.shown() == ["1"]
    groups = kafka.admin.list_consumer_groups(request_timeout=20).result().valid
    assert [group.group_id for group in groups if "schema-gateway" in group.group_id] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_follow(letters: Letters, number: signal.Signals) -> None:
    """What is there, then what comes, from every topic and once; a signal ends it with exit 0."""
    letters.write("pump", payload=b"first", ago_s=60)
    running = await start(letters.files.folder, "dlq", "--follow", "-o", "json")
    try:
        await running.line("first")
        for contract, payload in (("gate", b"second"), ("pump", b"third"), ("", b"fourth")):
            await asyncio.to_thread(letters.write, contract, payload=payload)
            await running.line(payload.decode())
        running.send(number)
        finished = await running.finish()
    finally:
        await running.kill()
    assert (finished.code, finished.err) == (0, "")
    assert [each["payload"] for each in finished.objects] == ["first", "second", "third", "fourth"]


async def test_a_missing_topic(letters: Letters, kafka: KafkaBroker) -> None:
    """Exit 1 and its name; the other topics are shown all the same."""
    letters.write("gate", payload=b"there")
    await asyncio.to_thread(kafka.delete_topic, letters.topics["pump"])
    finished = await run(letters.files.folder, "dlq", "-o", "json")
    assert finished.code == 1
    assert f"no topic '{letters.topics['pump']}'" in finished.err
    assert [each["payload"] for each in finished.objects] == ["there"]


async def test_records_of_others(letters: Letters, kafka: KafkaBroker) -> None:
    """Shown as what they are, instead of failing on them."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    producer.produce(letters.topics["gate"], b"stray")
    producer.flush(20)
    finished = await run(letters.files.folder, "dlq")
    assert finished.code == 0
    assert "no dead letter of this gateway" in finished.out
    assert "payload   stray" in finished.out


async def test_kafkas_that_answer_little(tmp_path: Path, mock_cluster: MockCluster) -> None:
    """A simulated Kafka, as the demo has it, is enough."""
    files = ProjectFiles(tmp_path, kafka={"bootstrap.servers": mock_cluster.bootstrap})
    files.declare("pump")
    for topic in ("pump.dlq", "gateway.dlq"):
        mock_cluster.create_topic(topic)
    assert await run(files.folder, "dlq") == Finished(0, "", "no dead letters in pump.dlq, gateway.dlq\n")
