"""Where the broker is: ``mqtt.url`` taken apart.

Credentials have keys of their own and are refused here, so that no log that names the address can
name them.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from gateway.config.settings import Mqtt
from gateway.errors import ConfigError, ConfigProblem

_DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}
"""IANA's ports for MQTT and for MQTT over TLS."""


class Address(NamedTuple):
    """A broker's host (an IPv6 address without its brackets), port, and whether TLS is spoken there."""

    host: str
    port: int
    tls: bool

    def __str__(self) -> str:
        """The URL of this address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


def read_address(settings: Mqtt) -> Address:
    """The address in ``mqtt.url``. Raises ConfigError, also where TLS files are given but would not be used."""
    url = settings.url
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        raise _invalid(f"{url!r} is no URL ({exc}); write mqtt://host:port or mqtts://host:port") from exc
    if parts.username is not None or parts.password is not None:
        raise _invalid("holds credentials; put them into mqtt.username and mqtt.password")
    if parts.scheme not in _DEFAULT_PORTS or not host or parts.path.strip("/") or parts.query or parts.fragment:
        raise _invalid(f"{url!r} is no broker's address; write mqtt://host:port, or mqtts://host:port for TLS")
    tls = settings.tls
    if parts.scheme == "mqtt" and (tls.ca_file or tls.cert_file or tls.key_file):
        raise _invalid(f"{url!r} would not be encrypted although mqtt.tls is set; write mqtts://")
    return Address(host, _DEFAULT_PORTS[parts.scheme] if port is None else port, parts.scheme == "mqtts")


def _invalid(message: str) -> ConfigError:
    return ConfigError([ConfigProblem("gateway.yaml", message, key="mqtt.url")])
