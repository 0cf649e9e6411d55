"""Asks a broker what it would grant, without touching the production session (``gateway check --online``).

Rules
- A connection of its own: another client ID, clean start, no session expiry. When it ends, nothing of it
  is left at the broker.
- No share is joined (a member would take messages from the gateway), and no retained messages are asked
  for (retain handling 2). MQTT 3.1.1 cannot say the latter: they come, and are thrown away.
- What arrives meanwhile is a copy; it is not looked at and not acknowledged.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client as PahoClient
from paho.mqtt.client import ConnectFlags
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from gateway.config.settings import Mqtt
from gateway.errors import LinkError
from gateway.mqtt import requests
from gateway.mqtt.client import Client
from gateway.pipeline.ports import Subscription

ANSWER_TIMEOUT_S = 10.0
"""For one SUBACK."""


class _Client(Client):
    """Keeps what CONNACK says about the broker."""

    announced: Any = None

    def _on_connect(
        self, client: PahoClient, userdata: Any, flags: ConnectFlags, reason_code: ReasonCode, properties: Any = None
    ) -> None:
        self.announced = properties
        super()._on_connect(client, userdata, flags, reason_code, properties)


class Probe:
    """One connection, as an async context manager."""

    _client: _Client

    def __init__(self, settings: Mqtt, client_id: str) -> None:
        """``client_id`` must not be the gateway's own: the broker would end its session."""
        assert client_id != settings.client_id, "this would take the production session over, and delete it"
        self._settings = settings
        self._client_id = client_id

    async def __aenter__(self) -> Self:
        """Connects. Raises LinkError."""
        self._client = _Client(self._settings, self._client_id)
        await self._client.connect()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Disconnects, and leaves no session."""
        await self._client.leave()

    @property
    def shares(self) -> bool | None:
        """Whether the broker has shared subscriptions [MQTT 5.0, 3.2.2.3.13]; None where the protocol cannot say."""
        announced = self._client.announced
        if self._settings.version != "5" or announced is None:
            return None
        return bool(getattr(announced, "SharedSubscriptionAvailable", 1))

    async def subscribe(self, subscriptions: Sequence[Subscription]) -> list[int]:
        """The broker's reason code for each: 0 to 2 is the granted QoS, 128 and above a refusal. Raises LinkError."""
        wanted = [self._wish(one) for one in subscriptions]
        try:
            return await requests.subscribe(self._client, wanted, ANSWER_TIMEOUT_S)
        except LinkError as exc:
            raise LinkError(
                f"{self._client.address}: no answer to SUBSCRIBE: {exc}; look into the broker's log"
            ) from exc

    def _wish(self, one: Subscription) -> tuple[str, Any]:
        if self._settings.version != "5":
            return one.filter, one.qos
        return one.filter, SubscribeOptions(qos=one.qos, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
