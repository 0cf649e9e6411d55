"""A whole session in this process: the embedded parts, the gateway, a small fleet."""

import asyncio
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gateway.app import Gateway
from gateway.config.settings import Mqtt
from gateway.demo import session as module
from gateway.demo.analyst import Analyst
from gateway.demo.mock_kafka import MockKafka
from gateway.demo.session import Fleet, Session
from gateway.demo.workspace import DEVICE, TOPIC, Invocation, Workspace
from gateway.errors import GatewayError
from gateway.mqtt.publisher import Publisher
from tests.parts.waiting import eventually

SMALL = Fleet(devices=120, rate=150.0, seed=3, seconds=2.0)
ENDLESS = Fleet(devices=120, rate=150.0, seed=3)


def new(folder: Path, fleet: Fleet = SMALL) -> Session:
    return Session(Workspace(folder, Invocation("gateway")), fleet)


async def nothing(_: Session) -> None:
    await asyncio.Event().wait()


async def test_everything_published_is_in_kafka(tmp_path: Path) -> None:
    """Records and dead letters of several contracts; one of each has been on show; behind it nothing listens."""
    made = new(tmp_path)
    balance = await made.run(asyncio.Event(), nothing)
    assert balance.agrees
    assert balance.published == made.published > 200
    assert (balance.accepted, balance.rejected) == (made.tally.accepted, made.tally.rejected)
    assert sum(row.accepted > 0 for row in made.tally.rows) == 6
    assert made.typed is not None
    assert made.typed.payload is not None
    assert made.typed.value
    assert made.letter is not None
    assert made.letter.letter.headers["gw-message"]
    for url in (made.addresses.mqtt, f"kafka://{made.addresses.kafka}", made.addresses.registry, made.status_url):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), 5)


async def test_what_others_publish_is_counted_and_shown(tmp_path: Path) -> None:
    """Of others only what some contract claims; it is on show at once, beside its payload."""
    made, stop = new(tmp_path, ENDLESS), asyncio.Event()
    loose = b""

    async def visit(running: Session) -> None:
        nonlocal loose
        loose = (tmp_path / "loose.json").read_bytes()
        async with Publisher(Mqtt(url=running.addresses.mqtt, version="3.1.1"), "visitor") as publisher:
            await publisher.publish(TOPIC, loose)
            await publisher.publish(TOPIC, (tmp_path / "wrong.json").read_bytes())
            await publisher.publish("nobody/listens", b"{}")

            def own_on_show() -> bool:
                shown = (running.typed, running.letter)
                return all(each is not None and each.record.key == DEVICE.encode() for each in shown)

            await eventually(own_on_show, what="the visitor's record and dead letter")
        stop.set()
        await nothing(running)

    balance = await made.run(stop, visit)
    assert balance.agrees
    assert balance.by_others == 2
    assert made.typed is not None
    assert made.typed.payload == loose
    assert made.typed.value["flow"] == 41.8
    assert made.letter is not None
    assert made.letter.letter.code == "unknown-field"


class Forgetful(Analyst):
    """Kafka has lost one record."""

    async def ends(self) -> list[tuple[str, int]]:
        """Where every topic ends, one record short."""
        ends = await super().ends()
        topic, count = max(ends, key=lambda end: end[1])
        ends.remove((topic, count))
        return [*ends, (topic, count - 1)]


async def test_a_record_that_is_missing_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The balance is given after a while, and does not agree."""
    monkeypatch.setattr(module, "Analyst", Forgetful)
    monkeypatch.setattr(module, "SETTLE_S", 3.0)
    balance = await new(tmp_path).run(asyncio.Event(), nothing)
    assert balance.missing == 1


async def test_stopped_before_it_began_it_publishes_nothing(tmp_path: Path) -> None:
    """The gateway would not have heard it."""
    stop = asyncio.Event()
    stop.set()
    made = new(tmp_path, ENDLESS)
    balance = await made.run(stop, nothing)
    assert (balance.published, balance.accepted, balance.rejected) == (0, 0, 0)


async def test_a_view_that_fails_ends_the_demo(tmp_path: Path) -> None:
    """With its error, and with nothing left behind."""

    async def broken(_: Session) -> None:
        raise OSError("the terminal is gone")

    made = new(tmp_path, ENDLESS)
    with pytest.raises(OSError, match="the terminal is gone"):
        await made.run(asyncio.Event(), broken)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", urlsplit(made.addresses.mqtt).port or 0), 5)


async def test_a_gateway_that_does_not_come_up_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the time that it has, with its own reasons."""

    class Deaf(MockKafka):
        """A Kafka without topics."""

        def create_topic(self, name: str, partitions: int) -> None:
            pass

    monkeypatch.setattr(module, "MockKafka", Deaf)
    monkeypatch.setattr(module, "START_S", 5.0)
    with pytest.raises(GatewayError, match=r"not subscribed within 5 s: .*does not exist"):
        await new(tmp_path).run(asyncio.Event(), nothing)


async def test_a_failing_gateway_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its error ends the demo, instead of a view that stands still."""

    class Failing(Gateway):
        """A gateway that fails once it works."""

        async def run(self, stop: asyncio.Event) -> None:
            running = asyncio.create_task(super().run(stop))
            await eventually(lambda: sum(self.engine.stats.received) > 5, what="messages")
            stop.set()
            await running
            raise GatewayError("failed on purpose")

    monkeypatch.setattr(module, "Gateway", Failing)
    with pytest.raises(GatewayError, match="failed on purpose"):
        await new(tmp_path, ENDLESS).run(asyncio.Event(), nothing)
