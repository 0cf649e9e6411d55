"""``gateway schemas impact`` as a process: on captured messages, and on what a real Kafka holds."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.parts.git import Repository
from tests.parts.projects import READING, ProjectFiles
from tests.parts.waiting import eventually
from tests.system.cli.commands import Finished, run, start
from tests.system.cli.conftest import Site

UNIT = {**READING, "fields": [*READING["fields"], {"name": "unit", "type": "string"}]}
GOOD, BAD = b'{"n":1,"temp":"21.5"}', b'{"n":2,"temp":21.5,"unit":"C"}'


def line(topic: str, payload: bytes) -> str:
    """As ``mosquitto_sub -F %j`` prints it."""
    tst = "2026-11-21T15:59:25.714572Z+0100"
    return json.dumps({"tst": tst, "topic": topic, "qos": 1, "payload": payload.decode()}) + "\n"


CAPTURED = line("pump/p7", GOOD) + line("pump/p8", BAD) + line("gate/1", b"{}")


@pytest.fixture
def files(tmp_path: Path) -> ProjectFiles:
    """A committed contract whose schema was changed since; captured messages."""
    files = ProjectFiles(tmp_path / "project")
    folder = files.declare("pump")
    Repository(files.folder).commit()
    (folder / "schema.avsc").write_text(json.dumps(UNIT))
    (files.folder / "captured.jsonl").write_text(CAPTURED)
    return files


async def impact(files: ProjectFiles, *arguments: str, stdin: bytes | None = None) -> Finished:
    return await run(files.folder, "schemas", "impact", *arguments, stdin=stdin)


async def test_captured_messages(files: ProjectFiles) -> None:
    """For a person: what, where, whose, with the smallest payload and what to do; exit code 1."""
    ended = await impact(files, "captured.jsonl", "--capture")
    assert (ended.code, ended.err) == (1, "")
    lines = ended.out.splitlines()
    assert lines[:3] == [
        "newly rejected  missing-required at /unit, pump: 1",
        "    1 device (p7)",
        '    pump/p7  {"n":1,"temp":"21.5"}',
    ]
    assert lines[3].startswith("    /unit: ")
    assert lines[4:6] == ["newly accepted  unknown-field at /unit, pump: 1", "    1 device (p8)"]
    assert lines[-1] == "3 payloads held against HEAD: 1 newly rejected, 1 newly accepted; 2 rejected in all"


@pytest.mark.parametrize("named", [(), ("-",)])
async def test_payloads_on_a_topic_from_standard_input(files: ProjectFiles, named: tuple[str, ...]) -> None:
    """Which may be named, or not."""
    ended = await impact(files, *named, "--topic", "pump/p1", "--output", "json", stdin=GOOD + b"\n" + BAD + b"\n")
    assert ended.code == 1
    [told] = ended.objects
    counts = {name: told[name] for name in ("payloads", "newly_rejected", "newly_accepted", "rejected", "unusable")}
    assert counts == {"payloads": 2, "newly_rejected": 1, "newly_accepted": 1, "rejected": 1, "unusable": 0}
    group = told["groups"][0]
    assert (group["code"], group["path"], group["devices"]) == ("missing-required", "/unit", ["p1"])
    assert group["example"].encode() == GOOD


async def test_a_comment_for_a_pull_request(files: ProjectFiles) -> None:
    """A payload with a bar in it stays inside its cell."""
    (files.folder / "captured.jsonl").write_text(line("pump/p|7", b'{"n":1,"temp":1,"x|y":"`"}') + CAPTURED)
    ended = await impact(files, "captured.jsonl", "--capture", "--output", "markdown")
    assert ended.code == 1
    rows = [each for each in ended.out.splitlines() if each.startswith("| ")]
    assert {each.replace("\\|", "").count("|") for each in rows} == {7}
    assert "**newly rejected: 1**" in ended.out


async def test_nothing_worse(files: ProjectFiles) -> None:
    """Exit code 0 where nothing is newly rejected, and on another branch's name."""
    Repository(files.folder).commit()
    ended = await impact(files, "captured.jsonl", "--capture", "--since", "main")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "3 payloads held against main: none fares differently; 2 rejected in all\n"


BAD_INPUT: dict[str, tuple[tuple[str, ...], int, str]] = {
    "no topic": (("captured.jsonl",), 2, "--topic"),
    "no file": (("gone", "--capture"), 2, "gone: cannot be read"),
    "not captured": (("schemas/pump/schema.avsc", "--capture"), 2, "is no message"),
    "no commit": (("captured.jsonl", "--capture", "--since", "gone"), 2, "no commit 'gone'"),
    "no folder": (("captured.jsonl", "--capture", "--folder", "gone"), 2, "gone"),
    "files and Kafka": (("captured.jsonl", "--kafka"), 2, "--kafka takes no files"),
    "a moment that is none": (("--kafka", "--arrived-since", "soon"), 2, "soon"),
    "no Kafka": (("--kafka",), 3, "Kafka"),
}


@pytest.mark.parametrize("case", BAD_INPUT.values(), ids=BAD_INPUT)
async def test_bad_input(files: ProjectFiles, case: tuple[tuple[str, ...], int, str]) -> None:
    arguments, code, told = case
    files.configure(kafka={"bootstrap.servers": "127.0.0.1:1"})
    ended = await impact(files, *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert told in ended.err


async def test_contracts_outside_of_git(tmp_path: Path) -> None:
    files = ProjectFiles(tmp_path)
    files.declare("pump")
    ended = await impact(files, "--topic", "pump/p", stdin=GOOD)
    assert ended.code == 2
    assert "git" in ended.err


@pytest.mark.mosquitto
@pytest.mark.kafka
async def test_what_kafka_holds(site: Site) -> None:
    """A running gateway's records and dead letters, against a schema that wants another field."""
    topic, dead = site.declare(mqtt="pump/{device}")
    site.register()
    Repository(site.files.folder).commit()
    running = await start(site.files.folder, "run")
    try:
        await eventually(lambda: "Sending SUBACK to schema-gateway\n" in site.mosquitto.log, 60, "the gateway")
        site.mosquitto.publish("pump/p7", GOOD, BAD)
        async with asyncio.timeout(30):
            while not (await _count(site, topic) and await _count(site, dead)):
                pass  # each look is a round trip to Kafka: it paces itself
        (site.files.contracts / "pump/schema.avsc").write_text(json.dumps(UNIT))
        ended = await impact(site.files, "--kafka", "--output", "json")
    finally:
        running.send(signal.SIGTERM)
        await running.finish()
    assert (ended.code, ended.err) == (1, "")
    [told] = ended.objects
    assert [(each["turn"], each["code"], each["path"], each["devices"]) for each in told["groups"]] == [
        ("newly rejected", "missing-required", "/unit", ["p7"]),
        ("newly accepted", "unknown-field", "/unit", ["p7"]),
    ]
    assert (told["payloads"], told["unusable"]) == (2, 0)


async def _count(site: Site, topic: str) -> int:
    found: Any = await asyncio.to_thread(site.kafka.consume, topic)
    return len(found)
