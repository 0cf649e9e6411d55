"""The embedded MQTT broker, by the clients that the demo uses."""

import asyncio
import socket
from urllib.parse import urlsplit

import pytest

from gateway.config.settings import Mqtt
from gateway.demo.mqtt_broker import Arrival, embedded_broker
from gateway.errors import LinkError
from gateway.mqtt.publisher import Publisher


async def test_it_hears_who_publishes_what() -> None:
    """Every publication once it is confirmed, with its client, on the address that it gives."""
    heard: list[Arrival] = []
    async with embedded_broker(heard.append) as url:
        assert urlsplit(url).hostname == "127.0.0.1"
        async with Publisher(Mqtt(url=url, version="3.1.1"), "somebody") as publisher:
            await publisher.publish("a/b", b"\x00\xff", 1)
            await publisher.publish("c", b"", 1)
    assert heard == [Arrival("somebody", "a/b", b"\x00\xff"), Arrival("somebody", "c", b"")]


async def test_behind_the_block_nothing_listens() -> None:
    """The port is free again."""
    async with embedded_broker(lambda _: None) as url:
        address = ("127.0.0.1", urlsplit(url).port)
        async with Publisher(Mqtt(url=url, version="3.1.1"), "somebody"):
            pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, 5)


async def test_mqtt_5_is_refused() -> None:
    """It speaks 3.1.1 only; the client is told, and the connection does not linger."""
    async with embedded_broker(lambda _: None) as url:
        with pytest.raises(LinkError):
            async with Publisher(Mqtt(url=url, version="5"), "somebody"):
                pass


async def test_stray_connections_do_no_harm() -> None:
    """Neither nothing nor nonsense: both are closed, and others are served meanwhile."""
    heard: list[Arrival] = []
    async with embedded_broker(heard.append) as url:
        silent, noisy = [await asyncio.open_connection("127.0.0.1", urlsplit(url).port) for _ in range(2)]
        noisy[1].write(b"GET / HTTP/1.1\r\n\r\n" + bytes(range(256)))
        async with Publisher(Mqtt(url=url, version="3.1.1"), "somebody") as publisher:
            await publisher.publish("a", b"1", 1)
        for _, writer in (silent, noisy):
            writer.close()
    assert heard == [Arrival("somebody", "a", b"1")]
