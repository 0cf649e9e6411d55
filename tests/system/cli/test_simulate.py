"""``gateway simulate`` against a real mosquitto."""

import asyncio
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.parts.mosquitto import Mosquitto
from tests.parts.projects import ProjectFiles
from tests.parts.waiting import eventually
from tests.system.cli.commands import Finished, run, start

pytestmark = pytest.mark.mosquitto

FAST = ["--devices", "12", "--rate", "300", "--seed", "5"]


@pytest.fixture
def files(tmp_path: Path, mosquitto: Mosquitto) -> ProjectFiles:
    return ProjectFiles(tmp_path / "project", mqtt={"url": mosquitto.url})


def received(broker: Mosquitto) -> Counter[str]:
    """What the broker's log says it received, by topic."""
    lines = (line for line in broker.log.splitlines() if "Received PUBLISH from" in line)
    return Counter(line.split("'")[1] for line in lines)


def total(summary: dict[str, Any]) -> int:
    return sum(sum(counts.values()) for counts in summary["contracts"].values())


async def test_what_is_counted_was_published(files: ProjectFiles, mosquitto: Mosquitto) -> None:
    """The broker has exactly what the summary says, at QoS 1, from several connections."""
    finished = await run(files.folder, "simulate", *FAST, "--seconds", "2", "-o", "json")
    assert finished.code == 0, finished.err
    [summary] = finished.objects
    assert summary["published"] == total(summary) == received(mosquitto).total() > 200
    assert len(summary["contracts"]) == 6
    assert "(d0, q1, r0" in mosquitto.log
    assert mosquitto.log.count("as schema-gateway-fleet-") == 4
    assert mosquitto.log.count("disconnected.") >= 4


async def test_the_same_seed_is_the_same_fleet(files: ProjectFiles, mosquitto: Mosquitto) -> None:
    """The devices of one seed publish on the same topics again."""
    await run(files.folder, "simulate", *FAST, "--seconds", "1")
    first = set(received(mosquitto))
    await run(files.folder, "simulate", *FAST, "--seconds", "1")
    assert set(received(mosquitto)) == first


async def test_people_see_a_table(files: ProjectFiles) -> None:
    """By contract and intent, with sums, and nothing on standard error where no terminal is."""
    finished = await run(files.folder, "simulate", *FAST, "--seconds", "1")
    lines = finished.out.splitlines()
    assert lines[0].split() == ["clean", "loose", "wrong"]
    assert [line.split()[0] for line in lines[1:8]][-1] == "all"
    assert lines[-1].endswith("seed 5")
    assert finished.err == ""


async def ended(files: ProjectFiles, mosquitto: Mosquitto, end: Any) -> Finished:
    """What a simulation without end left behind that was ended after its first messages."""
    running = await start(files.folder, "simulate", *FAST, "-o", "json")
    try:
        await eventually(lambda: received(mosquitto).total() >= 20, 30, "the first messages")
        await end(running)
        return await running.finish()
    finally:
        await running.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_with_the_summary(
    files: ProjectFiles, mosquitto: Mosquitto, number: signal.Signals
) -> None:
    """Exit 0; what was sent is waited for, so that the counts are true."""

    async def interrupt(running: Any) -> None:
        running.send(number)

    finished = await ended(files, mosquitto, interrupt)
    assert finished.code == 0, finished.err
    [summary] = finished.objects
    assert summary["published"] == received(mosquitto).total()


async def test_a_broker_that_goes_away(files: ProjectFiles, mosquitto: Mosquitto) -> None:
    """Exit 3 with the reason, and the summary of what was confirmed before."""

    async def kill(_: Any) -> None:
        await asyncio.to_thread(mosquitto.kill)

    finished = await ended(files, mosquitto, kill)
    assert finished.code == 3
    assert "the connection ended" in finished.err
    assert 0 < finished.objects[0]["published"] <= received(mosquitto).total()
