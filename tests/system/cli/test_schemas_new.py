"""``gateway schemas new`` as a process, and the README's way from captured payloads to typed records."""

from __future__ import annotations

import asyncio
import io
import json
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import fastavro
import pytest

from tests.parts.kafka import KafkaBroker
from tests.parts.mosquitto import Mosquitto
from tests.parts.processes import free_port
from tests.parts.registry_faults import FaultyRegistry, faulty_registry
from tests.parts.waiting import eventually
from tests.system.cli.commands import Shell, run, start

README = Path(__file__).parents[3] / "README.md"
READINGS = [
    (f"plant/p{n % 2}/readings", {"deviceId": f"p{n % 2}", "temp": "21.5" if n == 3 else 20.5 + n, "on": n % 2 == 0})
    for n in range(6)
]
LINE = json.dumps({"tst": "2026-11-21T15:59:25.714572Z+0100", "topic": "plant/p1", "qos": 1, "payload": "1"})


@pytest.fixture
async def registry() -> AsyncIterator[FaultyRegistry]:
    async with faulty_registry() as running:
        yield running


async def capture(broker: Mosquitto) -> bytes:
    """What ``mosquitto_sub -F %j`` prints of the readings."""
    options = ["-h", "127.0.0.1", "-p", str(broker.port), "-i", "capture", "-q", "1", "-C", str(len(READINGS))]
    child = await asyncio.create_subprocess_exec(
        "mosquitto_sub", *options, "-t", "plant/#", "-F", "%j", stdout=asyncio.subprocess.PIPE
    )
    await eventually(lambda: "Sending SUBACK to capture\n" in broker.log, 20, "mosquitto_sub")
    for topic, payload in READINGS:
        broker.publish(topic, json.dumps(payload).encode())
    async with asyncio.timeout(20):
        captured, _ = await child.communicate()
    return captured


KAFKA_TOPICS = f"""#!{sys.executable}
import sys
from confluent_kafka.admin import AdminClient, NewTopic
said = dict(zip(sys.argv[1:], sys.argv[2:]))
admin = AdminClient({{"bootstrap.servers": said["--bootstrap-server"]}})
admin.create_topics([NewTopic(said["--topic"], 1)])[said["--topic"]].result(20)
"""
"""In place of Kafka's own tool, whose options it takes."""


@pytest.mark.mosquitto
@pytest.mark.kafka
async def test_from_captured_payloads_to_typed_records(
    tmp_path: Path, mosquitto: Mosquitto, own_kafka: KafkaBroker, registry: FaultyRegistry
) -> None:
    """The README's five commands, in an empty folder, word for word but for where the services are."""
    [block] = re.findall(r"```console\n(.*?)```", README.read_text(), re.DOTALL)
    commands = [line.removeprefix("$ ") for line in block.splitlines()]
    assert [len(commands), commands[-1]] == [5, "gateway run"]
    work = tmp_path / "work"
    work.mkdir()
    (work / "captured.jsonl").write_bytes(await capture(mosquitto))
    shell = Shell(tmp_path / "tools")
    shell.add("kafka-topics.sh", KAFKA_TOPICS)
    for command in commands[:-1]:
        line = command.replace("mqtt://localhost:1883", mosquitto.url).replace("http://localhost:8081", registry.url)
        line = line.replace("localhost:9092", own_kafka.bootstrap)
        code, printed = await shell.run(work, line)
        assert code == 0, f"{line}\n{printed}"
    config = work / "gateway.yaml"
    admin = f', admin: {{listen: "127.0.0.1:{free_port()}"}}}}'
    config.write_text(config.read_text().rstrip().removesuffix("}") + admin)
    running = await start(work, "run")
    try:
        await eventually(lambda: "Sending SUBACK to schema-gateway\n" in mosquitto.log, 60, "the gateway")
        mosquitto.publish("plant/p1/readings", b'{"deviceId":"p1","temp":"21.75","on":1}')
        records = await asyncio.to_thread(_records, own_kafka)
    finally:
        running.send(signal.SIGTERM)
        await running.finish()
    schema = fastavro.parse_schema(json.loads((work / "schemas/plant/pump/schema.avsc").read_text()))
    [record] = records
    assert (record.key, record.value[:1]) == (b"p1", b"\0")
    assert fastavro.schemaless_reader(io.BytesIO(record.value[5:]), schema, None) == {
        "deviceId": "p1",
        "temp": 21.75,
        "on": True,
    }


def _records(broker: KafkaBroker) -> Any:
    while not (records := broker.consume("plant.pump")):
        pass  # each look is a round trip to Kafka: it paces itself
    return records


@pytest.mark.parametrize("kind", ["avro", "json"])
async def test_lines_from_standard_input(tmp_path: Path, kind: str) -> None:
    """The report as JSON; what was made checks, and is tried with the same lines."""
    lines = "".join(json.dumps(payload) + "\n" for _, payload in READINGS).encode()
    made = await run(
        tmp_path,
        *("schemas", "new", "schemas/pump", "--mqtt", "plant/{device}/#", "--format", kind, "--owner", "me"),
        *("--output", "json"),
        stdin=lines,
    )
    assert (made.code, made.err) == (0, "")
    [report] = made.objects
    assert (report["payloads"], report["accepted"], report["rejected"]) == (6, 6, 0)
    assert [(each["path"], each["guess"]) for each in report["guesses"]] == [
        ("", "object"),
        ("/deviceId", "text"),
        ("/temp", "number"),
        ("/on", "boolean"),
    ]
    assert report["files"][-1] == f"schemas/pump/schema.{'avsc' if kind == 'avro' else 'json'}"
    assert (await run(tmp_path, "schemas", "check")).code == 0
    tried = await run(tmp_path, "try", "--contract", "schemas/pump", stdin=lines)
    assert (tried.code, tried.out.splitlines()[-1]) == (0, "6 accepted, 0 rejected")


async def test_a_file_is_one_payload_or_lines(tmp_path: Path) -> None:
    """And standard input, where it is named, is lines."""
    (tmp_path / "one.json").write_text(json.dumps(READINGS[0][1], indent=2))
    (tmp_path / "lines.jsonl").write_text("".join(json.dumps(payload) + "\n\n" for _, payload in READINGS[1:]))
    arguments = ("schemas", "new", "pump", "one.json", "-", "lines.jsonl", "--mqtt", "plant/{device}/readings")
    made = await run(tmp_path, *arguments, stdin=b'{"deviceId":"p9"}\n')
    assert (made.code, made.err) == (0, "")
    assert "7 accepted, 0 rejected" in made.out.splitlines()


BAD: dict[str, tuple[tuple[str, ...], bytes, str]] = {
    "a file that is not there": (("new", "gone.json", "--mqtt", "a/{device}"), b"", "gone.json: cannot be read"),
    "a folder in place of a file": (("new", ".", "--mqtt", "a/{device}"), b"", "cannot be read"),
    "no payload": (("new", "--mqtt", "a/{device}"), b"", "there is no payload"),
    "no JSON": (("new", "--mqtt", "a/{device}"), b"hello\n{\n", "none of the 2 payloads is JSON"),
    "no topic": (("new",), b'{"a":1}\n', "give --mqtt, or captured lines with --capture"),
    "no device": (("new", "--mqtt", "a/+"), b'{"a":1}\n', "call its level {device}"),
    "a wrong filter": (("new", "--mqtt", "a/{device"), b'{"a":1}\n', "--mqtt"),
    "a wrong format": (("new", "--format", "xml"), b'{"a":1}\n', "--format"),
    "not captured": (("new", "--capture"), b'{"a":1}\n', "is no message as mosquitto_sub -F %j prints it"),
    "a second line that was not captured": (("new", "--capture"), f"{LINE}\nx\n".encode(), "standard input:2"),
    "a folder that is there": (("old", "--mqtt", "a/{device}"), b'{"a":1}\n', "old: is there already"),
    "a folder whose name no topic can have": (
        ("schemas/Pumpe-Süd", "--mqtt", "a/{device}"),
        b'{"a":1}\n',
        "schemas/Pumpe-Süd: no topic can be called like this folder: 'Pumpe-Süd' is no Kafka topic name",
    ),
    "a folder above": (("a/new/..", "--mqtt", "a/{device}"), b'{"a":1}\n', "a/new/..: is no name for a new folder"),
    "the working directory": ((".", "--mqtt", "a/{device}"), b'{"a":1}\n', ".: is no name for a new folder"),
    "a hidden folder": ((".new", "--mqtt", "a/{device}"), b'{"a":1}\n', ".new: would never be read"),
    "a topic that Kafka refuses": (("new", "--mqtt", "a/{device}", "--topic", "a b"), b'{"a":1}\n', "topic"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
async def test_bad_input(tmp_path: Path, case: tuple[tuple[str, ...], bytes, str]) -> None:
    """What, where and what to do, exit code 2, and nothing written."""
    arguments, stdin, told = case
    (tmp_path / "old").mkdir()
    (tmp_path / "old/contract.yaml").write_text("mine")
    ended = await run(tmp_path, "schemas", "new", *arguments, stdin=stdin)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
    assert files_below(tmp_path) == ["old", "old/contract.yaml"]


def files_below(folder: Path) -> list[str]:
    return [str(each.relative_to(folder)) for each in sorted(folder.rglob("*"))]
