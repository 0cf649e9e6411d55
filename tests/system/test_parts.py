"""The real parts themselves: what other tests take for granted."""

import asyncio
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from confluent_kafka import Producer

from tests.parts.apicurio import PATIENCE_S
from tests.parts.fault_proxy import Direction, FaultProxy, reset
from tests.parts.kafka import KafkaBroker
from tests.parts.processes import Process, free_port
from tests.parts.waiting import eventually


def test_a_process_outlives_the_thread_that_asked_for_it(tmp_path: Path):
    """The kernel kills the children of a thread that ends; a broker restarted beside the event loop was one."""

    def start() -> Process:
        started = Process(["sh", "-c", "echo up; exec sleep 60"], tmp_path / "log")
        started.wait_ready(lambda: started.tail() == "up", 10)
        return started

    with ThreadPoolExecutor(1) as pool:
        process = pool.submit(start).result()
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process._child.wait(0.5)
    finally:
        process.kill()


async def test_a_proxy_cuts_as_a_network_does_or_ends_in_order() -> None:
    """RST where it drops, and what was underway is gone; the end of the stream where it ends, behind what was sent."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        with suppress(ConnectionResetError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server, FaultProxy(server.sockets[0].getsockname()[1]) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        assert await reader.readexactly(5) == b"hello"
        proxy.drop()
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        await eventually(lambda: proxy.forwarded[Direction.TO_CLIENT] == 10)
        proxy.end()
        assert await reader.read() == b"hello"
        writer.close()


async def test_a_proxy_reads_what_is_sent_to_a_target_that_is_gone() -> None:
    """The client learns of the end behind what came before it; what it had still to say is seen and counted."""

    async def repeat_and_go(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(5))
        await writer.drain()
        reset(writer)

    server = await asyncio.start_server(repeat_and_go, "127.0.0.1", 0)
    async with server, FaultProxy(server.sockets[0].getsockname()[1]) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"hello")
        await eventually(lambda: proxy.forwarded[Direction.TO_CLIENT] == 5)

        async def send(total: int) -> None:
            writer.write(b"late")
            await eventually(lambda: proxy.forwarded[Direction.TO_BROKER] == total)

        await send(9)
        await send(13)
        await send(17)
        assert await reader.read() == b"hello"
        writer.close()
        await eventually(lambda: not proxy.open_connections)


@pytest.mark.kafka
def test_a_consumed_record_is_what_was_produced(kafka: KafkaBroker):
    """Key, value, headers and timestamp come back from the right partition."""
    topic = kafka.new_topic(partitions=2)
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    producer.produce(topic, b"v", b"k", 1, timestamp=1_700_000_000_000, headers=[("h", b"x")])
    assert producer.flush(10) == 0
    producer.close()
    [record] = kafka.consume(topic)
    assert record == (topic, 1, 0, 1_700_000_000_000, b"k", b"v", [("h", b"x")])


@pytest.mark.kafka
def test_a_topic_can_be_deleted(kafka: KafkaBroker):
    """After delete_topic the topic holds nothing, and a new one may take its name."""
    topic = kafka.new_topic()
    kafka.delete_topic(topic)
    assert kafka.consume(topic) == []
    kafka.create_topic(topic)
    assert kafka.consume(topic) == []


@pytest.mark.kafka
def test_data_survive_a_kill(own_kafka: KafkaBroker):
    """A killed broker comes back on the same address with its records."""
    topic = own_kafka.new_topic()
    producer = Producer({"bootstrap.servers": own_kafka.bootstrap})
    producer.produce(topic, b"v")
    assert producer.flush(10) == 0
    producer.close()
    own_kafka.kill()
    assert not own_kafka.ready()
    own_kafka.start()
    assert [record.value for record in own_kafka.consume(topic)] == [b"v"]


@pytest.mark.kafka
def test_a_paused_broker_does_not_answer(own_kafka: KafkaBroker):
    """A pause leaves the process alive and mute; resume lets it answer again."""
    own_kafka.pause()
    assert not own_kafka.ready()
    assert own_kafka.process.running
    own_kafka.resume()
    own_kafka.process.wait_ready(own_kafka.ready, timeout_s=20)


@pytest.mark.kafka
def test_a_broker_outlives_the_second_node_of_its_cluster(tmp_path: Path):
    """Whoever asks it then is sent to nobody who is gone."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    first = KafkaBroker(tmp_path / "first", proxy_port=free_port())
    second = KafkaBroker(tmp_path / "second", joins=first)
    try:
        first.start()
        second.start()
        first.create_topic("shared", nodes=(1, 2))
        first.outlive(second)
        for _ in range(10):
            first.renew_admin()
            assert first.consume(first.new_topic()) == []
    finally:
        second.close()
        first.close()


@pytest.mark.apicurio
def test_apicurio_speaks_confluents_api(apicurio_url: str):
    """A schema can be registered and read back under its ID, in the registry's own spelling."""
    body = {"schema": '{"type":"string"}'}
    answer = httpx.post(f"{apicurio_url}/subjects/parts-value/versions", json=body, trust_env=False, timeout=PATIENCE_S)
    schema_id = answer.raise_for_status().json()["id"]
    read = httpx.get(f"{apicurio_url}/schemas/ids/{schema_id}", trust_env=False, timeout=PATIENCE_S)
    assert read.json()["schema"] == '"string"'
