"""Where the broker is: ``mqtt.url`` taken apart. That it is well-formed, configuration has checked."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}
"""IANA's ports for MQTT and for MQTT over TLS."""


class Address(NamedTuple):
    """A broker's host (an IPv6 address without its brackets), port, and whether TLS is spoken there."""

    host: str
    port: int
    tls: bool

    def __str__(self) -> str:
        """The URL of this address, its port always named."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


def read_address(url: str) -> Address:
    """The address in a URL that ``config.settings.Mqtt`` has accepted."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    port = _DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    return Address(parts.hostname, port, parts.scheme == "mqtts")
