"""Reason codes in words."""

from __future__ import annotations

import pytest

from gateway.mqtt.reasons import tell


def test_what_the_broker_adds_is_told_and_bounded():
    """Name, number, the broker's own words up to 200 characters, the other server, what to do."""
    assert tell(0x87, "no such user") == (
        "not authorized (0x87), it says 'no such user'; "
        "check mqtt.username and mqtt.password, and what the broker allows this user"
    )
    assert tell(0x9D, server="b2").startswith("server moved (0x9D), it names 'b2'; set mqtt.url")
    assert len(tell(0x87, "x" * 10_000)) < 400


@pytest.mark.parametrize("code", [0x85, 0x86, 0x8E, 0x9E])
def test_what_to_do_names_the_setting(code: int):
    """Where a setting is the cure, it is named."""
    assert "mqtt." in tell(code)


def test_an_unknown_code_is_told_too():
    """A number that no specification knows keeps its number."""
    assert tell(0xFE) == "unknown reason (0xFE); look into the broker's log"
