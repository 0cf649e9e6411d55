"""``mqtt.url`` taken apart."""

from __future__ import annotations

import pytest

from gateway.config.settings import Mqtt
from gateway.mqtt.address import Address, read_address


@pytest.mark.parametrize(
    ("url", "expected", "text"),
    [
        ("mqtt://localhost", ("localhost", 1883, False), "mqtt://localhost:1883"),
        ("mqtts://broker.example/", ("broker.example", 8883, True), "mqtts://broker.example:8883"),
        ("mqtt://[::1]:1884", ("::1", 1884, False), "mqtt://[::1]:1884"),
        ("mqtts://127.0.0.1:1", ("127.0.0.1", 1, True), "mqtts://127.0.0.1:1"),
    ],
)
def test_host_port_and_tls(url: str, expected: tuple[str, int, bool], text: str):
    """The ports default to IANA's, IPv6 loses its brackets, and the address reads as a URL."""
    address = read_address(Mqtt(url=url).url)
    assert address == Address(*expected)
    assert str(address) == text
