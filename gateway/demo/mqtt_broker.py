"""An embedded MQTT broker for the demo: amqtt, MQTT 3.1.1, on a free port of 127.0.0.1.

It keeps nothing on disk and does not send again what was left unacknowledged, so it proves nothing about
durability (docs/guarantees.md says what does).

amqtt is the optional extra ``demo``: import this module only where the demo runs.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Any, NamedTuple

from amqtt.broker import Broker, BrokerContext
from amqtt.errors import AMQTTError, BrokerError
from amqtt.plugins.base import BasePlugin
from amqtt.session import ApplicationMessage

from gateway.errors import LinkError

MOST_CONNECTIONS = 100
LEAVE_S = 0.5
"""How long the end waits for clients that are just disconnecting."""
SHUTDOWN_S = 2.0

logging.getLogger("amqtt").setLevel(logging.CRITICAL)
"""It reports each stray connection as an error, which is none of the gateway's."""


class Arrival(NamedTuple):
    """A publication that the broker has taken over."""

    client_id: str
    topic: str
    payload: bytes


Hear = Callable[[Arrival], None]


class Arrivals(BasePlugin[BrokerContext]):  # type: ignore[misc]  # the package is not typed
    """Hears of every publication before subscribers get it, as amqtt's plugin."""

    hear: Hear

    async def on_broker_message_received(self, *, client_id: str, message: ApplicationMessage) -> None:
        """Amqtt's event for each PUBLISH."""
        self.hear(Arrival(client_id, message.topic, bytes(message.data or b"")))


class _Broker(Broker):  # type: ignore[misc]  # the package is not typed
    """Amqtt's broker, which forgets to close the connections of clients that go before they said CONNECT."""

    async def stream_connected(self, reader: StreamReader, writer: StreamWriter, listener_name: str) -> None:
        """Serves one connection, and closes it whatever became of it."""
        try:
            await super().stream_connected(reader, writer, listener_name)
        finally:
            writer.close()


@asynccontextmanager
async def embedded_broker(hear: Hear) -> AsyncIterator[str]:
    """The URL of a broker that listens inside the block, and calls ``hear`` for each publication. Raises LinkError."""
    listener = {"type": "tcp", "bind": "127.0.0.1:0", "max_connections": MOST_CONNECTIONS}
    plugins: dict[str, dict[str, Any]] = {
        "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True},
        f"{Arrivals.__module__}.{Arrivals.__qualname__}": {},
    }
    broker = _Broker({"listeners": {"default": listener}, "plugins": plugins})
    try:
        await broker.start()
    except (AMQTTError, BrokerError, OSError) as exc:
        raise LinkError(f"the embedded MQTT broker could not listen on 127.0.0.1: {exc}") from exc
    try:
        [server] = broker._servers.values()  # noqa: SLF001 - amqtt tells the port that it took nowhere else
        port = server.instance.sockets[0].getsockname()[1]
        [arrivals] = [plugin for plugin in broker.plugins_manager.plugins if isinstance(plugin, Arrivals)]
        arrivals.hear = hear
        yield f"mqtt://127.0.0.1:{port}"
    finally:
        await _shut_down(broker)


async def _shut_down(broker: Broker) -> None:
    """Ends the broker once those who left are gone, and cuts off those who did not leave."""
    servers = broker._servers.values()  # noqa: SLF001 - as above
    deadline = monotonic() + LEAVE_S
    while any(server.conn_count for server in servers) and monotonic() < deadline:  # noqa: ASYNC110 - amqtt counts only
        await asyncio.sleep(0.01)
    # From Python 3.12 on a server waits for every connection, also for one that says nothing at all.
    with suppress(TimeoutError):
        await asyncio.wait_for(broker.shutdown(), SHUTDOWN_S)
