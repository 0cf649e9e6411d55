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

    async def publish(self, topic: str, payload: bytes, qos: int = 1, *, retain: bool = False) -> int | None:
        """Publishes; from QoS 1 on it returns when the broker has taken the message over.

        Returns the broker's reason code, below 0x80; None where MQTT has none, at QoS 0 and in 3.1.1. Raises
        LinkError if the topic is none, the broker refuses the message, or the connection ends first.
        """
        address = self._client.address
        try:
            code = await self._client.confirm(topic, payload, qos, retain=retain)
        except ValueError as exc:
            raise LinkError(f"cannot publish {len(payload)} bytes on {topic!r}: {exc}; mend the topic") from exc
        if code is None:
            raise LinkError(
                f"{address}: the connection ended before {len(payload)} bytes on {topic!r} were confirmed: publish "
                "them again, and if that does not help look into the broker's log (too large for it?)"
            )
        if code >= reasons.REFUSED:
            raise LinkError(f"{address}: the broker refuses a message on {topic!r}: {reasons.tell(code)}")
        return code if qos and self._settings.version == "5" else None
