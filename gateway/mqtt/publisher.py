"""A client that publishes, for ``gateway publish`` and the simulated fleet; both MQTT versions."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from gateway.config.settings import Mqtt
from gateway.errors import LinkError
from gateway.mqtt import reasons
from gateway.mqtt.client import Client


class Publisher:
    """One connection of its own, without a session, as an async context manager."""

    _client: Client

    def __init__(self, settings: Mqtt, client_id: str) -> None:
        self._settings = settings
        self._client_id = client_id

    async def __aenter__(self) -> Self:
        """Connects. Raises LinkError."""
        self._client = Client(self._settings, self._client_id)
        await self._client.connect()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Disconnects; what was not awaited is not promised."""
        await self._client.leave()

    async def publish(self, topic: str, payload: bytes, qos: int = 1, *, retain: bool = False) -> None:
        """Publishes; from QoS 1 on it returns when the broker has taken the message over.

        Raises LinkError if the topic is none, the broker refuses the message, or the connection ends first.
        """
        try:
            code = await self._client.confirm(topic, payload, qos, retain=retain)
        except ValueError as exc:
            raise LinkError(f"cannot publish {len(payload)} bytes on {topic!r}: {exc}; mend the topic") from exc
        if code is None:
            raise LinkError(
                f"{self._client.address}: the connection ended before {topic!r} was confirmed; publish it again"
            )
        if code >= reasons.REFUSED:
            raise LinkError(f"{self._client.address}: the broker refuses a message on {topic!r}: {reasons.tell(code)}")
