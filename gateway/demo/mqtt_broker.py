"""An embedded MQTT broker for the demo: amqtt, MQTT 3.1.1, on a free port of 127.0.0.1.

It keeps nothing on disk and does not send again what was left unacknowledged, so it proves nothing about
durability (docs/guarantees.md says what does).

amqtt is the optional extra ``demo``: import this module only where the demo runs.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from amqtt.broker import Broker, BrokerContext
from amqtt.errors import AMQTTError, BrokerError
from amqtt.plugins.base import BasePlugin
from amqtt.session import ApplicationMessage

from gateway.errors import LinkError

MOST_CONNECTIONS = 100

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


@asynccontextmanager
async def embedded_broker(hear: Hear) -> AsyncIterator[str]:
    """The URL of a broker that listens inside the block, and calls ``hear`` for each publication. Raises LinkError."""
    listener = {"type": "tcp", "bind": "127.0.0.1:0", "max_connections": MOST_CONNECTIONS}
    plugins: dict[str, dict[str, Any]] = {
        "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True},
        f"{Arrivals.__module__}.{Arrivals.__qualname__}": {},
    }
    broker = Broker({"listeners": {"default": listener}, "plugins": plugins})
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
        await broker.shutdown()
