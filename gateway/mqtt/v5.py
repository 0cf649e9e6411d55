"""Makes MQTT 5 connections: network, TLS, CONNECT, CONNACK."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any

import mqtt5

from gateway.config.settings import Limits, Mqtt
from gateway.errors import LinkError, SessionTakenOver
from gateway.mqtt.address import read_address
from gateway.mqtt.tls import explain, make_context
from gateway.mqtt.v5_link import Mqtt5Link
from gateway.pipeline.acks import AckWindow
from gateway.pipeline.ports import Receiver

CONNECT_TIMEOUT_S = 10.0
"""For name, network, TLS and CONNACK together."""

HAPPY_EYEBALLS_S = 0.25
"""Head start of one address family before the other is tried beside it, RFC 8305."""


class Mqtt5Source:
    """The ``Source`` port over MQTT 5."""

    def __init__(self, settings: Mqtt, limits: Limits, now_ms: Callable[[], int]) -> None:
        self._settings = settings
        self._limits = limits
        self._now_ms = now_ms
        self._address = read_address(settings.url)

    async def connect(self, receiver: Receiver, window: AckWindow) -> Mqtt5Link:
        """A connection with our session, resumed if the broker still has it (ports.Source)."""
        packet = _make_connect(self._settings)
        context = make_context(self._settings.tls) if self._address.tls else None
        link = Mqtt5Link(receiver, window, packet, self._limits.payload_bytes, self._now_ms)
        connected = False
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._reach(link, context)
                await link.wait_connected()
            connected = True
        except OSError as exc:  # TimeoutError is one
            raise LinkError(explain(exc, self._address, self._settings.tls)) from exc
        except SessionTakenOver as exc:
            raise SessionTakenOver(f"{self._address}: {exc}") from exc
        except LinkError as exc:
            # With TLS 1.3 the broker judges our certificate only after the handshake.
            cause = exc.__cause__
            if isinstance(cause, OSError):
                raise LinkError(explain(cause, self._address, self._settings.tls)) from exc
            raise LinkError(f"{self._address}: {exc}") from exc
        finally:
            if not connected:
                link.abort()
        return link

    async def _reach(self, link: Mqtt5Link, context: ssl.SSLContext | None) -> None:
        """Opens the network connection below the link."""
        host, port, _ = self._address
        loop = asyncio.get_running_loop()
        # uvloop tries one address after the other.
        happy: Any = {"happy_eyeballs_delay": HAPPY_EYEBALLS_S} if isinstance(loop, asyncio.BaseEventLoop) else {}
        transport, _ = await loop.create_connection(lambda: link, host, port, ssl=context, **happy)
        peer = transport.get_extra_info("socket")
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            # While reading is paused no PINGRESP is missed, but the kernel still sees whether our pings arrive.
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, self._settings.keepalive_s * 1500)


def _make_connect(settings: Mqtt) -> mqtt5.ConnectPacket:
    """CONNECT for our session.

    No Maximum Packet Size: the broker would silently discard what is larger [MQTT-3.1.2-25]. No
    topic aliases: they save bytes and cost state.
    """
    password = settings.password
    return mqtt5.ConnectPacket(
        settings.client_id,
        username=settings.username,
        password=None if password is None else password.get_secret_value().encode(),
        clean_start=False,
        keep_alive=settings.keepalive_s,
        session_expiry_interval=settings.session_expiry_s,
        receive_max=settings.receive_maximum,
        topic_alias_max=0,
    )
